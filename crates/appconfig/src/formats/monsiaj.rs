//! monsiaj (ORCAMOクライアント): `monsiaj.config.N.*` in a Java properties file, the current one in `monsiaj.current`.

use super::system_properties;
use crate::documents::properties::Properties;
use crate::splice::{self, Leaf};
use crate::{CertificateLocation, ConfigError, Connection, Edit, NewCertificate, PasswordEdit};
use secrecy::SecretString;
use std::collections::BTreeSet;

const CURRENT: &str = "monsiaj.current";
const PREFIX: &str = "monsiaj.config.";

/// The connections of a monsiaj configuration, by number.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Connection>, ConfigError> {
    connections(&Properties::parse(bytes)?)
}

/// The file with connection `edit.index` pointed at a new PKCS#12 file.
pub(crate) fn edit(bytes: &[u8], edit: &Edit<'_>) -> Result<Vec<u8>, ConfigError> {
    let properties = Properties::parse(bytes)?;
    let connection = super::editable(connections(&properties)?, edit)?;
    let NewCertificate::Pkcs12 { file } = edit.certificate else {
        return Err(ConfigError::WrongCertificateKind {
            index: edit.index,
            application: "monsiaj",
            wanted: "a PKCS#12 file",
        });
    };
    let key = |name: &str| key(connection.index, name);
    let mut changes = vec![Leaf { key: key("clientCertificateFile"), value: file.to_owned() }];
    if let PasswordEdit::Replace(password) = edit.password {
        changes.push(Leaf { key: key("clientCertificatePassword"), value: password.to_owned() });
    }
    let splices = changes.iter().map(|change| properties.set(&change.key, &change.value)).collect();
    let edited = splice::apply(bytes, splices);
    splice::verify(properties.leaves(), Properties::parse(&edited)?.leaves(), &changes)?;
    super::confirm(&read(&edited)?, edit)?;
    Ok(edited)
}

fn key(index: usize, name: &str) -> String {
    format!("{PREFIX}{index}.{name}")
}

fn connections(properties: &Properties<'_>) -> Result<Vec<Connection>, ConfigError> {
    let current = current(properties)?;
    let indexes: BTreeSet<usize> = properties.keys().filter_map(index_of).collect();
    Ok(indexes.into_iter().map(|index| connection(properties, index, current)).collect())
}

/// The N of `monsiaj.config.N.name`, written without leading zeros.
fn index_of(key: &str) -> Option<usize> {
    let (number, _) = key.strip_prefix(PREFIX)?.split_once('.')?;
    number.parse().ok().filter(|index: &usize| index.to_string() == number)
}

fn current(properties: &Properties<'_>) -> Result<usize, ConfigError> {
    match properties.get(CURRENT).map(str::trim) {
        None | Some("") => Ok(0),
        Some(number) => number.parse().map_err(|_| {
            ConfigError::value(properties.line(CURRENT), CURRENT, "is not the number of a connection")
        }),
    }
}

fn connection(properties: &Properties<'_>, index: usize, current: usize) -> Connection {
    let text = |name| properties.get(&key(index, name)).filter(|value| !value.is_empty());
    let flag = |name| text(name).map(|value| value.eq_ignore_ascii_case("true"));
    let certificate = match text("clientCertificateFile") {
        Some(file) => CertificateLocation::Pkcs12 { file: file.to_owned() },
        None => CertificateLocation::None,
    };
    let on_token = flag("usePKCS11") == Some(true);
    Connection {
        description: text("description").map(str::to_owned),
        service_url: text("authuri").map(str::to_owned),
        // Without the key it is the certificate that tells.
        uses_client_certificate: flag("useSSL").unwrap_or(true)
            && (on_token || certificate != CertificateLocation::None),
        certificate,
        password: text("clientCertificatePassword").map(SecretString::from),
        password_saved: flag("saveClientCertificatePassword") == Some(true),
        ca_file: text("caCertificateFile").map(str::to_owned),
        is_current: index == current,
        system_properties: text("systemProperties").map(system_properties::parse).unwrap_or_default(),
        unsupported: on_token.then(|| {
            "usePKCS11=true: the private key is on a card or token, which Koshin cannot renew".to_owned()
        }),
        ..Connection::new(index)
    }
}
