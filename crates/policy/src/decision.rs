//! May this certificate be renewed now? The server's one decision.

use crate::{
    kind::{Kind, KindRules},
    state::CertificateState,
};
use jiff::{SignedDuration, Timestamp};

/// What a service allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalRules {
    /// Renewable when at most so many days are left. 93 covers three calendar
    /// months; a demo service has 1200, so that every certificate is renewable.
    pub max_remaining_days: u32,
    /// Which common names renew.
    pub kinds: KindRules,
}

impl RenewalRules {
    /// 93 days: three calendar months, the widest window of today's applications.
    pub const DEFAULT_MAX_REMAINING_DAYS: u32 = 93;
    /// Every certificate of three years is renewable: for demonstration services.
    pub const DEMO_MAX_REMAINING_DAYS: u32 = 1200;
}

/// The tenant's side of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantStanding {
    /// May use its services.
    Active,
    /// Suspended by the operator: nothing is renewed until that ends.
    Suspended,
}

/// The certificate's side of the decision: what the records and its dates say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStanding<'a> {
    /// Common name, which tells the kind.
    pub common_name: &'a str,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// Last instant of validity, inclusive (RFC 5280, 4.1.2.5).
    pub not_after: Timestamp,
    /// State in the records.
    pub state: CertificateState,
    /// Whether it has ever been seen in use.
    pub seen_in_use: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Renew now.
    Allow,
    /// Nothing is wrong, but the window opens only then.
    TooEarly {
        /// First instant at which the same question is answered with `Allow`.
        opens_at: Timestamp,
    },
    /// No, for this reason.
    Refuse(Refusal),
}

/// Why a certificate cannot be renewed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its kind (`api…`, `backup…`) is not renewable; a `client…` one must be fetched.
    NotRenewableKind,
    /// No rule knows its kind.
    UnknownKind,
    /// Its validity has ended.
    Expired,
    /// Its validity has not begun: a clock is wrong.
    NotYetValid,
    /// It was withdrawn.
    Revoked,
    /// A later certificate took its place.
    Superseded,
    /// Its bundle was never fetched and has been erased.
    NeverDelivered,
    /// It was never handed out as signed.
    NotIssued,
    /// The tenant is suspended.
    TenantSuspended,
}

/// Decides whether the holder may renew at `now`. Reasons that nobody but an
/// administrator can mend come before those that time mends.
pub fn decide(
    certificate: &CertificateStanding<'_>,
    tenant: TenantStanding,
    rules: &RenewalRules,
    now: Timestamp,
) -> Decision {
    if let Some(refusal) = standing_refusal(certificate, tenant, now) {
        return Decision::Refuse(refusal);
    }
    match rules.kinds.kind_of(certificate.common_name) {
        Kind::Renewable => {}
        Kind::NotRenewable => return Decision::Refuse(Refusal::NotRenewableKind),
        Kind::Unknown => return Decision::Refuse(Refusal::UnknownKind),
    }
    let opens_at = window_opens(certificate.not_after, rules);
    if now < opens_at { Decision::TooEarly { opens_at } } else { Decision::Allow }
}

/// Why no certificate is made for an administrator to carry to a terminal, if none may be.
/// No window holds: who asks is a person, and the terminal may have lost what it had.
///
/// A first hand-over is for every kind that a rule names, and may be repeated until the
/// terminal has used what it got; from then on it is a renewal, for the kinds that renew.
pub fn hand_over_refusal(
    common_name: &str,
    first: bool,
    tenant: TenantStanding,
    kinds: &KindRules,
) -> Option<Refusal> {
    if tenant == TenantStanding::Suspended {
        return Some(Refusal::TenantSuspended);
    }
    match kinds.kind_of(common_name) {
        Kind::Renewable => None,
        Kind::NotRenewable => (!first).then_some(Refusal::NotRenewableKind),
        Kind::Unknown => Some(Refusal::UnknownKind),
    }
}

/// Whether the certificate may speak for its terminal at all, renewal or not.
pub fn standing_refusal(
    certificate: &CertificateStanding<'_>,
    tenant: TenantStanding,
    now: Timestamp,
) -> Option<Refusal> {
    match certificate.state {
        CertificateState::Revoked => return Some(Refusal::Revoked),
        CertificateState::NeverDelivered => return Some(Refusal::NeverDelivered),
        CertificateState::Pending => return Some(Refusal::NotIssued),
        _ => {}
    }
    if now > certificate.not_after {
        return Some(Refusal::Expired);
    }
    if now < certificate.not_before {
        return Some(Refusal::NotYetValid);
    }
    if tenant == TenantStanding::Suspended {
        return Some(Refusal::TenantSuspended);
    }
    (certificate.state == CertificateState::Superseded).then_some(Refusal::Superseded)
}

/// First instant at which at most `max_remaining_days` are left.
pub fn window_opens(not_after: Timestamp, rules: &RenewalRules) -> Timestamp {
    // JST has no daylight saving time: a day is 24 hours, and no calendar is needed.
    let window = SignedDuration::from_hours(24 * i64::from(rules.max_remaining_days));
    not_after.checked_sub(window).unwrap_or(Timestamp::MIN)
}
