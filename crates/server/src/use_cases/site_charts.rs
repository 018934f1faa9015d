//! The numbers behind the charts, over what the actor may see.

use super::{Koshin, SiteError, site_authority::Actor};
use crate::store::{AsOf, Funnel};
use jiff::{Timestamp, ToSpan, civil::Date};
use koshin_policy::calendar;

/// Weeks that are counted at most.
const MOST_WEEKS: u32 = 53;

impl Koshin {
    /// How many certificates end in each of the coming weeks, by their Mondays in Japan: of the
    /// present week what is left of it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn expiries_by_week(
        &self,
        actor: &Actor,
        weeks: u32,
        now: Timestamp,
    ) -> Result<AsOf<Vec<(Date, u64)>>, SiteError> {
        let scope = self.scope(actor).await?;
        let today = calendar::jst_date(now);
        let first = today.saturating_sub(i64::from(today.weekday().to_monday_zero_offset()).days());
        let counts = self.store.ending_by_week(scope, first, weeks.min(MOST_WEEKS), now).await?;
        let mondays = (0_i64..).map(|week| first.saturating_add((week * 7).days()));
        Ok(AsOf { numbers: mondays.zip(counts.numbers).collect(), counted_at: counts.counted_at })
    }

    /// Why renewals were refused or failed since `since`: problem codes, each with the
    /// number of terminals that met it, the most frequent first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn failure_reasons(
        &self,
        actor: &Actor,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<AsOf<Vec<(String, u64)>>, SiteError> {
        Ok(self.store.attempt_reasons(self.scope(actor).await?, since, now).await?)
    }

    /// How far the renewals since `since` have come.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn funnel(
        &self,
        actor: &Actor,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<AsOf<Funnel>, SiteError> {
        Ok(self.store.funnel(self.scope(actor).await?, since, now).await?)
    }
}
