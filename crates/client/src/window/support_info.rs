//! ［サポート情報をコピー］: what a vendor asks for on the telephone, as text. No password, no key, and no home folder's
//! name; the place of each file below it stays, because that is what support is about. Pure.

use super::cards::certificates;
use crate::{
    cli::{
        doctor,
        messages::{status as status_words, window as words},
        status::{Entry, StatusReport},
        status_view::printable,
    },
    daemon::diary::{Diary, LastResult},
    doctor::Finding,
    environment::Language,
};
use std::{fmt::Write, path::Path};

/// What the text is about.
#[derive(Debug, Clone, Copy)]
pub struct Support<'a> {
    /// The connections.
    pub report: &'a StatusReport,
    /// What was tried.
    pub diary: &'a Diary,
    /// What the doctor has found.
    pub findings: &'a [Finding],
    /// What renews here by itself.
    pub automatic: Option<&'a str>,
    /// The operating system, and for which processor.
    pub system: &'a str,
    /// Written as `~`.
    pub home: &'a Path,
    /// In which the reasons are.
    pub language: Language,
}

/// The text. Names of what is told are English, for whoever reads hundreds of them; reasons are as the user saw them.
pub fn text(support: Support<'_>) -> String {
    let Support { report, diary, findings, automatic, system, home, language } = support;
    let mut lines = vec![
        format!("Koshin {} ({system})", env!("CARGO_PKG_VERSION")),
        format!("time: {} JST", words::moment(report.now)),
        format!("language: {}", language.tag()),
        format!("automatic renewal: {}", automatic.unwrap_or("none")),
        format!("last check: {}", diary.checked_at.map_or("-".to_owned(), words::moment)),
        format!("next check: {}", diary.next_at.map_or("-".to_owned(), words::moment)),
    ];
    for certificate in certificates(&report.entries) {
        lines.push(String::new());
        lines.push(format!("[{}]", certificate.name()));
        lines.extend(certificate.entries().iter().flat_map(|entry| connection(entry, language)));
        let record = certificate.record(diary);
        if let Some(LastResult { at, result, text }) = record.and_then(|record| record.last_result.as_ref()) {
            let why = text.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
            lines.push(format!("last result: {} {result}{why}", words::moment(*at)));
        }
        if let Some(record) = record.filter(|record| record.attempts.failures > 0) {
            lines.push(format!("failures in a row: {}", record.attempts.failures));
        }
        if let Some(at) = record.and_then(|record| record.next_at) {
            lines.push(format!("next attempt: {}", words::moment(at)));
        }
    }
    let problems = report.problems.iter().map(|one| status_words::problem(language, one));
    let warnings = report.warnings.iter().map(|one| status_words::discovery_warning(language, one));
    lines.push(String::new());
    lines.extend(problems.map(|problem| format!("problem: {problem}")));
    lines.extend(warnings.map(|warning| format!("warning: {warning}")));
    lines.push("[doctor]".to_owned());
    lines.extend(doctor::as_text(findings, language).lines().map(str::to_owned));
    let text: String = lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", without_secrets(&printable(line)).trim_end());
        text
    });
    text.replace(&*home.to_string_lossy(), "~")
}

fn connection(entry: &Entry, language: Language) -> Vec<String> {
    let place = &entry.place;
    let renewal = place.renewal_base.as_deref().unwrap_or("unknown");
    let mut lines = vec![
        format!("- {} {} ({})", place.app, place.connection, place.name),
        format!("  config: {}", place.config_path.display()),
        format!("  service: {}", place.service_url.as_deref().unwrap_or("-")),
        format!("  renewed by: {}", renewal),
    ];
    if let Some(seen) = &entry.certificate {
        let from = seen.facts.as_ref().map_or("?".to_owned(), |facts| words::moment(facts.not_before));
        lines.push(format!("  CN: {}", seen.note.common_name));
        lines.push(format!("  serial: {}", seen.note.serial));
        lines.push(format!("  valid: {from} to {} JST", words::moment(seen.note.not_after)));
    }
    let code = entry.obstacle.as_ref().map_or("renewable", |obstacle| obstacle.code());
    lines.push(format!("  state: {}, {code}", entry.state.as_str()));
    let remarks = entry.remarks(language);
    lines.extend(remarks.into_iter().map(|remark| format!("  note: {remark}")));
    lines
}

/// Addresses in the text without user, password and query: settings may hold them, and messages quote settings.
fn without_secrets(text: &str) -> String {
    let mut parts = text.split("://");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '）' | '」'));
        let (address, rest) = part.split_at(end.unwrap_or(part.len()));
        // An @ may also stand in a path. Better too little of an address than a password.
        let host = address.rsplit('@').next().unwrap_or_default();
        let host = host.split(['?', '#']).next().unwrap_or_default();
        result.push_str("://");
        result.push_str(host);
        result.push_str(rest);
    }
    result
}
