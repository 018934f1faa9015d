//! The new folder: all of its files, or no folder.

use super::FirstError;
use crate::{
    applications::Credential,
    renewal::{Failure, secrets},
    storage::{Doing, FileSystem, StorageError, atomic, directory},
};
use koshin_appconfig::CertificateLocation;
use koshin_issuance::{
    BundleContents, BundleProfile, CertificateFacts, certificate_to_pem, encrypt_private_key_pem,
    read_pkcs12, read_private_key_pem, write_pkcs12,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// As OpenSSL writes it. The password is random, 130 bits strong.
const PKCS12_ITERATIONS: u32 = 2048;
/// What a folder or file is called whose certificate's name is no good for that.
const NAMELESS: &str = "terminal";

/// Which files an application reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `CN.p12`.
    Pkcs12,
    /// `CN.crt` and `CN.pem`, the key encrypted.
    Pem,
}

/// A folder, and what its files are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The folder, an absolute path.
    pub folder: PathBuf,
    /// The certificate's CN, if files can be called so.
    pub name: String,
    /// Which files.
    pub format: Format,
}

/// Where the files of `certificate` go: the folder that was `wanted`, else `koshin-CN` in the `home`, with a number behind
/// it if there is one already.
///
/// # Errors
/// When the folder that was wanted is there already, or its parent cannot be found.
pub(super) fn layout(
    fs: &dyn FileSystem,
    wanted: Option<&Path>,
    home: &Path,
    certificate: &CertificateFacts,
    format: Format,
) -> Result<Layout, Failure> {
    let name = file_name(&certificate.common_name);
    let is_there = |path: &Path| {
        fs.kind(path).map(|kind| kind.is_some()).map_err(StorageError::at(Doing::Reading, path))
    };
    let Some(wanted) = wanted else {
        let mut folder = home.join(format!("koshin-{name}"));
        let mut count = 1;
        while is_there(&folder)? {
            count += 1;
            folder = home.join(format!("koshin-{name}-{count}"));
        }
        return Ok(Layout { folder, name, format });
    };
    let taken = || FirstError::FolderExists(wanted.to_owned());
    let last = wanted.file_name().ok_or_else(taken)?;
    if is_there(wanted)? {
        return Err(taken().into());
    }
    let parent = atomic::parent(wanted);
    let parent = fs.canonicalize(parent).map_err(StorageError::at(Doing::Reading, parent))?;
    Ok(Layout { folder: parent.join(last), name, format })
}

/// `common_name`, if every system takes it for a file and nothing of it could lead elsewhere.
fn file_name(common_name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = common_name.chars().all(plain) && common_name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if good { common_name.to_owned() } else { NAMELESS.to_owned() }
}

impl Layout {
    /// The files with certificate and key: the PKCS#12 file, or the certificate and then the key.
    pub fn certificate(&self) -> Vec<PathBuf> {
        match self.format {
            Format::Pkcs12 => vec![self.file("p12")],
            Format::Pem => vec![self.file("crt"), self.file("pem")],
        }
    }

    /// The file with their password.
    pub fn password(&self) -> PathBuf {
        self.file("pass")
    }

