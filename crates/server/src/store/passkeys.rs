//! Passkeys of administrators, and what is remembered between the two halves of an exchange
//! with an authenticator.

use super::{
    AuditEvent, Store, StoreError, account_care, audit, instant,
    schema::{ceremony, passkey, site_session},
};
use diesel::prelude::*;
use jiff::Timestamp;

/// A passkey to be recorded.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    /// Whose.
    pub administrator_id: i64,
    /// base64url.
    pub credential_id: String,
    /// What its owner calls it.
    pub name: String,
    /// Public key and counter, JSON.
    pub credential: String,
}

/// A passkey as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Row identifier.
    pub id: i64,
    /// base64url.
    pub credential_id: String,
    /// What its owner calls it.
    pub name: String,
    /// Public key and counter, JSON.
    pub credential: String,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
}

type Columns = (i64, String, String, String, i64, Option<i64>);

impl Store {
    /// The passkeys of an account, the oldest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn passkeys(&self, administrator_id: i64) -> Result<Vec<PasskeyRow>, StoreError> {
        self.read(move |connection| {
            let rows: Vec<Columns> = passkey::table
                .filter(passkey::administrator_id.eq(administrator_id))
                .order(passkey::id)
                .select((
                    passkey::id,
                    passkey::credential_id,
                    passkey::name,
                    passkey::credential,
                    passkey::created_at,
                    passkey::used_at,
                ))
                .load(connection)?;
            rows.into_iter().map(into_row).collect()
        })
        .await
    }

    /// Records a passkey. The account's sessions end, but for the one under `keep`.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when an account has it already; [`StoreError::Conflict`] when
    /// that session has ended, or the account is disabled.
    pub async fn add_passkey(
        &self,
        new: NewPasskey,
        keep: &str,
        event: AuditEvent,
    ) -> Result<(), StoreError> {
        let keep = keep.to_owned();
        self.write(move |connection| {
            let row = (
                passkey::administrator_id.eq(new.administrator_id),
                passkey::credential_id.eq(&new.credential_id),
                passkey::name.eq(&new.name),
                passkey::credential.eq(&new.credential),
                passkey::created_at.eq(event.at.as_second()),
            );
            let add = diesel::insert_into(passkey::table).values(row);
            let owner = new.administrator_id;
            account_care::change_own(connection, owner, &keep, &event, |connection| {
                Ok(add.execute(connection)?)
            })?;
            Ok(())
        })
        .await
    }

    /// Gives a passkey of the account another name. `false` when the account has no such one.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn rename_passkey(
        &self,
        administrator_id: i64,
        id: i64,
        name: String,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let renamed =
                diesel::update(own(id, administrator_id)).set(passkey::name.eq(&name)).execute(connection)?;
            audit::record_if(connection, renamed, &event)
        })
        .await
    }

    /// Removes a passkey of the account, whose sessions end, but for the one under `keep`.
    /// `false` when the account has no such one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when that session has ended, or the account is disabled.
    pub async fn remove_passkey(
        &self,
        administrator_id: i64,
        id: i64,
        keep: &str,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let keep = keep.to_owned();
        self.write(move |connection| {
            account_care::change_own(connection, administrator_id, &keep, &event, |connection| {
                Ok(diesel::delete(own(id, administrator_id)).execute(connection)?)
            })
        })
        .await
    }

    /// Remembers `state` for the session's exchange for `purpose`, in place of an earlier one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the session has ended.
    pub async fn begin_ceremony(
        &self,
        id_hash: &str,
        purpose: &'static str,
        state: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let id_hash = id_hash.to_owned();
        self.write(move |connection| {
            // Of two windows at once, the later one waits here and counts.
            let session = site_session::table.filter(site_session::id_hash.eq(&id_hash));
            let held =
                diesel::update(session).set(site_session::csrf.eq(site_session::csrf)).execute(connection)?;
            if held == 0 {
                return Err(StoreError::Conflict("the session has ended"));
            }
            diesel::delete(exchange(&id_hash, purpose)).execute(connection)?;
            diesel::insert_into(ceremony::table)
                .values((
                    ceremony::id_hash.eq(&id_hash),
                    ceremony::purpose.eq(purpose),
                    ceremony::state.eq(&state),
                    ceremony::expires_at.eq(expires_at.as_second()),
                ))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// What was remembered, if it is still good at `now`; it stays.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn ceremony(
        &self,
        id_hash: &str,
        purpose: &'static str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let id_hash = id_hash.to_owned();
        self.read(move |connection| {
            Ok(exchange(&id_hash, purpose)
                .filter(ceremony::expires_at.gt(now.as_second()))
                .select(ceremony::state)
                .get_result(connection)
                .optional()?)
        })
        .await
    }

    /// What was remembered, if it is still good at `now`; it is forgotten: of two answers to
    /// one challenge, one counts.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn end_ceremony(
        &self,
        id_hash: &str,
        purpose: &'static str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let id_hash = id_hash.to_owned();
        self.write(move |connection| {
            let state: Option<(Vec<u8>, i64)> = exchange(&id_hash, purpose)
                .select((ceremony::state, ceremony::expires_at))
                .get_result(connection)
                .optional()?;
            // On PostgreSQL two may have read it; the row is deleted by one.
            let mine = diesel::delete(exchange(&id_hash, purpose)).execute(connection)? == 1;
            Ok(state.filter(|(_, end)| mine && *end > now.as_second()).map(|(state, _)| state))
        })
        .await
    }
}

/// A passkey, if it is of this account.
#[diesel::dsl::auto_type(no_type_alias)]
fn own(id: i64, administrator_id: i64) -> _ {
    passkey::table.filter(passkey::id.eq(id)).filter(passkey::administrator_id.eq(administrator_id))
}

/// What is remembered for the session's exchange for a purpose.
#[diesel::dsl::auto_type(no_type_alias)]
fn exchange<'a>(id_hash: &'a str, purpose: &'static str) -> _ {
    ceremony::table.filter(ceremony::id_hash.eq(id_hash)).filter(ceremony::purpose.eq(purpose))
}

fn into_row(columns: Columns) -> Result<PasskeyRow, StoreError> {
    let (id, credential_id, name, credential, created_at, used_at) = columns;
    let (created_at, used_at) = (instant(created_at)?, used_at.map(instant).transpose()?);
    Ok(PasskeyRow { id, credential_id, name, credential, created_at, used_at })
}
