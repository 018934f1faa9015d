//! Renewal through both doors: the server makes the key (legacy) or the device (EST).

use super::{
    Caller, Denial, Koshin, RenewalCaller, UseCaseError,
    blocking::Admission,
    error::code_of,
    in_flight::Ticket,
    order::{Order, in_progress, lost_place},
};
use crate::{
    authority::Authority,
    config::Service,
    entropy::{self, NewKey},
    store::{AuditKind, Door, NewBundle, RecordedIntent},
};
use jiff::Timestamp;
use koshin_issuance::{BundleContents, IssuancePlan, PrivateKey, PublicKey, write_pkcs12};
use koshin_policy::{Decision, decide, quota, validity};
use koshin_protocol::{problem::ProblemCode, renewal::RenewalReply};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Path under which bundles wait; the token follows.
const BUNDLE_PATH: &str = "/api/cert/bundle/";

impl Koshin {
    /// `POST /api/cert`: a new key and certificate, waiting as PKCS#12 under a URI that
    /// only this terminal can open.
    ///
    /// Whoever goes away while he waits for his key gives his place back. From the first record on it runs to its end
    /// even if the caller goes away, so that the records are whole.
    ///
    /// # Errors
    /// What the policy refuses; 409 while another renewal of the terminal is under way; 503 when more wait for a key
    /// than can be served.
    pub async fn renew_with_server_key(
        self: &Arc<Self>,
        caller: RenewalCaller,
        now: Timestamp,
    ) -> Result<RenewalReply, UseCaseError> {
        let ready = self.prepare_key(&caller, now).await;
        let koshin = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = match ready {
                Ok(ready) => koshin.make_bundle(&caller, ready, now).await,
                Err(error) => Err(error),
            };
            koshin.note_renewal(&caller, outcome, now).await
        });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    /// EST simplereenroll (RFC 7030, 4.2.2): a certificate for a key made on the device.
    /// Returns the certificate, DER.
    ///
    /// # Errors
    /// As [`Self::renew_with_server_key`], and a key that was used before.
    pub async fn renew_with_device_key(
        self: &Arc<Self>,
        caller: RenewalCaller,
        key: PublicKey,
        now: Timestamp,
    ) -> Result<Vec<u8>, UseCaseError> {
        let koshin = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = koshin.certify(&caller, &key, now).await;
            koshin.note_renewal(&caller, outcome, now).await
        });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    /// What came of a terminal's attempt to renew, whatever the door ([`Self::note_outcome`]). That it was here is noted
    /// with the certificate of a renewal that went well, and for itself otherwise.
    pub(crate) async fn note_renewal<T>(
        &self,
        caller: &Caller,
        outcome: Result<T, UseCaseError>,
        now: Timestamp,
    ) -> Result<T, UseCaseError> {
        if outcome.is_err() {
            self.see(caller, now);
        }
        self.note_outcome(caller.record.terminal_id, outcome, now).await
    }

    /// Everything that can be refused before something is recorded, and the key.
    async fn prepare_key(&self, caller: &RenewalCaller, now: Timestamp) -> Result<Ready, UseCaseError> {
        let ticket = self.in_flight.enter(caller.record.terminal_id).ok_or_else(in_progress)?;
        let place = self.blocking.admit()?;
        let service = self.permit(caller, now).await?;
        // The queue for keys has a bound of its own. Who waits there must not take the places of those that need
        // none, and there are never more of them afterwards than keys are made.
        let place = self.keys.has(service.legacy_key).then_some(place);
        let key = self.keys.key(service.legacy_key).await?;
        Ok(Ready { key, service, _ticket: ticket, _place: place })
    }

    async fn make_bundle(
        &self,
        caller: &RenewalCaller,
        ready: Ready,
        now: Timestamp,
    ) -> Result<RenewalReply, UseCaseError> {
        let Ready { key, service, _ticket, _place } = ready;
        let order = self.order(caller, Door::Legacy, &service, now)?;
        let (plan, intent) = self.record_plan(&order, &key.public, now).await?;
        self.pack_and_record(caller, BundleOrder { plan, intent, key: key.private, service }, now).await
    }

    /// From the recorded intent of a renewal at the legacy door to the bundle that waits.
    pub(super) async fn pack_and_record(
        &self,
        caller: &Caller,
        order: BundleOrder,
        now: Timestamp,
    ) -> Result<RenewalReply, UseCaseError> {
        let BundleOrder { plan, intent, key, service } = order;
        let (pass, token) = (entropy::password(), entropy::token());
        let expires_at = now.checked_add(self.config.bundle_lifetime).unwrap_or(Timestamp::MAX);
        let token_hash = token_hash(token.expose_secret());
        let work = BundleWork {
            authority: self.authority(),
            plan,
            key,
            pass: pass.clone(),
            common_name: caller.record.common_name.clone(),
            service,
        };
        let (der, pkcs12) = self.blocking.run(move || work.run()).await?;
        let bundle = NewBundle { token_hash, pkcs12: pkcs12.to_vec(), expires_at, carried: None };
        let event = caller.event(
            AuditKind::CertificateRenewed,
            format!("new serial {}, legacy door", intent.serial()),
            now,
        );
        self.store.record_certificate(intent, der, Some(bundle), event).await.map_err(lost_place)?;
        Ok(RenewalReply {
            uri: format!("{}{BUNDLE_PATH}{}", self.public_url, token.expose_secret()),
            pass: pass.expose_secret().to_owned(),
        })
    }

    async fn certify(
        &self,
        caller: &RenewalCaller,
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<Vec<u8>, UseCaseError> {
        let _ticket = self.in_flight.enter(caller.record.terminal_id).ok_or_else(in_progress)?;
        let _place = self.blocking.admit()?;
        let service = self.permit(caller, now).await?;
        let order = self.order(caller, Door::Est, &service, now)?;
        let (plan, intent) = self.record_plan(&order, key, now).await?;
        self.sign_and_record(caller, plan, intent, now).await
    }

    /// From the recorded intent of a renewal by EST to its recorded certificate, DER.
    pub(super) async fn sign_and_record(
        &self,
        caller: &Caller,
        plan: IssuancePlan,
        intent: RecordedIntent,
        now: Timestamp,
    ) -> Result<Vec<u8>, UseCaseError> {
        let authority = self.authority();
        let der = if authority.signs_at_once() {
            authority.sign(plan)?
        } else {
            self.blocking.run(move || authority.sign(plan)).await?
        };
        let detail = format!("new serial {}, EST", intent.serial());
        let event = caller.event(AuditKind::CertificateRenewed, detail, now);
        self.store.record_certificate(intent, der.clone(), None, event).await.map_err(lost_place)?;
        Ok(der)
    }

    /// The policy's word and the quota's, refusals recorded. Returns the service, whose
    /// rules hold for the new certificate.
    async fn permit(&self, caller: &RenewalCaller, now: Timestamp) -> Result<Arc<Service>, UseCaseError> {
        let service = self.service(&caller.record.service)?;
        let Some(denial) = judge(caller, caller.unused_renewals, &service, now) else { return Ok(service) };
        let event = caller.event(AuditKind::RenewalRefused, denial.code.as_str().to_owned(), now);
        self.store.audit_once_an_hour(event).await?;
        Err(denial.into())
    }

    /// A terminal that cannot keep what it is given must not be given more for ever.
    pub(super) async fn over_quota(
        &self,
        terminal_id: i64,
        service: &Service,
        now: Timestamp,
    ) -> Result<Option<Denial>, UseCaseError> {
        let unused = self.store.unused_renewals_since(terminal_id, quota_since(now)).await?;
        Ok(over_quota(unused, service))
    }

    pub(super) fn order(
        &self,
        caller: &Caller,
        door: Door,
        service: &Service,
        now: Timestamp,
    ) -> Result<Order, UseCaseError> {
        let issuer_end = self.authority().facts().not_after;
        Ok(Order {
            terminal_id: caller.record.terminal_id,
            tenant_id: caller.record.tenant_id.clone(),
            common_name: caller.record.common_name.clone(),
            parent: Some(caller.serial.clone()),
            door,
            validity: validity(&service.validity, Some(caller.not_after), issuer_end, now)?,
        })
    }
}

