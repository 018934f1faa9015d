//! The two forms of a status report: a table for people, JSON for programs.

use super::{
    messages::{self, status as words},
    status::{Entry, Obstacle, StatusReport, place_word},
};
use crate::environment::Language;
use jiff::Timestamp;
use koshin_policy::calendar;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

/// What stands in a cell of which nothing is known.
const NOTHING: &str = "-";
const GAP: &str = "  ";

/// The table, then remarks, warnings and problems, each on a line of its own.
pub fn table(report: &StatusReport, language: Language) -> String {
    let mut lines = Vec::new();
    if report.entries.is_empty() {
        lines.push(words::nothing_found(language).to_owned());
    } else {
        lines.extend(grid(report, language));
    }
    let below = remarks(report, language);
    if !below.is_empty() {
        lines.push(String::new());
        lines.extend(below);
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn grid(report: &StatusReport, language: Language) -> Vec<String> {
    let mut rows = vec![words::headings(language).map(str::to_owned)];
    rows.extend(report.entries.iter().map(|entry| cells(entry, report, language)));
    let mut widths = [0; 9];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    rows.iter().map(|row| aligned(row, &widths)).collect()
}

fn cells(entry: &Entry, report: &StatusReport, language: Language) -> [String; 9] {
    let known = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    let certificate = entry.certificate.as_ref().map(|seen| &seen.note);
    [
        entry.place.app.to_string(),
        entry.place.connection.to_string(),
        printable(&entry.place.name),
        known(certificate.map(|certificate| printable(&certificate.common_name))),
        known(entry.label.as_deref().map(printable)),
        known(certificate.map(|certificate| messages::table_date(certificate.not_after))),
        known(entry.days_left(report.now).filter(|days| *days >= 0).map(|days| words::days(language, days))),
        words::state(language, entry.state).to_owned(),
        words::renewal(language, entry.renewable, entry.obstacle.as_ref()),
    ]
}

fn aligned(row: &[String; 9], widths: &[usize; 9]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width - cell.width()));
        line.push_str(GAP);
    }
    line.trim_end().to_owned()
}

/// Names come from files and servers: no control characters reach the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn remarks(report: &StatusReport, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in &report.entries {
        let word = place_word(entry.place.app, entry.place.connection);
        let colon = messages::pick(language, "：", ": ");
        lines.extend(entry.remarks(language).iter().map(|text| format!("{word}{colon}{}", printable(text))));
    }
    if report.entries.iter().any(|entry| matches!(entry.obstacle, Some(Obstacle::Expired))) {
        lines.push(words::how_to_recover(language).to_owned());
    }
    let warning = words::warning_prefix(language);
    lines.extend(
        report
            .warnings
            .iter()
            .map(|one| format!("{warning}{}", printable(&words::discovery_warning(language, one)))),
    );
    let problem = words::problem_prefix(language);
    lines.extend(
        report.problems.iter().map(|one| format!("{problem}{}", printable(&words::problem(language, one)))),
    );
    lines
}

fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

/// One JSON object. Its members are stable: more may come, none goes.
pub fn json(report: &StatusReport, language: Language) -> String {
    let connections: Vec<Value> =
        report.entries.iter().map(|entry| connection(entry, report, language)).collect();
    let problems: Vec<Value> = report
        .problems
        .iter()
        .map(|problem| {
            json!({
                "app": problem.app.map(|app| app.to_string()),
                "path": problem.path.to_string_lossy(),
                "text": words::problem(language, problem),
            })
        })
        .collect();
    let warnings: Vec<String> =
        report.warnings.iter().map(|warning| words::discovery_warning(language, warning)).collect();
    let document = json!({
        "now": whole_seconds(report.now),
        "connections": connections,
        "problems": problems,
        "warnings": warnings,
    });
    format!("{document:#}")
}

fn connection(entry: &Entry, report: &StatusReport, language: Language) -> Value {
    let place = &entry.place;
    let certificate = entry.certificate.as_ref().map(|seen| {
        let certificate = &seen.note;
        let facts = seen.facts.as_ref();
        json!({
            "cn": certificate.common_name,
            "organization": facts.and_then(|facts| facts.organization.as_deref()),
            "serial": certificate.serial,
            "sha256": certificate.sha256,
            "notBefore": facts.map(|facts| facts.not_before),
            "notAfter": certificate.not_after,
            "notAfterJst": calendar::in_jst(certificate.not_after).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            "daysLeft": entry.days_left(report.now),
            "dueFrom": place.window.opens(certificate.not_after),
        })
    });
    let warnings: Vec<String> =
        place.warnings.iter().map(|warning| words::place_warning(language, warning)).collect();
    json!({
        "app": place.app.as_str(),
        "connection": place.connection,
        "name": place.name,
        "current": place.is_current,
        "config": place.config_path.to_string_lossy(),
        "serviceUrl": place.service_url,
        "renewalUrl": place.renewal_base.as_ref().ok(),
        "terminal": entry.label,
        "certificate": certificate,
        "state": entry.state.as_str(),
        "renewable": entry.renewable,
        "reason": entry.obstacle.as_ref().map(|obstacle| obstacle.code()),
        "reasonText": entry.obstacle.as_ref().and_then(|obstacle| words::obstacle(language, obstacle)),
        "serverNotAsked": entry.not_asked.as_ref().map(|why| words::not_asked(language, why)),
        "warnings": warnings,
    })
}
