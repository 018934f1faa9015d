//! From a new certificate to the list of files that change, for all places of a group.

use crate::{
    applications::{
        App, Hooks, Place,
        credential::Credential,
        install::{ConfigEdit, Earlier, InstallError, choose_protection, plan_switch},
    },
    renewal::{
        Failure, secrets,
        stores::{self, StoreSwitch},
    },
    storage::{
        FileSystem,
        changes::{ChangeError, Changes},
    },
};
use jiff::Timestamp;
use secrecy::SecretString;
use std::path::Path;

/// What a switch changes, and whom it tells.
pub(crate) struct Switch {
    pub(crate) changes: Changes,
    pub(crate) hooks: Vec<Hooks>,
    /// Databases of browsers, each with its password.
    pub(crate) stores: Vec<(StoreSwitch, Option<SecretString>)>,
}

/// Thinks out the switch of `places`, each with the password that opens its present key.
pub(crate) fn plan(
    fs: &dyn FileSystem,
    places: &[(&Place, Option<&SecretString>)],
    new: &Credential,
    now: Timestamp,
) -> Result<Switch, Failure> {
    let mut changes = Changes::default();
    let mut edits: Vec<ConfigEdit> = Vec::new();
    let mut hooks: Vec<Hooks> = Vec::new();
    let mut stores: Vec<(StoreSwitch, Option<SecretString>)> = Vec::new();
    let mut keystores: Vec<Option<&Path>> = Vec::new();
    for (place, password) in places {
        if let Some(database) = stores::database(place) {
            stores.push((StoreSwitch::plan(database, new)?, password.cloned()));
            continue;
        }
        let keystore = (place.app == App::Keystore).then_some(place.config_path.as_path());
        if keystore.is_some() && keystores.contains(&keystore) {
            return Err(InstallError::SharedKeystore { path: place.config_path.clone() }.into());
        }
        keystores.push(keystore);
        let protection = choose_protection(place, *password, &secrets::password()?)?;
        let earlier = edits.iter().rposition(|edit| edit.path == place.config_path);
        let config = earlier.map(|index| edits[index].after.as_slice());
        let earlier = Earlier { config, files: &changes.targets() };
        let plan = plan_switch(place, new, &protection, earlier, now).map_err(not_planned)?;
        for file in plan.new_files {
            changes.add(fs, &file.path, file.bytes, None)?;
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

/// Whether the file has changed before the plan or after it is the same to the user.
fn not_planned(error: InstallError) -> Failure {
    match error {
        InstallError::ChangedMeanwhile { path } => ChangeError::ChangedMeanwhile(path).into(),
        other => other.into(),
    }
}
