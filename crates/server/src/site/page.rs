//! What every page has: words, title, menu, who is signed in.

use super::{assets, headers, texts::Texts};
use crate::store::TenantKind;
use askama::Template;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LANGUAGE, CONTENT_TYPE, LOCATION, VARY},
};

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The words.
    pub(crate) t: &'static Texts,
    /// The page's heading.
    pub(crate) title: String,
    /// Its path, for the menu and the other language.
    pub(crate) path: String,
    /// Who sees it, once signed in.
    pub(crate) signed_in: Option<SignedIn>,
    /// The proof that its forms carry.
    pub(crate) form_token: String,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// The administrator's name.
    pub(crate) name: String,
    /// The clinic, vendor or operator.
    pub(crate) organisation: String,
    /// The role: `clinic`, `vendor` or `operator`.
    pub(crate) role: &'static str,
}

/// An entry of the menu.
#[derive(Debug)]
pub(crate) struct MenuEntry {
    /// Where it leads.
    pub(crate) path: &'static str,
    /// The key of its text.
    pub(crate) key: &'static str,
    /// Whether this page belongs to it.
    pub(crate) here: bool,
}

/// What the menu has for operators only.
const FOR_OPERATORS: [(&str, &str); 5] = [
    ("/tenants", "nav-tenants"),
    ("/search", "nav-search"),
    ("/services", "nav-services"),
    ("/authority", "nav-authority"),
    ("/revocations", "nav-revocations"),
];

impl Page {
    /// The same page with the title of this key.
    #[must_use]
    pub(crate) fn titled(mut self, key: &str) -> Self {
        self.title = self.t.say(key);
        self
    }

    /// The role of who is signed in, in words.
    pub(crate) fn role(&self) -> String {
        self.signed_in.as_ref().map(|who| self.t.say(&format!("role-{}", who.role))).unwrap_or_default()
    }

    /// The role of who is signed in; empty before that.
    pub(crate) fn role_word(&self) -> &'static str {
        self.signed_in.as_ref().map(|who| who.role).unwrap_or_default()
    }

    /// Whether this is one's own account: the way there is beside the name.
    pub(crate) fn is_account(&self) -> bool {
        self.path.starts_with("/account")
    }

    /// The pages that can be reached from everywhere.
    pub(crate) fn menu(&self) -> Vec<MenuEntry> {
        let entry = |path, key| MenuEntry { path, key, here: self.path.starts_with(path) };
        let mut entries = vec![
            entry("/overview", "nav-overview"),
            entry("/certificates", "nav-certificates"),
            entry("/notices", "nav-notices"),
            entry("/administrators", "nav-administrators"),
            entry("/consents", "nav-consents"),
            entry("/history", "nav-history"),
            entry("/tokens", "nav-tokens"),
        ];
        if self.signed_in.as_ref().is_some_and(|who| who.role == TenantKind::Operator.as_str()) {
            entries.extend(FOR_OPERATORS.map(|(path, key)| entry(path, key)));
        }
        entries
    }

    /// Where the style sheet is.
    pub(crate) fn style(&self) -> String {
        assets::style_path()
    }

    /// Where the script is that copies what is shown once.
    pub(crate) fn copy_script(&self) -> String {
        assets::copy_script()
    }

    /// The other language's tag.
    pub(crate) fn other_language(&self) -> &'static str {
        if self.t.tag() == "ja" { "en" } else { "ja" }
    }
}

/// A page as an answer. A template that fails is a defect, and answered as one.
pub(super) fn html(page: &Page, status: StatusCode, template: &impl Template) -> Response {
    let text = match template.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, title = page.title, "a page could not be drawn");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, Body::from(text)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(page.t.tag()));
    headers.insert(VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    response
}

/// A page that has one of our scripts.
pub(super) fn html_with_script(page: &Page, status: StatusCode, template: &impl Template) -> Response {
    let mut response = html(page, status, template);
    headers::allow_script(response.headers_mut());
    response
}

/// `303 See Other` to a page of ours: the browser gets it, and going back sends nothing twice.
pub(super) fn see_other(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => (StatusCode::SEE_OTHER, [(LOCATION, HeaderValue::from_static("/"))]).into_response(),
    }
}
