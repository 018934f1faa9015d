//! `koshin-server.toml`: what an operator decides.

use crate::{
    home::{self, FileError, Home},
    setup,
    store::Location,
};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use services::ServiceSection;
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

#[path = "config_hosts.rs"]
mod hosts;
#[path = "config_metrics.rs"]
mod metrics;
#[path = "config_notices.rs"]
mod notices;
#[path = "config_services.rs"]
mod services;

pub use hosts::MOST_HOSTS;
pub use metrics::MetricsListener;
pub use notices::{Encryption, MailConfig, WebhookConfig};
pub use services::{PolicyProblem, PolicySetting, Service, preferred_hours};

/// The configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host name or address under which terminals reach this server.
    pub host: String,
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base of the URIs it hands out, without a slash at the end; `None` makes it from
    /// `host` and the port.
    pub public_url: Option<String>,
    /// Where the records are.
    pub database: Location,
    /// Whether the demonstration service answers under `/rpc/`.
    pub demo: bool,
    /// Limits of the listener.
    pub limits: Limits,
    /// The stock of keys for the legacy door.
    pub keys: Keys,
    /// How long a bundle waits to be fetched.
    pub bundle_lifetime: SignedDuration,
    /// The mail server, if notices are to be mailed.
    pub mail: Option<MailConfig>,
    /// What webhooks may do.
    pub webhook: WebhookConfig,
    /// The services, by id.
    pub services: BTreeMap<String, Service>,
    /// システム管理サイト, if it is wanted.
    pub site: Option<Site>,
    /// Metrics and health, if they are wanted.
    pub metrics: Option<MetricsListener>,
}

/// Where the administration site is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Host name under which browsers reach it: its own, so that its cookies are, too.
    pub hostname: String,
}

impl Site {
    /// As browsers write it: the usual port is left out. No slash at its end.
    pub fn url(&self) -> String {
        match self.listen.port() {
            443 => format!("https://{}", self.hostname),
            port => format!("https://{}:{port}", self.hostname),
        }
    }

    fn check(&self) -> Result<(), (String, String)> {
        if setup::is_host_name(&self.hostname) {
            return Ok(());
        }
        let problem = format!("{:?} is not a host name; write for example admin.example.jp", self.hostname);
        Err(("site.hostname".to_owned(), problem))
    }
}

/// The stock of private keys for renewals by `POST /api/cert`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// RSA keys that are made in idle time and kept in memory, of each kind that a service needs; 0 makes each when
    /// it is needed.
    pub pool: usize,
}

impl Default for Keys {
    fn default() -> Self {
        Self { pool: 512 }
    }
}

impl Keys {
    /// More are hours of work and more memory than the rest of the server.
    const MOST: usize = 100_000;

    fn check(self) -> Result<(), (String, String)> {
        if self.pool <= Self::MOST {
            return Ok(());
        }
        Err(("keys.pool".to_owned(), format!("write a number from 0 to {}", Self::MOST)))
    }
}

/// What one connection or request may take.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Seconds for the TLS handshake.
    pub handshake_seconds: u64,
    /// Seconds for the head of a request.
    pub header_seconds: u64,
    /// Seconds that a connection may be open without a request.
    pub idle_seconds: u64,
    /// Seconds for a request from its head to its answer.
    pub request_seconds: u64,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Seconds for open requests when the server stops.
    pub stop_seconds: u64,
    /// Renewals that may wait for a processor; beyond it the answer is 503.
    pub waiting_renewals: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            handshake_seconds: 10,
            header_seconds: 30,
            idle_seconds: 60,
            request_seconds: 60,
            body_bytes: 64 * 1024,
            stop_seconds: 20,
            waiting_renewals: 256,
        }
    }
}

impl Limits {
    /// Numbers that cannot be meant, with the key.
    fn check(&self) -> Result<(), (String, String)> {
        const DAY: u64 = 86_400;
        let in_range = |key: &str, value: u64, range: std::ops::RangeInclusive<u64>| {
            if range.contains(&value) {
                return Ok(());
            }
            let problem = format!("write a number from {} to {}", range.start(), range.end());
            Err((format!("limits.{key}"), problem))
        };
        in_range("connections", self.connections as u64, 1..=1_000_000)?;
        in_range("handshake_seconds", self.handshake_seconds, 1..=DAY)?;
        in_range("header_seconds", self.header_seconds, 1..=DAY)?;
        in_range("idle_seconds", self.idle_seconds, 1..=DAY)?;
        in_range("request_seconds", self.request_seconds, 1..=DAY)?;
        in_range("stop_seconds", self.stop_seconds, 0..=DAY)?;
        in_range("body_bytes", self.body_bytes as u64, 1024..=1 << 24)?;
        in_range("waiting_renewals", self.waiting_renewals as u64, 0..=1_000_000)
    }

