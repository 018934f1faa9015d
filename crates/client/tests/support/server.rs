//! A server in a few lines: it signs what it is asked to sign, or something worse if the test says so.

use super::{days, new_key, now};
use jiff::Timestamp;
use koshin::{
    applications::credential::Credential,
    doors::{DoorError, LegacyBundle, ServiceTrial, Trial, Trust},
    renewal::network::{Conversation, Network},
};
use koshin_issuance::{
    BundleContents, BundleProfile, CertificateFacts, Issuer, KeyAlgorithm, PrivateKey, PublicKey, Serial,
    SigningIssuer, Subject, Template, Validity, plan, read_csr, write_pkcs12,
};
use koshin_policy::RecoveryCode;
use koshin_protocol::{
    problem::{Problem, ProblemCode},
    renewal::CertificateStatus,
};
use secrecy::SecretString;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use zeroize::Zeroizing;

/// A CA whose root signs directly.
#[derive(Clone)]
pub struct Ca {
    key: PrivateKey,
    issuer: Rc<Issuer>,
}

fn public(key: &PrivateKey) -> PublicKey {
    PublicKey::from_spki_der(&key.public_key_spki_der()).unwrap()
}

fn serial() -> Serial {
    let mut random = [0; 16];
    getrandom::fill(&mut random).unwrap();
    Serial::new(now(), random)
}

impl Ca {
    pub fn new(common_name: &str) -> Self {
        let key = new_key();
        let subject =
            Subject { common_name: common_name.to_owned(), organization: None, organizational_unit: None };
        let validity = Validity { not_before: now() - days(3000), not_after: now() + days(9000) };
        let template = Template::Root { subject: &subject };
        let planned = plan(template, SigningIssuer::SelfSigned, &public(&key), serial(), validity).unwrap();
        let signature = key.sign(planned.to_be_signed()).unwrap();
        let issuer = Issuer::from_der(&planned.assemble(&signature).unwrap()).unwrap();
        Self { key, issuer: Rc::new(issuer) }
    }

    pub fn certificate(&self) -> &[u8] {
        self.issuer.certificate_der()
    }

    pub fn client(
        &self,
        key: &PrivateKey,
        common_name: &str,
        organization: Option<&str>,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Vec<u8> {
        let subject = subject(common_name, organization);
        self.sign(Template::Client { subject: &subject }, &public(key), Validity { not_before, not_after })
    }

    fn sign(&self, template: Template<'_>, key: &PublicKey, validity: Validity) -> Vec<u8> {
        let planned = plan(template, SigningIssuer::Issuer(&self.issuer), key, serial(), validity).unwrap();
        let signature = self.key.sign(planned.to_be_signed()).unwrap();
        planned.assemble(&signature).unwrap()
    }
}

fn subject(common_name: &str, organization: Option<&str>) -> Subject {
    Subject {
        common_name: common_name.to_owned(),
        organization: organization.map(str::to_owned),
        organizational_unit: None,
    }
}

/// What the server sends instead of a good certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sends {
    #[default]
    Good,
    OtherCommonName,
    OtherOrganization,
    OtherKey,
    Expired,
    FromTheFuture,
    EndsBeforeTheOld,
    ForServers,
    OfAForeignCa,
    WrongPassword,
    HalfABundle,
}

/// What happened at the server, shared by all its conversations.
#[derive(Debug, Default)]
pub struct Record {
    pub issued: Vec<Vec<u8>>,
    pub trials: usize,
    pub asked: usize,
    pub confirmed: Vec<Vec<u8>>,
    /// Recovery codes that were tried.
    pub codes: Vec<String>,
}

/// What a code was exchanged for: the key's fingerprint, and the certificate.
type Redeemed = ([u8; 32], Vec<u8>);

/// How the server behaves. Errors are used up, one a call.
#[derive(Clone, Default)]
pub struct Script {
    pub est: bool,
    pub sends: Sends,
    /// What `GET /api/cert` answers; a server of today has no such request.
    pub status: Rc<RefCell<Option<CertificateStatus>>>,
    pub status_fails: Rc<RefCell<Vec<DoorError>>>,
    /// The application's service answers nobody.
    pub service_silent: bool,
    pub request_fails: Rc<RefCell<Vec<DoorError>>>,
    pub trial_fails: Rc<RefCell<Vec<DoorError>>>,
    pub confirm_fails: Rc<RefCell<Vec<DoorError>>>,
    /// Recovery codes that were issued, and what they were exchanged for: a key and its certificate.
    pub codes: Rc<RefCell<BTreeMap<String, Option<Redeemed>>>>,
    /// After the code was exchanged.
    pub reply_lost: Rc<RefCell<Vec<DoorError>>>,
}

