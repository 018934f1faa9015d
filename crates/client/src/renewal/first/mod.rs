//! The first certificate of a PC that has none: a new disk, a new PC, files that were deleted. A 復旧コード stands in for
//! it.
//!
//! There is nothing to replace, so this is no renewal: the files go into a new folder, complete or not at all, and into
//! Koshin's own list, from which every later renewal takes them. What has been done is on the disk before it has an
//! effect ([`record`]), one folder a code: whoever gives the same code again goes on with the same key, and so gets the
//! same certificate.
//!
//! Whom to trust is settled before the code is sent to anybody (RFC 7030, 4.1.1 and 3.6): see [`Trusted`].

mod folder;
mod record;
mod trust;

pub use folder::{Format, Layout};
pub use trust::{FingerprintError, Trusted, fingerprint_in};

use crate::{
    applications::{Credential, hosts::https_uri},
    doors::{DoorError, Trust},
    environment::Environment,
    renewal::{
        Failure,
        journal::CertificateNote,
        network::Conversation,
        performer::{Surroundings, no_door_for_codes},
        secrets,
        staging::Staging,
        verification::{VerificationError, verify_first},
    },
    storage::{Doing, StorageError, atomic, directory, lock::InstanceLock},
};
use koshin_appconfig::{ConfigError, FilesEntry, add_files_entry};
use koshin_issuance::{CertificateFacts, KeyAlgorithm, create_nameless_csr};
use koshin_policy::RecoveryCode;
use koshin_protocol::problem::ProblemCode;
use record::{Record, Records, Stage};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Room that the files of one certificate need at most: 256 KiB.
const ROOM: usize = 256 * 1024;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The renewal host: an https address.
    pub server: String,
    /// How it is known to be the right one.
    pub trusted: Trusted,
    /// The folder to make; by default one in the home, named after the certificate.
    pub folder: Option<PathBuf>,
    /// Which files.
    pub format: Format,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obtained {
    /// The certificate.
    pub certificate: CertificateNote,
    /// Where it lies.
    pub layout: Layout,
    /// Whether the server knows that it is in use. If not, the next connection tells it.
    pub confirmed: bool,
    /// An earlier run had finished already.
    pub again: bool,
}

/// Why there is no first certificate, as far as nothing else says it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FirstError {
    /// The server's address.
    #[error("{0:?} is not an https address")]
    Server(String),
    /// The fingerprint that was given.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
    /// Whoever answers does not have the CA that was meant.
    #[error("none of the CA certificates of {server} has the fingerprint that was given")]
    OtherCa {
        /// The server.
        server: String,
    },
    /// The file of the CA.
    #[error("{} holds no CA certificate that can be read: {reason}", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Nothing is ever written over what is there.
    #[error("{} exists already: name a folder that does not", .0.display())]
    FolderExists(PathBuf),
    /// A path that no settings file could hold.
    #[error("{} is not text, so no settings file could name it", .0.display())]
    PathNotText(PathBuf),
    /// Koshin's own list cannot take the certificate.
    #[error("{}: {error}", .path.display())]
    List {
        /// `files.toml`.
        path: PathBuf,
        /// What is wrong with it.
        error: ConfigError,
    },
}

/// Exchanges `code` for a certificate of its terminal, proves it by a connection, and writes its files.
///
/// # Errors
/// [`Failure`]. Whatever it is, the same code may be given again: what has been received is kept.
pub fn obtain(
    code: &RecoveryCode,
    wanted: &Wanted,
    environment: &Environment,
    with: Surroundings<'_>,
) -> Result<Obtained, Failure> {
    let base = wanted.server.trim().trim_end_matches('/');
    if https_uri(base).is_none() {
        return Err(FirstError::Server(wanted.server.clone()).into());
    }
    let _lock = InstanceLock::take(with.fs, with.state_dir)?;
    let records = Records::new(with.fs, with.state_dir);
    // What cannot be swept now hinders nothing, and is swept next time.
    let _ = records.sweep(with.now());
    let directory = records.directory_of(base, code);
    let record = records.load(&directory);
    First { with, environment, wanted, base, records, directory, record }.run(code)
}

