//! Fields of forms: each with its label, its hint and what is wrong with it beside it.

use super::super::super::texts::Texts;
use askama::Template;

/// A field, drawn by its template.
#[derive(Debug, Template)]
#[template(path = "site/operators/field.html")]
pub(super) struct Field {
    /// Unique on the page; errors and hints are tied to it.
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) wrong: Option<String>,
    /// 必須, if it is.
    pub(super) required: Option<String>,
    pub(super) value: String,
    pub(super) input: Input,
}

/// How a field is filled in.
#[derive(Debug)]
pub(super) enum Input {
    /// A line of so many characters at most.
    Line(u16),
    /// A number.
    Number,
    /// A mail address.
    Mail,
    /// Several lines.
    Lines,
    /// A day and a time.
    Moment,
    /// One of these.
    One(Vec<Alternative>),
}

/// An entry to choose.
#[derive(Debug)]
pub(super) struct Alternative {
    pub(super) word: String,
    pub(super) label: String,
}

impl Field {
    /// A field that may stay empty, under the text `key` and with that text's `-hint`, if
    /// there is one.
    pub(super) fn new(t: &Texts, name: &'static str, key: &str, value: &str, input: Input) -> Self {
        let hint = format!("{key}-hint");
        Self {
            id: name,
            name,
            label: t.say(key),
            hint: t.has(&hint).then(|| t.say(&hint)),
            wrong: None,
            required: None,
            value: value.to_owned(),
            input,
        }
    }

    /// The same field, which must be filled in.
    #[must_use]
    pub(super) fn required(self, t: &Texts) -> Self {
        Self { required: Some(t.say("required")), ..self }
    }

    /// The same field with what is wrong, if it is this one.
    #[must_use]
    pub(super) fn judged(self, t: &Texts, wrong: Option<(&str, &str)>) -> Self {
        let wrong = wrong.filter(|(name, _)| *name == self.name).map(|(_, key)| t.say(key));
        Self { wrong, ..self }
    }

    /// The ids of what describes the field.
    fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let wrong = self.wrong.as_ref().map(|_| format!("{}-wrong", self.id));
        let ids: Vec<String> = hint.into_iter().chain(wrong).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}
