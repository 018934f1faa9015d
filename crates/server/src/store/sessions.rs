//! Sessions of the administration site, under the hash of their token.

use super::{
    AnyConnection, AuditEvent, Store, StoreError, TenantKind, account_care, audit, instant,
    schema::{administrator, certificate, passkey, site_session, tenant, terminal},
    sign_in,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// A session to be recorded.
#[derive(Clone)]
pub struct NewSiteSession {
    /// SHA-256 of the token, hex.
    pub id_hash: String,
    /// Whose.
    pub administrator_id: i64,
    /// The certificate that the browser presented, hex serial.
    pub certificate_serial: String,
    /// What forms must send back.
    pub csrf: String,
    /// When.
    pub created_at: Timestamp,
}

/// How the second factor was proved.
#[derive(Debug, Clone)]
pub enum SecondProof {
    /// By the code of this step: good this one time.
    Code(i64),
    /// By a passkey of the account, which is now as given (its counter has moved).
    Passkey {
        /// Row identifier.
        id: i64,
        /// As in [`super::PasskeyRow`].
        credential: String,
    },
}

/// A session as found, with what it leans on.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Whose.
    pub administrator_id: i64,
    /// Login name.
    pub login: String,
    /// Name of the person.
    pub name: String,
    /// E-mail.
    pub mail: String,
    /// Whether the account may be used.
    pub active: bool,
    /// Organisation.
    pub tenant_id: String,
    /// The organisation's name.
    pub tenant_name: String,
    /// What it is to the service.
    pub kind: TenantKind,
    /// Whether the organisation is suspended.
    pub tenant_suspended: bool,
    /// The certificate it was opened with.
    pub certificate_serial: String,
    /// Whether that certificate still opens the site: not revoked, withdrawn or stopped.
    pub certificate_good: bool,
    /// Its last second of validity.
    pub certificate_not_after: Timestamp,
    /// What forms must send back.
    pub csrf: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Last request, to the minute.
    pub last_seen_at: Timestamp,
    /// Whether the second factor was proved.
    pub second_factor_done: bool,
}

type Columns = (
    (i64, String, String, String, String),
    (String, String, String, bool),
    (String, String, Option<i64>, Option<i64>, i64),
    (String, i64, i64, Option<i64>),
);

