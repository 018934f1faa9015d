//! What the pages of 証明書更新, 新規発行, 端末名 and 使用停止 show.

use super::{
    page::Page,
    views::{Fact, Message},
};
use askama::Template;

/// 証明書更新: the question before it.
#[derive(Template)]
#[template(path = "site/renew.html")]
pub(super) struct RenewPage<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) question: String,
    pub(super) facts: Vec<Fact>,
    /// What was prepared before and would give way.
    pub(super) waiting: Option<String>,
    /// Whether the answer can be yes.
    pub(super) possible: bool,
    pub(super) action: String,
    pub(super) back: String,
}

/// What was prepared, with the passwords that are shown once.
#[derive(Template)]
#[template(path = "site/prepared.html")]
pub(super) struct PreparedPage<'a> {
    pub(super) page: &'a Page,
    pub(super) lead: String,
    /// Where the zip is.
    pub(super) download: String,
    pub(super) until: String,
    pub(super) passwords: Vec<PasswordRow<'a>>,
    /// For which connections the one certificate is; of several, the guides say it.
    pub(super) hosts: Option<String>,
    /// Whether the guides say it.
    pub(super) hosts_in_guides: bool,
    /// Terminals that were left out, each with its reason.
    pub(super) left_out: Vec<Choosable>,
    /// Where to prepare it once more; several are chosen anew.
    pub(super) again: Option<String>,
    pub(super) back: String,
    /// What the way back is called.
    pub(super) back_text: String,
}

impl PreparedPage<'_> {
    /// Whether each row says whose it is.
    fn several(&self) -> bool {
        self.passwords.iter().any(|row| row.tenant.is_some())
    }
}

/// A certificate and its password.
pub(super) struct PasswordRow<'a> {
    pub(super) name: &'a str,
    /// For those who see several.
    pub(super) tenant: Option<&'a str>,
    pub(super) common_name: &'a str,
    pub(super) until: String,
    pub(super) password: &'a str,
}

/// A zip that is not there, or waits.
#[derive(Template)]
#[template(path = "site/bundle.html")]
pub(super) struct BundlePage<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Message,
    /// Where to prepare it once more; several are chosen anew.
    pub(super) again: Option<String>,
    pub(super) back: String,
    /// What the way back is called.
    pub(super) back_text: String,
}

/// 一括更新: which, and which not.
#[derive(Template)]
#[template(path = "site/selection.html")]
pub(super) struct SelectionPage<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    pub(super) lead: String,
    pub(super) chosen: Vec<Choosable>,
    pub(super) left_out: Vec<Choosable>,
}

/// A terminal in a list of those to be renewed, or not.
pub(super) struct Choosable {
    pub(super) terminal_id: i64,
    pub(super) name: String,
    /// For those who see several.
    pub(super) tenant: Option<String>,
    pub(super) common_name: String,
    pub(super) until: String,
    /// Why it is left out, or what gives way; may be empty.
    pub(super) remark: String,
}

/// 新規発行
#[derive(Template)]
#[template(path = "site/first.html")]
pub(super) struct FirstPage<'a> {
    pub(super) page: &'a Page,
    pub(super) message: Option<Message>,
    /// Whose terminal can be chosen; empty for whoever has one organisation only.
    pub(super) tenants: Vec<TenantChoice>,
    /// Whether the organisation is typed, not chosen.
    pub(super) types_tenant: bool,
    pub(super) tenant: &'a str,
    pub(super) common_name: &'a str,
    pub(super) label: &'a str,
    pub(super) place: &'a str,
    pub(super) wrong: Option<Wrong>,
    pub(super) kinds: String,
}

/// An organisation to choose.
pub(super) struct TenantChoice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// What is wrong with a field.
pub(super) struct Wrong {
    /// The field's name.
    pub(super) field: &'static str,
    pub(super) text: String,
    /// Where to go instead, with its text.
    pub(super) link: Option<(String, String)>,
}

/// The sentence at `field`, if that is the wrong one.
fn wrong_at<'a>(wrong: &'a Option<Wrong>, field: &str) -> Option<&'a Wrong> {
    wrong.as_ref().filter(|wrong| wrong.field == field)
}

impl FirstPage<'_> {
    fn wrong_at(&self, field: &str) -> Option<&Wrong> {
        wrong_at(&self.wrong, field)
    }
}

/// 端末名 and 設置場所
#[derive(Template)]
#[template(path = "site/name.html")]
pub(super) struct NamePage<'a> {
    pub(super) page: &'a Page,
    pub(super) common_name: String,
    pub(super) label: &'a str,
    pub(super) place: &'a str,
    pub(super) wrong: Option<Wrong>,
    pub(super) action: String,
    pub(super) back: String,
}

impl NamePage<'_> {
    fn wrong_at(&self, field: &str) -> Option<&Wrong> {
        wrong_at(&self.wrong, field)
    }
}

/// 使用停止: the question before it.
#[derive(Template)]
#[template(path = "site/stop.html")]
pub(super) struct StopPage<'a> {
    pub(super) page: &'a Page,
    pub(super) question: String,
    pub(super) facts: Vec<Fact>,
    /// Whether this administrator can undo it.
    pub(super) may_undo: bool,
    /// Whether it is the terminal in front of which the administrator sits.
    pub(super) own: bool,
    pub(super) action: String,
    pub(super) back: String,
}
