//! What the pages of 通知設定 show, as their templates read it.

use super::{page::Page, views::Message};
use askama::Template;

/// 通知設定.
#[derive(Template)]
#[template(path = "site/notices.html")]
pub(super) struct NoticesView<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    /// The organisation's id, for forms.
    pub(super) tenant: &'a str,
    /// Its name, where it is not the administrator's own.
    pub(super) foreign: Option<&'a str>,
    /// Whether another organisation can be asked for.
    pub(super) operator: bool,
    /// A secret that is shown this once.
    pub(super) once: Option<Once>,
    pub(super) channels: Vec<ChannelView>,
    pub(super) mail: MailView,
    pub(super) bounced: Vec<BouncedView>,
    pub(super) webhook: WebhookView,
    pub(super) feed_open: bool,
    pub(super) tests: Vec<TestView>,
    /// Whether a test has no result yet.
    pub(super) test_runs: bool,
    pub(super) days: Vec<DayView>,
    /// What is told at once.
    pub(super) events: Vec<String>,
    pub(super) deliveries: Vec<DeliveryView>,
}

/// Something that is shown once.
pub(super) struct Once {
    /// Key of what it is.
    pub(super) label: &'static str,
    /// Key of what to do with it.
    pub(super) hint: &'static str,
    pub(super) value: String,
}

/// A way to be told, and whether it is open.
pub(super) struct ChannelView {
    pub(super) label: String,
    pub(super) open: bool,
    pub(super) text: String,
}

/// The form of the mail recipients.
#[derive(Default)]
pub(super) struct MailView {
    /// Whether this server can mail at all.
    pub(super) possible: bool,
    pub(super) mail: bool,
    pub(super) administrators: bool,
    pub(super) own: Vec<String>,
    pub(super) english: bool,
    /// One a line.
    pub(super) added: String,
    pub(super) unattended: bool,
    /// What is wrong with the added ones.
    pub(super) wrong: Option<String>,
    /// Who can be sent a test.
    pub(super) testable: Vec<String>,
}

/// The form of the webhook.
#[derive(Default)]
pub(super) struct WebhookView {
    pub(super) set: bool,
    pub(super) url: String,
    pub(super) wrong: Option<String>,
}

/// An address that mail came back from.
pub(super) struct BouncedView {
    pub(super) address: String,
    pub(super) when: String,
    pub(super) reason: String,
}

/// A test and its result.
pub(super) struct TestView {
    pub(super) when: String,
    pub(super) recipient: String,
    /// Icon and class of the state.
    pub(super) icon: &'static str,
    pub(super) state: String,
    pub(super) answer: String,
}

/// A day on which notices go out.
pub(super) struct DayView {
    pub(super) label: String,
    /// Clinic, vendor, operator.
    pub(super) told: [bool; 3],
}

/// A delivery and what became of it.
pub(super) struct DeliveryView {
    pub(super) when: String,
    pub(super) terminal: String,
    pub(super) notice: String,
    pub(super) recipient: String,
    /// Icon and class of the state.
    pub(super) icon: &'static str,
    pub(super) state: String,
    pub(super) reason: String,
}

/// What happens, before it does.
#[derive(Template)]
#[template(path = "site/notice_confirm.html")]
pub(super) struct NoticeConfirm<'a> {
    pub(super) page: &'a Page,
    pub(super) tenant: &'a str,
    pub(super) lead: String,
    /// Where the form goes.
    pub(super) action: &'static str,
    /// The button's verb.
    pub(super) button: String,
}
