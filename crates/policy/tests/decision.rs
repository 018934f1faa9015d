//! The policy as one table: kinds × times × states. Read it instead of the code.

use jiff::Timestamp;
use koshin_policy::{
    CertificateStanding, CertificateState, Decision, KindRules, Refusal, RenewalRules, TenantStanding,
    decide, hand_over_refusal,
};

const NOT_BEFORE: &str = "2024-03-31T00:00:00Z";
const NOT_AFTER: &str = "2027-03-31T14:59:59Z";
/// 93 days before `NOT_AFTER`.
const OPENS: &str = "2026-12-28T14:59:59Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in the table")
}

fn rules(max_remaining_days: u32) -> RenewalRules {
    RenewalRules { max_remaining_days, kinds: KindRules::default() }
}

fn ask(cn: &str, now: &str, state: CertificateState, tenant: TenantStanding, days: u32) -> Decision {
    let certificate = CertificateStanding {
        common_name: cn,
        not_before: at(NOT_BEFORE),
        not_after: at(NOT_AFTER),
        state,
        seen_in_use: state != CertificateState::Issued,
    };
    decide(&certificate, tenant, &rules(days), at(now))
}

#[test]
fn kinds_times_and_states() {
    use CertificateState::{InUse, Issued, NeverDelivered, Pending, Revoked, Superseded};
    use Decision::{Allow, Refuse};
    use Refusal as R;
    let early = Decision::TooEarly { opens_at: at(OPENS) };
    #[rustfmt::skip]
    let table = [
        // common name    now                     state           decision
        // --- times, for a renewable kind in use
        ("client001", "2024-03-30T23:59:59Z", InUse,          Refuse(R::NotYetValid)),
        ("client001", "2026-11-22T00:00:00Z", InUse,          early.clone()),
        ("client001", "2026-12-28T14:59:58Z", InUse,          early.clone()),
        ("client001", "2026-12-28T14:59:59Z", InUse,          Allow),
        ("client001", "2027-03-31T14:59:59Z", InUse,          Allow),
        ("client001", "2027-03-31T15:00:00Z", InUse,          Refuse(R::Expired)),
        ("client001", "2050-01-01T00:00:00Z", InUse,          Refuse(R::Expired)),
        // --- kinds, inside the window
        ("db001",     "2027-01-01T00:00:00Z", InUse,          Allow),
        ("api001",    "2027-01-01T00:00:00Z", InUse,          Refuse(R::NotRenewableKind)),
        ("backup001", "2027-01-01T00:00:00Z", InUse,          Refuse(R::NotRenewableKind)),
        ("server001", "2027-01-01T00:00:00Z", InUse,          Refuse(R::UnknownKind)),
        ("Client001", "2027-01-01T00:00:00Z", InUse,          Refuse(R::UnknownKind)),
        ("",          "2027-01-01T00:00:00Z", InUse,          Refuse(R::UnknownKind)),
        // --- a kind that is never renewable is told so, not to wait
        ("api001",    "2026-11-22T00:00:00Z", InUse,          Refuse(R::NotRenewableKind)),
        // --- states, inside the window
        ("client001", "2027-01-01T00:00:00Z", Issued,         Allow),
        ("client001", "2027-01-01T00:00:00Z", Pending,        Refuse(R::NotIssued)),
        ("client001", "2027-01-01T00:00:00Z", Superseded,     Refuse(R::Superseded)),
        ("client001", "2027-01-01T00:00:00Z", Revoked,        Refuse(R::Revoked)),
        ("client001", "2027-01-01T00:00:00Z", NeverDelivered, Refuse(R::NeverDelivered)),
        // --- what was done on purpose outranks what time did
        ("client001", "2027-04-01T00:00:00Z", Revoked,        Refuse(R::Revoked)),
        ("client001", "2027-04-01T00:00:00Z", Superseded,     Refuse(R::Expired)),
        ("api001",    "2027-04-01T00:00:00Z", InUse,          Refuse(R::Expired)),
    ];
    for (cn, now, state, expected) in table {
        let decision = ask(cn, now, state, TenantStanding::Active, 93);
        assert_eq!(decision, expected, "{cn} at {now}, {state:?}");
    }
}

#[test]
fn a_suspended_tenant_renews_nothing() {
    let refused = Decision::Refuse(Refusal::TenantSuspended);
    let inside = "2027-01-01T00:00:00Z";
    for cn in ["client001", "api001"] {
        assert_eq!(ask(cn, inside, CertificateState::InUse, TenantStanding::Suspended, 93), refused);
    }
    let revoked = ask("client001", inside, CertificateState::Revoked, TenantStanding::Suspended, 93);
    assert_eq!(revoked, Decision::Refuse(Refusal::Revoked), "the certificate's own reason comes first");
}

#[test]
fn a_demonstration_service_renews_every_certificate_of_three_years() {
    let first_day = "2024-03-31T00:00:00Z";
    let days = RenewalRules::DEMO_MAX_REMAINING_DAYS;
    let decision = ask("client001", first_day, CertificateState::InUse, TenantStanding::Active, days);
    assert_eq!(decision, Decision::Allow);
}

#[test]
fn a_window_of_no_days_opens_at_the_last_second() {
    let ask = |now| ask("client001", now, CertificateState::InUse, TenantStanding::Active, 0);
    assert_eq!(ask(NOT_AFTER), Decision::Allow);
    assert_eq!(ask("2027-03-31T14:59:58Z"), Decision::TooEarly { opens_at: at(NOT_AFTER) });
}

#[test]
fn what_an_administrator_carries_has_no_window_and_every_known_kind_begins_once() {
    use Refusal::{NotRenewableKind, TenantSuspended, UnknownKind};
    let table = [
        // common name  first hand-over    renewal
        ("client001", None, None),
        ("db001", None, None),
        ("api001", None, Some(NotRenewableKind)),
        ("backup001", None, Some(NotRenewableKind)),
        ("server001", Some(UnknownKind), Some(UnknownKind)),
    ];
    let kinds = KindRules::default();
    for (cn, begin, renewal) in table {
        for (first, expected) in [(true, begin), (false, renewal)] {
            assert_eq!(
                hand_over_refusal(cn, first, TenantStanding::Active, &kinds),
                expected,
                "{cn} {first}"
            );
            let suspended = hand_over_refusal(cn, first, TenantStanding::Suspended, &kinds);
            assert_eq!(suspended, Some(TenantSuspended), "{cn} {first}");
        }
    }
}
