//! What becomes of accounts after their set-up: closed and opened again, set up anew, and
//! changed by their owners. Whatever changes the way in ends the sessions that used the old.

use super::{
    AnyConnection, AuditEvent, NewInvitation, Store, StoreError, accounts, api_tokens, audit, instant,
    left_open::{self, Issuer},
    outbox::{Occasion, Subject},
    schema::{account_reset, administrator, invitation, known_terminal, passkey, site_session},
    session_ends::{self, SessionEnd},
};
use diesel::prelude::*;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// An invitation or reset link that nobody has used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    /// SHA-256 of its token, hex: names it, and opens nothing.
    pub token_hash: String,
    /// To which organisation.
    pub tenant_id: String,
    /// To whom it was sent.
    pub mail: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Login of the account that it sets up anew; none for a new account.
    pub resets: Option<String>,
}

/// The account that an invitation sets up anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRow {
    /// Row identifier of the account.
    pub administrator_id: i64,
    /// Login name.
    pub login: String,
    /// Name of the person.
    pub name: String,
    /// Whether the account may be used.
    pub active: bool,
}

/// The reset links of an account that nobody has used.
macro_rules! unused_resets {
    ($administrator_id:expr) => {
        invitation::table
            .filter(
                invitation::token_hash.eq_any(
                    account_reset::table
                        .filter(account_reset::administrator_id.eq($administrator_id))
                        .select(account_reset::token_hash),
                ),
            )
            .filter(invitation::used_at.is_null())
    };
}

type InvitationColumns = (String, String, String, i64, i64, Option<String>);

impl Store {
    /// Lets a disabled account in again. `false` when it is not disabled.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn enable_administrator(&self, id: i64, event: AuditEvent) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let disabled = administrator::table
                .filter(administrator::id.eq(id))
                .filter(administrator::state.eq(accounts::DISABLED));
            let changed = diesel::update(disabled)
                .set((administrator::state.eq(accounts::ACTIVE), administrator::disabled_at.eq(None::<i64>)))
                .execute(connection)?;
            audit::record_if(connection, changed, &event)
        })
        .await
    }

    /// The invitations and reset links of an organisation that can still be used at `now`,
    /// the oldest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn open_invitations(
        &self,
        tenant_id: &str,
        now: Timestamp,
    ) -> Result<Vec<OpenInvitation>, StoreError> {
        let tenant_id = tenant_id.to_owned();
        self.read(move |connection| {
            let open = invitations()
                .filter(invitation::tenant_id.eq(&tenant_id))
                .filter(invitation::used_at.is_null())
                .filter(invitation::expires_at.gt(now.as_second()))
                .order((invitation::created_at, invitation::mail, invitation::token_hash));
            let rows: Vec<InvitationColumns> = open.load(connection)?;
            rows.into_iter().map(into_open).collect()
        })
        .await
    }

    /// One invitation or reset link that nobody has used, whatever its age.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn unused_invitation(&self, token_hash: &str) -> Result<Option<OpenInvitation>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            let unused = invitations()
                .filter(invitation::token_hash.eq(&token_hash))
                .filter(invitation::used_at.is_null());
            let row: Option<InvitationColumns> = unused.get_result(connection).optional()?;
            row.map(into_open).transpose()
        })
        .await
    }

    /// Takes back an invitation or reset link. `false` when it was used or does not exist.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn withdraw_invitation(&self, token_hash: &str, event: AuditEvent) -> Result<bool, StoreError> {
        let token_hash = token_hash.to_owned();
        self.write(move |connection| {
            let unused = invitation::table
                .filter(invitation::token_hash.eq(&token_hash))
                .filter(invitation::used_at.is_null());
            let withdrawn = diesel::delete(unused).execute(connection)?;
            audit::record_if(connection, withdrawn, &event)
        })
        .await
    }

    /// Records a reset link of an account. Earlier ones that nobody has used are good no more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the account, or that of whoever makes the link, is disabled.
    pub async fn add_reset(
        &self,
        new: NewInvitation,
        administrator_id: i64,
        occasion: impl Into<Occasion>,
    ) -> Result<(), StoreError> {
        let occasion = occasion.into();
        self.write(move |connection| {
            // Always in this order, so that two who make links for each other wait in turn.
            for id in BTreeSet::from([administrator_id, new.invited_by.unwrap_or(administrator_id)]) {
                if !hold_active(connection, id)? {
                    return Err(StoreError::Conflict("the account is disabled"));
                }
            }
            diesel::delete(unused_resets!(administrator_id)).execute(connection)?;
            accounts::insert_invitation(connection, &new, occasion.event.at)?;
            diesel::insert_into(account_reset::table)
                .values((
                    account_reset::token_hash.eq(&new.token_hash),
                    account_reset::administrator_id.eq(administrator_id),
                ))
                .execute(connection)?;
            occasion.record(connection, &Subject::Invitation(new.token_hash.clone())).map(drop)
        })
        .await
    }

    /// The account that the invitation under this hash sets up anew, if it does that.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn reset_of(&self, token_hash: &str) -> Result<Option<ResetRow>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| find_reset(connection, &token_hash)).await
    }

    /// Gives an account another password. Its sessions end, but for the one under `keep`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when that session has ended, or the account is disabled.
    pub async fn change_password(
        &self,
        id: i64,
        password_hash: String,
        keep: &str,
        event: AuditEvent,
    ) -> Result<(), StoreError> {
        let keep = keep.to_owned();
        self.write(move |connection| {
            let own = administrator::table.filter(administrator::id.eq(id));
            let change = diesel::update(own).set(administrator::password_hash.eq(&password_hash));
            change_own(connection, id, &keep, &event, |connection| Ok(change.execute(connection)?))?;
            Ok(())
        })
        .await
    }

    /// Gives an account another authenticator; `totp_step` is the step of the code that
    /// proved it. The account's sessions end, but for the one under `keep`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when that session has ended, or the account is disabled.
    pub async fn change_authenticator(
        &self,
        id: i64,
        totp_sealed: Vec<u8>,
        totp_step: i64,
        keep: &str,
        event: AuditEvent,
    ) -> Result<(), StoreError> {
        let keep = keep.to_owned();
        self.write(move |connection| {
            let own = administrator::table.filter(administrator::id.eq(id));
            let change = diesel::update(own).set((
                administrator::totp_sealed.eq(&totp_sealed),
                administrator::totp_last_step.eq(totp_step),
            ));
            change_own(connection, id, &keep, &event, |connection| Ok(change.execute(connection)?))?;
            Ok(())
        })
        .await
    }

    /// Forgets the links that nobody has used until `now`, with what was entered there, and
    /// the terminals where nobody has signed in since `unknown_since`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget_links_and_terminals(
        &self,
        now: Timestamp,
        unknown_since: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let links = invitation::table
                .filter(invitation::used_at.is_null())
                .filter(invitation::expires_at.le(now.as_second()));
            let terminals =
                known_terminal::table.filter(known_terminal::signed_in_at.le(unknown_since.as_second()));
            Ok(diesel::delete(links).execute(connection)? + diesel::delete(terminals).execute(connection)?)
        })
        .await
    }

    /// Whether the administrator of this login has signed in from the terminal since then.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn knows_terminal(
        &self,
        tenant_id: &str,
        login: &str,
        common_name: &str,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let (tenant_id, login) = (tenant_id.to_owned(), login.to_owned());
        let common_name = common_name.to_owned();
        self.read(move |connection| {
            let count: i64 = known_terminal::table
                .inner_join(administrator::table)
                .filter(administrator::tenant_id.eq(&tenant_id))
                .filter(administrator::login.eq(&login))
                .filter(known_terminal::common_name.eq(&common_name))
                .filter(known_terminal::signed_in_at.gt(since.as_second()))
                .count()
                .get_result(connection)?;
            Ok(count > 0)
        })
        .await
    }
}

