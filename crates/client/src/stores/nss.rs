//! An NSS database (`cert9.db`, `key4.db`), read and changed by `certutil` and `pk12util`.
//!
//! NSS gives all certificates of one subject the same nickname, so that a renewed certificate cannot be told from the
//! old one by name. Here they are named by the identifier of their key (a SHA-1 of the public key), which is unique.

use super::{
    credential, malformed,
    tool::{Desk, Said},
};
use crate::applications::{Credential, CredentialError};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use koshin_issuance::{
    BundleContents, BundleProfile, CertificateFacts, Pkcs12Error, certificates_from_pem, read_pkcs12,
    write_pkcs12,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use x509_parser::{parse_x509_certificate, public_key::PublicKey};
use zeroize::Zeroizing;

/// The debianised names of NSS's programs; `certutil` of Windows is another program.
const CERTUTIL: &str = "certutil";
const PK12UTIL: &str = "pk12util";
/// The package that has them.
pub const PACKAGE: &str = "libnss3-tools";
/// What a transport file is encrypted with: it lives for a moment, and its password is random.
const ITERATIONS: u32 = 2048;
const CERTIFICATES: &str = "cert9.db";

/// A certificate with a key in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NssEntry {
    /// The database.
    pub database: Database,
    /// Its nickname there.
    pub nickname: String,
    /// The certificate in DER.
    pub certificate_der: Vec<u8>,
}

/// A database, by its directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Database(PathBuf);

/// Why a database was not read or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NssError {
    /// NSS's programs are not there.
    #[error("{program} is not installed, so the browser's certificates in {} cannot be read: install {PACKAGE}", .database.display())]
    NoTools {
        /// Which.
        program: &'static str,
        /// The database.
        database: PathBuf,
    },
    /// It has a primary password that nobody told, or another one.
    #[error("the browser's certificates in {} are protected by a primary password, and this is not it", .database.display())]
    Password {
        /// The database.
        database: PathBuf,
    },
    /// The key does not leave the database.
    #[error("the private key in {} cannot be exported", .database.display())]
    NotExportable {
        /// The database.
        database: PathBuf,
    },
    /// A program could not be run.
    #[error("{program} could not be run for {}: {error}", .database.display())]
    NotRun {
        /// Which.
        program: &'static str,
        /// The database.
        database: PathBuf,
        /// What the operating system said.
        error: Arc<io::Error>,
    },
    /// A program failed.
    #[error("{program} failed for {}: {message}", .database.display())]
    Failed {
        /// Which.
        program: &'static str,
        /// The database.
        database: PathBuf,
        /// What it said.
        message: String,
    },
    /// What was written is not there when read again.
    #[error("the new certificate is not in {} after it was added", .0.display())]
    NotAdded(PathBuf),
}

impl NssEntry {
    pub(super) fn open(&self, password: Option<&SecretString>) -> Result<Credential, CredentialError> {
        let path = self.database.directory();
        let facts = CertificateFacts::from_der(&self.certificate_der)
            .map_err(|error| malformed(path, error.to_string()))?;
        self.database.export(&facts, password).map_err(|error| match error {
            NssError::Password { database: path } if password.is_none() => {
                CredentialError::PasswordNeeded { path }
            }
            NssError::Password { database: path } => CredentialError::WrongPassword { path },
            NssError::NotExportable { database: path } => CredentialError::KeyNotExportable { path },
            other => malformed(path, other.to_string()),
        })
    }
}

