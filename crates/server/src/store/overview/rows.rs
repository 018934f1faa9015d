//! Terminals as the list shows them.

use super::{
    super::{
        AnyConnection, StoreError, instant,
        schema::{certificate, tenant, terminal},
    },
    TerminalRow, TerminalState,
    matching::{DUE_DAYS, LIVE, SOON_DAYS, cut},
};
use diesel::prelude::*;
use jiff::Timestamp;
use std::collections::HashMap;

/// What decides how a terminal stands.
struct Standing<'a> {
    stopped: bool,
    current_state: &'a str,
    expires_at: i64,
    failing: bool,
    unused: bool,
}

fn state_of(standing: &Standing<'_>, now: Timestamp) -> TerminalState {
    let live = LIVE.contains(&standing.current_state);
    match standing.expires_at {
        _ if standing.stopped || standing.current_state == "revoked" => TerminalState::Stopped,
        _ if !live => TerminalState::None,
        end if end < now.as_second() => TerminalState::Expired,
        _ if standing.failing => TerminalState::Failed,
        _ if standing.unused => TerminalState::Unused,
        end if end < cut(now, SOON_DAYS) => TerminalState::Soon,
        end if end < cut(now, DUE_DAYS) => TerminalState::Due,
        _ => TerminalState::Valid,
    }
}

type Who = (i64, String, String, Option<String>, Option<String>, String);
type Certificates = (Option<String>, String, Option<i64>, i64, Option<String>);
type Events = (i64, Option<String>, Option<i64>, Option<i64>, Option<i64>);
type Columns = (Who, Certificates, Events);

/// These terminals, in this order.
pub(super) fn rows(
    connection: &mut AnyConnection,
    ids: &[i64],
    now: Timestamp,
) -> Result<Vec<TerminalRow>, StoreError> {
    let found: Vec<Columns> = terminal::table
        .inner_join(tenant::table)
        .filter(terminal::id.eq_any(ids.to_vec()))
        .select((
            (
                terminal::id,
                terminal::tenant_id,
                tenant::name,
                terminal::label,
                terminal::place,
                terminal::common_name,
            ),
            (
                terminal::current_serial,
                terminal::current_state,
                terminal::begins_at,
                terminal::expires_at,
                terminal::unused_serial,
            ),
            (
                terminal::last_seen_at,
                terminal::last_result,
                terminal::last_result_at,
                terminal::failing_since,
                terminal::stopped_at,
            ),
        ))
        .load(connection)?;
    let begins = begins_elsewhere(connection, &found)?;
    let mut by_id = HashMap::with_capacity(found.len());
    for columns in found {
        let mut row = into_row(columns, now)?;
        if row.not_before.is_none() {
            row.not_before = row.serial.as_ref().and_then(|serial| begins.get(serial)).copied();
        }
        by_id.insert(row.terminal_id, row);
    }
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// From when the certificates are valid of terminals whose rows do not say so: those that have shown the same
/// certificate since before they did.
fn begins_elsewhere(
    connection: &mut AnyConnection,
    found: &[Columns],
) -> Result<HashMap<String, Timestamp>, StoreError> {
    let silent = found.iter().filter(|(_, certificates, _)| certificates.2.is_none());
    let serials: Vec<String> = silent.filter_map(|(_, certificates, _)| certificates.0.clone()).collect();
    if serials.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64)> = certificate::table
        .filter(certificate::serial.eq_any(serials))
        .select((certificate::serial, certificate::not_before))
        .load(connection)?;
    rows.into_iter().map(|(serial, begin)| Ok((serial, instant(begin)?))).collect()
}

fn into_row(columns: Columns, now: Timestamp) -> Result<TerminalRow, StoreError> {
    let ((terminal_id, tenant_id, tenant_name, label, place, common_name), certificates, events) = columns;
    let (serial, current_state, begins_at, expires_at, unused_serial) = certificates;
    let (last_seen_at, last_result, last_result_at, failing_since, stopped_at) = events;
    let standing = Standing {
        stopped: stopped_at.is_some(),
        current_state: &current_state,
        expires_at,
        failing: failing_since.is_some(),
        unused: unused_serial.is_some(),
    };
    Ok(TerminalRow {
        state: state_of(&standing, now),
        not_before: begins_at.map(instant).transpose()?,
        not_after: serial.is_some().then(|| instant(expires_at)).transpose()?,
        last_seen: (last_seen_at > 0).then(|| instant(last_seen_at)).transpose()?,
        last_result_at: last_result_at.map(instant).transpose()?,
        stopped_at: stopped_at.map(instant).transpose()?,
        terminal_id,
        tenant_id,
        tenant_name,
        label,
        place,
        common_name,
        serial,
        last_result,
        unused_serial,
    })
}
