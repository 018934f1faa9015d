//! `koshin-server revoke`

use super::{CliError, Place};
use crate::{clock, store::RevokedNow};

/// Revoke a certificate.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Serial number, hex, as `certs` shows it
    serial: String,
    /// Why (RFC 5280, 5.3.1)
    #[arg(long, value_enum, default_value_t = Reason::Unspecified)]
    reason: Reason,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Reason {
    Unspecified,
    #[value(alias = "keyCompromise")]
    KeyCompromise,
    #[value(alias = "affiliationChanged")]
    AffiliationChanged,
    Superseded,
    #[value(alias = "cessationOfOperation")]
    CessationOfOperation,
    #[value(alias = "privilegeWithdrawn")]
    PrivilegeWithdrawn,
}

impl Reason {
    /// The name in RFC 5280.
    fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }
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
