//! Everything that can end a renewal early.

use crate::{
    applications::{InstallError, RenewalHostError, credential::CredentialError},
    doors::DoorError,
    exit::ExitCode,
    renewal::{
        first::FirstError, hook::HookError, journal::JournalError, machine::Unexpected,
        verification::VerificationError,
    },
    storage::{StorageError, backup::BackupError, changes::ChangeError, lock::LockError},
    stores::nss::NssError,
};
use koshin_issuance::{CertificateError, CsrError, Pkcs12Error, PrivateKeyError};

/// Why a renewal failed. Whatever it is, the old certificate and its files are still in place, unless it is
/// [`Failure::NotPutBack`].
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server could not be asked, or said no.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// A file operation failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Files could not be replaced.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// A switch failed, and so did undoing it. The next run undoes it first.
    #[error("{cause}; the files could not be put back either: {source}")]
    NotPutBack {
        /// Why the switch failed.
        cause: Box<Failure>,
        /// Why it is not undone.
        source: ChangeError,
    },
    /// Files could not be backed up.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another renewal runs.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The present certificate cannot be opened.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// It is not known who renews the certificate.
    #[error(transparent)]
    Host(#[from] RenewalHostError),
    /// The application's files cannot take the new certificate.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The server's bundle cannot be opened.
    #[error("the server's answer is not a usable bundle: {0}")]
    Bundle(Pkcs12Error),
    /// The server's certificate cannot be read.
    #[error("the server's answer is not a usable certificate: {0}")]
    Certificate(CertificateError),
    /// What the server sent is not what was asked for.
    #[error(transparent)]
    Verification(#[from] VerificationError),
    /// A browser's database could not be changed.
    #[error(transparent)]
    Store(#[from] NssError),
    /// The switch succeeded, and the server is not told, because the old certificate may be in use elsewhere.
    #[error("the old certificate may be in use in places that could not be read: {}", .with.join(", "))]
    PerhapsShared {
        /// Those places.
        with: Vec<String>,
    },
    /// A command after the switch failed.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The server has no door for recovery codes.
    #[error("{base} does not take recovery codes")]
    NoRecovery {
        /// The renewal host.
        base: String,
    },
    /// A first certificate cannot be had like this.
    #[error(transparent)]
    First(#[from] FirstError),
    /// Nobody can be asked.
    #[error("nobody can be asked whether to renew: run it in a terminal, or agree beforehand with --yes")]
    CannotAsk,
    /// The new key cannot be protected or read.
    #[error("the new private key: {0}")]
    Key(PrivateKeyError),
    /// The request cannot be built.
    #[error("the request for a certificate cannot be built: {0}")]
    Request(CsrError),
    /// The operating system gives no random bytes.
    #[error("no randomness: {0}")]
    Randomness(String),
    /// A defect of this program.
    #[error("a defect of koshin: {0}")]
    Defect(String),
}

impl From<Unexpected> for Failure {
    fn from(unexpected: Unexpected) -> Self {
        Self::Defect(unexpected.to_string())
    }
}

impl Failure {
    /// The program's exit code after it.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Door(error) => error.exit_code(),
            Self::Credential(error) => error.exit_code(),
            Self::Host(error) => error.exit_code(),
            Self::Install(error) => error.exit_code(),
            Self::NotPutBack { .. } => ExitCode::Storage,
            Self::Storage(_) | Self::Change(_) | Self::Backup(_) | Self::Journal(_) | Self::Lock(_) => {
                ExitCode::Storage
            }
            Self::Store(NssError::Password { .. } | NssError::NoTools { .. }) => ExitCode::Config,
            Self::Store(_) => ExitCode::Storage,
            Self::NoRecovery { .. } => ExitCode::Refused,
            Self::Bundle(_) | Self::Certificate(_) | Self::Verification(_) => ExitCode::Server,
            Self::First(FirstError::OtherCa { .. }) => ExitCode::Network,
            Self::First(_) => ExitCode::Config,
            Self::Hook(_) | Self::CannotAsk | Self::PerhapsShared { .. } => ExitCode::Config,
            Self::Key(_) | Self::Request(_) | Self::Randomness(_) | Self::Defect(_) => ExitCode::Internal,
        }
    }

    /// The file operation behind it, if that is what failed.
    pub fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error)
            | Self::Change(ChangeError::Storage(error))
            | Self::Backup(BackupError::Storage(error))
            | Self::Journal(JournalError::Storage(error))
            | Self::Lock(LockError::Storage(error)) => Some(error),
            _ => None,
        }
    }
}
