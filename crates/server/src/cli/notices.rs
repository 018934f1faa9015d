//! `koshin-server notices`

use super::{
    CliError, Place,
    list::{print_json, print_table},
};
use crate::{
    clock,
    notices::text::Language,
    store::{DeliveryRow, MailRecipient},
    use_cases::Notices,
};
use koshin_policy::calendar;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

#[derive(Debug, clap::Subcommand)]
pub(super) enum NoticesCommand {
    /// Send a test mail, and say how it went
    Test {
        /// The recipient's address
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// Its language
        #[arg(long, value_enum, default_value_t = Tongue::Ja)]
        language: Tongue,
    },
    /// Show what was sent, what waits, and what was refused
    List {
        /// One JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Set who gets a tenant's notices by mail, in place of those set before
    Recipients {
        /// The tenant's identifier
        tenant: String,
        /// An address; may be given several times, or not at all for no mail
        #[arg(long = "mail", value_name = "ADDRESS")]
        mails: Vec<String>,
        /// The language of the mails
        #[arg(long, value_enum, default_value_t = Tongue::Ja)]
        language: Tongue,
        /// The terminals renew by themselves: tell of failures only
        #[arg(long)]
        unattended: bool,
    },
    /// Set where a tenant's notices are posted; prints the new secret that signs them
    Webhook {
        /// The tenant's identifier
        tenant: String,
        /// An https URL
        #[arg(long, required_unless_present = "off")]
        url: Option<String>,
        /// Post nothing any more
        #[arg(long, conflicts_with = "url")]
        off: bool,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Tongue {
    Ja,
    En,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Ja => Self::Japanese,
            Tongue::En => Self::English,
        }
    }
}

pub(super) async fn run(place: &Place, command: NoticesCommand) -> Result<(), CliError> {
    match command {
        NoticesCommand::Test { to, language } => {
            notices(place)?.send_test_mail(&to, language.into(), clock::now()).await?;
            say!("the mail server has taken a test mail for {to}");
            Ok(())
        }
        NoticesCommand::List { json } => list(place, json).await,
        NoticesCommand::Recipients { tenant, mails, language, unattended } => {
            let language = Language::from(language).as_str();
            let recipient = |address| MailRecipient { address, language: language.to_owned() };
            let recipients: Vec<_> = mails.into_iter().map(recipient).collect();
            let count = recipients.len();
            notices(place)?.set_recipients(&tenant, recipients, unattended).await?;
            say!("{tenant}: notices go to {count} mail addresses");
            Ok(())
        }
        NoticesCommand::Webhook { tenant, url, .. } => {
            match notices(place)?.set_webhook(&tenant, url.as_deref()).await? {
                Some(secret) => say!("secret: {}", secret.expose_secret()),
                None => say!("{tenant}: no webhook"),
            }
            Ok(())
        }
    }
}

fn notices(place: &Place) -> Result<Notices, CliError> {
    Ok(Notices::new(place.store()?, &place.config()?)?)
}

async fn list(place: &Place, json: bool) -> Result<(), CliError> {
    let rows = place.store()?.deliveries(None).await?;
    if json {
        return print_json(&rows.iter().map(delivery_json).collect::<Vec<_>>());
    }
    let heads = ["PLANNED (JST)", "STATE", "NOTICE", "CHANNEL", "RECIPIENT", "SERIAL", "TRIED", "REASON"];
    let mut table = vec![heads.map(str::to_owned)];
    table.extend(rows.into_iter().map(|row| {
        [
            calendar::in_jst(row.created_at).strftime("%Y/%m/%d %H:%M").to_string(),
            row.state.as_str().to_owned(),
            row.key.notice.as_str().to_owned(),
            row.key.channel.as_str().to_owned(),
            row.key.recipient,
            row.key.serial,
            row.attempts.to_string(),
            row.last_error.unwrap_or_default(),
        ]
    }));
    print_table(&table);
    Ok(())
}

fn delivery_json(row: &DeliveryRow) -> Value {
    json!({
        "id": row.id,
        "tenant": row.tenant_id,
        "serial": row.key.serial,
        "notice": row.key.notice.as_str(),
        "channel": row.key.channel.as_str(),
        "recipient": row.key.recipient,
        "state": row.state.as_str(),
        "attempts": row.attempts,
        "plannedAt": row.created_at,
        "nextAttemptAt": row.next_attempt_at,
        "endedAt": row.ended_at,
        "reason": row.last_error,
    })
}
