//! Before and after, side by side.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::TERMINALS;
use super::words::Words;

/// One terminal before and after.
pub(crate) struct Row {
    app: String,
    pub(crate) cn: String,
    label: &'static str,
    before: Certificate,
    after: Certificate,
    /// Why it was not renewed, in the language of the person who watches.
    reason: String,
}

/// Which certificate an application uses.
#[derive(PartialEq, Eq)]
struct Certificate {
    serial: String,
    /// YYYY/MM/DD in JST.
    end: String,
}

impl Row {
    /// Whether the application now uses another certificate.
    pub(crate) fn renewed(&self) -> bool {
        self.before.serial != self.after.serial
    }
}

/// One row per connection, from what `koshin status --json` said before and after.
pub(crate) fn rows(before: &[Value], after: &[Value]) -> Vec<Row> {
    let same = |a: &Value, b: &Value| a["app"] == b["app"] && a["connection"] == b["connection"];
    before
        .iter()
        .filter_map(|old| {
            let new = after.iter().find(|new| same(new, old))?;
            Some(Row {
                app: text(&old["app"]),
                cn: text(&old["certificate"]["cn"]),
                label: TERMINALS
                    .iter()
                    .find(|terminal| old["certificate"]["cn"] == terminal.cn)
                    .map_or("", |terminal| terminal.label),
                before: certificate(old),
                after: certificate(new),
                reason: text(&new["reasonText"]),
            })
        })
        .collect()
}

/// Prints the rows as a table with a line under its head.
pub(crate) fn print(rows: &[Row], words: Words) {
    let head = [
        words.pick("アプリケーション", "application"),
        "CN",
        words.pick("端末名", "terminal"),
        words.pick("更新前の期限", "before"),
        words.pick("更新後の期限", "after"),
        words.pick("結果", "result"),
    ]
    .map(str::to_owned);
    let lines: Vec<[String; 6]> =
        std::iter::once(head).chain(rows.iter().map(|row| cells(row, words))).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
    // The last column is as long as its sentences.
    let widths: [usize; 5] = std::array::from_fn(width);
    for (number, line) in lines.iter().enumerate() {
        let mut text = String::from("    ");
        for (cell, width) in line.iter().zip(widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat(width - cell.width() + 2));
        }
        println!("{text}{}", line[5]);
        if number == 0 {
            println!("    {}", "─".repeat(widths.iter().sum::<usize>() + 2 * widths.len() + 12));
        }
    }
}

fn cells(row: &Row, words: Words) -> [String; 6] {
    let after = if row.renewed() { row.after.end.clone() } else { "—".to_owned() };
    let result = if row.renewed() {
        words.good(words.pick("✓ 更新しました", "✓ renewed"))
    } else {
        words.bad(&format!("✗ {}", first_sentence(&row.reason)))
    };
    [row.app.clone(), row.cn.clone(), row.label.to_owned(), row.before.end.clone(), after, result]
}

/// What happened; what to do about it was said before.
fn first_sentence(text: &str) -> &str {
    text.split_once('。').or_else(|| text.split_once(": ")).map_or(text, |(first, _)| first)
}

fn certificate(connection: &Value) -> Certificate {
    let certificate = &connection["certificate"];
    let end = text(&certificate["notAfterJst"]);
    Certificate {
        serial: text(&certificate["serial"]),
        end: end.chars().take(10).collect::<String>().replace('-', "/"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_knows_whether_the_certificate_changed() {
        let status = |serial: &str| {
            json!({
                "app": "files", "connection": 0, "reasonText": "too early: wait",
                "certificate": { "cn": "db001", "serial": serial, "notAfterJst": "2026-12-31T23:59:59+09:00" },
            })
        };
        let before = [status("01")];
        let renewed = rows(&before, &[status("02")]);
        assert!(renewed[0].renewed());
        assert_eq!((renewed[0].label, renewed[0].before.end.as_str()), ("集計サーバー", "2026/12/31"));
        let refused = rows(&before, &before);
        assert!(!refused[0].renewed());
        assert_eq!(first_sentence(&refused[0].reason), "too early");
    }
}
