//! From a new certificate to the list of files that change, for all places of a group.

use crate::{
    applications::{
        App, Hooks, Place,
        credential::{self, Credential},
        install::{
            ConfigEdit, Earlier, InstallError, PlannedFile, choose_protection, file_names, plan_switch,
        },
    },
    renewal::{
        Failure, secrets,
        stores::{self, StoreSwitch},
    },
    storage::{
        FileSystem, atomic,
        changes::{ChangeError, Changes},
    },
};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use secrecy::SecretString;
use std::path::PathBuf;

/// What a switch changes, and whom it tells.
pub(crate) struct Switch {
    pub(crate) changes: Changes,
    pub(crate) hooks: Vec<Hooks>,
    /// Databases of browsers, each with its password.
    pub(crate) stores: Vec<(StoreSwitch, Option<SecretString>)>,
}

/// Thinks out the switch of `places` from the certificate `old`, each with the password that opens its present key.
pub(crate) fn plan(
    fs: &dyn FileSystem,
    places: &[(&Place, Option<&SecretString>)],
    old: &CertificateFacts,
    new: &Credential,
    now: Timestamp,
) -> Result<Switch, Failure> {
    let mut changes = Changes::default();
    let mut edits: Vec<ConfigEdit> = Vec::new();
    let mut hooks: Vec<Hooks> = Vec::new();
    let mut stores: Vec<(StoreSwitch, Option<SecretString>)> = Vec::new();
    let mut written: Vec<InPlace> = Vec::new();
    for (place, password) in places {
        if let Some(database) = stores::database(place) {
            stores.push((StoreSwitch::plan(database, new)?, password.cloned()));
            continue;
        }
        still_has(place, old, *password)?;
        let protection = choose_protection(place, *password, &secrets::password()?)?;
        let earlier = edits.iter().rposition(|edit| edit.path == place.config_path);
        let config = earlier.map(|index| edits[index].after.as_slice());
        let earlier = Earlier { config, files: &changes.targets() };
        let plan = plan_switch(place, new, &protection, earlier, now).map_err(not_planned)?;
        if InPlace::add(&mut written, fs, place, &plan.new_files)? {
            for file in plan.new_files {
                changes.add(fs, &file.path, file.bytes, file.made_from)?;
            }
        }
        edits.extend(plan.config);
        if !hooks.contains(&plan.hooks) {
            hooks.push(plan.hooks);
        }
    }
    // What refers to the new files comes after them. A second edit of the same file starts from the first.
    for ConfigEdit { path, before_sha256, after } in edits {
        changes.add(fs, &path, after, Some(before_sha256))?;
    }
    Ok(Switch { changes, hooks, stores })
}

/// A person may have thought about the question for hours: what lies there now must still be what is to be replaced.
fn still_has(place: &Place, old: &CertificateFacts, password: Option<&SecretString>) -> Result<(), Failure> {
    let found = credential::open(place, password)?.certificate;
    if found.der == old.der {
        return Ok(());
    }
    let path =
        file_names(&place.certificate).map_or(place.config_path.as_path(), |(certificate, _)| certificate);
    Err(ChangeError::ChangedMeanwhile(path.to_owned()).into())
}

/// Files that one place replaces where they lie, symlinks followed.
struct InPlace {
    app: App,
    targets: Vec<PathBuf>,
}

impl InPlace {
    /// Adds the files that `place` replaces to those of the places before it. Answers whether they are to be written:
    /// not when another place has the very same files, which then are good for both.
    ///
    /// Files of which one place would undo what the other needs are refused: a key in the file of a certificate, or
    /// another entry of a keystore.
    fn add(
        written: &mut Vec<Self>,
        fs: &dyn FileSystem,
        place: &Place,
        files: &[PlannedFile],
    ) -> Result<bool, Failure> {
        let replaced = files.iter().filter(|file| file.replaces);
        let targets: Vec<PathBuf> =
            replaced.map(|file| atomic::resolve(fs, &file.path)).collect::<Result<_, _>>()?;
        let shared = |other: &&Self| targets.iter().any(|target| other.targets.contains(target));
        let Some(other) = written.iter().find(shared) else {
            written.push(Self { app: place.app, targets });
            return Ok(true);
        };
        if place.app == App::Keystore || other.app == App::Keystore {
            return Err(InstallError::SharedKeystore { path: place.config_path.clone() }.into());
        }
        if other.targets != targets {
            let first = targets.into_iter().find(|target| other.targets.contains(target));
            return Err(ChangeError::WrittenTwice(first.unwrap_or_default()).into());
        }
        Ok(false)
    }
}

/// Whether the file has changed before the plan or after it is the same to the user.
fn not_planned(error: InstallError) -> Failure {
    match error {
        InstallError::ChangedMeanwhile { path } => ChangeError::ChangedMeanwhile(path).into(),
        other => other.into(),
    }
}
