//! Keeps what the list shows of a terminal in line with its certificates and names.

use super::super::{
    AnyConnection, StoreError,
    attempts::{self, progress},
    connection::lock_terminal,
    folding::fold,
    in_state,
    schema::{certificate, tenant, terminal},
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// Characters of a terminal that are searched.
const LONGEST_SEARCHED: usize = 600;

/// Brings what the list shows of a terminal in line with its certificates and names. To be
/// called in the transaction of each change to its names, by whoever holds the terminal's lock
/// since before that change: what was read must still hold when the row is written.
pub(in super::super) fn refresh(connection: &mut AnyConnection, terminal_id: i64) -> Result<(), StoreError> {
    let shown = shown(connection, terminal_id)?;
    write_all(connection, terminal_id, shown)
}

/// The same after a change to its certificates, by whoever holds the terminal's lock. Names
/// are looked at only when another certificate is shown from now on, since its serial is
/// among the searched words; most changes concern the one that waits for its first use.
pub(in super::super) fn refresh_certificates(
    connection: &mut AnyConnection,
    terminal_id: i64,
) -> Result<(), StoreError> {
    let shown = shown(connection, terminal_id)?;
    let same = terminal::table
        .filter(terminal::id.eq(terminal_id))
        .filter(terminal::current_serial.eq(&shown.serial))
        .filter(terminal::expires_at.eq(shown.expires_at));
    let written = diesel::update(same)
        .set((terminal::current_state.eq(&shown.state), terminal::unused_serial.eq(&shown.unused_serial)))
        .execute(connection)?;
    if written == 1 { Ok(()) } else { write_all(connection, terminal_id, shown) }
}

/// Shows that a certificate was issued at `at`: `serial` waits for its first use. When it renews
/// the one that is shown, this is all that changes.
pub(in super::super) fn show_renewal(
    connection: &mut AnyConnection,
    terminal_id: i64,
    parent: Option<&str>,
    serial: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let shows_parent = terminal::table
        .filter(terminal::id.eq(terminal_id))
        .filter(terminal::current_serial.eq(parent))
        .filter(terminal::current_state.eq(CertificateState::InUse.as_str()));
    let shown = diesel::update(shows_parent)
        .set((
            terminal::unused_serial.eq(Some(serial)),
            terminal::last_result.eq(Some(progress::ISSUED)),
            terminal::last_result_at.eq(Some(at.as_second())),
            terminal::failing_since.eq(None::<i64>),
        ))
        .execute(connection)?;
    if shown == 1 {
        return Ok(());
    }
    attempts::issued(connection, terminal_id, at)?;
    refresh_certificates(connection, terminal_id)
}

/// The certificates that the list shows.
struct Shown {
    /// In use; or else waiting; or else the last that ended.
    serial: Option<String>,
    state: String,
    expires_at: i64,
    unused_serial: Option<String>,
}

fn shown(connection: &mut AnyConnection, terminal_id: i64) -> Result<Shown, StoreError> {
    let live = live(connection, terminal_id)?;
    let in_state = |state: CertificateState| live.iter().find(|(_, found, _)| found == state.as_str());
    let unused = in_state(CertificateState::Issued);
    let unused_serial = unused.map(|(serial, ..)| serial.clone());
    let current = match in_state(CertificateState::InUse).or(unused) {
        Some(live) => Some(live.clone()),
        None => last_ended(connection, terminal_id)?,
    };
    Ok(match current {
        Some((serial, state, expires_at)) => Shown { serial: Some(serial), state, expires_at, unused_serial },
        None => Shown { serial: None, state: String::new(), expires_at: 0, unused_serial },
    })
}

fn write_all(connection: &mut AnyConnection, terminal_id: i64, shown: Shown) -> Result<(), StoreError> {
    let (label, place, common_name, tenant_id, tenant_name): (
        Option<String>,
        Option<String>,
        String,
        String,
        String,
    ) = terminal::table
        .inner_join(tenant::table)
        .filter(terminal::id.eq(terminal_id))
        .select((terminal::label, terminal::place, terminal::common_name, tenant::id, tenant::name))
        .first(connection)?;
    let texts = [
        label.as_deref(),
        place.as_deref(),
        Some(&common_name),
        Some(&tenant_id),
        Some(&tenant_name),
        shown.serial.as_deref(),
    ];
    let words = texts.into_iter().flatten().map(fold).collect::<Vec<_>>().join("\n");
    let search_text: String = words.chars().take(LONGEST_SEARCHED).collect();
    diesel::update(terminal::table.filter(terminal::id.eq(terminal_id)))
        .set((
            terminal::current_serial.eq(shown.serial),
            terminal::current_state.eq(shown.state),
            terminal::expires_at.eq(shown.expires_at),
            terminal::unused_serial.eq(shown.unused_serial),
            terminal::name_key.eq(fold(label.as_deref().unwrap_or(&common_name))),
            terminal::place_key.eq(fold(place.as_deref().unwrap_or_default())),
            terminal::search_text.eq(search_text),
        ))
        .execute(connection)?;
    Ok(())
}

/// Serial, state and end.
type Standing = (String, String, i64);

/// The terminal's certificates in use or waiting, the newest first.
fn live(connection: &mut AnyConnection, terminal_id: i64) -> Result<Vec<Standing>, StoreError> {
    Ok(certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(in_state::live())
        .order((certificate::created_at.desc(), certificate::serial.desc()))
        .select((certificate::serial, certificate::state, certificate::not_after))
        .load(connection)?)
}

/// The newest of those that have ended. An intent is nothing to be shown.
fn last_ended(connection: &mut AnyConnection, terminal_id: i64) -> Result<Option<Standing>, StoreError> {
    Ok(certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(diesel::dsl::not(in_state::pending()))
        .order((certificate::created_at.desc(), certificate::serial.desc()))
        .select((certificate::serial, certificate::state, certificate::not_after))
        .first(connection)
        .optional()?)
}

/// Refreshes the terminals that were recorded before there was a list.
pub(in super::super) fn refresh_never_refreshed(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let unlisted: Vec<i64> =
        terminal::table.filter(terminal::search_text.eq("")).select(terminal::id).load(connection)?;
    for terminal_id in unlisted {
        lock_terminal(connection, terminal_id)?;
        refresh(connection, terminal_id)?;
    }
    Ok(())
}
