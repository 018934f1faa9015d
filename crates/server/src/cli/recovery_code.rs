//! `koshin-server recovery-code`: for the operator at the machine, and for the last
//! administrator whose own certificate has expired.

use super::{CliError, Place};
use crate::{clock, use_cases::Actor};

/// Issue a recovery code for a terminal whose certificate has expired.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tenant
    #[arg(long)]
    tenant: String,
    /// Common name of the terminal, `client001`
    #[arg(long, value_name = "NAME")]
    cn: String,
}

pub(super) async fn run(place: &Place, args: Args) -> Result<(), CliError> {
    let koshin = place.koshin_with_key()?;
    let Args { tenant, cn } = args;
    let Some(terminal) = koshin.store().terminal_named(&tenant, &cn).await? else {
        return Err(CliError::Subject(format!(
            "{tenant} has no terminal {cn}; koshin-server certs lists the terminals"
        )));
    };
    let issued = koshin.issue_recovery_code(&Actor::command_line(), terminal.id, clock::now()).await?;
    say!("{}", *issued.code.written());
    eprintln!(
        "Good once, until {}. Pass it on by telephone or by hand. On the terminal: koshin recover",
        issued.expires_at
    );
    Ok(())
}
