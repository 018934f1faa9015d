//! Public keys: what kind they are, and whether a certificate may be issued for them.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ParsedPublicKey};
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Reader, SliceReader};
use pkcs8::spki::SubjectPublicKeyInfoRef;
use sha2::{Digest, Sha256};

use crate::weak_key;

pub(crate) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const CURVE_P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const CURVE_P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// The bounds for an RSA modulus, in bits. The upper one keeps a stranger's request from costing the server time.
pub(crate) const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;

/// The kinds of key that Koshin reads. Which of them may be certified is [`PublicKey`]'s matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of so many bits.
    Rsa {
        /// Length of the modulus in bits.
        bits: u32,
    },
    /// ECDSA on NIST P-256.
    P256,
    /// ECDSA on NIST P-384.
    P384,
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "rsa-{bits}"),
            Self::P256 => f.write_str("p-256"),
            Self::P384 => f.write_str("p-384"),
        }
    }
}

/// Not the name of a kind of key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of key: use `p-256`, `p-384`, `rsa-2048`, `rsa-3072` or `rsa-4096`")]
pub struct UnknownKeyAlgorithm(String);

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    /// Reads the names that `Display` writes. An RSA key may have any number of bits here; which are accepted is
    /// [`PublicKey`]'s matter.
    fn from_str(text: &str) -> Result<Self, UnknownKeyAlgorithm> {
        let unknown = || UnknownKeyAlgorithm(text.to_owned());
        match text {
            "p-256" => Ok(Self::P256),
            "p-384" => Ok(Self::P384),
            _ => {
                let bits = text.strip_prefix("rsa-").ok_or_else(unknown)?;
                Ok(Self::Rsa { bits: bits.parse().map_err(|_| unknown())? })
            }
        }
    }
}

/// Why no certificate is issued for a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRejection {
    /// Not a SubjectPublicKeyInfo in DER.
    #[error("the public key cannot be read: {0}")]
    Malformed(String),
    /// A kind of key other than RSA, P-256 and P-384.
    #[error("the public key is of a kind that is not supported: {0}")]
    Unsupported(String),
    /// Fewer than 2048 bits.
    #[error("the RSA key has {0} bits, at least {min} are needed", min = RSA_BITS.start())]
    RsaTooShort(u32),
    /// More than 4096 bits.
    #[error("the RSA key has {0} bits, at most {max} are accepted", max = RSA_BITS.end())]
    RsaTooLong(u32),
    /// The public exponent is not 65537.
    #[error("the RSA public exponent is not 65537")]
    RsaExponent,
    /// The modulus has a small prime factor: it is not the product of two large primes.
    #[error("the RSA modulus is divisible by {0}")]
    RsaSmallFactor(u32),
    /// CVE-2017-15361.
    #[error("the RSA key was made by a device with the ROCA weakness (CVE-2017-15361)")]
    Roca,
    /// The two primes are so close that Fermat's method factors the modulus.
    #[error("the two primes of the RSA key are too close to each other")]
    ClosePrimes,
}

/// A public key that has passed every check: a certificate may be issued for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    spki_der: Vec<u8>,
    key_bits: Vec<u8>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) and checks the key: RSA of 2048 to 4096 bits with
    /// exponent 65537 that is not weak (ROCA, close primes, small factors), P-256, or P-384 with an uncompressed point
    /// on the curve.
    ///
    /// Only the one canonical encoding is accepted, so that [`PublicKey::fingerprint`] finds a key that was used before.
    ///
    /// # Errors
    /// The reason for the refusal.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyRejection> {
        let parsed = ParsedSpki::read(der)?;
        if let Some(rsa) = &parsed.rsa {
            check_rsa(rsa, parsed.algorithm)?;
        }
        Ok(Self { algorithm: parsed.algorithm, spki_der: der.to_vec(), key_bits: parsed.key_bits.to_vec() })
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The subject key identifier: the leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093 section 2, method 1).
    pub(crate) fn key_identifier(&self) -> Vec<u8> {
        Sha256::digest(&self.key_bits)[..20].to_vec()
    }

    /// The SubjectPublicKeyInfo as it goes into the certificate.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the same key has the same fingerprint in every certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        spki_sha256(&self.spki_der)
    }

    /// The content of the BIT STRING: RSAPublicKey or the point, as verification functions want it.
    pub(crate) fn key_bits(&self) -> &[u8] {
        &self.key_bits
    }
}

