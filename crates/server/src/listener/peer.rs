//! Who is at the other end, as far as the handshake proved it.

use super::verified::VerifiedCertificates;
use koshin_issuance::CertificateFacts;
use rustls::ServerConnection;
use std::{net::IpAddr, sync::Arc};

/// The client certificate of a connection, if it presented one. The handshake has
/// proved that the peer holds its key and, but for the administration site, that this CA
/// signed it for clientAuth; dates, revocation and rights are judged for each request.
#[derive(Debug, Clone)]
pub struct Peer {
    address: IpAddr,
    presented: bool,
    certificate: Option<Arc<CertificateFacts>>,
}

impl Peer {
    /// The peer of an established connection, which comes from `address`. What the handshake has read is not read again.
    pub(super) fn of(
        address: IpAddr,
        connection: &ServerConnection,
        verified: &VerifiedCertificates,
    ) -> Self {
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        let read = |der: &_| CertificateFacts::from_der(der).ok().map(Arc::new);
        let certificate = leaf.and_then(|der| verified.find(der).or_else(|| read(der)));
        Self { address, presented: leaf.is_some(), certificate }
    }

    /// Where it comes from. Behind a balancer that passes connections on, that is the
    /// balancer.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Whether it presented a certificate at all, readable or not.
    pub fn presented(&self) -> bool {
        self.presented
    }

    /// What its certificate says, to be kept beyond the request.
    pub fn shared_certificate(&self) -> Option<Arc<CertificateFacts>> {
        self.certificate.clone()
    }

    /// What its certificate says.
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        self.certificate.as_deref()
    }
}
