//! The files that each application expects of a renewal: names, kinds and contents.

use super::{
    credential::{self, Credential},
    install::{InstallError, PlannedFile, Protection, file_names},
    names,
    place::{CertificateFiles, Place},
    reading,
};
use crate::stores::StoreEntry;
use jiff::Timestamp;
use koshin_appconfig::profile::{KeyFormat, Pkcs12Format};
use koshin_issuance::{
    BundleContents, BundleProfile, KeystoreAccess, KeystoreUpdate, PrivateKey, certificate_to_pem,
    certificates_from_pem, encrypt_private_key_pem, private_key_to_pem, read_pkcs12, read_private_key_pem,
    replace_in_keystore, write_pkcs12,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// As OpenSSL writes it. The passwords are random or the user's own, and stand in a file beside it or in a head.
const PKCS12_ITERATIONS: u32 = 2048;

/// What goes into the files.
pub(super) struct Material<'a> {
    pub(super) new: &'a Credential,
    pub(super) protection: &'a Protection,
    /// Files that other places of the same switch write, symlinks followed: nothing lies there yet.
    pub(super) planned: &'a [PathBuf],
    pub(super) formats: Formats,
}

/// How key and PKCS#12 file are written.
#[derive(Clone, Copy)]
pub(super) struct Formats {
    key: KeyFormat,
    pkcs12: BundleProfile,
}

impl Formats {
    /// As the place's profile says, or as applications without one expect it.
    pub(super) fn of(place: &Place) -> Self {
        let wanted = place.profile.as_ref().map(|loaded| &loaded.profile.new_files);
        Self {
            key: wanted.map(|wanted| wanted.key_format).unwrap_or_default(),
            pkcs12: match wanted.map(|wanted| wanted.pkcs12_format) {
                Some(Pkcs12Format::Modern) => BundleProfile::Modern,
                Some(Pkcs12Format::Compatible) | None => BundleProfile::Compatible,
            },
        }
    }
}

/// The files, and where the application's configuration shall point from now on.
pub(super) struct Files {
    pub(super) planned: Vec<PlannedFile>,
    /// `None` when the configuration stays as it is.
    pub(super) location: Option<CertificateFiles>,
}

/// `certificates/<time>.p12`, and `.pass` where the password is saved.
pub(super) fn monsiaj(place: &Place, material: &Material<'_>, now: Timestamp) -> Result<Files, InstallError> {
    let CertificateFiles::Pkcs12(old) = &place.certificate else { return Err(InstallError::NoCertificate) };
    let extensions = [".p12", ".pass"];
    let stem = names::stamped(&place.config_path, now, |stem| material.any_taken(stem, &extensions));
    let bundle = names::with_extension(&stem, ".p12");
    let mut planned = vec![new_file(&bundle, material.pkcs12(old)?)];
    planned.extend(material.password_file(&stem));
    Ok(Files { planned, location: Some(CertificateFiles::Pkcs12(bundle)) })
}

/// `certificates/<time>.crt` and `.pem`; beside them `.p12` where there is a password, and `.pass` where it is saved.
pub(super) fn glclient2(
    place: &Place,
    material: &Material<'_>,
    now: Timestamp,
) -> Result<Files, InstallError> {
    let CertificateFiles::Pem { certificate: old, .. } = &place.certificate else {
        return Err(InstallError::NoCertificate);
    };
    let extensions = [".p12", ".crt", ".pem", ".pass"];
    let stem = names::stamped(&place.config_path, now, |stem| material.any_taken(stem, &extensions));
    let certificate = names::with_extension(&stem, ".crt");
    let key = names::with_extension(&stem, ".pem");
    let mut planned = Vec::new();
    if material.protection.password().is_some() {
        planned.push(new_file(&names::with_extension(&stem, ".p12"), material.pkcs12(old)?));
    }
    planned.push(new_file(&certificate, material.certificate_pem(old)));
    planned.push(new_file(&key, material.key_pem()?));
    planned.extend(material.password_file(&stem));
    Ok(Files { planned, location: Some(CertificateFiles::Pem { certificate, key }) })
}

