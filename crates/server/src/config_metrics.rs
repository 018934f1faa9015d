//! `[metrics]`: where Prometheus and balancers ask.

use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

/// The listener for metrics and health, in plain HTTP and without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsListener {
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether that may be an address that others than this machine and its private network reach.
    #[serde(default)]
    pub public: bool,
}

impl MetricsListener {
    /// Refuses an address that anybody might reach, unless the operator says that it is meant.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        if self.public || is_private(self.listen.ip()) {
            return Ok(());
        }
        let problem = format!(
            "{} may be reached from outside, and whoever reaches it can see how much this server does; write \
             127.0.0.1 or an address of a private network, or add public = true if a firewall keeps others away",
            self.listen.ip()
        );
        Err(("metrics.listen".to_owned(), problem))
    }
}

/// This machine, a private network (RFC 1918, RFC 4193) or one link. Not "any address".
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_those_that_anybody_reaches() {
        let table = [
            ("127.0.0.1", true),
            ("::1", true),
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("192.168.1.1", true),
            ("::ffff:192.168.1.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("172.32.0.1", false),
            ("203.0.113.7", false),
            ("2001:db8::1", false),
        ];
        for (address, expected) in table {
            assert_eq!(address.parse().map(is_private), Ok(expected), "{address}");
        }
    }
}
