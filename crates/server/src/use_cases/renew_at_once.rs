//! The renewal that nearly every one is: nothing is wrong with it. One visit to the records finds who asks, decides,
//! plans and records the intent; another one records the certificate.
//!
//! What finds anything in its way changes nothing and says so: then the long way ([`super::renew`]) goes step by step,
//! and tells and notes what is wrong. So refusals have one place.

use super::{
    Caller, Koshin, UseCaseError,
    blocking::Admission,
    in_flight::Ticket,
    renew::{BundleOrder, judge, quota_since},
};
use crate::{
    config::Service,
    entropy::NewKey,
    store::{Door, Intent, PeerRecord, RecordedIntent, StoreError},
};
use jiff::Timestamp;
use koshin_issuance::{CertificateFacts, CertificateRequest, IssuancePlan, PublicKey};
use koshin_protocol::renewal::RenewalReply;
use std::sync::{Arc, Mutex, PoisonError};

/// For which key a certificate is asked.
trait Wanted: Send + Sync + 'static {
    const DOOR: Door;
    /// What is held of the key while the renewal is under way.
    type Key: Send;

    /// The key, if the request may have one and it is at hand.
    fn key(&self, koshin: &Koshin, caller: &Caller, service: &Service) -> Option<Self::Key>;

    /// Its public half.
    fn public<'a>(&'a self, key: &'a Self::Key) -> &'a PublicKey;

    /// The records know it now.
    fn keep(&self, koshin: &Koshin, key: &Self::Key);

    /// It was not needed: no record knows it.
    fn give_back(&self, koshin: &Koshin, key: Self::Key);
}

/// EST: the device made it and proves in its request that it has it.
struct DeviceKey(Arc<CertificateRequest>);

impl Wanted for DeviceKey {
    const DOOR: Door = Door::Est;
    type Key = ();

    fn key(&self, _: &Koshin, caller: &Caller, _: &Service) -> Option<()> {
        (!caller.is_named_otherwise_in(&self.0)).then_some(())
    }

    fn public<'a>(&'a self, (): &'a ()) -> &'a PublicKey {
        &self.0.public_key
    }

    fn keep(&self, _: &Koshin, (): &()) {}

    fn give_back(&self, _: &Koshin, (): ()) {}
}

/// The legacy door: the server makes it.
struct ServerKey;

impl Wanted for ServerKey {
    const DOOR: Door = Door::Legacy;
    type Key = NewKey;

    fn key(&self, koshin: &Koshin, _: &Caller, service: &Service) -> Option<NewKey> {
        koshin.keys.at_hand(service.legacy_key)
    }

    fn public<'a>(&'a self, key: &'a NewKey) -> &'a PublicKey {
        &key.public
    }

    fn keep(&self, koshin: &Koshin, key: &NewKey) {
        koshin.keys.keep_taken(key.public.algorithm());
    }

    fn give_back(&self, koshin: &Koshin, key: NewKey) {
        koshin.keys.give_back(key);
    }
}

/// Who asks, for what, and when.
struct Asked<W: Wanted> {
    peer: Arc<CertificateFacts>,
    wanted: W,
    now: Timestamp,
    /// Taken when the decision is made; the long way must find it given back.
    held: Mutex<Option<Held<W::Key>>>,
}

/// What a renewal holds while it is under way.
struct Held<K> {
    /// Keeps other renewals of the terminal away.
    ticket: Ticket,
    /// Counts it among those at work. Taken after the ticket: a terminal that asks many times at once has one place.
    _place: Admission,
    key: K,
}

/// What was decided.
struct Planned {
    caller: Caller,
    service: Arc<Service>,
    plan: IssuancePlan,
}

