//! Enrollment over Secure Transport (RFC 7030): `cacerts`, `csrattrs`, `simplereenroll`, and
//! `simpleenroll` for recovery codes. The key is made on the device and never leaves it.

mod recovery;

use crate::{
    api::{Asker, body_within, denied},
    listener::Peer,
    metrics::RenewalDoor,
    use_cases::{Caller, Koshin, UseCaseError},
};
use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::header::{CONTENT_TYPE, HeaderName};
use koshin_issuance::{
    CertificateRequest, CsrError, KeyAlgorithm, PublicKey, certs_only, csr_attributes, read_csr,
};
use koshin_protocol::{
    est::{
        CACERTS_PATH, CSRATTRS, CSRATTRS_PATH, PKCS7_CERTS_ONLY, SIMPLEENROLL_PATH, SIMPLEREENROLL_PATH,
        decode_body, encode_body,
    },
    problem::ProblemCode,
};
use std::sync::Arc;

const CONTENT_TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");

/// What a device without a certificate is advised to make.
const DEFAULT_KEY: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };

/// The EST paths.
pub(crate) fn router() -> Router<Arc<Koshin>> {
    Router::new()
        .route(CACERTS_PATH, get(ca_certificates))
        .route(CSRATTRS_PATH, get(request_attributes))
        .route(SIMPLEREENROLL_PATH, post(reenroll))
        .route(SIMPLEENROLL_PATH, post(recovery::enroll))
}

/// 4.1: the CA certificates, for anybody.
async fn ca_certificates(State(koshin): State<Arc<Koshin>>, asker: Asker) -> Response {
    let chain = koshin.authority().chain();
    let refs: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    asker.answer(packed(&refs))
}

/// 4.5: which kind of key to make. Applications that read the key file decide what
/// they can read, so it is the kind that the service gives them.
async fn request_attributes(State(koshin): State<Arc<Koshin>>, asker: Asker) -> Response {
    // Also over a certificate that has expired: its terminal makes a key for a recovery code.
    let certificate = asker.peer().and_then(Peer::certificate);
    let wanted = match certificate {
        Some(certificate) => koshin.key_algorithm_of(certificate).await.ok().flatten(),
        None => None,
    };
    let wanted = wanted.unwrap_or(DEFAULT_KEY);
    asker.answer(Ok(framed(CSRATTRS, &csr_attributes(wanted))))
}

/// 4.2.2: the next certificate, authenticated with the present one.
async fn reenroll(State(koshin): State<Arc<Koshin>>, asker: Asker, body: Body) -> Response {
    let renewal = koshin.metrics().renewals.begin(RenewalDoor::Est);
    asker.answer(renewal.ended(reenrolled(&koshin, &asker, body).await))
}

async fn reenrolled(koshin: &Arc<Koshin>, asker: &Asker, body: Body) -> Result<Response, UseCaseError> {
    let body = body_within(body, &koshin.config().limits).await?;
    // First: nobody without a certificate makes us verify a signature.
    let peer = asker.certificate()?;
    let request = request_in(&body).map(Arc::new);
    if let Ok(request) = &request
        && let Some(certificate) = koshin.renew_at_once(peer, Arc::clone(request), asker.now).await?
    {
        return packed(&[&certificate]);
    }
    // Something is in the way: the long way finds out what, and notes it.
    let caller = asker.caller_for_renewal(koshin).await?;
    let requested = request.and_then(|request| key_for(&caller, &request));
    let key = koshin.note_renewal(&caller, requested, asker.now).await?;
    let certificate = koshin.renew_with_device_key(caller, key, asker.now).await?;
    packed(&[&certificate])
}

/// The key that the request proves to have and asks to be certified.
fn key_for(caller: &Caller, request: &CertificateRequest) -> Result<PublicKey, UseCaseError> {
    if caller.is_named_otherwise_in(request) {
        return Err(denied(ProblemCode::CsrSubjectMismatch));
    }
    Ok(request.public_key.clone())
}

/// The CSR in a body, its signature and key checked.
fn request_in(body: &[u8]) -> Result<CertificateRequest, UseCaseError> {
    let der = decode_body(body).map_err(|_| denied(ProblemCode::MalformedRequest))?;
    read_csr(&der).map_err(|error| match error {
        CsrError::Key(_) => denied(ProblemCode::KeyRejected),
        _ => denied(ProblemCode::CsrInvalid),
    })
}

fn packed(certificates: &[&[u8]]) -> Result<Response, UseCaseError> {
    let der = certs_only(certificates).map_err(|error| UseCaseError::Defect(error.to_string()))?;
    Ok(framed(PKCS7_CERTS_ONLY, &der))
}

fn framed(media_type: &'static str, der: &[u8]) -> Response {
    ([(CONTENT_TYPE, media_type), (CONTENT_TRANSFER_ENCODING, "base64")], encode_body(der)).into_response()
}
