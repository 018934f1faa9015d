//! What an application's file says when a profile explains it, and how a new certificate is written into it.

use super::{ConfigSource, Connections, Keys, document::Document};
use crate::splice::{self, Leaf};
use crate::{CertificateLocation, ConfigError, Connection, Edit, NewCertificate, PasswordEdit, formats};
use secrecy::SecretString;

/// What a file says.
#[derive(Debug, Clone)]
pub struct ProfileReading {
    /// The connections that could be read.
    pub connections: Vec<Connection>,
    /// Why others could not be; each hides itself only.
    pub errors: Vec<ConfigError>,
}

/// The connections of an application's file. Where the file holds several, the numbers count its sections or elements
/// from 0, those without a certificate included; only those with one are answered.
///
/// # Errors
/// When the file is not in its format at all.
pub fn read_profile(source: &ConfigSource, bytes: &[u8]) -> Result<ProfileReading, ConfigError> {
    let document = Document::parse(source.format, bytes)?;
    let mut reading = ProfileReading { connections: Vec::new(), errors: Vec::new() };
    for scope in scopes(source, &document) {
        match scope.connection(&document, &source.keys) {
            Ok(connection) => {
                let wanted = scope.only || connection.certificate != CertificateLocation::None;
                reading.connections.extend(Some(connection).filter(|_| wanted));
            }
            Err(error) => reading.errors.push(error),
        }
    }
    Ok(reading)
}

/// The same file with one connection pointed at a new certificate, byte-identical outside the edited values.
///
/// # Errors
/// As for [`edit`](crate::edit).
pub fn edit_profile(source: &ConfigSource, bytes: &[u8], edit: &Edit<'_>) -> Result<Vec<u8>, ConfigError> {
    let document = Document::parse(source.format, bytes)?;
    let index = edit.index;
    let scopes = scopes(source, &document);
    let scope =
        scopes.iter().find(|scope| scope.index == index).ok_or(ConfigError::NoSuchConnection { index })?;
    let connection = formats::editable(vec![scope.connection(&document, &source.keys)?], edit)?;
    let values = scope.values(&document, &connection, &source.keys, edit)?;
    let splices = values.iter().map(|(key, value)| document.set(key, value)).collect::<Result<_, _>>()?;
    let edited = splice::apply(bytes, splices);
    let after = Document::parse(source.format, &edited)?;
    let changes: Vec<Leaf> = values.iter().map(|(key, value)| document.leaf(key, value)).collect();
    splice::verify(document.leaves(), after.leaves(), &changes)?;
    formats::confirm(&[scope.connection(&after, &source.keys)?], edit)?;
    Ok(edited)
}

/// Where the keys of one connection stand.
struct Scope {
    index: usize,
    /// What stands before each key.
    prefix: String,
    name: Option<String>,
    /// Whether the file holds this one only, so that it is told of even without a certificate.
    only: bool,
}

fn scopes(source: &ConfigSource, document: &Document<'_>) -> Vec<Scope> {
    let several = match &source.connections {
        Connections::One { section } => {
            let prefix = section.as_ref().map_or_else(String::new, |section| format!("[{section}] "));
            return vec![Scope { index: 0, prefix, name: section.clone(), only: true }];
        }
        Connections::Sections => document.scopes(""),
        Connections::List { pointer } => document.scopes(pointer),
    };
    let scope = |(index, (name, prefix))| Scope { index, prefix, name: Some(name), only: false };
    several.into_iter().enumerate().map(scope).collect()
}

impl Scope {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn connection(&self, document: &Document<'_>, keys: &Keys) -> Result<Connection, ConfigError> {
        let text = |key: &Option<String>| match key {
            Some(key) => document.text(&self.key(key)),
            None => Ok(None),
        };
        let certificate = match (text(&keys.pkcs12)?, text(&keys.certificate)?, text(&keys.key)?) {
            (Some(file), ..) => CertificateLocation::Pkcs12 { file },
            (None, Some(certificate), Some(key)) => CertificateLocation::Pem { certificate, key },
            (None, Some(certificate), None) => {
                CertificateLocation::Pem { key: certificate.clone(), certificate }
            }
            (None, None, _) => CertificateLocation::None,
        };
        let password = text(&keys.password)?.map(SecretString::from);
        Ok(Connection {
            description: text(&keys.name)?.or_else(|| self.name.clone()),
            service_url: text(&keys.service_url)?,
            uses_client_certificate: certificate != CertificateLocation::None,
            certificate,
            password_saved: password.is_some(),
            password,
            ca_file: text(&keys.ca)?,
            is_current: true,
            ..Connection::new(self.index)
        })
    }

    /// The keys to change, each with its new value.
    fn values<'e>(
        &self,
        document: &Document<'_>,
        connection: &Connection,
        keys: &Keys,
        edit: &Edit<'e>,
    ) -> Result<Vec<(String, &'e str)>, ConfigError> {
        let names_key = match &keys.key {
            Some(key) => document.text(&self.key(key))?.is_some(),
            None => false,
        };
        let mut values = Vec::new();
        let mut put =
            |key: &Option<String>, value| values.extend(key.as_ref().map(|key| (self.key(key), value)));
        match (&connection.certificate, edit.certificate) {
            (CertificateLocation::Pkcs12 { .. }, NewCertificate::Pkcs12 { file }) => put(&keys.pkcs12, file),
            (
                CertificateLocation::Pem { certificate: old, key: old_key },
                NewCertificate::Pem { certificate, key },
            ) if old != old_key || certificate == key => {
                put(&keys.certificate, certificate);
                if names_key {
                    put(&keys.key, key);
                }
            }
            (location, _) => return Err(wrong_kind(edit.index, location)),
        }
        if let PasswordEdit::Replace(password) = edit.password {
            put(&keys.password, password);
        }
        Ok(values)
    }
}

fn wrong_kind(index: usize, location: &CertificateLocation) -> ConfigError {
    let wanted = match location {
        CertificateLocation::None => "no certificate",
        CertificateLocation::Pkcs12 { .. } => "a PKCS#12 file",
        CertificateLocation::Pem { certificate, key } if certificate == key => {
            "one PEM file with certificate and key"
        }
        CertificateLocation::Pem { .. } => "a certificate and a key in PEM",
    };
    ConfigError::WrongCertificateKind { index, application: "the profile", wanted }
}
