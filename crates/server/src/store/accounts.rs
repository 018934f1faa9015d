//! Administrators and their invitations. Tokens come as hashes, passwords as argon2id,
//! second factors sealed: nothing here can be used as it lies.

use super::{
    AnyConnection, AuditEvent, Store, StoreError, account_care, api_tokens, audit, instant,
    outbox::{Occasion, Subject},
    schema::{administrator, enrolment, invitation, passkey, tenant},
};
use diesel::prelude::*;
use jiff::Timestamp;
use std::collections::HashMap;

pub(super) const ACTIVE: &str = "active";
pub(super) const DISABLED: &str = "disabled";
/// The step before every code.
const NO_STEP: i64 = -1;

/// An invitation to be recorded.
#[derive(Clone)]
pub struct NewInvitation {
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// To which organisation.
    pub tenant_id: String,
    /// To whom it is sent.
    pub mail: String,
    /// By which administrator; none by the command line.
    pub invited_by: Option<i64>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// An invitation as found.
#[derive(Debug, Clone)]
pub struct InvitationRow {
    /// To which organisation.
    pub tenant_id: String,
    /// The organisation's name.
    pub tenant_name: String,
    /// To whom it was sent.
    pub mail: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Whether somebody has used it.
    pub used: bool,
}

/// What an invited person has entered so far.
#[derive(Clone)]
pub struct EnrolmentRow {
    /// Folded.
    pub login: String,
    /// Name of the person.
    pub name: String,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// The second factor's secret, sealed.
    pub totp_sealed: Vec<u8>,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// There is an administrator now.
    Now(i64),
    /// Somebody used it before, or it has ended.
    Before,
    /// The organisation has an administrator of this login.
    LoginTaken,
    /// The account that it would set up anew is disabled.
    Disabled,
}

/// What a sign-in is checked against.
#[derive(Clone)]
pub struct Credentials {
    /// Row identifier.
    pub administrator_id: i64,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// The second factor's secret, sealed.
    pub totp_sealed: Vec<u8>,
    /// The step of the last code that was accepted.
    pub totp_last_step: i64,
    /// Whether the account may be used.
    pub active: bool,
}

/// An administrator in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministratorRow {
    /// Row identifier.
    pub id: i64,
    /// Organisation.
    pub tenant_id: String,
    /// Login name.
    pub login: String,
    /// Name of the person.
    pub name: String,
    /// E-mail.
    pub mail: String,
    /// Whether the account may be used.
    pub active: bool,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Last sign-in.
    pub signed_in_at: Option<Timestamp>,
    /// How many passkeys there are beside the authenticator app.
    pub passkeys: i64,
}

type ListColumns = ((i64, String, String, String, String), (String, i64, Option<i64>));

/// The columns of [`ListColumns`], in its order.
macro_rules! list_columns {
    () => {
        (
            (
                administrator::id,
                administrator::tenant_id,
                administrator::login,
                administrator::name,
                administrator::mail,
            ),
            (administrator::state, administrator::created_at, administrator::signed_in_at),
        )
    };
}

impl Store {
    /// Records an invitation. Answers whether a mail with its link is planned.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when whoever invites has been disabled.
    pub async fn add_invitation(
        &self,
        new: NewInvitation,
        occasion: impl Into<Occasion>,
    ) -> Result<bool, StoreError> {
        let occasion = occasion.into();
        self.write(move |connection| {
            if let Some(id) = new.invited_by
                && !account_care::hold_active(connection, id)?
            {
                return Err(StoreError::Conflict("whoever invites has been disabled"));
            }
            insert_invitation(connection, &new, occasion.event.at)?;
            let subject = Subject::Invitation(new.token_hash.clone());
            Ok(occasion.record(connection, &subject)? > 0)
        })
        .await
    }

