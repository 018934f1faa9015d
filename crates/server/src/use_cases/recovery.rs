//! A recovery code is exchanged for a certificate: the way back for a terminal whose
//! certificate has expired. The key is made on the device, as with EST.
//!
//! The code and the certificate are recorded together. A crash in between leaves the code
//! as it was; a reply that was lost is given again to whoever asks with the same key.

use super::{
    Denial, Koshin, UseCaseError,
    order::{Order, in_progress, intent_error, lost_place},
};
use crate::store::{
    Announcement, Audience, AuditEvent, AuditKind, Counted, Door, FoundCode, NamedTerminal, Occasion,
    Occurrence, StoreError, Subject,
};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::{CertificateFacts, CertificateRequest, PublicKey};
use koshin_policy::{
    CertificateState, Kind, RecoveryCode,
    recovery::{Attempts, counting_span},
    validity,
};
use koshin_protocol::problem::ProblemCode;
use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

/// What all attempts together are counted under.
const EVERYWHERE: &str = "everywhere";
/// What tells a code's hash from other hashes under the same key.
pub(super) const CODE: &str = "code";
const SOURCE: &str = "source";

/// Where a recovery code comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The peer's address.
    pub address: IpAddr,
    /// The certificate of the connection, of whatever dates, if there is one.
    pub certificate: Option<CertificateFacts>,
}

