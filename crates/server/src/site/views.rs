//! What each page shows, as its template reads it: words and numbers, nothing to decide.

use super::{page::Page, texts::Texts};
use askama::Template;

/// A sentence above a form.
#[derive(Debug)]
pub(super) struct Message {
    /// `good`, `info` or `bad`.
    pub(super) tone: &'static str,
    pub(super) text: String,
}

impl Message {
    pub(super) fn bad(text: String) -> Self {
        Self { tone: "bad", text }
    }

    pub(super) fn good(text: String) -> Self {
        Self { tone: "good", text }
    }

    pub(super) fn icon(&self) -> &'static str {
        match self.tone {
            "good" => "valid",
            "bad" => "failed",
            _ => "soon",
        }
    }
}

/// The way in: which certificate was presented, name and password.
#[derive(Template)]
#[template(path = "site/entrance.html")]
pub(super) struct Entrance<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) confirmed: String,
    pub(super) organisation: &'a str,
    pub(super) login: &'a str,
}

/// The second factor.
#[derive(Template)]
#[template(path = "site/code.html")]
pub(super) struct Code<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    /// Whether a passkey will do as well.
    pub(super) passkey: bool,
}

/// What is wrong with the certificate, and what to do.
#[derive(Template)]
#[template(path = "site/trouble.html")]
pub(super) struct TroublePage<'a> {
    pub(super) page: &'a Page,
    pub(super) why: String,
    pub(super) steps: Vec<String>,
    pub(super) presented: Option<Presented>,
    /// Whether a picture of the browser's question helps.
    pub(super) picture: bool,
}

/// The certificate that was presented.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) common_name: String,
    pub(super) until: String,
}

/// An invited person's name and password.
#[derive(Template)]
#[template(path = "site/setup.html")]
pub(super) struct SetUpPage<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) lead: String,
    pub(super) action: String,
    pub(super) mail: &'a str,
    /// Login and name of the account that is set up anew.
    pub(super) known: Option<(&'a str, &'a str)>,
    pub(super) name: &'a str,
    pub(super) login: &'a str,
}

/// An invited person's second factor.
#[derive(Template)]
#[template(path = "site/setup_code.html")]
pub(super) struct SetUpCode<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) action: String,
    /// Shown once.
    pub(super) enrolment: Option<EnrolmentView>,
}

/// What the authenticator app reads.
pub(super) struct EnrolmentView {
    /// SVG.
    pub(super) qr: String,
    pub(super) secret: String,
}

/// How many terminals need attention, with the way to them.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) key: &'static str,
    pub(super) icon: &'static str,
    pub(super) filter: &'static str,
    /// The rest of the list's query string: `&tenant=…`, or nothing.
    pub(super) more: String,
    pub(super) count: u64,
}

impl Counter {
    /// The three of every list.
    pub(super) fn attention(expiring: u64, failing: u64, unused: u64) -> Vec<Self> {
        let counter = |key, icon, filter, count| Self { key, icon, filter, more: String::new(), count };
        vec![
            counter("attention-expiring", "soon", "expiring", expiring),
            counter("attention-failed", "failed", "failed", failing),
            counter("attention-unused", "unused", "unused", unused),
        ]
    }

    fn icon(&self) -> &'static str {
        if self.count == 0 { "valid" } else { self.icon }
    }

    fn units(&self, t: &Texts) -> String {
        t.with("attention-units", "count", self.count)
    }
}

/// 状況: pictures of everything that the administrator may see.
#[derive(Template)]
#[template(path = "site/overview.html")]
pub(super) struct Overview<'a> {
    pub(super) page: &'a Page,
    pub(super) counters: Vec<Counter>,
    /// As of when the numbers are, if they are not of this moment.
    pub(super) counted: Option<String>,
    /// The first that need attention.
    pub(super) urgent: Vec<Urgent>,
    /// Whether terminals of several organisations are seen.
    pub(super) several: bool,
    /// How many there are beyond those.
    pub(super) more: Option<String>,
    /// Organisations that mail does not reach: the way to their settings, and its words.
    pub(super) unreached: Vec<(String, String)>,
    pub(super) nothing_ends: String,
    pub(super) weeks: Vec<Bar>,
    /// SVG.
    pub(super) weeks_chart: String,
    pub(super) weeks_counted: Option<String>,
    pub(super) funnel: Vec<Bar>,
    pub(super) funnel_counted: Option<String>,
    pub(super) reasons: Vec<Bar>,
    pub(super) reasons_counted: Option<String>,
}

/// A terminal that needs attention, with the life of its certificate.
pub(super) struct Urgent {
    pub(super) row: Row,
    /// SVG.
    pub(super) life: String,
}

/// A row with a number, and a bar for it.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) count: u64,
    /// SVG.
    pub(super) bar: String,
}

