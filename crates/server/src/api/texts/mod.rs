//! What people read: 事象・原因・対処, in Japanese and English.

mod english;
mod japanese;

use super::asker::Language;
use crate::use_cases::Denial;
use jiff::Timestamp;
use koshin_policy::calendar;
use koshin_protocol::problem::ProblemCode as Code;

/// One language's title (what happened) and detail (why, and what to do).
type Text = (&'static str, &'static str);

/// The language's tag (RFC 5646).
pub(super) fn tag(language: Language) -> &'static str {
    match language {
        Language::Japanese => "ja",
        Language::English => "en",
    }
}

/// Title and detail of a refusal.
pub(super) fn problem(denial: &Denial, language: Language) -> (&'static str, String) {
    let (title, _) = text(denial.code, language);
    (title, reason(denial.code, denial.opens_at, language))
}

/// The title alone: what happened.
pub(crate) fn title(code: Code, language: Language) -> &'static str {
    text(code, language).0
}

/// The detail alone, as `GET /api/cert` tells it.
pub(super) fn reason(code: Code, opens_at: Option<Timestamp>, language: Language) -> String {
    let (_, detail) = text(code, language);
    match opens_at {
        Some(instant) => format!("{detail}{}", opening(instant, language)),
        None => detail.to_owned(),
    }
}

fn opening(instant: Timestamp, language: Language) -> String {
    let date = calendar::jst_date(instant);
    match language {
        Language::Japanese => {
            format!("{}年{}月{}日から更新できます。", date.year(), date.month(), date.day())
        }
        Language::English => format!(" Renewal opens on {date} (JST)."),
    }
}

fn text(code: Code, language: Language) -> Text {
    match language {
        Language::Japanese => japanese::text(code),
        Language::English => english::text(code),
    }
}