impl Script {
    /// What a server says to a code, in the words of the test.
    pub fn refusal(&self, code: ProblemCode) -> DoorError {
        let problem = Problem {
            type_uri: code.type_uri(),
            title: format!("サーバーの言葉：{}", code.as_str()),
            status: code.status(),
            detail: "対処".to_owned(),
            code: code.as_str().to_owned(),
            opens_at: None,
            incident: None,
        };
        DoorError::Refused { status: code.status(), problem: Some(Box::new(problem)), retry_after: None }
    }
}

pub struct ScriptedServer {
    ca: Ca,
    pub script: Script,
    pub record: Rc<RefCell<Record>>,
}

impl ScriptedServer {
    pub fn new(ca: &Ca, script: Script) -> Self {
        Self { ca: ca.clone(), script, record: Rc::default() }
    }

    pub fn est(ca: &Ca) -> Self {
        Self::new(ca, Script { est: true, ..Script::default() })
    }

    pub fn legacy(ca: &Ca) -> Self {
        Self::new(ca, Script::default())
    }

    pub fn issued(&self) -> usize {
        self.record.borrow().issued.len()
    }
}

impl Network for ScriptedServer {
    fn talk(
        &self,
        base: &str,
        trust: &Trust,
        credential: &Credential,
    ) -> Result<Box<dyn Conversation>, DoorError> {
        assert_eq!(base, "https://auth.test.example");
        assert!(trust.anchors_der.iter().any(|der| der == self.ca.certificate()), "the CA is not pinned");
        Ok(Box::new(Talk {
            ca: self.ca.clone(),
            script: self.script.clone(),
            record: Rc::clone(&self.record),
            caller: credential.certificate.clone(),
        }))
    }

    fn greet(&self, base: &str, trust: &Trust) -> Result<Box<dyn Conversation>, DoorError> {
        let key = new_key();
        let name = self.ca.client(&key, "client001", Some("ひまわり医院"), now() - days(1), now() + days(1));
        let certificate = CertificateFacts::from_der(&name).unwrap();
        self.talk(base, trust, &Credential { key, certificate, chain_der: Vec::new() })
    }

    fn claimed_authorities(&self, base: &str) -> Result<Vec<Vec<u8>>, DoorError> {
        assert_eq!(base, "https://auth.test.example");
        Ok(vec![self.ca.certificate().to_vec()])
    }
}

struct Talk {
    ca: Ca,
    script: Script,
    record: Rc<RefCell<Record>>,
    caller: CertificateFacts,
}

impl Talk {
    fn certificate(&self, key: &PublicKey) -> Vec<u8> {
        let mut common_name = self.caller.common_name.as_str();
        let mut organization = self.caller.organization.as_deref();
        let not_after = (now() + days(1096)).max(self.caller.not_after + days(1));
        let mut validity = Validity { not_before: now() - days(1), not_after };
        let mut ca = self.ca.clone();
        match self.script.sends {
            Sends::OtherCommonName => common_name = "client999",
            Sends::OtherOrganization => organization = Some("ほかの医院"),
            Sends::Expired => validity = Validity { not_before: now() - days(9), not_after: now() - days(1) },
            Sends::FromTheFuture => validity.not_before = now() + days(1),
            Sends::EndsBeforeTheOld => validity.not_after = self.caller.not_after - days(1),
            Sends::OfAForeignCa => ca = Ca::new("Foreign CA"),
            _ => {}
        }
        let subject = subject(common_name, organization);
        let names = ["client001.test.example".to_owned()];
        let template = match self.script.sends {
            Sends::ForServers => Template::Server { dns_names: &names, ip_addresses: &[], subject: &subject },
            _ => Template::Client { subject: &subject },
        };
        let other = public(&new_key());
        let key = if self.script.sends == Sends::OtherKey { &other } else { key };
        let der = ca.sign(template, key, validity);
        self.record.borrow_mut().issued.push(der.clone());
        der
    }

