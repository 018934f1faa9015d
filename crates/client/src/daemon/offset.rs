//! The number that is fixed for a terminal and random over all of them.

use sha2::{Digest, Sha256};

/// From the certificate (SHA-256, hex) and the machine's id: a cloned PC differs from its original.
pub fn spread(certificate_sha256: &str, machine: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(certificate_sha256.as_bytes());
    hash.update([0]);
    hash.update(machine.as_bytes());
    hash.finalize().iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The machine's id, as systemd keeps it; empty where there is none, and then the certificate alone decides.
pub fn machine_id() -> String {
    let text = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    text.trim().to_owned()
}
