//! Enrollment over Secure Transport, RFC 7030: the frame of its messages.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Prefix of all EST paths (RFC 7030, 3.2.2).
pub const PREFIX: &str = "/.well-known/est";
/// CA certificates (4.1).
pub const CACERTS_PATH: &str = "/.well-known/est/cacerts";
/// What a CSR should contain (4.5).
pub const CSRATTRS_PATH: &str = "/.well-known/est/csrattrs";
/// A first certificate, here for a recovery code (4.2.1).
pub const SIMPLEENROLL_PATH: &str = "/.well-known/est/simpleenroll";
/// User name with which a recovery code is the password (HTTP Basic, RFC 7617).
pub const RECOVERY_USER: &str = "recovery";
/// What a person types on the terminal to enter a recovery code.
pub const RECOVERY_COMMAND: &str = "koshin recover";
/// Renewal with the current certificate (4.2.2).
pub const SIMPLEREENROLL_PATH: &str = "/.well-known/est/simplereenroll";

/// Media type of a CSR (4.2.1).
pub const PKCS10: &str = "application/pkcs10";
/// Media type of a certificate reply (4.1.3, 4.2.3).
pub const PKCS7_CERTS_ONLY: &str = "application/pkcs7-mime; smime-type=certs-only";
/// Media type of CSR attributes (4.5.2).
pub const CSRATTRS: &str = "application/csrattrs";

/// Characters a line, as MIME has it (RFC 2045, 6.8).
const LINE: usize = 76;

/// A body that is not base64 of DER.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not base64 (RFC 4648, 4): {0}")]
pub struct FramingError(base64::DecodeError);

/// DER as the base64 text of an EST body (`Content-Transfer-Encoding: base64`), in lines
/// that end with LF: `base64 -d` stumbles over CRLF, and no decoder needs it.
pub fn encode_body(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut body = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        body.push_str(line);
        body.push('\n');
        rest = tail;
    }
    body
}

/// The DER in an EST body. White space may stand anywhere (RFC 8951, 3.1).
///
/// # Errors
/// [`FramingError`] when the rest is not base64 with padding.
pub fn decode_body(body: &[u8]) -> Result<Vec<u8>, FramingError> {
    let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(FramingError)
}