    /// Time for the TLS handshake.
    pub fn handshake(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds)
    }

    /// Time for the head of a request.
    pub fn header(&self) -> Duration {
        Duration::from_secs(self.header_seconds)
    }

    /// Time without a request.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    /// Time for a whole request.
    pub fn request(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    /// Time for open requests at the end.
    pub fn stop(&self) -> Duration {
        Duration::from_secs(self.stop_seconds)
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}; make a server's directory with: koshin-server init --dir DIR --host HOST")]
    File(#[from] FileError),
    /// Not TOML, or not with these keys. The line itself is not shown: it may hold a
    /// password.
    #[error("{path}, line {line}: {problem}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A value that cannot be meant.
    #[error("{path}: {key}: {problem}")]
    Value {
        /// The file.
        path: String,
        /// The key.
        key: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    host: String,
    listen: SocketAddr,
    public_url: Option<String>,
    database_url: Option<SecretString>,
    #[serde(default)]
    demo: bool,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    keys: Keys,
    #[serde(default)]
    bundle: BundleSection,
    #[serde(default)]
    mail: notices::MailSection,
    #[serde(default)]
    webhook: WebhookConfig,
    #[serde(default)]
    service: BTreeMap<String, ServiceSection>,
    site: Option<Site>,
    metrics: Option<MetricsListener>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BundleSection {
    lifetime_seconds: u32,
}

impl Default for BundleSection {
    fn default() -> Self {
        Self { lifetime_seconds: 24 * 3600 }
    }
}

impl Config {
    /// Reads the configuration of `home`. `database_url` of the command line wins over
    /// the file's.
    ///
    /// # Errors
    /// A missing file, wrong syntax, a value that cannot be meant.
    pub fn load(home: &Home, database_url: Option<SecretString>) -> Result<Self, ConfigError> {
        if let Some(url) = &database_url {
            check_database_url(url).map_err(|(_, problem)| ConfigError::Value {
                path: "the command line".to_owned(),
                key: "--database-url".to_owned(),
                problem,
            })?;
        }
        let text = home::read(&home.config())?;
        let path = home.config().display().to_string();
        Self::parse(&String::from_utf8_lossy(&text), &path, home, database_url)
    }

    fn parse(
        text: &str,
        path: &str,
        home: &Home,
        database_url: Option<SecretString>,
    ) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| syntax_error(&error, text, path))?;
        let value_error =
            |(key, problem): (String, String)| ConfigError::Value { path: path.to_owned(), key, problem };
        let services = file
            .service
            .into_iter()
            .map(|(id, section)| section.read(&id).map(|service| (id, service)))
            .collect::<Result<_, _>>()
            .map_err(value_error)?;
        file.limits.check().map_err(value_error)?;
        file.keys.check().map_err(value_error)?;
        file.site.as_ref().map_or(Ok(()), Site::check).map_err(value_error)?;
        file.metrics.as_ref().map_or(Ok(()), MetricsListener::check).map_err(value_error)?;
        if file.bundle.lifetime_seconds == 0 {
            let problem = "a bundle must live at least one second".to_owned();
            return Err(value_error(("bundle.lifetime_seconds".to_owned(), problem)));
        }
        if let Some(url) = &file.database_url {
            check_database_url(url).map_err(value_error)?;
        }
        Ok(Self {
            public_url: file.public_url.map(|url| checked_url(&url)).transpose().map_err(value_error)?,
            host: file.host,
            listen: file.listen,
            database: database_url
                .or(file.database_url)
                .map_or_else(|| Location::Sqlite(home.database()), Location::Postgres),
            demo: file.demo,
            mail: file.mail.check().map_err(value_error)?,
            webhook: file.webhook,
            limits: file.limits,
            keys: file.keys,
            bundle_lifetime: SignedDuration::from_secs(i64::from(file.bundle.lifetime_seconds)),
            services,
            site: file.site,
            metrics: file.metrics,
        })
    }
}

fn syntax_error(error: &toml::de::Error, text: &str, path: &str) -> ConfigError {
    let end = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count() + 1;
    ConfigError::Syntax { path: path.to_owned(), line, problem: error.message().to_owned() }
}

/// A URL that libpq would misread could show up in its messages, password and all.
fn check_database_url(url: &SecretString) -> Result<(), (String, String)> {
    let text = url.expose_secret();
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    let good = rest.is_some_and(|rest| {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let userinfo_escaped = rest.matches('@').count() == authority.matches('@').count();
        userinfo_escaped && authority.matches('@').count() <= 1 && escapes_are_whole(authority)
    });
    if good {
        Ok(())
    } else {
        let problem = "write postgres://USER:PASSWORD@HOST/DATABASE, with '@', '/', '?' and '%' in the \
                       password percent-encoded";
        Err(("database_url".to_owned(), problem.to_owned()))
    }
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

fn checked_url(url: &str) -> Result<String, (String, String)> {
    let parsed = url.parse::<http::Uri>().ok();
    let good = parsed.is_some_and(|uri| {
        uri.scheme_str() == Some("https") && uri.host().is_some() && uri.query().is_none()
    });
    if good && url.is_ascii() {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(("public_url".to_owned(), format!("{url:?} is not an https URL; write https://HOST:PORT")))
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
