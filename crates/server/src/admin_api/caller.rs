//! Who calls: a certificate and a token, both good, both of one organisation.

use super::refusal::Refusal;
use crate::{
    listener::Peer,
    use_cases::{ApiCaller, Koshin, SiteError, TOKEN_PREFIX},
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
            SiteError::ScopeMissing(scope) => return Self::scope(scope),
            SiteError::UseCase(error) => return error.into(),
            SiteError::NotFound => ProblemCode::NotFound,
            SiteError::Forbidden | SiteError::SecondFactorMissing => ProblemCode::Forbidden,
            SiteError::TokenRefused => ProblemCode::TokenInvalid,
            SiteError::AlreadyStopped => ProblemCode::TerminalStopped,
            SiteError::NotStopped => ProblemCode::TerminalNotStopped,
            SiteError::UndoTooLate => ProblemCode::UndoTooLate,
            SiteError::Issuing(refusal) => super::issuing::code_of(refusal),
            SiteError::NotRecoverable(refusal) => super::recovery::code_of(refusal),
            SiteError::CommonNameTaken { .. } => ProblemCode::CommonNameTaken,
            // Sessions, passwords and invitations: no operation of this API has them.
            other => return crate::use_cases::UseCaseError::Defect(other.to_string()).into(),
        };
        code.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
