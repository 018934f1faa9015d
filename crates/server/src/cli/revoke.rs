//! `koshin-server revoke`

use super::{CliError, Place};
use crate::{clock, store::RevokedNow, use_cases::RevocationReason};

/// Revoke a certificate.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Serial number, hex, as `certs` shows it
    serial: String,
    /// Why (RFC 5280, 5.3.1): key-compromise, affiliation-changed, superseded,
    /// cessation-of-operation, privilege-withdrawn, unspecified
    #[arg(long, value_parser = reason, default_value = "unspecified")]
    reason: RevocationReason,
}

/// As RFC 5280 writes it, or with hyphens.
fn reason(word: &str) -> Result<RevocationReason, String> {
    let plain = |word: &str| word.replace('-', "").to_ascii_lowercase();
    let found = RevocationReason::ALL.into_iter().find(|reason| plain(reason.as_str()) == plain(word));
    found.ok_or_else(|| {
        let known = RevocationReason::ALL.map(RevocationReason::as_str);
        format!("write one of {}", known.join(", "))
    })
}

pub(super) async fn run(place: &Place, args: Args) -> Result<(), CliError> {
    let serial = args.serial.trim().to_ascii_lowercase().replace(':', "");
    match place.store()?.revoke(&serial, args.reason.as_str(), clock::now()).await? {
        RevokedNow::Yes { with_it, still_valid } => {
            say!("revoked {serial}");
            for child in with_it {
                say!("revoked {child}  (renewed from it, and not in use yet)");
            }
            if let Some(other) = still_valid {
                say!("note    the terminal's certificate in use, {other}, stays valid");
            }
        }
        RevokedNow::Already => say!("{serial} was revoked before"),
        RevokedNow::Unknown => {
            return Err(CliError::Subject(format!(
                "no certificate has the serial {serial}; koshin-server certs lists them"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_those_of_the_rfc_with_or_without_hyphens() {
        for (word, expected) in [
            ("keyCompromise", Some(RevocationReason::KeyCompromise)),
            ("key-compromise", Some(RevocationReason::KeyCompromise)),
            ("unspecified", Some(RevocationReason::Unspecified)),
            ("stolen", None),
            ("", None),
        ] {
            assert_eq!(reason(word).ok(), expected, "{word}");
        }
    }
}
