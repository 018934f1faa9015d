//! Exit codes. Scripts and monitoring rely on them: the numbers never change.

/// How a run of the program ended. Several failures in one run end with the one
/// that ranks highest, which is the later one in this list.
///
/// Usage errors end with 2, by clap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitCode {
    /// Renewed, or nothing was due.
    Ok,
    /// The user said no.
    Declined,
    /// A rule says no: kind, state, or window of the certificate.
    Refused,
    /// The certificate has expired: only a recovery helps.
    Expired,
    /// The server could not be reached, or was not the right one.
    Network,
    /// The server was reached and failed, or answered nonsense.
    Server,
    /// A setting is missing or wrong, or a password.
    Config,
    /// Files could not be read, written or locked on this PC.
    Storage,
    /// A defect of this program.
    Internal,
}

impl ExitCode {
    /// The number given to the operating system.
    pub fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Declined => 10,
            Self::Refused => 11,
            Self::Expired => 12,
            Self::Network => 13,
            Self::Server => 14,
            Self::Storage => 15,
            Self::Config => 16,
            Self::Internal => 70,
        }
    }
}
