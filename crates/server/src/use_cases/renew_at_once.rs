//! The renewal by EST that nearly every one is: nothing is wrong with it. One visit to the records finds who asks, decides,
//! plans and records the intent; another one records the certificate.
//!
//! What finds anything in its way changes nothing and says so: then the long way ([`super::renew`]) goes step by step,
//! and tells and notes what is wrong. So refusals have one place.

use super::{
    Caller, Koshin, UseCaseError,
    in_flight::Ticket,
    renew::{judge, quota_since},
};
use crate::store::{Door, Intent, PeerRecord, RecordedIntent};
use jiff::Timestamp;
use koshin_issuance::{CertificateFacts, CertificateRequest, IssuancePlan};
use koshin_policy::CertificateState;
use std::sync::{Arc, Mutex, PoisonError};

/// Who asks, with what, and when.
struct Asked {
    peer: Arc<CertificateFacts>,
    request: Arc<CertificateRequest>,
    now: Timestamp,
    /// Keeps other renewals of the terminal away, from the decision on.
    ticket: Mutex<Option<Ticket>>,
}

/// What was decided.
struct Planned {
    caller: Caller,
    plan: IssuancePlan,
}

impl Koshin {
    /// EST simplereenroll (RFC 7030, 4.2.2) with the certificate `peer`, whose signature and possession the handshake has
    /// proved: the new certificate, DER. `None` when anything is in the way; then nothing was recorded, and
    /// [`Self::renew_with_device_key`] says what it is.
    ///
    /// From the first record on it runs to its end even if the caller goes away, so that the records are whole.
    ///
    /// # Errors
    /// What happens after the intent was recorded: 409 when a later renewal took its place; a store out of reach.
    pub async fn renew_at_once(
        self: &Arc<Self>,
        peer: Arc<CertificateFacts>,
        request: Arc<CertificateRequest>,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, UseCaseError> {
        let koshin = Arc::clone(self);
        let asked = Arc::new(Asked { peer, request, now, ticket: Mutex::default() });
        let task = tokio::spawn(async move { koshin.certify_at_once(asked).await });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    async fn certify_at_once(self: &Arc<Self>, asked: Arc<Asked>) -> Result<Option<Vec<u8>>, UseCaseError> {
        let Ok(_place) = self.blocking.admit() else { return Ok(None) };
        let recorded = self.record_at_once(&asked).await;
        // Given back before the long way asks for one.
        let _ticket = asked.ticket.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((Planned { caller, plan }, intent)) = recorded? else { return Ok(None) };
        let outcome = self.sign_and_record(&caller, plan, intent, asked.now).await;
        self.note_outcome(caller.record.terminal_id, outcome, asked.now).await.map(Some)
    }

    async fn record_at_once(
        self: &Arc<Self>,
        asked: &Arc<Asked>,
    ) -> Result<Option<(Planned, RecordedIntent)>, UseCaseError> {
        let (serial, since) = (asked.peer.serial.to_hex(), quota_since(asked.now));
        let (koshin, asked, now) = (Arc::clone(self), Arc::clone(asked), asked.now);
        let plan = move |record, unused| koshin.plan_at_once(&asked, record, unused);
        Ok(self.store.record_planned(serial, since, now, plan).await?)
    }

    /// The plan, if neither records, request nor policy are against it.
    fn plan_at_once(&self, asked: &Asked, record: PeerRecord, unused: u64) -> Option<(Planned, Intent)> {
        let Asked { peer, request, now, .. } = asked;
        let caller = Caller::known(peer, record)?;
        let service = self.service(&caller.record.service).ok()?;
        let in_use = caller.record.state == CertificateState::InUse && caller.refusal(*now).is_none();
        if !in_use || caller.is_not_who(request) || judge(&caller, unused, &service, *now).is_some() {
            return None;
        }
        self.hold_ticket(asked, &caller).then_some(())?;
        let order = self.order(&caller, Door::Est, &service, *now).ok()?;
        let (plan, intent) = self.plan_order(&order, &request.public_key, *now).ok()?;
        Some((Planned { caller, plan }, intent))
    }

    /// The database may ask to repeat a transaction: then the ticket is there already.
    fn hold_ticket(&self, asked: &Asked, caller: &Caller) -> bool {
        let mut ticket = asked.ticket.lock().unwrap_or_else(PoisonError::into_inner);
        if ticket.is_none() {
            *ticket = self.in_flight.enter(caller.record.terminal_id);
        }
        ticket.is_some()
    }
}