/// Why a caller with so many unused renewals may not renew.
pub(super) fn judge(
    caller: &Caller,
    unused_renewals: u64,
    service: &Service,
    now: Timestamp,
) -> Option<Denial> {
    match decide(&caller.standing(), caller.tenant(), &service.renewal, now) {
        Decision::Allow => over_quota(unused_renewals, service),
        Decision::TooEarly { opens_at } => {
            Some(Denial { opens_at: Some(opens_at), ..Denial::new(ProblemCode::RenewalTooEarly) })
        }
        Decision::Refuse(refusal) => Some(Denial::new(code_of(refusal))),
    }
}

/// A renewal that may begin.
struct Ready {
    key: NewKey,
    service: Arc<Service>,
    /// Keeps other renewals of the terminal away until this one has ended.
    _ticket: Ticket,
    /// Counts it among those at work.
    _place: Option<Admission>,
}

/// What a bundle is made of, once its intent is recorded.
pub(super) struct BundleOrder {
    pub(super) plan: IssuancePlan,
    pub(super) intent: RecordedIntent,
    pub(super) key: PrivateKey,
    pub(super) service: Arc<Service>,
}

/// The signature and the bundle, in one visit to a processor.
struct BundleWork {
    authority: Arc<Authority>,
    plan: IssuancePlan,
    key: PrivateKey,
    pass: SecretString,
    common_name: String,
    service: Arc<Service>,
}

impl BundleWork {
    fn run(self) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), UseCaseError> {
        let der = self.authority.sign(self.plan)?;
        let contents = BundleContents {
            friendly_name: &self.common_name,
            key: &self.key,
            certificate_der: &der,
            chain_der: &self.authority.chain(),
        };
        let Service { bundle_profile, bundle_iterations, .. } = *self.service;
        let pkcs12 = write_pkcs12(&contents, bundle_profile, bundle_iterations, self.pass.expose_secret())?;
        Ok((der, pkcs12))
    }
}

/// The beginning of the span over which unused renewals are counted.
pub(super) fn quota_since(now: Timestamp) -> Timestamp {
    quota::since(now)
}

fn over_quota(unused: u64, service: &Service) -> Option<Denial> {
    let used_up = quota::is_used_up(unused, service.unused_renewals_per_day);
    used_up.then(|| Denial::retry(ProblemCode::RenewalQuota, quota::RETRY_AFTER))
}

/// The hash under which a bundle's token is kept.
pub(super) fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
