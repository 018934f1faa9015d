//! Renewals that were refused or failed, by terminal: one row per reason and hour, so that
//! a client that repeats itself fills nothing.

use super::{
    AnyConnection, Door, Scope, Store, StoreError,
    connection::lock_terminal,
    in_state,
    kept_bundle::NoteReceived,
    schema::{certificate, outbox, renewal_attempt, terminal},
};
use diesel::{
    dsl::{case_when, count, count_star},
    prelude::*,
};
use jiff::Timestamp;
use std::collections::HashSet;

/// Seconds of an hour.
const HOUR: i64 = 3600;
/// The words for how far a renewal that goes well has come; every other result is a problem code.
pub(crate) mod progress {
    /// A certificate was made, and nobody has received it, as far as can be known.
    pub(crate) const ISSUED: &str = "issued";
    /// The terminal has received its bundle.
    pub(crate) const FETCHED: &str = "fetched";
    /// An administrator has downloaded it, to be carried to the terminal.
    pub(crate) const HANDED_OVER: &str = "handed-over";
    /// The terminal's first certificate was used.
    pub(crate) const STARTED: &str = "started";
    /// A certificate was used that replaced another.
    pub(crate) const RENEWED: &str = "renewed";
    /// All of them.
    pub(crate) const ALL: [&str; 5] = [ISSUED, FETCHED, HANDED_OVER, STARTED, RENEWED];
}

/// How far renewals came. From the second on each number contains the next; a terminal that
/// renews by itself is renewed without a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funnel {
    /// Certificates of which somebody was told that they end.
    pub notified: u64,
    /// Certificates that replace another.
    pub issued: u64,
    /// Of these, fetched; a key made on the device needs no fetching.
    pub fetched: u64,
    /// Of these, used.
    pub confirmed: u64,
}

