//! From the host an application connects to, to the host that renews its
//! certificate. The table is a file, so that a new service needs no new program.

use crate::exit::ExitCode;
use serde::Deserialize;
use std::{path::Path, path::PathBuf};
use ureq::http::Uri;

const BUILT_IN: &str = include_str!("hosts.toml");

/// Known hosts: the user's own entries before the built-in ones.
#[derive(Debug, Clone)]
pub struct HostTable {
    entries: Vec<Entry>,
    extension: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    host: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    service: String,
    renewal: String,
}

/// Nobody can say which host renews this certificate. Never a reason to report success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenewalHostError {
    /// The connection names no address to look up.
    #[error("the connection has no service address and no renewal address of its own: set {setting}")]
    NoAddress {
        /// The setting that would help.
        setting: String,
    },
    /// The table does not know the host.
    #[error("no renewal host is known for {host}: add an entry for it to {}", .file.display())]
    Unmapped {
        /// The service's host.
        host: String,
        /// The file to extend.
        file: PathBuf,
    },
    /// A certificate is never asked for, or its key fetched, in clear.
    #[error("{setting} must be an https address without user name, query or fragment, but is {url:?}")]
    NotHttps {
        /// Where the address comes from.
        setting: String,
        /// The address.
        url: String,
    },
}

impl RenewalHostError {
    /// A setting is missing or wrong.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::Config
    }
}

/// The user's table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostTableError {
    /// Not TOML of this form.
    #[error("not a table of hosts: {0}")]
    Syntax(String),
    /// An entry that cannot be meant.
    #[error("entry {position}: {reason}")]
    Entry {
        /// Position in the file, from 1.
        position: usize,
        /// What is wrong.
        reason: String,
    },
}

impl HostTable {
    /// The built-in table. `extension` is the file that an error asks the user to extend.
    pub fn built_in(extension: &Path) -> Self {
        let entries = parse(BUILT_IN).expect("the built-in table is tested");
        Self { entries, extension: extension.to_owned() }
    }

    /// Puts the entries of the user's table before those already there.
    ///
    /// # Errors
    /// Text that is no such table; the table then stays as it was.
    pub fn extend(&mut self, text: &str) -> Result<(), HostTableError> {
        let mut entries = parse(text)?;
        entries.append(&mut self.entries);
        self.entries = entries;
        Ok(())
    }

    /// The base URL (https, no trailing slash) that renews certificates of the service at `service_url`. The port of
    /// the service's address is kept with `keep_port`, as monsiaj does it.
    ///
    /// # Errors
    /// An address that is not https, or a host that the table does not know.
    pub fn base_for(&self, service_url: &str, keep_port: bool) -> Result<String, RenewalHostError> {
        let not_https = || RenewalHostError::NotHttps {
            setting: "the service address".to_owned(),
            url: service_url.to_owned(),
        };
        let uri = https_uri(service_url).ok_or_else(not_https)?;
        let host = uri.host().ok_or_else(not_https)?.to_ascii_lowercase();
        let Some(entry) = self.entries.iter().find(|entry| matches(&entry.service, &host)) else {
            return Err(RenewalHostError::Unmapped { host, file: self.extension.clone() });
        };
        if entry.renewal.contains("://") {
            return Ok(without_trailing_slash(&entry.renewal));
        }
        Ok(match uri.port_u16() {
            Some(port) if keep_port && port != 443 => format!("https://{}:{port}", entry.renewal),
            _ => format!("https://{}", entry.renewal),
        })
    }
}

/// The base URL in a setting, which overrides the table.
///
/// # Errors
/// When it is not an https address.
pub fn explicit_base(setting: &str, url: &str) -> Result<String, RenewalHostError> {
    let url = url.trim();
    https_uri(url)
        .map(|_| without_trailing_slash(url))
        .ok_or_else(|| RenewalHostError::NotHttps { setting: setting.to_owned(), url: url.to_owned() })
}

/// A bare host in a setting (`monsia.update_cert_api_host`), with the port of the service's address.
///
/// # Errors
/// When it is not a host, or the service's address is not https.
pub fn explicit_host(
    setting: &str,
    host: &str,
    service_url: Option<&str>,
) -> Result<String, RenewalHostError> {
    let host = host.trim();
    let port = match service_url.map(https_uri) {
        Some(Some(uri)) => uri.port_u16().filter(|port| *port != 443),
        None => None,
        Some(None) => return explicit_base("the service address", service_url.unwrap_or_default()),
    };
    let base = match port {
        Some(port) if !has_port(host) => format!("https://{host}:{port}"),
        _ => format!("https://{host}"),
    };
    let is_bare = !host.is_empty() && !host.contains('/');
    if is_bare && https_uri(&base).is_some() {
        return Ok(base);
    }
    Err(RenewalHostError::NotHttps { setting: setting.to_owned(), url: host.to_owned() })
}

/// `text` as an https address that is only an address: with a host, without user name and query.
pub(crate) fn https_uri(text: &str) -> Option<Uri> {
    let uri: Uri = text.trim().parse().ok()?;
    let authority = uri.authority()?;
    let plain = uri.scheme_str() == Some("https")
        && !authority.host().is_empty()
        && !authority.as_str().contains('@')
        && uri.query().is_none()
        && !text.contains('#');
    plain.then_some(uri)
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn without_trailing_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn parse(text: &str) -> Result<Vec<Entry>, HostTableError> {
    let document: Document =
        toml::from_str(text).map_err(|error| HostTableError::Syntax(error.to_string()))?;
    for (at, entry) in document.host.iter().enumerate() {
        if let Some(reason) = fault(entry) {
            return Err(HostTableError::Entry { position: at + 1, reason });
        }
    }
    Ok(document.host)
}

fn fault(entry: &Entry) -> Option<String> {
    let Entry { service, renewal } = entry;
    let pattern = service.chars().filter(|c| *c == '*').count();
    if service.is_empty() || service.contains(['/', ':']) || pattern > 1 || service == "*" {
        return Some(format!("service = {service:?} is not a host name, or a host name with one `*`"));
    }
    let base = if renewal.contains("://") { renewal.clone() } else { format!("https://{renewal}") };
    let host_only = renewal.contains("://") || !renewal.contains(['/', ':']);
    (renewal.is_empty() || !host_only || https_uri(&base).is_none())
        .then(|| format!("renewal = {renewal:?} is not a host name or an https address"))
}

/// Host names know no case; `host` is in lower case.
fn matches(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    match pattern.split_once('*') {
        None => pattern == host,
        Some((start, end)) => {
            host.len() >= start.len() + end.len() && host.starts_with(start) && host.ends_with(end)
        }
    }
}
