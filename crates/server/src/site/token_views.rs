//! What the pages of tokens show, as their templates read it.

use super::{page::Page, views::Choice};
use askama::Template;

/// The tokens of the administration API, and the form for another.
#[derive(Template)]
#[template(path = "site/tokens.html")]
pub(super) struct TokensPage<'a> {
    pub(super) page: &'a Page,
    /// Whether one was revoked just now.
    pub(super) revoked: bool,
    /// The key of what is wrong with the form.
    pub(super) wrong: Option<&'static str>,
    pub(super) rows: Vec<TokenRow>,
    pub(super) name: &'a str,
    pub(super) scopes: Vec<Choice>,
    /// Days to choose from.
    pub(super) lives: &'static [u32],
    pub(super) life: u32,
}

impl TokensPage<'_> {
    fn is_wrong(&self, key: &str) -> bool {
        self.wrong == Some(key)
    }
}

/// A token in the list.
pub(super) struct TokenRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) beginning: String,
    /// As an icon.
    pub(super) state: &'static str,
    pub(super) state_text: String,
    /// Whether it can be revoked.
    pub(super) live: bool,
    pub(super) scopes: Vec<String>,
    pub(super) until: String,
    pub(super) used: String,
    pub(super) maker: String,
}

/// A new token, shown once.
#[derive(Template)]
#[template(path = "site/token_made.html")]
pub(super) struct MadeTokenPage<'a> {
    pub(super) page: &'a Page,
    pub(super) label: String,
    pub(super) secret: &'a str,
}

/// Whether to revoke a token.
#[derive(Template)]
#[template(path = "site/token_revoke.html")]
pub(super) struct RevokeTokenPage<'a> {
    pub(super) page: &'a Page,
    pub(super) lead: String,
    pub(super) id: i64,
}