    /// The invitation under this hash, used and ended ones too.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn invitation(&self, token_hash: &str) -> Result<Option<InvitationRow>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            let row: Option<(String, String, String, i64, Option<i64>)> = invitation::table
                .inner_join(tenant::table)
                .filter(invitation::token_hash.eq(&token_hash))
                .select((
                    tenant::id,
                    tenant::name,
                    invitation::mail,
                    invitation::expires_at,
                    invitation::used_at,
                ))
                .get_result(connection)
                .optional()?;
            row.map(|(tenant_id, tenant_name, mail, expires_at, used_at)| {
                let expires_at = instant(expires_at)?;
                Ok(InvitationRow { tenant_id, tenant_name, mail, expires_at, used: used_at.is_some() })
            })
            .transpose()
        })
        .await
    }

    /// Keeps what an invited person has entered, in place of what was entered before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the invitation was used or withdrawn meanwhile.
    pub async fn keep_enrolment(&self, token_hash: &str, row: EnrolmentRow) -> Result<(), StoreError> {
        let token_hash = token_hash.to_owned();
        self.write(move |connection| {
            // Of two clicks at once, the later one waits here and counts.
            let unused = invitation::table
                .filter(invitation::token_hash.eq(&token_hash))
                .filter(invitation::used_at.is_null());
            let held = diesel::update(unused).set(invitation::used_at.eq(None::<i64>)).execute(connection)?;
            if held == 0 {
                return Err(StoreError::Conflict("the invitation is good no more"));
            }
            diesel::delete(enrolment::table.filter(enrolment::token_hash.eq(&token_hash)))
                .execute(connection)?;
            diesel::insert_into(enrolment::table)
                .values((
                    enrolment::token_hash.eq(&token_hash),
                    enrolment::login.eq(&row.login),
                    enrolment::name.eq(&row.name),
                    enrolment::password_hash.eq(&row.password_hash),
                    enrolment::totp_sealed.eq(&row.totp_sealed),
                ))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// What the invited person has entered.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn enrolment(&self, token_hash: &str) -> Result<Option<EnrolmentRow>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| find_enrolment(connection, &token_hash)).await
    }

    /// Makes the administrator from what was entered, or sets up anew the one that a reset
    /// link is for, once. `totp_step` is the step of the code that proved the second factor:
    /// it is not good for a sign-in.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something else was entered since `expected` was read.
    pub async fn finish_enrolment(
        &self,
        token_hash: &str,
        expected: EnrolmentRow,
        totp_step: i64,
        occasion: impl Into<Occasion>,
    ) -> Result<Used, StoreError> {
        let (token_hash, occasion) = (token_hash.to_owned(), occasion.into());
        self.write(move |connection| {
            let event = &occasion.event;
            let resets = account_care::find_reset(connection, &token_hash)?;
            if let Some(account) = &resets
                && !account_care::hold_active(connection, account.administrator_id)?
            {
                return Ok(Used::Disabled);
            }
            let good = invitation::table
                .filter(invitation::token_hash.eq(&token_hash))
                .filter(invitation::used_at.is_null())
                .filter(invitation::expires_at.gt(event.at.as_second()));
            let used = diesel::update(good)
                .set(invitation::used_at.eq(Some(event.at.as_second())))
                .execute(connection)?;
            if used == 0 {
                return Ok(Used::Before);
            }
            let entered = find_enrolment(connection, &token_hash)?;
            if entered.as_ref().map(|row| &row.totp_sealed) != Some(&expected.totp_sealed) {
                return Err(StoreError::Conflict("the set-up was begun anew"));
            }
            let (tenant_id, mail): (String, String) = invitation::table
                .filter(invitation::token_hash.eq(&token_hash))
                .select((invitation::tenant_id, invitation::mail))
                .get_result(connection)?;
            let made = match resets {
                None => insert_administrator(connection, &tenant_id, &mail, &expected, totp_step, event)?,
                Some(account) => {
                    let id = account.administrator_id;
                    account_care::reset(connection, id, &expected, totp_step, event.at)?;
                    // Whoever had got into the account may have made some.
                    api_tokens::end_all_of(connection, id, event.at)?;
                    id
                }
            };
            diesel::delete(enrolment::table.filter(enrolment::token_hash.eq(&token_hash)))
                .execute(connection)?;
            occasion.record(connection, &Subject::Invitation(token_hash.clone()))?;
            Ok(Used::Now(made))
        })
        .await
        .or_else(|error| match error {
            StoreError::Exists(_) => Ok(Used::LoginTaken),
            other => Err(other),
        })
    }

    /// What a sign-in of this folded login is checked against.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn credentials(&self, tenant_id: &str, login: &str) -> Result<Option<Credentials>, StoreError> {
        let (tenant_id, login) = (tenant_id.to_owned(), login.to_owned());
        self.read(move |connection| {
            let row: Option<(i64, String, Vec<u8>, i64, String)> = administrator::table
                .filter(administrator::tenant_id.eq(&tenant_id))
                .filter(administrator::login.eq(&login))
                .select((
                    administrator::id,
                    administrator::password_hash,
                    administrator::totp_sealed,
                    administrator::totp_last_step,
                    administrator::state,
                ))
                .get_result(connection)
                .optional()?;
            Ok(row.map(|(administrator_id, password_hash, totp_sealed, totp_last_step, state)| Credentials {
                administrator_id,
                password_hash,
                totp_sealed,
                totp_last_step,
                active: state == ACTIVE,
            }))
        })
        .await
    }

    /// The administrators of an organisation, by login.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn administrators(&self, tenant_id: &str) -> Result<Vec<AdministratorRow>, StoreError> {
        let tenant_id = tenant_id.to_owned();
        self.read(move |connection| {
            let rows: Vec<ListColumns> = administrator::table
                .filter(administrator::tenant_id.eq(&tenant_id))
                .order(administrator::login)
                .select(list_columns!())
                .load(connection)?;
            let counts: Vec<(i64, i64)> = passkey::table
                .inner_join(administrator::table)
                .filter(administrator::tenant_id.eq(&tenant_id))
                .group_by(passkey::administrator_id)
                .select((passkey::administrator_id, diesel::dsl::count_star()))
                .load(connection)?;
            let counts: HashMap<i64, i64> = counts.into_iter().collect();
            let passkeys = |columns: &ListColumns| counts.get(&columns.0.0).copied().unwrap_or(0);
            rows.into_iter().map(|columns| into_row(passkeys(&columns), columns)).collect()
        })
        .await
    }

    /// One administrator.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn administrator(&self, id: i64) -> Result<Option<AdministratorRow>, StoreError> {
        self.read(move |connection| {
            let row: Option<ListColumns> = administrator::table
                .filter(administrator::id.eq(id))
                .select(list_columns!())
                .get_result(connection)
                .optional()?;
            let passkeys =
                passkey::table.filter(passkey::administrator_id.eq(id)).count().get_result(connection)?;
            row.map(|columns| into_row(passkeys, columns)).transpose()
        })
        .await
    }

    /// Disables an account and ends what could still be done in its name: its sessions, its
    /// unused reset links, and the links that it gave to others. `false` when it was disabled
    /// before or does not exist.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is the organisation's last.
    pub async fn disable_administrator(&self, id: i64, event: AuditEvent) -> Result<bool, StoreError> {
        self.write(move |connection| {
            // Two who disable each other do so one after the other: the second is the last.
            let own = tenant::table.filter(tenant::id.nullable().eq(event.tenant_id.as_deref()));
            diesel::update(own).set(tenant::suspended.eq(tenant::suspended)).execute(connection)?;
            let active =
                administrator::table.filter(administrator::id.eq(id)).filter(administrator::state.eq(ACTIVE));
            let changed = diesel::update(active)
                .set((
                    administrator::state.eq(DISABLED),
                    administrator::disabled_at.eq(Some(event.at.as_second())),
                ))
                .execute(connection)?;
            if changed == 0 {
                return Ok(false);
            }
            let left: i64 = administrator::table
                .filter(administrator::tenant_id.nullable().eq(event.tenant_id.as_deref()))
                .filter(administrator::state.eq(ACTIVE))
                .count()
                .get_result(connection)?;
            if left == 0 {
                return Err(StoreError::Conflict("it is the last administrator of the organisation"));
            }
            account_care::close(connection, id, &event)?;
            audit::record(connection, &event)?;
            Ok(true)
        })
        .await
    }
}

