//! From when to when a new certificate is valid.

use crate::calendar;
use jiff::{SignedDuration, Timestamp};

/// How long new certificates live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidityRules {
    /// Calendar years from the issue. The cloud's certificates live three.
    pub years: i16,
    /// Add the time that was left on the renewed certificate.
    pub add_remaining: bool,
    /// notBefore lies so far in the past, for terminals with slow clocks.
    pub backdate: SignedDuration,
}

impl Default for ValidityRules {
    fn default() -> Self {
        Self { years: 3, add_remaining: false, backdate: SignedDuration::from_mins(5) }
    }
}

/// A span of validity, both ends inclusive, in whole seconds (RFC 5280, 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before: Timestamp,
    /// Last second.
    pub not_after: Timestamp,
}

/// The issuing CA ends too soon to issue a certificate of full length. A shorter
/// one would surprise a clinic years later, so nothing is issued at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the issuing CA ends at {issuer_not_after}, before the new certificate would at {wanted_not_after}: roll the CA over"
)]
pub struct IssuerEndsTooSoon {
    /// The issuing CA's last second.
    pub issuer_not_after: Timestamp,
    /// The new certificate's last second, had it been issued.
    pub wanted_not_after: Timestamp,
}

/// The validity of a certificate issued at `now`, replacing one that ends at
/// `replaces` (`None` at first issue).
///
/// # Errors
/// [`IssuerEndsTooSoon`] when the issuing CA would end first.
pub fn validity(
    rules: &ValidityRules,
    replaces: Option<Timestamp>,
    issuer_not_after: Timestamp,
    now: Timestamp,
) -> Result<Validity, IssuerEndsTooSoon> {
    let now = whole_seconds(now);
    let left = match replaces {
        Some(end) if rules.add_remaining && end > now => end.duration_since(now),
        _ => SignedDuration::ZERO,
    };
    let wanted_not_after =
        whole_seconds(calendar::add_years(now, rules.years).checked_add(left).unwrap_or(Timestamp::MAX));
    if wanted_not_after > issuer_not_after {
        return Err(IssuerEndsTooSoon { issuer_not_after, wanted_not_after });
    }
    let not_before = now.checked_sub(rules.backdate).unwrap_or(Timestamp::MIN);
    Ok(Validity { not_before, not_after: wanted_not_after })
}

/// X.509 dates have no fraction of a second.
fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}
