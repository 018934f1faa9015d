//! The suggested moment: inside the window, inside the tenant's hours, spread out.

use jiff::{Timestamp, civil::time};
use koshin_policy::{PreferredHours, calendar, suggest};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn night() -> PreferredHours {
    PreferredHours { from: time(22, 0, 0, 0), to: time(6, 0, 0, 0) }
}

#[test]
fn fixed_for_a_terminal_and_different_for_others() {
    let (opens, end) = (at("2026-12-28T15:00:00Z"), at("2027-03-31T14:59:59Z"));
    let moments: BTreeSet<_> = (0..1000_u64)
        .map(|terminal| suggest(opens, end, night(), terminal.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    assert!(moments.len() > 990, "a thousand terminals hardly meet: {}", moments.len());
    assert_eq!(suggest(opens, end, night(), 7), suggest(opens, end, night(), 7));
}

proptest! {
    #[test]
    fn always_in_the_window_and_in_the_hours(spread: u64, length in 2_i64..2000, hour in 0_i8..24) {
        let opens = at("2026-12-28T15:30:00Z");
        let end = Timestamp::from_second(opens.as_second() + length * 86_400).expect("in range");
        let hours = PreferredHours { from: time(hour, 0, 0, 0), to: time((hour + 5) % 24, 0, 0, 0) };
        let moment = suggest(opens, end, hours, spread);
        prop_assert!(moment >= opens && moment < end);
        let passed = calendar::in_jst(moment).time().duration_since(hours.from).as_secs().rem_euclid(86_400);
        prop_assert!(moment == opens || passed < 5 * 3600, "{passed} s into the hours");
    }

    #[test]
    fn a_window_too_short_for_the_hours_is_used_at_once(spread: u64, seconds in 1_i64..3600) {
        let opens = at("2026-12-28T03:00:00Z");
        let end = Timestamp::from_second(opens.as_second() + seconds).expect("in range");
        prop_assert_eq!(suggest(opens, end, night(), spread), opens);
    }
}