/// The names of the old files with `.yyyymmdd` appended, in the same folders.
pub(super) fn receview(
    place: &Place,
    material: &Material<'_>,
    now: Timestamp,
) -> Result<Files, InstallError> {
    let old_paths: Vec<&Path> = match &place.certificate {
        CertificateFiles::None | CertificateFiles::Store(_) => return Err(InstallError::NoCertificate),
        CertificateFiles::Pkcs12(file) => vec![file],
        CertificateFiles::Pem { certificate, key } => vec![certificate, key],
    };
    let suffix = names::dated_suffix(now, |suffix| {
        old_paths.iter().any(|old| material.is_taken(&names::with_suffix(old, suffix)))
    });
    let renamed = |old: &Path| names::with_suffix(old, &suffix);
    let location = match &place.certificate {
        CertificateFiles::None | CertificateFiles::Store(_) => return Err(InstallError::NoCertificate),
        CertificateFiles::Pkcs12(file) => CertificateFiles::Pkcs12(renamed(file)),
        CertificateFiles::Pem { certificate, key } => {
            CertificateFiles::Pem { certificate: renamed(certificate), key: renamed(key) }
        }
    };
    let planned = material.files(&place.certificate, &location)?;
    Ok(Files { planned, location: Some(location) })
}

/// Files named as the profile says.
pub(super) fn by_profile(
    place: &Place,
    material: &Material<'_>,
    now: Timestamp,
) -> Result<Files, InstallError> {
    let Some(loaded) = &place.profile else { return Err(InstallError::NoCertificate) };
    let Some(names) = &loaded.profile.new_files.names else { return in_place(place, material) };
    let mut attempt = 0;
    let location = loop {
        let stamp = names::stamp(now, attempt);
        let location = loaded.successor(names, &place.certificate, &place.config_path, &stamp);
        let location = location.ok_or(InstallError::NoCertificate)?;
        let taken = file_names(&location)
            .is_some_and(|(one, other)| material.is_taken(one) || material.is_taken(other));
        if !taken {
            break location;
        }
        attempt += 1;
    };
    Ok(Files { planned: material.files(&place.certificate, &location)?, location: Some(location) })
}

/// The same files with new contents. Their password stays: see [`Place::takes_new_password`].
pub(super) fn in_place(place: &Place, material: &Material<'_>) -> Result<Files, InstallError> {
    let mut planned = material.files(&place.certificate, &place.certificate)?;
    for file in &mut planned {
        file.replaces = true;
    }
    Ok(Files { planned, location: None })
}

/// The same keystore with a new entry in the old one's place. Both passwords stay: who else knows them is not known.
pub(super) fn keystore(
    place: &Place,
    material: &Material<'_>,
    now: Timestamp,
) -> Result<Files, InstallError> {
    let CertificateFiles::Store(StoreEntry::Keystore(entry)) = &place.certificate else {
        return Err(InstallError::NoCertificate);
    };
    let key_password = entry.key_password()?;
    let access = KeystoreAccess {
        password: material.protection.password().map_or("", |password| password.expose_secret()),
        key_password: key_password.as_ref().map(ExposeSecret::expose_secret),
        alias: entry.alias.as_deref(),
    };
    let update = KeystoreUpdate {
        contents: BundleContents {
            friendly_name: &material.new.certificate.common_name,
            key: &material.new.key,
            certificate_der: &material.new.certificate.der,
            chain_der: &material.new.chain_der,
        },
        now_millis: u64::try_from(now.as_millisecond()).unwrap_or(0),
        salt: random()?,
    };
    let before = entry.read()?;
    let bytes = replace_in_keystore(&before, &access, &update)
        .map_err(|error| InstallError::Keystore { path: entry.file.clone(), error })?;
    Ok(Files {
        planned: vec![PlannedFile {
            path: entry.file.clone(),
            bytes,
            replaces: true,
            made_from: Some(Sha256::digest(&*before).into()),
        }],
        location: None,
    })
}

