//! The TLS side of the listener.

use super::{
    client_verifier::{Admission, ClientVerifier},
    verified::VerifiedCertificates,
};
use crate::{
    authority::{Authority, AuthorityError, load_certificates, load_key},
    config::Config,
    home::Home,
};
use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{
        NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier,
    },
    version::{TLS12, TLS13},
};
use std::{path::Path, sync::Arc};

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

/// The TLS side of one listener.
pub struct TlsSide {
    pub(super) config: Arc<ServerConfig>,
    pub(super) verified: Arc<VerifiedCertificates>,
}

/// The TLS sides of this server's listeners; each is exchanged as a whole.
#[derive(Clone)]
pub struct TlsSides {
    /// For terminals.
    pub api: Arc<ArcSwap<TlsSide>>,
    /// For administrators' browsers, if there is a site.
    pub site: Option<Arc<ArcSwap<TlsSide>>>,
}

impl TlsSides {
    /// From the files of `home`.
    ///
    /// # Errors
    /// Missing or unusable files.
    pub fn load(home: &Home, authority: &Authority, config: &Config) -> Result<Self, TlsError> {
        let site = config.site.as_ref().map(|_| site_side(home, authority)).transpose()?;
        Ok(Self {
            api: Arc::new(ArcSwap::from_pointee(server_side(home, authority)?)),
            site: site.map(|site| Arc::new(ArcSwap::from_pointee(site))),
        })
    }

    /// Puts `fresh` in place for every connection from now on.
    pub fn replace(&self, fresh: Self) {
        self.api.store(fresh.api.load_full());
        if let (Some(site), Some(fresh)) = (&self.site, fresh.site) {
            site.store(fresh.load_full());
        }
    }
}

/// The listener's side from the files of `home`. Nothing is resumed: a resumed
/// session would skip the verification of the client's certificate.
///
/// # Errors
/// Missing or unusable files.
fn server_side(home: &Home, authority: &Authority) -> Result<TlsSide, TlsError> {
    side(&home.server_certificate(), &home.server_key(), authority, Admission::Ours)
}

/// The administration site's: its own certificate, and any client certificate or none.
///
/// # Errors
/// Missing or unusable files.
fn site_side(home: &Home, authority: &Authority) -> Result<TlsSide, TlsError> {
    side(&home.site_certificate(), &home.site_key(), authority, Admission::PossessionOnly)
}

fn side(
    certificate: &Path,
    key: &Path,
    authority: &Authority,
    admission: Admission,
) -> Result<TlsSide, TlsError> {
    let verified = Arc::new(VerifiedCertificates::new());
    let verifier = ClientVerifier::new(of_this_ca(authority)?, admission, Arc::clone(&verified));
    let config = Arc::new(configuration(certificate, key, Arc::new(verifier))?);
    Ok(TlsSide { config, verified })
}

fn of_this_ca(authority: &Authority) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(anchors(authority)?, provider);
    Ok(verifier.allow_unauthenticated().build()?)
}

fn configuration(
    certificate: &Path,
    key: &Path,
    verifier: Arc<dyn ClientCertVerifier>,
) -> Result<ServerConfig, TlsError> {
    let chain = load_certificates(certificate)?.into_iter().map(CertificateDer::from).collect();
    let key = load_key(key)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8_der().to_vec()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::OwnCertificate)?
        .with_client_cert_verifier(verifier)
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