pub(super) fn insert_invitation(
    connection: &mut AnyConnection,
    new: &NewInvitation,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::insert_into(invitation::table)
        .values((
            invitation::token_hash.eq(&new.token_hash),
            invitation::tenant_id.eq(&new.tenant_id),
            invitation::mail.eq(&new.mail),
            invitation::invited_by.eq(new.invited_by),
            invitation::created_at.eq(now.as_second()),
            invitation::expires_at.eq(new.expires_at.as_second()),
        ))
        .execute(connection)?;
    Ok(())
}

fn find_enrolment(
    connection: &mut AnyConnection,
    token_hash: &str,
) -> Result<Option<EnrolmentRow>, StoreError> {
    let row: Option<(String, String, String, Vec<u8>)> = enrolment::table
        .filter(enrolment::token_hash.eq(token_hash))
        .select((enrolment::login, enrolment::name, enrolment::password_hash, enrolment::totp_sealed))
        .get_result(connection)
        .optional()?;
    Ok(row.map(|(login, name, password_hash, totp_sealed)| EnrolmentRow {
        login,
        name,
        password_hash,
        totp_sealed,
    }))
}

fn insert_administrator(
    connection: &mut AnyConnection,
    tenant_id: &str,
    mail: &str,
    row: &EnrolmentRow,
    totp_step: i64,
    event: &AuditEvent,
) -> Result<i64, StoreError> {
    diesel::insert_into(administrator::table)
        .values((
            administrator::tenant_id.eq(tenant_id),
            administrator::login.eq(&row.login),
            administrator::name.eq(&row.name),
            administrator::mail.eq(mail),
            administrator::password_hash.eq(&row.password_hash),
            administrator::totp_sealed.eq(&row.totp_sealed),
            administrator::totp_last_step.eq(totp_step.max(NO_STEP)),
            administrator::state.eq(ACTIVE),
            administrator::created_at.eq(event.at.as_second()),
        ))
        .execute(connection)?;
    Ok(administrator::table
        .filter(administrator::tenant_id.eq(tenant_id))
        .filter(administrator::login.eq(&row.login))
        .select(administrator::id)
        .get_result(connection)?)
}

