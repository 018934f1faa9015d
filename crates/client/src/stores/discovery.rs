//! Certificates in browsers and Java keystores as places.

use super::{
    StoreEntry, browsers,
    keystores::{KeystoreEntry, List, Listed},
    nss::{Database, NssEntry},
};
use crate::{
    applications::{
        App, CertificateFiles, ConfigProblem, ConfigProblemReason, Discovery, DiscoveryWarning, Hook, Place,
        RenewalHostError, Settings, SettingsError, hosts, read_if_there, thresholds,
    },
    environment::{Environment, Platform},
};
use koshin_appconfig::ReceviewKeys;
use koshin_issuance::CertificateFacts;
use koshin_policy::{Kind, KindRules};
use std::{path::Path, path::PathBuf, sync::Arc};

/// The list of keystores, in Koshin's own folder.
const KEYSTORES: &str = "keystores.toml";

/// Adds what lies in keystores to `found`.
pub(crate) fn keystores(environment: &Environment, found: &mut Discovery) {
    let path = environment.config_dir.join(KEYSTORES);
    let problem = |reason| ConfigProblem { app: Some(App::Keystore), path: path.clone(), reason };
    let text = match read_if_there(&path) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) => return,
        Err(error) => {
            return found.problems.push(problem(ConfigProblemReason::Unreadable(Arc::new(error))));
        }
    };
    match toml::from_str::<List>(&text) {
        Ok(list) => {
            let listed = list.keystore.into_iter().enumerate();
            found.places.extend(listed.map(|(index, one)| keystore(index, one, &path)));
        }
        Err(error) => found.problems.push(problem(SettingsError::of(&error).into())),
    }
}

fn keystore(index: usize, listed: Listed, list: &Path) -> Place {
    let beside = |path: PathBuf| list.parent().unwrap_or(Path::new("")).join(path);
    let entry = KeystoreEntry {
        file: beside(listed.file),
        alias: listed.alias,
        key_password_file: listed.key_password_file.map(beside),
    };
    let setting = "renewal_url in keystores.toml";
    let config_path = entry.file.clone();
    Place {
        name: listed.name.unwrap_or_else(|| format!("keystore {index}")),
        password_file: listed.password_file.map(beside),
        ca_file: listed.ca.map(beside),
        hook: Hook::new(&listed.hook),
        ..place(App::Keystore, index, config_path, setting, listed.renewal_url, StoreEntry::Keystore(entry))
    }
}

/// Adds what lies in browsers to `found`.
pub(crate) fn browsers(environment: &Environment, settings: &Settings, found: &mut Discovery) {
    // Elsewhere browsers use the system's store, and `certutil` is another program.
    if Platform::CURRENT != Platform::Unix {
        return;
    }
    let mut databases = browsers::find(&environment.home);
    databases.extend(settings.browsers.databases.iter().filter_map(|folder| {
        let folder = environment.home.join(folder);
        let name = folder.display().to_string();
        Database::at(&folder).map(|database| browsers::Found { name, database })
    }));
    let mut index = 0;
    for browsers::Found { name, database } in databases {
        match database.certificates() {
            Ok(entries) => {
                for (entry, facts) in newest(entries) {
                    found.places.push(browser(index, &name, entry, &facts, settings));
                    index += 1;
                }
            }
            Err(error) => found.warnings.push(DiscoveryWarning::Browser(error.to_string())),
        }
    }
}

/// The clients' certificates of the kinds that Koshin knows. Of several of the same subject and issuer the one that
/// ends last: the browser prefers it, and the others wait for their removal.
fn newest(entries: Vec<NssEntry>) -> Vec<(NssEntry, CertificateFacts)> {
    let mut chosen: Vec<(NssEntry, CertificateFacts)> = Vec::new();
    for entry in entries {
        let Ok(facts) = CertificateFacts::from_der(&entry.certificate_der) else { continue };
        if facts.is_ca || KindRules::default().kind_of(&facts.common_name) == Kind::Unknown {
            continue;
        }
        let same = |other: &CertificateFacts| {
            (other.subject_rfc4514(), other.issuer_rfc4514())
                == (facts.subject_rfc4514(), facts.issuer_rfc4514())
        };
        match chosen.iter_mut().find(|(_, other)| same(other)) {
            Some(older) if older.1.not_after < facts.not_after => *older = (entry, facts),
            Some(_) => {}
            None => chosen.push((entry, facts)),
        }
    }
    chosen
}

fn browser(
    index: usize,
    name: &str,
    entry: NssEntry,
    facts: &CertificateFacts,
    settings: &Settings,
) -> Place {
    let of_issuer = |wanted: &Option<String>| {
        wanted.as_ref().is_none_or(|wanted| facts.issuer_rfc4514().contains(wanted.as_str()))
    };
    let own = &settings.browsers;
    let url = own.renewal_url.clone().filter(|_| of_issuer(&own.issuer));
    let config_path = entry.database.certificates_file();
    let setting = "renewal_url in the section [browsers] of koshin.toml";
    Place {
        name: format!("{name}: {}", facts.common_name),
        ca_file: own.ca.clone().filter(|_| url.is_some()),
        ..place(App::Browser, index, config_path, setting, url, StoreEntry::Nss(entry))
    }
}

fn place(
    app: App,
    connection: usize,
    config_path: PathBuf,
    setting: &str,
    renewal_url: Option<String>,
    entry: StoreEntry,
) -> Place {
    let no_address = || RenewalHostError::NoAddress { setting: setting.to_owned() };
    Place {
        app,
        connection,
        name: String::new(),
        config_path,
        service_url: None,
        renewal_base: renewal_url.ok_or_else(no_address).and_then(|url| hosts::explicit_base(setting, &url)),
        certificate: CertificateFiles::Store(entry),
        password: None,
        password_saved: false,
        password_file: None,
        ca_file: None,
        window: thresholds::files(),
        warnings: Vec::new(),
        hook: None,
        is_current: true,
        unsupported: None,
        receview_keys: Arc::new(ReceviewKeys::default()),
        profile: None,
    }
}