/// Every invitation, with the login of the account that it sets up anew.
#[diesel::dsl::auto_type(no_type_alias)]
fn invitations() -> _ {
    invitation::table.left_join(account_reset::table.inner_join(administrator::table)).select((
        invitation::token_hash,
        invitation::tenant_id,
        invitation::mail,
        invitation::created_at,
        invitation::expires_at,
        administrator::login.nullable(),
    ))
}

fn into_open(columns: InvitationColumns) -> Result<OpenInvitation, StoreError> {
    let (token_hash, tenant_id, mail, created_at, expires_at, resets) = columns;
    let (created_at, expires_at) = (instant(created_at)?, instant(expires_at)?);
    Ok(OpenInvitation { token_hash, tenant_id, mail, created_at, expires_at, resets })
}

pub(super) fn find_reset(
    connection: &mut AnyConnection,
    token_hash: &str,
) -> Result<Option<ResetRow>, StoreError> {
    let row: Option<(i64, String, String, String)> = account_reset::table
        .inner_join(administrator::table)
        .filter(account_reset::token_hash.eq(token_hash))
        .select((administrator::id, administrator::login, administrator::name, administrator::state))
        .get_result(connection)
        .optional()?;
    Ok(row.map(|(administrator_id, login, name, state)| {
        let active = state == accounts::ACTIVE;
        ResetRow { administrator_id, login, name, active }
    }))
}

/// Puts what was entered in place of the account's password and second factors, in the
/// caller's transaction, which has found the account active and holds it. Every session
/// ends, and no terminal is known any more.
pub(super) fn reset(
    connection: &mut AnyConnection,
    id: i64,
    row: &accounts::EnrolmentRow,
    totp_step: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(administrator::table.filter(administrator::id.eq(id)))
        .set((
            administrator::password_hash.eq(&row.password_hash),
            administrator::totp_sealed.eq(&row.totp_sealed),
            administrator::totp_last_step.eq(totp_step),
        ))
        .execute(connection)?;
    diesel::delete(passkey::table.filter(passkey::administrator_id.eq(id))).execute(connection)?;
    diesel::delete(known_terminal::table.filter(known_terminal::administrator_id.eq(id)))
        .execute(connection)?;
    session_ends::end_all_of(connection, id, None, SessionEnd::CredentialsChanged, now)
}

