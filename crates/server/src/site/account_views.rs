//! What the pages about accounts, consents and the trail show, as their templates read it.

use super::{
    page::Page,
    views::{Choice, Fact, Message, Pager},
};
use askama::Template;

/// 管理者
#[derive(Template)]
#[template(path = "site/administrators.html")]
pub(super) struct Administrators<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    /// Whether other organisations can be chosen.
    pub(super) chooses: bool,
    pub(super) tenant: &'a str,
    pub(super) lead: String,
    pub(super) rows: Vec<AdministratorLine>,
    pub(super) mail: &'a str,
    /// What is wrong with the address.
    pub(super) wrong: Option<String>,
    pub(super) invitations: Vec<InvitationLine>,
}

/// An account.
#[derive(Debug)]
pub(super) struct AdministratorLine {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) mail: String,
    pub(super) seen: String,
    pub(super) factors: String,
    pub(super) active: bool,
    /// Word of the style sheet and of the icons.
    pub(super) state: &'static str,
    pub(super) state_text: String,
    /// Whether it is the reader's own.
    pub(super) oneself: bool,
}

/// An invitation or reset link that nobody has used.
#[derive(Debug)]
pub(super) struct InvitationLine {
    pub(super) hash: String,
    pub(super) mail: String,
    pub(super) purpose: String,
    pub(super) since: String,
    pub(super) until: String,
}

/// A link that is shown once.
#[derive(Template)]
#[template(path = "site/link.html")]
pub(super) struct LinkPage<'a> {
    pub(super) page: &'a Page,
    pub(super) lead: String,
    pub(super) link: &'a str,
    pub(super) back: String,
}

/// A question before something that is not undone easily.
#[derive(Template)]
#[template(path = "site/confirm.html")]
pub(super) struct Confirm<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) lead: Vec<String>,
    pub(super) points: Vec<String>,
    pub(super) action: String,
    /// Fields that are sent along: names and values.
    pub(super) hidden: Vec<(&'static str, String)>,
    /// Whether the present password is asked for.
    pub(super) password: bool,
    pub(super) button: String,
    pub(super) dangerous: bool,
    pub(super) back: String,
}

/// One's own account.
#[derive(Template)]
#[template(path = "site/account.html")]
pub(super) struct Account<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) facts: Vec<Fact>,
    pub(super) passkeys: Vec<PasskeyLine>,
    /// Which form has something wrong in it, and what.
    pub(super) wrong: Option<Wrong>,
    pub(super) passkey_name: &'a str,
}

impl Account<'_> {
    /// What is wrong with the form of this name.
    fn wrong_in(&self, form: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|wrong| wrong.form == form).map(|wrong| wrong.text.as_str())
    }
}

/// What is wrong with which form.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) form: &'static str,
    pub(super) text: String,
}

/// A passkey.
#[derive(Debug)]
pub(super) struct PasskeyLine {
    pub(super) id: i64,
    pub(super) name: String,
    /// What is in its field: the name, or what was refused.
    pub(super) typed: String,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<String>,
    pub(super) since: String,
    pub(super) used: String,
}

/// What the browser asks an authenticator.
#[derive(Template)]
#[template(path = "site/passkey.html")]
pub(super) struct PasskeyPage<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) lead: String,
    /// `create` or `get`.
    pub(super) mode: &'static str,
    /// What the script hands to the browser, JSON.
    pub(super) options: &'a str,
    pub(super) script: String,
    pub(super) action: &'static str,
    pub(super) name: &'a str,
    pub(super) button: String,
    pub(super) back: &'static str,
    pub(super) back_text: String,
}

/// 保守会社への許可
#[derive(Template)]
#[template(path = "site/consents.html")]
pub(super) struct Consents<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) lead: String,
    pub(super) none: String,
    /// Whether these have ended.
    pub(super) ended: bool,
    pub(super) rows: Vec<ConsentLine>,
    pub(super) pager: Option<Pager>,
    /// Vendors that can be let in: id and name. None for those who cannot let anybody in.
    pub(super) vendors: Option<Vec<(String, String)>>,
    pub(super) wrong: Option<String>,
}

/// A consent.
#[derive(Debug)]
pub(super) struct ConsentLine {
    pub(super) clinic: String,
    pub(super) clinic_name: String,
    pub(super) vendor: String,
    pub(super) vendor_name: String,
    pub(super) since: String,
    pub(super) until: String,
}

/// 操作履歴
#[derive(Template)]
#[template(path = "site/history.html")]
pub(super) struct History<'a> {
    pub(super) page: &'a Page,
    pub(super) chain: Message,
    /// Whether other organisations can be chosen.
    pub(super) chooses: bool,
    pub(super) tenant: &'a str,
    pub(super) kinds: Vec<Choice>,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    /// What is wrong with a date.
    pub(super) wrong: Option<String>,
    /// The same part of the trail as a query string.
    pub(super) query: String,
    pub(super) rows: Vec<HistoryLine>,
    /// The query string of the events before these.
    pub(super) older: Option<String>,
    /// The query string of the newest events, if these are not they.
    pub(super) newest: Option<String>,
}

/// An event.
#[derive(Debug)]
pub(super) struct HistoryLine {
    pub(super) position: String,
    /// RFC 3339.
    pub(super) instant: String,
    pub(super) when: String,
    pub(super) what: String,
    pub(super) detail: String,
    pub(super) tenant: String,
    pub(super) terminal: String,
    pub(super) serial: Option<String>,
    pub(super) who: String,
}
