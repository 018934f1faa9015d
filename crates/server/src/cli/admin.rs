//! `koshin-server admin`: the way to the administration site's first account.

use super::{CliError, Place};
use crate::{clock, use_cases::Actor};
use secrecy::ExposeSecret;

#[derive(Debug, clap::Subcommand)]
pub(super) enum AdminCommand {
    /// Invite an administrator: prints a link that is good once, for 72 hours
    Invite {
        /// The tenant, vendor or operator whose administrator it will be
        #[arg(long)]
        tenant: String,
        /// E-mail address of the person
        #[arg(long)]
        mail: String,
    },
}

pub(super) async fn run(place: &Place, command: AdminCommand) -> Result<(), CliError> {
    let AdminCommand::Invite { tenant, mail } = command;
    // It seals the link until the running server has mailed it.
    let koshin = place.koshin_with_key()?;
    let Some(site) = koshin.config().site.clone() else {
        return Err(CliError::Usage(
            "the configuration has no [site] section: without it nobody could open the link".to_owned(),
        ));
    };
    let invited = koshin.invite(&Actor::command_line(), &tenant, &mail, clock::now()).await?;
    say!("{}/setup/{}", site.url(), invited.token.expose_secret());
    match invited.mailed {
        true => eprintln!(
            "The running server mails this link to {mail}. If it does not arrive, send it yourself."
        ),
        false => eprintln!("Send this link to {mail}."),
    }
    eprintln!("It opens once, within 72 hours, in a browser with a certificate of {tenant}.");
    Ok(())
}
