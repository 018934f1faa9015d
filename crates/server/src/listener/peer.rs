//! Who is at the other end, as far as the handshake proved it.

use koshin_issuance::CertificateFacts;
use rustls::ServerConnection;
use std::sync::Arc;

/// The client certificate of a connection, if it presented one. The handshake has
/// proved that the peer holds its key and, but for the administration site, that this CA
/// signed it for clientAuth; dates, revocation and rights are judged for each request.
#[derive(Debug, Clone)]
pub struct Peer {
    presented: bool,
    certificate: Option<Arc<CertificateFacts>>,
}

impl Peer {
    /// The peer of an established connection.
    pub fn of(connection: &ServerConnection) -> Self {
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        let facts = leaf.and_then(|der| CertificateFacts::from_der(der).ok());
        Self { presented: leaf.is_some(), certificate: facts.map(Arc::new) }
    }

    /// Whether it presented a certificate at all, readable or not.
    pub fn presented(&self) -> bool {
        self.presented
    }

    /// What its certificate says.
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        self.certificate.as_deref()
    }
}
