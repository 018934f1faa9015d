//! What administrators do to a terminal: name it, stop it, let it in again.

use super::{
    AnyConnection, AuditEvent, AuditKind, Store, StoreError,
    attempts::{self, Excluded},
    audit,
    connection::lock_terminal,
    endings, instant, overview,
    schema::{certificate, terminal},
    session_ends,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// What became of a wish to stop a terminal, or to let it in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Done.
    Done,
    /// It is so already.
    Already,
    /// It is too late to undo it.
    Final,
    /// No terminal has this number.
    Unknown,
}

/// A 使用停止 that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopRow {
    /// Since when.
    pub at: Timestamp,
    /// Who stopped the terminal, as in the audit trail.
    pub by: Option<String>,
    /// Whether it can be undone no more.
    pub is_final: bool,
}

/// RFC 5280, 5.3.1: the reason of certificates whose terminal was stopped for good.
const STOP_REASON: &str = "cessationOfOperation";

impl Store {
    /// Gives a terminal another 端末名 and 設置場所; empty for none. `false` when there is
    /// no such terminal.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn rename_terminal(
        &self,
        terminal_id: i64,
        label: Option<String>,
        place: Option<String>,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            lock_terminal(connection, terminal_id)?;
            let changed = diesel::update(terminal::table.filter(terminal::id.eq(terminal_id)))
                .set((terminal::label.eq(&label), terminal::place.eq(&place)))
                .execute(connection)?;
            if changed == 1 {
                overview::refresh(connection, terminal_id)?;
                audit::record(connection, &event)?;
            }
            Ok(changed == 1)
        })
        .await
    }

    /// Stops a terminal: from now on its certificates open nothing, and sessions that were
    /// opened with them end.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn stop_terminal(&self, terminal_id: i64, event: AuditEvent) -> Result<Stop, StoreError> {
        self.write(move |connection| {
            lock_terminal(connection, terminal_id)?;
            let going =
                terminal::table.filter(terminal::id.eq(terminal_id)).filter(terminal::stopped_at.is_null());
            let changed = diesel::update(going)
                .set((
                    terminal::stopped_at.eq(Some(event.at.as_second())),
                    terminal::stopped_by.eq(event.actor.as_deref()),
                ))
                .execute(connection)?;
            if changed == 0 {
                return Ok(if find_stop(connection, terminal_id)?.is_some() {
                    Stop::Already
                } else {
                    Stop::Unknown
                });
            }
            end_sessions(connection, terminal_id, event.at)?;
            audit::record(connection, &event)?;
            Ok(Stop::Done)
        })
        .await
    }

    /// Lets a stopped terminal in again, if it was stopped after `undoable_since`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn undo_stop(
        &self,
        terminal_id: i64,
        undoable_since: Timestamp,
        event: AuditEvent,
    ) -> Result<Stop, StoreError> {
        self.write(move |connection| {
            lock_terminal(connection, terminal_id)?;
            match find_stop(connection, terminal_id)? {
                None => return Ok(Stop::Unknown),
                Some((None, _)) => return Ok(Stop::Already),
                Some((Some(at), end)) if end.is_some() || at <= undoable_since.as_second() => {
                    return Ok(Stop::Final);
                }
                Some(_) => {}
            }
            diesel::update(terminal::table.filter(terminal::id.eq(terminal_id)))
                .set((terminal::stopped_at.eq(None::<i64>), terminal::stopped_by.eq(None::<String>)))
                .execute(connection)?;
            attempts::forget_exclusion(connection, &Excluded::Terminal(terminal_id))?;
            audit::record(connection, &event)?;
            Ok(Stop::Done)
        })
        .await
    }

    /// The stop that is in force for a terminal, if one is.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn stop_of(&self, terminal_id: i64) -> Result<Option<StopRow>, StoreError> {
        self.read(move |connection| {
            let row: Option<(Option<i64>, Option<String>, Option<i64>)> = terminal::table
                .filter(terminal::id.eq(terminal_id))
                .select((terminal::stopped_at, terminal::stopped_by, terminal::stop_final_at))
                .get_result(connection)
                .optional()?;
            let Some((Some(at), by, end)) = row else { return Ok(None) };
            Ok(Some(StopRow { at: instant(at)?, by, is_final: end.is_some() }))
        })
        .await
    }

    /// Makes the stops final that cannot be undone any more: what the terminals hold is
    /// revoked. Returns how many terminals.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn finish_stops(&self, stopped_until: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let over: Vec<i64> = terminal::table
                .filter(terminal::stopped_at.le(stopped_until.as_second()))
                .filter(terminal::stop_final_at.is_null())
                .order(terminal::id)
                .select(terminal::id)
                .load(connection)?;
            for terminal_id in &over {
                lock_terminal(connection, *terminal_id)?;
            }
            for terminal_id in &over {
                finish_stop(connection, *terminal_id, now)?;
            }
            Ok(over.len())
        })
        .await
    }
}

fn finish_stop(connection: &mut AnyConnection, terminal_id: i64, now: Timestamp) -> Result<(), StoreError> {
    let live = [CertificateState::InUse, CertificateState::Issued, CertificateState::Pending];
    let serials: Vec<String> = certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(certificate::state.eq_any(live.map(CertificateState::as_str)))
        .select(certificate::serial)
        .load(connection)?;
    for serial in serials {
        endings::revoke_one(connection, &serial, STOP_REASON, now)?;
    }
    diesel::update(terminal::table.filter(terminal::id.eq(terminal_id)))
        .set(terminal::stop_final_at.eq(Some(now.as_second())))
        .execute(connection)?;
    let (tenant_id, common_name) = terminal::table
        .filter(terminal::id.eq(terminal_id))
        .select((terminal::tenant_id, terminal::common_name))
        .get_result(connection)?;
    let event = AuditEvent {
        tenant_id: Some(tenant_id),
        common_name: Some(common_name),
        ..AuditEvent::of(AuditKind::StopFinal, now)
    };
    audit::record(connection, &event)
}

/// When the terminal was stopped, and when that became final.
type StopColumns = (Option<i64>, Option<i64>);

fn find_stop(connection: &mut AnyConnection, terminal_id: i64) -> Result<Option<StopColumns>, StoreError> {
    Ok(terminal::table
        .filter(terminal::id.eq(terminal_id))
        .select((terminal::stopped_at, terminal::stop_final_at))
        .get_result(connection)
        .optional()?)
}

/// Nothing is issued for a terminal that was stopped.
pub(super) fn not_stopped(connection: &mut AnyConnection, terminal_id: i64) -> Result<(), StoreError> {
    match find_stop(connection, terminal_id)? {
        Some((Some(_), _)) => Err(StoreError::Conflict("the terminal has been stopped")),
        _ => Ok(()),
    }
}

/// Ends the sessions of the administration site that lean on the terminal's certificates.
fn end_sessions(connection: &mut AnyConnection, terminal_id: i64, now: Timestamp) -> Result<(), StoreError> {
    let serials = certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .select(certificate::serial)
        .load::<String>(connection)?;
    session_ends::end_all_with(connection, &serials, now)
}
