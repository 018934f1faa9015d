//! Private keys in memory: held once, shown nowhere, wiped when dropped.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use der::Decode;
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use crate::facts::CertificateFacts;
use crate::key::{KeyAlgorithm, ParsedSpki, spki_sha256};

/// A private key: RSA (2048 bits and more), P-256 or P-384.
///
/// `Debug` shows the kind of key only, and the bytes are wiped when the last clone is dropped.
#[derive(Clone)]
pub struct PrivateKey {
    algorithm: KeyAlgorithm,
    /// Ready to sign; missing in a key that was put to rest, until it signs.
    pair: Arc<OnceLock<Pair>>,
    pkcs8_der: Arc<Zeroizing<Vec<u8>>>,
    spki_der: Vec<u8>,
    /// Where the public key's bits begin in `spki_der`, which ends with them.
    bits_at: usize,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// Why bytes are not a private key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// The key is encrypted and no password was given.
    #[error("the private key is encrypted and needs a password")]
    PasswordRequired,
    /// The password does not open the key.
    #[error("the password of the private key is wrong")]
    WrongPassword,
    /// No private key in these bytes, or a damaged one.
    #[error("no private key can be read here: {detail}")]
    NotAPrivateKey {
        /// What was found instead.
        detail: String,
    },
    /// A private key, but of a kind, or encrypted in a way, that is not supported.
    #[error("this kind of private key is not supported: {what}")]
    Unsupported {
        /// The algorithm.
        what: String,
    },
}

/// The cryptographic library refused to sign: it is out of memory or of randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing with the private key failed")]
pub struct SigningError;

impl PrivateKey {
    /// Reads an unencrypted private key in DER: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2) or SEC 1 (RFC 5915).
    /// Whatever comes in, [`PrivateKey::pkcs8_der`] is PKCS#8 version 1.
    ///
    /// # Errors
    /// [`PrivateKeyError::NotAPrivateKey`], or [`PrivateKeyError::Unsupported`] for a sound key of another kind.
    pub fn from_pkcs8_der(der: Zeroizing<Vec<u8>>) -> Result<Self, PrivateKeyError> {
        let pair = Pair::read(&der).ok_or_else(|| diagnose(&der))?;
        let lost =
            |_| PrivateKeyError::NotAPrivateKey { detail: "the key cannot be encoded again".to_owned() };
        let pkcs8_der = pair.pkcs8().map_err(lost)?;
        let spki_der = pair.spki().map_err(lost)?;
        let parsed = ParsedSpki::read(&spki_der)
            .map_err(|error| PrivateKeyError::Unsupported { what: error.to_string() })?;
        let (algorithm, bits_at) = (parsed.algorithm, spki_der.len() - parsed.key_bits().len());
        let (pair, pkcs8_der) = (Arc::new(OnceLock::from(pair)), Arc::new(pkcs8_der));
        Ok(Self { algorithm, pair, pkcs8_der, spki_der, bits_at })
    }

    /// The same key without what only signing needs: two kilobytes instead of seven for RSA-2048. For keys that wait
    /// to be handed out. Should it sign after all, it is read again, once.
    #[must_use]
    pub fn at_rest(self) -> Self {
        Self { pair: Arc::default(), ..self }
    }

    /// The key as PKCS#8 version 1, unencrypted.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8_der
    }

    /// The SubjectPublicKeyInfo of the public half.
    pub fn public_key_spki_der(&self) -> Vec<u8> {
        self.spki_der.clone()
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Whether the certificate was issued for this key.
    pub fn matches(&self, certificate: &CertificateFacts) -> bool {
        spki_sha256(&self.spki_der) == certificate.spki_sha256
    }

    /// Signs with [`crate::SignatureAlgorithm::for_key`]: ECDSA in DER, or RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// # Errors
    /// Only when the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = SystemRandom::new();
        match self.pair()? {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| SigningError)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&random, message).map_err(|_| SigningError)?.as_ref().to_vec()),
        }
    }

    /// The content of the public key's BIT STRING.
    pub(crate) fn public_key_bits(&self) -> &[u8] {
        &self.spki_der[self.bits_at..]
    }

    fn pair(&self) -> Result<&Pair, SigningError> {
        if let Some(pair) = self.pair.get() {
            return Ok(pair);
        }
        let pair = Pair::read(&self.pkcs8_der).ok_or(SigningError)?;
        Ok(self.pair.get_or_init(|| pair))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, [redacted])", self.algorithm)
    }
}

impl Pair {
    fn read(der: &[u8]) -> Option<Self> {
        let rsa = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
        if let Ok(pair) = rsa {
            return Some(Self::Rsa(pair));
        }
        EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der)
            .or_else(|_| EcdsaKeyPair::from_private_key_der(&ECDSA_P384_SHA384_ASN1_SIGNING, der))
            .ok()
            .map(Self::Ec)
    }

    fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, aws_lc_rs::error::Unspecified> {
        Ok(Zeroizing::new(match self {
            Self::Rsa(pair) => pair.as_der()?.as_ref().to_vec(),
            Self::Ec(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
        }))
    }

    fn spki(&self) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        Ok(match self {
            Self::Rsa(pair) => pair.public_key().as_der()?.as_ref().to_vec(),
            Self::Ec(pair) => pair.public_key().as_der()?.as_ref().to_vec(),
        })
    }
}

/// A sound PKCS#8 key that none of the readers took is of another kind; anything else is no key.
fn diagnose(der: &[u8]) -> PrivateKeyError {
    match PrivateKeyInfoRef::from_der(der) {
        Ok(info) => PrivateKeyError::Unsupported {
            what: format!(
                "algorithm {}: supported are RSA from 2048 bits, P-256 and P-384, in a consistent key",
                info.algorithm.oid
            ),
        },
        Err(error) => PrivateKeyError::NotAPrivateKey { detail: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
    use zeroize::ZeroizeOnDrop;

    /// Only compiles for what is wiped. The pair itself lies in the library's memory, which wipes whatever it frees.
    fn is_wiped_when_dropped<T: ZeroizeOnDrop>(_: &T) {}

    #[test]
    fn a_key_is_wiped_and_not_shown() {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        let der = Zeroizing::new(pair.expect("a key").as_ref().to_vec());
        let key = PrivateKey::from_pkcs8_der(der).expect("our own key");
        is_wiped_when_dropped(&*key.pkcs8_der);
        assert_eq!(format!("{key:?}"), "PrivateKey(p-256, [redacted])");
    }

    #[test]
    fn a_key_at_rest_is_the_same_key_and_can_still_sign() {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        let der = Zeroizing::new(pair.expect("a key").as_ref().to_vec());
        let key = PrivateKey::from_pkcs8_der(der).expect("our own key");
        let at_rest = key.clone().at_rest();
        assert!(key.pair.get().is_some() && at_rest.pair.get().is_none());
        assert_eq!(at_rest.pkcs8_der(), key.pkcs8_der());
        assert_eq!(at_rest.public_key_bits(), key.public_key_bits());

        let signature = at_rest.sign(b"message").expect("a signature");
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key_bits());
        public.verify(b"message", &signature).expect("the key's own signature");
    }
}
