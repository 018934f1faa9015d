//! `koshin-server notices`

use super::{
    CliError, Place,
    list::{print_json, print_table},
};
use crate::{
    clock,
    notices::{
        bounce::{self, NoBounce},
        mail::Mailer,
        text::Language,
    },
    store::{DeliveryRow, MailRecipient, StoreError},
    use_cases::{
        Actor, MailWish, Notices, SecondFactorKey, SiteError,
        notices::{NoticeSetupError, TestMailError, send_test_mail},
    },
};
use koshin_policy::calendar;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::io::{self, Read};

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
        /// Leave out the tenant's administrators, who else get mail as well
        #[arg(long)]
        no_administrators: bool,
    },
    /// Read a returned mail (RFC 3464) from standard input, as a mail server's alias pipes it
    Bounce,
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
            // It needs no records, not even that there are any.
            let config = place.config()?;
            let mail = config.mail.clone().ok_or(TestMailError::NotConfigured)?;
            let mailer = Mailer::new(mail, &config.host).map_err(NoticeSetupError::from)?;
            send_test_mail(&mailer, &config.host, &to, language.into(), clock::now()).await?;
            say!("the mail server has taken a test mail for {to}");
            Ok(())
        }
        NoticesCommand::List { json } => list(place, json).await,
        NoticesCommand::Recipients { tenant, mails, language, unattended, no_administrators } => {
            let language = Language::from(language);
            let recipient = |address| MailRecipient { address, language: language.as_str().to_owned() };
            let recipients: Vec<_> = mails.into_iter().map(recipient).collect();
            let count = recipients.len();
            let wish =
                MailWish { mail: true, administrators: !no_administrators, language, recipients, unattended };
            let who = if no_administrators { "" } else { "its administrators and " };
            let notices = notices(place)?.of(&Actor::command_line(), &tenant).await?;
            notices.set_mail(wish, clock::now()).await?;
            say!("{tenant}: notices go to {who}{count} more mail addresses");
            Ok(())
        }
        NoticesCommand::Bounce => take_back(place).await,
        NoticesCommand::Webhook { tenant, url, .. } => {
            let notices = notices(place)?.of(&Actor::command_line(), &tenant).await?;
            let now = clock::now();
            match url {
                Some(url) => {
                    let secret = notices.set_webhook(&url, now).await?;
                    say!("secret: {}", secret.expose_secret());
                }
                None => {
                    notices.remove_webhook(now).await?;
                    say!("{tenant}: no webhook");
                }
            }
            Ok(())
        }
    }
}

/// A returned mail. What tells nothing is no failure: the mail server would return that, too.
async fn take_back(place: &Place) -> Result<(), CliError> {
    let bounce = match read_bounce() {
        Ok(Ok(bounce)) => bounce,
        Ok(Err(why)) => {
            say!("nothing was changed: {why}");
            return Ok(());
        }
        Err(error) => return Err(CliError::Later(format!("the mail could not be read: {error}"))),
    };
    let later = |error: StoreError| CliError::Later(error.to_string());
    // The records may be back when the mail server tries again; a wrong configuration is not.
    let notices = match notices(place) {
        Err(CliError::Store(error)) => return Err(later(error)),
        other => other?,
    };
    match notices.take_back(bounce, clock::now()).await.map_err(later)? {
        Some(address) => say!("mail came back from {address}: nothing more is written to it"),
        None => say!("nothing was changed: no such mail was sent, or it is known to have come back"),
    }
    Ok(())
}

/// Reads to the end, so that the mail server's pipe does not break, and keeps the beginning.
fn read_bounce() -> io::Result<Result<bounce::Bounce, NoBounce>> {
    let (mut input, mut mail) = (io::stdin().lock(), Vec::new());
    input.by_ref().take(bounce::MOST_BYTES as u64).read_to_end(&mut mail)?;
    io::copy(&mut input, &mut io::sink())?;
    Ok(bounce::read(&mail))
}

fn notices(place: &Place) -> Result<Notices, CliError> {
    let key = SecondFactorKey::load_or_create(&place.home).map_err(SiteError::from)?;
    Ok(Notices::new(place.store()?, &place.config()?, key)?)
}

async fn list(place: &Place, json: bool) -> Result<(), CliError> {
    let rows = place.records()?.deliveries(None).await?;
    if json {
        return print_json(&rows.iter().map(delivery_json).collect::<Vec<_>>());
    }
    let heads = ["PLANNED (JST)", "STATE", "NOTICE", "CHANNEL", "RECIPIENT", "SUBJECT", "TRIED", "REASON"];
    let mut table = vec![heads.map(str::to_owned)];
    table.extend(rows.into_iter().map(|row| {
        [
            calendar::in_jst(row.created_at).strftime("%Y/%m/%d %H:%M").to_string(),
            row.state.as_str().to_owned(),
            row.key.notice.as_str().to_owned(),
            row.key.channel.as_str().to_owned(),
            row.key.recipient,
            row.key.subject.word(),
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
        "tenant": row.key.tenant_id,
        "subject": row.key.subject.word(),
        "serial": row.key.subject.serial(),
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
