//! Tokens of the administration API, under the hash of each.

use super::{
    AnyConnection, AuditEvent, OnBehalf, Store, StoreError, TenantKind, audit, instant, left_open,
    schema::{administrator, api_token, tenant},
};
use diesel::prelude::*;
use jiff::Timestamp;

/// A token to be recorded.
#[derive(Clone)]
pub struct NewApiToken {
    /// Whose things it opens.
    pub tenant_id: String,
    /// Who made it: it may never do more.
    pub administrator_id: i64,
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// Its first letters, for lists.
    pub beginning: String,
    /// What people call it.
    pub name: String,
    /// Words, separated by blanks.
    pub scopes: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// A token in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenRow {
    /// Row identifier.
    pub id: i64,
    /// Whose things it opens.
    pub tenant_id: String,
    /// Its first letters.
    pub beginning: String,
    /// What people call it.
    pub name: String,
    /// Words, separated by blanks.
    pub scopes: String,
    /// Login of who made it.
    pub made_by: String,
    /// Whether that account may be used.
    pub maker_active: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Last request with it, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
}

/// What a request with a token is judged by.
#[derive(Debug, Clone)]
pub struct TokenCredentials {
    /// The token itself.
    pub token: ApiTokenRow,
    /// Who made it.
    pub administrator_id: i64,
    /// What its organisation is to the service.
    pub kind: TenantKind,
    /// The organisation's name.
    pub tenant_name: String,
}

type Columns =
    ((i64, String, String, String, String), (String, String), (i64, i64, Option<i64>, Option<i64>));

/// The columns of [`Columns`], in its order.
macro_rules! token_columns {
    () => {
        (
            (api_token::id, api_token::tenant_id, api_token::beginning, api_token::name, api_token::scopes),
            (administrator::login, administrator::state),
            (api_token::created_at, api_token::expires_at, api_token::last_used_at, api_token::revoked_at),
        )
    };
}

impl Store {
    /// Records a token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the account of whoever makes it was disabled, or their
    /// organisation suspended.
    pub async fn add_api_token(&self, new: NewApiToken, event: AuditEvent) -> Result<(), StoreError> {
        self.write(move |connection| {
            let by = OnBehalf { administrator_id: Some(new.administrator_id), consent: None };
            left_open::hold(connection, &by)?;
            insert(connection, &new, event.at)?;
            audit::record(connection, &event)
        })
        .await
    }

    /// The tokens of an organisation, the latest first, ended ones too.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn api_tokens(&self, tenant_id: &str) -> Result<Vec<ApiTokenRow>, StoreError> {
        let tenant_id = tenant_id.to_owned();
        self.read(move |connection| {
            let rows: Vec<Columns> = api_token::table
                .inner_join(administrator::table)
                .filter(api_token::tenant_id.eq(&tenant_id))
                .order(api_token::id.desc())
                .select(token_columns!())
                .load(connection)?;
            rows.into_iter().map(into_row).collect()
        })
        .await
    }

    /// One token, whoever asks.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn api_token(&self, id: i64) -> Result<Option<ApiTokenRow>, StoreError> {
        self.read(move |connection| {
            let row: Option<Columns> = api_token::table
                .inner_join(administrator::table)
                .filter(api_token::id.eq(id))
                .select(token_columns!())
                .get_result(connection)
                .optional()?;
            row.map(into_row).transpose()
        })
        .await
    }

    /// The token under this hash with what it leans on, whatever has become of it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn token_credentials(&self, token_hash: &str) -> Result<Option<TokenCredentials>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            let row: Option<(Columns, (i64, String, String))> = api_token::table
                .inner_join(administrator::table.inner_join(tenant::table))
                .filter(api_token::token_hash.eq(&token_hash))
                .select((token_columns!(), (administrator::id, tenant::kind, tenant::name)))
                .get_result(connection)
                .optional()?;
            let Some((token, (administrator_id, kind, tenant_name))) = row else { return Ok(None) };
            let (token, kind) = (into_row(token)?, TenantKind::from_record(&kind)?);
            Ok(Some(TokenCredentials { token, administrator_id, kind, tenant_name }))
        })
        .await
    }

    /// Notes a request with the token.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn touch_api_token(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| {
            diesel::update(api_token::table.filter(api_token::id.eq(id)))
                .set(api_token::last_used_at.eq(Some(now.as_second())))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Ends a token. `false` when it was ended before.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn revoke_api_token(&self, id: i64, event: AuditEvent) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let live = api_token::table.filter(api_token::id.eq(id)).filter(api_token::revoked_at.is_null());
            let ended = diesel::update(live)
                .set(api_token::revoked_at.eq(Some(event.at.as_second())))
                .execute(connection)?;
            audit::record_if(connection, ended, &event)
        })
        .await
    }
}

/// Ends every token that an administrator has made, in the caller's transaction: they come
/// back with nobody.
pub(super) fn end_all_of(
    connection: &mut AnyConnection,
    administrator_id: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let live = api_token::table
        .filter(api_token::administrator_id.eq(administrator_id))
        .filter(api_token::revoked_at.is_null());
    diesel::update(live).set(api_token::revoked_at.eq(Some(at.as_second()))).execute(connection)?;
    Ok(())
}

/// The same for all of an organisation.
pub(super) fn end_all_in(
    connection: &mut AnyConnection,
    tenant_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let live =
        api_token::table.filter(api_token::tenant_id.eq(tenant_id)).filter(api_token::revoked_at.is_null());
    diesel::update(live).set(api_token::revoked_at.eq(Some(at.as_second()))).execute(connection)?;
    Ok(())
}

fn insert(connection: &mut AnyConnection, new: &NewApiToken, at: Timestamp) -> Result<(), StoreError> {
    diesel::insert_into(api_token::table)
        .values((
            api_token::tenant_id.eq(&new.tenant_id),
            api_token::administrator_id.eq(new.administrator_id),
            api_token::token_hash.eq(&new.token_hash),
            api_token::beginning.eq(&new.beginning),
            api_token::name.eq(&new.name),
            api_token::scopes.eq(&new.scopes),
            api_token::created_at.eq(at.as_second()),
            api_token::expires_at.eq(new.expires_at.as_second()),
        ))
        .execute(connection)?;
    Ok(())
}

fn into_row((token, maker, times): Columns) -> Result<ApiTokenRow, StoreError> {
    let (id, tenant_id, beginning, name, scopes) = token;
    let (made_by, state) = maker;
    let (created_at, expires_at, last_used_at, revoked_at) = times;
    Ok(ApiTokenRow {
        id,
        tenant_id,
        beginning,
        name,
        scopes,
        made_by,
        maker_active: state == "active",
        created_at: instant(created_at)?,
        expires_at: instant(expires_at)?,
        last_used_at: last_used_at.map(instant).transpose()?,
        revoked_at: revoked_at.map(instant).transpose()?,
    })
}
