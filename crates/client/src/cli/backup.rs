//! `koshin backup` and `koshin restore`: the applications' configurations and certificates, to a directory and back.

use super::messages::renew as words;
use crate::{
    applications::{CertificateFiles, Place, credential, discover},
    environment::{Environment, Language},
    exit::ExitCode,
    renewal::{Failure, hook::Processes, journal::Journals, recovery::recover},
    storage::{
        Disk, Doing, FileSystem, Kind, StorageError, atomic, backup,
        changes::{self, Changes},
        lock::InstanceLock,
    },
};
use jiff::Timestamp;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Koshin's own settings, which belong to a complete backup.
const OWN_FILES: [&str; 4] = ["koshin.toml", "hosts.toml", "files.toml", "keystores.toml"];

/// `koshin backup DIR`.
pub fn run_backup(directory: &Path, environment: &Environment, now: Timestamp) -> ExitCode {
    match back_up(&Disk, directory, environment, now) {
        Ok(Made { files, missing }) => {
            for path in missing {
                eprintln!("{}", words::left_out(environment.language, &path));
            }
            println!("{}", words::backed_up(environment.language, files, directory));
            ExitCode::Ok
        }
        Err(failure) => complain(&failure, environment.language),
    }
}

/// `koshin restore DIR`.
pub fn run_restore(directory: &Path, environment: &Environment, now: Timestamp) -> ExitCode {
    match restore(&Disk, directory, environment, now) {
        Ok(Restored { files: 0, .. }) => {
            println!("{}", words::nothing_to_restore(environment.language));
            ExitCode::Ok
        }
        Ok(Restored { files, replaced, ended }) => {
            println!("{}", words::restored(environment.language, files, replaced.as_deref()));
            for name in ended {
                eprintln!("{}", words::restored_ended(environment.language, &name, replaced.as_deref()));
            }
            ExitCode::Ok
        }
        Err(failure) => complain(&failure, environment.language),
    }
}

fn complain(failure: &Failure, language: Language) -> ExitCode {
    eprintln!("{}", words::backup_failure(language, failure));
    failure.exit_code()
}

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// How many files it holds.
    pub files: usize,
    /// Files that a configuration names and that do not exist.
    pub missing: Vec<PathBuf>,
}

/// Copies the configuration, certificate, key, password and CA files of every place, and Koshin's own settings, into
/// the new directory `directory` (0700, files 0600).
///
/// # Errors
/// When it exists already, or a file cannot be read or written.
pub fn back_up(
    fs: &dyn FileSystem,
    directory: &Path,
    environment: &Environment,
    now: Timestamp,
) -> Result<Made, Failure> {
    let _lock = InstanceLock::take(fs, &environment.state_dir)?;
    let (files, missing) = files_of(fs, environment)?;
    let manifest = backup::write(fs, directory, &files, now)?;
    Ok(Made { files: manifest.files.len(), missing })
}

fn files_of(
    fs: &dyn FileSystem,
    environment: &Environment,
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), StorageError> {
    let discovery = discover(environment);
    let mut named: Vec<PathBuf> = Vec::new();
    // A configuration that cannot be understood is worth keeping all the more.
    named.extend(discovery.problems.iter().map(|problem| problem.path.clone()));
    named.extend(discovery.places.iter().flat_map(files_of_place));
    let mut optional: Vec<PathBuf> = OWN_FILES.iter().map(|name| environment.config_dir.join(name)).collect();
    optional.extend(discovery.places.iter().filter_map(|place| Some(place.profile.as_ref()?.path.clone())));
    // monsiaj and glclient2 write the password beside the certificate.
    optional.extend(discovery.places.iter().filter_map(|place| {
        let (CertificateFiles::Pkcs12(path) | CertificateFiles::Pem { certificate: path, .. }) =
            &place.certificate
        else {
            return None;
        };
        Some(path.with_extension("pass"))
    }));
    let (mut files, mut missing) = (Vec::new(), Vec::new());
    for (path, must) in
        named.into_iter().map(|path| (path, true)).chain(optional.into_iter().map(|path| (path, false)))
    {
        let list = match leads_to_file(fs, &path)? {
            true => &mut files,
            false if must => &mut missing,
            false => continue,
        };
        if !list.contains(&path) {
            list.push(path);
        }
    }
    Ok((files, missing))
}