    fn fail(errors: &RefCell<Vec<DoorError>>) -> Result<(), DoorError> {
        errors.borrow_mut().pop().map_or(Ok(()), Err)
    }
}

impl Conversation for Talk {
    fn est_available(&self) -> Result<bool, DoorError> {
        Ok(self.script.est)
    }

    fn csr_attributes(&self) -> Result<Option<KeyAlgorithm>, DoorError> {
        Ok(None)
    }

    fn cacerts(&self) -> Result<Vec<Vec<u8>>, DoorError> {
        Ok(vec![self.ca.certificate().to_vec()])
    }

    fn reenroll(&self, csr_der: &[u8]) -> Result<Vec<Vec<u8>>, DoorError> {
        Self::fail(&self.script.request_fails)?;
        let request = read_csr(csr_der).unwrap();
        assert_eq!(request.common_name.as_deref(), Some(self.caller.common_name.as_str()));
        assert_eq!(request.organization, self.caller.organization);
        Ok(vec![self.certificate(&request.public_key)])
    }

    fn enroll(&self, csr_der: &[u8], code: &RecoveryCode) -> Result<Vec<Vec<u8>>, DoorError> {
        Self::fail(&self.script.request_fails)?;
        let written = code.written().to_string();
        self.record.borrow_mut().codes.push(written.clone());
        let request = read_csr(csr_der).unwrap();
        let mut given = self.script.codes.borrow_mut();
        let Some(good) = given.get_mut(&written) else {
            return Err(self.script.refusal(ProblemCode::RecoveryCodeWrong));
        };
        // For the same key the same certificate, for another none.
        let (key, der) = good
            .get_or_insert_with(|| (request.public_key.fingerprint(), self.certificate(&request.public_key)));
        if *key != request.public_key.fingerprint() {
            return Err(self.script.refusal(ProblemCode::RecoveryCodeUsed));
        }
        let answer = vec![der.clone()];
        drop(given);
        Self::fail(&self.script.reply_lost)?;
        Ok(answer)
    }

    fn legacy_renew(&self) -> Result<LegacyBundle, DoorError> {
        Self::fail(&self.script.request_fails)?;
        let key = new_key();
        let certificate_der = self.certificate(&public(&key));
        // PKCS#12 cannot even be written with a certificate of another key.
        let sealed = if self.script.sends == Sends::OtherKey {
            self.ca.client(&key, "client001", None, now() - days(1), now() + days(1))
        } else {
            certificate_der
        };
        let contents = BundleContents {
            friendly_name: "client001",
            key: &key,
            certificate_der: &sealed,
            chain_der: &[self.ca.certificate().to_vec()],
        };
        let password = "fromtheserver";
        let mut pkcs12 =
            Zeroizing::new(write_pkcs12(&contents, BundleProfile::Compatible, 1, password).unwrap().to_vec());
        if self.script.sends == Sends::HalfABundle {
            let half = pkcs12.len() / 2;
            pkcs12.truncate(half);
        }
        let told = if self.script.sends == Sends::WrongPassword { "another" } else { password };
        Ok(LegacyBundle { pkcs12, password: SecretString::from(told) })
    }

    fn trial(&self, service_url: Option<&str>, old: &Credential) -> Result<Trial, DoorError> {
        assert_ne!(self.caller.der, old.certificate.der, "the trial is made with the new certificate");
        Self::fail(&self.script.trial_fails)?;
        self.record.borrow_mut().trials += 1;
        if self.script.service_silent {
            let (host, why) = ("sms.test.example".to_owned(), "connection refused".to_owned());
            let service = ServiceTrial::Inconclusive { host, why };
            return Ok(Trial { renewal_host_confirmed: true, service });
        }
        let service = service_url.map_or(ServiceTrial::NotTried, |_| ServiceTrial::Same { status: 200 });
        Ok(Trial { renewal_host_confirmed: true, service })
    }

    fn status(&self) -> Result<Option<CertificateStatus>, DoorError> {
        self.record.borrow_mut().asked += 1;
        Self::fail(&self.script.status_fails)?;
        Ok(self.script.status.borrow().clone())
    }

    fn confirm(&self) -> Result<(), DoorError> {
        Self::fail(&self.script.confirm_fails)?;
        self.record.borrow_mut().confirmed.push(self.caller.der.clone());
        Ok(())
    }
}
