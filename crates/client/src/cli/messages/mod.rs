//! What people read, in Japanese and English, side by side.

pub mod dialogs;
pub mod doctor;
pub mod failures;
pub mod first;
pub mod help;
pub mod install;
pub mod prompts;
pub mod renew;
pub mod status;
pub mod unattended;
pub mod window;

use crate::environment::Language;
use jiff::{Timestamp, civil::Weekday};
use koshin_policy::calendar;

/// A date of a table: `2026/03/31`, JST.
pub fn table_date(instant: Timestamp) -> String {
    calendar::in_jst(instant).strftime("%Y/%m/%d").to_string()
}

/// A date of a sentence: `2026年3月31日（火）` or `Tue 31 March 2026`, JST.
pub fn long_date(language: Language, instant: Timestamp) -> String {
    let at = calendar::in_jst(instant);
    match language {
        Language::Japanese => {
            format!("{}年{}月{}日（{}）", at.year(), at.month(), at.day(), weekday(at.weekday()))
        }
        Language::English => at.strftime("%a %-d %B %Y").to_string(),
    }
}

/// A time of day: `23:59`, JST.
pub fn time(instant: Timestamp) -> String {
    calendar::in_jst(instant).strftime("%H:%M").to_string()
}

fn weekday(day: Weekday) -> char {
    match day {
        Weekday::Sunday => '日',
        Weekday::Monday => '月',
        Weekday::Tuesday => '火',
        Weekday::Wednesday => '水',
        Weekday::Thursday => '木',
        Weekday::Friday => '金',
        Weekday::Saturday => '土',
    }
}

/// One of two texts.
pub fn pick<'a>(language: Language, japanese: &'a str, english: &'a str) -> &'a str {
    match language {
        Language::Japanese => japanese,
        Language::English => english,
    }
}
