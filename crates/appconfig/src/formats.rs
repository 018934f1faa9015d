//! What the keys of each foreign application mean.

pub(crate) mod glclient2;
pub(crate) mod monsiaj;
pub(crate) mod receview;
pub(crate) mod system_properties;

use crate::{CertificateLocation, ConfigError, Connection, Edit, NewCertificate, PasswordEdit};
use secrecy::ExposeSecret;

/// The connection that an edit means, if it exists and may be edited in this way.
pub(crate) fn editable(connections: Vec<Connection>, edit: &Edit<'_>) -> Result<Connection, ConfigError> {
    let index = edit.index;
    let connection = connections
        .into_iter()
        .find(|connection| connection.index == index)
        .ok_or(ConfigError::NoSuchConnection { index })?;
    if let Some(reason) = connection.unsupported {
        return Err(ConfigError::Unsupported { index, reason });
    }
    if !connection.password_saved && matches!(edit.password, PasswordEdit::Replace(_)) {
        return Err(ConfigError::PasswordNotSaved { index });
    }
    Ok(connection)
}

/// Checks that the edited file, read as the application reads it, leads to the new certificate and password.
pub(crate) fn confirm(edited: &[Connection], edit: &Edit<'_>) -> Result<(), ConfigError> {
    let failed = |what: &str| Err(ConfigError::Verification { reason: what.to_owned() });
    let Some(connection) = edited.iter().find(|connection| connection.index == edit.index) else {
        return failed("the connection is gone");
    };
    let wanted = match edit.certificate {
        NewCertificate::Pkcs12 { file } => CertificateLocation::Pkcs12 { file: file.to_owned() },
        NewCertificate::Pem { certificate, key } => {
            CertificateLocation::Pem { certificate: certificate.to_owned(), key: key.to_owned() }
        }
    };
    if connection.certificate != wanted {
        return failed("the connection does not lead to the new certificate");
    }
    match (edit.password, &connection.password) {
        (PasswordEdit::Keep, _) => Ok(()),
        (PasswordEdit::Replace(wanted), Some(found)) if found.expose_secret() == wanted => Ok(()),
        (PasswordEdit::Replace(_), _) => failed("the connection does not have the new password"),
    }
}
