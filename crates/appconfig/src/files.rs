//! Koshin's own list of certificates that belong to no known application: `files.toml`, read only.
//!
//! ```toml
//! [[connection]]
//! name = "orca database"
//! certificate = "/etc/orca/client.crt"        # PEM, with key; or pkcs12 = "…" alone
//! key = "/etc/orca/client.pem"
//! password_file = "/etc/orca/client.pass"     # or password = "…", or neither
//! ca = "/etc/orca/ca.crt"
//! renewal_url = "https://auth.example"
//! service_url = "https://db.example:5432"
//! hook = ["systemctl", "reload", "stunnel4"]
//! ```

use crate::{CertificateLocation, ConfigError, Connection, FilesSettings, text};
use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const CONNECTION: &str = "connection";
const KNOWN_KEYS: [&str; 10] = [
    "name",
    "certificate",
    "key",
    "pkcs12",
    "password",
    "password_file",
    "ca",
    "renewal_url",
    "service_url",
    "hook",
];

/// The entries of the list. Unknown keys are errors, because a misspelt one would be ignored in silence.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Connection>, ConfigError> {
    let (text, _) = text::utf8(bytes)?;
    let line = |offset: usize| text::line_at(text.as_bytes(), offset);
    let root = DeTable::parse(text).map_err(|error| {
        // `message` only: the error's own display quotes the line, which may hold a password.
        ConfigError::syntax(error.span().map_or(1, |span| line(span.start)), error.message().to_owned())
    })?;
    if let Some(key) = root.get_ref().keys().find(|key| key.get_ref() != CONNECTION) {
        let reason = "is not known here; the file holds [[connection]] tables only";
        return Err(ConfigError::value(line(key.span().start), key.get_ref().as_ref(), reason));
    }
    let Some(list) = root.get_ref().get(CONNECTION) else {
        return Ok(Vec::new());
    };
    let not_tables = |span_start| {
        ConfigError::value(
            line(span_start),
            CONNECTION,
            "must be written as [[connection]], a list of tables",
        )
    };
    let list_start = list.span().start;
    let list = list.get_ref().as_array().ok_or_else(|| not_tables(list_start))?;
    list.iter()
        .enumerate()
        .map(|(index, entry)| {
            let table = entry.get_ref().as_table().ok_or_else(|| not_tables(entry.span().start))?;
            FileEntry { text, index, start: entry.span().start, table }.connection()
        })
        .collect()
}

/// One `[[connection]]`.
struct FileEntry<'a> {
    text: &'a str,
    index: usize,
    start: usize,
    table: &'a DeTable<'a>,
}

impl FileEntry<'_> {
    fn connection(&self) -> Result<Connection, ConfigError> {
        if let Some(key) = self.table.keys().find(|key| !KNOWN_KEYS.contains(&key.get_ref().as_ref())) {
            return Err(self.error(key.span().start, key.get_ref(), "is not a known key"));
        }
        let password = self.string("password")?;
        let password_file = self.string("password_file")?;
        if password.is_some() && password_file.is_some() {
            return Err(self.error_at("password_file", "cannot stand together with password"));
        }
        Ok(Connection {
            description: self.string("name")?,
            service_url: self.string("service_url")?,
            uses_client_certificate: true,
            certificate: self.certificate()?,
            password_saved: password.is_some() || password_file.is_some(),
            password: password.map(SecretString::from),
            ca_file: self.string("ca")?,
            is_current: true,
            files: Some(FilesSettings {
                password_file,
                renewal_url: self.string("renewal_url")?,
                hook: self.strings("hook")?,
            }),
            ..Connection::new(self.index)
        })
    }

    fn certificate(&self) -> Result<CertificateLocation, ConfigError> {
        match (self.string("certificate")?, self.string("key")?, self.string("pkcs12")?) {
            (Some(certificate), Some(key), None) => Ok(CertificateLocation::Pem { certificate, key }),
            (None, None, Some(file)) => Ok(CertificateLocation::Pkcs12 { file }),
            (Some(_), None, None) => Err(self.error_at("certificate", "needs key beside it")),
            (None, Some(_), None) => Err(self.error_at("key", "needs certificate beside it")),
            (None, None, None) => Err(self.error(
                self.start,
                "certificate",
                "is missing: certificate and key, or pkcs12, say which files to renew",
            )),
            (_, _, Some(_)) => {
                Err(self
                    .error_at("pkcs12", "cannot stand together with certificate and key; make two entries"))
            }
        }
    }

    fn string(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some("") => Err(self.error(value.span().start, key, "is empty")),
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.error(value.span().start, key, "is not a text in quotes")),
        }
    }

    fn strings(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let wrong = |item: &Spanned<DeValue<'_>>| {
            self.error(
                item.span().start,
                key,
                "is not a list of texts, program and arguments each for itself",
            )
        };
        let items = value.get_ref().as_array().ok_or_else(|| wrong(value))?;
        items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(|| wrong(item)))
            .collect()
    }

    fn error_at(&self, key: &str, reason: &str) -> ConfigError {
        let start = self.table.get(key).map_or(self.start, |value| value.span().start);
        self.error(start, key, reason)
    }

    fn error(&self, offset: usize, key: &str, reason: &str) -> ConfigError {
        let line = text::line_at(self.text.as_bytes(), offset);
        ConfigError::value(line, format!("{CONNECTION}[{}].{key}", self.index), reason)
    }
}
