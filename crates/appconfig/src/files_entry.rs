//! One certificate more in Koshin's own list.

use crate::{CertificateLocation, ConfigError, files, text};
use toml::Value;

/// An entry of `files.toml`. Paths are absolute, addresses are https.
#[derive(Debug, Clone, Copy)]
pub struct FilesEntry<'a> {
    /// What the user calls it.
    pub name: &'a str,
    /// The files to renew.
    pub certificate: &'a CertificateLocation,
    /// The file whose content is their password.
    pub password_file: &'a str,
    /// The CA certificates by which the server is known; none for those that the PC trusts.
    pub ca: Option<&'a str>,
    /// Who renews it.
    pub renewal_url: &'a str,
}

/// `list`, the bytes of a `files.toml`, with `entry` at its end; `None` when these files are listed already. What is
/// there stays, byte for byte.
///
/// # Errors
/// When the list cannot be read; when it can take no further entry, or the entry names no files.
pub fn add_files_entry(list: &[u8], entry: &FilesEntry<'_>) -> Result<Option<Vec<u8>>, ConfigError> {
    let before = files::read(list)?;
    if before.iter().any(|connection| connection.certificate == *entry.certificate) {
        return Ok(None);
    }
    let line_end = text::line_ending(list);
    let mut after = list.to_vec();
    if !list.is_empty() {
        let separator = if list.ends_with(b"\n") { line_end.to_owned() } else { line_end.repeat(2) };
        after.extend_from_slice(separator.as_bytes());
    }
    for line in lines(entry) {
        after.extend_from_slice(line.as_bytes());
        after.extend_from_slice(line_end.as_bytes());
    }
    // A list that was written in another form (`connection = […]`) cannot be continued like this.
    let read = files::read(&after)?;
    let added = read.get(before.len()).map(|connection| &connection.certificate);
    let whole = read.len() == before.len() + 1 && added == Some(entry.certificate);
    if whole { Ok(Some(after)) } else { Err(ConfigError::Verification { reason: "connection".to_owned() }) }
}

fn lines(entry: &FilesEntry<'_>) -> Vec<String> {
    let line = |key: &str, value: &str| format!("{key} = {}", Value::from(value));
    let mut lines = vec!["[[connection]]".to_owned(), line("name", entry.name)];
    match entry.certificate {
        CertificateLocation::Pkcs12 { file } => lines.push(line("pkcs12", file)),
        CertificateLocation::Pem { certificate, key } => {
            lines.extend([line("certificate", certificate), line("key", key)]);
        }
        CertificateLocation::None => {}
    }
    lines.push(line("password_file", entry.password_file));
    lines.extend(entry.ca.map(|ca| line("ca", ca)));
    lines.push(line("renewal_url", entry.renewal_url));
    lines
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bundle(file: &str) -> CertificateLocation {
        CertificateLocation::Pkcs12 { file: file.to_owned() }
    }

    fn entry(certificate: &CertificateLocation) -> FilesEntry<'_> {
        FilesEntry {
            name: "受付 \"1\"",
            certificate,
            password_file: "C:\\koshin\\client001.pass",
            ca: Some("/k/ca.crt"),
            renewal_url: "https://auth.example",
        }
    }

    #[test]
    fn an_entry_is_added_once_and_reads_back() {
        let certificate = bundle("C:\\koshin\\client001.p12");
        let one = add_files_entry(b"", &entry(&certificate)).unwrap().unwrap();
        assert_eq!(add_files_entry(&one, &entry(&certificate)).unwrap(), None);
        let read = files::read(&one).unwrap();
        let only = &read[0];
        assert_eq!(only.description.as_deref(), Some("受付 \"1\""));
        assert_eq!(only.certificate, certificate);
        assert_eq!(only.ca_file.as_deref(), Some("/k/ca.crt"));
        let settings = only.files.as_ref().unwrap();
        assert_eq!(settings.password_file.as_deref(), Some("C:\\koshin\\client001.pass"));
        assert_eq!(settings.renewal_url.as_deref(), Some("https://auth.example"));

        let pem = CertificateLocation::Pem { certificate: "/k/a.crt".into(), key: "/k/a.pem".into() };
        let two = add_files_entry(&one, &FilesEntry { ca: None, ..entry(&pem) }).unwrap().unwrap();
        assert!(two.starts_with(&one), "what is there stays");
        let read = files::read(&two).unwrap();
        assert_eq!((read.len(), &read[1].certificate, &read[1].ca_file), (2, &pem, &None));
    }

    #[test]
    fn comments_line_ends_and_a_missing_last_one_are_kept() {
        let list = b"# mine\r\n[[connection]]\r\nname = \"a\"\r\npkcs12 = \"/a.p12\"";
        let certificate = bundle("/b.p12");
        let after = add_files_entry(list, &entry(&certificate)).unwrap().unwrap();
        assert!(after.starts_with(list));
        let added = String::from_utf8(after[list.len()..].to_vec()).unwrap();
        assert!(added.starts_with("\r\n\r\n[[connection]]\r\n"), "{added:?}");
        assert_eq!(files::read(&after).unwrap().len(), 2);
    }

    #[test]
    fn a_list_that_cannot_be_continued_is_left_alone() {
        let certificate = bundle("/b.p12");
        for list in ["connection = [{ pkcs12 = \"/a.p12\" }]\n", "nonsense\n", "[[connection]]\nnmae = 1\n"] {
            assert!(add_files_entry(list.as_bytes(), &entry(&certificate)).is_err(), "{list}");
        }
        let none = CertificateLocation::None;
        assert!(add_files_entry(b"", &entry(&none)).is_err());
    }
}
