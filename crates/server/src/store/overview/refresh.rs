//! Keeps what the list shows of a terminal in line with its certificates and names.

use super::super::{
    AnyConnection, StoreError, attempts,
    connection::lock_terminal,
    folding::fold,
    in_state,
    kept::ShowRenewal,
    schema::{certificate, tenant, terminal},
    search,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// Brings what the list shows of a terminal in line with its certificates and names. To be
/// called in the transaction of each change to its names, by whoever holds the terminal's lock
/// since before that change: what was read must still hold when the row is written.
pub(in super::super) fn refresh(connection: &mut AnyConnection, terminal_id: i64) -> Result<(), StoreError> {
    let shown = shown(connection, terminal_id)?;
    write_all(connection, terminal_id, shown)
}

/// The same after a change to its certificates, by whoever holds the terminal's lock. The names stay as they are,
/// also in what is searched: what is written here must not set `name_key`, for that tells the index of names to look
/// again (`store::search`).
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
    if written == 1 { Ok(()) } else { write_certificates(connection, terminal_id, shown) }
}

/// A certificate that was issued.
pub(in super::super) struct Renewal<'a> {
    /// The one that it replaces.
    pub(in super::super) parent: Option<&'a str>,
    pub(in super::super) serial: &'a str,
    pub(in super::super) at: Timestamp,
    /// Whether the terminal asked for it itself, and was seen.
    pub(in super::super) came_itself: bool,
}

/// Shows that a certificate was issued and waits for its first use. When it renews the one that is shown, this is all
/// that changes; that the terminal was seen is noted with it, for that saves a change of its own.
pub(in super::super) fn show_renewal(
    connection: &mut AnyConnection,
    terminal_id: i64,
    renewal: &Renewal<'_>,
) -> Result<(), StoreError> {
    if let Some(parent) = renewal.parent {
        let Renewal { serial, at, came_itself, .. } = *renewal;
        let show = ShowRenewal { terminal_id, parent, serial, issued_at: at.as_second(), came_itself };
        if show.execute(connection)? == 1 {
            return Ok(());
        }
    }
    attempts::issued(connection, terminal_id, renewal.at)?;
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
        .get_result(connection)?;
    let names =
        [label.as_deref(), place.as_deref(), Some(&common_name), Some(&tenant_id), Some(&tenant_name)];
    let names = search::names(names.into_iter().flatten());
    let search_text = search::with_serial(&names, shown.serial.as_deref());
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

/// When another certificate is shown from now on: its serial takes the place of the earlier one.
fn write_certificates(
    connection: &mut AnyConnection,
    terminal_id: i64,
    shown: Shown,
) -> Result<(), StoreError> {
    let own = terminal::table.filter(terminal::id.eq(terminal_id));
    let (text, serial): (String, Option<String>) =
        own.select((terminal::search_text, terminal::current_serial)).get_result(connection)?;
    if text.is_empty() {
        // It was never refreshed.
        return write_all(connection, terminal_id, shown);
    }
    let names = search::without_serial(&text, serial.as_deref());
    diesel::update(own)
        .set((
            terminal::search_text.eq(search::with_serial(names, shown.serial.as_deref())),
            terminal::current_serial.eq(shown.serial),
            terminal::current_state.eq(shown.state),
            terminal::expires_at.eq(shown.expires_at),
            terminal::unused_serial.eq(shown.unused_serial),
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
