//! The sections `[mail]` and `[webhook]`: how notices leave the house.

use lettre::{Address, message::Mailbox};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{net::IpAddr, path::PathBuf};

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// From the first byte, usually on port 465 (RFC 8314).
    Tls,
    /// After STARTTLS, usually on port 587; without it nothing is sent.
    StartTls,
    /// Not at all: only for a relay on this machine.
    None,
}

impl Encryption {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            "tls" => Some(Self::Tls),
            "starttls" => Some(Self::StartTls),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// The mail server, checked.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Host name, which its certificate must prove.
    pub server: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub encryption: Encryption,
    /// User and password, where the server asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// The sender of all mail.
    pub from: Mailbox,
    /// Where undeliverable mail comes back to, if not to the sender.
    pub bounces: Option<Address>,
    /// CA certificates (PEM) that alone are trusted, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl MailConfig {
    /// `HOST:PORT`, for messages.
    pub fn address(&self) -> String {
        format!("{}:{}", self.server, self.port)
    }
}

/// What webhooks may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// Whether they may reach private addresses, and this machine by http.
    pub private_addresses: bool,
    /// CA certificates (PEM) that alone are trusted, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// `[mail]` as written. Without `server` there is no mail.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MailSection {
    server: Option<String>,
    port: Option<u16>,
    encryption: Option<String>,
    user: Option<String>,
    password: Option<SecretString>,
    from: Option<String>,
    bounces: Option<String>,
    ca_file: Option<PathBuf>,
}

impl MailSection {
    /// The mail server, if one is named.
    pub(super) fn check(self) -> Result<Option<MailConfig>, (String, String)> {
        let problem = |key: &str, problem: &str| (format!("mail.{key}"), problem.to_owned());
        let Some(server) = self.server else {
            let anything = self.from.is_some() || self.user.is_some() || self.password.is_some();
            return if anything { Err(problem("server", "name the mail server")) } else { Ok(None) };
        };
        if !is_host(&server) {
            return Err(problem("server", "write a host name or address; the port has its own key"));
        }
        let word = self.encryption.as_deref().unwrap_or("tls");
        let encryption = Encryption::from_word(word)
            .ok_or_else(|| problem("encryption", "write \"tls\", \"starttls\" or \"none\""))?;
        if encryption == Encryption::None && !is_this_machine(&server) {
            let why = "\"none\" is for a relay on this machine only: mail tells who uses which certificate";
            return Err(problem("encryption", why));
        }
        let from = self.from.ok_or_else(|| problem("from", "name the sender of the mails"))?;
        let from: Mailbox =
            from.parse().map_err(|_| problem("from", "write an address, or \"NAME <ADDRESS>\""))?;
        if !from.email.to_string().is_ascii() {
            return Err(problem("from", "write the address in ASCII; a name may be in any language"));
        }
        let bounces = self
            .bounces
            .map(|address| address.parse::<Address>().ok().filter(is_ascii))
            .map(|address| address.ok_or_else(|| problem("bounces", "write an address in ASCII")));
        let bounces = bounces.transpose()?;
        let credentials = match (self.user, self.password) {
            (Some(user), Some(password)) if !password.expose_secret().is_empty() => Some((user, password)),
            (None, None) => None,
            _ => return Err(problem("password", "write both user and password, or neither")),
        };
        let port = self.port.unwrap_or_else(|| encryption.usual_port());
        if port == 0 {
            return Err(problem("port", "write a number from 1 to 65535"));
        }
        Ok(Some(MailConfig { server, port, encryption, credentials, from, bounces, ca_file: self.ca_file }))
    }
}

fn is_ascii(address: &Address) -> bool {
    address.to_string().is_ascii()
}

/// A name or an address, without a port.
fn is_host(server: &str) -> bool {
    let named = !server.is_empty() && server.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    named || server.parse::<IpAddr>().is_ok()
}

fn is_this_machine(server: &str) -> bool {
    server == "localhost" || server.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
