//! Keeps what the list shows of a terminal in line with its certificates and names.

use super::super::{
    AnyConnection, StoreError,
    folding::fold,
    schema::{certificate, tenant, terminal},
};
use diesel::prelude::*;
use koshin_policy::CertificateState;

/// Characters of a terminal that are searched.
const LONGEST_SEARCHED: usize = 600;

/// Brings what the list shows of a terminal in line with its certificates and names. To
/// be called in the transaction of each change to either.
pub(in super::super) fn refresh(connection: &mut AnyConnection, terminal_id: i64) -> Result<(), StoreError> {
    let in_use = newest(connection, terminal_id, &[CertificateState::InUse])?;
    let issued = newest(connection, terminal_id, &[CertificateState::Issued])?;
    let unused_serial = issued.as_ref().map(|(serial, _, _)| serial.clone());
    let current = match in_use.or(issued) {
        Some(live) => Some(live),
        None => newest(connection, terminal_id, &ENDED)?,
    };
    let (serial, state, expires_at) = match current {
        Some((serial, state, expires_at)) => (Some(serial), state, expires_at),
        None => (None, String::new(), 0),
    };
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
        serial.as_deref(),
    ];
    let words = texts.into_iter().flatten().map(fold).collect::<Vec<_>>().join("\n");
    let search_text: String = words.chars().take(LONGEST_SEARCHED).collect();
    diesel::update(terminal::table.filter(terminal::id.eq(terminal_id)))
        .set((
            terminal::current_serial.eq(serial),
            terminal::current_state.eq(state),
            terminal::expires_at.eq(expires_at),
            terminal::unused_serial.eq(unused_serial),
            terminal::name_key.eq(fold(label.as_deref().unwrap_or(&common_name))),
            terminal::place_key.eq(fold(place.as_deref().unwrap_or_default())),
            terminal::search_text.eq(search_text),
        ))
        .execute(connection)?;
    Ok(())
}

const ENDED: [CertificateState; 3] =
    [CertificateState::Superseded, CertificateState::Revoked, CertificateState::NeverDelivered];

/// Serial, state and end of the terminal's newest certificate in one of these states.
fn newest(
    connection: &mut AnyConnection,
    terminal_id: i64,
    states: &[CertificateState],
) -> Result<Option<(String, String, i64)>, StoreError> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    Ok(certificate::table
        .filter(certificate::terminal_id.eq(terminal_id))
        .filter(certificate::state.eq_any(states))
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
        refresh(connection, terminal_id)?;
    }
    Ok(())
}
