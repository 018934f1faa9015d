//! Why the administration site says no, by meaning. The words for people are the site's.

use super::{
    ApiScope, Denial, NoticeSettingsError, RevocationRefusal, UseCaseError, second_factor::SealError,
};
use crate::{
    config::PolicyProblem,
    store::{SessionEnd, StoreError},
};
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;

/// A use case of the site that ends without success.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// It does not exist, or not for this administrator.
    #[error("there is no such thing for this administrator")]
    NotFound,
    /// The administrator sees it and may not do this to it.
    #[error("this administrator may not")]
    Forbidden,
    /// Only the password was proved so far.
    #[error("the second factor has not been proved")]
    SecondFactorMissing,
    /// There is no session, or none any more.
    #[error("the session has ended: {0}")]
    SessionEnded(SessionEnd),
    /// A wrong login, password or code, or too many of them: never which.
    #[error("the sign-in was refused")]
    SignIn(SignInRefusal),
    /// A new password is not accepted.
    #[error("the password is not accepted: {0}")]
    Password(PasswordRefusal),
    /// The invitation is not good.
    #[error("the invitation is not good: {0}")]
    Invitation(InvitationRefusal),
    /// A field is empty, too long, or has characters that it cannot have.
    #[error("the field {0:?} is not accepted")]
    Field(FieldRefusal),
    /// The code that was to prove the new second factor is wrong.
    #[error("the code is wrong")]
    WrongCode,
    /// An authenticator's answer proves nothing, or comes too late.
    #[error("the passkey is not accepted")]
    PasskeyRefused,
    /// An account has as many passkeys as any may.
    #[error("there are too many passkeys")]
    TooManyPasskeys,
    /// The organisation has an administrator of this login.
    #[error("the login is taken")]
    LoginTaken,
    /// The terminal is stopped already.
    #[error("the terminal is stopped already")]
    AlreadyStopped,
    /// The terminal is not stopped.
    #[error("the terminal is not stopped")]
    NotStopped,
    /// A stop can be undone for 24 hours.
    #[error("the stop can be undone no more")]
    UndoTooLate,
    /// Without this account nobody could administer the organisation.
    #[error("it is the organisation's last administrator")]
    LastAdministrator,
    /// No vendor has this id.
    #[error("there is no such vendor")]
    NoSuchVendor,
    /// The vendor is let in already.
    #[error("the consent exists already")]
    ConsentExists,
    /// A token that is unknown, has ended, or is not of the certificate's organisation.
    #[error("the token is not good here")]
    TokenRefused,
    /// The token is good, and for something else.
    #[error("the token has no scope {}", .0.as_str())]
    ScopeMissing(ApiScope),
    /// There is a tenant of this id already.
    #[error("there is a tenant of this id already")]
    TenantExists,
    /// Who suspended the own organisation could not resume it.
    #[error("one's own organisation cannot be suspended")]
    OwnOrganisation,
    /// A setting of a service that cannot be meant.
    #[error(transparent)]
    Policy(PolicyProblem),
    /// A mass revocation that cannot be.
    #[error(transparent)]
    Revocation(RevocationRefusal),
    /// No recovery code can be issued for the terminal.
    #[error("no recovery code can be issued for the terminal: {0}")]
    NotRecoverable(RecoveryRefusal),
    /// No certificate can be made for the terminal, or not now.
    #[error("no certificate is issued: {0}")]
    Issuing(#[from] IssueRefusal),
    /// The tenant has a terminal of this common name; its certificate is renewed instead.
    #[error("the common name is taken by terminal {terminal_id}")]
    CommonNameTaken {
        /// That terminal.
        terminal_id: i64,
    },
    /// So many terminals cannot be renewed at a time.
    #[error("no more than {0} terminals can be renewed at a time")]
    TooMany(usize),
    /// The server was started without its key for second factors.
    #[error("the key for second factors is not there")]
    NoKey,
    /// The server was started without notices.
    #[error("the server has no notices")]
    NoNotices,
    /// Settings of notices that cannot be used.
    #[error(transparent)]
    Notices(NoticeSettingsError),
    /// A second factor that this server's key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Anything that other doors meet as well.
    #[error(transparent)]
    UseCase(#[from] UseCaseError),
}

impl From<NoticeSettingsError> for SiteError {
    fn from(error: NoticeSettingsError) -> Self {
        match error {
            NoticeSettingsError::Store(error) => error.into(),
            NoticeSettingsError::Seal(error) => Self::Seal(error),
            NoticeSettingsError::UnknownTenant(_) => Self::NotFound,
            error => Self::Notices(error),
        }
    }
}

impl From<StoreError> for SiteError {
    fn from(error: StoreError) -> Self {
        Self::UseCase(error.into())
    }
}

impl SiteError {
    /// Whether the server only has no time now.
    pub(super) fn is_overload(&self) -> bool {
        matches!(self, Self::UseCase(error) if error.code() == ProblemCode::Overloaded)
    }
}

/// What the records or another renewal refuse, as the site says it.
pub(super) fn refused(error: UseCaseError) -> SiteError {
    match error {
        UseCaseError::Denied(Denial { code: ProblemCode::RenewalInProgress, .. }) => {
            IssueRefusal::InProgress.into()
        }
        UseCaseError::IssuerEndsTooSoon(_) => IssueRefusal::IssuerEndsTooSoon.into(),
        error => error.into(),
    }
}

/// A refused sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInRefusal {
    /// Nothing is judged before then.
    pub locked_until: Option<Timestamp>,
}

