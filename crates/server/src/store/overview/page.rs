//! One page of the list.

use super::{
    super::{
        AnyConnection, Store, StoreError,
        overall::{AsOf, Numbers},
        remembered::Held,
        schema::terminal,
        search::{MOST, Search},
    },
    Edge, ListFilter, Place, Scope, TerminalPage, TerminalQuery, TerminalState, Terminals,
    census::count,
    edge::behind,
    matching::{in_scope, matching, sorted, working},
    rows::rows,
    searched,
};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use koshin_policy::calendar;

/// Rows a page at most.
pub(super) const LONGEST_PAGE: u32 = 500;
/// Days of a week.
const WEEK: i64 = 7;

/// The numbers over all tenants, where there are many terminals.
type Kept = Option<Held<(), Numbers>>;

impl Store {
    /// One page of the terminals in `scope`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn terminals(
        &self,
        scope: Scope,
        query: TerminalQuery,
        now: Timestamp,
    ) -> Result<TerminalPage, StoreError> {
        let kept = match (&scope, &query.tenant) {
            (Scope::Everything, None) => self.numbers(now).await?,
            // Their own terminals are counted each time.
            _ => None,
        };
        self.read(move |connection| {
            let search = searched(connection, &scope, &query)?;
            Asked { scope: &scope, query: &query, search: &search, kept: &kept, now }.page(connection)
        })
        .await
    }

    /// How many certificates of working terminals end in each of so many weeks from `monday` on, of those that end
    /// after `now`. Over all tenants, where these have many terminals, as it was a moment ago.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn ending_by_week(
        &self,
        scope: Scope,
        monday: Date,
        weeks: u32,
        now: Timestamp,
    ) -> Result<AsOf<Vec<u64>>, StoreError> {
        let end = move |week: u32| monday.saturating_add((i64::from(week) * WEEK).days());
        let kept = match &scope {
            Scope::Everything => self.numbers(now).await?,
            Scope::Tenants(_) => None,
        };
        if let Some(kept) = kept {
            let of = |week| kept.answer.ends.range(end(week)..end(week + 1)).map(|(_, count)| count).sum();
            return Ok(AsOf { numbers: (0..weeks).map(of).collect(), counted_at: Some(kept.at) });
        }
        self.read(move |connection| {
            let ends: Vec<i64> = working(in_scope(&scope))
                .filter(terminal::expires_at.ge(now.max(midnight(monday)).as_second()))
                .filter(terminal::expires_at.lt(midnight(end(weeks)).as_second()))
                .select(terminal::expires_at)
                .load(connection)?;
            let mut counts = vec![0; weeks as usize];
            for passed in ends.into_iter().map(|end| end - midnight(monday).as_second()) {
                let week = passed.div_euclid(SignedDuration::from_hours(24 * WEEK).as_secs());
                if let Some(count) = usize::try_from(week).ok().and_then(|week| counts.get_mut(week)) {
                    *count += 1;
                }
            }
            Ok(AsOf::now(counts))
        })
        .await
    }
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(calendar::jst()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// What is asked for.
struct Asked<'a> {
    scope: &'a Scope,
    query: &'a TerminalQuery,
    search: &'a Search<i64>,
    kept: &'a Kept,
    now: Timestamp,
}

/// The rows of a page, and whether there are more on either side.
struct Found {
    ids: Vec<i64>,
    more_before: bool,
    more_after: bool,
    /// How many there are on all pages, if that is known by now.
    total: Option<u64>,
}

/// The first of a list.
struct First {
    ids: Vec<i64>,
    /// How many there are in the list, if that is known by now.
    total: Option<u64>,
}

