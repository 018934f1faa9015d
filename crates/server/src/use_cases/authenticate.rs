//! Who asks? The certificate of the connection against the records, for each request.

use super::{Denial, Koshin, UseCaseError, error::code_of, renew::quota_since};
use crate::store::{AuditEvent, AuditKind, PeerRecord};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::{CertificateFacts, CertificateRequest};
use koshin_policy::{
    CertificateStanding, CertificateState, Refusal, TenantStanding, decision::standing_refusal,
};
use koshin_protocol::problem::ProblemCode;

/// 最終接続 is noted no more often.
const SEEN: SignedDuration = SignedDuration::from_hours(1);

/// A terminal whose certificate is the very one of the records. Outside the use cases there are only those that
/// [`Koshin::authenticate`] found good for talking to this server.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) serial: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) record: PeerRecord,
}

/// A caller that came to renew. Only [`Koshin::authenticate_for_renewal`] makes one.
#[derive(Debug, Clone)]
pub struct RenewalCaller {
    pub(super) caller: Caller,
    /// The terminal's renewals of the last day that were never used.
    pub(super) unused_renewals: u64,
}

impl std::ops::Deref for RenewalCaller {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// What a request wants of its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be used: the first request of a new certificate confirms it.
    Use,
    /// To be tried, the records left as they are.
    Trial,
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

    /// If the certificate `peer` is the very one that the records have under its serial. Whether it is good, [`Self::refusal`]
    /// says.
    pub(super) fn known(peer: &CertificateFacts, record: PeerRecord) -> Option<Self> {
        let (not_before, not_after) = (peer.not_before, peer.not_after);
        let same = record.der.as_deref() == Some(peer.der.as_slice());
        same.then(|| Self { serial: peer.serial.to_hex(), not_before, not_after, record })
    }

    /// If nothing is wrong with it at all: the certificate is the one of the records, in use and let in. What is
    /// wrong with any other, [`Koshin::authenticate`] tells.
    pub(super) fn good(peer: &CertificateFacts, record: PeerRecord, now: Timestamp) -> Option<Self> {
        let caller = Self::known(peer, record)?;
        let good = caller.record.state == CertificateState::InUse && caller.refusal(now).is_none();
        good.then_some(caller)
    }

    /// Why it is not let in, whatever it wants.
    pub(super) fn refusal(&self, now: Timestamp) -> Option<Refusal> {
        standing_refusal(&self.standing(), self.tenant(), now)
    }

