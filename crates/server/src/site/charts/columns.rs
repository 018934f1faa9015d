//! Columns: how many, week by week.

use super::escaped;
use std::fmt::Write;

/// Pixels from one column to the next: room for a date of 14 px.
const STEP: u64 = 48;
const COLUMN: u64 = 32;
const HEIGHT: u64 = 140;
/// For the number above the highest column.
const ABOVE: u64 = 24;
/// For the dates.
const BELOW: u64 = 26;

/// How a column is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something has to be done now.
    Urgent,
    /// Something has to be done.
    Due,
    /// Nothing has to be done.
    Calm,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What stands below it: 「3/30」.
    pub(crate) label: String,
    /// How many.
    pub(crate) count: u64,
    /// How it is to be read.
    pub(crate) tone: Tone,
}

/// Columns in their natural size; `title` says what they are to those who do not see them.
pub(crate) fn columns(columns: &[Column], title: &str) -> String {
    let width = STEP * columns.len() as u64;
    let height = ABOVE + HEIGHT + BELOW;
    let most = columns.iter().map(|column| column.count).max().unwrap_or(0).max(1);
    let title = escaped(title);
    let mut svg = format!(
        "<svg class=\"columns\" role=\"img\" aria-label=\"{title}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">"
    );
    for (index, column) in columns.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = write!(svg, "{}", drawn(column, STEP * index as u64, most));
    }
    let ground = ABOVE + HEIGHT;
    let _ = write!(svg, "<path class=\"axis\" d=\"M0 {ground}h{width}\"/></svg>");
    svg
}

fn drawn(column: &Column, left: u64, most: u64) -> String {
    let (middle, ground) = (left + STEP / 2, ABOVE + HEIGHT);
    let label = format!(
        "<text class=\"tick\" x=\"{middle}\" y=\"{}\">{}</text>",
        ground + 20,
        escaped(&column.label)
    );
    if column.count == 0 {
        return label;
    }
    let tall = (u128::from(column.count) * u128::from(HEIGHT) / u128::from(most)).max(3);
    let top = ground - u64::try_from(tall).unwrap_or(HEIGHT);
    let class = match column.tone {
        Tone::Urgent => "column urgent",
        Tone::Due => "column due",
        Tone::Calm => "column calm",
    };
    format!(
        "<rect class=\"{class}\" x=\"{}\" y=\"{top}\" width=\"{COLUMN}\" height=\"{}\"/>\
         <text class=\"count\" x=\"{middle}\" y=\"{}\">{}</text>{label}",
        left + (STEP - COLUMN) / 2,
        ground - top,
        top - 6,
        column.count,
    )
}