/// Locks the account's row until the end of the caller's transaction. `false` when it is
/// disabled or does not exist. Locked before sessions and invitations, after tenants.
pub(super) fn hold_active(connection: &mut AnyConnection, id: i64) -> Result<bool, StoreError> {
    let active = administrator::table
        .filter(administrator::id.eq(id))
        .filter(administrator::state.eq(accounts::ACTIVE));
    let held =
        diesel::update(active).set(administrator::state.eq(administrator::state)).execute(connection)?;
    Ok(held == 1)
}

/// Locks the account's row for its owner, at work in the session under `keep`: what was
/// begun there holds no more once the account was disabled or set up anew.
fn hold_own(connection: &mut AnyConnection, id: i64, keep: &str) -> Result<(), StoreError> {
    let active = hold_active(connection, id)?;
    let sessions: i64 = site_session::table
        .filter(site_session::id_hash.eq(keep))
        .filter(site_session::administrator_id.eq(id))
        .count()
        .get_result(connection)?;
    match (active, sessions) {
        (true, 1) => Ok(()),
        _ => Err(StoreError::Conflict("the session has ended")),
    }
}

/// What somebody changes about the way into their own account, in the session under `keep`.
/// If `change` has changed a row, the account's other sessions end and `event` is recorded;
/// `false` if it has not.
///
/// # Errors
/// [`StoreError::Conflict`] when that session has ended, or the account is disabled.
pub(super) fn change_own(
    connection: &mut AnyConnection,
    id: i64,
    keep: &str,
    event: &AuditEvent,
    change: impl FnOnce(&mut AnyConnection) -> Result<usize, StoreError>,
) -> Result<bool, StoreError> {
    hold_own(connection, id, keep)?;
    let changed = change(connection)?;
    if changed > 0 {
        session_ends::end_all_of(connection, id, Some(keep), SessionEnd::CredentialsChanged, event.at)?;
    }
    audit::record_if(connection, changed, event)
}

/// Ends what could still be done in the name of an account that was disabled, in the
/// transaction that `because` is of: what it left open, tokens, sessions, its own reset links,
/// and the links that it gave to others.
pub(super) fn close(connection: &mut AnyConnection, id: i64, because: &AuditEvent) -> Result<(), StoreError> {
    // Terminals are locked before their sessions, as where one is stopped.
    left_open::end(connection, &Issuer::Account(id), because)?;
    api_tokens::end_all_of(connection, id, because.at)?;
    session_ends::end_all_of(connection, id, None, SessionEnd::AccountDisabled, because.at)?;
    diesel::delete(unused_resets!(id)).execute(connection)?;
    let given =
        invitation::table.filter(invitation::invited_by.eq(Some(id))).filter(invitation::used_at.is_null());
    diesel::delete(given).execute(connection)?;
    Ok(())
}

/// Ends what could still be done in the name of an organisation that was suspended just now,
/// in the transaction that `because` is of: what its people left open, tokens, and sessions.
/// Links for accounts stay: without a good certificate nobody can use them.
pub(super) fn close_all(
    connection: &mut AnyConnection,
    tenant_id: &str,
    because: &AuditEvent,
) -> Result<(), StoreError> {
    // Whoever holds an account leaves something open at this moment: it is found below. Whoever
    // comes later finds the organisation suspended.
    let people = administrator::table.filter(administrator::tenant_id.eq(tenant_id));
    let ids: Vec<i64> = people.order(administrator::id).select(administrator::id).load(connection)?;
    for id in &ids {
        hold_active(connection, *id)?;
    }
    left_open::end(connection, &Issuer::Organisation(tenant_id), because)?;
    api_tokens::end_all_in(connection, tenant_id, because.at)?;
    for id in ids {
        session_ends::end_all_of(connection, id, None, SessionEnd::AccountDisabled, because.at)?;
    }
    Ok(())
}

/// Remembers that the administrator has signed in from the terminal, in the caller's
/// transaction, which has locked the account's row.
pub(super) fn remember_terminal(
    connection: &mut AnyConnection,
    id: i64,
    common_name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = known_terminal::table
        .filter(known_terminal::administrator_id.eq(id))
        .filter(known_terminal::common_name.eq(common_name));
    let changed =
        diesel::update(known).set(known_terminal::signed_in_at.eq(now.as_second())).execute(connection)?;
    if changed == 0 {
        diesel::insert_into(known_terminal::table)
            .values((
                known_terminal::administrator_id.eq(id),
                known_terminal::common_name.eq(common_name),
                known_terminal::signed_in_at.eq(now.as_second()),
            ))
            .execute(connection)?;
    }
    Ok(())
}