/// Why a new password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Fewer than 12 characters.
    #[error("it has fewer than 12 characters")]
    TooShort,
    /// More than 256 bytes.
    #[error("it has more than 256 bytes")]
    TooLong,
    /// Fewer than 5 different characters.
    #[error("it has fewer than 5 different characters")]
    TooUniform,
    /// The login or the person's name is in it.
    #[error("it contains the login or the person's name")]
    ContainsLogin,
    /// The organisation's id or name is in it.
    #[error("it contains the organisation's name")]
    ContainsOrganisation,
}

/// Why an invitation is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationRefusal {
    /// It never was.
    #[error("it is not known")]
    Unknown,
    /// Its 72 hours are over.
    #[error("its time is over")]
    Expired,
    /// Somebody has used it.
    #[error("it has been used")]
    Used,
    /// The browser presents a certificate of another organisation.
    #[error("it is for another organisation than the certificate")]
    OtherOrganisation,
    /// The account that it would set up anew is disabled.
    #[error("the account that it sets up anew is disabled")]
    Disabled,
}

/// Why no recovery code can be issued for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryRefusal {
    /// The tenant is suspended.
    #[error("its tenant is suspended")]
    Suspended,
    /// The terminal was stopped (使用停止).
    #[error("it was stopped")]
    Stopped,
    /// Certificates of its kind (`api…`, `backup…`, unknown) are not renewed by terminals.
    #[error("certificates of this kind are not renewed by terminals")]
    Kind,
}

/// Why an administrator gets no certificate for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueRefusal {
    /// 使用停止
    #[error("the terminal is stopped")]
    Stopped,
    /// Its kind (`api…`, `backup…`) gets a first certificate and no second one.
    #[error("its kind is not renewable")]
    NotRenewableKind,
    /// No rule of the service knows its kind.
    #[error("no rule knows its kind")]
    UnknownKind,
    /// The operator suspended the tenant.
    #[error("the tenant is suspended")]
    TenantSuspended,
    /// The issuing CA ends before the certificate would.
    #[error("the issuing CA ends too soon")]
    IssuerEndsTooSoon,
    /// Another renewal of the terminal is under way: 「更新処理中です」
    #[error("another renewal is under way")]
    InProgress,
    /// Too many certificates of the terminal were made in 24 hours and not used.
    #[error("too many certificates were made and not used")]
    TooOften,
    /// One of several for which the server has no time now: what was prepared for the others is good.
    #[error("the server has too much to do")]
    Busy,
}

/// A field that is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldRefusal {
    /// Login name: 3 to 64 letters, digits, dots, hyphens, underscores.
    Login,
    /// Name of a person: 1 to 64 characters.
    Name,
    /// E-mail address.
    Mail,
    /// 端末名: 1 to 64 characters.
    Label,
    /// 設置場所: at most 64 characters.
    Place,
    /// What a token is for: at least one thing.
    Scopes,
    /// How long a token is good.
    Life,
    /// A tenant's id: 1 to 64 characters, no spaces at the ends.
    TenantId,
    /// A tenant's name: 1 to 64 characters.
    TenantName,
    /// A service of the configuration.
    Service,
    /// Hours as `22:00-06:00`.
    Hours,
    /// CN: 1 to 64 letters, digits, hyphens, underscores, dots.
    CommonName,
    /// CN of a kind that the service does not know.
    Kind,
}
