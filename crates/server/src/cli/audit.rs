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
    let store = place.records()?;
    // Gives no places: a server that gives events theirs has the lock for that, and is not waited for.
    let report = verify_trail(&store, &place.home, clock::now()).await?;
    match report.broken {
        None => {
            say!("the audit trail is whole: {} events, hash {}", report.head.position, report.head.hash);
            let without_place = store.count_without_place().await?;
            if without_place > 0 {
                say!("newer events that have no place in the chain yet: {without_place}");
            }
            Ok(())
        }
        Some(broken) => Err(CliError::Trail(broken)),
    }
}
