//! Getting a certificate back after the old one has expired.

use jiff::Timestamp;
use secrecy::SecretString;

/// What a 復旧コード that an administrator has issued is good for.
pub trait Recovery {
    /// Gives the code to the renewal host `base` and puts the certificate that it answers with in place of the expired
    /// one, whose SHA-256 is `sha256`. Answers the new one's last instant.
    ///
    /// # Errors
    /// [`RecoveryError`]; everything is then as before.
    fn redeem(&self, base: &str, sha256: &str, code: &SecretString) -> Result<Timestamp, RecoveryError>;
}

/// Why a code helped nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// The server has no door for codes.
    #[error("{base} does not take recovery codes")]
    NotOffered {
        /// The renewal host.
        base: String,
    },
}

/// The servers of today: none of them takes a code.
#[derive(Debug, Clone, Copy)]
pub struct NotOffered;

impl Recovery for NotOffered {
    fn redeem(&self, base: &str, _: &str, _: &SecretString) -> Result<Timestamp, RecoveryError> {
        Err(RecoveryError::NotOffered { base: base.to_owned() })
    }
}
