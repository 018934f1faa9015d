//! Getting the bytes to be signed out of a library that wants to sign by itself.

use der::{Reader, SliceReader};
use rcgen::{CertificateParams, PublicKeyData, SigningKey};

use crate::key::PublicKey;
use crate::signature::SignatureAlgorithm;

/// Stands in for the issuer's key: names its algorithm and signs nothing. What comes out is a certificate with an
/// empty signature, of which only the to-be-signed part is used.
pub(crate) struct UnsignedKey {
    key_bits: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl UnsignedKey {
    pub(crate) fn new(key: &PublicKey, algorithm: SignatureAlgorithm) -> Self {
        Self { key_bits: key.key_bits().to_vec(), algorithm }
    }
}

impl PublicKeyData for UnsignedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.key_bits
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm.rcgen()
    }
}

impl SigningKey for UnsignedKey {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

/// The two parts of a certificate before its signature, each as a whole DER element.
#[derive(Debug)]
pub(crate) struct Unsigned {
    /// TBSCertificate.
    pub(crate) to_be_signed: Vec<u8>,
    /// The outer AlgorithmIdentifier, equal to the one inside the TBSCertificate.
    pub(crate) algorithm_identifier: Vec<u8>,
}

/// Splits a certificate (RFC 5280 section 4.1) into its first two parts.
pub(crate) fn split(certificate: &[u8]) -> der::Result<Unsigned> {
    let mut reader = SliceReader::new(certificate)?;
    reader.sequence(|parts| {
        let to_be_signed = parts.tlv_bytes()?.to_vec();
        let algorithm_identifier = parts.tlv_bytes()?.to_vec();
        parts.tlv_bytes()?;
        Ok(Unsigned { to_be_signed, algorithm_identifier })
    })
}

/// The issuer name as it would stand in a certificate of this issuer: found by making one.
pub(crate) fn issuer_name_of(issuer: &rcgen::Issuer<'_, UnsignedKey>) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.serial_number = Some(1u64.into());
    let probe = params.signed_by(issuer.key(), issuer)?;
    let name = read_issuer_name(probe.der());
    name.map_err(|error| rcgen::Error::X509(error.to_string()))
}

fn read_issuer_name(certificate: &[u8]) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(certificate)?;
    let unsigned = reader.sequence(|parts| {
        let to_be_signed = parts.tlv_bytes()?;
        parts.tlv_bytes()?;
        parts.tlv_bytes()?;
        Ok::<_, der::Error>(to_be_signed)
    })?;
    let mut reader = SliceReader::new(unsigned)?;
    reader.sequence(|fields| {
        // version, serialNumber, signature, then issuer
        for _ in 0..3 {
            fields.tlv_bytes()?;
        }
        let issuer = fields.tlv_bytes()?.to_vec();
        while !fields.is_finished() {
            fields.tlv_bytes()?;
        }
        Ok(issuer)
    })
}
