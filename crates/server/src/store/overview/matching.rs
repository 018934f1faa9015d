//! Filters and orders of the list, as the database understands them.

use super::{
    super::{in_state, schema::terminal, search::Search},
    ListFilter, ListSort, Scope, TerminalQuery, TerminalState, Terminals,
};
use diesel::prelude::*;
use jiff::{Timestamp, ToSpan};
use koshin_policy::calendar;

/// Days before the end from which a certificate may be renewed at leisure.
pub(super) const DUE_DAYS: i64 = 60;
/// Days before the end from which it is urgent.
pub(super) const SOON_DAYS: i64 = 14;

/// The first second at which fewer days than these are gone: a certificate that ends
/// before it has `days` or fewer left, as people count days in Japan.
pub(super) fn cut(now: Timestamp, days: i64) -> i64 {
    let day = calendar::jst_date(now).saturating_add((days + 1).days());
    day.to_zoned(calendar::jst()).map_or(i64::MAX, |zoned| zoned.timestamp().as_second())
}

pub(super) fn in_scope(scope: &Scope) -> Terminals {
    let all = terminal::table.into_boxed();
    match scope {
        Scope::Everything => all,
        Scope::Tenants(tenants) => all.filter(terminal::tenant_id.eq_any(tenants.clone())),
    }
}

pub(super) const LIVE: [&str; 2] = ["in_use", "issued"];

/// Whose certificates end within 60 days, whatever else is the matter.
pub(in super::super) fn expiring(terminals: Terminals, now: Timestamp) -> Terminals {
    working(terminals)
        .filter(terminal::expires_at.ge(now.as_second()))
        .filter(terminal::expires_at.lt(cut(now, DUE_DAYS)))
}

/// Not stopped, and with a certificate that has not ended.
pub(super) fn working(terminals: Terminals) -> Terminals {
    terminals.filter(terminal::stopped_at.is_null()).filter(terminal::current_state.eq_any(LIVE))
}

pub(super) fn matching(
    scope: &Scope,
    query: &TerminalQuery,
    search: &Search<i64>,
    now: Timestamp,
) -> Terminals {
    let mut terminals = in_scope(scope);
    if let Some(tenant) = &query.tenant {
        terminals = terminals.filter(terminal::tenant_id.eq(tenant.clone()));
    }
    terminals = search.narrow(terminals);
    match query.filter {
        None => terminals,
        Some(ListFilter::State(state)) => standing(terminals, state, now),
        Some(ListFilter::Expiring) => expiring(terminals, now),
        Some(ListFilter::Attention) => attention(terminals, now),
    }
}

/// That somebody should look at: expired or nearly, failing, or with a certificate that waits for its first use.
pub(in super::super) fn attention(terminals: Terminals, now: Timestamp) -> Terminals {
    working(terminals).filter(
        terminal::expires_at
            .lt(cut(now, SOON_DAYS))
            .or(terminal::failing_since.is_not_null())
            .or(terminal::unused_serial.is_not_null()),
    )
}

/// The terminals that stand so. [`state_of`] says the same of one row.
pub(super) fn standing(terminals: Terminals, state: TerminalState, now: Timestamp) -> Terminals {
    let (soon, due) = (cut(now, SOON_DAYS), cut(now, DUE_DAYS));
    let second = now.as_second();
    // One bound: of two, SQLite may begin at the earlier, and pass over all that lies between.
    let ending_from = |terminals, from: i64| working(terminals).filter(terminal::expires_at.ge(from));
    let well = |terminals, from| ending_from(terminals, from).filter(terminal::failing_since.is_null());
    let plain = |terminals, from| well(terminals, from).filter(terminal::unused_serial.is_null());
    match state {
        TerminalState::Stopped => terminals
            .filter(in_state::at_rest())
            .filter(terminal::stopped_at.is_not_null().or(terminal::current_state.eq("revoked"))),
        TerminalState::None => terminals
            .filter(in_state::at_rest())
            .filter(terminal::stopped_at.is_null())
            .filter(terminal::current_state.ne_all(["in_use", "issued", "revoked"])),
        TerminalState::Expired => working(terminals).filter(terminal::expires_at.lt(second)),
        TerminalState::Failed => ending_from(terminals, second).filter(in_state::failing()),
        TerminalState::Unused => well(terminals, second).filter(in_state::has_unused()),
        TerminalState::Soon => plain(terminals, second).filter(terminal::expires_at.lt(soon)),
        TerminalState::Due => plain(terminals, soon).filter(terminal::expires_at.lt(due)),
        TerminalState::Valid => plain(terminals, due),
    }
}

/// The row identifier makes every order total, so that pages never overlap.
pub(super) fn sorted(terminals: Terminals, sort: ListSort, descending: bool) -> Terminals {
    macro_rules! by {
        ($($column:ident),+) => {
            if descending {
                terminals.order(($(terminal::$column.desc()),+, terminal::id.desc()))
            } else {
                terminals.order(($(terminal::$column.asc()),+, terminal::id.asc()))
            }
        };
    }
    match sort {
        ListSort::Expiry => by!(expires_at),
        ListSort::Name => by!(name_key),
        ListSort::Place => by!(place_key),
        ListSort::CommonName => by!(common_name),
        ListSort::LastSeen => by!(last_seen_at),
        ListSort::Tenant => by!(tenant_id, expires_at),
    }
}
