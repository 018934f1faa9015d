//! What must be random: new keys, new passwords, salts.

use crate::renewal::failure::Failure;
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    },
};
use koshin_issuance::{KeyAlgorithm, PrivateKey};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Characters of a new password: 26 of 32 different ones are 130 bits.
const PASSWORD_LENGTH: usize = 26;
/// No 0/o, 1/l: such passwords are read from one screen and typed at another.
const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// Bytes from the operating system's generator.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Randomness(error.to_string()))?;
    Ok(bytes)
}

/// A new password that people can read aloud, 130 bits strong.
pub(crate) fn password() -> Result<SecretString, Failure> {
    let bytes = Zeroizing::new(random_bytes::<PASSWORD_LENGTH>()?);
    // 256 is a multiple of 32, so that every character is as likely as any other.
    let text: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(SecretString::from(text))
}

/// The kind of key to make: what the server asks for, else one like the old one.
pub(crate) fn algorithm(wanted: Option<KeyAlgorithm>, old: KeyAlgorithm) -> KeyAlgorithm {
    match wanted.unwrap_or(old) {
        KeyAlgorithm::Rsa { bits } if bits > 3072 => KeyAlgorithm::Rsa { bits: 4096 },
        KeyAlgorithm::Rsa { bits } if wanted.is_some() && bits > 2048 => KeyAlgorithm::Rsa { bits: 3072 },
        KeyAlgorithm::Rsa { .. } => KeyAlgorithm::Rsa { bits: 2048 },
        elliptic => elliptic,
    }
}

/// A new key.
pub(crate) fn key(algorithm: KeyAlgorithm) -> Result<PrivateKey, Failure> {
    let der = match algorithm {
        KeyAlgorithm::Rsa { bits } => rsa(bits),
        KeyAlgorithm::P256 => elliptic(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::P384 => elliptic(&ECDSA_P384_SHA384_ASN1_SIGNING),
    };
    let der = der.ok_or_else(|| Failure::Randomness(format!("no {algorithm} key could be made")))?;
    PrivateKey::from_pkcs8_der(der).map_err(Failure::Key)
}

fn rsa(bits: u32) -> Option<Zeroizing<Vec<u8>>> {
    let size = match bits {
        4096 => KeySize::Rsa4096,
        3072 => KeySize::Rsa3072,
        _ => KeySize::Rsa2048,
    };
    let der: Pkcs8V1Der<'static> = KeyPair::generate(size).ok()?.as_der().ok()?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

fn elliptic(curve: &'static EcdsaSigningAlgorithm) -> Option<Zeroizing<Vec<u8>>> {
    let der = EcdsaKeyPair::generate(curve).ok()?.to_pkcs8v1().ok()?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn passwords_are_long_unambiguous_and_different() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.expose_secret().len(), 26);
        assert!(one.expose_secret().bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(one.expose_secret(), other.expose_secret());
    }

    #[test]
    fn the_server_chooses_the_kind_of_key_and_otherwise_it_stays() {
        let rsa = |bits| KeyAlgorithm::Rsa { bits };
        assert_eq!(algorithm(None, KeyAlgorithm::P256), KeyAlgorithm::P256);
        assert_eq!(algorithm(None, rsa(2048)), rsa(2048));
        assert_eq!(algorithm(Some(KeyAlgorithm::P384), rsa(2048)), KeyAlgorithm::P384);
        assert_eq!(algorithm(Some(rsa(3072)), KeyAlgorithm::P256), rsa(3072));
        for wanted in [KeyAlgorithm::P256, KeyAlgorithm::P384, rsa(2048)] {
            assert_eq!(key(wanted).unwrap().algorithm(), wanted);
        }
    }
}