impl Koshin {
    /// Exchanges `code` for a certificate of its terminal, for the key of `request`.
    /// Returns the certificate, DER; the same one again while the code would still be good
    /// and the key is the same.
    ///
    /// Runs to its end even if the caller goes away, so that the records are whole.
    ///
    /// # Errors
    /// A code that is unknown, over or used with another key; too many attempts; a terminal
    /// or tenant that was stopped; a connection or request of another terminal.
    pub async fn redeem_recovery_code(
        self: &Arc<Self>,
        code: RecoveryCode,
        request: CertificateRequest,
        origin: Origin,
        now: Timestamp,
    ) -> Result<Vec<u8>, UseCaseError> {
        let koshin = Arc::clone(self);
        let task = tokio::spawn(async move {
            let found = koshin.find_code(&code, origin.address, now).await?;
            let outcome = koshin.redeem(&found, &request, &origin, now).await;
            if let Err(UseCaseError::Denied(denial)) = &outcome {
                koshin.note_refusal(&found, denial.code, now).await?;
            }
            outcome
        });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    /// What the records say of the code. Only one that they do not know counts against
    /// those who guess.
    async fn find_code(
        &self,
        code: &RecoveryCode,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<FoundCode, UseCaseError> {
        let key = self.second_factor_key().map_err(|error| UseCaseError::Defect(error.to_string()))?;
        let (span, seconds_left) = counting_span(now);
        let source = key.hidden(SOURCE, &neighbourhood(address).to_string());
        let subjects = [source, EVERYWHERE.to_owned()];
        let limits = [Attempts::FromOneSource.limit(), Attempts::Altogether.limit()];
        let limited = subjects.iter().cloned().zip(limits).collect();
        let event = AuditEvent {
            detail: ProblemCode::RecoveryAttempts.as_str().to_owned(),
            ..AuditEvent::of(AuditKind::RecoveryRefused, now)
        };
        let until = now.checked_add(SignedDuration::from_secs(i64::from(seconds_left))).unwrap_or(now);
        let closed = Announcement {
            occurrence: Occurrence::RecoveryClosed { until },
            to: Audience::OperatorsBut(None),
            mails: self.config.mail.is_some(),
        };
        let told = (EVERYWHERE.to_owned(), Subject::RecoveryHour(span), closed);
        if self.store.count_recovery_attempt(limited, span, event, told).await? == Counted::TooMany {
            tracing::warn!(%address, "too many wrong recovery codes");
            return Err(Denial::retry(ProblemCode::RecoveryAttempts, seconds_left).into());
        }
        match self.store.recovery_code(&key.hidden(CODE, &code.written())).await? {
            Some(found) => {
                self.store.forgive_recovery_attempt(subjects.to_vec(), span).await?;
                Ok(found)
            }
            None => {
                tracing::info!(%address, "a recovery code that nobody issued");
                Err(Denial::new(ProblemCode::RecoveryCodeWrong).into())
            }
        }
    }

    async fn redeem(
        &self,
        found: &FoundCode,
        request: &CertificateRequest,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Vec<u8>, UseCaseError> {
        if let Some(certificate) = &origin.certificate {
            self.of_the_same_terminal(found, certificate).await?;
        }
        if let Some(code) = self.refusal(found, request, now)? {
            return Err(Denial::new(code).into());
        }
        let Some(used) = &found.used else {
            return self.certify_for_code(found, &request.public_key, origin.address, now).await;
        };
        let same_key = used.key_fingerprint == hex::encode(request.public_key.fingerprint());
        match used.state {
            CertificateState::Issued | CertificateState::InUse if same_key => Ok(used.der.clone()),
            _ => Err(Denial::new(ProblemCode::RecoveryCodeUsed).into()),
        }
    }

    /// Whoever holds another terminal's key has no business with this one's code.
    async fn of_the_same_terminal(
        &self,
        found: &FoundCode,
        certificate: &CertificateFacts,
    ) -> Result<(), UseCaseError> {
        let peer = self.store.peer(&certificate.serial.to_hex()).await?;
        let known = peer.filter(|peer| peer.der.as_deref() == Some(certificate.der.as_slice()));
        match known {
            Some(peer) if peer.terminal_id == found.code.terminal_id => Ok(()),
            Some(_) => Err(Denial::new(ProblemCode::RecoveryCodeForeign).into()),
            None => Err(Denial::new(ProblemCode::CertificateUnknown).into()),
        }
    }

    fn refusal(
        &self,
        found: &FoundCode,
        request: &CertificateRequest,
        now: Timestamp,
    ) -> Result<Option<ProblemCode>, UseCaseError> {
        let kind = self.service(&found.service)?.renewal.kinds.kind_of(&found.common_name);
        // The subject comes from the records.
        let other_subject = request.names_another(&found.common_name, &found.tenant_id);
        Ok(if found.tenant_suspended {
            Some(ProblemCode::TenantSuspended)
        } else if found.stopped {
            Some(ProblemCode::CertificateRevoked)
        } else if found.code.cancelled_at.is_some() || found.code.expires_at < now {
            Some(ProblemCode::RecoveryCodeExpired)
        } else if kind != Kind::Renewable {
            Some(ProblemCode::NotRenewableKind)
        } else {
            other_subject.then_some(ProblemCode::CsrSubjectMismatch)
        })
    }

    async fn certify_for_code(
        &self,
        found: &FoundCode,
        key: &PublicKey,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Vec<u8>, UseCaseError> {
        let terminal_id = found.code.terminal_id;
        let _ticket = self.in_flight.enter(terminal_id).ok_or_else(in_progress)?;
        let _place = self.blocking.admit()?;
        let service = self.service(&found.service)?;
        let order = Order {
            terminal_id,
            tenant_id: found.tenant_id.clone(),
            common_name: found.common_name.clone(),
            parent: self.store.certificate_in_use(terminal_id).await?,
            door: Door::Recovery,
            validity: validity(&service.validity, None, self.authority().facts().not_after, now)?,
        };
        let (plan, intent) = self.plan_order(&order, key, now)?;
        let intent = match self.store.record_recovery_intent(found.code.id, intent, now).await {
            Ok(recorded) => recorded,
            Err(error) => return Err(self.recovery_intent_error(error, terminal_id, key).await?),
        };
        let serial = intent.serial().to_owned();
        let authority = self.authority();
        let der = self.blocking.run(move || authority.sign(plan)).await?;
        let event = AuditEvent {
            serial: Some(serial.clone()),
            ..event(found, AuditKind::CertificateRecovered, "recovery code".to_owned(), now)
        };
        let used = Occurrence::RecoveryCodeUsed {
            terminal: NamedTerminal { common_name: found.common_name.clone(), label: found.label.clone() },
            from: from.to_canonical().to_string(),
            serial: serial.clone(),
        };
        let occasion = Occasion { event, told: Some(self.announced(&found.tenant_id, used)) };
        self.store
            .record_recovered(found.code.id, intent, der.clone(), occasion)
            .await
            .map_err(lost_place)?;
        self.wake_notices();
        Ok(der)
    }

    /// The same key may be on its way at this moment, on another node: whoever asks again
    /// will be given the certificate.
    async fn recovery_intent_error(
        &self,
        error: StoreError,
        terminal_id: i64,
        key: &PublicKey,
    ) -> Result<UseCaseError, UseCaseError> {
        let fingerprint = hex::encode(key.fingerprint());
        let under_way = matches!(error, StoreError::Exists(_))
            && self.store.is_being_certified(terminal_id, &fingerprint).await?;
        Ok(if under_way { in_progress().into() } else { intent_error(error) })
    }

    async fn note_refusal(
        &self,
        found: &FoundCode,
        code: ProblemCode,
        now: Timestamp,
    ) -> Result<(), UseCaseError> {
        tracing::info!(
            code = code.as_str(),
            tenant = found.tenant_id,
            cn = found.common_name,
            "a recovery code was refused"
        );
        let refused = event(found, AuditKind::RecoveryRefused, code.as_str().to_owned(), now);
        Ok(self.store.audit_once_an_hour(refused).await?)
    }
}

fn event(found: &FoundCode, kind: AuditKind, detail: String, now: Timestamp) -> AuditEvent {
    AuditEvent {
        tenant_id: Some(found.tenant_id.clone()),
        common_name: Some(found.common_name.clone()),
        // By it, what repeats itself is known.
        serial: found.current_serial.clone(),
        detail,
        ..AuditEvent::of(kind, now)
    }
}

/// What is counted as one source: whoever has one IPv6 address has its 2⁶⁴ neighbours.
fn neighbourhood(address: IpAddr) -> IpAddr {
    const HOST_BITS: u32 = 64;
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> HOST_BITS << HOST_BITS).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_ipv4_address_or_an_ipv6_network() {
        let of = |text: &str| text.parse().map(neighbourhood).map(|address| address.to_string());
        assert_eq!(of("192.0.2.7").as_deref(), Ok("192.0.2.7"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6").as_deref(), Ok("2001:db8:1:2::"));
    }
}
