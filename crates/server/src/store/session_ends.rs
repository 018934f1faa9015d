//! Why sessions end. The reason is kept for a while, so that whoever still believes in the
//! session is told.

use super::{
    AnyConnection, AuditEvent, Store, StoreError, audit,
    schema::{ended_session, site_session},
};
use diesel::prelude::*;
use jiff::Timestamp;

/// Why there is no session any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionEnd {
    /// It never was, or ended so long ago that nobody knows why.
    #[error("it is not known")]
    Unknown,
    /// Nothing was done for too long.
    #[error("it was idle for too long")]
    Idle,
    /// It has lasted as long as any may.
    #[error("it has lasted as long as any may")]
    TooOld,
    /// The second factor was not proved in time.
    #[error("the second factor was not proved in time")]
    Unfinished,
    /// The browser presents another certificate. The session goes on, elsewhere.
    #[error("the browser presents another certificate")]
    OtherCertificate,
    /// Its certificate was revoked, replaced or stopped, or has expired.
    #[error("its certificate has ended")]
    CertificateEnded,
    /// Its account was disabled, or its organisation suspended.
    #[error("its account was disabled")]
    AccountDisabled,
    /// Somebody signed out.
    #[error("it was signed out")]
    SignedOut,
    /// Password or second factors of its account were changed elsewhere.
    #[error("password or second factors were changed elsewhere")]
    CredentialsChanged,
}

impl SessionEnd {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Idle,
        Self::TooOld,
        Self::Unfinished,
        Self::OtherCertificate,
        Self::CertificateEnded,
        Self::AccountDisabled,
        Self::SignedOut,
        Self::CredentialsChanged,
    ];

    /// The word in the records and in the keys of texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Idle => "idle",
            Self::TooOld => "too-old",
            Self::Unfinished => "unfinished",
            Self::OtherCertificate => "other-certificate",
            Self::CertificateEnded => "certificate-ended",
            Self::AccountDisabled => "account-disabled",
            Self::SignedOut => "signed-out",
            Self::CredentialsChanged => "credentials-changed",
        }
    }
}

impl Store {
    /// Ends a session, for the reason that whoever still believes in it is told; `event` is
    /// recorded if there was one.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn end_session(
        &self,
        id_hash: &str,
        why: SessionEnd,
        now: Timestamp,
        event: Option<AuditEvent>,
    ) -> Result<bool, StoreError> {
        let id_hash = id_hash.to_owned();
        self.write(move |connection| {
            let ended = end(connection, &id_hash, why, now)?;
            if let (true, Some(event)) = (ended, &event) {
                audit::record(connection, event)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Why the session under this hash has ended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn session_end(&self, id_hash: &str) -> Result<SessionEnd, StoreError> {
        let id_hash = id_hash.to_owned();
        self.read(move |connection| {
            let word: Option<String> = ended_session::table
                .filter(ended_session::id_hash.eq(&id_hash))
                .select(ended_session::reason)
                .get_result(connection)
                .optional()?;
            let known = SessionEnd::ALL.into_iter().find(|end| word.as_deref() == Some(end.as_str()));
            Ok(known.unwrap_or(SessionEnd::Unknown))
        })
        .await
    }

    /// Ends the sessions that were opened before `opened_before` or unused since
    /// `unused_since`, and forgets why those ended that did so before `ended_before`. Returns
    /// how many ended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget_sessions(
        &self,
        opened_before: Timestamp,
        unused_since: Timestamp,
        ended_before: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let opened_before = opened_before.as_second();
            let over: Vec<(String, i64, Option<i64>)> = site_session::table
                .filter(
                    site_session::created_at
                        .lt(opened_before)
                        .or(site_session::last_seen_at.lt(unused_since.as_second())),
                )
                .select((site_session::id_hash, site_session::created_at, site_session::second_factor_at))
                .load(connection)?;
            let mut ended = 0;
            for (id_hash, created_at, second_factor_at) in over {
                let why = match second_factor_at {
                    None => SessionEnd::Unfinished,
                    Some(_) if created_at < opened_before => SessionEnd::TooOld,
                    Some(_) => SessionEnd::Idle,
                };
                ended += usize::from(end(connection, &id_hash, why, now)?);
            }
            let long_ago = ended_session::table.filter(ended_session::ended_at.lt(ended_before.as_second()));
            diesel::delete(long_ago).execute(connection)?;
            Ok(ended)
        })
        .await
    }
}

/// Ends the sessions of an account, but for the one under `keep`, in the caller's transaction.
pub(super) fn end_all_of(
    connection: &mut AnyConnection,
    administrator_id: i64,
    keep: Option<&str>,
    why: SessionEnd,
    now: Timestamp,
) -> Result<(), StoreError> {
    let all: Vec<String> = site_session::table
        .filter(site_session::administrator_id.eq(administrator_id))
        .select(site_session::id_hash)
        .load(connection)?;
    for id_hash in all.iter().filter(|id_hash| keep != Some(id_hash.as_str())) {
        end(connection, id_hash, why, now)?;
    }
    Ok(())
}

/// Ends the sessions that lean on one of these certificates, in the caller's transaction.
pub(super) fn end_all_with(
    connection: &mut AnyConnection,
    serials: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let all: Vec<String> = site_session::table
        .filter(site_session::certificate_serial.eq_any(serials))
        .select(site_session::id_hash)
        .load(connection)?;
    for id_hash in &all {
        end(connection, id_hash, SessionEnd::CertificateEnded, now)?;
    }
    Ok(())
}

/// `false` when it had ended before: the reason that was first is kept.
fn end(
    connection: &mut AnyConnection,
    id_hash: &str,
    why: SessionEnd,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let own = site_session::table.filter(site_session::id_hash.eq(id_hash));
    if diesel::delete(own).execute(connection)? == 0 {
        return Ok(false);
    }
    diesel::insert_into(ended_session::table)
        .values((
            ended_session::id_hash.eq(id_hash),
            ended_session::reason.eq(why.as_str()),
            ended_session::ended_at.eq(now.as_second()),
        ))
        .execute(connection)?;
    Ok(true)
}
