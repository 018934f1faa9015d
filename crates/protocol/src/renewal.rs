//! The 証明書更新API: `POST /api/cert` and `GET /api/cert`.

use jiff::{Timestamp, civil::Time};
use serde::{Deserialize, Serialize};

/// Path of the API under the base URL.
pub const CERT_PATH: &str = "/api/cert";

/// Answer of `POST /api/cert`: where the new PKCS#12 waits, and its password.
#[derive(Clone, Serialize, Deserialize)]
pub struct RenewalReply {
    /// Absolute https URI, percent-encoded ASCII.
    pub uri: String,
    /// Password of the PKCS#12, printable ASCII. A secret.
    pub pass: String,
}

impl std::fmt::Debug for RenewalReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URI carries a bearer token, so that neither field may reach a log.
        f.write_str("RenewalReply { uri: [redacted], pass: [redacted] }")
    }
}

/// Answer of `GET /api/cert`: the caller's own certificate, and when to renew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateStatus {
    /// Common name of the certificate.
    pub cn: String,
    /// 端末名, if the terminal has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Serial number, lower-case hex.
    pub serial: String,
    /// State in the server's records (`issued`, `in_use`, `superseded`).
    pub state: String,
    /// Last instant of validity, RFC 3339 in UTC.
    pub not_after: Timestamp,
    /// Whether a renewal would be granted now.
    pub renewable: bool,
    /// If not: a problem code ([`crate::problem::ProblemCode`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason in the language the caller asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<String>,
    /// When renewals are granted (RFC 9773 calls it the suggested window).
    /// Absent for kinds that are never renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<RenewalWindow>,
    /// A moment inside the window, fixed for this terminal, for unattended clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_at: Option<Timestamp>,
    /// The tenant's hours, for clients that were switched off at the suggested moment. Absent for the whole day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_hours: Option<Hours>,
    /// Whether the server also speaks EST to this certificate.
    #[serde(default)]
    pub est: bool,
}

/// The span in which a certificate may be renewed, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalWindow {
    /// First instant.
    pub start: Timestamp,
    /// Last instant: the certificate's own end.
    pub end: Timestamp,
}

/// Hours of the day, JST. `to` is the first minute outside; earlier than `from` means that they run over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// First minute.
    pub from: Time,
    /// First minute outside.
    pub to: Time,
}
