//! Which addresses a webhook may reach.
//!
//! The URL comes from an administrator of a clinic, the request from inside the operator's
//! network: without a rule it could be aimed at what is reachable only from there (a cloud's
//! metadata, a database, a router). So private and special addresses are refused unless the
//! operator allows them, and what was checked is what is connected to: the name is resolved
//! once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address belongs to the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The special-purpose registry of IPv4 (RFC 6890 and later).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, multicast and reserved.
        (0 | 10 | 127 | 224..=255, _, _) => true,
        // Shared by carriers (RFC 6598).
        (100, 64..=127, _) => true,
        // Link-local: also where clouds keep their metadata.
        (169, 254, _) | (192, 168, _) | (172, 16..=31, _) => true,
        // IETF assignments, documentation, relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let segments = address.segments();
    match segments[0] {
        // NAT64 (RFC 6052) and 6to4 carry an IPv4 address, which decides.
        0x64 if segments[1..6] == [0xff9b, 0, 0, 0, 0] => is_public_v4(embedded(segments[6], segments[7])),
        0x2002 => is_public_v4(embedded(segments[1], segments[2])),
        // Teredo and other protocol assignments; documentation.
        0x2001 if segments[1] < 0x200 || segments[1] == 0xdb8 => false,
        // Only 2000::/3 is global unicast.
        first => first & 0xe000 == 0x2000,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        #[rustfmt::skip]
        let table = [
            ("8.8.8.8", true), ("203.0.112.1", true), ("172.15.0.1", true), ("172.32.0.1", true),
            ("100.63.0.1", true), ("100.128.0.1", true), ("192.1.0.1", true),
            ("0.0.0.0", false), ("10.1.2.3", false), ("100.64.0.1", false), ("127.0.0.1", false),
            ("169.254.169.254", false), ("172.16.0.1", false), ("172.31.255.255", false),
            ("192.168.1.1", false), ("198.18.0.1", false), ("203.0.113.9", false), ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2400:4000::1", true), ("2606:4700::1111", true),
            ("::", false), ("::1", false), ("fe80::1", false), ("fc00::1", false), ("fd12::1", false),
            ("ff02::1", false), ("2001:db8::1", false), ("2001::1", false),
            // IPv4 in disguise
            ("::ffff:127.0.0.1", false), ("::ffff:8.8.8.8", true), ("::127.0.0.1", false),
            ("64:ff9b::10.0.0.1", false), ("64:ff9b::8.8.8.8", true), ("2002:7f00:1::", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_public(text.parse().expect("an address in the table")), expected, "{text}");
        }
    }
}
