//! Days of Japan, numbered from the first day of the simulation.

use jiff::{
    Span,
    civil::{Date, Weekday, date},
};
use koshin_policy::calendar::jst;

/// Seconds since 1970, UTC: the simulation's true time.
pub(crate) type At = i64;
pub(crate) const MINUTE: At = 60;
pub(crate) const HOUR: At = 3600;
pub(crate) const DAY: At = 86_400;
/// Midnight of this day in Japan is the beginning: a fleet rolled out in July has its windows over Golden Week.
const FIRST: Date = date(2027, 7, 5);

/// What a clinic does on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    /// Open, morning and afternoon.
    Open,
    /// Saturday: open in the morning.
    Saturday,
    /// Sunday, a holiday of the nation, New Year, Obon.
    Closed,
    /// Between the holidays of Golden Week: some are open.
    Bridge,
}

/// The days of the simulation.
pub(crate) struct Calendar {
    start: At,
    days: Vec<(Day, Weekday, i8)>,
}

impl Calendar {
    /// So many years, and one more to plan into.
    pub(crate) fn new(years: i64) -> Self {
        let start = FIRST.to_zoned(jst()).map_or(0, |first| first.timestamp().as_second());
        let day = |index: i64| {
            let date = FIRST.saturating_add(Span::new().days(index));
            (kind_of(date), date.weekday(), date.day())
        };
        Self { start, days: (0..(years + 1) * 366).map(day).collect() }
    }

    /// The first second.
    pub(crate) fn start(&self) -> At {
        self.start
    }

    /// The number of the day in which `at` lies.
    pub(crate) fn index(&self, at: At) -> i64 {
        (at - self.start).div_euclid(DAY)
    }

    /// Midnight, Japan, at which the day begins.
    pub(crate) fn midnight(&self, index: i64) -> At {
        self.start + index * DAY
    }

    /// What kind of day it is, its weekday and its day of the month. Beyond the end every day is closed.
    pub(crate) fn day(&self, index: i64) -> (Day, Weekday, i8) {
        let found = usize::try_from(index).ok().and_then(|index| self.days.get(index));
        found.copied().unwrap_or((Day::Closed, Weekday::Sunday, 1))
    }

    /// The number of days that are known.
    pub(crate) fn len(&self) -> i64 {
        i64::try_from(self.days.len()).unwrap_or(i64::MAX)
    }
}

fn kind_of(date: Date) -> Day {
    let closed = matches!((date.month(), date.day()), (12, 29..) | (1, ..=3) | (8, 13..=15));
    if closed || date.weekday() == Weekday::Sunday || is_holiday(date) || is_substitute(date) {
        Day::Closed
    } else if matches!((date.month(), date.day()), (4, 30) | (5, 1 | 2 | 6)) {
        Day::Bridge
    } else if date.weekday() == Weekday::Saturday {
        Day::Saturday
    } else {
        Day::Open
    }
}

/// 国民の祝日. The equinoxes move by a day; the usual one is taken.
fn is_holiday(date: Date) -> bool {
    let (month, day) = (date.month(), date.day());
    let monday = |nth: i8| date.weekday() == Weekday::Monday && (day - 1) / 7 + 1 == nth;
    match month {
        1 => day == 1 || monday(2),
        2 => matches!(day, 11 | 23),
        3 => day == 20,
        4 => day == 29,
        5 => matches!(day, 3..=5),
        7 => monday(3),
        8 => day == 11,
        9 => day == 23 || monday(3),
        10 => monday(2),
        11 => matches!(day, 3 | 23),
        _ => false,
    }
}

/// 振替休日: the first day after a Sunday's holiday that is none itself.
fn is_substitute(date: Date) -> bool {
    let mut before = date;
    loop {
        before = before.saturating_sub(Span::new().days(1));
        if !is_holiday(before) {
            return false;
        }
        if before.weekday() == Weekday::Sunday {
            return true;
        }
    }
}
