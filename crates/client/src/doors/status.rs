//! `GET /api/cert`: what the server knows about our certificate. Servers of today do not have it.

use super::{
    Door, DoorError,
    http::{MAX_DOCUMENT, Outgoing, Reply},
};
use koshin_protocol::{
    TRIAL_HEADER,
    renewal::{CERT_PATH, CertificateStatus},
};
use ureq::http::Method;

const GET_CERT: &str = "GET /api/cert";

/// Whether a request is the certificate's first use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Only a trial: the header that says so is sent.
    Trial,
    /// In earnest.
    Earnest,
}

impl Use {
    pub(super) fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Trial => &[(TRIAL_HEADER, "1")],
            Self::Earnest => &[],
        }
    }
}

impl Door {
    /// The server's view of our certificate; `None` from a server that has no such request.
    ///
    /// # Errors
    /// Any [`DoorError`].
    pub fn status(&self) -> Result<Option<CertificateStatus>, DoorError> {
        // Asking is no use of the certificate: it may be a new one that is not installed yet.
        self.certificate_status(Use::Trial)
    }

    /// Uses the certificate in earnest, so that the server knows that it is installed. To a server that knows no such
    /// request there is nothing to tell.
    ///
    /// # Errors
    /// Any [`DoorError`].
    pub fn confirm(&self) -> Result<(), DoorError> {
        self.certificate_status(Use::Earnest).map(drop)
    }

    pub(super) fn certificate_status(&self, purpose: Use) -> Result<Option<CertificateStatus>, DoorError> {
        let reply = self.http.exchange(Outgoing {
            name: GET_CERT,
            method: Method::GET,
            url: &self.url(CERT_PATH),
            accept: "application/json",
            headers: purpose.headers(),
            body: None,
            limit: MAX_DOCUMENT,
        })?;
        if matches!(reply.status, 404 | 405 | 501) {
            return Ok(None);
        }
        self.own_status(&reply.ok(GET_CERT)?).map(Some)
    }

    /// Reads the document and checks that it is about the certificate that we showed.
    fn own_status(&self, reply: &Reply) -> Result<CertificateStatus, DoorError> {
        let bad = |why: String| DoorError::BadReply { request: GET_CERT, why };
        let status: CertificateStatus = serde_json::from_slice(&reply.body)
            .map_err(|error| bad(format!("not the agreed JSON ({}): {error}", reply.content_type)))?;
        if status.serial != self.serial {
            return Err(bad(format!("it is about the certificate {}, not ours", status.serial)));
        }
        Ok(status)
    }
}