/// A symlink to nowhere is no file: there is nothing in it to be kept.
fn leads_to_file(fs: &dyn FileSystem, path: &Path) -> Result<bool, StorageError> {
    let reading = || StorageError::at(Doing::Reading, path);
    match fs.kind(path).map_err(reading())? {
        Some(Kind::Symlink) => {}
        kind => return Ok(kind == Some(Kind::File)),
    }
    match fs.canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        real => Ok(fs.kind(&real.map_err(reading())?).map_err(reading())? == Some(Kind::File)),
    }
}

fn files_of_place(place: &Place) -> Vec<PathBuf> {
    let mut files = vec![place.config_path.clone()];
    match &place.certificate {
        CertificateFiles::None => {}
        CertificateFiles::Pkcs12(path) => files.push(path.clone()),
        CertificateFiles::Pem { certificate, key } => files.extend([certificate.clone(), key.clone()]),
        CertificateFiles::Store(entry) => {
            files.extend(entry.files());
            files.extend(entry.key_password_file().map(Path::to_owned));
        }
    }
    files.extend(place.password_file.clone());
    files.extend(place.ca_file.clone());
    files
}

/// A backup that was put back.
#[derive(Debug)]
pub struct Restored {
    /// How many files differed from it.
    pub files: usize,
    /// Where copies of the files are that were replaced, if there were any.
    pub replaced: Option<PathBuf>,
    /// Connections that got a certificate back which has been replaced or has expired since, so that the server may
    /// refuse it.
    pub ended: Vec<String>,
}

/// Puts every file of a backup back where it was, after checking all of them against the manifest: all, or none.
/// Files that are as in the backup are not touched.
///
/// # Errors
/// When the backup is incomplete or damaged, or a file cannot be replaced; nothing has changed then.
pub fn restore(
    fs: &dyn FileSystem,
    directory: &Path,
    environment: &Environment,
    now: Timestamp,
) -> Result<Restored, Failure> {
    let _lock = InstanceLock::take(fs, &environment.state_dir)?;
    let files = backup::read(fs, directory)?;
    // An interrupted renewal would otherwise put its own copies over what is restored now.
    let (_, failures) = recover(fs, &Journals::new(fs, &environment.state_dir), &Processes::default(), now);
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    let mut changes = Changes::default();
    for file in files {
        changes.add(fs, &file.path, file.bytes, None)?;
    }
    changes.drop_unchanged();
    let replaced = backup::keep_replaced(fs, &environment.state_dir, &changes, now)?;
    let replacements = changes.replacements();
    if let Err(error) = changes.prepare(fs).and_then(|()| changes.commit(fs)) {
        changes::put_back(fs, &replacements)?;
        return Err(error.into());
    }
    changes::clean_up(fs, &replacements)?;
    let restored: Vec<&Path> = replacements.iter().map(|one| one.target.as_path()).collect();
    Ok(Restored { files: restored.len(), replaced, ended: ended(fs, environment, &restored, now) })
}

/// Names of the connections among whose `files` is now a certificate that has ended, as far as this PC knows.
fn ended(fs: &dyn FileSystem, environment: &Environment, files: &[&Path], now: Timestamp) -> Vec<String> {
    let journals = Journals::new(fs, &environment.state_dir);
    let has_ended = |place: &Place| {
        let found = credential::read_certificate(place).ok()?;
        let journal = journals.load(&changes::digest(&found.der)).ok().flatten();
        let replaced = journal.is_some_and(|journal| journal.state.is_over());
        (replaced || found.not_after < now).then(|| place.name.clone())
    };
    let mut places = discover(environment).places;
    places.retain(|place| {
        let mut own =
            files_of_place(place).into_iter().map(|path| atomic::resolve(fs, &path).unwrap_or(path));
        own.any(|path| files.contains(&path.as_path()))
    });
    places.iter().filter_map(has_ended).collect()
}