pub(crate) fn spki_sha256(spki_der: &[u8]) -> [u8; 32] {
    Sha256::digest(spki_der).into()
}

fn check_rsa(rsa: &RsaNumbers<'_>, algorithm: KeyAlgorithm) -> Result<(), KeyRejection> {
    if let KeyAlgorithm::Rsa { bits } = algorithm {
        if bits < *RSA_BITS.start() {
            return Err(KeyRejection::RsaTooShort(bits));
        }
        if bits > *RSA_BITS.end() {
            return Err(KeyRejection::RsaTooLong(bits));
        }
    }
    if rsa.exponent != [1, 0, 1] {
        return Err(KeyRejection::RsaExponent);
    }
    weak_key::check_modulus(rsa.modulus)
}

/// The two numbers of an RSAPublicKey (RFC 8017 A.1.1), big-endian without leading zeros.
pub(crate) struct RsaNumbers<'a> {
    modulus: &'a [u8],
    exponent: &'a [u8],
}

/// A SubjectPublicKeyInfo taken apart, before any judgement about its strength.
pub(crate) struct ParsedSpki<'a> {
    pub(crate) algorithm: KeyAlgorithm,
    key_bits: &'a [u8],
    rsa: Option<RsaNumbers<'a>>,
}

impl<'a> ParsedSpki<'a> {
    /// The content of the BIT STRING, with which the structure ends.
    pub(crate) fn key_bits(&self) -> &'a [u8] {
        self.key_bits
    }

    pub(crate) fn read(der: &'a [u8]) -> Result<Self, KeyRejection> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed)?;
        let key_bits = spki
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| KeyRejection::Malformed("the key does not end on a byte".to_owned()))?;
        let parameters = spki.algorithm.parameters;
        match spki.algorithm.oid {
            RSA_ENCRYPTION => {
                if !parameters.is_some_and(|any| any.is_null()) {
                    return Err(KeyRejection::Malformed(
                        "the parameters of an RSA key must be NULL".to_owned(),
                    ));
                }
                Self::rsa(key_bits)
            }
            EC_PUBLIC_KEY => {
                let curve =
                    parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok()).ok_or_else(|| {
                        KeyRejection::Unsupported("an elliptic curve without a name".to_owned())
                    })?;
                Self::elliptic(curve, key_bits)
            }
            other => Err(KeyRejection::Unsupported(format!("algorithm {other}"))),
        }
    }

    fn rsa(key_bits: &'a [u8]) -> Result<Self, KeyRejection> {
        let mut reader = SliceReader::new(key_bits).map_err(malformed)?;
        let numbers = reader.sequence(|numbers| -> der::Result<_> {
            Ok((numbers.decode::<UintRef<'a>>()?.as_bytes(), numbers.decode::<UintRef<'a>>()?.as_bytes()))
        });
        let (modulus, exponent) = numbers.map_err(malformed)?;
        reader.finish().map_err(malformed)?;
        let bits = bit_length(modulus);
        Ok(Self {
            algorithm: KeyAlgorithm::Rsa { bits },
            key_bits,
            rsa: Some(RsaNumbers { modulus, exponent }),
        })
    }

    fn elliptic(curve: ObjectIdentifier, key_bits: &'a [u8]) -> Result<Self, KeyRejection> {
        let (algorithm, verification, length) = match curve {
            CURVE_P256 => (KeyAlgorithm::P256, &ECDSA_P256_SHA256_ASN1, 65),
            CURVE_P384 => (KeyAlgorithm::P384, &ECDSA_P384_SHA384_ASN1, 97),
            other => return Err(KeyRejection::Unsupported(format!("elliptic curve {other}"))),
        };
        if key_bits.len() != length || key_bits.first() != Some(&0x04) {
            return Err(KeyRejection::Unsupported(format!(
                "a {algorithm} key that is not an uncompressed point"
            )));
        }
        ParsedPublicKey::new(verification, key_bits)
            .map_err(|_| KeyRejection::Malformed(format!("the point is not on the curve {algorithm}")))?;
        Ok(Self { algorithm, key_bits, rsa: None })
    }
}

fn bit_length(big_endian: &[u8]) -> u32 {
    let leading = big_endian.first().map_or(0, |byte| byte.leading_zeros());
    (big_endian.len() as u32 * 8).saturating_sub(leading)
}

fn malformed(error: der::Error) -> KeyRejection {
    KeyRejection::Malformed(error.to_string())
}
