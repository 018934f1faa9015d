//! Pictures drawn by the server: pure functions from numbers to SVG.
//!
//! Every colour comes from the style sheet by class, so that no inline style is needed, and
//! every picture has the numbers beside or below it in a table: nothing is said by colour or
//! length alone.

mod bar;
mod columns;
mod life;

pub(crate) use bar::bar;
pub(crate) use columns::{Column, Tone, columns};
pub(crate) use life::{Life, LifeKind, life};

/// Text for SVG and HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
