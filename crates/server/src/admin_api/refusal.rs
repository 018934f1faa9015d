//! Answers that are not a success: problem documents (RFC 9457), with the challenges that
//! RFC 6750 wants.

use crate::{
    api::{self, Language},
    use_cases::{ApiScope, Denial, UseCaseError},
};
use axum::response::Response;
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, WWW_AUTHENTICATE},
};
use koshin_protocol::problem::ProblemCode;

/// Letters of a name that was sent and that is named in the answer.
const LONGEST_NAME: usize = 64;

/// Why an operation is not performed.
#[derive(Debug)]
pub(super) struct Refusal {
    error: UseCaseError,
    /// Which parameter, or which member of the body.
    field: Option<String>,
    /// Which scope would be needed.
    scope: Option<ApiScope>,
}

impl Refusal {
    /// A parameter, or a member of the body, that is missing, unknown or not acceptable.
    pub(super) fn field(name: &str) -> Self {
        let name = name.chars().take(LONGEST_NAME).collect();
        Self { field: Some(name), ..ProblemCode::FieldRejected.into() }
    }

    /// A token that is for something else.
    pub(super) fn scope(scope: ApiScope) -> Self {
        Self { scope: Some(scope), ..ProblemCode::InsufficientScope.into() }
    }

    /// The answer, in the reader's language.
    pub(super) fn answer(&self, language: Language) -> Response {
        let mut response = api::problem(&self.error, self.field.as_deref(), language);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge().and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// RFC 6750, 3. A missing certificate is challenged likewise: there is no scheme for it.
    fn challenge(&self) -> Option<String> {
        const SCHEME: &str = "Bearer realm=\"koshin\"";
        match self.error.code() {
            ProblemCode::TokenRequired | ProblemCode::CertificateRequired => Some(SCHEME.to_owned()),
            ProblemCode::TokenInvalid => Some(format!("{SCHEME}, error=\"invalid_token\"")),
            ProblemCode::InsufficientScope => {
                let scope = self.scope.map_or("", ApiScope::as_str);
                Some(format!("{SCHEME}, error=\"insufficient_scope\", scope=\"{scope}\""))
            }
            _ => None,
        }
    }
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        UseCaseError::from(Denial::new(code)).into()
    }
}

impl From<UseCaseError> for Refusal {
    fn from(error: UseCaseError) -> Self {
        Self { error, field: None, scope: None }
    }
}

/// The answer to a request that took this server longer than the limits allow.
pub fn took_too_long(language: Language) -> Response {
    Refusal::from(ProblemCode::Overloaded).answer(language)
}