impl Store {
    /// Notes an attempt that was refused or failed with `reason`, a problem code.
    /// `failing` says that the terminal needs somebody's attention for it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn note_attempt(
        &self,
        terminal_id: i64,
        reason: &'static str,
        failing: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            lock_terminal(connection, terminal_id)?;
            count_one(connection, terminal_id, reason, now)?;
            let own = || terminal::table.filter(terminal::id.eq(terminal_id));
            diesel::update(own())
                .set((
                    terminal::last_result.eq(Some(reason)),
                    terminal::last_result_at.eq(Some(now.as_second())),
                ))
                .execute(connection)?;
            if failing {
                diesel::update(own().filter(terminal::failing_since.is_null()))
                    .set(terminal::failing_since.eq(Some(now.as_second())))
                    .execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Notes that the terminal was here, unless it was noted in the last hour.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn note_seen(&self, terminal_id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| {
            let stale = terminal::table
                .filter(terminal::id.eq(terminal_id))
                .filter(terminal::last_seen_at.le(now.as_second() - HOUR));
            diesel::update(stale).set(terminal::last_seen_at.eq(now.as_second())).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Forgets the attempts before `before`. Returns how many rows went.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget_attempts(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let hour = before.as_second().div_euclid(HOUR);
            let old = renewal_attempt::table.filter(renewal_attempt::hour.lt(hour));
            Ok(diesel::delete(old).execute(connection)?)
        })
        .await
    }
}

/// Reasons since `since`, each with the number of terminals that met it, the most frequent first.
pub(super) fn reasons(
    connection: &mut AnyConnection,
    scope: &Scope,
    since: Timestamp,
) -> Result<Vec<(String, u64)>, StoreError> {
    let heard_of = terminal::last_result_at.is_null().or(terminal::last_result_at.ge(heard_of_since(since)));
    let since = since.as_second().div_euclid(HOUR);
    let all = renewal_attempt::table
        .inner_join(terminal::table)
        .filter(renewal_attempt::hour.ge(since))
        .group_by(renewal_attempt::reason)
        .select((renewal_attempt::reason, count(renewal_attempt::terminal_id).aggregate_distinct()));
    let rows: Vec<(String, i64)> = match scope {
        Scope::Everything => all.load(connection)?,
        Scope::Tenants(tenants) => {
            all.filter(terminal::tenant_id.eq_any(tenants.clone())).filter(heard_of).load(connection)?
        }
    };
    let mut reasons: Vec<(String, u64)> =
        rows.into_iter().map(|(reason, count)| (reason, u64::try_from(count).unwrap_or(0))).collect();
    reasons.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    Ok(reasons)
}

/// How far the renewals that were issued since `since` have come.
pub(super) fn funnel(
    connection: &mut AnyConnection,
    scope: &Scope,
    since: Timestamp,
) -> Result<Funnel, StoreError> {
    let fetched = certificate::fetched_at
        .is_not_null()
        .or(certificate::first_used_at.is_not_null())
        .or(certificate::door.eq_any([Door::Est, Door::Recovery].map(Door::as_str)));
    let heard_of = terminal::last_result_at.is_null().or(terminal::last_result_at.ge(heard_of_since(since)));
    // Counted in one passage over them.
    let issued = certificate::table
        .inner_join(terminal::table)
        .filter(certificate::created_at.ge(since.as_microsecond()))
        .filter(certificate::parent.is_not_null())
        .filter(certificate::der.is_not_null())
        .select((
            count_star(),
            count(case_when(fetched, certificate::created_at)),
            count(certificate::first_used_at),
        ));
    let (issued, fetched, confirmed): (i64, i64, i64) = match scope {
        Scope::Everything => issued.get_result(connection)?,
        Scope::Tenants(tenants) => issued
            .filter(terminal::tenant_id.eq_any(tenants.clone()))
            .filter(heard_of)
            .get_result(connection)?,
    };
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(Funnel {
        notified: number(notified(connection, scope, since)?),
        issued: number(issued),
        fetched: number(fetched),
        confirmed: number(confirmed),
    })
}

/// Who was issued a certificate since `since`, or was refused one, has had the last result since this, in seconds since
/// 1970: both are results, and each replaces an earlier one. Of an organisation's terminals all others are passed over,
/// which spares nearly all of them the search for their certificates and attempts. A clock that was set back by up to a
/// day does no harm. Of whom no result is known, each is looked at: so is one whose last was forgotten with an exclusion.
fn heard_of_since(since: Timestamp) -> i64 {
    since.as_second() - 24 * HOUR
}

/// Who was shut out and is let in again.
pub(super) enum Excluded<'a> {
    /// One terminal that was stopped.
    Terminal(i64),
    /// All terminals of a tenant that was suspended.
    Tenant(&'a str),
}

/// Forgets that terminals were turned away while they were shut out: it says nothing of them
/// any more. Earlier versions took it for a failure.
pub(super) fn forget_exclusion(
    connection: &mut AnyConnection,
    whom: &Excluded<'_>,
) -> Result<(), StoreError> {
    let turned_away = ["certificate-revoked", "tenant-suspended"].map(Some);
    let all = terminal::table.filter(terminal::last_result.eq_any(turned_away));
    let forgotten = (
        terminal::last_result.eq(None::<String>),
        terminal::last_result_at.eq(None::<i64>),
        terminal::failing_since.eq(None::<i64>),
    );
    match whom {
        Excluded::Terminal(id) => {
            diesel::update(all.filter(terminal::id.eq(id))).set(forgotten).execute(connection)?
        }
        Excluded::Tenant(id) => {
            diesel::update(all.filter(terminal::tenant_id.eq(id))).set(forgotten).execute(connection)?
        }
    };
    Ok(())
}

/// How many certificates somebody was told of since `since`.
fn notified(connection: &mut AnyConnection, scope: &Scope, since: Timestamp) -> Result<i64, StoreError> {
    let since = outbox::ended_at.ge(since.as_second());
    let tenants = match scope {
        Scope::Everything => {
            let told = outbox::table.filter(in_state::sent()).filter(since);
            return Ok(told.select(count(outbox::serial).aggregate_distinct()).get_result(connection)?);
        }
        Scope::Tenants(tenants) => tenants,
    };
    let own = outbox::table
        .filter(in_state::sent())
        .filter(outbox::certificate_tenant.eq_any(tenants.clone()))
        .filter(since)
        .select(outbox::serial);
    let mut told: HashSet<Option<String>> = own.load(connection)?.into_iter().collect();
    let before = outbox::table
        .inner_join(certificate::table.inner_join(terminal::table))
        .filter(in_state::sent_of_anybody())
        .filter(since)
        .filter(terminal::tenant_id.eq_any(tenants.clone()))
        .select(outbox::serial);
    told.extend(before.load::<Option<String>>(connection)?);
    Ok(i64::try_from(told.len()).unwrap_or(i64::MAX))
}

fn count_one(
    connection: &mut AnyConnection,
    terminal_id: i64,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hour = now.as_second().div_euclid(HOUR);
    let known = renewal_attempt::table
        .filter(renewal_attempt::terminal_id.eq(terminal_id))
        .filter(renewal_attempt::hour.eq(hour))
        .filter(renewal_attempt::reason.eq(reason));
    let changed = diesel::update(known)
        .set((
            renewal_attempt::times.eq(renewal_attempt::times + 1),
            renewal_attempt::last_at.eq(now.as_second()),
        ))
        .execute(connection)?;
    if changed == 0 {
        diesel::insert_into(renewal_attempt::table)
            .values((
                renewal_attempt::terminal_id.eq(terminal_id),
                renewal_attempt::hour.eq(hour),
                renewal_attempt::reason.eq(reason),
                renewal_attempt::times.eq(1_i64),
                renewal_attempt::last_at.eq(now.as_second()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// A certificate was issued: the attempt went well, and is not over.
pub(super) fn issued(
    connection: &mut AnyConnection,
    terminal_id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    went_well(connection, terminal_id, progress::ISSUED, now)
}

/// A certificate was used first: a renewal, if the terminal had used one before.
pub(super) fn confirmed(
    connection: &mut AnyConnection,
    terminal_id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let used: i64 = certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(certificate::first_used_at.is_not_null())
        .count()
        .get_result(connection)?;
    let word = if used > 1 { progress::RENEWED } else { progress::STARTED };
    went_well(connection, terminal_id, word, now)
}

/// The terminal needs nobody any more.
fn went_well(
    connection: &mut AnyConnection,
    terminal_id: i64,
    word: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(terminal::table.filter(terminal::id.eq(terminal_id)))
        .set((
            terminal::last_result.eq(Some(word)),
            terminal::last_result_at.eq(Some(now.as_second())),
            terminal::failing_since.eq(None::<i64>),
        ))
        .execute(connection)?;
    Ok(())
}

/// A bundle was received: `word` says by whom. An attempt that failed since then is told all the same.
pub(super) fn received(
    connection: &mut AnyConnection,
    terminal_id: i64,
    word: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    NoteReceived { terminal_id, word, at: now.as_second() }.execute(connection)?;
    Ok(())
}
