//! Who is at the other end, as far as the handshake proved it.

use koshin_issuance::CertificateFacts;
use rustls::ServerConnection;
use std::sync::Arc;

/// The client certificate of a connection, if it presented one. The handshake has
/// proved that this CA signed it for clientAuth and that the peer holds its key; dates,
/// revocation and rights are judged for each request.
#[derive(Debug, Clone)]
pub struct Peer {
    certificate: Option<Arc<CertificateFacts>>,
}

impl Peer {
    /// The peer of an established connection.
    pub fn of(connection: &ServerConnection) -> Self {
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        let facts = leaf.and_then(|der| CertificateFacts::from_der(der).ok());
        Self { certificate: facts.map(Arc::new) }
    }

    /// What its certificate says.
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        self.certificate.as_deref()
    }
}
