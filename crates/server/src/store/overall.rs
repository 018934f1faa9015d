//! Numbers over all tenants.
//!
//! What an administrator sees is counted each time, and costs by the size of the own organisation. What an operator
//! sees over all tenants would cost by the number of all terminals, with each page. Where there are many, these numbers
//! are counted once a minute at most, when somebody looks, and shown with their age; no renewal does anything for them,
//! and none waits. Each node counts for itself.

use super::{
    AnyConnection, Funnel, ListFilter, Scope, Store, StoreError, TenantKind, TerminalState, attempts,
    overview,
    remembered::{Held, Remembered},
    schema::{tenant, terminal},
};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Up to so many terminals everything is counted each time, and is exact.
const FEW: i64 = 2_000;

/// Numbers of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Overall {
    /// Whether there are more than few. Terminals are not deleted: it stays so.
    many: AtomicBool,
    numbers: Arc<Remembered<(), Numbers>>,
    funnel: Arc<Remembered<SignedDuration, Funnel>>,
    reasons: Arc<Remembered<SignedDuration, Vec<(String, u64)>>>,
}

/// Numbers, and of when they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf<T> {
    /// What was counted.
    pub numbers: T,
    /// As of when, if it is not of this moment: over all tenants, where these have many terminals, everything is
    /// counted once a minute at most, and is up to ten minutes old.
    pub counted_at: Option<Timestamp>,
}

impl<T> AsOf<T> {
    /// Of this moment.
    pub(super) fn now(numbers: T) -> Self {
        Self { numbers, counted_at: None }
    }
}

/// All terminals and all tenants, counted.
#[derive(Debug)]
pub(super) struct Numbers {
    by_state: Vec<(TerminalState, u64)>,
    /// 60日以内に期限切れ
    pub(super) expiring: u64,
    /// That somebody should look at.
    attention: u64,
    /// How many certificates of working terminals end, by the day in Japan, from the moment of counting on.
    pub(super) ends: BTreeMap<Date, u64>,
    tenants: Vec<(String, u64)>,
}

impl Numbers {
    /// How many terminals the filter leaves.
    pub(super) fn of(&self, filter: Option<ListFilter>) -> u64 {
        match filter {
            None => self.by_state.iter().map(|(_, count)| count).sum(),
            Some(ListFilter::State(state)) => self.in_state(state),
            Some(ListFilter::Expiring) => self.expiring,
            Some(ListFilter::Attention) => self.attention,
        }
    }

    pub(super) fn in_state(&self, state: TerminalState) -> u64 {
        self.by_state.iter().filter(|(other, _)| *other == state).map(|(_, count)| count).sum()
    }

    /// How many tenants there are, of one kind or of all.
    pub(super) fn tenants(&self, kind: Option<TenantKind>) -> u64 {
        let wanted = |word: &str| kind.is_none_or(|kind| kind.as_str() == word);
        self.tenants.iter().filter(|(word, _)| wanted(word)).map(|(_, count)| count).sum()
    }

    fn count(connection: &mut AnyConnection, now: Timestamp) -> Result<Self, StoreError> {
        let tenants: Vec<(String, i64)> = tenant::table
            .group_by(tenant::kind)
            .select((tenant::kind, diesel::dsl::count_star()))
            .load(connection)?;
        Ok(Self {
            expiring: overview::count(connection, overview::expiring(terminal::table.into_boxed(), now))?,
            attention: overview::count(connection, overview::attention(terminal::table.into_boxed(), now))?,
            ends: overview::ends_by_day(connection, now)?,
            tenants: tenants
                .into_iter()
                .map(|(kind, count)| (kind, u64::try_from(count).unwrap_or(0)))
                .collect(),
            by_state: overview::by_state(connection, now)?,
        })
    }
}

impl Store {
    /// The numbers over all tenants, not of this very moment; none where there are few terminals, which are counted
    /// each time.
    pub(super) async fn numbers(&self, now: Timestamp) -> Result<Option<Held<(), Numbers>>, StoreError> {
        if !self.has_many().await? {
            return Ok(None);
        }
        let own = self.clone();
        let count = move || async move {
            own.read_at_length(move |connection| Numbers::count(connection, now)).await
        };
        self.overall.numbers.answer((), now, count).await.map(Some)
    }

    /// How far the renewals that were issued since `since` have come. Over all tenants, where these have many
    /// terminals, as it was a moment ago.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn funnel(
        &self,
        scope: Scope,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<AsOf<Funnel>, StoreError> {
        if scope != Scope::Everything || !self.has_many().await? {
            let funnel = self.read(move |connection| attempts::funnel(connection, &scope, since)).await?;
            return Ok(AsOf::now(funnel));
        }
        let own = self.clone();
        let funnel = move |connection: &mut _| attempts::funnel(connection, &Scope::Everything, since);
        let count = move || async move { own.read_at_length(funnel).await };
        let held = self.overall.funnel.answer(now.duration_since(since), now, count).await?;
        Ok(AsOf { numbers: *held.answer, counted_at: Some(held.at) })
    }

    /// Reasons since `since`, each with the number of terminals that met it, the most frequent first. Over all tenants,
    /// where these have many terminals, as it was a moment ago.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn attempt_reasons(
        &self,
        scope: Scope,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<AsOf<Vec<(String, u64)>>, StoreError> {
        if scope != Scope::Everything || !self.has_many().await? {
            let reasons = self.read(move |connection| attempts::reasons(connection, &scope, since)).await?;
            return Ok(AsOf::now(reasons));
        }
        let own = self.clone();
        let reasons = move |connection: &mut _| attempts::reasons(connection, &Scope::Everything, since);
        let count = move || async move { own.read_at_length(reasons).await };
        let held = self.overall.reasons.answer(now.duration_since(since), now, count).await?;
        Ok(AsOf { numbers: held.answer.as_ref().clone(), counted_at: Some(held.at) })
    }

    /// Told by the greatest number of a row, which costs nothing: terminals are not deleted, and a number that was
    /// passed over makes a fleet look a little larger than it is.
    async fn has_many(&self) -> Result<bool, StoreError> {
        if self.overall.many.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let last: Option<i64> = self
            .read(|connection| {
                Ok(terminal::table.select(diesel::dsl::max(terminal::id)).get_result(connection)?)
            })
            .await?;
        let many = last.is_some_and(|last| last > FEW);
        self.overall.many.store(many, Ordering::Relaxed);
        Ok(many)
    }
}
