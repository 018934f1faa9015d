//! From a connection in an application's file to a [`Place`].

use super::{
    hook::Hook,
    hosts::{self, HostTable, RenewalHostError},
    place::{App, CertificateFiles, Place, PlaceWarning},
    settings::Settings,
    thresholds,
};
use crate::environment::Environment;
use koshin_appconfig::{CertificateLocation, Connection, ReceviewKeys};
use koshin_policy::{ClientWindow, WindowSettingError};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a connection is read with.
pub(super) struct Surroundings<'a> {
    pub(super) environment: &'a Environment,
    pub(super) hosts: &'a HostTable,
    pub(super) settings: &'a Settings,
    pub(super) keys: Arc<ReceviewKeys>,
}

/// The place that `connection` of the file `config` describes.
pub(super) fn place(app: App, config: &Path, connection: Connection, around: &Surroundings<'_>) -> Place {
    let mut warnings = Vec::new();
    let mut path = |text: &str| absolute(config, text, &mut warnings);
    let certificate = certificate_files(&connection, &mut path);
    let ca_file = connection.ca_file.as_deref().map(&mut path);
    let files = connection.files.as_ref();
    let password_file = files.and_then(|files| files.password_file.as_deref()).map(&mut path);
    let (window, nonsense) = window(app, &connection, around);
    warnings.extend(nonsense.map(PlaceWarning::from));
    Place {
        app,
        connection: connection.index,
        renewal_base: renewal_base(app, &connection, around),
        certificate,
        ca_file,
        password_file,
        window,
        warnings,
        hook: files.and_then(|files| Hook::new(&files.hook)),
        name: connection.description.unwrap_or_else(|| format!("{app} {}", connection.index)),
        config_path: config.to_owned(),
        service_url: connection.service_url,
        password: connection.password.filter(|_| connection.password_saved),
        password_saved: connection.password_saved,
        is_current: connection.is_current,
        unsupported: connection.unsupported,
        receview_keys: Arc::clone(&around.keys),
        profile: None,
    }
}

/// The files that `connection` of the file `config` uses.
pub(super) fn certificate_of(config: &Path, connection: &Connection) -> CertificateFiles {
    certificate_files(connection, &mut |text| absolute(config, text, &mut Vec::new()))
}

pub(super) fn absolute(config: &Path, text: &str, warnings: &mut Vec<PlaceWarning>) -> PathBuf {
    let path = Path::new(text);
    if path.is_absolute() {
        return path.to_owned();
    }
    warnings.push(PlaceWarning::RelativePath { path: path.to_owned(), config: config.to_owned() });
    config.parent().unwrap_or(Path::new("")).join(path)
}

pub(super) fn certificate_files(
    connection: &Connection,
    path: &mut impl FnMut(&str) -> PathBuf,
) -> CertificateFiles {
    // With the key on a token, a file that is still named is a leftover: the application does not look at it.
    if !connection.uses_client_certificate || connection.unsupported.is_some() {
        return CertificateFiles::None;
    }
    match &connection.certificate {
        CertificateLocation::None => CertificateFiles::None,
        CertificateLocation::Pkcs12 { file } => CertificateFiles::Pkcs12(path(file)),
        CertificateLocation::Pem { certificate, key } if certificate == key => {
            let both = path(certificate);
            CertificateFiles::Pem { certificate: both.clone(), key: both }
        }
        CertificateLocation::Pem { certificate, key } => {
            CertificateFiles::Pem { certificate: path(certificate), key: path(key) }
        }
    }
}

fn window(
    app: App,
    connection: &Connection,
    around: &Surroundings<'_>,
) -> (ClientWindow, Option<WindowSettingError>) {
    match app {
        App::Monsiaj => thresholds::monsiaj(property(connection, "monsia.cert_expire_check_monthes")),
        App::Glclient2 => thresholds::glclient2(around.environment.check_months.as_deref()),
        App::Receview => thresholds::receview(
            around.settings.receview.months_text().as_deref(),
            connection.confirm_days.as_deref(),
        ),
        App::Files | App::Browser | App::Keystore | App::Profile(_) => (thresholds::files(), None),
    }
}

/// The last one counts, as in Java.
fn property<'a>(connection: &'a Connection, name: &str) -> Option<&'a str> {
    let mut named = connection.system_properties.iter().rev().filter(|(key, _)| key == name);
    named.next().map(|(_, value)| value.as_str())
}

/// Who renews: the application's own override, else the table.
fn renewal_base(
    app: App,
    connection: &Connection,
    around: &Surroundings<'_>,
) -> Result<String, RenewalHostError> {
    const HOST_PROPERTY: &str = "monsia.update_cert_api_host";
    let service = connection.service_url.as_deref();
    match app {
        App::Monsiaj => {
            if let Some(host) = property(connection, HOST_PROPERTY) {
                return hosts::explicit_host(HOST_PROPERTY, host, service);
            }
        }
        App::Glclient2 => {
            if let Some(url) = &around.environment.update_cert_api_host {
                return hosts::explicit_base("GLCLIENT_UPDATE_CERT_API_HOST", url);
            }
        }
        App::Receview => {
            if let Some(url) = &around.settings.receview.renewal_url {
                return hosts::explicit_base("[receview] renewal_url", url);
            }
        }
        App::Files | App::Browser | App::Keystore | App::Profile(_) => {
            if let Some(url) = connection.files.as_ref().and_then(|files| files.renewal_url.as_deref()) {
                return hosts::explicit_base("renewal_url", url);
            }
        }
    }
    let service =
        service.ok_or_else(|| RenewalHostError::NoAddress { setting: address_setting(app).to_owned() })?;
    around.hosts.base_for(service, app == App::Monsiaj)
}

fn address_setting(app: App) -> &'static str {
    match app {
        App::Monsiaj => "authuri, or monsia.update_cert_api_host in its system properties",
        App::Glclient2 => "authuri, or GLCLIENT_UPDATE_CERT_API_HOST",
        App::Receview => "renewal_url in the section [receview] of koshin.toml",
        App::Files | App::Browser | App::Keystore | App::Profile(_) => "renewal_url in files.toml",
    }
}