diesel::define_sql_function! {
    /// Lower case of what both databases know as letters: ASCII at least.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// The administrators whose login, name or mail is like `pattern`, whose letters are lower
/// case and whose escape character is `!`.
pub(super) fn administrators_like(
    connection: &mut AnyConnection,
    pattern: &str,
    most: i64,
) -> Result<Vec<AdministratorRow>, StoreError> {
    let rows: Vec<ListColumns> = administrator::table
        .filter(
            (administrator::login.like(pattern).escape('!'))
                .or(lower(administrator::name).like(pattern).escape('!'))
                .or(lower(administrator::mail).like(pattern).escape('!')),
        )
        .order((administrator::login, administrator::id))
        .limit(most)
        .select(list_columns!())
        .load(connection)?;
    // Passkeys are of no interest where people are only found.
    rows.into_iter().map(|columns| into_row(0, columns)).collect()
}

fn into_row(passkeys: i64, columns: ListColumns) -> Result<AdministratorRow, StoreError> {
    let ((id, tenant_id, login, name, mail), (state, created_at, signed_in_at)) = columns;
    Ok(AdministratorRow {
        id,
        tenant_id,
        login,
        name,
        mail,
        active: state == ACTIVE,
        created_at: instant(created_at)?,
        signed_in_at: signed_in_at.map(instant).transpose()?,
        passkeys,
    })
}
