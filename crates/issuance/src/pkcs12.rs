//! PKCS#12 (RFC 7292): the file that carries a private key, its certificate and the chain to a terminal.

mod ber;

use std::fmt;
use std::str::FromStr;

use der::{Reader, SliceReader, Tag};
use p12_keystore::error::Error as LibraryError;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12Archive, PrivateKeyChain,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::facts::{CertificateError, CertificateFacts};
use crate::private_key::{PrivateKey, PrivateKeyError};

/// What our own reader and others take; more would only cost the terminal time.
const MAX_ITERATIONS: u32 = 1_000_000;

/// Which algorithms protect the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BundleProfile {
    /// PBE-SHA1-3DES for key and certificates, HMAC-SHA-1: opens everywhere, Java 8 and 11 included. Old algorithms, so
    /// the password must carry the strength: at least 128 random bits.
    Compatible,
    /// PBES2 with AES-256 and HMAC-SHA-256: Java from 8u301, OpenSSL, NSS.
    Modern,
}

/// Not the name of a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a PKCS#12 profile: use `compatible` or `modern`")]
pub struct UnknownProfile(String);

impl fmt::Display for BundleProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compatible => "compatible",
            Self::Modern => "modern",
        })
    }
}

impl FromStr for BundleProfile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        match text {
            "compatible" => Ok(Self::Compatible),
            "modern" => Ok(Self::Modern),
            other => Err(UnknownProfile(other.to_owned())),
        }
    }
}

/// What goes into a file.
#[derive(Debug, Clone, Copy)]
pub struct BundleContents<'a> {
    /// The alias that applications show. A character outside the Basic Multilingual Plane becomes U+FFFD, because the
    /// format has no room for it.
    pub friendly_name: &'a str,
    /// The private key of `certificate_der`.
    pub key: &'a PrivateKey,
    /// The terminal's certificate.
    pub certificate_der: &'a [u8],
    /// The CA certificates above it, the nearest first.
    pub chain_der: &'a [Vec<u8>],
}

/// What came out of a file.
#[derive(Debug, Clone)]
pub struct Pkcs12 {
    /// The alias of the key or of its certificate.
    pub friendly_name: Option<String>,
    /// The private key.
    pub key: PrivateKey,
    /// The certificate that belongs to the key.
    pub certificate_der: Vec<u8>,
    /// The other certificates: the issuers of the certificate in order, then whatever else was there.
    pub chain_der: Vec<Vec<u8>>,
}

/// Why a file cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs12Error {
    /// The password does not open the file.
    #[error("the password of the PKCS#12 file is wrong")]
    WrongPassword,
    /// Not PKCS#12 in DER, or cut off.
    #[error("this is not a complete PKCS#12 file: {0}")]
    NotPkcs12(String),
    /// The password opened the file, but what is in it is damaged.
    #[error("the PKCS#12 file is damaged: {0}")]
    Damaged(String),
    /// Certificates only.
    #[error("the PKCS#12 file holds no private key")]
    NoPrivateKey,
    /// No certificate belongs to a key in the file.
    #[error("the PKCS#12 file holds no certificate that belongs to its private key")]
    NoCertificate,
    /// Protected or built in a way that is not supported.
    #[error("the PKCS#12 file uses something that is not supported: {0}")]
    Unsupported(String),
    /// The key in the file cannot be used.
    #[error("the private key in the PKCS#12 file: {0}")]
    Key(#[from] PrivateKeyError),
    /// A certificate to be written cannot be read.
    #[error("a certificate for the PKCS#12 file: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate to be written belongs to another key.
    #[error("the certificate for the PKCS#12 file does not belong to the private key")]
    KeyMismatch,
    /// The format stores passwords as 16-bit characters.
    #[error("the password contains a character that PKCS#12 cannot hold")]
    PasswordCharacters,
    /// Zero, or more than applications accept.
    #[error("{0} iterations are not possible: 1 to {MAX_ITERATIONS}")]
    Iterations(u32),
    /// The library failed to encode.
    #[error("the PKCS#12 file cannot be made: {0}")]
    Encoding(String),
}

