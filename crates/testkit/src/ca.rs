//! Certificates that no Koshin server issued, for tests of what must be refused.

use std::path::Path;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate with its chain, and the key.
#[derive(Debug)]
pub struct Identity {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// PKCS#8.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl Identity {
    /// The chain and the key as PEM, for programs that take files.
    pub fn to_pem(&self) -> (String, String) {
        let chain = self.chain.iter().map(|der| koshin_issuance::certificate_to_pem(der)).collect();
        (chain, rcgen_key(&self.key).serialize_pem())
    }
}

/// What a certificate of [`TestCa`] says.
#[derive(Debug, Clone)]
pub struct LeafOptions {
    /// Common name.
    pub common_name: String,
    /// Extended key usages; empty for no such extension.
    pub usages: Vec<ExtendedKeyUsagePurpose>,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// Last instant of validity.
    pub not_after: Timestamp,
    /// Names of a server.
    pub names: Vec<String>,
}

impl LeafOptions {
    /// A client certificate from yesterday to a year ahead.
    pub fn client(common_name: &str) -> Self {
        let day = SignedDuration::from_hours(24);
        Self {
            common_name: common_name.into(),
            usages: vec![ExtendedKeyUsagePurpose::ClientAuth],
            not_before: Timestamp::now() - day,
            not_after: Timestamp::now() + day * 365,
            names: Vec::new(),
        }
    }

    /// The same for a server that is reached as `name`.
    pub fn server(name: &str) -> Self {
        let usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Self { usages, names: vec![name.into()], ..Self::client(name) }
    }
}

/// A CA of the test's own.
#[derive(Debug)]
pub struct TestCa {
    issuer: rcgen::Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl TestCa {
    /// A new root that nobody trusts yet.
    ///
    /// # Panics
    /// When the library fails.
    pub fn new(common_name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = instant(Timestamp::now() - SignedDuration::from_hours(24));
        params.not_after = instant(Timestamp::now() + SignedDuration::from_hours(24 * 3650));
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a root").der().clone();
        Self { issuer: rcgen::Issuer::new(params, key), certificate }
    }

    /// The CA whose certificate and key (PEM, unencrypted) lie in these files, to sign what
    /// the server that owns it would never sign.
    ///
    /// # Panics
    /// When the files cannot be read.
    pub fn stolen(certificate: &Path, key: &Path) -> Self {
        let read =
            |path: &Path| std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut certificates =
            koshin_issuance::certificates_from_pem(&read(certificate)).expect("a certificate");
        let certificate = CertificateDer::from(certificates.remove(0));
        let key = koshin_issuance::read_private_key_pem(&read(key), None).expect("an unencrypted key");
        let key = KeyPair::try_from(key.pkcs8_der()).expect("a key that rcgen knows");
        let issuer = rcgen::Issuer::from_ca_cert_der(&certificate, key).expect("a CA certificate");
        Self { issuer, certificate }
    }

    /// The CA's own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The CA's own certificate as PEM.
    pub fn certificate_pem(&self) -> String {
        koshin_issuance::certificate_to_pem(&self.certificate)
    }

    /// A new P-256 key and a certificate for it.
    ///
    /// # Panics
    /// When the library fails.
    pub fn issue(&self, options: &LeafOptions) -> Identity {
        let key = KeyPair::generate().expect("a key");
        self.certify(options, key)
    }

    /// A certificate for this key.
    ///
    /// # Panics
    /// When the library fails.
    pub fn certify(&self, options: &LeafOptions, key: KeyPair) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, options.common_name.as_str());
        params.not_before = instant(options.not_before);
        params.not_after = instant(options.not_after);
        params.extended_key_usages.clone_from(&options.usages);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = options.names.iter().map(|name| alternative_name(name)).collect();
        let leaf = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity {
            chain: vec![leaf.der().clone(), self.certificate.clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }
}

fn alternative_name(name: &str) -> SanType {
    match name.parse() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.try_into().expect("an ASCII name")),
    }
}

/// rcgen's time, without naming its time library.
fn instant<T: From<SystemTime>>(at: Timestamp) -> T {
    SystemTime::from(at).into()
}

fn rcgen_key(key: &PrivateKeyDer<'static>) -> KeyPair {
    KeyPair::try_from(key).expect("a key that rcgen knows")
}
