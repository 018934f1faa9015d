//! Calendar arithmetic in Japan Standard Time.
//!
//! Clinics read their certificates' dates in JST, and "two months before" means
//! calendar months there. JST has had no daylight saving time since 1951, so a
//! fixed offset is exact and no time zone database is needed.

use jiff::{
    Span, Timestamp, Zoned,
    civil::Date,
    tz::{Offset, TimeZone},
};

/// Hours that Japan Standard Time is ahead of UTC.
const JST_HOURS: i8 = 9;

/// Japan Standard Time, UTC+9.
pub fn jst() -> TimeZone {
    TimeZone::fixed(Offset::constant(JST_HOURS))
}

/// The instant as people in Japan read it.
pub fn in_jst(instant: Timestamp) -> Zoned {
    instant.to_zoned(jst())
}

/// The date in Japan at `instant`.
pub fn jst_date(instant: Timestamp) -> Date {
    in_jst(instant).date()
}

/// `instant` moved by whole calendar months in JST; the day is clamped to the
/// month's last (31 March − 1 month = 28 February). Saturates at the ends of
/// jiff's range (years −9999 to 9999).
pub fn add_months(instant: Timestamp, months: i32) -> Timestamp {
    in_jst(instant)
        .checked_add(Span::new().months(months))
        .map_or_else(|_| saturated(months), |moved| moved.timestamp())
}

/// `instant` moved by whole calendar years in JST, like [`add_months`].
pub fn add_years(instant: Timestamp, years: i16) -> Timestamp {
    add_months(instant, i32::from(years) * 12)
}

fn saturated(direction: i32) -> Timestamp {
    if direction < 0 { Timestamp::MIN } else { Timestamp::MAX }
}

/// Whole days from `now` to `end`, rounded down; negative when `end` has passed.
/// "1" means that at least 24 hours are left.
pub fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    const SECONDS_A_DAY: i64 = 86_400;
    (end.as_second() - now.as_second()).div_euclid(SECONDS_A_DAY)
}