impl Material<'_> {
    fn any_taken(&self, stem: &Path, extensions: &[&str]) -> bool {
        extensions.iter().any(|extension| self.is_taken(&names::with_extension(stem, extension)))
    }

    /// Whether something lies at `path`, or will when the places before this one are switched.
    fn is_taken(&self, path: &Path) -> bool {
        path.exists() || self.planned.iter().any(|planned| *planned == in_real_folder(path))
    }

    /// The files at `location`, made after those at `old`.
    fn files(
        &self,
        old: &CertificateFiles,
        location: &CertificateFiles,
    ) -> Result<Vec<PlannedFile>, InstallError> {
        match (old, location) {
            (CertificateFiles::Pkcs12(old), CertificateFiles::Pkcs12(file)) => {
                Ok(vec![new_file(file, self.pkcs12(old)?)])
            }
            (
                CertificateFiles::Pem { certificate: old, key: old_key },
                CertificateFiles::Pem { certificate, key },
            ) => {
                let mut certificate_pem = self.certificate_pem(old);
                if certificate == key {
                    certificate_pem.extend_from_slice(&self.key_pem()?);
                    return Ok(vec![new_file(certificate, certificate_pem)]);
                }
                Ok(vec![new_file(key, self.key_file(old_key)?), new_file(certificate, certificate_pem)])
            }
            _ => Err(InstallError::NoCertificate),
        }
    }

    /// A bundle that every application opens, read again before it is handed out.
    fn pkcs12(&self, old: &Path) -> Result<Zeroizing<Vec<u8>>, InstallError> {
        let Some(password) = self.protection.password() else {
            return Err(InstallError::PasswordRequired { path: old.to_owned() });
        };
        let contents = BundleContents {
            friendly_name: &self.new.certificate.common_name,
            key: &self.new.key,
            certificate_der: &self.new.certificate.der,
            chain_der: &self.new.chain_der,
        };
        let password = password.expose_secret();
        let bytes = write_pkcs12(&contents, self.formats.pkcs12, PKCS12_ITERATIONS, password)?;
        let again = read_pkcs12(&bytes, password)?;
        if again.certificate_der != self.new.certificate.der || !again.key.matches(&self.new.certificate) {
            return Err(InstallError::SelfCheck { what: "PKCS#12 file" });
        }
        Ok(bytes)
    }

    /// The certificate; its CA certificates follow when the old file had some.
    fn certificate_pem(&self, old: &Path) -> Zeroizing<Vec<u8>> {
        let had_chain = reading::read(old)
            .ok()
            .and_then(|bytes| certificates_from_pem(&bytes).ok())
            .is_some_and(|certificates| certificates.len() > 1);
        let mut pem = certificate_to_pem(&self.new.certificate.der);
        if had_chain {
            pem.extend(self.new.chain_der.iter().map(|der| certificate_to_pem(der)));
        }
        Zeroizing::new(pem.into_bytes())
    }

    /// The key in a file of its own, in the format that the place wants.
    fn key_file(&self, old: &Path) -> Result<Zeroizing<Vec<u8>>, InstallError> {
        let was_der = || reading::read(old).is_ok_and(|bytes| !credential::is_pem(&bytes));
        match self.formats.key {
            KeyFormat::Der => {}
            KeyFormat::AsBefore if was_der() => {}
            KeyFormat::AsBefore | KeyFormat::Pem => return self.key_pem(),
        }
        if self.protection.password().is_some() {
            return Err(InstallError::DerWithPassword { path: old.to_owned() });
        }
        let der = Zeroizing::new(self.new.key.pkcs8_der().to_vec());
        if !PrivateKey::from_pkcs8_der(der.clone())?.matches(&self.new.certificate) {
            return Err(InstallError::SelfCheck { what: "key file" });
        }
        Ok(der)
    }

    /// The key, encrypted unless the old one was not, read again before it is handed out.
    fn key_pem(&self) -> Result<Zeroizing<Vec<u8>>, InstallError> {
        let password = self.protection.password().map(ExposeSecret::expose_secret);
        let pem = match password {
            None => private_key_to_pem(&self.new.key),
            Some(password) => encrypt_private_key_pem(&self.new.key, password, random()?, random()?)?,
        };
        if !read_private_key_pem(pem.as_bytes(), password)?.matches(&self.new.certificate) {
            return Err(InstallError::SelfCheck { what: "key file" });
        }
        Ok(Zeroizing::new(pem.as_bytes().to_vec()))
    }

    /// `<stem>.pass`, only where the user lets the password be kept.
    fn password_file(&self, stem: &Path) -> Option<PlannedFile> {
        let Protection::Saved(password) = self.protection else { return None };
        Some(new_file(&names::with_extension(stem, ".pass"), secret_bytes(password)))
    }
}

fn new_file(path: &Path, bytes: Zeroizing<Vec<u8>>) -> PlannedFile {
    PlannedFile { path: path.to_owned(), bytes, replaces: false, made_from: None }
}

fn secret_bytes(password: &SecretString) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.expose_secret().as_bytes().to_vec())
}

/// `path`, which need not exist, with the symlinks of its folder followed.
fn in_real_folder(path: &Path) -> PathBuf {
    let real = path.parent().and_then(|folder| folder.canonicalize().ok());
    real.zip(path.file_name()).map_or_else(|| path.to_owned(), |(folder, name)| folder.join(name))
}

fn random<const N: usize>() -> Result<[u8; N], InstallError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| InstallError::Randomness(error.to_string()))?;
    Ok(bytes)
}
