//! Finding the applications' configuration files and their connections.
//!
//! A file that cannot be read is a [`ConfigProblem`] and hides nothing but itself.

use super::{
    connections::{self, Surroundings},
    hosts::HostTable,
    place::{App, ConfigProblem, ConfigProblemReason, Discovery, DiscoveryWarning, Place},
    profiles, reading,
    settings::Settings,
};
use crate::{environment::Environment, stores};
use koshin_appconfig::Format;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

const MONSIAJ_FILE: &str = "monsiaj.jsonrpc.properties";

/// Every connection of every application in the user's home.
pub fn discover(environment: &Environment) -> Discovery {
    search(environment, None)
}

/// Those of one application, without a look at the others. Only for a browser's is another program asked.
pub fn discover_only(environment: &Environment, app: App) -> Discovery {
    search(environment, Some(app))
}

fn search(environment: &Environment, only: Option<App>) -> Discovery {
    let wanted = |app: App| only.is_none_or(|only| only == app);
    let mut found = Discovery::default();
    let settings = settings(environment, &mut found);
    found.contact.clone_from(&settings.support.contact);
    let hosts = hosts(environment, &mut found);
    let surroundings = Surroundings {
        environment,
        hosts: &hosts,
        keys: Arc::new(settings.receview.keys()),
        settings: &settings,
    };
    for app in App::ALL.into_iter().filter(|app| wanted(*app)) {
        for config in config_files(app, environment, &settings, &mut found.warnings) {
            let places = read_file(app, &config, &surroundings, &mut found);
            found.places.extend(places);
        }
    }
    found.idle = idle(&found.warnings, &surroundings);
    if only.is_none_or(|only| matches!(only, App::Profile(_))) {
        profiles::discover(&surroundings, &mut found);
        found.places.retain(|place| wanted(place.app));
    }
    if wanted(App::Keystore) {
        stores::discovery::keystores(environment, &mut found);
    }
    if wanted(App::Browser) {
        stores::discovery::browsers(environment, &settings, &mut found);
    }
    found
}

/// What the files that are passed over say. An application may read them after all; one that is broken serves nobody.
fn idle(warnings: &[DiscoveryWarning], surroundings: &Surroundings<'_>) -> Vec<Place> {
    let read = |warning: &DiscoveryWarning| {
        let (app, config) = match warning {
            DiscoveryWarning::TwoFolders { ignored, .. } => (App::Glclient2, ignored),
            DiscoveryWarning::BesideJar { ignored, .. } => (App::Monsiaj, ignored),
            DiscoveryWarning::NothingToRead { .. } | DiscoveryWarning::Browser(_) => return Vec::new(),
        };
        read_file(app, config, surroundings, &mut Discovery::default())
    };
    warnings.iter().flat_map(read).collect()
}

fn settings(environment: &Environment, found: &mut Discovery) -> Settings {
    let path = environment.config_dir.join("koshin.toml");
    let Some(text) = own_file(&path, found) else { return Settings::default() };
    Settings::parse(&text).unwrap_or_else(|error| {
        found.problems.push(ConfigProblem { app: None, path, reason: error.into() });
        Settings::default()
    })
}

fn hosts(environment: &Environment, found: &mut Discovery) -> HostTable {
    let path = environment.config_dir.join("hosts.toml");
    let mut table = HostTable::built_in(&path);
    if let Some(text) = own_file(&path, found)
        && let Err(error) = table.extend(&text)
    {
        found.problems.push(ConfigProblem { app: None, path, reason: error.into() });
    }
    table
}

/// One of Koshin's own files, if it is there and can be read.
fn own_file(path: &Path, found: &mut Discovery) -> Option<String> {
    match reading::read_if_there(path) {
        Ok(bytes) => bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            found.problems.push(unreadable(None, path, error));
            None
        }
    }
}

fn read_file(app: App, config: &Path, surroundings: &Surroundings<'_>, found: &mut Discovery) -> Vec<Place> {
    let bytes = match reading::read_if_there(config) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Vec::new(),
        Err(error) => {
            found.problems.push(unreadable(Some(app), config, error));
            return Vec::new();
        }
    };
    let read = match app.format() {
        Some(Format::Receview) => koshin_appconfig::read_receview(&bytes, &surroundings.keys),
        Some(format) => koshin_appconfig::read(format, &bytes),
        None => return Vec::new(),
    };
    match read {
        Ok(connections) => {
            connections.into_iter().map(|one| connections::place(app, config, one, surroundings)).collect()
        }
        Err(error) => {
            let path = config.to_owned();
            found.problems.push(ConfigProblem { app: Some(app), path, reason: error.into() });
            Vec::new()
        }
    }
}

fn unreadable(app: Option<App>, path: &Path, error: std::io::Error) -> ConfigProblem {
    ConfigProblem { app, path: path.to_owned(), reason: ConfigProblemReason::Unreadable(Arc::new(error)) }
}

/// The files to read for an application; they need not exist.
fn config_files(
    app: App,
    environment: &Environment,
    settings: &Settings,
    warnings: &mut Vec<DiscoveryWarning>,
) -> Vec<PathBuf> {
    let home = &environment.home;
    match app {
        App::Monsiaj => monsiaj_files(home, &settings.monsiaj.jar_dirs, warnings),
        App::Glclient2 => vec![glclient2_file(home, warnings)],
        App::Receview => vec![home.join(".receview").join("receview.conf")],
        App::Files => vec![environment.config_dir.join("files.toml")],
        App::Browser | App::Keystore | App::Profile(_) => Vec::new(),
    }
}

/// A file beside a jar belongs to that installation, and the one in the home is then not read by it.
fn monsiaj_files(home: &Path, jar_dirs: &[PathBuf], warnings: &mut Vec<DiscoveryWarning>) -> Vec<PathBuf> {
    let in_home = home.join(".monsiaj").join(MONSIAJ_FILE);
    let beside: Vec<PathBuf> = jar_dirs
        .iter()
        .map(|folder| home.join(folder).join(MONSIAJ_FILE))
        .filter(|file| file.exists())
        .collect();
    let Some(first) = beside.first() else { return vec![in_home] };
    if in_home.exists() {
        warnings.push(DiscoveryWarning::BesideJar { used: first.clone(), ignored: in_home });
    }
    beside
}

/// Versions differ in the folder; the one that exists is used, of two the one written last.
fn glclient2_file(home: &Path, warnings: &mut Vec<DiscoveryWarning>) -> PathBuf {
    let [one, other] = [".glclient", ".glclient2"].map(|folder| home.join(folder).join("config.json"));
    let (Some(one_written), Some(other_written)) = (written(&one), written(&other)) else {
        return if other.exists() { other } else { one };
    };
    let (used, ignored) = if other_written > one_written { (other, one) } else { (one, other) };
    warnings.push(DiscoveryWarning::TwoFolders { used: used.clone(), ignored });
    used
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}
