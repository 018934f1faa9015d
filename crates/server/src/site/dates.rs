//! Dates as people read them: always JST.

use super::texts::Texts;
use jiff::{Timestamp, civil::Date};
use koshin_policy::calendar;

/// 2026/03/31, for tables.
pub(crate) fn day(instant: Timestamp) -> String {
    plain_day(calendar::jst_date(instant))
}

/// 2026/03/31 of a civil date.
pub(crate) fn plain_day(date: Date) -> String {
    format!("{:04}/{:02}/{:02}", date.year(), date.month(), date.day())
}

/// 2026/03/31 23:59, for timelines.
pub(crate) fn minute(instant: Timestamp) -> String {
    let local = calendar::in_jst(instant);
    format!("{} {:02}:{:02}", plain_day(local.date()), local.hour(), local.minute())
}

/// What is left: 「残り12日」, 「本日まで」, 「3日前に期限切れ」.
pub(crate) fn days_left(texts: &Texts, not_after: Timestamp, now: Timestamp) -> String {
    let days = calendar::jst_date(not_after).since(calendar::jst_date(now)).map_or(0, |span| span.get_days());
    match days {
        _ if not_after < now && days == 0 => texts.say("days-ended-today"),
        0 => texts.say("days-today"),
        1.. => texts.with("days-left", "days", days),
        _ => texts.with("days-ago", "days", -days),
    }
}