/// Writes a file. The salts are drawn from the operating system inside the library; everything else is an argument.
///
/// # Errors
/// A certificate that does not belong to the key, a password outside the Basic Multilingual Plane, a silly number of
/// iterations.
pub fn write_pkcs12(
    contents: &BundleContents<'_>,
    profile: BundleProfile,
    iterations: u32,
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        return Err(Pkcs12Error::Iterations(iterations));
    }
    if password.chars().any(|c| u32::from(c) > 0xffff) {
        return Err(Pkcs12Error::PasswordCharacters);
    }
    if !contents.key.matches(&CertificateFacts::from_der(contents.certificate_der)?) {
        return Err(Pkcs12Error::KeyMismatch);
    }
    let mut store = KeyStore::new();
    let alias: String = contents.friendly_name.chars().map(bmp_or_replacement).collect();
    store.add_entry(&alias, KeyStoreEntry::PrivateKeyChain(key_chain(contents)?));
    write_key_store(&store, profile, iterations, password)
}

/// Writes whatever is in `store`.
pub(crate) fn write_key_store(
    store: &KeyStore,
    profile: BundleProfile,
    iterations: u32,
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
    let (encryption, mac) = match profile {
        BundleProfile::Compatible => {
            (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1)
        }
        BundleProfile::Modern => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
    };
    store
        .writer(password)
        .encryption_algorithm(encryption)
        .encryption_iterations(iterations)
        .mac_algorithm(mac)
        .mac_iterations(iterations)
        .write()
        .map(Zeroizing::new)
        .map_err(|error| Pkcs12Error::Encoding(error.to_string()))
}

pub(crate) fn key_chain(contents: &BundleContents<'_>) -> Result<PrivateKeyChain, Pkcs12Error> {
    let encoding = |error: LibraryError| Pkcs12Error::Encoding(error.to_string());
    let key = p12_keystore::PrivateKey::from_der(contents.key.pkcs8_der()).map_err(encoding)?;
    let ders = std::iter::once(contents.certificate_der).chain(contents.chain_der.iter().map(Vec::as_slice));
    let certificates = ders.map(Certificate::from_der).collect::<Result<Vec<_>, _>>().map_err(encoding)?;
    // Any value that key and certificate share will do.
    let local_key_id = Sha256::digest(contents.certificate_der).to_vec();
    Ok(PrivateKeyChain::new(local_key_id, key, certificates))
}

fn bmp_or_replacement(c: char) -> char {
    if u32::from(c) > 0xffff { char::REPLACEMENT_CHARACTER } else { c }
}

/// Reads a file made by any common program, in DER or in the BER of NSS (Firefox): PBE-SHA1-3DES, PBE-SHA1-RC2-40, PBES2; with or without MAC, localKeyId and
/// friendlyName. The certificate is the one that matches the key; of several, the one that ends last.
///
/// # Errors
/// [`Pkcs12Error::WrongPassword`] is told apart from a damaged file where the file allows it: without a MAC it does not,
/// and a wrong password is the likelier cause.
pub fn read_pkcs12(bytes: &[u8], password: &str) -> Result<Pkcs12, Pkcs12Error> {
    if ber::is_indefinite(bytes) {
        let incomplete = || Pkcs12Error::NotPkcs12("its BER ends early or makes no sense".to_owned());
        return read_pkcs12(&ber::to_der_without_mac(bytes).ok_or_else(incomplete)?, password);
    }
    let has_mac = read_outline(bytes).map_err(|error| Pkcs12Error::NotPkcs12(error.to_string()))?;
    let archive = Pkcs12Archive::from_pkcs12(bytes, password).map_err(|error| explain(error, has_mac))?;
    if archive.keys.is_empty() {
        return Err(Pkcs12Error::NoPrivateKey);
    }
    let certificates: Vec<Candidate> = archive.certs.into_iter().map(Candidate::new).collect();
    let mut unusable = None;
    for bag in &archive.keys {
        let key = match PrivateKey::from_pkcs8_der(Zeroizing::new(bag.key.as_der().to_vec())) {
            Ok(key) => key,
            Err(error) => {
                unusable = Some(error);
                continue;
            }
        };
        if let Some(own) =
            certificates.iter().filter(|one| one.belongs_to(&key)).max_by_key(|one| one.not_after())
        {
            return Ok(Pkcs12 {
                friendly_name: bag.friendly_name.clone().or_else(|| own.friendly_name.clone()),
                certificate_der: own.der.clone(),
                chain_der: chain_above(own, &certificates),
                key,
            });
        }
    }
    Err(unusable.map_or(Pkcs12Error::NoCertificate, Pkcs12Error::Key))
}

