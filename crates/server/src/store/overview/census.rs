//! How many there are, over all tenants, for the metrics.

use super::{
    super::{AnyConnection, Store, StoreError, instant, schema::terminal},
    Scope, TerminalState, Terminals,
    matching::{in_scope, standing, working},
};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp, civil::Date};
use koshin_policy::calendar;
use std::collections::BTreeMap;

/// Weeks that [`Census::expiring`] looks ahead: this one and twelve more, as far as the widest
/// window of today's applications.
pub const WEEKS_AHEAD: usize = 13;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A year and a week: as far as charts look.
const LOOK_AHEAD: SignedDuration = SignedDuration::from_hours(373 * 24);

/// The terminals, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    /// Certificates of working terminals that end in the next seven days, in the seven days
    /// after these, and so on.
    pub expiring: [u64; WEEKS_AHEAD],
    /// How many terminals stand so; together they are all.
    pub terminals: Vec<(TerminalState, u64)>,
}

impl Store {
    /// Counts the terminals. No renewal waits for it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn census(&self, now: Timestamp) -> Result<Census, StoreError> {
        self.read_at_length(move |connection| {
            Ok(Census { expiring: expiring(connection, now)?, terminals: by_state(connection, now)? })
        })
        .await
    }
}

/// How many certificates of working terminals end on each day in Japan, from `now` on; days without any are left out.
pub(in super::super) fn ends_by_day(
    connection: &mut AnyConnection,
    now: Timestamp,
) -> Result<BTreeMap<Date, u64>, StoreError> {
    let ends: Vec<i64> = working(in_scope(&Scope::Everything))
        .filter(terminal::expires_at.ge(now.as_second()))
        .filter(terminal::expires_at.lt(now.as_second() + LOOK_AHEAD.as_secs()))
        .select(terminal::expires_at)
        .load(connection)?;
    let mut days = BTreeMap::new();
    for end in ends {
        *days.entry(calendar::jst_date(instant(end)?)).or_insert(0) += 1;
    }
    Ok(days)
}

fn expiring(connection: &mut AnyConnection, now: Timestamp) -> Result<[u64; WEEKS_AHEAD], StoreError> {
    let mut weeks = [0; WEEKS_AHEAD];
    let mut from = now;
    for week in &mut weeks {
        let to = from.checked_add(WEEK).unwrap_or(Timestamp::MAX);
        let ending = working(in_scope(&Scope::Everything))
            .filter(terminal::expires_at.ge(from.as_second()))
            .filter(terminal::expires_at.lt(to.as_second()));
        *week = count(connection, ending)?;
        from = to;
    }
    Ok(weeks)
}

/// Each but the last is counted; the last, which has nearly all of them, is what remains.
pub(in super::super) fn by_state(
    connection: &mut AnyConnection,
    now: Timestamp,
) -> Result<Vec<(TerminalState, u64)>, StoreError> {
    let mut counted = Vec::with_capacity(TerminalState::ALL.len());
    let mut remaining = count(connection, in_scope(&Scope::Everything))?;
    for state in TerminalState::ALL.into_iter().filter(|state| *state != TerminalState::Valid) {
        let found = count(connection, standing(in_scope(&Scope::Everything), state, now))?;
        remaining = remaining.saturating_sub(found);
        counted.push((state, found));
    }
    counted.push((TerminalState::Valid, remaining));
    Ok(counted)
}

pub(in super::super) fn count(
    connection: &mut AnyConnection,
    terminals: Terminals,
) -> Result<u64, StoreError> {
    let count: i64 = terminals.count().get_result(connection)?;
    Ok(u64::try_from(count).unwrap_or(0))
}
