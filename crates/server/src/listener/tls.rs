//! The TLS side of the listener.

use super::client_verifier::DatesJudgedLater;
use crate::{
    authority::{Authority, AuthorityError, load_certificates, load_key},
    home::Home,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier},
    version::{TLS12, TLS13},
};
use std::sync::Arc;

/// The TLS side cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of the server's directory.
    #[error(transparent)]
    File(#[from] AuthorityError),
    /// The server's own key and certificate.
    #[error("the server's certificate or key under tls/ cannot be used: {0}")]
    OwnCertificate(rustls::Error),
    /// The CA's certificate as a trust anchor.
    #[error("the issuing CA's certificate cannot be a trust anchor: {0}")]
    Anchor(rustls::Error),
    /// The verifier.
    #[error("client certificates cannot be verified: {0}")]
    Verifier(#[from] VerifierBuilderError),
}

/// The listener's configuration from the files of `home`. Nothing is resumed: a resumed
/// session would skip the verification of the client's certificate.
///
/// # Errors
/// Missing or unusable files.
pub fn server_config(home: &Home, authority: &Authority) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(anchors(authority)?, Arc::clone(&provider))
        .allow_unauthenticated()
        .build()?;
    let chain =
        load_certificates(&home.server_certificate())?.into_iter().map(CertificateDer::from).collect();
    let key = load_key(&home.server_key())?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8_der().to_vec()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::OwnCertificate)?
        .with_client_cert_verifier(Arc::new(DatesJudgedLater::new(verifier)))
        .with_single_cert(chain, key)
        .map_err(TlsError::OwnCertificate)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The issuing CA itself is the anchor: many clients send no intermediate.
fn anchors(authority: &Authority) -> Result<Arc<RootCertStore>, TlsError> {
    let mut anchors = RootCertStore::empty();
    let issuing = CertificateDer::from(authority.issuer().certificate_der().to_vec());
    anchors.add(issuing).map_err(TlsError::Anchor)?;
    Ok(Arc::new(anchors))
}