impl Asked<'_> {
    fn page(&self, connection: &mut AnyConnection) -> Result<TerminalPage, StoreError> {
        let found = self.find(connection)?;
        let (total, more_than_total) = self.total(connection, &found)?;
        let sort = self.query.sort;
        let mut place = |id: Option<&i64>, wanted: bool| match id {
            Some(id) if wanted => Place::of(connection, *id, sort),
            _ => Ok(None),
        };
        let previous = place(found.ids.first(), found.more_before)?.map(Edge::Before);
        let next = place(found.ids.last(), found.more_after)?.map(Edge::After);
        Ok(TerminalPage {
            rows: rows(connection, &found.ids, self.now)?,
            total,
            more_than_total,
            expiring: self.whole(connection, ListFilter::Expiring)?,
            failing: self.whole(connection, ListFilter::State(TerminalState::Failed))?,
            unused: self.whole(connection, ListFilter::State(TerminalState::Unused))?,
            counted_at: self.kept.as_ref().map(|kept| kept.at),
            previous,
            next,
        })
    }

    fn find(&self, connection: &mut AnyConnection) -> Result<Found, StoreError> {
        let (query, per_page) = (self.query, self.per_page());
        // One more tells whether there are more.
        let wanted = per_page as usize + 1;
        let beside = |ids| First { ids, total: None };
        let First { mut ids, total } = match &query.edge {
            None => {
                let before = query.page.saturating_sub(1) as usize * per_page as usize;
                self.first(connection, sorted(self.all(), query.sort, query.descending), before, wanted)?
            }
            Some(Edge::After(place)) => beside(self.beside(connection, place, query.descending, wanted)?),
            Some(Edge::Before(place)) => beside(self.beside(connection, place, !query.descending, wanted)?),
        };
        let more = ids.len() == wanted;
        ids.truncate(per_page as usize);
        Ok(match query.edge {
            None => Found { ids, more_before: query.page > 1, more_after: more, total },
            Some(Edge::After(_)) => Found { ids, more_before: true, more_after: more, total },
            Some(Edge::Before(_)) => {
                ids.reverse();
                Found { ids, more_before: more, more_after: true, total }
            }
        })
    }

    fn beside(
        &self,
        connection: &mut AnyConnection,
        place: &Place,
        descending: bool,
        wanted: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let sort = self.query.sort;
        let mut ids = Vec::with_capacity(wanted);
        for part in behind(place, sort, descending, || self.all()) {
            let missing = wanted - ids.len();
            if missing > 0 {
                ids.extend(self.first(connection, sorted(part, sort, descending), 0, missing)?.ids);
            }
        }
        Ok(ids)
    }

    /// All that the query has.
    fn all(&self) -> Terminals {
        matching(self.scope, self.query, self.search, self.now)
    }

    /// The first `most` of these behind as many as lie `before`. Of what is known to be among a thousand all are read:
    /// to find the first few, PostgreSQL might begin to read the whole list in its order.
    fn first(
        &self,
        connection: &mut AnyConnection,
        terminals: Terminals,
        before: usize,
        most: usize,
    ) -> Result<First, StoreError> {
        if self.search.is_narrow() {
            let all: Vec<i64> = terminals.select(terminal::id).load(connection)?;
            let total = Some(all.len() as u64);
            return Ok(First { ids: all.into_iter().skip(before).take(most).collect(), total });
        }
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        let some = terminals.limit(number(most)).offset(number(before));
        Ok(First { ids: some.select(terminal::id).load(connection)?, total: None })
    }

    fn per_page(&self) -> u32 {
        if self.query.per_page == 0 { 50 } else { self.query.per_page.min(LONGEST_PAGE) }
    }

    /// How many there are on all pages, and whether there are even more.
    fn total(&self, connection: &mut AnyConnection, found: &Found) -> Result<(u64, bool), StoreError> {
        if !found.more_before && !found.more_after {
            return Ok((found.ids.len() as u64, false));
        }
        if let Some(total) = found.total {
            return Ok((total, false));
        }
        match self.kept {
            Some(kept) if self.search.is_empty() => Ok((kept.answer.of(self.query.filter), false)),
            None => Ok((count(connection, self.all())?, false)),
            Some(_) if self.search.is_narrow() => Ok((count(connection, self.all())?, false)),
            Some(_) => {
                let ids: Vec<i64> = self.all().select(terminal::id).limit(MOST + 1).load(connection)?;
                let counted = ids.len().min(MOST as usize);
                Ok((counted as u64, ids.len() > counted))
            }
        }
    }

    /// How many the filter leaves of the whole view, whatever is searched.
    fn whole(&self, connection: &mut AnyConnection, filter: ListFilter) -> Result<u64, StoreError> {
        if let Some(kept) = self.kept {
            return Ok(kept.answer.of(Some(filter)));
        }
        let query = TerminalQuery {
            tenant: self.query.tenant.clone(),
            filter: Some(filter),
            ..TerminalQuery::default()
        };
        count(connection, matching(self.scope, &query, &Search::nothing(), self.now))
    }
}
