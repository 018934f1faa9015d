//! From a decision to a certificate, a PKCS#12 bundle, a checked request.
//!
//! Everything here is a pure function of its arguments: no files, no sockets, no clock. Time and random bytes come in
//! as arguments. Three exceptions, all inside libraries: ECDSA nonces and RSA blinding (aws-lc), and the salts of a
//! PKCS#12 file (p12-keystore).
//!
//! The way of a certificate:
//!
//! 1. a key is checked: [`PublicKey::from_spki_der`], or [`read_csr`] for a request that proves possession;
//! 2. [`plan`] fixes every byte that will be signed: an [`IssuancePlan`], which the caller records;
//! 3. the caller signs [`IssuancePlan::to_be_signed`] with the issuer's key, wherever that key lives;
//! 4. [`IssuancePlan::assemble`] verifies the signature and hands out the certificate;
//! 5. [`write_pkcs12`], [`certs_only`] or [`certificate_to_pem`] wrap it for its receiver.

mod asn1;
mod csr;
mod csrattrs;
mod facts;
mod issuer;
mod java_keystore;
mod key;
mod key_pem;
mod legacy_pem;
mod name;
mod pkcs12;
mod pkcs7;
mod plan;
mod private_key;
mod profile;
mod serial;
mod signature;
mod unsigned;
mod weak_key;

pub use csr::{CertificateRequest, CsrError, create_csr, create_nameless_csr, read_csr};
pub use csrattrs::{CsrAttributesError, csr_attributes, read_csr_attributes};
pub use facts::{CertificateError, CertificateFacts, certificate_to_pem, certificates_from_pem};
pub use issuer::{Issuer, IssuerError};
pub use java_keystore::{
    KeystoreAccess, KeystoreError, KeystoreKind, KeystoreUpdate, keystore_kind, read_keystore,
    read_keystore_certificate, replace_in_keystore,
};
pub use key::{KeyAlgorithm, KeyRejection, PublicKey, UnknownKeyAlgorithm};
pub use key_pem::{encrypt_private_key_pem, private_key_to_pem, read_private_key_pem};
pub use koshin_policy::Validity;
pub use pkcs7::{Pkcs7Error, certs_only, read_certs_only};
pub use pkcs12::{
    BundleContents, BundleProfile, Pkcs12, Pkcs12Error, UnknownProfile, read_pkcs12, write_pkcs12,
};
pub use plan::{IssuancePlan, PlanError, SigningIssuer, plan};
pub use private_key::{PrivateKey, PrivateKeyError, SigningError};
pub use profile::{Subject, Template};
pub use serial::{Serial, SerialError};
pub use signature::SignatureAlgorithm;
