//! PKCS#12 as a keystore: several keys, trusted certificates and secrets in one file.

use super::{KeystoreAccess, KeystoreError, KeystoreUpdate, choose};
use crate::{
    CertificateFacts,
    pkcs12::{BundleProfile, Pkcs12, Pkcs12Error, key_chain, read_pkcs12, write_key_store},
    private_key::PrivateKey,
};
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12Archive, Pkcs12ImportPolicy, PrivateKeyChain};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// Java's own default.
const ITERATIONS: u32 = 10_000;
/// The object identifier of PBES2 in DER: a file that has it was written by a program that reads it.
const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";

pub(super) fn read(bytes: &[u8], access: &KeystoreAccess<'_>) -> Result<Pkcs12, KeystoreError> {
    // Tells a wrong password from damage, and lets nothing odd through to what follows.
    read_pkcs12(bytes, access.password)?;
    let store = open(bytes, access.password)?;
    let (alias, chain) = chosen(&store, access.alias)?;
    let key = PrivateKey::from_pkcs8_der(Zeroizing::new(chain.key().as_der().to_vec()))?;
    let mut ders = chain.certs().iter().map(|certificate| certificate.as_der().to_vec());
    let certificate_der = ders.next().ok_or(KeystoreError::Damaged("a key has no certificate"))?;
    let chain_der: Vec<Vec<u8>> = ders.collect();
    let facts = CertificateFacts::from_der(&certificate_der)
        .map_err(|_| KeystoreError::Damaged("a certificate cannot be read"))?;
    if !key.matches(&facts) {
        return Err(KeystoreError::Damaged("the certificate does not belong to the key"));
    }
    Ok(Pkcs12 { friendly_name: Some(alias.to_owned()), key, certificate_der, chain_der })
}

pub(super) fn replace(
    bytes: &[u8],
    access: &KeystoreAccess<'_>,
    update: &KeystoreUpdate<'_>,
) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let mut store = open(bytes, access.password)?;
    let alias = chosen(&store, access.alias)?.0.to_owned();
    let before = contents(bytes, access.password)?;
    store.add_entry(&alias, KeyStoreEntry::PrivateKeyChain(key_chain(&update.contents)?));
    let modern = bytes.windows(PBES2.len()).any(|window| window == PBES2);
    let profile = if modern { BundleProfile::Modern } else { BundleProfile::Compatible };
    let changed = write_key_store(&store, profile, ITERATIONS, access.password)?;
    let after = contents(&changed, access.password)?;
    if before.is_lost_in(&after) {
        return Err(KeystoreError::WouldLose);
    }
    Ok(changed)
}

fn open(bytes: &[u8], password: &str) -> Result<KeyStore, KeystoreError> {
    let opened = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed);
    opened.map_err(|error| KeystoreError::Pkcs12(Pkcs12Error::Damaged(error.to_string())))
}

fn chosen<'a>(
    store: &'a KeyStore,
    alias: Option<&str>,
) -> Result<(&'a str, &'a PrivateKeyChain), KeystoreError> {
    let keys: Vec<(&str, &PrivateKeyChain)> = store
        .entries()
        .filter_map(|(alias, entry)| match entry {
            KeyStoreEntry::PrivateKeyChain(chain) => Some((alias.as_str(), chain)),
            _ => None,
        })
        .collect();
    let position = choose(keys.iter().map(|(alias, _)| *alias), alias)?;
    Ok(keys[position])
}

/// What a rewritten file must still hold: as many keys and secrets, and every trusted certificate.
#[derive(PartialEq, Eq)]
struct Contents {
    keys: usize,
    secrets: usize,
    trusted: BTreeSet<Vec<u8>>,
}

impl Contents {
    fn is_lost_in(&self, after: &Self) -> bool {
        self != after
    }
}

fn contents(bytes: &[u8], password: &str) -> Result<Contents, KeystoreError> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password)
        .map_err(|error| KeystoreError::Pkcs12(Pkcs12Error::Damaged(error.to_string())))?;
    let trusted = archive.certs.iter().filter(|bag| bag.trusted).map(|bag| bag.cert.as_der().to_vec());
    Ok(Contents { keys: archive.keys.len(), secrets: archive.secrets.len(), trusted: trusted.collect() })
}
