//! The one place where the server draws randomness of its own.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use jiff::Timestamp;
use koshin_issuance::{KeyAlgorithm, KeyRejection, PrivateKey, PublicKey, Serial};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// 32 characters that nobody mistakes for each other, each worth five bits.
const UNAMBIGUOUS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
/// 26 characters of five bits: 130 bits, so that a PKCS#12 needs no stretching.
const PASSWORD_LENGTH: usize = 26;
/// 256 bits for a bundle's URI.
const TOKEN_BYTES: usize = 32;

/// A key cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyGenerationError {
    /// The cryptographic library failed.
    #[error("no {0} key could be made: the cryptographic library failed")]
    Library(KeyAlgorithm),
    /// This server makes RSA keys of 2048 and 3072 bits and P-256 keys.
    #[error("keys of kind {0} are not made here: choose rsa-2048, rsa-3072 or p-256")]
    Unsupported(KeyAlgorithm),
    /// What came out is refused by the checks that strangers' keys pass.
    #[error("a key made here was rejected: {0}")]
    Rejected(#[from] KeyRejection),
}

/// A key pair made here whose public half has passed every check: a certificate may be issued for it.
#[derive(Debug)]
pub struct NewKey {
    /// The private key; wiped when dropped.
    pub private: PrivateKey,
    /// Its public half.
    pub public: PublicKey,
}

impl TryFrom<PrivateKey> for NewKey {
    type Error = KeyGenerationError;

    fn try_from(private: PrivateKey) -> Result<Self, KeyGenerationError> {
        Ok(Self { public: PublicKey::from_spki_der(&private.public_key_spki_der())?, private })
    }
}

/// `N` bytes from the operating system's generator.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random generator works");
    bytes
}

/// A fresh serial number for a certificate that is issued now.
pub fn serial(now: Timestamp) -> Serial {
    Serial::new(now, bytes())
}

/// A fresh password of 130 bits in unambiguous ASCII.
pub fn password() -> SecretString {
    let random = Zeroizing::new(bytes::<PASSWORD_LENGTH>());
    let text: String = random.iter().map(|byte| char::from(UNAMBIGUOUS[usize::from(byte % 32)])).collect();
    SecretString::from(text)
}

/// A fresh token of 256 bits, hex: safe in a URI without escapes.
pub fn token() -> SecretString {
    SecretString::from(hex::encode(Zeroizing::new(bytes::<TOKEN_BYTES>())))
}

/// A new private key. RSA-2048 takes 55 ms on the average and up to half a second:
/// never call it on an async thread.
///
/// # Errors
/// When the kind is not made here, or the library fails.
pub fn private_key(algorithm: KeyAlgorithm) -> Result<PrivateKey, KeyGenerationError> {
    let failed = || KeyGenerationError::Library(algorithm);
    let der = match algorithm {
        KeyAlgorithm::Rsa { bits: 2048 } => rsa(KeySize::Rsa2048).ok_or_else(failed)?,
        KeyAlgorithm::Rsa { bits: 3072 } => rsa(KeySize::Rsa3072).ok_or_else(failed)?,
        KeyAlgorithm::P256 => p256().ok_or_else(failed)?,
        other => return Err(KeyGenerationError::Unsupported(other)),
    };
    PrivateKey::from_pkcs8_der(der).map_err(|_| failed())
}

fn rsa(size: KeySize) -> Option<Zeroizing<Vec<u8>>> {
    let pair = aws_lc_rs::rsa::KeyPair::generate(size).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

fn p256() -> Option<Zeroizing<Vec<u8>>> {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).ok()?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::collections::HashSet;

    /// What lets PKCS#12 do with few iterations: docs/decisions/0043.
    #[test]
    fn a_password_has_128_random_bits_and_more() {
        let distinct: HashSet<u8> = UNAMBIGUOUS.iter().copied().collect();
        assert_eq!(distinct.len(), 32, "five bits a character, and no character is likelier than another");
        let password = password();
        assert!(password.expose_secret().len() * 5 >= 128);
        assert!(password.expose_secret().bytes().all(|byte| UNAMBIGUOUS.contains(&byte)));
    }
}
