//! Problem documents (RFC 9457) with codes that programs may rely on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:koshin:problem:` and the code: an identifier, not an address.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// What happened, in a few words of the reader's language.
    pub title: String,
    /// HTTP status, repeated.
    pub status: u16,
    /// Why, and what to do next, in the reader's language.
    pub detail: String,
    /// Stable code, one of [`ProblemCode`].
    pub code: String,
    /// With `renewal-too-early`: when the window opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Timestamp>,
    /// A number to tell the vendor; the server's log has the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:literal;)*) => {
        /// Every reason for which the server says no. The words never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[$doc])* $variant,)* }

        impl ProblemCode {
            /// All codes, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The HTTP status it travels with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }
        }
    };
}

problem_codes! {
    /// The connection presented no client certificate.
    CertificateRequired = "certificate-required", 401;
    /// The certificate's validity has ended.
    CertificateExpired = "certificate-expired", 403;
    /// The certificate's validity has not begun.
    CertificateNotYetValid = "certificate-not-yet-valid", 403;
    /// An administrator withdrew the certificate.
    CertificateRevoked = "certificate-revoked", 403;
    /// The records do not know the certificate, though this CA signed it.
    CertificateUnknown = "certificate-unknown", 403;
    /// A later certificate of the terminal took its place.
    CertificateSuperseded = "certificate-superseded", 403;
    /// The kind (`api…`, `backup…`, unknown) is not renewable.
    NotRenewableKind = "not-renewable-kind", 403;
    /// The renewal window has not opened; `opensAt` says when it does.
    RenewalTooEarly = "renewal-too-early", 403;
    /// The tenant is suspended.
    TenantSuspended = "tenant-suspended", 403;
    /// The terminal renewed too often without using any of the results.
    RenewalQuota = "renewal-quota", 429;
    /// Another renewal of the same terminal is under way.
    RenewalInProgress = "renewal-in-progress", 409;
    /// No bundle waits here for this terminal.
    BundleNotFound = "bundle-not-found", 404;
    /// No such resource.
    NotFound = "not-found", 404;
    /// The resource does not know this method.
    MethodNotAllowed = "method-not-allowed", 405;
    /// The body is longer than the limit.
    BodyTooLarge = "body-too-large", 413;
    /// The request did not arrive in time.
    RequestTimeout = "request-timeout", 408;
    /// The body is not what the resource takes.
    MalformedRequest = "malformed-request", 400;
    /// The CSR is not well-formed, or its signature is wrong.
    CsrInvalid = "csr-invalid", 400;
    /// The CSR names another subject than the certificate.
    CsrSubjectMismatch = "csr-subject-mismatch", 400;
    /// The key is weak, of a kind that is not accepted, or was used before.
    KeyRejected = "key-rejected", 400;
    /// The administrator, or the token's maker, may not do this.
    Forbidden = "forbidden", 403;
    /// The administration API was asked without a token.
    TokenRequired = "token-required", 401;
    /// The token is unknown, has ended, or belongs to another organisation than the certificate.
    TokenInvalid = "token-invalid", 401;
    /// The token is not for this.
    InsufficientScope = "insufficient-scope", 403;
    /// A parameter or a member of the body is missing, unknown or not acceptable; `field` says which.
    FieldRejected = "field-rejected", 422;
    /// The body is not `application/json`.
    UnsupportedMediaType = "unsupported-media-type", 415;
    /// The request names another host than this site's.
    WrongHost = "wrong-host", 421;
    /// The terminal is stopped already.
    TerminalStopped = "terminal-stopped", 409;
    /// The terminal is not stopped.
    TerminalNotStopped = "terminal-not-stopped", 409;
    /// A stop can be undone for 24 hours.
    UndoTooLate = "undo-too-late", 409;
    /// The organisation has a terminal of this common name.
    CommonNameTaken = "common-name-taken", 409;
    /// There is an organisation of this id.
    TenantExists = "tenant-exists", 409;
    /// Who suspended the own organisation could not resume it.
    OwnOrganisation = "own-organisation", 409;
    /// No certificate fits that is not revoked already.
    NothingToRevoke = "nothing-to-revoke", 409;
    /// More certificates fit than one mass revocation may have.
    TooManyToRevoke = "too-many-to-revoke", 409;
    /// No recovery code came with the request, and it needs one.
    RecoveryCodeRequired = "recovery-code-required", 401;
    /// What came cannot be a recovery code: there is a typing error in it. It did not count.
    RecoveryCodeMistyped = "recovery-code-mistyped", 401;
    /// Nobody issued this recovery code.
    RecoveryCodeWrong = "recovery-code-wrong", 401;
    /// The recovery code's 72 hours are over, or it was taken back, or a newer one was issued.
    RecoveryCodeExpired = "recovery-code-expired", 403;
    /// The recovery code was exchanged for a certificate with another key.
    RecoveryCodeUsed = "recovery-code-used", 403;
    /// The recovery code is for another terminal than the certificate of the connection.
    RecoveryCodeForeign = "recovery-code-foreign", 403;
    /// Too many wrong recovery codes, from this address or altogether.
    RecoveryAttempts = "recovery-attempts", 429;
    /// More work than the server can take now.
    Overloaded = "overloaded", 503;
    /// The issuing CA cannot issue: it ends too soon, or its key is out of reach.
    IssuerUnavailable = "issuer-unavailable", 503;
    /// The records are out of reach.
    StoreUnavailable = "store-unavailable", 503;
    /// A defect of the server; the log has the incident number.
    Internal = "internal", 500;
}

impl ProblemCode {
    /// The code with this word, if it is one of ours.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word)
    }

    /// The `type` member of the document.
    pub fn type_uri(self) -> String {
        format!("urn:koshin:problem:{}", self.as_str())
    }
}