    /// The file with the CA certificates.
    pub fn authorities(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.name))
    }

    /// For Koshin's own list.
    pub(super) fn location(&self) -> Result<CertificateLocation, FirstError> {
        let text = |path: PathBuf| match path.to_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(FirstError::PathNotText(path)),
        };
        Ok(match self.format {
            Format::Pkcs12 => CertificateLocation::Pkcs12 { file: text(self.file("p12"))? },
            Format::Pem => CertificateLocation::Pem {
                certificate: text(self.file("crt"))?,
                key: text(self.file("pem"))?,
            },
        })
    }

    /// Whether the folder is there, with `certificate` in it.
    pub(super) fn holds(
        &self,
        fs: &dyn FileSystem,
        certificate: &CertificateFacts,
    ) -> Result<bool, StorageError> {
        let Some(file) = read(fs, &self.certificate()[0])? else { return Ok(false) };
        Ok(match self.format {
            Format::Pem => CertificateFacts::from_pem(&file).is_ok_and(|found| found.der == certificate.der),
            Format::Pkcs12 => {
                let Some(password) = read(fs, &self.password())? else { return Ok(false) };
                let password = String::from_utf8_lossy(&password);
                read_pkcs12(&file, &password).is_ok_and(|found| found.certificate_der == certificate.der)
            }
        })
    }

    /// Makes the folder, open to its owner alone: beside its place first, then renamed as a whole.
    pub(super) fn make<'c>(
        &self,
        fs: &dyn FileSystem,
        new: &Credential,
        authorities: impl Iterator<Item = &'c Vec<u8>>,
        password: &SecretString,
    ) -> Result<(), Failure> {
        self.clear(fs)?;
        let beside = self.beside();
        fs.create_directory(&beside).map_err(StorageError::at(Doing::CreatingDirectory, &beside))?;
        for (path, bytes) in self.contents(new, authorities, password)? {
            atomic::write(fs, &beside.join(path.file_name().unwrap_or_default()), &bytes)?;
        }
        fs.rename(&beside, &self.folder).map_err(StorageError::at(Doing::Writing, &self.folder))?;
        Ok(atomic::sync_parent(fs, &self.folder)?)
    }

    /// Removes what an interrupted run has left beside the place.
    pub(super) fn clear(&self, fs: &dyn FileSystem) -> Result<(), StorageError> {
        directory::remove_with_files(fs, &self.beside())
    }

    fn beside(&self) -> PathBuf {
        atomic::neighbour(&self.folder, atomic::NEW)
    }

    fn contents<'c>(
        &self,
        new: &Credential,
        authorities: impl Iterator<Item = &'c Vec<u8>>,
        password: &SecretString,
    ) -> Result<Vec<NewFile>, Failure> {
        let plain = |text: String| Zeroizing::new(text.into_bytes());
        let mut files = match self.format {
            Format::Pkcs12 => vec![(self.file("p12"), bundle(new, password)?)],
            Format::Pem => vec![
                (self.file("crt"), plain(certificate_to_pem(&new.certificate.der))),
                (self.file("pem"), encrypted_key(new, password)?),
            ],
        };
        files.push((self.password(), plain(password.expose_secret().to_owned())));
        let mut known: Vec<&Vec<u8>> = Vec::new();
        for der in authorities {
            if !known.contains(&der) {
                known.push(der);
            }
        }
        let ca: String = known.into_iter().map(|der| certificate_to_pem(der)).collect();
        files.push((self.authorities(), plain(ca)));
        Ok(files)
    }
}

/// Where a file goes, and what is in it.
type NewFile = (PathBuf, Zeroizing<Vec<u8>>);

fn read(fs: &dyn FileSystem, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
    match fs.read(path).map_err(StorageError::at(Doing::Reading, path)) {
        Err(error) if error.is_missing() => Ok(None),
        read => read.map(|bytes| Some(Zeroizing::new(bytes))),
    }
}

/// A PKCS#12 file that every application opens, read again before it is used.
fn bundle(new: &Credential, password: &SecretString) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let contents = BundleContents {
        friendly_name: &new.certificate.common_name,
        key: &new.key,
        certificate_der: &new.certificate.der,
        chain_der: &new.chain_der,
    };
    let password = password.expose_secret();
    let bytes = write_pkcs12(&contents, BundleProfile::Compatible, PKCS12_ITERATIONS, password)
        .map_err(Failure::Bundle)?;
    let again = read_pkcs12(&bytes, password).map_err(Failure::Bundle)?;
    if again.certificate_der != new.certificate.der || !again.key.matches(&new.certificate) {
        return Err(Failure::Defect("the PKCS#12 file does not hold what was put into it".to_owned()));
    }
    Ok(bytes)
}

fn encrypted_key(new: &Credential, password: &SecretString) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let password = password.expose_secret();
    let (salt, iv) = (secrets::random_bytes()?, secrets::random_bytes()?);
    let pem = encrypt_private_key_pem(&new.key, password, salt, iv).map_err(Failure::Key)?;
    let again = read_private_key_pem(pem.as_bytes(), Some(password)).map_err(Failure::Key)?;
    if !again.matches(&new.certificate) {
        return Err(Failure::Defect("the key file does not hold what was put into it".to_owned()));
    }
    Ok(Zeroizing::new(pem.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_certificates_name_leads_nowhere() {
        assert_eq!(file_name("client001"), "client001");
        assert_eq!(file_name("db-1.example_2"), "db-1.example_2");
        for odd in ["../x", "..", ".hidden", "a/b", "a\\b", "受付1", "", "-x", "a b"] {
            assert_eq!(file_name(odd), "terminal", "{odd}");
        }
    }
}
