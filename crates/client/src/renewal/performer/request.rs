//! From the decision to renew to a staged key and certificate.

use super::Performer;
use crate::{
    doors::DoorError,
    prompt::Step as Progress,
    renewal::{
        Failure,
        machine::{Event, Via},
        secrets,
        verification::VerificationError,
    },
};
use koshin_issuance::{CertificateFacts, create_csr, read_pkcs12};
use secrecy::ExposeSecret;

impl Performer<'_, '_> {
    pub(super) fn make_key(&mut self) -> Result<Event, Failure> {
        let opened = self.opened()?;
        let wanted = self.talk(&opened.old)?.csr_attributes()?;
        let key = secrets::key(secrets::algorithm(wanted, opened.old.certificate.key))?;
        self.staging().put_key(&key, opened.staging_password.as_ref())?;
        Ok(Event::KeyStaged)
    }

    pub(super) fn build_request(&mut self) -> Result<Event, Failure> {
        self.unlock()?;
        let opened = self.opened()?;
        let key = self.staging().key(opened.staging_password.as_ref())?;
        let key = key.ok_or_else(|| Failure::Defect("the staged key is gone".to_owned()))?;
        let old = &opened.old.certificate;
        self.csr =
            create_csr(&key, &old.common_name, old.organization.as_deref()).map_err(Failure::Request)?;
        // What an earlier run has begun otherwise goes on this way.
        let via = if self.wishes.code.is_some() { Via::Recovery } else { Via::Est };
        self.journal.via = Some(via);
        Ok(Event::RequestBuilt(via))
    }

    pub(super) fn request(&mut self, via: Via) -> Result<Event, Failure> {
        self.passwords.prompt().progress(Progress::Receive);
        match via {
            Via::Est | Via::Recovery => self.request_by_est()?,
            Via::Legacy => self.request_by_legacy()?,
        }
        let password = self.opened()?.staging_password.clone();
        self.new = self.staging().credential(password.as_ref())?;
        match &self.new {
            Some(_) => Ok(Event::ReplyStaged),
            None => Err(Failure::Defect("what was staged cannot be read again".to_owned())),
        }
    }

    fn request_by_est(&self) -> Result<(), Failure> {
        let opened = self.opened()?;
        let server = self.talk(&opened.old)?;
        let received = match self.wishes.code {
            None => server.reenroll(&self.csr)?,
            Some(code) => {
                server.enroll(&self.csr, code).map_err(|error| no_door_for_codes(error, &opened.base))?
            }
        };
        let key = self.staging().key(opened.staging_password.as_ref())?;
        let leaf = received
            .iter()
            .find(|der| {
                let facts = CertificateFacts::from_der(der);
                facts.is_ok_and(|facts| key.as_ref().is_some_and(|key| key.matches(&facts)))
            })
            .ok_or(VerificationError::OtherKey)?
            .clone();
        // A server without this path still has the certificate; the CA of the place then vouches for it alone.
        let authorities = server.cacerts().unwrap_or_default();
        self.stage_certificate(&leaf, received.into_iter().chain(authorities))
    }

    fn request_by_legacy(&self) -> Result<(), Failure> {
        let opened = self.opened()?;
        let bundle = self.talk(&opened.old)?.legacy_renew()?;
        let contents =
            read_pkcs12(&bundle.pkcs12, bundle.password.expose_secret()).map_err(Failure::Bundle)?;
        self.staging().put_key(&contents.key, opened.staging_password.as_ref())?;
        self.stage_certificate(&contents.certificate_der, contents.chain_der.into_iter())
    }

    fn stage_certificate(&self, leaf: &[u8], others: impl Iterator<Item = Vec<u8>>) -> Result<(), Failure> {
        CertificateFacts::from_der(leaf).map_err(Failure::Certificate)?;
        let mut chain: Vec<Vec<u8>> = Vec::new();
        for der in others {
            if der != leaf && !chain.contains(&der) {
                chain.push(der);
            }
        }
        self.staging().put_certificate(leaf, &chain)
    }
}

/// A server of today has no such door.
pub(crate) fn no_door_for_codes(error: DoorError, base: &str) -> Failure {
    let missing = matches!(error, DoorError::Server { status: 404 | 405 | 501, .. });
    if missing { Failure::NoRecovery { base: base.to_owned() } } else { error.into() }
}
