//! The calendar feed: who has its address reads it, without a certificate. Calendar programs
//! can present none.

use super::Notices;
use crate::{
    notices::{calendar, text::Language},
    store::{StoreError, TenantKind},
};
use jiff::{SignedDuration, Timestamp, civil::Time};
use koshin_policy::calendar as dates;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// The feed shows ends so far ahead …
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 1200);
/// … for whoever looks after many clinics, no further than somebody plans …
const AHEAD_OF_MANY: SignedDuration = SignedDuration::from_hours(24 * 90);
/// … and so far back.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Events in a feed at most, the earliest ends first.
const MOST_EVENTS: u32 = 2000;
/// Hex digits of a token.
const TOKEN_DIGITS: usize = 64;
/// Times an hour that one feed is handed out. A clinic's calendars ask four times an hour each.
const MOST_AN_HOUR: u32 = 240;
/// Feeds that are looked up at a time: the records are there for renewals first.
const AT_A_TIME: usize = 4;
/// Seconds of an hour.
const HOUR: i64 = 3600;

/// What a feed's address opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feed {
    /// The calendar (RFC 5545), the same all day unless a certificate changes.
    Calendar(String),
    /// Nothing: it never was one, or is none any more.
    Unknown,
    /// Too often, or too many at a time.
    TooMuch,
}

/// How often feeds are read.
pub(super) struct FeedLimits {
    places: Semaphore,
    /// By organisation: the hour, and how often in it. No more rows than organisations.
    read: Mutex<HashMap<String, (i64, u32)>>,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_A_TIME), read: Mutex::default() }
    }
}

impl FeedLimits {
    fn admits(&self, tenant: &str, now: Timestamp) -> bool {
        let hour = now.as_second().div_euclid(HOUR);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, times) = read.entry(tenant.to_owned()).or_insert((hour, 0));
        if *counted != hour {
            (*counted, *times) = (hour, 0);
        }
        *times += 1;
        *times <= MOST_AN_HOUR
    }
}

impl Notices {
    /// The calendar feed that `token` opens.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn feed(&self, token: &str, now: Timestamp) -> Result<Feed, StoreError> {
        if token.len() != TOKEN_DIGITS || !token.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Ok(Feed::Unknown);
        }
        // First, and cheap: whoever has no address takes nobody's place.
        let Some(tenant) = self.store.tenant_of_calendar(&token_hash(token)).await? else {
            return Ok(Feed::Unknown);
        };
        let Ok(_place) = self.feeds.places.try_acquire() else { return Ok(Feed::TooMuch) };
        if !self.feeds.admits(&tenant, now) {
            return Ok(Feed::TooMuch);
        }
        let kind = self.store.tenant(&tenant).await?.map(|known| known.kind);
        let ahead = if kind == Some(TenantKind::Clinic) { AHEAD } else { AHEAD_OF_MANY };
        let ends = (
            now.checked_sub(BACK).unwrap_or(Timestamp::MIN),
            now.checked_add(ahead).unwrap_or(Timestamp::MAX),
        );
        let certificates = self.store.certificates_seen_by(&tenant, ends, MOST_EVENTS).await?;
        let language = Language::from_tag(&self.store.notice_settings(&tenant).await?.language);
        Ok(Feed::Calendar(calendar::feed(&certificates, &self.host, language, midnight(now))))
    }
}

/// What the feed calls its time: one a day, so that it stays the same while nothing changes.
fn midnight(now: Timestamp) -> Timestamp {
    let day = dates::jst_date(now).to_datetime(Time::midnight());
    day.to_zoned(dates::jst()).map_or(now, |zoned| zoned.timestamp())
}

/// The hash under which a feed's token is kept.
pub(super) fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_read_so_often_an_hour_and_no_other_suffers() {
        let (limits, now) = (FeedLimits::default(), Timestamp::UNIX_EPOCH);
        assert!((0..MOST_AN_HOUR).all(|_| limits.admits("clinic", now)));
        assert!(!limits.admits("clinic", now));
        assert!(limits.admits("other", now));
        assert!(limits.admits("clinic", now + SignedDuration::from_hours(1)));
    }
}
