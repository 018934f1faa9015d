//! Recovery codes that were tried, counted before they are judged: whoever guesses on many
//! nodes at once is counted on all of them together.

use super::{
    Announcement, AnyConnection, AuditEvent, Store, StoreError, Subject, audit, outbox::announce,
    schema::recovery_attempt,
};
use diesel::prelude::*;

/// An attempt, as counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It may be judged. It counts until [`Store::forgive_recovery_attempt`].
    Yes,
    /// Too many were wrong in this span.
    TooMany,
}

impl Store {
    /// Counts an attempt of the span under each subject (a name or hash, with so many that
    /// are judged), unless one of them is used up. The first that is refused is recorded
    /// with `event`, and if it was under the subject that `told` names, that is announced.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn count_recovery_attempt(
        &self,
        subjects: Vec<(String, u32)>,
        span: i64,
        event: AuditEvent,
        told: (String, Subject, Announcement),
    ) -> Result<Counted, StoreError> {
        self.write(move |connection| {
            for (subject, limit) in &subjects {
                let over = count(connection, subject, span)? - i64::from(*limit);
                if over == 1 {
                    // What is refused stays counted: only the first over the limit is recorded.
                    if *subject == told.0 {
                        announce(connection, &told.1, &told.2, event.at)?;
                    }
                    audit::record(connection, &event)?;
                }
                if over > 0 {
                    // Whoever is refused under one subject uses nothing up of the next.
                    return Ok(Counted::TooMany);
                }
            }
            Ok(Counted::Yes)
        })
        .await
    }

    /// Takes back one attempt of each subject: the code was known.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forgive_recovery_attempt(&self, subjects: Vec<String>, span: i64) -> Result<(), StoreError> {
        self.write(move |connection| {
            // One after the other, in the order of counting: no two wait for each other.
            for subject in &subjects {
                diesel::update(row(subject, span))
                    .set(recovery_attempt::times.eq(recovery_attempt::times - 1))
                    .execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets the attempts of the spans before `span`. Returns how many rows went.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget_recovery_attempts(&self, span: i64) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let old = recovery_attempt::table.filter(recovery_attempt::span.lt(span));
            Ok(diesel::delete(old).execute(connection)?)
        })
        .await
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
fn row<'a>(subject: &'a str, span: i64) -> _ {
    recovery_attempt::table
        .filter(recovery_attempt::subject.eq(subject))
        .filter(recovery_attempt::span.eq(span))
}

/// One more; how many it makes. Two nodes that meet a new subject at once: one of them is
/// told [`StoreError::Repeat`] and begins again.
fn count(connection: &mut AnyConnection, subject: &str, span: i64) -> Result<i64, StoreError> {
    let changed = diesel::update(row(subject, span))
        .set(recovery_attempt::times.eq(recovery_attempt::times + 1))
        .execute(connection)?;
    if changed == 1 {
        return Ok(row(subject, span).select(recovery_attempt::times).get_result(connection)?);
    }
    diesel::insert_into(recovery_attempt::table)
        .values((
            recovery_attempt::subject.eq(subject),
            recovery_attempt::span.eq(span),
            recovery_attempt::times.eq(1_i64),
        ))
        .execute(connection)
        .map(|_| 1)
        .map_err(|error| match StoreError::from(error) {
            StoreError::Exists(what) => StoreError::Repeat(what),
            other => other,
        })
}
