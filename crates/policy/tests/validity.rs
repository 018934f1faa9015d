//! From when to when a new certificate is valid.

use jiff::{SignedDuration, Timestamp};
use koshin_policy::{ValidityRules, validity, validity::IssuerEndsTooSoon};

const FAR: &str = "2060-01-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in the table")
}

#[test]
fn three_calendar_years_from_the_issue() {
    let table = [
        ("2026-11-22T08:00:00Z", "2029-11-22T08:00:00Z"),
        // 29 February in Japan: three years later there is none.
        ("2028-02-29T03:00:00Z", "2031-02-28T03:00:00Z"),
        // Still the 28th in UTC, the 29th in Japan.
        ("2028-02-28T16:00:00Z", "2031-02-27T16:00:00Z"),
        // Fractions of a second do not exist in X.509.
        ("2026-11-22T08:00:00.9Z", "2029-11-22T08:00:00Z"),
    ];
    for (now, end) in table {
        let span = validity(&ValidityRules::default(), None, at(FAR), at(now)).expect("the CA lives long");
        assert_eq!(span.not_after, at(end), "issued at {now}");
    }
}

#[test]
fn begins_a_little_in_the_past_for_slow_clocks() {
    let rules = ValidityRules { backdate: SignedDuration::from_mins(10), ..ValidityRules::default() };
    let span = validity(&rules, None, at(FAR), at("2026-11-22T08:00:00Z")).expect("the CA lives long");
    assert_eq!(span.not_before, at("2026-11-22T07:50:00Z"));
}

#[test]
fn the_time_that_was_left_is_added_only_if_the_service_says_so() {
    let now = at("2026-11-22T08:00:00Z");
    let replaced = Some(at("2026-12-22T08:00:00Z"));
    let end = |add_remaining, replaced| {
        let rules = ValidityRules { add_remaining, ..ValidityRules::default() };
        validity(&rules, replaced, at(FAR), now).expect("the CA lives long").not_after
    };
    assert_eq!(end(false, replaced), at("2029-11-22T08:00:00Z"));
    assert_eq!(end(true, replaced), at("2029-12-22T08:00:00Z"));
    assert_eq!(end(true, Some(at("2026-11-01T00:00:00Z"))), at("2029-11-22T08:00:00Z"), "nothing was left");
}

#[test]
fn nothing_is_issued_that_the_ca_cannot_cover() {
    let now = at("2026-11-22T08:00:00Z");
    let wanted = at("2029-11-22T08:00:00Z");
    assert!(validity(&ValidityRules::default(), None, wanted, now).is_ok(), "to the last second");
    let issuer_not_after = at("2029-11-22T07:59:59Z");
    assert_eq!(
        validity(&ValidityRules::default(), None, issuer_not_after, now),
        Err(IssuerEndsTooSoon { issuer_not_after, wanted_not_after: wanted })
    );
}
