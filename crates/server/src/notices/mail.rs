//! Mail by SMTP: one message, one connection, and how it ended.
//!
//! The conversation is led command by command, so that a refusal of the recipient is told
//! from trouble with the mail server: the one ends a delivery, the other delays all.

use super::{
    Setback,
    mail_address::MailAddress,
    text::{MailText, one_line},
};
use crate::{
    config::{Encryption, MailConfig},
    home::{self, FileError},
};
use jiff::Timestamp;
use lettre::{
    Address, Message,
    message::{
        Mailbox, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;
use std::{net::IpAddr, time::Duration, time::SystemTime};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// For a whole conversation. RFC 5321 (4.5.3.2) lets a server think for minutes.
const CONVERSATION: Duration = Duration::from_secs(240);
/// For a connection to come about.
const CONNECT: Duration = Duration::from_secs(30);
/// For a friendly end after the message has been accepted.
const FAREWELL: Duration = Duration::from_secs(5);
/// Longer answers of servers are cut.
const REASON_CHARS: usize = 300;

/// The configuration's mail section cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The file of CA certificates.
    #[error("mail.ca_file: {0}")]
    CaFile(#[from] FileError),
    /// Not certificates, or no TLS.
    #[error("TLS to the mail server {server} cannot be set up: {reason}")]
    Tls {
        /// The mail server.
        server: String,
        /// Why.
        reason: String,
    },
}

/// One mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail server cannot be reached, or does not serve us.
    #[error("the mail server {server} cannot be used ({step}): {reason}")]
    Server {
        /// The mail server.
        server: String,
        /// At which step.
        step: &'static str,
        /// Why.
        reason: String,
    },
    /// The mail server says that there is no such recipient.
    #[error("the mail server refuses {recipient}: {reason}")]
    Refused {
        /// The address.
        recipient: String,
        /// What it said.
        reason: String,
    },
    /// The mail server does not take this mail for this recipient: at present, or for what it
    /// thinks of the mail or of us, which somebody may set right.
    #[error("the mail server does not take this mail for {recipient}: {reason}")]
    Later {
        /// The address.
        recipient: String,
        /// What it said.
        reason: String,
    },
    /// The mail cannot be written: the address is none.
    #[error("a mail to {recipient:?} cannot be written: {reason}")]
    Message {
        /// The address.
        recipient: String,
        /// Why.
        reason: String,
    },
}

impl MailError {
    /// What it means for the next attempt.
    pub fn setback(&self) -> Setback {
        match self {
            Self::Server { .. } => Setback::ChannelDown,
            Self::Later { .. } => Setback::Later,
            Self::Refused { .. } | Self::Message { .. } => Setback::Refused,
        }
    }
}

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct OutgoingMail {
    /// The recipient's address.
    pub to: String,
    /// Left of the `@` in Message-ID. The same for each attempt, so that mail programs know a
    /// duplicate.
    pub id: String,
    /// What it says.
    pub text: MailText,
}

/// Sends mail through the configured server.
#[derive(Clone)]
pub struct Mailer {
    config: MailConfig,
    host: String,
    hello: ClientId,
    tls: Option<TlsParameters>,
}

impl Mailer {
    /// Prepares for the configured server. `host` is this server's name.
    ///
    /// # Errors
    /// When the CA file cannot be read, or TLS cannot be set up.
    pub fn new(config: MailConfig, host: &str) -> Result<Self, MailSetupError> {
        let hello = match host.parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(host.to_owned()),
        };
        let tls = match config.encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Tls => Some(tls_parameters(&config)?),
        };
        Ok(Self { config, host: host.to_owned(), hello, tls })
    }

    /// Sends one mail. When the call is given up half-way, nobody knows whether the mail was
    /// taken.
    ///
    /// # Errors
    /// See [`MailError`]; nothing was sent, unless the connection broke while the server was
    /// taking the message.
    pub async fn send(&self, mail: &OutgoingMail, now: Timestamp) -> Result<(), MailError> {
        let (to, message) = self.write(mail, now)?;
        let conversation = timeout(CONVERSATION, self.converse(to, &message)).await;
        let mut connection =
            conversation.map_err(|_| self.trouble("time", format!("no end after {CONVERSATION:?}")))??;
        // The mail has been taken: whatever happens now, it is sent.
        drop(timeout(FAREWELL, connection.quit()).await);
        Ok(())
    }

    fn write(&self, mail: &OutgoingMail, now: Timestamp) -> Result<(Address, Zeroizing<Vec<u8>>), MailError> {
        let unwritable = |reason: String| MailError::Message { recipient: one_line(&mail.to), reason };
        let to = MailAddress::parse(&mail.to).map_err(|error| unwritable(error.to_string()))?.into_address();
        // RFC 3834: keeps holiday replies from coming back.
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let message = Message::builder()
            .from(self.config.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(&mail.text.subject)
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{}@{}>", mail.id, self.host)))
            .raw_header(automatic)
            .singlepart(SinglePart::plain(mail.text.body.replace('\n', "\r\n")))
            .map_err(|error| unwritable(error.to_string()))?;
        // A link may be in it.
        Ok((to, Zeroizing::new(message.formatted())))
    }

    async fn converse(&self, to: Address, message: &[u8]) -> Result<AsyncSmtpConnection, MailError> {
        let mut connection = self.connect().await?;
        // Returned mail goes to the envelope's sender (RFC 5321, 4.4).
        let from = self.config.bounces.clone().unwrap_or_else(|| self.config.from.email.clone());
        connection
            .command(Mail::new(Some(from), Vec::new()))
            .await
            .map_err(|error| self.trouble("sender", reason(&error)))?;
        let recipient = to.to_string();
        let rcpt = connection.command(Rcpt::new(to, Vec::new())).await;
        rcpt.map_err(|error| match unknown_recipient(&error) {
            true => MailError::Refused { recipient: recipient.clone(), reason: reason(&error) },
            false => self.not_taken(&recipient, "recipient", &error),
        })?;
        let data = connection.command(Data).await;
        data.map_err(|error| self.not_taken(&recipient, "data", &error))?;
        let taken = connection.message(message).await;
        taken.map_err(|error| self.not_taken(&recipient, "message", &error))?;
        Ok(connection)
    }

    /// Connected, encrypted as configured, and logged in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let address = (self.config.server.as_str(), self.config.port);
        let at_once = self.tls.clone().filter(|_| self.config.encryption == Encryption::Tls);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &self.hello, at_once, None)
                .await
                .map_err(|error| self.trouble("connection", reason(&error)))?;
        if let Some(tls) = self.tls.clone().filter(|_| self.config.encryption == Encryption::StartTls) {
            let encrypted = connection.starttls(tls, &self.hello).await;
            encrypted.map_err(|error| self.trouble("STARTTLS", reason(&error)))?;
        }
        if let Some((user, password)) = &self.config.credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let admitted = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            admitted.map_err(|error| self.trouble("user and password", reason(&error)))?;
        }
        Ok(connection)
    }

    fn trouble(&self, step: &'static str, reason: String) -> MailError {
        MailError::Server { server: self.config.address(), step, reason }
    }

    /// By the class of the server's answer (RFC 5321, 4.2.1); without one, the connection broke.
    fn not_taken(
        &self,
        recipient: &str,
        step: &'static str,
        error: &lettre::transport::smtp::Error,
    ) -> MailError {
        match error.is_permanent() || error.is_transient() {
            true => MailError::Later { recipient: recipient.to_owned(), reason: reason(error) },
            false => self.trouble(step, reason(error)),
        }
    }
}

