//! A recovery code in place of a certificate that is good no more: EST simpleenroll (RFC 7030, 4.2.1), the code being
//! the password of HTTP Basic (RFC 7617).

use super::{
    Door, DoorError,
    est::certificates,
    http::{MAX_DOCUMENT, Outgoing, SecretHeader},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use koshin_policy::RecoveryCode;
use koshin_protocol::est;
use ureq::http::Method;
use zeroize::Zeroizing;

const ENROLL: &str = "simpleenroll (EST)";

impl Door {
    /// Exchanges the code for a certificate for the key of this request. The first certificate is the new one. The same
    /// code and key bring the same certificate again: a reply that was lost can be asked for once more.
    ///
    /// # Errors
    /// Any [`DoorError`]; a server that has no such door answers [`DoorError::Server`] with 404.
    pub fn enroll(&self, csr_der: &[u8], code: &RecoveryCode) -> Result<Vec<Vec<u8>>, DoorError> {
        let pair = Zeroizing::new(format!("{}:{}", est::RECOVERY_USER, *code.written()));
        let credentials = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let reply = self.http.exchange_with(
            Outgoing {
                name: ENROLL,
                method: Method::POST,
                url: &self.url(est::SIMPLEENROLL_PATH),
                accept: "application/pkcs7-mime",
                headers: &[("content-type", est::PKCS10), ("content-transfer-encoding", "base64")],
                body: Some(est::encode_body(csr_der).into_bytes()),
                limit: MAX_DOCUMENT,
            },
            Some(SecretHeader { name: "authorization", value: &credentials }),
        )?;
        certificates(ENROLL, &reply.ok(ENROLL)?)
    }
}
