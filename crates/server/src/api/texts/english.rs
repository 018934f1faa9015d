//! The English words, in the order of the Japanese ones.

use super::Text;
use koshin_protocol::problem::ProblemCode as Code;

/// Title and detail of a code.
#[expect(clippy::too_many_lines, reason = "a table, one row a code")]
pub(super) fn text(code: Code) -> Text {
    match code {
        Code::CertificateRequired => (
            "No certificate was presented",
            "This connection needs a client certificate. Check the certificate settings and connect again.",
        ),
        Code::CertificateExpired => (
            "The certificate has expired",
            "It can neither connect nor be renewed. Ask your administrator or vendor for a recovery code.",
        ),
        Code::CertificateNotYetValid => {
            ("The certificate is not valid yet", "The server's clock may be wrong. Tell the operator.")
        }
        Code::CertificateRevoked => {
            ("The certificate has been stopped", "An administrator stopped it. Ask your administrator.")
        }
        Code::CertificateUnknown => (
            "The certificate is not registered",
            "The records do not know it. Ask your administrator for a new one.",
        ),
        Code::CertificateSuperseded => (
            "The certificate has been replaced",
            "A newer certificate was issued to this terminal. Switch to it.",
        ),
        Code::NotRenewableKind => (
            "The certificate cannot be renewed",
            "Certificates of this kind (api…, backup… and the like) are not renewable. Download a client… certificate from the administration site and set it up instead.",
        ),
        Code::RenewalTooEarly => ("It is too early to renew", "The present certificate goes on working."),
        Code::TenantSuspended => ("The tenant is suspended", "Ask your administrator or the operator."),
        Code::RenewalQuota => (
            "Too many renewals",
            "Certificates are being issued and never used. Check that the terminal can save them, and try again later.",
        ),
        Code::RenewalInProgress => (
            "A renewal is in progress",
            "Another renewal of this terminal is under way. Wait a moment and try again. The present certificate goes on working.",
        ),
        Code::BundleNotFound => (
            "The certificate file is not here",
            "Its time has run out, or it is in use already. Renew again. The present certificate goes on working.",
        ),
        Code::NotFound => ("Not found", "Check the address."),
        Code::MethodNotAllowed => {
            ("The method is not allowed", "This address does not know the HTTP method.")
        }
        Code::BodyTooLarge => ("The request is too large", "Send less."),
        Code::RequestTimeout => (
            "The request took too long",
            "It did not finish in time. Try again. The present certificate goes on working.",
        ),
        Code::MalformedRequest => ("The request cannot be read", "What was sent is not in the right form."),
        Code::CsrInvalid => {
            ("The certificate request is not valid", "It must be PKCS#10, signed with its own key.")
        }
        Code::CsrSubjectMismatch => (
            "The certificate request names another subject",
            "Its CN must be that of the present certificate.",
        ),
        Code::KeyRejected => (
            "The key is not accepted",
            "It is weak, or was used before. Make a new one (RSA of 2048 to 4096 bits, P-256 or P-384).",
        ),
        Code::Forbidden => ("This is not allowed", "Administrators of this organisation may not do it."),
        Code::TokenRequired => (
            "There is no API token",
            "Send the header “Authorization: Bearer koshin_…”. Tokens are made on the administration site.",
        ),
        Code::TokenInvalid => (
            "The API token is not good",
            "It has expired, was revoked, or belongs to another organisation than the certificate of the connection. Look at the administration site's list of tokens.",
        ),
        Code::InsufficientScope => (
            "The API token is not for this",
            "It lacks the scope that this needs. Make a new token with the scope.",
        ),
        Code::FieldRejected => {
            ("A value is not acceptable", "What “field” names is missing, not known, or not in its form.")
        }
        Code::UnsupportedMediaType => {
            ("The body is not of a known kind", "Send JSON, with “Content-Type: application/json”.")
        }
        Code::WrongHost => {
            ("The request is for another host", "Connect again under the administration site's own name.")
        }
        Code::TerminalStopped => ("The terminal is stopped", "The terminal is stopped already."),
        Code::TerminalNotStopped => ("The terminal is not stopped", "There is no stop to be undone."),
        Code::UndoTooLate => (
            "The stop can be undone no more",
            "The 24 hours are over, and the certificates are revoked. Issue a new one.",
        ),
        Code::CommonNameTaken => (
            "The common name is taken",
            "The organisation has a terminal of this common name. Renew that terminal instead.",
        ),
        Code::TenantExists => (
            "The organisation's id is taken",
            "Another organisation has it. Change that one, or choose another id.",
        ),
        Code::OwnOrganisation => (
            "One's own organisation cannot be suspended",
            "Nobody of it could resume it. Ask another operators' organisation, or use koshin-server on the machine.",
        ),
        Code::NothingToRevoke => (
            "There is nothing to revoke",
            "No certificate fits, or all that fit are revoked already. Look at the choice again.",
        ),
        Code::TooManyToRevoke => (
            "Too many certificates fit",
            "One mass revocation has 20,000 at most. Divide the choice, for instance by dates.",
        ),
        Code::RecoveryCodeRequired => {
            ("A recovery code is needed", "Ask your administrator or vendor for one, and enter it.")
        }
        Code::RecoveryCodeMistyped => (
            "There is a typing error in the recovery code",
            "It has 12 characters in three groups. Compare it with what you were told, and enter it again.",
        ),
        Code::RecoveryCodeWrong => (
            "The recovery code is wrong",
            "Nobody issued it. Ask your administrator or vendor for the code of this terminal, and enter it again.",
        ),
        Code::RecoveryCodeExpired => (
            "The recovery code is good no more",
            "Its 72 hours are over, or a newer one was issued. Ask your administrator or vendor for a new one.",
        ),
        Code::RecoveryCodeUsed => (
            "The recovery code has been used",
            "A code is good for one certificate. Ask your administrator or vendor for a new one.",
        ),
        Code::RecoveryCodeForeign => (
            "The recovery code is for another terminal",
            "Ask your administrator or vendor for the code of this terminal.",
        ),
        Code::RecoveryAttempts => (
            "Too many wrong recovery codes",
            "To keep guesses away, no code is taken for a while. Try again within the hour, with the right one.",
        ),
        Code::Overloaded => {
            ("The server is busy", "Wait a while and try again. The present certificate goes on working.")
        }
        Code::IssuerUnavailable => (
            "The CA cannot issue certificates",
            "Tell the operator. The present certificate works until its end.",
        ),
        Code::StoreUnavailable => (
            "The server's records are out of reach",
            "Wait a while and try again. The present certificate works until its end.",
        ),
        Code::Internal => {
            ("An unexpected error occurred", "Try again later. If it goes on, tell your vendor the number.")
        }
    }
}
