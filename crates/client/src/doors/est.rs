//! Enrollment over Secure Transport (RFC 7030): the key never leaves this PC.

use super::{
    Door, DoorError,
    http::{MAX_DOCUMENT, Outgoing, Reply},
};
use koshin_issuance::{KeyAlgorithm, read_certs_only, read_csr_attributes};
use koshin_protocol::est;
use ureq::http::Method;

const CACERTS: &str = "GET of the CA certificates (EST)";
const CSRATTRS: &str = "GET of the CSR attributes (EST)";
const REENROLL: &str = "simplereenroll (EST)";

impl Door {
    /// Whether the server speaks EST to this certificate. Old servers answer the question with an error of theirs,
    /// which means no.
    ///
    /// # Errors
    /// When the server cannot be reached, is not the right one, or refuses the certificate.
    pub fn est_available(&self) -> Result<bool, DoorError> {
        if let Some(status) = self.status()? {
            return Ok(status.est);
        }
        match self.cacerts() {
            Ok(_) => Ok(true),
            Err(DoorError::Server { .. } | DoorError::BadReply { .. } | DoorError::Refused { .. }) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The CA certificates in force, in DER: current and next (4.1).
    ///
    /// # Errors
    /// Any [`DoorError`].
    pub fn cacerts(&self) -> Result<Vec<Vec<u8>>, DoorError> {
        let reply = self.est_get(CACERTS, est::CACERTS_PATH, "application/pkcs7-mime")?;
        certificates(CACERTS, &reply.ok(CACERTS)?)
    }

    /// The kind of key that the server wants; `None` when it does not say (4.5).
    ///
    /// # Errors
    /// Any [`DoorError`].
    pub fn csr_attributes(&self) -> Result<Option<KeyAlgorithm>, DoorError> {
        let reply = self.est_get(CSRATTRS, est::CSRATTRS_PATH, est::CSRATTRS)?;
        if matches!(reply.status, 204 | 404) {
            return Ok(None);
        }
        let der = decoded(CSRATTRS, &reply.ok(CSRATTRS)?)?;
        read_csr_attributes(&der)
            .map_err(|error| DoorError::BadReply { request: CSRATTRS, why: error.to_string() })
    }

    /// Renews with a request made by our own key (4.2.2). The first certificate is the new one.
    ///
    /// # Errors
    /// Any [`DoorError`]; a request that waits for approval (202) is [`DoorError::Server`] with the time to wait.
    pub fn reenroll(&self, csr_der: &[u8]) -> Result<Vec<Vec<u8>>, DoorError> {
        let reply = self.http.exchange(Outgoing {
            name: REENROLL,
            method: Method::POST,
            url: &self.url(est::SIMPLEREENROLL_PATH),
            accept: "application/pkcs7-mime",
            headers: &[("content-type", est::PKCS10), ("content-transfer-encoding", "base64")],
            body: Some(est::encode_body(csr_der).into_bytes()),
            limit: MAX_DOCUMENT,
        })?;
        if reply.status == 202 {
            let Reply { status, retry_after, .. } = reply;
            return Err(DoorError::Server { status, problem: None, retry_after });
        }
        certificates(REENROLL, &reply.ok(REENROLL)?)
    }

    fn est_get(&self, name: &'static str, path: &str, accept: &'static str) -> Result<Reply, DoorError> {
        self.http.exchange(Outgoing {
            name,
            method: Method::GET,
            url: &self.url(path),
            accept,
            headers: &[],
            body: None,
            limit: MAX_DOCUMENT,
        })
    }
}

pub(super) fn certificates(request: &'static str, reply: &Reply) -> Result<Vec<Vec<u8>>, DoorError> {
    let bad = |why: String| DoorError::BadReply { request, why };
    let found = read_certs_only(&decoded(request, reply)?).map_err(|error| bad(error.to_string()))?;
    if found.is_empty() { Err(bad("it holds no certificate".to_owned())) } else { Ok(found) }
}

fn decoded(request: &'static str, reply: &Reply) -> Result<Vec<u8>, DoorError> {
    let bad = |why: String| DoorError::BadReply { request, why };
    let der = est::decode_body(&reply.body)
        .map_err(|error| bad(format!("{error} (content type {:?})", reply.content_type)))?;
    if der.is_empty() { Err(bad("it is empty".to_owned())) } else { Ok(der) }
}
