//! Why an exchange with the server did not succeed.

use crate::exit::ExitCode;
use jiff::Timestamp;
use koshin_protocol::problem::{Problem, ProblemCode};

/// An exchange that did not succeed. Nothing here carries a secret: no bundle URI, no password.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DoorError {
    /// The certificate or the trust anchors cannot be used for TLS. Nothing was sent.
    #[error("no TLS connection is possible: {reason}")]
    Setup {
        /// What is wrong with them.
        reason: String,
    },
    /// The server was not reached, or the connection broke.
    #[error("{host} cannot be reached: {reason}")]
    Network {
        /// Whom we wanted.
        host: String,
        /// What came instead.
        reason: String,
        /// Which kind of fault.
        fault: NetworkFault,
    },
    /// The server is not the one we trust. Perhaps our clock is wrong.
    #[error("the certificate of {host} is not acceptable: {reason}")]
    ServerCertificate {
        /// Whom we wanted.
        host: String,
        /// What is wrong with its certificate.
        reason: String,
        /// Only its dates are wrong, which a wrong clock of ours would explain.
        clock_suspect: bool,
    },
    /// The server ended the TLS handshake because of our certificate.
    #[error("{host} does not accept this certificate (TLS alert: {alert})")]
    CertificateRejected {
        /// Who said so.
        host: String,
        /// The alert.
        alert: String,
    },
    /// The server's clock and ours differ by more than ten minutes. Nothing is renewed in such a state.
    #[error("this PC's clock says {local}, the server's {server}")]
    ClockWrong {
        /// The `Date` of the answer.
        server: Timestamp,
        /// Our own.
        local: Timestamp,
    },
    /// The server says no, and would say so again.
    #[error("the server refuses (status {status}): {}", title(.problem.as_deref()))]
    Refused {
        /// HTTP status: 401, 403 or 429.
        status: u16,
        /// Why, if the server says so.
        problem: Option<Box<Problem>>,
        /// When to come again, in seconds.
        retry_after: Option<u64>,
    },
    /// The server failed, or cannot do it now.
    #[error("the server failed (status {status}): {}", title(.problem.as_deref()))]
    Server {
        /// HTTP status.
        status: u16,
        /// Why, if the server says so.
        problem: Option<Box<Problem>>,
        /// When to come again, in seconds.
        retry_after: Option<u64>,
    },
    /// An answer that is not what was agreed: HTML of a proxy, half a file, a redirect.
    #[error("the answer to {request} is not usable: {why}")]
    BadReply {
        /// The request.
        request: &'static str,
        /// What is wrong with the answer.
        why: String,
    },
    /// The application's own service takes the old certificate and not the new one.
    #[error("{host} answers the old certificate with status {old} and the new one with {new}")]
    ServiceRefuses {
        /// The service.
        host: String,
        /// Status for the old certificate.
        old: u16,
        /// Status for the new one.
        new: u16,
    },
}

/// What kind of network fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkFault {
    /// The host's name has no address.
    NoSuchHost,
    /// Nobody listens, or nothing lets us through.
    Connect,
    /// No address, no TCP or no TLS came about within ten seconds.
    ConnectTimeout,
    /// Somebody answers, and it does not become a connection.
    Handshake,
    /// There was a connection, and then it took too long.
    Timeout,
    /// The connection broke in the middle.
    Interrupted,
}

impl NetworkFault {
    /// Whether nobody is there at all: no line, no server. One that has too much to do is there.
    pub fn is_silence(self) -> bool {
        match self {
            Self::NoSuchHost | Self::Connect | Self::ConnectTimeout => true,
            Self::Handshake | Self::Timeout | Self::Interrupted => false,
        }
    }
}

impl DoorError {
    /// What it means for the run.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Setup { .. } => ExitCode::Config,
            Self::Network { .. } | Self::ServerCertificate { .. } | Self::ClockWrong { .. } => {
                ExitCode::Network
            }
            Self::CertificateRejected { .. } => ExitCode::Refused,
            Self::Refused { .. } if self.problem_code() == Some(ProblemCode::CertificateExpired) => {
                ExitCode::Expired
            }
            Self::Refused { .. } => ExitCode::Refused,
            Self::Server { .. } | Self::BadReply { .. } | Self::ServiceRefuses { .. } => ExitCode::Server,
        }
    }

    /// The problem document of the answer, if there was one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } | Self::Server { problem, .. } => problem.as_deref(),
            _ => None,
        }
    }

    /// The server's `Retry-After` in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after, .. } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether it says that the certificate itself is no longer, or was never, good for anything.
    pub fn condemns_certificate(&self) -> bool {
        use ProblemCode as Code;
        matches!(self, Self::CertificateRejected { .. })
            || matches!(
                self.problem_code(),
                Some(
                    Code::CertificateExpired
                        | Code::CertificateRevoked
                        | Code::CertificateSuperseded
                        | Code::CertificateUnknown
                        | Code::TenantSuspended
                )
            )
    }

    /// The stable code of [`Self::problem`].
    pub fn problem_code(&self) -> Option<ProblemCode> {
        self.problem().and_then(|problem| ProblemCode::from_word(&problem.code))
    }
}

fn title(problem: Option<&Problem>) -> &str {
    problem.map_or("no reason given", |problem| problem.title.as_str())
}
