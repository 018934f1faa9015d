//! One face for every format: keys with texts, that can be read, replaced and compared.

use super::ProfileFormat;
use crate::ConfigError;
use crate::documents::{
    json::{self, Json},
    lines::{Dialect, Lines},
    properties::Properties,
    yaml,
    yaml_tree::YamlTree,
};
use crate::splice::{Leaf, Splice};

/// A file read in its format.
pub(super) enum Document<'a> {
    Properties(Properties<'a>),
    Json(Json<'a>),
    Yaml(YamlTree<'a>),
    Lines(Lines<'a>),
}

impl<'a> Document<'a> {
    pub(super) fn parse(format: ProfileFormat, bytes: &'a [u8]) -> Result<Self, ConfigError> {
        Ok(match format {
            ProfileFormat::Properties => Self::Properties(Properties::parse(bytes)?),
            ProfileFormat::Json => Self::Json(Json::parse(bytes)?),
            ProfileFormat::Yaml => Self::Yaml(YamlTree::parse(bytes)?),
            ProfileFormat::Ini => Self::Lines(Lines::parse(bytes, Dialect::Ini)),
            ProfileFormat::Curlrc => Self::Lines(Lines::parse(bytes, Dialect::Curlrc)),
            ProfileFormat::Env => Self::Lines(Lines::parse(bytes, Dialect::Env)),
        })
    }

    /// The sections of lines, or the children of the collection at `pointer`: name and what stands before a key.
    pub(super) fn scopes(&self, pointer: &str) -> Vec<(String, String)> {
        match self {
            Self::Properties(_) => Vec::new(),
            Self::Json(json) => json.children(pointer),
            Self::Yaml(yaml) => yaml.children(pointer),
            Self::Lines(lines) => {
                let scope = |name: &String| (name.clone(), Lines::key(Some(name), ""));
                lines.sections().iter().map(scope).collect()
            }
        }
    }

    /// The text of a key; `None` when it is missing, null or empty.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let text = match self {
            Self::Properties(properties) => properties.get(key),
            Self::Json(json) => json.text_at(key)?,
            Self::Yaml(yaml) => yaml.text(key)?,
            Self::Lines(lines) => lines.text(key)?,
        };
        Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// What to change in the file so that `key`, which must be there, has `value`.
    pub(super) fn set(&self, key: &str, value: &str) -> Result<Splice, ConfigError> {
        match self {
            Self::Properties(properties) => Ok(properties.set(key, value)),
            Self::Json(json) => json.replace(key, value),
            Self::Yaml(yaml) => yaml.set(key, value),
            Self::Lines(lines) => lines.set(key, value),
        }
    }

    /// How `key` with `value` appears among the [`Self::leaves`].
    pub(super) fn leaf(&self, key: &str, value: &str) -> Leaf {
        let value = match self {
            Self::Properties(_) | Self::Lines(_) => value.to_owned(),
            Self::Json(_) => json::text_leaf(value),
            Self::Yaml(_) => yaml::text_leaf(value),
        };
        Leaf { key: key.to_owned(), value }
    }

    /// Every key with its value, for the comparison after an edit.
    pub(super) fn leaves(&self) -> Vec<Leaf> {
        match self {
            Self::Properties(properties) => properties.leaves(),
            Self::Json(json) => json.leaves(),
            Self::Yaml(yaml) => yaml.leaves(),
            Self::Lines(lines) => lines.leaves(),
        }
    }
}
