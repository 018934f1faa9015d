//! The user's own certificates in the Windows certificate store (`CurrentUser\MY`): where Edge, Chrome and .NET
//! programs look for a client certificate.
//!
//! A certificate is known by its DER. Adding never removes: the old certificate goes when [`Personal::remove`] is
//! called, which is after the new one has connected.
//!
//! The key of a removed certificate stays in the user's key folder, encrypted by Windows, as it does when a person
//! removes the certificate in `certmgr.msc`.

use schannel::{
    cert_context::CertContext,
    cert_store::{CertAdd, CertStore, PfxImportOptions},
};
use secrecy::{ExposeSecret, SecretString};
use std::io;

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateStoreError {
    /// It did not open.
    #[error("the Windows certificate store could not be opened: {0}")]
    NotOpened(#[source] io::Error),
    /// The PKCS#12 was not understood, or the password is wrong. Windows before 10 version 1809 reads only the
    /// compatible kind (3DES, SHA-1).
    #[error("Windows could not read the new certificate's PKCS#12: {0}")]
    NotRead(#[source] io::Error),
    /// The PKCS#12 holds something else.
    #[error("the PKCS#12 does not hold the new certificate")]
    NotInside,
    /// The certificate has come in, and its key has not.
    #[error("Windows did not accept the private key of the new certificate: {0}")]
    NoKey(#[source] io::Error),
    /// It could not be added.
    #[error("the new certificate could not be added to the Windows certificate store: {0}")]
    NotAdded(#[source] io::Error),
    /// It could not be removed.
    #[error("the old certificate could not be removed from the Windows certificate store: {0}")]
    NotRemoved(#[source] io::Error),
}

/// The user's own certificates.
#[derive(Debug)]
pub struct Personal(CertStore);

impl Personal {
    /// Opens the store of the user who runs this program.
    ///
    /// # Errors
    /// [`CertificateStoreError::NotOpened`].
    pub fn open() -> Result<Self, CertificateStoreError> {
        CertStore::open_current_user("MY").map(Self).map_err(CertificateStoreError::NotOpened)
    }

    /// All certificates in it, as DER.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.0.certs().map(|one| one.to_der().to_vec()).collect()
    }

    /// Whether it holds this certificate together with a key that this user may use without being asked.
    pub fn can_use(&self, certificate: &[u8]) -> bool {
        self.find(certificate).is_some_and(|found| key_of(&found).is_ok())
    }

    /// Adds `certificate` (DER) and its key from `pkcs12`. The key cannot be exported from the store again. Adding
    /// one that is there already changes nothing but its key.
    ///
    /// # Errors
    /// [`CertificateStoreError`]; the store is then as it was.
    pub fn add(
        &mut self,
        pkcs12: &[u8],
        password: &SecretString,
        certificate: &[u8],
        friendly_name: &str,
    ) -> Result<(), CertificateStoreError> {
        let bundle = PfxImportOptions::new()
            .password(password.expose_secret())
            .import(pkcs12)
            .map_err(CertificateStoreError::NotRead)?;
        let new =
            bundle.certs().find(|one| one.to_der() == certificate).ok_or(CertificateStoreError::NotInside)?;
        key_of(&new).map_err(CertificateStoreError::NoKey)?;
        // A name is for people only.
        let _ = new.set_friendly_name(friendly_name);
        self.0.add_cert(&new, CertAdd::ReplaceExisting).map_err(CertificateStoreError::NotAdded)?;
        Ok(())
    }

    /// Removes `certificate` (DER). Says whether it was there.
    ///
    /// # Errors
    /// [`CertificateStoreError::NotRemoved`].
    pub fn remove(&mut self, certificate: &[u8]) -> Result<bool, CertificateStoreError> {
        match self.find(certificate) {
            Some(found) => found.delete().map(|()| true).map_err(CertificateStoreError::NotRemoved),
            None => Ok(false),
        }
    }

    fn find(&self, certificate: &[u8]) -> Option<CertContext> {
        self.0.certs().find(|one| one.to_der() == certificate)
    }
}

fn key_of(certificate: &CertContext) -> io::Result<()> {
    certificate.private_key().silent(true).compare_key(true).acquire().map(|_| ())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use koshin_issuance::{BundleContents, BundleProfile, read_pkcs12, write_pkcs12};

    /// Self-signed certificates with RSA keys.
    const OLD: &[u8] = include_bytes!("../../tests/fixtures/store-old.p12");
    const NEW: &[u8] = include_bytes!("../../tests/fixtures/store-new.p12");

    /// A bundle as Koshin writes it, and the certificate in it. The compatible kind, which every Windows reads.
    fn bundle(fixture: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let read = read_pkcs12(fixture, "secret").unwrap();
        let contents = BundleContents {
            friendly_name: "client001",
            key: &read.key,
            certificate_der: &read.certificate_der,
            chain_der: &[],
        };
        let written = write_pkcs12(&contents, BundleProfile::Compatible, 2048, "secret").unwrap();
        (written.to_vec(), read.certificate_der)
    }

    #[test]
    #[ignore = "adds certificates to those of this user, and removes them"]
    fn the_old_certificate_stays_until_it_is_removed() {
        let password = SecretString::from("secret");
        let mut store = Personal::open().unwrap();
        let [(old_bundle, old), (new_bundle, new)] = [OLD, NEW].map(bundle);
        for (bundle, certificate) in [(&old_bundle, &old), (&new_bundle, &new)] {
            store.add(bundle, &password, certificate, "Koshin client001").unwrap();
            assert!(store.can_use(certificate), "the certificate came without its key");
        }
        assert!(store.can_use(&old), "adding the new one removed the old one");
        assert!(store.remove(&old).unwrap());
        assert!(!store.remove(&old).unwrap(), "it was removed already");
        // Looked at through the same handle: Wine 8 forgets the store at the end of the program.
        let left = store.certificates();
        assert!(left.contains(&new) && !left.contains(&old), "{} certificates are left", left.len());
        store.remove(&new).unwrap();
    }

    #[test]
    #[ignore = "makes keys in this user's key folder"]
    fn a_wrong_password_and_a_strange_certificate_add_nothing() {
        let mut store = Personal::open().unwrap();
        let [(old_bundle, old), (_, new)] = [OLD, NEW].map(bundle);
        let wrong = store.add(&old_bundle, &SecretString::from("wrong"), &old, "x");
        assert!(matches!(wrong, Err(CertificateStoreError::NotRead(_))), "{wrong:?}");
        let strange = store.add(&old_bundle, &SecretString::from("secret"), &new, "x");
        assert!(matches!(strange, Err(CertificateStoreError::NotInside)), "{strange:?}");
        let held = store.certificates();
        assert!(!held.contains(&old) && !held.contains(&new));
    }
}
