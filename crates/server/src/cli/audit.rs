//! `koshin-server audit verify`

use super::{CliError, Place};
use crate::{clock, use_cases::audit_trail::verify_trail};

#[derive(Debug, clap::Subcommand)]
pub(super) enum AuditCommand {
    /// Check that no event was altered, taken out or cut off
    Verify,
}

pub(super) async fn run(place: &Place, command: AuditCommand) -> Result<(), CliError> {
    let AuditCommand::Verify = command;
    let report = verify_trail(&place.store()?, &place.home, clock::now()).await?;
    match report.broken {
        None => {
            say!("the audit trail is whole: {} events, hash {}", report.head.position, report.head.hash);
            Ok(())
        }
        Some(broken) => Err(CliError::Trail(broken)),
    }
}
