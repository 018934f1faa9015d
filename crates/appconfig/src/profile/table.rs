//! Tables of a TOML file whose errors name line and key.

use crate::{ConfigError, text};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One table, with its name for error messages. An empty text is never a value: it would be a mistake.
pub(super) struct Table<'a> {
    text: &'a str,
    name: String,
    start: usize,
    table: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn root(text: &'a str, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self { text, name: String::new(), start: table.span().start, table: table.get_ref() }
    }

    /// A misspelt key would be ignored in silence, so unknown ones are errors.
    pub(super) fn allow(&self, known: &[&str]) -> Result<(), ConfigError> {
        match self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            None => Ok(()),
            Some(key) => {
                let reason = format!("is not a known key here; known are {}", known.join(", "));
                Err(self.error(key.span().start, key.get_ref(), &reason))
            }
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn string(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        self.text_of(key, value).map(Some)
    }

    pub(super) fn strings(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.error(value.span().start, key, "is not a list of texts: [\"…\", \"…\"]"));
        };
        items.iter().map(|item| self.text_of(key, item)).collect()
    }

    pub(super) fn whole_number(&self, key: &str) -> Result<Option<u64>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        number
            .map(Some)
            .ok_or_else(|| self.error(value.span().start, key, "is not a whole number of zero or more"))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.string(key)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found
            .map(Some)
            .ok_or_else(|| self.error_at(key, &format!("is none of the known words: {}", known.join(", "))))
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Table<'a>>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        match value.get_ref().as_table() {
            Some(table) => Ok(Some(self.child(key.to_owned(), value.span().start, table))),
            None => Err(self.error(value.span().start, key, &format!("is not a table: write [{key}]"))),
        }
    }

    pub(super) fn tables(&self, key: &str) -> Result<Vec<Table<'a>>, ConfigError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let wrong =
            |start| self.error(start, key, &format!("is not a list of tables: write [[{key}]] for each"));
        let items = value.get_ref().as_array().ok_or_else(|| wrong(value.span().start))?;
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let table = item.get_ref().as_table().ok_or_else(|| wrong(item.span().start))?;
                Ok(self.child(format!("{key}[{index}]"), item.span().start, table))
            })
            .collect()
    }

    /// An error about a key; about the table's beginning where the key is missing.
    pub(super) fn error_at(&self, key: &str, reason: &str) -> ConfigError {
        let start = self.table.get(key).map_or(self.start, |value| value.span().start);
        self.error(start, key, reason)
    }

    fn child(&self, key: String, start: usize, table: &'a DeTable<'a>) -> Table<'a> {
        Table { text: self.text, name: self.full(&key), start, table }
    }

    fn text_of(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, ConfigError> {
        match value.get_ref().as_str() {
            Some("") => Err(self.error(value.span().start, key, "is empty")),
            Some(text) => Ok(text.to_owned()),
            None => Err(self.error(value.span().start, key, "is not a text in quotes")),
        }
    }

    fn error(&self, offset: usize, key: &str, reason: &str) -> ConfigError {
        ConfigError::value(text::line_at(self.text.as_bytes(), offset), self.full(key), reason)
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}
