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
    /// Where to prepare it once more.
    pub(super) again: String,
    pub(super) back: String,
}

/// A certificate and its password.
pub(super) struct PasswordRow<'a> {
    pub(super) name: String,
    /// For those who see several.
    pub(super) tenant: Option<String>,
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
    /// Where to prepare it once more.
    pub(super) again: String,
    /// What the way there is called.
    pub(super) again_text: String,
    pub(super) back: String,
}
