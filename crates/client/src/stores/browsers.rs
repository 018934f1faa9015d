//! Where browsers keep their NSS databases: as Debian packages, snaps and flatpaks.

use super::nss::Database;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// A browser's database and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `Chromium`, or `Firefox` with the name of the profile.
    pub name: String,
    /// The database.
    pub database: Database,
}

/// Chromium and its relatives (Chrome, Edge, Brave) share one database, relative to their home.
const CHROMIUM: [&str; 3] = [".pki/nssdb", ".local/share/pki/nssdb", "data/pki/nssdb"];
/// Folders of Firefox with a `profiles.ini`, relative to its home.
const FIREFOX: [&str; 2] = [".mozilla/firefox", ".config/mozilla/firefox"];

/// Every database of every browser in `home`, each once.
pub fn find(home: &Path) -> Vec<Found> {
    let homes = homes(home);
    let mut found = Vec::new();
    for folder in homes.iter().flat_map(|home| CHROMIUM.map(|folder| home.join(folder))) {
        found.extend(Database::at(&folder).map(|database| Found { name: "Chromium".to_owned(), database }));
    }
    for folder in homes.iter().flat_map(|home| FIREFOX.map(|folder| home.join(folder))) {
        for (name, profile) in firefox_profiles(&folder) {
            let name = format!("Firefox {name}");
            found.extend(Database::at(&profile).map(|database| Found { name, database }));
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert(one.database.clone()));
    found
}

/// The home itself, and what snaps and flatpaks take for one.
fn homes(home: &Path) -> Vec<PathBuf> {
    let mut homes = vec![home.to_owned()];
    for snap in folders(&home.join("snap")) {
        homes.extend([snap.join("current"), snap.join("common")]);
    }
    homes.extend(folders(&home.join(".var/app")));
    homes
}

fn folders(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Names and folders in `profiles.ini`.
fn firefox_profiles(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(text) = std::fs::read_to_string(folder.join("profiles.ini")) else { return Vec::new() };
    let mut profiles = Vec::new();
    let sections = text.split("\n[").filter(|section| section.trim_start_matches('[').starts_with("Profile"));
    for section in sections {
        let value = |wanted: &str| {
            let pairs = section.lines().filter_map(|line| line.trim().split_once('='));
            pairs.filter(|(key, _)| *key == wanted).map(|(_, value)| value.to_owned()).next()
        };
        let Some(path) = value("Path") else { continue };
        // Joined with an absolute path it is that path, which is what IsRelative=0 says.
        profiles.push((value("Name").unwrap_or_else(|| path.clone()), folder.join(path)));
    }
    profiles
}
