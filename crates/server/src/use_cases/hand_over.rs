//! First hand-over: an administrator issues a certificate and carries it to the terminal.

use super::{Koshin, UseCaseError, order::Order};
use crate::{
    authority::Authority,
    config::Service,
    entropy,
    store::{AuditEvent, AuditKind, Door, NewTerminal, RecordedIntent},
};
use jiff::Timestamp;
use koshin_issuance::{
    BundleContents, IssuancePlan, PrivateKey, certificate_to_pem, encrypt_private_key_pem, write_pkcs12,
};
use koshin_policy::{Validity, calendar, validity};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the administrator asks for.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// The tenant's id.
    pub tenant: String,
    /// Common name, `client001`.
    pub common_name: String,
    /// 端末名, 受付1.
    pub label: Option<String>,
    /// Another end than the service's policy has, also in the past: for tests and
    /// demonstrations.
    pub not_after: Option<Timestamp>,
}

/// The files to be carried to the terminal. All secret but the certificates.
pub struct HandOverFiles {
    /// Hex serial.
    pub serial: String,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// Key, certificate and chain.
    pub pkcs12: Zeroizing<Vec<u8>>,
    /// The certificate, PEM.
    pub certificate: String,
    /// The private key, encrypted PKCS#8, PEM.
    pub private_key: Zeroizing<String>,
    /// The password of both.
    pub password: SecretString,
    /// The root, then the issuing CA, PEM. Java reads only the first.
    pub ca: String,
}

impl Koshin {
    /// Issues a certificate for a terminal, which is made if it is new. A terminal that
    /// has one keeps it until the new one is used.
    ///
    /// # Errors
    /// An unknown tenant, dates that the CA cannot cover, the store.
    pub async fn hand_over(&self, request: HandOver, now: Timestamp) -> Result<HandOverFiles, UseCaseError> {
        let tenant = self
            .store
            .tenant(&request.tenant)
            .await?
            .ok_or_else(|| UseCaseError::UnknownTenant(request.tenant.clone()))?;
        let service = self.service(&tenant.service)?;
        let terminal = NewTerminal {
            tenant_id: tenant.id.clone(),
            common_name: request.common_name.clone(),
            label: request.label,
        };
        let terminal = self.store.ensure_terminal(terminal, now).await?;
        let order = Order {
            terminal_id: terminal.id,
            tenant_id: tenant.id,
            common_name: terminal.common_name,
            parent: self.store.certificate_in_use(terminal.id).await?,
            door: Door::HandOver,
            validity: match request.not_after {
                Some(end) => ending_at(end, service.validity.years, now),
                None => validity(&service.validity, None, self.authority().facts().not_after, now)?,
            },
        };
        let made = self.make_files(&order, &service, now).await?;
        let event = issued_event(&order, &made.files.serial, now);
        self.store.record_certificate(made.intent, made.certificate, None, event).await?;
        Ok(made.files)
    }

    /// The way of a certificate that somebody carries to its terminal, from the key to
    /// the files. Its intent is recorded, its result not yet: that is the caller's.
    pub(super) async fn make_files(
        &self,
        order: &Order,
        service: &Service,
        now: Timestamp,
    ) -> Result<Made, UseCaseError> {
        let key = self.keys.key(service.legacy_key).await?;
        let (plan, intent) = self.record_plan(order, &key.public, now).await?;
        let work = FilesWork {
            authority: self.authority(),
            plan,
            key: key.private,
            common_name: order.common_name.clone(),
            service: service.clone(),
        };
        let (certificate, files) = self.blocking.run(move || work.run()).await?;
        Ok(Made { intent, certificate, files })
    }
}

/// A signed certificate that is not recorded yet, and the files with it.
pub(super) struct Made {
    /// Its place in the records.
    pub intent: RecordedIntent,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// What is carried to the terminal.
    pub files: HandOverFiles,
}

fn issued_event(order: &Order, serial: &str, now: Timestamp) -> AuditEvent {
    AuditEvent {
        tenant_id: Some(order.tenant_id.clone()),
        common_name: Some(order.common_name.clone()),
        serial: Some(serial.to_owned()),
        detail: "first hand-over".to_owned(),
        ..AuditEvent::of(AuditKind::CertificateIssued, now)
    }
}

/// The signature and the files, in one visit to a processor.
struct FilesWork {
    authority: Arc<Authority>,
    plan: IssuancePlan,
    key: PrivateKey,
    common_name: String,
    service: Service,
}

impl FilesWork {
    fn run(self) -> Result<(Vec<u8>, HandOverFiles), UseCaseError> {
        let (serial, not_after) = (self.plan.serial().to_hex(), self.plan.validity().not_after);
        let certificate = self.authority.sign(self.plan)?;
        let password = entropy::password();
        let (secret, chain) = (password.expose_secret(), self.authority.chain());
        let contents = BundleContents {
            friendly_name: &self.common_name,
            key: &self.key,
            certificate_der: &certificate,
            chain_der: &chain,
        };
        let Service { bundle_profile, bundle_iterations, .. } = self.service;
        let files = HandOverFiles {
            serial,
            not_after,
            pkcs12: write_pkcs12(&contents, bundle_profile, bundle_iterations, secret)?,
            certificate: certificate_to_pem(&certificate),
            private_key: encrypt_private_key_pem(&self.key, secret, entropy::bytes(), entropy::bytes())?,
            ca: chain.iter().rev().map(|der| certificate_to_pem(der)).collect(),
            password,
        };
        Ok((certificate, files))
    }
}

/// A validity that ends when the administrator says. It begins now, or in the past if
/// its end lies there.
fn ending_at(end: Timestamp, years: i16, now: Timestamp) -> Validity {
    let begin = if end > now { now } else { calendar::add_years(end, -years) };
    let backdated = begin.checked_sub(jiff::SignedDuration::from_mins(5)).unwrap_or(begin);
    Validity { not_before: backdated, not_after: end }
}
