//! glclient2: the entries of `list` in a JSON file, the current one in `index`.

use crate::documents::json::{Json, JsonObject, text_leaf};
use crate::splice::{self, Leaf};
use crate::{CertificateLocation, ConfigError, Connection, Edit, NewCertificate, PasswordEdit};
use secrecy::SecretString;

/// The entries of `list`.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Connection>, ConfigError> {
    connections(&Json::parse(bytes)?)
}

/// The file with entry `edit.index` pointed at new PEM files.
pub(crate) fn edit(bytes: &[u8], edit: &Edit<'_>) -> Result<Vec<u8>, ConfigError> {
    let json = Json::parse(bytes)?;
    let connection = super::editable(connections(&json)?, edit)?;
    let NewCertificate::Pem { certificate, key } = edit.certificate else {
        return Err(ConfigError::WrongCertificateKind {
            index: edit.index,
            application: "glclient2",
            wanted: "a certificate and a key in PEM",
        });
    };
    let mut values = vec![("certfile", certificate), ("certkeyfile", key)];
    if let PasswordEdit::Replace(password) = edit.password {
        values.push(("certpassword", password));
    }
    let entry = entries(&json)?
        .into_iter()
        .nth(connection.index)
        .ok_or(ConfigError::NoSuchConnection { index: edit.index })?;
    let edited = splice::apply(bytes, entry.set(&values));
    let changes: Vec<Leaf> = values
        .iter()
        .map(|(key, value)| Leaf { key: format!("/list/{}/{key}", edit.index), value: text_leaf(value) })
        .collect();
    splice::verify(json.leaves(), Json::parse(&edited)?.leaves(), &changes)?;
    super::confirm(&read(&edited)?, edit)?;
    Ok(edited)
}

fn entries<'a, 'b>(json: &'b Json<'a>) -> Result<Vec<JsonObject<'a, 'b>>, ConfigError> {
    json.root()?.map_or_else(|| Ok(Vec::new()), |root| root.objects("list"))
}

fn connections(json: &Json<'_>) -> Result<Vec<Connection>, ConfigError> {
    let current = match json.root()? {
        Some(root) => root.number("index")?.unwrap_or(0),
        None => 0,
    };
    entries(json)?
        .iter()
        .enumerate()
        .map(|(index, entry)| connection(entry, index, i64::try_from(index) == Ok(current)))
        .collect()
}

fn connection(entry: &JsonObject<'_, '_>, index: usize, is_current: bool) -> Result<Connection, ConfigError> {
    let text =
        |key| Ok::<_, ConfigError>(entry.text(key)?.filter(|value| !value.is_empty()).map(str::to_owned));
    let certificate = match (text("certfile")?, text("certkeyfile")?) {
        (Some(certificate), Some(key)) => CertificateLocation::Pem { certificate, key },
        // libcurl looks for the key in the certificate's file when it is told no other.
        (Some(certificate), None) => CertificateLocation::Pem { key: certificate.clone(), certificate },
        (None, _) => CertificateLocation::None,
    };
    Ok(Connection {
        description: text("description")?,
        service_url: text("authuri")?,
        // Without the key it is the certificate that tells.
        uses_client_certificate: entry.flag("ssl")?.unwrap_or(true)
            && certificate != CertificateLocation::None,
        certificate,
        password: text("certpassword")?.map(SecretString::from),
        password_saved: entry.flag("savecertpassword")? == Some(true),
        ca_file: text("cafile")?,
        is_current,
        ..Connection::new(index)
    })
}
