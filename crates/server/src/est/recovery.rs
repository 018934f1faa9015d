//! `simpleenroll` (RFC 7030, 4.2.1) with a recovery code as the password of HTTP Basic
//! (3.2.3), over a connection with an expired certificate or with none.

use super::{packed, request_in};
use crate::{
    api::{Asker, body_within, denied},
    metrics::RenewalDoor,
    use_cases::{Koshin, Origin, UseCaseError},
};
use axum::{body::Body, extract::State, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use koshin_policy::RecoveryCode;
use koshin_protocol::{est::RECOVERY_USER, problem::ProblemCode};
use std::sync::Arc;
use zeroize::Zeroizing;

/// RFC 7617, 2: the one way in.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"Koshin recovery\", charset=\"UTF-8\"");

/// The certificate for whoever has the terminal's recovery code.
pub(super) async fn enroll(
    State(koshin): State<Arc<Koshin>>,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let renewal = koshin.metrics().renewals.begin(RenewalDoor::Recovery);
    let mut response = asker.answer(renewal.ended(enrolled(&koshin, &asker, &headers, body).await));
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    }
    response
}

async fn enrolled(
    koshin: &Arc<Koshin>,
    asker: &Asker,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, UseCaseError> {
    let password = password(headers).ok_or_else(|| denied(ProblemCode::RecoveryCodeRequired))?;
    let code = RecoveryCode::parse(&password).map_err(|_| denied(ProblemCode::RecoveryCodeMistyped))?;
    let body = body_within(body, &koshin.config().limits).await?;
    let request = request_in(&body)?;
    let origin =
        asker.peer().map(|peer| Origin { address: peer.address(), certificate: peer.certificate().cloned() });
    let origin = origin.ok_or_else(|| UseCaseError::Defect("a request without a peer".to_owned()))?;
    let certificate = koshin.redeem_recovery_code(code, request, origin, asker.now).await?;
    packed(&[&certificate])
}

/// The password of the user `recovery`, if that is who asks.
fn password(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = Zeroizing::new(STANDARD.decode(credentials.trim()).ok()?);
    let (user, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    (user == RECOVERY_USER).then(|| Zeroizing::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn password_in(header: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        password(&headers).map(|password| password.to_string())
    }

    #[test]
    fn the_password_of_recovery_is_read_and_nobody_elses() {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        assert_eq!(password_in(&basic("recovery:AB CD")).as_deref(), Some("AB CD"));
        assert_eq!(
            password_in(&basic("recovery:ＡＢ：")).as_deref(),
            Some("ＡＢ："),
            "UTF-8, colons and all"
        );
        assert_eq!(password_in(&basic("recovery:").replace("Basic", "bASIC")).as_deref(), Some(""));
        for nothing in [basic("hanako:AB"), basic("recovery"), "Basic %".to_owned(), "Bearer AB".to_owned()] {
            assert_eq!(password_in(&nothing), None, "{nothing}");
        }
        assert!(password(&HeaderMap::new()).is_none());
    }
}