/// 証明書管理.
#[derive(Template)]
#[template(path = "site/certificates.html")]
pub(super) struct Certificates<'a> {
    pub(super) page: &'a Page,
    pub(super) counters: Vec<Counter>,
    /// As of when the numbers are, if they are not of this moment.
    pub(super) counted: Option<String>,
    pub(super) search: &'a str,
    /// The one tenant whose list it is.
    pub(super) tenant: Option<&'a str>,
    /// Whether something was searched or filtered.
    pub(super) narrowed: bool,
    /// The same list as a query string.
    pub(super) query: String,
    pub(super) filters: Vec<Choice>,
    pub(super) count: String,
    pub(super) columns: Vec<Heading>,
    pub(super) rows: Vec<Row>,
    pub(super) pager: Option<Pager>,
}

/// An entry of a menu to choose from.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// The head of a column.
#[derive(Debug)]
pub(super) struct Heading {
    pub(super) label: String,
    /// The query string of the list sorted by it, if it can be.
    pub(super) link: Option<String>,
    /// `ascending` or `descending`, if the list is sorted by it.
    pub(super) order: Option<&'static str>,
}

impl Heading {
    fn arrow(&self) -> &'static str {
        if self.order == Some("ascending") { "up" } else { "down" }
    }
}

/// A terminal and its certificate.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) terminal_id: i64,
    pub(super) serial: Option<String>,
    pub(super) name: String,
    /// For those who see several.
    pub(super) tenant: Option<String>,
    pub(super) place: String,
    pub(super) common_name: String,
    /// Word of the style sheet and of the icons.
    pub(super) state: &'static str,
    pub(super) state_text: String,
    pub(super) until: String,
    pub(super) left: String,
    pub(super) seen: String,
    pub(super) result: String,
}

/// The way to the neighbouring pages, as query strings.
#[derive(Debug)]
pub(super) struct Pager {
    /// Where the list is.
    pub(super) path: &'static str,
    pub(super) position: String,
    /// The way back from a page past the end of the list.
    pub(super) first: Option<String>,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Pager {
    /// Which page it is, and of how many if that is known.
    pub(super) fn position(t: &Texts, page: u32, pages: Option<u64>) -> String {
        match pages {
            Some(pages) => t.with_two("pager-position", ("page", page.into()), ("pages", pages.into())),
            None => t.with("pager-position-open", "page", page),
        }
    }

    /// Of a page with no rows, though there are some on others: they were removed since, or the number was typed.
    pub(super) fn past_the_end(t: &Texts, path: &'static str, page: u32, first: String) -> Self {
        Self { path, position: Self::position(t, page, None), first: Some(first), previous: None, next: None }
    }
}

/// One certificate.
#[derive(Template)]
#[template(path = "site/certificate.html")]
pub(super) struct Certificate<'a> {
    pub(super) page: &'a Page,
    pub(super) state: &'static str,
    pub(super) state_text: String,
    pub(super) until: String,
    /// What was done a moment ago.
    pub(super) message: Option<Message>,
    pub(super) stop: Option<StopView>,
    /// What waits to be downloaded.
    pub(super) waiting: Option<String>,
    /// Where to go with it, as far as the administrator may.
    pub(super) buttons: Vec<Button>,
    /// SVG.
    pub(super) life: String,
    pub(super) legend: Vec<LegendEntry>,
    pub(super) facts: Vec<Fact>,
    pub(super) timeline: Vec<TimelineEntry>,
}

/// A way to another page.
#[derive(Debug)]
pub(super) struct Button {
    pub(super) path: String,
    /// The key of its text.
    pub(super) key: &'static str,
    /// Of the style sheet: empty for what people mostly come for.
    pub(super) class: &'static str,
}

/// A 使用停止 that is in force.
#[derive(Debug)]
pub(super) struct StopView {
    /// Since when, by whom, until when it can be undone.
    pub(super) text: String,
    /// Where to undo it, for whoever may and while it can be.
    pub(super) undo: Option<String>,
}

/// What a colour of the life bar means.
#[derive(Debug)]
pub(super) struct LegendEntry {
    /// Class of the style sheet.
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// A line of what the certificate says.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) key: &'static str,
    pub(super) text: String,
    /// Whether it is read letter by letter.
    pub(super) mono: bool,
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct TimelineEntry {
    /// RFC 3339.
    pub(super) instant: String,
    pub(super) when: String,
    pub(super) what: String,
    pub(super) detail: String,
    /// Whether it is a refusal or a failure.
    pub(super) wrong: bool,
}

/// Whether a 復旧コード is to be issued.
#[derive(Template)]
#[template(path = "site/recovery.html")]
pub(super) struct RecoveryPage<'a> {
    pub(super) page: &'a Page,
    pub(super) terminal: String,
    /// Why none can be issued.
    pub(super) refusal: Option<Message>,
    /// Whether one has just been taken back.
    pub(super) cancelled: bool,
    /// Until when the last one is good.
    pub(super) open: Option<String>,
    pub(super) action: String,
    pub(super) back: String,
}

/// A 復旧コード, shown once.
#[derive(Template)]
#[template(path = "site/recovery_code.html")]
pub(super) struct RecoveryCodePage<'a> {
    pub(super) page: &'a Page,
    pub(super) terminal: String,
    pub(super) groups: Vec<&'a str>,
    pub(super) until: String,
    /// SVG.
    pub(super) qr: String,
    pub(super) by_command: String,
    /// For a terminal without a certificate.
    pub(super) first_command: String,
    pub(super) back: String,
}