struct First<'a> {
    with: Surroundings<'a>,
    environment: &'a Environment,
    wanted: &'a Wanted,
    base: &'a str,
    records: Records<'a>,
    directory: PathBuf,
    record: Option<Record>,
}

impl First<'_> {
    fn run(&mut self, code: &RecoveryCode) -> Result<Obtained, Failure> {
        if let Some(obtained) = self.finished()? {
            return Ok(obtained);
        }
        self.check_room()?;
        let trust = trust::trust(&self.wanted.trusted, self.base, self.with)?;
        let new = match self.received()? {
            Some(new) => new,
            None => self.enrol(code, &trust)?,
        };
        let authorities: Vec<Vec<u8>> = trust.anchors_der.iter().chain(&new.chain_der).cloned().collect();
        verify_first(&new, &authorities, self.with.now())?;
        let server = self.with.network.talk(self.base, &trust, &new)?;
        // Asked as a trial: it is no first use, and the answer is about this very certificate.
        server.status()?;
        let layout = self.place(&new, &trust)?;
        self.list(&layout, &trust)?;
        let confirmed = server.confirm().is_ok();
        self.enter(Stage::Done { layout: layout.clone() }, Some(&new.certificate))?;
        // What stays behind is swept later.
        let _ = self.staging().discard();
        let certificate = CertificateNote::from(&new.certificate);
        Ok(Obtained { certificate, layout, confirmed, again: false })
    }

    /// What an earlier run with this code has finished, if its folder is still there.
    fn finished(&self) -> Result<Option<Obtained>, Failure> {
        let Some(Record { stage: Stage::Done { layout }, certificate: Some(certificate), .. }) = &self.record
        else {
            return Ok(None);
        };
        let folder = &layout.folder;
        let there = self.with.fs.kind(folder).map_err(StorageError::at(Doing::Reading, folder))?.is_some();
        Ok(there.then(|| Obtained {
            certificate: certificate.clone(),
            layout: layout.clone(),
            confirmed: true,
            again: true,
        }))
    }

    /// Before the code is used up: would the files fit, and could the list take them?
    fn check_room(&self) -> Result<(), Failure> {
        let fs = self.with.fs;
        directory::create_private(fs, self.with.state_dir)?;
        directory::check_room(fs, self.with.state_dir, ROOM)?;
        let parent = match &self.wanted.folder {
            None => self.environment.home.clone(),
            Some(folder) => {
                let begun = self.record.as_ref().is_some_and(|record| record.layout().is_some());
                let there = fs.kind(folder).map_err(StorageError::at(Doing::Reading, folder))?.is_some();
                // What an interrupted run has made there may be ours.
                if there && !begun {
                    return Err(FirstError::FolderExists(folder.clone()).into());
                }
                atomic::parent(folder).to_owned()
            }
        };
        directory::create_private(fs, &parent)?;
        directory::check_room(fs, &parent, ROOM)?;
        let path = self.list_path();
        let list = self.read_list(&path)?;
        koshin_appconfig::read(koshin_appconfig::Format::Files, &list)
            .map_err(|error| FirstError::List { path, error })?;
        Ok(())
    }

    /// What an earlier run has received for this code.
    fn received(&self) -> Result<Option<Credential>, Failure> {
        match self.record.as_ref().map(|record| &record.stage) {
            Some(Stage::Received | Stage::Placing { .. }) => self.staging().credential(None),
            _ => Ok(None),
        }
    }

    fn enrol(&mut self, code: &RecoveryCode, trust: &Trust) -> Result<Credential, Failure> {
        let server = self.with.network.greet(self.base, trust)?;
        let staged = self.staging().key(None)?;
        let key = match staged {
            Some(key) if matches!(&self.record, Some(record) if record.stage == Stage::KeyMade) => key,
            _ => {
                let wanted = server.csr_attributes()?;
                let key =
                    secrets::key(wanted.map_or(KeyAlgorithm::P256, |it| secrets::algorithm(Some(it), it)))?;
                self.staging().put_key(&key, None)?;
                self.enter(Stage::KeyMade, None)?;
                key
            }
        };
        let csr = create_nameless_csr(&key).map_err(Failure::Request)?;
        let received = server.enroll(&csr, code).map_err(|error| self.refused(error))?;
        let leaf = received
            .iter()
            .find(|der| CertificateFacts::from_der(der).is_ok_and(|facts| key.matches(&facts)))
            .ok_or(VerificationError::OtherKey)?;
        let chain = chain(leaf, &received, server.as_ref());
        self.staging().put_certificate(leaf, &chain)?;
        let certificate = CertificateFacts::from_der(leaf).map_err(Failure::Certificate)?;
        self.enter(Stage::Received, Some(&certificate))?;
        Ok(Credential { key, certificate, chain_der: chain })
    }

    /// A code that nobody has issued leaves nothing behind.
    fn refused(&self, error: DoorError) -> Failure {
        if error.problem_code() == Some(ProblemCode::RecoveryCodeWrong) {
            let _ = self.records.forget(&self.directory);
        }
        no_door_for_codes(error, self.base)
    }

    /// The folder with the files, made unless an earlier run has made it.
    fn place(&mut self, new: &Credential, trust: &Trust) -> Result<Layout, Failure> {
        let fs = self.with.fs;
        let earlier = self.record.as_ref().and_then(Record::layout).cloned();
        if let Some(layout) = earlier {
            if layout.holds(fs, &new.certificate)? {
                return Ok(layout);
            }
            layout.clear(fs)?;
        }
        let layout = folder::layout(
            fs,
            self.wanted.folder.as_deref(),
            &self.environment.home,
            &new.certificate,
            self.wanted.format,
        )?;
        self.enter(Stage::Placing { layout: layout.clone() }, Some(&new.certificate))?;
        let authorities = trust.anchors_der.iter().chain(&new.chain_der);
        layout.make(fs, new, authorities, &secrets::password()?)?;
        Ok(layout)
    }

    /// From here on every renewal knows the certificate.
    fn list(&self, layout: &Layout, trust: &Trust) -> Result<(), Failure> {
        let path = self.list_path();
        let list = self.read_list(&path)?;
        let text = |path: PathBuf| match path.to_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(FirstError::PathNotText(path)),
        };
        let (password_file, ca) = (text(layout.password())?, text(layout.authorities())?);
        let entry = FilesEntry {
            name: &layout.name,
            certificate: &layout.location()?,
            password_file: &password_file,
            // With a CA file, Koshin trusts that alone; the PC's own CAs count where they did before.
            ca: (!trust.system_roots).then_some(&ca),
            renewal_url: self.base,
        };
        let added =
            add_files_entry(&list, &entry).map_err(|error| FirstError::List { path: path.clone(), error })?;
        if let Some(bytes) = added {
            directory::create_private(self.with.fs, &self.environment.config_dir)?;
            atomic::write(self.with.fs, &path, &bytes)?;
        }
        Ok(())
    }

    fn list_path(&self) -> PathBuf {
        self.environment.config_dir.join("files.toml")
    }

    fn read_list(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        match self.with.fs.read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => Ok(read.map_err(StorageError::at(Doing::Reading, path))?),
        }
    }

    /// Makes `stage` a fact on the disk.
    fn enter(&mut self, stage: Stage, certificate: Option<&CertificateFacts>) -> Result<(), Failure> {
        let record = Record::new(stage, self.base, certificate, self.with.now());
        self.records.save(&self.directory, &record)?;
        self.record = Some(record);
        Ok(())
    }

    fn staging(&self) -> Staging<'_> {
        Staging { fs: self.with.fs, directory: self.directory.clone() }
    }
}

/// The CA certificates above `leaf`: what came with it, and what the server says about itself.
fn chain(leaf: &[u8], received: &[Vec<u8>], server: &dyn Conversation) -> Vec<Vec<u8>> {
    // A server without that request still has given the certificate.
    let authorities = server.cacerts().unwrap_or_default();
    let mut chain: Vec<Vec<u8>> = Vec::new();
    for der in received.iter().chain(&authorities) {
        if der != leaf && !chain.contains(der) {
            chain.push(der.clone());
        }
    }
    chain
}
