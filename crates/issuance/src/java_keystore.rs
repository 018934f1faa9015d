//! Java keystores, JKS and PKCS#12: one key entry is read, or replaced while all other entries stay.

mod jks;
mod pkcs12;

use crate::{
    CertificateFacts,
    pkcs12::{BundleContents, Pkcs12, Pkcs12Error},
    private_key::PrivateKeyError,
};
use zeroize::Zeroizing;

/// Which file format a keystore has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeystoreKind {
    /// Sun's own, the default before Java 9.
    Jks,
    /// RFC 7292, the default since.
    Pkcs12,
}

/// Which entry of a keystore, and what opens it.
#[derive(Debug, Clone, Copy)]
pub struct KeystoreAccess<'a> {
    /// Opens the keystore.
    pub password: &'a str,
    /// Opens the key where that differs from `password` (JKS only).
    pub key_password: Option<&'a str>,
    /// The entry; `None` means the only one with a key. Java does not tell upper from lower case here.
    pub alias: Option<&'a str>,
}

/// What is new about an entry.
#[derive(Debug, Clone, Copy)]
pub struct KeystoreUpdate<'a> {
    /// Key and certificates. The entry keeps its alias, whatever the friendly name says.
    pub contents: BundleContents<'a>,
    /// The entry's date, in milliseconds since 1970 (JKS only).
    pub now_millis: u64,
    /// Random bytes (JKS only; PKCS#12 salts are drawn inside the library).
    pub salt: [u8; 20],
}

/// Why a keystore cannot be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    /// JCEKS, BKS, or no keystore at all.
    #[error("this is neither a JKS nor a PKCS#12 keystore")]
    UnknownKind,
    /// The password of the keystore, or of the key in it.
    #[error("the password of the keystore is wrong")]
    WrongPassword,
    /// The file ends early or contradicts itself.
    #[error("the keystore is damaged: {0}")]
    Damaged(&'static str),
    /// No such entry, or one without a key.
    #[error("the keystore has no key under the alias {0:?}")]
    NoSuchAlias(String),
    /// Nothing in it can be renewed.
    #[error("the keystore holds no private key")]
    NoKey,
    /// Somebody must choose.
    #[error("the keystore holds several keys ({0}): say which by its alias")]
    SeveralKeys(String),
    /// An entry that would be lost.
    #[error("the keystore cannot be rewritten without losing something in it: change it with keytool")]
    WouldLose,
    /// PKCS#12 that cannot be used.
    #[error(transparent)]
    Pkcs12(Pkcs12Error),
    /// A key that cannot be used.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
}

impl From<Pkcs12Error> for KeystoreError {
    fn from(error: Pkcs12Error) -> Self {
        match error {
            Pkcs12Error::WrongPassword => Self::WrongPassword,
            other => Self::Pkcs12(other),
        }
    }
}

/// Which kind of keystore the bytes are.
///
/// # Errors
/// [`KeystoreError::UnknownKind`].
pub fn keystore_kind(bytes: &[u8]) -> Result<KeystoreKind, KeystoreError> {
    if bytes.starts_with(&jks::MAGIC) {
        Ok(KeystoreKind::Jks)
    } else if bytes.first() == Some(&0x30) {
        Ok(KeystoreKind::Pkcs12)
    } else {
        Err(KeystoreError::UnknownKind)
    }
}

/// The certificate of an entry of a JKS keystore, which needs no password for that; `None` for PKCS#12, which does.
///
/// # Errors
/// A damaged keystore, or no such entry.
pub fn read_keystore_certificate(
    bytes: &[u8],
    alias: Option<&str>,
) -> Result<Option<CertificateFacts>, KeystoreError> {
    match keystore_kind(bytes)? {
        KeystoreKind::Jks => jks::certificate(bytes, alias).map(Some),
        KeystoreKind::Pkcs12 => Ok(None),
    }
}

/// Key and certificates of an entry; the alias is the friendly name.
///
/// # Errors
/// Any [`KeystoreError`] but [`KeystoreError::WouldLose`].
pub fn read_keystore(bytes: &[u8], access: &KeystoreAccess<'_>) -> Result<Pkcs12, KeystoreError> {
    match keystore_kind(bytes)? {
        KeystoreKind::Jks => jks::read(bytes, access),
        KeystoreKind::Pkcs12 => pkcs12::read(bytes, access),
    }
}

/// The keystore with the entry replaced, under its old alias and the old passwords; read again before it is returned.
///
/// # Errors
/// Any [`KeystoreError`].
pub fn replace_in_keystore(
    bytes: &[u8],
    access: &KeystoreAccess<'_>,
    update: &KeystoreUpdate<'_>,
) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let old = read_keystore(bytes, access)?;
    let changed = match keystore_kind(bytes)? {
        KeystoreKind::Jks => jks::replace(bytes, access, update)?,
        KeystoreKind::Pkcs12 => pkcs12::replace(bytes, access, update)?,
    };
    let alias = old.friendly_name.as_deref();
    let again = read_keystore(&changed, &KeystoreAccess { alias, ..*access })?;
    if again.certificate_der != update.contents.certificate_der {
        return Err(KeystoreError::WouldLose);
    }
    Ok(changed)
}

/// The one meant by `alias` among those that hold keys. Returns its position in `keys`.
fn choose<'a>(mut keys: impl Iterator<Item = &'a str>, alias: Option<&str>) -> Result<usize, KeystoreError> {
    let Some(wanted) = alias else {
        let all: Vec<&str> = keys.collect();
        return match all.as_slice() {
            [] => Err(KeystoreError::NoKey),
            [_] => Ok(0),
            several => Err(KeystoreError::SeveralKeys(several.join(", "))),
        };
    };
    let same = |own: &str| own.to_lowercase() == wanted.to_lowercase();
    keys.position(same).ok_or_else(|| KeystoreError::NoSuchAlias(wanted.to_owned()))
}
