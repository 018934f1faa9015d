//! What ends a command, and with which exit code.

use crate::{
    authority::AuthorityError, config::ConfigError, home::FileError, listener::TlsError, setup::SetupError,
    store::StoreError, use_cases::UseCaseError,
};
use std::process::ExitCode;

/// The end of a command without success.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Making the directory.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The records.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CA.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The TLS side.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Files.
    #[error(transparent)]
    File(#[from] FileError),
    /// A use case.
    #[error(transparent)]
    UseCase(#[from] UseCaseError),
    /// The address to listen on.
    #[error("cannot listen on {address}: {source}; is another program using the port?")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The tenant or certificate that the command is about is not there, or is there
    /// already.
    #[error("{0}")]
    Subject(String),
    /// An argument that clap cannot judge alone.
    #[error("{0}")]
    Usage(String),
    /// A defect of this program.
    #[error("{0}")]
    Defect(String),
}

impl CliError {
    /// Says what went wrong, and returns the exit code for it.
    pub fn report(&self) -> ExitCode {
        eprintln!("koshin-server: {self}");
        ExitCode::from(self.code())
    }

    fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Setup(SetupError::Exists(_)) => 10,
            Self::Store(_) | Self::UseCase(UseCaseError::Store(_)) => 11,
            Self::Authority(_) | Self::Tls(_) => 12,
            Self::UseCase(UseCaseError::UnknownTenant(_)) | Self::Subject(_) => 14,
            Self::Usage(_) => 2,
            Self::UseCase(UseCaseError::UnknownService(_)) => 10,
            Self::UseCase(_) | Self::Setup(_) => 12,
            Self::Listen { .. } => 13,
            Self::File(_) => 15,
            Self::Defect(_) => 70,
        }
    }
}
