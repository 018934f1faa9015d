//! `GET /api/cert`: what the server knows about our certificate. Servers of today do not have it.

use super::{
    Door, DoorError,
    http::{MAX_DOCUMENT, Outgoing, Reply},
};
use koshin_protocol::{
    TRIAL_HEADER,
    problem::ProblemCode,
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
        let answer = self.http.exchange(Outgoing {
            name: GET_CERT,
            method: Method::GET,
            url: &self.url(CERT_PATH),
            accept: "application/json",
            headers: purpose.headers(),
            body: None,
            limit: MAX_DOCUMENT,
        });
        match answer {
            Ok(reply) if reply.status == 200 => self.own_status(&reply),
            Ok(reply) => no_such_request(reply.into_failure(GET_CERT)),
            // A redirect to a page for people, or the page itself.
            Err(DoorError::BadReply { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the document and checks that it is about the certificate that we showed. `None` if it is none of ours.
    fn own_status(&self, reply: &Reply) -> Result<Option<CertificateStatus>, DoorError> {
        let Ok(status) = serde_json::from_slice::<CertificateStatus>(&reply.body) else { return Ok(None) };
        if status.serial != self.serial {
            let why = format!("it is about the certificate {}, not ours", status.serial);
            return Err(DoorError::BadReply { request: GET_CERT, why });
        }
        Ok(Some(status))
    }
}

/// Servers of today answer a request that they do not know with any status and any page. Only a problem document, or a
/// gateway that could not ask (429, 502, 503, 504), says more than that.
fn no_such_request(error: DoorError) -> Result<Option<CertificateStatus>, DoorError> {
    match &error {
        DoorError::Refused { status: 429, .. } | DoorError::Server { status: 502..=504, .. } => Err(error),
        DoorError::Refused { problem: None, .. }
        | DoorError::Server { problem: None, .. }
        | DoorError::BadReply { .. } => Ok(None),
        _ if matches!(error.problem_code(), Some(ProblemCode::NotFound | ProblemCode::MethodNotAllowed)) => {
            Ok(None)
        }
        _ => Err(error),
    }
}
