//! Who calls: a certificate and a token, both good, both of one organisation.

use super::refusal::Refusal;
use crate::{
    listener::Peer,
    use_cases::{ApiCaller, Koshin, SiteError, TOKEN_PREFIX, UseCaseError},
};
use http::{header::AUTHORIZATION, request::Parts};
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;
use secrecy::SecretString;

/// Letters of the longest token that is looked up.
const LONGEST_TOKEN: usize = 200;

/// The program that sends this request. A token is judged only beside a good certificate.
pub(super) async fn authenticate(
    koshin: &Koshin,
    parts: &Parts,
    now: Timestamp,
) -> Result<ApiCaller, Refusal> {
    let peer = parts.extensions.get::<Peer>();
    let certificate = match peer.and_then(Peer::certificate) {
        Some(certificate) => certificate,
        None if peer.is_some_and(Peer::presented) => return Err(ProblemCode::CertificateUnknown.into()),
        None => return Err(ProblemCode::CertificateRequired.into()),
    };
    let token = bearer(parts).ok_or(ProblemCode::TokenRequired)?;
    let visitor = koshin.site_visitor(certificate, now).await?;
    Ok(koshin.api_caller(&visitor, &token, now).await?)
}

/// The token of `Authorization: Bearer …` (RFC 6750, 2.1). What cannot be one of ours is
/// handed on as it is, to be refused like any other.
fn bearer(parts: &Parts) -> Option<SecretString> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let plausible = token.starts_with(TOKEN_PREFIX) && token.len() <= LONGEST_TOKEN;
    scheme.eq_ignore_ascii_case("bearer").then(|| SecretString::from(if plausible { token } else { "" }))
}

impl From<SiteError> for Refusal {
    fn from(error: SiteError) -> Self {
        let code = match error {
            SiteError::Field(field) => return Self::field(super::inputs::name_of(field)),
            SiteError::Policy(problem) => return Self::field(super::services::name_of(problem.setting())),
            SiteError::TooMany(_) => return Self::field("terminals"),
            SiteError::ScopeMissing(scope) => return Self::scope(scope),
            SiteError::Revocation(refusal) => return super::revocations::refusal_of(refusal),
            SiteError::Notices(refusal) => return super::notices::refusal_of(refusal),
            SiteError::UseCase(error) => return error.into(),
            SiteError::NotFound => ProblemCode::NotFound,
            SiteError::Forbidden | SiteError::SecondFactorMissing => ProblemCode::Forbidden,
            // The maker's account was closed while the request was on its way.
            SiteError::TokenRefused | SiteError::SessionEnded(_) => ProblemCode::TokenInvalid,
            SiteError::AlreadyStopped => ProblemCode::TerminalStopped,
            SiteError::NotStopped => ProblemCode::TerminalNotStopped,
            SiteError::UndoTooLate => ProblemCode::UndoTooLate,
            SiteError::Issuing(refusal) => super::issuing::code_of(refusal),
            SiteError::NotRecoverable(refusal) => super::recovery::code_of(refusal),
            SiteError::CommonNameTaken { .. } => ProblemCode::CommonNameTaken,
            SiteError::TenantExists => ProblemCode::TenantExists,
            SiteError::OwnOrganisation => ProblemCode::OwnOrganisation,
            // Signing in, accounts and consents: no operation of this API has them; nor is a
            // server without its key or its notices one with a site.
            error @ (SiteError::SignIn(_)
            | SiteError::Password(_)
            | SiteError::Invitation(_)
            | SiteError::WrongCode
            | SiteError::PasskeyRefused
            | SiteError::TooManyPasskeys
            | SiteError::LoginTaken
            | SiteError::LastAdministrator
            | SiteError::NoSuchVendor
            | SiteError::ConsentExists
            | SiteError::NoKey
            | SiteError::NoNotices
            | SiteError::Seal(_)) => return UseCaseError::Defect(error.to_string()).into(),
        };
        code.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::use_cases::SessionEnd;
    use secrecy::ExposeSecret;

    fn token(header: &str) -> Option<String> {
        let (parts, ()) = http::Request::builder().header(AUTHORIZATION, header).body(()).ok()?.into_parts();
        bearer(&parts).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn only_a_bearer_token_is_a_token() {
        assert_eq!(token("Bearer koshin_0123").as_deref(), Some("koshin_0123"));
        assert_eq!(token("bearer  koshin_0123 ").as_deref(), Some("koshin_0123"));
        assert_eq!(token("Bearer ghp_0123").as_deref(), Some(""), "to be refused");
        for none in ["Basic a29zaGluXzAxMjM=", "koshin_0123", "Bearer", ""] {
            assert_eq!(token(none), None, "{none}");
        }
    }

    #[test]
    fn an_account_that_was_closed_meanwhile_leaves_a_token_that_is_not_good() {
        let refusal = Refusal::from(SiteError::SessionEnded(SessionEnd::AccountDisabled));
        let answer = refusal.answer(crate::api::Language::English);
        assert_eq!(answer.status(), http::StatusCode::UNAUTHORIZED);
        assert!(answer.headers().contains_key(http::header::WWW_AUTHENTICATE));
    }
}
