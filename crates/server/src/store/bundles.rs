//! Bundles: PKCS#12 files that wait to be fetched, under the hash of their token.

use super::{
    AnyConnection, OnBehalf, PeerRecord, Store, StoreError,
    attempts::{self, progress},
    certificates::find_peer,
    connection::lock_terminal,
    kept_bundle::{FindBundle, Keep, NoteFetched, NoteFirstFetch},
    schema::bundle,
};
use diesel::prelude::*;
use jiff::Timestamp;

/// A bundle to be kept. The token itself is never stored.
#[derive(Clone)]
pub struct NewBundle {
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// The encrypted file; its password is not stored.
    pub pkcs12: Vec<u8>,
    /// When it is erased.
    pub expires_at: Timestamp,
    /// What an administrator gets with it; none for one that its terminal fetches itself.
    pub carried: Option<Carried>,
}

/// The rest of what an administrator carries to a terminal.
#[derive(Clone)]
pub struct Carried {
    /// SHA-256 of the token under which it is downloaded, alone or with others, hex.
    pub set_hash: String,
    /// The private key as encrypted PKCS#8, PEM, under the PKCS#12's password.
    pub private_key: String,
    /// The root, then the issuing CA, PEM.
    pub ca_chain: String,
    /// On whose word it was prepared.
    pub by: OnBehalf,
}

/// A bundle as found.
#[derive(Clone)]
pub struct BundleRow {
    /// Serial of the certificate in it.
    pub serial: String,
    /// The terminal it is for.
    pub terminal_id: i64,
    /// The encrypted file.
    pub pkcs12: Vec<u8>,
    /// Whether it was fetched before.
    pub fetched: bool,
}

/// What lies under a token, for the terminal that asks.
#[derive(Clone)]
pub enum Fetched {
    /// Its bundle.
    Bundle(Vec<u8>),
    /// Another terminal's.
    Foreign {
        /// The certificate in it.
        serial: String,
    },
    /// Nothing, or nothing any more.
    Nothing,
}

impl Store {
    /// The bundle under this token, if it still waits at `now`. Nothing is noted.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn bundle(&self, token_hash: &str, now: Timestamp) -> Result<Option<BundleRow>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| find(connection, &token_hash, now)).await
    }

    /// The bundle under this token for its terminal, noting that it was fetched: in one
    /// transaction, so that nothing is handed out that has just ended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn fetch_bundle(
        &self,
        token_hash: &str,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<Fetched, StoreError> {
        let token_hash = token_hash.to_owned();
        self.write(move |connection| fetch(connection, &token_hash, terminal_id, now)).await
    }

    /// The same for the terminal whose certificate has this serial, in one visit to the records, if `known` knows by what
    /// they say of it that it may. `None`, and nothing noted, when nobody knows the serial, when `known` does not, or when there is
    /// no bundle for the terminal under this token: [`Self::peer`] and [`Self::fetch_bundle`] say which. `known` may be
    /// called again for the same.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn fetch_bundle_if<P: Send + 'static>(
        &self,
        serial: String,
        token_hash: String,
        now: Timestamp,
        mut known: impl FnMut(PeerRecord) -> Option<P> + Send + 'static,
    ) -> Result<Option<(P, Vec<u8>)>, StoreError> {
        self.write(move |connection| {
            let Some(record) = find_peer(connection, &serial)? else { return Ok(None) };
            let terminal_id = record.terminal_id;
            let Some(known) = known(record) else { return Ok(None) };
            Ok(match fetch(connection, &token_hash, terminal_id, now)? {
                Fetched::Bundle(pkcs12) => Some((known, pkcs12)),
                Fetched::Foreign { .. } | Fetched::Nothing => None,
            })
        })
        .await
    }
}

/// What lies under a token for this terminal; noted, if it is its bundle.
fn fetch(
    connection: &mut AnyConnection,
    token_hash: &str,
    terminal_id: i64,
    now: Timestamp,
) -> Result<Fetched, StoreError> {
    // Whoever ends what nobody has fetched looks after this.
    lock_terminal(connection, terminal_id)?;
    let Some(found) = find(connection, token_hash, now)? else { return Ok(Fetched::Nothing) };
    if found.terminal_id != terminal_id {
        return Ok(Fetched::Foreign { serial: found.serial });
    }
    // What is fetched again has all its notes already, and a note would copy the whole file.
    if !found.fetched {
        if (NoteFetched { token_hash, at: now.as_second() }).execute(connection)? != 1 {
            return Ok(Fetched::Nothing);
        }
        note_first_fetch(connection, &found.serial, now)?;
        attempts::received(connection, terminal_id, progress::FETCHED, now)?;
    }
    Ok(Fetched::Bundle(found.pkcs12))
}

fn find(
    connection: &mut AnyConnection,
    token_hash: &str,
    now: Timestamp,
) -> Result<Option<BundleRow>, StoreError> {
    let find = FindBundle { token_hash, now: now.as_second() };
    let row: Option<(String, i64, Vec<u8>, Option<i64>)> = find.get_result(connection).optional()?;
    Ok(row.map(|(serial, terminal_id, pkcs12, fetched_at)| BundleRow {
        serial,
        terminal_id,
        pkcs12,
        fetched: fetched_at.is_some(),
    }))
}

/// Keeps `new` for the certificate `serial`.
pub(super) fn insert(
    connection: &mut AnyConnection,
    serial: &str,
    terminal_id: i64,
    new: &NewBundle,
) -> Result<(), StoreError> {
    Keep::of(new, serial, terminal_id).execute(connection)?;
    Ok(())
}

/// Notes when the certificate `serial` was fetched first, which outlives its bundle.
pub(super) fn note_first_fetch(
    connection: &mut AnyConnection,
    serial: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    NoteFirstFetch { serial, at: now.as_second() }.execute(connection)?;
    Ok(())
}

/// Erases the bundle of the certificate `serial`, if there is one.
pub(super) fn erase(connection: &mut AnyConnection, serial: &str) -> Result<(), StoreError> {
    diesel::delete(bundle::table.filter(bundle::serial.eq(serial))).execute(connection)?;
    Ok(())
}

/// The same for one whose terminal is locked; whether it was ever fetched. None when it is
/// gone.
pub(super) fn take_away(connection: &mut AnyConnection, serial: &str) -> Result<Option<bool>, StoreError> {
    let fetched: Option<Option<i64>> = bundle::table
        .filter(bundle::serial.eq(serial))
        .select(bundle::fetched_at)
        .get_result(connection)
        .optional()?;
    erase(connection, serial)?;
    Ok(fetched.map(|at| at.is_some()))
}

/// Certificates whose bundle has outlived `now`.
pub(super) fn outlived(connection: &mut AnyConnection, now: Timestamp) -> Result<Vec<String>, StoreError> {
    Ok(bundle::table
        .filter(bundle::expires_at.le(now.as_second()))
        .select(bundle::serial)
        .load(connection)?)
}
