//! The calendar of notices as one table. Read it instead of the code.

use jiff::Timestamp;
use koshin_policy::{
    CertificateState,
    notice::{Audience, Notice, NoticeStanding, Renewing, due, ends_of_interest},
};

/// A certificate as most are: its last second is the last of a day in Japan.
const NOT_AFTER: &str = "2026-03-31T23:59:59+09:00";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in the table")
}

fn ask(state: CertificateState, renewing: Renewing, now: &str) -> Option<Notice> {
    due(&NoticeStanding { not_after: at(NOT_AFTER), state, renewing }, at(now))
}

#[test]
fn days_states_and_ways_of_renewal() {
    use CertificateState::{InUse, Issued, NeverDelivered, Pending, Revoked, Superseded};
    use Notice::{After1, After7, Before1, Before3, Before7, Before14, Before30, Before60, LastDay};
    use Renewing::{ByPeople, Unattended};
    let quiet = Unattended { failed: false };
    let failed = Unattended { failed: true };
    #[rustfmt::skip]
    let table = [
        // state        who renews  now, in Japan                due
        // --- each of the nine days, from eight in the morning
        (InUse,          ByPeople, "2026-01-30T07:59:59+09:00", None),
        (InUse,          ByPeople, "2026-01-30T08:00:00+09:00", Some(Before60)),
        (InUse,          ByPeople, "2026-03-01T07:59:59+09:00", Some(Before60)),
        (InUse,          ByPeople, "2026-03-01T08:00:00+09:00", Some(Before30)),
        (InUse,          ByPeople, "2026-03-17T08:00:00+09:00", Some(Before14)),
        (InUse,          ByPeople, "2026-03-24T08:00:00+09:00", Some(Before7)),
        (InUse,          ByPeople, "2026-03-28T08:00:00+09:00", Some(Before3)),
        (InUse,          ByPeople, "2026-03-30T08:00:00+09:00", Some(Before1)),
        (InUse,          ByPeople, "2026-03-31T08:00:00+09:00", Some(LastDay)),
        (InUse,          ByPeople, "2026-04-01T08:00:00+09:00", Some(After1)),
        (InUse,          ByPeople, "2026-04-07T08:00:00+09:00", Some(After7)),
        // --- two weeks after the end nobody is reminded any more
        (InUse,          ByPeople, "2026-04-14T07:59:59+09:00", Some(After7)),
        (InUse,          ByPeople, "2026-04-14T08:00:00+09:00", None),
        // --- a server that was down catches up with the latest only
        (InUse,          ByPeople, "2026-03-20T15:00:00+09:00", Some(Before14)),
        // --- days are Japan's: in London it is still the day before
        (InUse,          ByPeople, "2026-03-16T23:00:00Z",      Some(Before14)),
        // --- the renewal is in use, or the certificate has ended: nothing
        (Superseded,     ByPeople, "2026-03-30T08:00:00+09:00", None),
        (Revoked,        ByPeople, "2026-03-30T08:00:00+09:00", None),
        (NeverDelivered, ByPeople, "2026-03-30T08:00:00+09:00", None),
        // --- never seen in use: nobody works with it, nobody misses it
        (Issued,         ByPeople, "2026-03-30T08:00:00+09:00", None),
        (Pending,        ByPeople, "2026-03-30T08:00:00+09:00", None),
        // --- unattended renewal is quiet until it has failed …
        (InUse,          quiet,    "2026-01-30T08:00:00+09:00", None),
        (InUse,          quiet,    "2026-03-17T07:59:59+09:00", None),
        (InUse,          failed,   "2026-01-30T08:00:00+09:00", Some(Before60)),
        (InUse,          failed,   "2026-03-01T08:00:00+09:00", Some(Before30)),
        // --- … and to have done nothing until two weeks before the end is to have failed
        (InUse,          quiet,    "2026-03-17T08:00:00+09:00", Some(Before14)),
        (InUse,          quiet,    "2026-04-01T08:00:00+09:00", Some(After1)),
    ];
    for (state, renewing, now, expected) in table {
        assert_eq!(ask(state, renewing, now), expected, "{state:?}, {renewing:?}, {now}");
    }
}

#[test]
fn first_the_clinic_then_its_vendor_then_the_operator() {
    use Audience::{Clinic, Operator, Vendor};
    for notice in Notice::ALL {
        let expected: &[Audience] = match notice {
            Notice::Before60 | Notice::Before30 => &[Clinic],
            Notice::Before14 | Notice::Before7 => &[Clinic, Vendor],
            _ => &[Clinic, Vendor, Operator],
        };
        assert_eq!(notice.audiences(), expected, "{notice:?}");
    }
}

#[test]
fn the_words_in_the_records_name_each_notice() {
    let words: Vec<&str> = Notice::ALL.iter().map(|notice| notice.as_str()).collect();
    assert_eq!(words, ["60", "30", "14", "7", "3", "1", "0", "+1", "+7"]);
    for notice in Notice::ALL {
        assert_eq!(Notice::from_word(notice.as_str()), Some(notice));
    }
    assert_eq!(Notice::from_word("8"), None);
}

/// The records are asked for these ends only; a notice outside them would be lost.
#[test]
fn the_ends_of_interest_have_every_certificate_with_a_notice() {
    let now = at("2026-03-31T08:00:00+09:00");
    let (earliest, latest) = ends_of_interest(now);
    for hours in -24 * 80..24 * 80 {
        let not_after = now + jiff::SignedDuration::from_hours(hours);
        let standing =
            NoticeStanding { not_after, state: CertificateState::InUse, renewing: Renewing::ByPeople };
        if due(&standing, now).is_some() {
            assert!((earliest..=latest).contains(&not_after), "{not_after}");
        }
    }
}

#[test]
fn the_ends_of_time_are_no_obstacle() {
    for not_after in [Timestamp::MIN, Timestamp::MAX] {
        let standing =
            NoticeStanding { not_after, state: CertificateState::InUse, renewing: Renewing::ByPeople };
        assert_eq!(due(&standing, at("2026-03-31T08:00:00+09:00")), None);
    }
}
