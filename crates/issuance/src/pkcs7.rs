//! Certificates in a "certs-only" CMS message (RFC 5652 section 5, RFC 7030 section 4.1.3): SignedData that signs nothing.
//!
//! Built by hand around the certificates' own bytes, because a certificate that is decoded and encoded again may come
//! out with another signature input.

use der::asn1::ObjectIdentifier;
use der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber};

use crate::asn1::{element, tag};

const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// Nobody's chain is longer; a reply that claims so is not read to its end.
const MAX_CERTIFICATES: usize = 64;

/// Why a message cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs7Error {
    /// Not a certs-only message in DER, or a damaged one.
    #[error("the PKCS#7 message cannot be read: {0}")]
    Malformed(String),
    /// CMS, but another kind of message.
    #[error("the PKCS#7 message is not SignedData: its type is {0}")]
    NotSignedData(String),
    /// Nothing in it, or nothing to put into it.
    #[error("the PKCS#7 message holds no certificate")]
    NoCertificate,
    /// More than any chain has.
    #[error("the PKCS#7 message holds more than {MAX_CERTIFICATES} certificates")]
    TooMany,
}

impl From<der::Error> for Pkcs7Error {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Wraps certificates (DER). They form a set, so the order is that of their bytes (X.690 section 11.6): the receiver
/// finds its own by its key.
///
/// # Errors
/// No certificates, too many, or something that is not one DER SEQUENCE.
pub fn certs_only(certs: &[&[u8]]) -> Result<Vec<u8>, Pkcs7Error> {
    if certs.is_empty() {
        return Err(Pkcs7Error::NoCertificate);
    }
    if certs.len() > MAX_CERTIFICATES {
        return Err(Pkcs7Error::TooMany);
    }
    for cert in certs {
        let mut reader = SliceReader::new(cert)?;
        expect_sequence(&reader)?;
        reader.tlv_bytes()?;
        reader.finish()?;
    }
    let mut sorted = certs.to_vec();
    sorted.sort_unstable();
    sorted.dedup();

    let version_1 = [0x02, 0x01, 0x01];
    let no_algorithms = element(tag::SET, &[]);
    let no_content = element(tag::SEQUENCE, &[&ID_DATA.to_der()?]);
    let certificates = element(tag::CONTEXT_0, &sorted);
    let no_signers = element(tag::SET, &[]);
    let signed_data =
        element(tag::SEQUENCE, &[&version_1, &no_algorithms, &no_content, &certificates, &no_signers]);
    let content = element(tag::CONTEXT_0, &[&signed_data]);
    Ok(element(tag::SEQUENCE, &[&ID_SIGNED_DATA.to_der()?, &content]))
}

/// Takes the certificates (DER) out, in the order of the message. CRLs and signatures are passed over.
///
/// # Errors
/// Anything that is not one SignedData with at least one X.509 certificate.
pub fn read_certs_only(der: &[u8]) -> Result<Vec<Vec<u8>>, Pkcs7Error> {
    let signed_data = signed_data(der)?;
    let mut reader = SliceReader::new(signed_data)?;
    let certificates = reader.sequence(|fields| -> Result<_, Pkcs7Error> {
        u8::decode(fields)?; // version
        fields.tlv_bytes()?; // digestAlgorithms
        fields.tlv_bytes()?; // encapContentInfo
        let certificates = if Tag::peek(fields)? == CONTEXT_0 { fields.tlv_bytes()? } else { &[] };
        while !fields.is_finished() {
            fields.tlv_bytes()?; // crls, signerInfos
        }
        Ok(certificates)
    })?;
    reader.finish()?;
    let found = if certificates.is_empty() { Vec::new() } else { read_set(certificates)? };
    if found.is_empty() {
        return Err(Pkcs7Error::NoCertificate);
    }
    Ok(found)
}

const CONTEXT_0: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };

/// ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT }
fn signed_data(der: &[u8]) -> Result<&[u8], Pkcs7Error> {
    let mut reader = SliceReader::new(der)?;
    let (content_type, content) = reader.sequence(|fields| -> Result<_, Pkcs7Error> {
        Ok((fields.decode::<ObjectIdentifier>()?, fields.tlv_bytes()?))
    })?;
    reader.finish()?;
    if content_type != ID_SIGNED_DATA {
        return Err(Pkcs7Error::NotSignedData(content_type.to_string()));
    }
    value_of(content)
}

fn read_set(certificates: &[u8]) -> Result<Vec<Vec<u8>>, Pkcs7Error> {
    let mut reader = SliceReader::new(value_of(certificates)?)?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        // Other choices than a plain certificate are context-tagged.
        let is_certificate = Tag::peek(&reader)? == Tag::Sequence;
        let bytes = reader.tlv_bytes()?;
        if found.len() == MAX_CERTIFICATES {
            return Err(Pkcs7Error::TooMany);
        }
        if is_certificate {
            found.push(bytes.to_vec());
        }
    }
    Ok(found)
}

/// The content of a `[0]` element.
fn value_of(context_0: &[u8]) -> Result<&[u8], Pkcs7Error> {
    let any = der::asn1::AnyRef::from_der(context_0)?;
    if any.header().tag() != CONTEXT_0 {
        return Err(Pkcs7Error::Malformed("the element [0] is missing".to_owned()));
    }
    Ok(any.value())
}

fn expect_sequence(reader: &SliceReader<'_>) -> Result<(), Pkcs7Error> {
    if Tag::peek(reader)? == Tag::Sequence {
        return Ok(());
    }
    Err(Pkcs7Error::Malformed("a certificate is a SEQUENCE".to_owned()))
}
