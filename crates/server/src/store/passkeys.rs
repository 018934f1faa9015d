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
            account_care::hold_own(connection, new.administrator_id, &keep)?;
            diesel::insert_into(passkey::table)
                .values((
                    passkey::administrator_id.eq(new.administrator_id),
                    passkey::credential_id.eq(&new.credential_id),
                    passkey::name.eq(&new.name),
                    passkey::credential.eq(&new.credential),
                    passkey::created_at.eq(event.at.as_second()),
                ))
                .execute(connection)?;
            account_care::end_other_sessions(connection, new.administrator_id, &keep)?;
            audit::record(connection, &event)
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
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let own = passkey::table
                .filter(passkey::id.eq(id))
                .filter(passkey::administrator_id.eq(administrator_id));
            Ok(diesel::update(own).set(passkey::name.eq(&name)).execute(connection)? > 0)
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
            account_care::hold_own(connection, administrator_id, &keep)?;
            let own = passkey::table
                .filter(passkey::id.eq(id))
                .filter(passkey::administrator_id.eq(administrator_id));
            if diesel::delete(own).execute(connection)? == 0 {
                return Ok(false);
            }
            account_care::end_other_sessions(connection, administrator_id, &keep)?;
            audit::record(connection, &event)?;
            Ok(true)
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
            let earlier =
                ceremony::table.filter(ceremony::id_hash.eq(&id_hash)).filter(ceremony::purpose.eq(purpose));
            diesel::delete(earlier).execute(connection)?;
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
            Ok(ceremony::table
                .filter(ceremony::id_hash.eq(&id_hash))
                .filter(ceremony::purpose.eq(purpose))
                .filter(ceremony::expires_at.gt(now.as_second()))
                .select(ceremony::state)
                .first(connection)
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
            let own = || {
                ceremony::table.filter(ceremony::id_hash.eq(&id_hash)).filter(ceremony::purpose.eq(purpose))
            };
            let state: Option<(Vec<u8>, i64)> =
                own().select((ceremony::state, ceremony::expires_at)).first(connection).optional()?;
            // On PostgreSQL two may have read it; the row is deleted by one.
            let mine = diesel::delete(own()).execute(connection)? == 1;
            Ok(state.filter(|(_, end)| mine && *end > now.as_second()).map(|(state, _)| state))
        })
        .await
    }
}

fn into_row(columns: Columns) -> Result<PasskeyRow, StoreError> {
    let (id, credential_id, name, credential, created_at, used_at) = columns;
    let (created_at, used_at) = (instant(created_at)?, used_at.map(instant).transpose()?);
    Ok(PasskeyRow { id, credential_id, name, credential, created_at, used_at })
}
