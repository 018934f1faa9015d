//! A small certificate authority out of fixed keys, and a way to run `openssl`.

use std::process::{Command, Output};

use jiff::Timestamp;
use koshin_issuance::{
    IssuancePlan, Issuer, PrivateKey, PublicKey, Serial, SigningIssuer, Subject, Template, Validity, plan,
    read_private_key_pem,
};

/// A directory of its own for each test, in which `openssl` finds its files.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    #[expect(clippy::disallowed_methods, reason = "a torn file in a test's own directory hurts nobody")]
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(name)).unwrap()
    }

    /// Runs `openssl` and returns what it says, whatever the exit status.
    pub(crate) fn openssl_output(&self, args: &[&str]) -> Output {
        let openssl = Command::new("openssl").args(args).current_dir(self.0.path()).output();
        openssl.expect("the tests need the openssl command")
    }

    /// Runs `openssl`, which must succeed, and returns its standard output.
    pub(crate) fn openssl(&self, args: &[&str]) -> String {
        let output = self.openssl_output(args);
        assert!(
            output.status.success(),
            "openssl {}\n{}{}",
            args.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

macro_rules! fixture_key {
    ($name:literal) => {
        crate::support::key(include_bytes!(concat!("../fixtures/", $name, ".key.pem")))
    };
}
pub(crate) use fixture_key;

pub(crate) fn key(pem: &[u8]) -> PrivateKey {
    read_private_key_pem(pem, None).unwrap()
}

pub(crate) fn public(key: &PrivateKey) -> PublicKey {
    PublicKey::from_spki_der(&key.public_key_spki_der()).unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn serial(number: u8) -> Serial {
    Serial::new(Timestamp::UNIX_EPOCH, [number; 16])
}

pub(crate) fn subject(common_name: &str) -> Subject {
    Subject {
        common_name: common_name.to_owned(),
        organization: Some("さくら医院".to_owned()),
        organizational_unit: None,
    }
}

pub(crate) const THREE_YEARS: (&str, &str) = ("2026-11-22T00:00:00Z", "2029-11-22T00:00:00Z");

pub(crate) fn validity((not_before, not_after): (&str, &str)) -> Validity {
    Validity { not_before: time(not_before), not_after: time(not_after) }
}

/// Signs a plan as the server does.
pub(crate) fn sign(plan: IssuancePlan, issuer_key: &PrivateKey) -> Vec<u8> {
    let signature = issuer_key.sign(plan.to_be_signed()).unwrap();
    plan.assemble(&signature).unwrap()
}

/// A root and an issuing CA below it.
pub(crate) struct TestCa {
    pub(crate) root: Issuer,
    pub(crate) issuing: Issuer,
    pub(crate) issuing_key: PrivateKey,
}

impl TestCa {
    /// The root is always P-256; the issuing CA has the given key.
    pub(crate) fn new(issuing_key: PrivateKey) -> Self {
        let root_key = fixture_key!("root-p256");
        let twenty_years = validity(("2026-11-22T00:00:00Z", "2046-11-22T00:00:00Z"));
        let root_plan = plan(
            Template::Root { subject: &subject("Test Root") },
            SigningIssuer::SelfSigned,
            &public(&root_key),
            serial(1),
            twenty_years,
        );
        let root = Issuer::from_der(&sign(root_plan.unwrap(), &root_key)).unwrap();
        let issuing_plan = plan(
            Template::IssuingCa { subject: &subject("Test Issuing") },
            SigningIssuer::Issuer(&root),
            &public(&issuing_key),
            serial(2),
            validity(("2026-11-22T00:00:00Z", "2041-11-22T00:00:00Z")),
        );
        let issuing = Issuer::from_der(&sign(issuing_plan.unwrap(), &root_key)).unwrap();
        Self { root, issuing, issuing_key }
    }

    pub(crate) fn p256() -> Self {
        Self::new(fixture_key!("issuing-p256"))
    }

    pub(crate) fn rsa() -> Self {
        Self::new(fixture_key!("issuing-rsa"))
    }

    /// A client certificate for three years.
    pub(crate) fn client(&self, common_name: &str, key: &PrivateKey) -> Vec<u8> {
        self.issue(Template::Client { subject: &subject(common_name) }, key)
    }

    pub(crate) fn issue(&self, template: Template<'_>, key: &PrivateKey) -> Vec<u8> {
        let issuer = SigningIssuer::Issuer(&self.issuing);
        sign(
            plan(template, issuer, &public(key), serial(3), validity(THREE_YEARS)).unwrap(),
            &self.issuing_key,
        )
    }

    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.issuing.certificate_der().to_vec(), self.root.certificate_der().to_vec()]
    }
}
