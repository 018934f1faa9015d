//! Kinds of certificates by their common name.
//!
//! `client…` and `db…` renew; `api…` and `backup…` are legacy kinds whose holders
//! fetch a `client…` certificate instead. A name that no pattern matches is not
//! renewable: a new kind must be allowed, never forgotten.

use serde::{Deserialize, Serialize};

/// What one pattern says about the common names it matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindRule {
    /// A common name with `*` for any run of characters, also none. Case counts.
    pub pattern: String,
    /// Whether such certificates may be renewed.
    pub renewable: bool,
}

/// An ordered list of patterns: the first that matches decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KindRules(Vec<KindRule>);

/// The kind of one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pattern allows renewal.
    Renewable,
    /// A pattern names this kind and forbids renewal (`api…`, `backup…`).
    NotRenewable,
    /// No pattern matches, so it is not renewable either.
    Unknown,
}

/// A list of patterns that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// An empty pattern matches no common name.
    #[error("kind pattern {index} is empty: write a common name such as \"client*\"")]
    Empty {
        /// Position in the list, from 1.
        index: usize,
    },
    /// `*` alone would make unknown kinds renewable by accident.
    #[error("kind pattern {index} is \"*\", which matches every common name: name the kinds")]
    MatchesAll {
        /// Position in the list, from 1.
        index: usize,
    },
}

impl KindRules {
    /// Checks and keeps `rules` in their order.
    ///
    /// # Errors
    /// An empty pattern, or one that matches everything.
    pub fn new(rules: Vec<KindRule>) -> Result<Self, PatternError> {
        for (position, rule) in rules.iter().enumerate() {
            let index = position + 1;
            if rule.pattern.is_empty() {
                return Err(PatternError::Empty { index });
            }
            if rule.pattern.chars().all(|c| c == '*') {
                return Err(PatternError::MatchesAll { index });
            }
        }
        Ok(Self(rules))
    }

    /// The patterns in their order.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|rule| rule.pattern.as_str())
    }

    /// The kind of the certificate with this common name.
    pub fn kind_of(&self, common_name: &str) -> Kind {
        match self.0.iter().find(|rule| matches(&rule.pattern, common_name)) {
            Some(KindRule { renewable: true, .. }) => Kind::Renewable,
            Some(_) => Kind::NotRenewable,
            None => Kind::Unknown,
        }
    }
}

impl Default for KindRules {
    /// `client*` and `db*` renew, `api*` and `backup*` do not.
    fn default() -> Self {
        let rule = |pattern: &str, renewable| KindRule { pattern: pattern.to_owned(), renewable };
        Self(vec![rule("client*", true), rule("db*", true), rule("api*", false), rule("backup*", false)])
    }
}

/// Glob with `*` only, over bytes: linear apart from the last star's retries.
fn matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}
