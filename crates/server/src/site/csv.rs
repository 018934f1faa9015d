//! Tables for spreadsheets (RFC 4180), in which nothing turns into a formula.

use super::dates;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{
    HeaderValue,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use hyper::body::Frame;
use jiff::Timestamp;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// The mark by which spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A table: rows of cells, the header first.
pub(crate) fn table<R, C>(rows: R) -> String
where
    R: IntoIterator<Item = C>,
    C: IntoIterator<Item = String>,
{
    format!("{BYTE_ORDER_MARK}{}", lines(rows))
}

/// More rows of a table.
pub(crate) fn lines<R, C>(rows: R) -> String
where
    R: IntoIterator<Item = C>,
    C: IntoIterator<Item = String>,
{
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(|cell| quoted(&cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A table as an answer: the file `stem-20261122.csv`.
pub(crate) fn answer(stem: &str, now: Timestamp, table: impl IntoResponse) -> Response {
    let name = format!("attachment; filename=\"{stem}-{}.csv\"", dates::day(now).replace('/', ""));
    let mut response = table.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}

/// A long table, part by part as they come. An error ends the answer before its time, so that
/// nobody takes a part for the whole.
pub(crate) fn in_parts(parts: mpsc::Receiver<io::Result<String>>) -> Body {
    Body::new(InParts(parts))
}

struct InParts(mpsc::Receiver<io::Result<String>>);

impl hyper::body::Body for InParts {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let part = self.0.poll_recv(context);
        part.map(|part| part.map(|part| part.map(|text| Frame::data(Bytes::from(text)))))
    }
}

/// Every cell in quotes. One that a spreadsheet would take for a formula gets an apostrophe
/// before it: names of terminals are typed by people, and another person opens the table. So
/// does one that has an apostrophe there already: who takes away one from each cell that
/// begins with it, has what was meant.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with('\'') || is_formula(cell) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

/// Spreadsheets look past spaces, and take the wide forms, too.
fn is_formula(cell: &str) -> bool {
    let first = cell.chars().find(|first| !matches!(first, ' ' | '\u{3000}' | '\u{feff}'));
    matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '|' | '＝' | '＋' | '－' | '＠'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_a_formula_is_text() {
        for cell in
            ["=1+1", "+81-3", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "=HYPERLINK(\"http://x\")"]
        {
            let text = quoted(cell);
            assert!(text.starts_with("\"'"), "{cell:?} became {text}");
        }
        assert_eq!(quoted("'=1"), "\"''=1\"", "and what was meant can be had back");
        assert_eq!(quoted("受付1"), "\"受付1\"");
        assert_eq!(quoted("a-b=c"), "\"a-b=c\"", "only the beginning counts");
    }

    #[test]
    fn quotes_commas_and_line_ends_stay_inside_their_cell() {
        let text =
            table([["端末名".to_owned(), "設置場所".to_owned()], ["受付\"1\"".into(), "1階,\r\n奥".into()]]);
        assert_eq!(text, "\u{feff}\"端末名\",\"設置場所\"\r\n\"受付\"\"1\"\"\",\"1階,\r\n奥\"\r\n");
    }
}
