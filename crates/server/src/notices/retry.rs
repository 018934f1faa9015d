//! When a notice that could not be sent is tried again, and when it is given up.

use jiff::{SignedDuration, Timestamp};

/// After the first failure; doubled after each one that follows.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// No pause is longer.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(6);
/// A mail server may be down over a row of holidays; RFC 5321 (4.5.4.1) asks for four to
/// five days at least.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The instant of the next attempt after `attempts` (at least one) have failed, the last of
/// them at `now`; `None` when it is time to give up.
pub fn next_attempt(attempts: i64, planned_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    let pause = (FIRST_PAUSE * 2_i32.pow(doublings)).min(LONGEST_PAUSE);
    let give_up_at = planned_at.checked_add(GIVE_UP_AFTER).unwrap_or(Timestamp::MAX);
    now.checked_add(pause).ok().filter(|next| *next <= give_up_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_six_hours_and_end_after_a_week() {
        let planned: Timestamp = "2026-03-17T08:00:00+09:00".parse().expect("a time");
        let (mut now, mut pauses) = (planned, Vec::new());
        while let Some(next) = next_attempt(pauses.len() as i64 + 1, planned, now) {
            pauses.push((next - now).get_seconds() / 60);
            now = next;
        }
        assert_eq!(pauses[..11], [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
        assert!(now > planned + SignedDuration::from_hours(6 * 24 + 18), "tried for a week: {now}");
    }

    #[test]
    fn a_notice_of_long_ago_is_given_up_at_once() {
        let planned: Timestamp = "2026-03-01T00:00:00Z".parse().expect("a time");
        assert_eq!(next_attempt(1, planned, planned + SignedDuration::from_hours(7 * 24)), None);
    }
}
