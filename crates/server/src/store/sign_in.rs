//! Attempts to sign in, counted before they are judged: of a hundred guesses at the same
//! moment, no more are judged than one after the other.

use super::{AnyConnection, Store, StoreError, instant, schema::sign_in_failure};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};

/// An attempt, as counted under one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It may be judged. It counts as a failure until [`Store::forgive`] or a sign-in.
    Counted,
    /// It may not, until then.
    Locked(Timestamp),
}

/// How long so many failures lock, if they do.
pub type Lock = fn(u32) -> Option<SignedDuration>;

impl Store {
    /// Counts an attempt under each subject (a hash, with the lock-out after so many
    /// failures), unless one of them is locked.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn count_attempt(
        &self,
        subjects: Vec<(String, Lock)>,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        self.write(move |connection| {
            let mut latest = None;
            for (subject, _) in &subjects {
                hold(connection, subject, now)?;
                latest = latest.max(locked_until(connection, subject, now)?);
            }
            if let Some(until) = latest {
                return Ok(Attempt::Locked(until));
            }
            for (subject, lock) in &subjects {
                count(connection, subject, *lock, now)?;
            }
            Ok(Attempt::Counted)
        })
        .await
    }

    /// Takes back one counted attempt of each subject: it went well, and more is to come.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forgive(&self, subjects: Vec<String>) -> Result<(), StoreError> {
        self.write(move |connection| {
            diesel::update(
                sign_in_failure::table
                    .filter(sign_in_failure::subject.eq_any(&subjects))
                    .filter(sign_in_failure::failures.gt(0)),
            )
            .set((
                sign_in_failure::failures.eq(sign_in_failure::failures - 1),
                sign_in_failure::locked_until.eq(None::<i64>),
            ))
            .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Forgets failures before `before`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget_failures(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let old = sign_in_failure::table.filter(sign_in_failure::last_failed_at.lt(before.as_second()));
            Ok(diesel::delete(old).execute(connection)?)
        })
        .await
    }
}

/// Lets nobody else count under the subject until the end of the transaction, so that the
/// lock is read after every count before this one. Two nodes that meet a new subject at
/// once: one of them is told [`StoreError::Repeat`] and begins again.
fn hold(connection: &mut AnyConnection, subject: &str, now: Timestamp) -> Result<(), StoreError> {
    let held = diesel::update(sign_in_failure::table.filter(sign_in_failure::subject.eq(subject)))
        .set(sign_in_failure::failures.eq(sign_in_failure::failures))
        .execute(connection)?;
    if held == 1 {
        return Ok(());
    }
    diesel::insert_into(sign_in_failure::table)
        .values((
            sign_in_failure::subject.eq(subject),
            sign_in_failure::failures.eq(0_i64),
            sign_in_failure::last_failed_at.eq(now.as_second()),
        ))
        .execute(connection)
        .map(drop)
        .map_err(|error| match StoreError::from(error) {
            StoreError::Exists(what) => StoreError::Repeat(what),
            other => other,
        })
}

fn locked_until(
    connection: &mut AnyConnection,
    subject: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let until: Option<Option<i64>> = sign_in_failure::table
        .filter(sign_in_failure::subject.eq(subject))
        .select(sign_in_failure::locked_until)
        .get_result(connection)
        .optional()?;
    until.flatten().filter(|until| *until > now.as_second()).map(instant).transpose()
}

fn count(
    connection: &mut AnyConnection,
    subject: &str,
    lock: Lock,
    now: Timestamp,
) -> Result<(), StoreError> {
    let own = || sign_in_failure::table.filter(sign_in_failure::subject.eq(subject));
    diesel::update(own())
        .set((
            sign_in_failure::failures.eq(sign_in_failure::failures + 1),
            sign_in_failure::last_failed_at.eq(now.as_second()),
        ))
        .execute(connection)?;
    let failures: i64 = own().select(sign_in_failure::failures).get_result(connection)?;
    let locked_until = lock(u32::try_from(failures).unwrap_or(u32::MAX))
        .and_then(|lock| now.checked_add(lock).ok())
        .map(Timestamp::as_second);
    diesel::update(own()).set(sign_in_failure::locked_until.eq(locked_until)).execute(connection)?;
    Ok(())
}

/// Forgets the failures of these subjects, in the caller's transaction.
pub(super) fn forget(connection: &mut AnyConnection, subjects: &[String]) -> Result<(), StoreError> {
    diesel::delete(sign_in_failure::table.filter(sign_in_failure::subject.eq_any(subjects)))
        .execute(connection)?;
    Ok(())
}
