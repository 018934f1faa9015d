//! The words of the site, Japanese and English (Fluent).

use crate::api::Language;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use std::{fmt, sync::LazyLock};
use unic_langid::LanguageIdentifier;

static JAPANESE: LazyLock<Texts> = LazyLock::new(|| Texts::load(Language::Japanese));
static ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::load(Language::English));

/// Every word in one language.
pub(crate) struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Texts({})", self.tag())
    }
}

impl Texts {
    /// The words of a language.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::Japanese => &JAPANESE,
            Language::English => &ENGLISH,
        }
    }

    fn load(language: Language) -> Self {
        let (tag, source) = source(language);
        let tag: LanguageIdentifier = tag.parse().expect("ja and en are language tags");
        let resource = FluentResource::try_new(source.to_owned()).expect("the test of the words parses them");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Isolation marks would be copied with the words, and no text of ours is bidirectional.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).expect("no key is there twice, see the test of the words");
        Self { language, bundle }
    }

    /// The language.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Its tag, for `lang` and `Content-Language`.
    pub(crate) fn tag(&self) -> &'static str {
        source(self.language).0
    }

    /// The text of `key`.
    pub(crate) fn say(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The text of `key` with one thing put in.
    pub(crate) fn with<'a>(&self, key: &str, name: &'a str, value: impl Into<FluentValue<'a>>) -> String {
        let mut arguments = FluentArgs::with_capacity(1);
        arguments.set(name, value);
        self.format(key, Some(&arguments))
    }

    /// The text of `key` with two things put in.
    pub(crate) fn with_two<'a>(
        &self,
        key: &str,
        (name, value): (&'a str, FluentValue<'a>),
        (other_name, other_value): (&'a str, FluentValue<'a>),
    ) -> String {
        let mut arguments = FluentArgs::with_capacity(2);
        arguments.set(name, value);
        arguments.set(other_name, other_value);
        self.format(key, Some(&arguments))
    }

    /// Whether there is a text of `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.bundle.get_message(key).is_some_and(|message| message.value().is_some())
    }

    fn format(&self, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, language = self.tag(), "a text is missing");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, arguments, &mut errors);
        if !errors.is_empty() {
            tracing::error!(key, language = self.tag(), ?errors, "a text lacks what it is about");
        }
        text.into_owned()
    }
}

/// The words of a language, an area a file; together they are one bundle.
macro_rules! words {
    ($language:literal) => {
        concat!(
            include_str!(concat!("texts/", $language, "/frame.ftl")),
            include_str!(concat!("texts/", $language, "/certificates.ftl")),
            include_str!(concat!("texts/", $language, "/issuing.ftl")),
            include_str!(concat!("texts/", $language, "/accounts.ftl")),
            include_str!(concat!("texts/", $language, "/recovery.ftl")),
            include_str!(concat!("texts/", $language, "/operators.ftl")),
            include_str!(concat!("texts/", $language, "/notices.ftl")),
            include_str!(concat!("texts/", $language, "/api.ftl")),
        )
    };
}

fn source(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Japanese => ("ja", words!("ja")),
        Language::English => ("en", words!("en")),
    }
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