impl Database {
    /// The database in `directory`, if there is one.
    pub fn at(directory: &Path) -> Option<Self> {
        let real = directory.canonicalize().ok()?;
        (real.join(CERTIFICATES).is_file() && real.join("key4.db").is_file()).then_some(Self(real))
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// The file of its certificates.
    pub fn certificates_file(&self) -> PathBuf {
        self.0.join(CERTIFICATES)
    }

    /// Its files.
    pub fn files(&self) -> Vec<PathBuf> {
        let names = [CERTIFICATES, "key4.db", "pkcs11.txt"].map(|name| self.0.join(name));
        names.into_iter().filter(|path| path.is_file()).collect()
    }

    /// All certificates with their nicknames, those of CAs too. Needs no password.
    ///
    /// # Errors
    /// [`NssError`].
    pub fn certificates(&self) -> Result<Vec<NssEntry>, NssError> {
        let desk = self.desk(CERTUTIL)?;
        let listed = self.certutil(&desk, &["-L"])?;
        let mut found = Vec::new();
        for nickname in nicknames(&String::from_utf8_lossy(&listed.output)) {
            let pem = self.certutil(&desk, &["-L", "-a", "-n", &nickname])?.output;
            for certificate_der in certificates_from_pem(&pem).unwrap_or_default() {
                let nickname = nickname.clone();
                found.push(NssEntry { database: self.clone(), nickname, certificate_der });
            }
        }
        Ok(found)
    }

    /// Key and certificate.
    ///
    /// # Errors
    /// [`NssError`].
    pub fn export(
        &self,
        certificate: &CertificateFacts,
        password: Option<&SecretString>,
    ) -> Result<Credential, NssError> {
        let desk = self.desk(PK12UTIL)?;
        let (secret, secret_file) = self.transport_password(&desk)?;
        let slot = self.slot_password(&desk, password)?;
        let file = desk.path("export.p12");
        let name = self.uri(certificate)?;
        let arguments: [&Path; 8] = [
            "-o".as_ref(),
            &file,
            "-n".as_ref(),
            name.as_ref(),
            "-k".as_ref(),
            &slot,
            "-w".as_ref(),
            &secret_file,
        ];
        self.pk12util(&desk, &arguments)?;
        let not_exportable = || NssError::NotExportable { database: self.0.clone() };
        let bytes = std::fs::read(&file).map(Zeroizing::new).map_err(|_| not_exportable())?;
        match read_pkcs12(&bytes, secret.expose_secret()) {
            Ok(bundle) => {
                credential(&self.0, bundle).map_err(|error| self.failed(PK12UTIL, error.to_string()))
            }
            Err(Pkcs12Error::NoPrivateKey | Pkcs12Error::Key(_)) => Err(not_exportable()),
            Err(error) => Err(self.failed(PK12UTIL, error.to_string())),
        }
    }

    /// Adds key and certificates; what is there already stays as it is.
    ///
    /// # Errors
    /// [`NssError`]; [`Self::remove`] takes away what was added nevertheless.
    pub fn import(&self, new: &Credential, password: Option<&SecretString>) -> Result<(), NssError> {
        let desk = self.desk(PK12UTIL)?;
        let (secret, secret_file) = self.transport_password(&desk)?;
        let slot = self.slot_password(&desk, password)?;
        let contents = BundleContents {
            friendly_name: &new.certificate.common_name,
            key: &new.key,
            certificate_der: &new.certificate.der,
            chain_der: &new.chain_der,
        };
        let bundle = write_pkcs12(&contents, BundleProfile::Compatible, ITERATIONS, secret.expose_secret())
            .map_err(|error| self.failed(PK12UTIL, error.to_string()))?;
        let file = desk.put("import.p12", &bundle).map_err(|error| self.not_run(PK12UTIL, error))?;
        let arguments: [&Path; 6] = ["-i".as_ref(), &file, "-k".as_ref(), &slot, "-w".as_ref(), &secret_file];
        self.pk12util(&desk, &arguments)?;
        let there = self.certificates()?.iter().any(|entry| entry.certificate_der == new.certificate.der);
        if there { Ok(()) } else { Err(NssError::NotAdded(self.0.clone())) }
    }

    /// Removes a certificate and its key; that it is not there is fine. Where a primary password is set and not told,
    /// the key stays behind: locked, and of no use without its certificate.
    ///
    /// # Errors
    /// [`NssError`] when the certificate stays.
    pub fn remove(
        &self,
        certificate: &CertificateFacts,
        password: Option<&SecretString>,
    ) -> Result<(), NssError> {
        let desk = self.desk(CERTUTIL)?;
        let uri = self.uri(certificate)?;
        let there = || Ok(self.certificates()?.iter().any(|entry| entry.certificate_der == certificate.der));
        if there()? {
            self.certutil(&desk, &["-D", "-n", &uri])?;
            if there()? {
                return Err(self.failed(CERTUTIL, "the certificate is still there".to_owned()));
            }
        }
        let slot = self.slot_password(&desk, password)?;
        let id = hex::encode(self.key_id(certificate)?);
        let slot = slot.to_string_lossy();
        match self.certutil(&desk, &["-F", "-k", &id, "-f", &slot]) {
            // Without its certificate a key is found by nobody.
            Ok(_) | Err(NssError::Password { .. } | NssError::Failed { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// SHA-256 (hex) of each certificate in it.
    ///
    /// # Errors
    /// [`NssError`].
    pub fn fingerprints(&self) -> Result<BTreeSet<String>, NssError> {
        let entries = self.certificates()?;
        Ok(entries.iter().map(|entry| crate::storage::changes::digest(&entry.certificate_der)).collect())
    }

    fn desk(&self, program: &'static str) -> Result<Desk, NssError> {
        Desk::new().map_err(|error| self.not_run(program, error))
    }

    /// NSS takes an empty file for no password.
    fn slot_password(&self, desk: &Desk, password: Option<&SecretString>) -> Result<PathBuf, NssError> {
        let text = password.map_or("", |password| password.expose_secret());
        let line = Zeroizing::new(format!("{text}\n"));
        desk.put("slot", line.as_bytes()).map_err(|error| self.not_run(CERTUTIL, error))
    }

    fn transport_password(&self, desk: &Desk) -> Result<(SecretString, PathBuf), NssError> {
        let secret =
            crate::renewal::new_password().map_err(|error| self.failed(PK12UTIL, error.to_string()))?;
        let line = Zeroizing::new(format!("{}\n", secret.expose_secret()));
        let file = desk.put("transport", line.as_bytes()).map_err(|error| self.not_run(PK12UTIL, error))?;
        Ok((secret, file))
    }

    fn certutil(&self, desk: &Desk, arguments: &[&str]) -> Result<Said, NssError> {
        let directory = self.argument();
        let mut all = vec!["-d", &directory];
        all.extend_from_slice(arguments);
        self.judged(CERTUTIL, desk.run(CERTUTIL, &all))
    }

    fn pk12util(&self, desk: &Desk, arguments: &[&Path]) -> Result<Said, NssError> {
        let directory = self.argument();
        let mut all: Vec<&Path> = vec!["-d".as_ref(), directory.as_ref()];
        all.extend_from_slice(arguments);
        self.judged(PK12UTIL, desk.run(PK12UTIL, &all))
    }

    fn argument(&self) -> String {
        format!("sql:{}", self.0.display())
    }

    fn judged(&self, program: &'static str, said: io::Result<Said>) -> Result<Said, NssError> {
        match said {
            Ok(said) if said.success => Ok(said),
            Ok(said) if said.complaint.contains("PASSWORD") || said.complaint.contains("password") => {
                Err(NssError::Password { database: self.0.clone() })
            }
            Ok(said) if said.complaint.contains("no user certs") => {
                Err(NssError::NotExportable { database: self.0.clone() })
            }
            Ok(said) => Err(self.failed(program, said.complaint)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(NssError::NoTools { program, database: self.0.clone() })
            }
            Err(error) => Err(self.not_run(program, error)),
        }
    }

    fn failed(&self, program: &'static str, message: String) -> NssError {
        NssError::Failed { program, database: self.0.clone(), message }
    }

    fn not_run(&self, program: &'static str, error: io::Error) -> NssError {
        NssError::NotRun { program, database: self.0.clone(), error: Arc::new(error) }
    }

    /// A PKCS#11 URI (RFC 7512) that names one certificate by its key.
    fn uri(&self, certificate: &CertificateFacts) -> Result<String, NssError> {
        let id: String = self.key_id(certificate)?.iter().map(|byte| format!("%{byte:02x}")).collect();
        Ok(format!("pkcs11:id={id};type=cert"))
    }

    fn key_id(&self, certificate: &CertificateFacts) -> Result<Vec<u8>, NssError> {
        key_id(&certificate.der).ok_or_else(|| self.failed(CERTUTIL, "a key of an unknown kind".to_owned()))
    }
}

/// What NSS calls a key: the SHA-1 of an RSA modulus, or of a point.
fn key_id(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let key = certificate.public_key();
    let id = match key.parsed().ok()? {
        PublicKey::RSA(rsa) => {
            let start = rsa.modulus.iter().position(|byte| *byte != 0)?;
            digest(&SHA1_FOR_LEGACY_USE_ONLY, &rsa.modulus[start..])
        }
        PublicKey::EC(point) => digest(&SHA1_FOR_LEGACY_USE_ONLY, point.data()),
        _ => return None,
    };
    Some(id.as_ref().to_vec())
}

/// The nicknames in a list of `certutil -L`, each once. A line ends with the trust flags: `name with spaces   u,u,u`.
fn nicknames(list: &str) -> BTreeSet<String> {
    let lines = list.lines().filter_map(|line| line.trim_end().rsplit_once(char::is_whitespace));
    let flags = |text: &str| text.split(',').count() == 3 && text.chars().all(|c| ",pPcCTuwg".contains(c));
    lines.filter(|(_, last)| flags(last)).map(|(name, _)| name.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_may_have_spaces_and_are_taken_once() {
        let list = "\nCertificate Nickname      Trust Attributes\n                   SSL,S/MIME,JAR/XPI\n\n\
                    client001 - ORCA CA       u,u,u\nTry CA                    CT,, \nclient001 - ORCA CA       u,u,u\n";
        let found: Vec<String> = nicknames(list).into_iter().collect();
        assert_eq!(found, ["Try CA", "client001 - ORCA CA"]);
    }
}
