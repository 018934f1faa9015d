//! A terminal of the records as a row of the list and of the CSV.

use super::super::{dates, texts::Texts, views::Row};
use crate::{
    api,
    store::{TerminalRow, TerminalState, progress},
};
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;

/// The state in words.
pub(super) fn state_text(t: &Texts, state: TerminalState) -> String {
    t.say(&format!("state-{}", state.as_str()))
}

/// 端末名, or its common name when nobody has named it.
pub(super) fn name(terminal: &TerminalRow) -> &str {
    terminal.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&terminal.common_name)
}

/// A problem code, or how far a renewal has come, in words.
pub(super) fn result_text(t: &Texts, result: &str) -> String {
    match ProblemCode::from_word(result) {
        Some(code) => api::problem_title(code, t.language()).to_owned(),
        None if progress::ALL.contains(&result) => t.say(&format!("result-{result}")),
        None => result.to_owned(),
    }
}

/// The row of a list; `with_tenant` for those who see several.
pub(super) fn row(t: &Texts, terminal: &TerminalRow, with_tenant: bool, now: Timestamp) -> Row {
    let left = terminal.not_after.filter(|_| terminal.state != TerminalState::Stopped);
    Row {
        terminal_id: terminal.terminal_id,
        serial: terminal.serial.clone(),
        name: name(terminal).to_owned(),
        tenant: with_tenant.then(|| terminal.tenant_name.clone()),
        place: terminal.place.clone().unwrap_or_default(),
        common_name: terminal.common_name.clone(),
        state: terminal.state.as_str(),
        state_text: state_text(t, terminal.state),
        until: terminal.not_after.map(dates::day).unwrap_or_default(),
        left: left.map(|end| dates::days_left(t, end, now)).unwrap_or_default(),
        seen: terminal.last_seen.map_or_else(|| t.say("never"), dates::minute),
        result: terminal.last_result.as_deref().map(|result| result_text(t, result)).unwrap_or_default(),
    }
}

/// The row of the CSV.
pub(super) fn cells(t: &Texts, terminal: &TerminalRow, with_tenant: bool, now: Timestamp) -> Vec<String> {
    let row = row(t, terminal, with_tenant, now);
    let serial = terminal.serial.clone().unwrap_or_default();
    let seen = terminal.last_seen.map(dates::minute).unwrap_or_default();
    let rest = [row.place, row.common_name, serial, row.state_text, row.until, row.left, seen, row.result];
    row.tenant.into_iter().chain([terminal.label.clone().unwrap_or_default()]).chain(rest).collect()
}

/// The heads of the CSV's columns.
pub(super) fn heads(t: &Texts, with_tenant: bool) -> Vec<String> {
    let tenant = with_tenant.then_some("column-tenant");
    let rest = [
        "column-terminal",
        "column-place",
        "column-cn",
        "column-serial",
        "column-state",
        "column-until",
        "column-left",
        "column-seen",
        "column-result",
    ];
    tenant.into_iter().chain(rest).map(|key| t.say(key)).collect()
}
