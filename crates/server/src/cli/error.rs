//! What ends a command, and with which exit code.

use crate::{
    authority::AuthorityError,
    config::ConfigError,
    home::FileError,
    listener::TlsError,
    setup::SetupError,
    store::{ChainBreak, StoreError},
    use_cases::{
        NoticeSettingsError, SiteError, UseCaseError,
        audit_trail::TrailError,
        notices::{NoticeSetupError, TestMailError},
    },
};
use std::process::ExitCode;

/// The exit code when the records could not do it.
const RECORDS: u8 = 11;

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
    /// A use case of the administration site.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The audit trail cannot be checked.
    #[error(transparent)]
    TrailUnread(#[from] TrailError),
    /// The audit trail does not hold.
    #[error("the audit trail is broken: {0}")]
    Trail(ChainBreak),
    /// Mail or webhooks, as configured.
    #[error(transparent)]
    NoticeSetup(#[from] NoticeSetupError),
    /// A tenant's settings for notices.
    #[error(transparent)]
    NoticeSettings(#[from] NoticeSettingsError),
    /// A test mail.
    #[error(transparent)]
    TestMail(#[from] TestMailError),
    /// What a mail server should hand over again.
    #[error("{0}; try again later")]
    Later(String),
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

    /// Whether the records could not do what was asked of them.
    pub(super) fn is_of_the_records(&self) -> bool {
        self.code() == RECORDS
    }

    fn code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Setup(SetupError::Exists(_))
            | Self::NoticeSetup(_)
            | Self::TestMail(TestMailError::NotConfigured) => 10,
            Self::Store(_) | Self::NoticeSettings(NoticeSettingsError::Store(_)) => RECORDS,
            Self::Authority(_) | Self::Tls(_) | Self::Setup(_) => 12,
            Self::UseCase(error) => use_case_code(error),
            Self::NoticeSettings(NoticeSettingsError::UnknownTenant(_)) | Self::Subject(_) => 14,
            Self::Usage(_) | Self::NoticeSettings(_) => 2,
            Self::Site(SiteError::UseCase(error)) | Self::TrailUnread(TrailError::UseCase(error)) => {
                use_case_code(error)
            }
            Self::Site(SiteError::Field(_)) => 2,
            Self::Site(SiteError::Seal(_)) | Self::TrailUnread(TrailError::File(_)) => 15,
            Self::Site(_) => 14,
            Self::TrailUnread(TrailError::Altered(_) | TrailError::Broken) | Self::Trail(_) => 16,
            Self::Listen { .. } | Self::TestMail(TestMailError::Mail(_)) => 13,
            Self::File(_) => 15,
            Self::Defect(_) => 70,
            // EX_TEMPFAIL: mail servers keep the mail and try again.
            Self::Later(_) => 75,
        }
    }
}

fn use_case_code(error: &UseCaseError) -> u8 {
    match error {
        UseCaseError::Store(_) => RECORDS,
        UseCaseError::UnknownTenant(_) => 14,
        UseCaseError::UnknownService(_) => 10,
        _ => 12,
    }
}
