//! `GET /api/cert`: the caller's own certificate, and when to renew it (after RFC 9773).

use super::{Caller, Koshin, UseCaseError, error::code_of};
use crate::config::preferred_hours;
use jiff::Timestamp;
use koshin_policy::{Decision, PreferredHours, decide, decision::window_opens, kind::Kind, suggest};
use koshin_protocol::{
    problem::ProblemCode,
    renewal::{CertificateStatus, Hours, RenewalWindow},
};
use sha2::{Digest, Sha256};

/// The status without its words, which depend on the reader's language.
#[derive(Debug, Clone)]
pub struct StatusFacts {
    /// Everything but `reason_text`.
    pub status: CertificateStatus,
    /// Why it is not renewable now.
    pub reason: Option<ProblemCode>,
    /// When the window opens, if that is the reason.
    pub opens_at: Option<Timestamp>,
}

impl Koshin {
    /// What the caller may know of its certificate.
    ///
    /// # Errors
    /// When the configuration has lost the tenant's service.
    pub fn status(&self, caller: &Caller, now: Timestamp) -> Result<StatusFacts, UseCaseError> {
        let service = self.service(&caller.record.service)?;
        let (reason, opens_at) = match decide(&caller.standing(), caller.tenant(), &service.renewal, now) {
            Decision::Allow => (None, None),
            Decision::TooEarly { opens_at } => (Some(ProblemCode::RenewalTooEarly), Some(opens_at)),
            Decision::Refuse(refusal) => (Some(code_of(refusal)), None),
        };
        let hours = hours_of(caller, service.hours);
        let renewable_kind = service.renewal.kinds.kind_of(caller.common_name()) == Kind::Renewable;
        let window = renewable_kind.then(|| RenewalWindow {
            start: window_opens(caller.not_after, &service.renewal),
            end: caller.not_after,
        });
        let suggested_at =
            window.map(|window| suggest(window.start, window.end, hours.or_usual(), spread(caller)));
        let status = CertificateStatus {
            cn: caller.record.common_name.clone(),
            label: caller.record.label.clone(),
            serial: caller.serial.clone(),
            state: caller.record.state.as_str().to_owned(),
            not_after: caller.not_after,
            renewable: reason.is_none(),
            reason: reason.map(|code| code.as_str().to_owned()),
            reason_text: None,
            window,
            suggested_at,
            preferred_hours: hours_told(hours),
            est: true,
        };
        Ok(StatusFacts { status, reason, opens_at })
    }
}

/// The tenant's own hours, or else its service's.
fn hours_of(caller: &Caller, service: PreferredHours) -> PreferredHours {
    caller.record.tenant_hours.as_deref().and_then(preferred_hours).unwrap_or(service)
}

/// The whole day is no preference.
fn hours_told(hours: PreferredHours) -> Option<Hours> {
    let PreferredHours { from, to } = hours;
    (hours != PreferredHours::WHOLE_DAY).then_some(Hours { from, to })
}

/// Random over terminals, fixed for each.
fn spread(caller: &Caller) -> u64 {
    let mut hash = Sha256::new();
    hash.update(caller.tenant_id().as_bytes());
    hash.update([0]);
    hash.update(caller.common_name().as_bytes());
    let digest = hash.finalize();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