impl Store {
    /// Opens half a session: the password was right.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn open_half_session(&self, new: NewSiteSession) -> Result<(), StoreError> {
        self.write(move |connection| insert(connection, &new, None)).await
    }

    /// Opens a session in place of its first half: the second factor was proved. The
    /// failures under `subjects` are forgotten, and the terminal that `event` names is known
    /// from now on. `false` when the code was used before, the passkey was removed, the
    /// first half has ended, or the account was disabled.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn open_session(
        &self,
        half_hash: &str,
        new: NewSiteSession,
        proof: SecondProof,
        subjects: Vec<String>,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let half_hash = half_hash.to_owned();
        self.write(move |connection| {
            let half = site_session::table
                .filter(site_session::id_hash.eq(&half_hash))
                .filter(site_session::administrator_id.eq(new.administrator_id))
                .filter(site_session::second_factor_at.is_null());
            if diesel::delete(half).execute(connection)? == 0 {
                return Ok(false);
            }
            if !accept(connection, &new, &proof)? {
                return Err(StoreError::Conflict(REPLAYED));
            }
            insert(connection, &new, Some(new.created_at))?;
            sign_in::forget(connection, &subjects)?;
            if let Some(common_name) = &event.common_name {
                account_care::remember_terminal(
                    connection,
                    new.administrator_id,
                    common_name,
                    new.created_at,
                )?;
            }
            audit::record(connection, &event)?;
            Ok(true)
        })
        .await
        .or_else(|error| match error {
            // The first half stays: another code may follow.
            StoreError::Conflict(REPLAYED) => Ok(false),
            other => Err(other),
        })
    }

    /// The session under this hash, whatever its age.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn site_session(&self, id_hash: &str) -> Result<Option<SessionRow>, StoreError> {
        let id_hash = id_hash.to_owned();
        self.read(move |connection| find(connection, &id_hash)).await
    }

    /// Notes a request of the session.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn touch_session(&self, id_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let id_hash = id_hash.to_owned();
        self.write(move |connection| {
            diesel::update(site_session::table.filter(site_session::id_hash.eq(&id_hash)))
                .set(site_session::last_seen_at.eq(now.as_second()))
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}

const REPLAYED: &str = "the code was used before";

/// Takes the proof, and notes the sign-in. It locks the account's row.
fn accept(
    connection: &mut AnyConnection,
    new: &NewSiteSession,
    proof: &SecondProof,
) -> Result<bool, StoreError> {
    let now = Some(new.created_at.as_second());
    let active = administrator::table
        .filter(administrator::id.eq(new.administrator_id))
        .filter(administrator::state.eq("active"));
    match proof {
        SecondProof::Code(step) => {
            let accepted = diesel::update(active.filter(administrator::totp_last_step.lt(step)))
                .set((administrator::totp_last_step.eq(step), administrator::signed_in_at.eq(now)))
                .execute(connection)?;
            Ok(accepted == 1)
        }
        SecondProof::Passkey { id, credential } => {
            let signed_in =
                diesel::update(active).set(administrator::signed_in_at.eq(now)).execute(connection)?;
            let own = passkey::table
                .filter(passkey::id.eq(id))
                .filter(passkey::administrator_id.eq(new.administrator_id));
            let used = diesel::update(own)
                .set((passkey::credential.eq(credential), passkey::used_at.eq(now)))
                .execute(connection)?;
            Ok(signed_in == 1 && used == 1)
        }
    }
}

fn insert(
    connection: &mut AnyConnection,
    new: &NewSiteSession,
    second_factor_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    diesel::insert_into(site_session::table)
        .values((
            site_session::id_hash.eq(&new.id_hash),
            site_session::administrator_id.eq(new.administrator_id),
            site_session::certificate_serial.eq(&new.certificate_serial),
            site_session::csrf.eq(&new.csrf),
            site_session::created_at.eq(new.created_at.as_second()),
            site_session::last_seen_at.eq(new.created_at.as_second()),
            site_session::second_factor_at.eq(second_factor_at.map(Timestamp::as_second)),
        ))
        .execute(connection)?;
    Ok(())
}

fn find(connection: &mut AnyConnection, id_hash: &str) -> Result<Option<SessionRow>, StoreError> {
    let row: Option<Columns> = site_session::table
        .inner_join(administrator::table.inner_join(tenant::table))
        .inner_join(certificate::table.inner_join(terminal::table))
        .filter(site_session::id_hash.eq(id_hash))
        .select((
            (
                administrator::id,
                administrator::login,
                administrator::name,
                administrator::mail,
                administrator::state,
            ),
            (tenant::id, tenant::name, tenant::kind, tenant::suspended),
            (
                certificate::serial,
                certificate::state,
                certificate::first_used_at,
                terminal::stopped_at,
                certificate::not_after,
            ),
            (
                site_session::csrf,
                site_session::created_at,
                site_session::last_seen_at,
                site_session::second_factor_at,
            ),
        ))
        .get_result(connection)
        .optional()?;
    row.map(into_row).transpose()
}

fn into_row((person, organisation, certificate, session): Columns) -> Result<SessionRow, StoreError> {
    let (administrator_id, login, name, mail, state) = person;
    let (tenant_id, tenant_name, kind, tenant_suspended) = organisation;
    let (certificate_serial, certificate_state, first_used_at, stopped_at, not_after) = certificate;
    let (csrf, created_at, last_seen_at, second_factor_at) = session;
    // As at the renewal doors: one that was in use may go on after its successor has come.
    let live = match CertificateState::from_word(&certificate_state) {
        Some(CertificateState::InUse | CertificateState::Issued) => true,
        Some(CertificateState::Superseded) => first_used_at.is_some(),
        _ => false,
    };
    Ok(SessionRow {
        administrator_id,
        login,
        name,
        mail,
        active: state == "active",
        tenant_id,
        tenant_name,
        kind: TenantKind::from_record(&kind)?,
        tenant_suspended,
        certificate_serial,
        certificate_good: live && stopped_at.is_none(),
        certificate_not_after: instant(not_after)?,
        csrf,
        created_at: instant(created_at)?,
        last_seen_at: instant(last_seen_at)?,
        second_factor_done: second_factor_at.is_some(),
    })
}