/// Whether the answer to RCPT says that there is no such mailbox. Most permanent refusals
/// speak of us: no relaying, a list on which we are, a policy. Those are no reason never to
/// write to the address again.
fn unknown_recipient(error: &lettre::transport::smtp::Error) -> bool {
    let Some(code) = error.status() else { return false };
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    error.is_permanent() && speaks_of_the_address(&code.to_string(), &said)
}

/// By the enhanced code (RFC 3463) if there is one: 5.1.x, but for those about the sender,
/// or 5.2.1. Else by the plain code (RFC 5321, 4.2.3).
fn speaks_of_the_address(code: &str, said: &str) -> bool {
    let word = said.split_whitespace().next().unwrap_or_default();
    let numbers: Vec<Option<u16>> = word.split('.').map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [Some(5), Some(1), Some(detail)] => !matches!(detail, 7 | 8),
        [Some(5), Some(2), Some(1)] => true,
        [Some(_), Some(_), Some(_)] => false,
        _ => matches!(code, "550" | "551" | "553"),
    }
}

fn tls_parameters(config: &MailConfig) -> Result<TlsParameters, MailSetupError> {
    let failed = |reason: String| MailSetupError::Tls { server: config.server.clone(), reason };
    let mut builder = TlsParameters::builder(config.server.clone());
    if let Some(path) = &config.ca_file {
        let pem = home::read(path)?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| failed(reason(&error)))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|error| failed(reason(&error)))
}

/// The error with its cause, on one line of bounded length.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let full = one_line(&error.to_string());
    full.chars().take(REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::speaks_of_the_address;

    #[test]
    fn only_what_speaks_of_the_address_makes_it_one_that_does_not_exist() {
        for (code, said) in [
            ("550", "5.1.1 No such mailbox"),
            ("550", "5.1.10 Recipient address has null MX"),
            ("550", "5.2.1 Mailbox disabled"),
            ("550", "No such user here"),
            ("551", "User not local"),
            ("553", "Mailbox name not allowed"),
        ] {
            assert!(speaks_of_the_address(code, said), "{code} {said}");
        }
        for (code, said) in [
            ("554", "5.7.1 <a@b.jp>: Relay access denied"),
            ("550", "5.7.1 Service unavailable; client host blocked using a list"),
            ("550", "5.1.8 Bad sender's system address"),
            ("553", "5.1.7 Bad sender's mailbox address"),
            ("552", "5.2.2 Mailbox full"),
            ("554", "Transaction failed"),
        ] {
            assert!(!speaks_of_the_address(code, said), "{code} {said}");
        }
    }
}
