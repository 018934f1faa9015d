//! レセ電ビューア (jma-receview): one connection, in the outermost mapping of a YAML file written by Psych.

use crate::documents::yaml::{Yaml, text_leaf};
use crate::splice::{self, Leaf};
use crate::{CertificateLocation, ConfigError, Connection, Edit, NewCertificate, PasswordEdit};
use secrecy::SecretString;

/// The names under which レセ電ビューア keeps its settings. They are parameters because newer versions may rename them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceviewKeys {
    /// Path of the certificate in PEM.
    pub certificate: String,
    /// Path of the private key in PEM.
    pub key: String,
    /// Passphrase of the key.
    pub passphrase: String,
    /// Path of the CA certificates.
    pub ca: String,
    /// Address of the service.
    pub host: String,
    /// Path of a PKCS#12 file, in versions that take one. Where this key has a value, it counts before the PEM pair.
    pub pkcs12: Option<String>,
    /// The setting 証明書自動更新時の確認日, in versions that have it.
    pub confirm_days: Option<String>,
}

impl Default for ReceviewKeys {
    fn default() -> Self {
        Self {
            certificate: "api_crt".into(),
            key: "api_pem".into(),
            passphrase: "api_phrase".into(),
            ca: "api_ca".into(),
            host: "api_host".into(),
            pkcs12: None,
            confirm_days: None,
        }
    }
}

impl ReceviewKeys {
    /// All keys of the connection: next to these a missing one is added.
    fn all(&self) -> Vec<&str> {
        let optional = [&self.pkcs12, &self.confirm_days];
        [&self.certificate, &self.key, &self.passphrase, &self.ca, &self.host]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .map(String::as_str)
            .collect()
    }
}

/// The only connection; none in an empty file.
pub(crate) fn read(bytes: &[u8], keys: &ReceviewKeys) -> Result<Vec<Connection>, ConfigError> {
    connections(&Yaml::parse(bytes)?, keys)
}

/// The file with its connection pointed at new files.
pub(crate) fn edit(bytes: &[u8], edit: &Edit<'_>, keys: &ReceviewKeys) -> Result<Vec<u8>, ConfigError> {
    let yaml = Yaml::parse(bytes)?;
    let connection = super::editable(connections(&yaml, keys)?, edit)?;
    let mut values = certificate_values(&connection, edit, keys)?;
    if let PasswordEdit::Replace(password) = edit.password {
        values.push((&keys.passphrase, password));
    }
    let splices =
        values.iter().map(|(key, value)| yaml.set(key, value, &keys.all())).collect::<Result<_, _>>()?;
    let edited = splice::apply(bytes, splices);
    let changes: Vec<Leaf> =
        values.iter().map(|&(key, value)| Leaf { key: key.to_owned(), value: text_leaf(value) }).collect();
    splice::verify(yaml.leaves(), Yaml::parse(&edited)?.leaves(), &changes)?;
    super::confirm(&read(&edited, keys)?, edit)?;
    Ok(edited)
}

fn certificate_values<'a>(
    connection: &Connection,
    edit: &Edit<'a>,
    keys: &'a ReceviewKeys,
) -> Result<Vec<(&'a str, &'a str)>, ConfigError> {
    let uses_pkcs12 = matches!(connection.certificate, CertificateLocation::Pkcs12 { .. });
    match (edit.certificate, &keys.pkcs12) {
        (NewCertificate::Pkcs12 { file }, Some(pkcs12)) => Ok(vec![(pkcs12, file)]),
        (NewCertificate::Pem { certificate, key }, _) if !uses_pkcs12 => {
            Ok(vec![(&keys.certificate, certificate), (&keys.key, key)])
        }
        _ => Err(ConfigError::WrongCertificateKind {
            index: edit.index,
            application: "receview",
            wanted: if uses_pkcs12 { "a PKCS#12 file" } else { "a certificate and a key in PEM" },
        }),
    }
}

fn connections(yaml: &Yaml<'_>, keys: &ReceviewKeys) -> Result<Vec<Connection>, ConfigError> {
    if yaml.is_empty() {
        return Ok(Vec::new());
    }
    let text = |key: &str| {
        Ok::<_, ConfigError>(yaml.text(key)?.filter(|value| !value.is_empty()).map(str::to_owned))
    };
    let optional = |key: &Option<String>| key.as_deref().map_or(Ok(None), text);
    let certificate = match (optional(&keys.pkcs12)?, text(&keys.certificate)?, text(&keys.key)?) {
        (Some(file), ..) => CertificateLocation::Pkcs12 { file },
        (None, Some(certificate), Some(key)) => CertificateLocation::Pem { certificate, key },
        _ => CertificateLocation::None,
    };
    let password = text(&keys.passphrase)?.map(SecretString::from);
    Ok(vec![Connection {
        service_url: text(&keys.host)?,
        uses_client_certificate: certificate != CertificateLocation::None,
        certificate,
        // The viewer has no choice not to save it: one that is there is saved.
        password_saved: password.is_some(),
        password,
        ca_file: text(&keys.ca)?,
        is_current: true,
        confirm_days: optional(&keys.confirm_days)?,
        ..Connection::new(0)
    }])
}
