//! Who asks? The certificate of the connection against the records, for each request.

use super::{Denial, Koshin, UseCaseError, error::code_of};
use crate::store::{AuditEvent, AuditKind, PeerRecord};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_policy::{
    CertificateStanding, CertificateState, Refusal, TenantStanding, decision::standing_refusal,
};
use koshin_protocol::problem::ProblemCode;

/// A terminal whose certificate is good for talking to this server. Only
/// [`Koshin::authenticate`] makes one.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) serial: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) record: PeerRecord,
}

impl Caller {
    /// Common name of the terminal.
    pub fn common_name(&self) -> &str {
        &self.record.common_name
    }

    /// The tenant's id.
    pub fn tenant_id(&self) -> &str {
        &self.record.tenant_id
    }

    /// Hex serial of the certificate.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    pub(super) fn standing(&self) -> CertificateStanding<'_> {
        standing(&self.record, self.not_before, self.not_after)
    }

    pub(super) fn tenant(&self) -> TenantStanding {
        tenant(&self.record)
    }

    pub(super) fn event(&self, kind: AuditKind, detail: String, now: Timestamp) -> AuditEvent {
        AuditEvent {
            at: now,
            kind,
            tenant_id: Some(self.record.tenant_id.clone()),
            common_name: Some(self.record.common_name.clone()),
            serial: Some(self.serial.clone()),
            detail,
        }
    }
}

impl Koshin {
    /// Authenticates a request made with the certificate `peer`, whose signature and
    /// possession the handshake has proved. The first request of a new certificate
    /// confirms it, unless it is a trial.
    ///
    /// # Errors
    /// A certificate that is unknown, expired, revoked, withdrawn before its first use,
    /// or whose tenant is suspended.
    pub async fn authenticate(
        &self,
        peer: &CertificateFacts,
        trial: bool,
        now: Timestamp,
    ) -> Result<Caller, UseCaseError> {
        let caller = self.look_up(peer, now).await?;
        if trial || caller.record.state != CertificateState::Issued {
            return Ok(caller);
        }
        let event = caller.event(AuditKind::CertificateConfirmed, "first use".to_owned(), now);
        self.store.confirm(&caller.serial, caller.record.terminal_id, now, event).await?;
        // Read again: it may have ended in the very moment of its first use.
        self.look_up(peer, now).await
    }

    async fn look_up(&self, peer: &CertificateFacts, now: Timestamp) -> Result<Caller, UseCaseError> {
        let serial = peer.serial.to_hex();
        let unknown = || Denial::new(ProblemCode::CertificateUnknown);
        let record = self.store.peer(&serial).await?.ok_or_else(unknown)?;
        if record.der.as_deref() != Some(peer.der.as_slice()) {
            return Err(unknown().into());
        }
        let refusal =
            standing_refusal(&standing(&record, peer.not_before, peer.not_after), tenant(&record), now);
        let caller = Caller { serial, not_before: peer.not_before, not_after: peer.not_after, record };
        match refusal {
            // Replaced by one that is in use: the application's session may go on with it.
            Some(Refusal::Superseded) if caller.record.seen_in_use => Ok(caller),
            Some(refusal) => Err(self.turn_away(&caller, refusal, now).await?.into()),
            None => Ok(caller),
        }
    }

    /// Records who was turned away and why, so that an operator finds the clinic.
    async fn turn_away(
        &self,
        caller: &Caller,
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<Denial, UseCaseError> {
        let code = code_of(refusal);
        let event = if refusal == Refusal::Superseded {
            // Another renewal took its place before its first use: somebody has installed it
            // all the same.
            let detail = "presented after another renewal took its place".to_owned();
            caller.event(AuditKind::SupersededCertificateSeen, detail, now)
        } else {
            caller.event(AuditKind::AccessRefused, code.as_str().to_owned(), now)
        };
        tracing::info!(
            code = code.as_str(),
            tenant = caller.tenant_id(),
            cn = caller.common_name(),
            serial = caller.serial(),
            "turned away"
        );
        self.store.audit_once_an_hour(event).await?;
        Ok(Denial::new(code))
    }
}

fn standing(record: &PeerRecord, not_before: Timestamp, not_after: Timestamp) -> CertificateStanding<'_> {
    CertificateStanding {
        common_name: &record.common_name,
        not_before,
        not_after,
        state: record.state,
        seen_in_use: record.seen_in_use,
    }
}

fn tenant(record: &PeerRecord) -> TenantStanding {
    if record.tenant_suspended { TenantStanding::Suspended } else { TenantStanding::Active }
}
