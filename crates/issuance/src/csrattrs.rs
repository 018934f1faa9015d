//! The CSR attributes of EST (RFC 7030 section 4.5.2): how the server tells a device what key to make.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, SliceReader, Tag};

use crate::asn1::{element, tag};
use crate::key::{CURVE_P256, CURVE_P384, EC_PUBLIC_KEY, KeyAlgorithm, RSA_ENCRYPTION};

const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// Why CSR attributes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrAttributesError {
    /// Not a CsrAttrs in DER.
    #[error("the CSR attributes cannot be read: {0}")]
    Malformed(#[from] der::Error),
    /// The server wants a key that we cannot make.
    #[error("the server wants a kind of key that is not supported: {0}")]
    Unsupported(String),
}

/// CsrAttrs that ask for one kind of key, and a signature that goes with it.
pub fn csr_attributes(wanted: KeyAlgorithm) -> Vec<u8> {
    let (key_type, value, signature) = match wanted {
        KeyAlgorithm::P256 => (EC_PUBLIC_KEY, encoded(&CURVE_P256), ECDSA_SHA256),
        KeyAlgorithm::P384 => (EC_PUBLIC_KEY, encoded(&CURVE_P384), ECDSA_SHA384),
        KeyAlgorithm::Rsa { bits } => (RSA_ENCRYPTION, encoded(&bits), RSA_SHA256),
    };
    let values = element(tag::SET, &[&value]);
    let attribute = element(tag::SEQUENCE, &[&encoded(&key_type), &values]);
    element(tag::SEQUENCE, &[&attribute, &encoded(&signature)])
}

/// Reads which kind of key the server asks for. `None`: it does not mind. Attributes about anything else are passed over,
/// as RFC 7030 wants it.
///
/// # Errors
/// Bytes that are not CsrAttrs; a kind of key other than RSA with a size, P-256 and P-384.
pub fn read_csr_attributes(der: &[u8]) -> Result<Option<KeyAlgorithm>, CsrAttributesError> {
    let mut reader = SliceReader::new(der)?;
    let wanted = reader.sequence(|entries| {
        let mut wanted = None;
        while !entries.is_finished() {
            if Tag::peek(entries)? == Tag::Sequence {
                wanted = wanted.or(read_attribute(entries)?);
            } else {
                entries.decode::<ObjectIdentifier>()?;
            }
        }
        Ok::<_, CsrAttributesError>(wanted)
    })?;
    reader.finish()?;
    Ok(wanted)
}

/// Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET SIZE(1..MAX) OF ANY }
fn read_attribute(entries: &mut SliceReader<'_>) -> Result<Option<KeyAlgorithm>, CsrAttributesError> {
    let (kind, values) = entries.sequence(|attribute| {
        Ok::<_, der::Error>((attribute.decode::<ObjectIdentifier>()?, AnyRef::decode(attribute)?))
    })?;
    if kind != EC_PUBLIC_KEY && kind != RSA_ENCRYPTION {
        return Ok(None);
    }
    if values.header().tag() != Tag::Set {
        return Err(der::Error::from(Tag::Set.value_error()).into());
    }
    // A server that offers several has them in no order; the first is as good as any.
    let mut values = SliceReader::new(values.value())?;
    if kind == RSA_ENCRYPTION {
        let bits = u32::decode(&mut values)?;
        return Ok(Some(KeyAlgorithm::Rsa { bits }));
    }
    match values.decode::<ObjectIdentifier>()? {
        CURVE_P256 => Ok(Some(KeyAlgorithm::P256)),
        CURVE_P384 => Ok(Some(KeyAlgorithm::P384)),
        other => Err(CsrAttributesError::Unsupported(format!("elliptic curve {other}"))),
    }
}

fn encoded(value: &impl Encode) -> Vec<u8> {
    value.to_der().expect("an object identifier or a small number always encodes")
}
