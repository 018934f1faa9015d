//! The renewal by EST that nearly every one is: nothing is wrong with it. One visit to the records finds who asks, decides,
//! plans and records the intent; another one records the certificate.
//!
//! What finds anything in its way changes nothing and says so: then the long way ([`super::renew`]) goes step by step,
//! and tells and notes what is wrong. So refusals have one place.

use super::{
    Caller, Koshin, UseCaseError,
    blocking::Admission,
    in_flight::Ticket,
    renew::{judge, quota_since},
};
use crate::store::{Door, Intent, PeerRecord, RecordedIntent, StoreError};
use jiff::Timestamp;
use koshin_issuance::{CertificateFacts, CertificateRequest, IssuancePlan};
use koshin_policy::CertificateState;
use std::sync::{Arc, Mutex, PoisonError};

/// Who asks, with what, and when.
struct Asked {
    peer: Arc<CertificateFacts>,
    request: Arc<CertificateRequest>,
    now: Timestamp,
    /// Taken when the decision is made; the long way must find them given back.
    held: Mutex<Option<Held>>,
}

/// What a renewal holds while it is under way.
struct Held {
    /// Keeps other renewals of the terminal away.
    ticket: Ticket,
    /// Counts it among those at work. Taken after the ticket: a terminal that asks many times at once has one place.
    _place: Admission,
}

/// What was decided.
struct Planned {
    caller: Caller,
    plan: IssuancePlan,
}

impl Koshin {
    /// EST simplereenroll (RFC 7030, 4.2.2) with the certificate `peer`, whose signature and possession the handshake has
    /// proved: the new certificate, DER. `None` when anything is in the way; then nothing was recorded, and
    /// [`Self::authenticate_for_renewal`] and [`Self::renew_with_device_key`] say what it is.
    ///
    /// From the first record on it runs to its end even if the caller goes away, so that the records are whole.
    ///
    /// # Errors
    /// What happens from the decision on: 409 when a later renewal took its place; a key that does not sign; a store out of reach.
    pub async fn renew_at_once(
        self: &Arc<Self>,
        peer: Arc<CertificateFacts>,
        request: Arc<CertificateRequest>,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, UseCaseError> {
        let koshin = Arc::clone(self);
        let asked = Arc::new(Asked { peer, request, now, held: Mutex::default() });
        let task = tokio::spawn(async move { koshin.certify_at_once(asked).await });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    async fn certify_at_once(self: &Arc<Self>, asked: Arc<Asked>) -> Result<Option<Vec<u8>>, UseCaseError> {
        let recorded = self.record_at_once(&asked).await;
        let held = asked.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (recorded, held) {
            (Ok(Some((Planned { caller, plan }, intent))), held) => {
                let outcome = self.sign_and_record(&caller, plan, intent, asked.now).await;
                drop(held);
                self.note_renewal(&caller, outcome, asked.now).await.map(Some)
            }
            // The records were out of reach just when they were to be changed.
            (Err(error), Some(Held { ticket, _place })) => {
                let terminal_id = ticket.terminal_id();
                drop((ticket, _place));
                self.note_outcome(terminal_id, Err(error.into()), asked.now).await
            }
            // Nothing was decided in its favour: whoever only reads may still find out more.
            (Ok(None) | Err(_), _) => Ok(None),
        }
    }

    async fn record_at_once(
        self: &Arc<Self>,
        asked: &Arc<Asked>,
    ) -> Result<Option<(Planned, RecordedIntent)>, StoreError> {
        let (serial, since) = (asked.peer.serial.to_hex(), quota_since(asked.now));
        let (koshin, asked, now) = (Arc::clone(self), Arc::clone(asked), asked.now);
        let plan = move |record, unused| koshin.plan_at_once(&asked, record, unused);
        self.store.record_planned(serial, since, now, plan).await
    }

    /// The plan, if neither records, request nor policy are against it.
    fn plan_at_once(&self, asked: &Asked, record: PeerRecord, unused: u64) -> Option<(Planned, Intent)> {
        let Asked { peer, request, now, .. } = asked;
        let caller = Caller::known(peer, record)?;
        let service = self.service(&caller.record.service).ok()?;
        let in_use = caller.record.state == CertificateState::InUse && caller.refusal(*now).is_none();
        if !in_use
            || caller.is_named_otherwise_in(request)
            || judge(&caller, unused, &service, *now).is_some()
            || !self.hold(asked, &caller)
        {
            return None;
        }
        let order = self.order(&caller, Door::Est, &service, *now).ok()?;
        let (plan, intent) = self.plan_order(&order, &request.public_key, *now).ok()?;
        Some((Planned { caller, plan }, intent))
    }

    /// Takes the terminal's ticket and a place, unless they are held: the database may ask to repeat a transaction.
    fn hold(&self, asked: &Asked, caller: &Caller) -> bool {
        let mut held = asked.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            let ticket = self.in_flight.enter(caller.record.terminal_id);
            let place = ticket.is_some().then(|| self.blocking.admit().ok()).flatten();
            *held = ticket.zip(place).map(|(ticket, _place)| Held { ticket, _place });
        }
        held.is_some()
    }
}