/// What was decided and has its place in the records.
struct Begun<K> {
    planned: Planned,
    intent: RecordedIntent,
    held: Held<K>,
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
        let asked = Asked::new(peer, DeviceKey(request), now);
        let task = tokio::spawn(async move { koshin.certify_at_once(asked).await });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    /// `POST /api/cert` in the same way: `None` also when no key is at hand, and then
    /// [`Self::renew_with_server_key`] waits for one.
    ///
    /// # Errors
    /// As [`Self::renew_at_once`].
    pub async fn bundle_at_once(
        self: &Arc<Self>,
        peer: Arc<CertificateFacts>,
        now: Timestamp,
    ) -> Result<Option<RenewalReply>, UseCaseError> {
        if !self.has_a_key_at_hand() {
            return Ok(None);
        }
        let koshin = Arc::clone(self);
        let asked = Asked::new(peer, ServerKey, now);
        let task = tokio::spawn(async move { koshin.pack_at_once(asked).await });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    /// Whether some service's renewals need not wait for their keys. While all must, the records' writer is not asked for
    /// nothing.
    fn has_a_key_at_hand(&self) -> bool {
        self.services.load().values().any(|service| self.keys.has(service.legacy_key))
    }

    async fn certify_at_once(
        self: &Arc<Self>,
        asked: Arc<Asked<DeviceKey>>,
    ) -> Result<Option<Vec<u8>>, UseCaseError> {
        let Some(Begun { planned, intent, held }) = self.begin_at_once(&asked).await? else {
            return Ok(None);
        };
        let Planned { caller, plan, .. } = planned;
        let outcome = self.sign_and_record(&caller, plan, intent, asked.now).await;
        drop(held);
        self.note_renewal(&caller, outcome, asked.now).await.map(Some)
    }

    async fn pack_at_once(
        self: &Arc<Self>,
        asked: Arc<Asked<ServerKey>>,
    ) -> Result<Option<RenewalReply>, UseCaseError> {
        let Some(Begun { planned, intent, held }) = self.begin_at_once(&asked).await? else {
            return Ok(None);
        };
        let Planned { caller, service, plan } = planned;
        let Held { ticket, _place, key } = held;
        let order = BundleOrder { plan, intent, key: key.private, service };
        let outcome = self.pack_and_record(&caller, order, asked.now).await;
        drop((ticket, _place));
        self.note_renewal(&caller, outcome, asked.now).await.map(Some)
    }

    /// The recorded intent, or `None` with everything given back.
    async fn begin_at_once<W: Wanted>(
        self: &Arc<Self>,
        asked: &Arc<Asked<W>>,
    ) -> Result<Option<Begun<W::Key>>, UseCaseError> {
        let recorded = self.record_at_once(asked).await;
        let held = asked.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (recorded, held) {
            (Ok(Some((planned, intent))), Some(held)) => {
                asked.wanted.keep(self, &held.key);
                Ok(Some(Begun { planned, intent, held }))
            }
            // The records were out of reach just when they were to be changed, and may know the key: it is wiped.
            (Err(error), Some(Held { ticket, _place, key })) => {
                asked.wanted.keep(self, &key);
                let terminal_id = ticket.terminal_id();
                drop((key, ticket, _place));
                self.note_outcome(terminal_id, Err(error.into()), asked.now).await
            }
            (Ok(None), Some(Held { key, .. })) => {
                asked.wanted.give_back(self, key);
                Ok(None)
            }
            // Nothing was decided in its favour: whoever only reads may still find out more.
            (Ok(_) | Err(_), None) => Ok(None),
        }
    }

    async fn record_at_once<W: Wanted>(
        self: &Arc<Self>,
        asked: &Arc<Asked<W>>,
    ) -> Result<Option<(Planned, RecordedIntent)>, StoreError> {
        let (serial, since) = (asked.peer.serial.to_hex(), quota_since(asked.now));
        let (koshin, asked, now) = (Arc::clone(self), Arc::clone(asked), asked.now);
        let plan = move |record, unused| koshin.plan_at_once(&asked, record, unused);
        self.store.record_planned(serial, since, now, plan).await
    }

    /// The plan, if neither records, request nor policy are against it.
    fn plan_at_once<W: Wanted>(
        &self,
        asked: &Asked<W>,
        record: PeerRecord,
        unused: u64,
    ) -> Option<(Planned, Intent)> {
        let caller = Caller::good(&asked.peer, record, asked.now)?;
        let service = self.service(&caller.record.service).ok()?;
        if judge(&caller, unused, &service, asked.now).is_some() {
            return None;
        }
        let mut held = asked.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = self.hold(asked, &caller, &service);
        }
        let key = asked.wanted.public(&held.as_ref()?.key);
        let order = self.order(&caller, W::DOOR, &service, asked.now).ok()?;
        let (plan, intent) = self.plan_order(&order, key, asked.now).ok()?;
        Some((Planned { caller, service, plan }, intent))
    }

    /// Takes the terminal's ticket, a place and the key. They are kept if the database asks to repeat its transaction.
    fn hold<W: Wanted>(&self, asked: &Asked<W>, caller: &Caller, service: &Service) -> Option<Held<W::Key>> {
        let ticket = self.in_flight.enter(caller.record.terminal_id)?;
        let _place = self.blocking.admit().ok()?;
        let key = asked.wanted.key(self, caller, service)?;
        Some(Held { ticket, _place, key })
    }
}

impl<W: Wanted> Asked<W> {
    fn new(peer: Arc<CertificateFacts>, wanted: W, now: Timestamp) -> Arc<Self> {
        Arc::new(Self { peer, wanted, now, held: Mutex::default() })
    }
}