    pub(super) fn standing(&self) -> CertificateStanding<'_> {
        CertificateStanding {
            common_name: &self.record.common_name,
            not_before: self.not_before,
            not_after: self.not_after,
            // As good as revoked, for as long as it lasts.
            state: if self.record.stopped { CertificateState::Revoked } else { self.record.state },
            seen_in_use: self.record.seen_in_use,
        }
    }

    pub(super) fn tenant(&self) -> TenantStanding {
        if self.record.tenant_suspended { TenantStanding::Suspended } else { TenantStanding::Active }
    }

    /// Whether a request names somebody else. The subject comes from the records; a request that names another is a
    /// mistake of its sender, told rather than overridden. One that names none is taken.
    pub fn is_named_otherwise_in(&self, request: &CertificateRequest) -> bool {
        request.names_another(self.common_name(), self.tenant_id())
    }

    pub(super) fn event(&self, kind: AuditKind, detail: String, now: Timestamp) -> AuditEvent {
        AuditEvent {
            tenant_id: Some(self.record.tenant_id.clone()),
            common_name: Some(self.record.common_name.clone()),
            serial: Some(self.serial.clone()),
            detail,
            ..AuditEvent::of(kind, now)
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
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Caller, UseCaseError> {
        let caller = self.look_up(peer, purpose, now).await?;
        self.see(&caller, now);
        if purpose == Purpose::Use && self.first_use(&caller, now).await? {
            // Read again: it may have ended in the very moment of its first use.
            return self.look_up(peer, purpose, now).await;
        }
        Ok(caller)
    }

    /// The same for who comes to renew, which is a use. One visit to the records says who it is and
    /// how often it has renewed. 最終接続 is noted with what comes of it.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub async fn authenticate_for_renewal(
        &self,
        peer: &CertificateFacts,
        now: Timestamp,
    ) -> Result<RenewalCaller, UseCaseError> {
        let caller = self.look_up_for_renewal(peer, now).await?;
        if self.first_use(&caller, now).await? {
            return self.look_up_for_renewal(peer, now).await;
        }
        Ok(caller)
    }

    /// Confirms a certificate that waited for its first use; `false` when it did not.
    async fn first_use(&self, caller: &Caller, now: Timestamp) -> Result<bool, UseCaseError> {
        if caller.record.state != CertificateState::Issued {
            return Ok(false);
        }
        let event = caller.event(AuditKind::CertificateConfirmed, "first use".to_owned(), now);
        self.store.confirm(&caller.serial, caller.record.terminal_id, now, event).await?;
        Ok(true)
    }

    /// 最終接続, to the hour. Nobody waits for it, and nothing is lost with it.
    pub(super) fn see(&self, caller: &Caller, now: Timestamp) {
        let recent = now.checked_sub(SEEN).unwrap_or(Timestamp::MIN);
        if caller.record.last_seen.is_some_and(|seen| seen > recent) {
            return;
        }
        let (store, terminal_id) = (self.store.clone(), caller.record.terminal_id);
        tokio::spawn(async move {
            if let Err(error) = store.note_seen(terminal_id, now).await {
                tracing::warn!(%error, "the last connection of a terminal was not noted");
            }
        });
    }

    /// What came of a terminal's attempt to renew, whatever the door: a refusal or failure is
    /// noted for the terminal, so that somebody can see it and help. [`weight`] says which.
    ///
    /// A success is noted in the transaction of its certificate. A refusal waits for its note,
    /// which shares a commit with others: that slows down a client that repeats itself, and
    /// nobody else. A note that fails changes no answer.
    pub(crate) async fn note_outcome<T>(
        &self,
        terminal_id: i64,
        outcome: Result<T, UseCaseError>,
        now: Timestamp,
    ) -> Result<T, UseCaseError> {
        let Err(error) = &outcome else { return outcome };
        let (code, weight) = (error.code(), weight(error.code()));
        if weight == Weight::Nothing {
            return outcome;
        }
        let failing = weight == Weight::Failure;
        if let Err(error) = self.store.note_attempt(terminal_id, code.as_str(), failing, now).await {
            tracing::warn!(%error, code = code.as_str(), "a failed renewal was not noted");
        }
        outcome
    }

    async fn look_up(
        &self,
        peer: &CertificateFacts,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Caller, UseCaseError> {
        let record = self.store.peer(&peer.serial.to_hex()).await?;
        self.admit(peer, record, purpose, now).await
    }

    async fn look_up_for_renewal(
        &self,
        peer: &CertificateFacts,
        now: Timestamp,
    ) -> Result<RenewalCaller, UseCaseError> {
        let found = self.store.peer_with_unused_renewals(&peer.serial.to_hex(), quota_since(now)).await?;
        let (record, unused_renewals) = found.unzip();
        let caller = self.admit(peer, record, Purpose::Use, now).await?;
        Ok(RenewalCaller { caller, unused_renewals: unused_renewals.unwrap_or_default() })
    }

    /// Holds the certificate of the connection against what the records say of its serial.
    async fn admit(
        &self,
        peer: &CertificateFacts,
        record: Option<PeerRecord>,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Caller, UseCaseError> {
        let caller = record.and_then(|record| Caller::known(peer, record));
        let caller = caller.ok_or_else(|| Denial::new(ProblemCode::CertificateUnknown))?;
        match caller.refusal(now) {
            // Replaced by one that is in use: the application's session may go on with it.
            Some(Refusal::Superseded) if caller.record.seen_in_use => Ok(caller),
            Some(refusal) => {
                let denial = self.turn_away(&caller, refusal, now).await?;
                if purpose == Purpose::Trial {
                    // Nobody has tried to renew: an old PC may only ask how its certificate is.
                    return Err(denial.into());
                }
                self.note_outcome(caller.record.terminal_id, Err(denial.into()), now).await
            }
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

/// What a refusal means to those who look after the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Nothing was wrong: it came too early, or twice at a time. The trail has it.
    Nothing,
    /// It counts among the reasons, and the next attempt may go well by itself.
    Passing,
    /// Somebody has to do something.
    Failure,
}

fn weight(code: ProblemCode) -> Weight {
    match code {
        ProblemCode::RenewalTooEarly | ProblemCode::RenewalInProgress => Weight::Nothing,
        ProblemCode::Overloaded | ProblemCode::StoreUnavailable | ProblemCode::BundleNotFound => {
            Weight::Passing
        }
        // What somebody has decided, and can take back: no failure of the terminal, whose present
        // certificate may be another one. Nobody has tried to renew either; the trail has it.
        ProblemCode::CertificateRevoked
        | ProblemCode::CertificateSuperseded
        | ProblemCode::TenantSuspended => Weight::Nothing,
        _ => Weight::Failure,
    }
}
