//! Syntaxes, each read into values with the byte range they were written in, so that a value can be replaced.

pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod lines_text;
pub(crate) mod pointer;
pub(crate) mod properties;
pub(crate) mod properties_text;
pub(crate) mod yaml;
pub(crate) mod yaml_text;
pub(crate) mod yaml_tree;
