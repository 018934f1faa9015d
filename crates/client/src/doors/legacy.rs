//! The contract of today's applications: `POST /api/cert` → `{uri, pass}`, `GET uri` → PKCS#12.

use super::{
    Door, DoorError,
    http::{MAX_BUNDLE, MAX_DOCUMENT, Outgoing},
};
use koshin_issuance::read_pkcs12;
use koshin_protocol::renewal::{CERT_PATH, RenewalReply};
use secrecy::SecretString;
use ureq::http::{Method, Uri};
use zeroize::Zeroizing;

const POST_CERT: &str = "POST /api/cert";
const GET_BUNDLE: &str = "GET of the new certificate";
/// Longer URIs are nonsense.
const MAX_URI: usize = 8 * 1024;
const MAX_PASSWORD: usize = 1024;

/// A new certificate as the server delivers it. It has been opened once with its password.
#[derive(Clone)]
pub struct LegacyBundle {
    /// The PKCS#12 file. A secret.
    pub pkcs12: Zeroizing<Vec<u8>>,
    /// Its password.
    pub password: SecretString,
}

impl std::fmt::Debug for LegacyBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LegacyBundle({} bytes, [redacted])", self.pkcs12.len())
    }
}

impl Door {
    /// Asks for a new certificate and fetches it. The server may make a new one at each call; the one before is then
    /// void.
    ///
    /// # Errors
    /// Any [`DoorError`]; [`DoorError::BadReply`] also when the file does not open with the password.
    pub fn legacy_renew(&self) -> Result<LegacyBundle, DoorError> {
        let reply = self.ask()?;
        let pkcs12 = self.fetch(&reply.uri)?;
        read_pkcs12(&pkcs12, &reply.pass)
            .map_err(|error| DoorError::BadReply { request: GET_BUNDLE, why: error.to_string() })?;
        Ok(LegacyBundle { pkcs12, password: SecretString::from(reply.pass) })
    }

    fn ask(&self) -> Result<RenewalReply, DoorError> {
        let reply = self.http.exchange(Outgoing {
            name: POST_CERT,
            method: Method::POST,
            url: &self.url(CERT_PATH),
            accept: "application/json",
            headers: &[("content-type", "application/json")],
            body: Some(b"{}".to_vec()),
            limit: MAX_DOCUMENT,
        })?;
        let reply = reply.ok(POST_CERT)?;
        let bad = |why: String| DoorError::BadReply { request: POST_CERT, why };
        // The message of a JSON error may quote what was found, and that may be the password.
        let parsed: RenewalReply = serde_json::from_slice(&reply.body).map_err(|error| {
            bad(format!("not JSON with uri and pass ({}, line {})", reply.content_type, error.line()))
        })?;
        match fault(&parsed) {
            Some(why) => Err(bad(why.to_owned())),
            None => Ok(parsed),
        }
    }

    fn fetch(&self, uri: &str) -> Result<Zeroizing<Vec<u8>>, DoorError> {
        let reply = self.http.exchange(Outgoing {
            name: GET_BUNDLE,
            method: Method::GET,
            url: uri,
            accept: "application/x-pkcs12, */*",
            headers: &[],
            body: None,
            limit: MAX_BUNDLE,
        })?;
        Ok(reply.ok(GET_BUNDLE)?.body)
    }
}

/// What is wrong with the reply, without quoting it.
fn fault(reply: &RenewalReply) -> Option<&'static str> {
    let RenewalReply { uri, pass } = reply;
    if uri.len() > MAX_URI || !uri.is_ascii() {
        return Some("the uri is too long or not ASCII");
    }
    let parsed: Option<Uri> = uri.parse().ok();
    let is_https = parsed.as_ref().is_some_and(|uri| {
        uri.scheme_str() == Some("https")
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    });
    if !is_https {
        return Some("the uri is not an https address: a key is never fetched in clear");
    }
    let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    (pass.is_empty() || pass.len() > MAX_PASSWORD || !pass.bytes().all(printable))
        .then_some("the password is empty, too long or not printable ASCII")
}