/// A certificate in a file; its facts are missing when it is of a kind that Koshin does not read.
struct Candidate {
    der: Vec<u8>,
    friendly_name: Option<String>,
    facts: Option<CertificateFacts>,
}

impl Candidate {
    fn new(bag: p12_keystore::CertificateBag) -> Self {
        let der = bag.cert.as_der().to_vec();
        Self { facts: CertificateFacts::from_der(&der).ok(), friendly_name: bag.friendly_name, der }
    }

    fn belongs_to(&self, key: &PrivateKey) -> bool {
        self.facts.as_ref().is_some_and(|facts| key.matches(facts))
    }

    fn not_after(&self) -> Option<jiff::Timestamp> {
        self.facts.as_ref().map(|facts| facts.not_after)
    }

    fn is_issued_by(&self, other: &Self) -> bool {
        match (&self.facts, &other.facts) {
            (Some(own), Some(other)) => own.issuer_rfc4514() == other.subject_rfc4514(),
            _ => false,
        }
    }
}

/// Issuers in order by name, then the rest; each once.
fn chain_above(leaf: &Candidate, all: &[Candidate]) -> Vec<Vec<u8>> {
    let mut rest: Vec<&Candidate> = Vec::new();
    for candidate in all {
        if candidate.der != leaf.der && !rest.iter().any(|other| other.der == candidate.der) {
            rest.push(candidate);
        }
    }
    let mut chain = Vec::with_capacity(rest.len());
    let mut current = leaf;
    while let Some(position) = rest.iter().position(|candidate| current.is_issued_by(candidate)) {
        current = rest.remove(position);
        chain.push(current.der.clone());
    }
    chain.extend(rest.iter().map(|candidate| candidate.der.clone()));
    chain
}

/// The outermost structure (RFC 7292 section 4): version 3, authSafe, and perhaps a MAC. Returns whether there is one.
fn read_outline(bytes: &[u8]) -> der::Result<bool> {
    let mut reader = SliceReader::new(bytes)?;
    let has_mac = reader.sequence(|pfx| -> der::Result<bool> {
        let version: u8 = pfx.decode()?;
        if version != 3 {
            return Err(Tag::Integer.value_error().into());
        }
        pfx.tlv_bytes()?;
        let has_mac = !pfx.is_finished();
        if has_mac {
            pfx.tlv_bytes()?;
        }
        Ok(has_mac)
    })?;
    reader.finish()?;
    Ok(has_mac)
}

fn explain(error: LibraryError, has_mac: bool) -> Pkcs12Error {
    use LibraryError as E;
    match error {
        E::MacError(_) => Pkcs12Error::WrongPassword,
        E::UnsupportedContentType
        | E::UnsupportedCertificateType
        | E::UnsupportedEncryptionScheme
        | E::UnsupportedMacAlgorithm
        | E::InvalidVersion
        | E::InvalidParameters => Pkcs12Error::Unsupported(error.to_string()),
        // Without a MAC, a wrong password shows as padding or structure that makes no sense.
        other if has_mac => Pkcs12Error::Damaged(other.to_string()),
        _ => Pkcs12Error::WrongPassword,
    }
}
