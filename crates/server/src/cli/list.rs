//! `koshin-server certs` and `koshin-server audit`

use super::{CliError, Place};
use crate::{
    clock,
    store::{AuditRow, CertificateRow},
};
use jiff::Timestamp;
use koshin_policy::{CertificateState, calendar};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

/// How to list.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON array, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn certificates(place: &Place, args: &Args) -> Result<(), CliError> {
    let (rows, now) = (place.records()?.certificates().await?, clock::now());
    if args.json {
        let list: Vec<Value> = rows.iter().map(|row| certificate_json(row, now)).collect();
        return print_json(&list);
    }
    let mut table =
        vec![["SERIAL", "TENANT", "CN", "LABEL", "STATE", "EXPIRES (JST)", "DAYS"].map(str::to_owned)];
    table.extend(rows.iter().map(|row| {
        [
            row.serial.clone(),
            row.tenant_id.clone(),
            row.common_name.clone(),
            row.label.clone().unwrap_or_default(),
            state_word(row, now).to_owned(),
            calendar::in_jst(row.not_after).strftime("%Y/%m/%d %H:%M").to_string(),
            calendar::days_left(row.not_after, now).to_string(),
        ]
    }));
    print_table(&table);
    Ok(())
}

pub(super) async fn audit(place: &Place, args: &Args) -> Result<(), CliError> {
    let store = place.records()?;
    let rows = store.audit_trail().await?;
    if args.json {
        let list: Vec<Value> = rows.iter().map(audit_json).collect();
        return print_json(&list);
    }
    let without_place = rows.iter().filter(|row| row.position.is_none()).count();
    let mut table = vec![["TIME (JST)", "EVENT", "TENANT", "CN", "SERIAL", "DETAIL"].map(str::to_owned)];
    table.extend(rows.into_iter().map(|row| {
        [
            calendar::in_jst(row.at).strftime("%Y/%m/%d %H:%M:%S").to_string(),
            row.kind,
            row.tenant_id.unwrap_or_default(),
            row.common_name.unwrap_or_default(),
            row.serial.unwrap_or_default(),
            row.detail,
        ]
    }));
    print_table(&table);
    if without_place > 0 {
        eprintln!("koshin-server: events that have no place in the audit trail's chain yet: {without_place}");
    }
    Ok(())
}

/// The state in the records, or `expired` where the dates say so.
fn state_word(row: &CertificateRow, now: Timestamp) -> &'static str {
    let live = matches!(row.state, CertificateState::Issued | CertificateState::InUse);
    if live && now > row.not_after { "expired" } else { row.state.as_str() }
}

fn certificate_json(row: &CertificateRow, now: Timestamp) -> Value {
    json!({
        "serial": row.serial,
        "tenant": row.tenant_id,
        "cn": row.common_name,
        "label": row.label,
        "state": state_word(row, now),
        "door": row.door,
        "parent": row.parent,
        "notBefore": row.not_before,
        "notAfter": row.not_after,
        "firstUsedAt": row.first_used_at,
        "endReason": row.end_reason,
    })
}

fn audit_json(row: &AuditRow) -> Value {
    json!({
        "id": row.id,
        "at": row.at,
        "event": row.kind,
        "tenant": row.tenant_id,
        "cn": row.common_name,
        "serial": row.serial,
        "detail": row.detail,
        "actor": row.actor,
        "position": row.position,
        "hash": row.hash,
    })
}

pub(super) fn print_json(list: &[Value]) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(list).map_err(|error| CliError::Defect(error.to_string()))?;
    say!("{text}");
    Ok(())
}

/// Columns as wide as their widest cell, counted as terminals show Japanese.
pub(super) fn print_table<const N: usize>(table: &[[String; N]]) {
    let width = |column: usize| table.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in table {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        say!("{}", line.trim_end());
    }
}
