//! Why a use case ends without success.

use crate::{entropy::KeyGenerationError, store::StoreError};
use jiff::Timestamp;
use koshin_issuance::{Pkcs12Error, PlanError, PrivateKeyError};
use koshin_policy::{Refusal, validity::IssuerEndsTooSoon};
use koshin_protocol::problem::ProblemCode;

/// A refusal that is no failure: the caller may not, or not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The stable code.
    pub code: ProblemCode,
    /// With a renewal that comes too early: when the window opens.
    pub opens_at: Option<Timestamp>,
    /// Seconds after which it makes sense to try again.
    pub retry_after: Option<u32>,
}

impl Denial {
    /// A refusal with nothing but its code.
    pub fn new(code: ProblemCode) -> Self {
        Self { code, opens_at: None, retry_after: None }
    }

    /// A refusal that time will lift.
    pub fn retry(code: ProblemCode, seconds: u32) -> Self {
        Self { code, opens_at: None, retry_after: Some(seconds) }
    }
}

/// The end of a use case without success.
#[derive(Debug, thiserror::Error)]
pub enum UseCaseError {
    /// The caller may not.
    #[error("refused: {}", .0.code.as_str())]
    Denied(Denial),
    /// The records.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CA ends too soon.
    #[error(transparent)]
    IssuerEndsTooSoon(#[from] IssuerEndsTooSoon),
    /// The plan of a certificate, or the CA's key that should sign it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A new key.
    #[error(transparent)]
    KeyGeneration(#[from] KeyGenerationError),
    /// A private key could not be written.
    #[error(transparent)]
    PrivateKey(#[from] PrivateKeyError),
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] Pkcs12Error),
    /// The tenant names a service that the configuration does not have.
    #[error("the configuration has no [service.{0}], to which tenants belong: put it back")]
    UnknownService(String),
    /// The tenant is not there.
    #[error("there is no tenant {0:?}; add it with: koshin-server tenant add {0}")]
    UnknownTenant(String),
    /// A defect of this program.
    #[error("a task ended before its time: {0}")]
    Defect(String),
}

impl UseCaseError {
    /// The code with which a door answers.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Denied(denial) => denial.code,
            Self::Store(error) if error.passes() => ProblemCode::StoreUnavailable,
            Self::Plan(PlanError::Signing(_)) | Self::IssuerEndsTooSoon(_) => ProblemCode::IssuerUnavailable,
            _ => ProblemCode::Internal,
        }
    }
}

impl From<Denial> for UseCaseError {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

/// The code for a refusal of the policy.
pub(super) fn code_of(refusal: Refusal) -> ProblemCode {
    match refusal {
        Refusal::NotRenewableKind | Refusal::UnknownKind => ProblemCode::NotRenewableKind,
        Refusal::Expired => ProblemCode::CertificateExpired,
        Refusal::NotYetValid => ProblemCode::CertificateNotYetValid,
        Refusal::Revoked | Refusal::NeverDelivered => ProblemCode::CertificateRevoked,
        Refusal::Superseded => ProblemCode::CertificateSuperseded,
        Refusal::NotIssued => ProblemCode::CertificateUnknown,
        Refusal::TenantSuspended => ProblemCode::TenantSuspended,
    }
}
