//! The list of terminals: filtered, sorted and paged by the database.
//!
//! What the list shows lies on the terminal's own row, brought up to date by [`refresh`]
//! in the transaction of each change, so that 100,000 terminals need no join and no sort.

use super::{
    AnyConnection, Store, StoreError,
    folding::{containing, fold},
    instant,
    schema::{certificate, tenant, terminal},
};
use diesel::prelude::*;
use jiff::{Timestamp, ToSpan};
use koshin_policy::{CertificateState, calendar};
use std::collections::HashMap;

/// Days before the end from which a certificate may be renewed at leisure.
const DUE_DAYS: i64 = 60;
/// Days before the end from which it is urgent.
const SOON_DAYS: i64 = 14;
/// Characters of a terminal that are searched.
const LONGEST_SEARCHED: usize = 600;
/// Rows a page at most.
const LONGEST_PAGE: u32 = 500;

/// How a terminal stands, in one word. The first that holds, in this order:
/// stopped, none, expired, failed, unused, soon, due, valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TerminalState {
    /// 使用停止
    Stopped,
    /// It has no certificate that was ever delivered.
    None,
    /// 期限切れ
    Expired,
    /// 更新失敗: every attempt since the last success failed.
    Failed,
    /// 新証明書が未使用
    Unused,
    /// 期限間近: 14 days or fewer.
    Soon,
    /// 更新時期: 60 days or fewer.
    Due,
    /// 有効
    Valid,
}

impl TerminalState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Stopped,
        Self::None,
        Self::Expired,
        Self::Failed,
        Self::Unused,
        Self::Soon,
        Self::Due,
        Self::Valid,
    ];

    /// A word for addresses and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::None => "none",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Unused => "unused",
            Self::Soon => "soon",
            Self::Due => "due",
            Self::Valid => "valid",
        }
    }
}

/// Which terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFilter {
    /// Those that stand so.
    State(TerminalState),
    /// 60日以内に期限切れ, whatever else is the matter.
    Expiring,
    /// Those that somebody should look at: expired, failed, soon, unused.
    Attention,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListSort {
    /// The first to end first.
    #[default]
    Expiry,
    /// 端末名, or the common name of a terminal without one.
    Name,
    /// 設置場所
    Place,
    /// CN
    CommonName,
    /// 最終接続
    LastSeen,
    /// By tenant, and within by expiry.
    Tenant,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct TerminalQuery {
    /// Of one tenant only.
    pub tenant: Option<String>,
    /// Words that all occur in 端末名, 設置場所, CN, tenant or serial; case and width do
    /// not matter.
    pub search: String,
    /// Some only.
    pub filter: Option<ListFilter>,
    /// In which order.
    pub sort: ListSort,
    /// The other way round.
    pub descending: bool,
    /// Beginning at 1; 0 counts as 1.
    pub page: u32,
    /// At most 500; 0 counts as 50.
    pub per_page: u32,
}

/// Whose terminals may be seen at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Everything,
    /// Those of these tenants.
    Tenants(Vec<String>),
}

/// A terminal in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalRow {
    /// Row identifier.
    pub terminal_id: i64,
    /// Its tenant.
    pub tenant_id: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// 端末名
    pub label: Option<String>,
    /// 設置場所
    pub place: Option<String>,
    /// Common name.
    pub common_name: String,
    /// The certificate in use; or else the one that waits; or else the last.
    pub serial: Option<String>,
    /// Its begin.
    pub not_before: Option<Timestamp>,
    /// Its end.
    pub not_after: Option<Timestamp>,
    /// How the terminal stands.
    pub state: TerminalState,
    /// 最終接続, to the hour.
    pub last_seen: Option<Timestamp>,
    /// Last attempt to renew: a problem code, or `renewed`.
    pub last_result: Option<String>,
    /// When that was.
    pub last_result_at: Option<Timestamp>,
    /// A certificate that waits for its first use.
    pub unused_serial: Option<String>,
    /// Since when it is stopped.
    pub stopped_at: Option<Timestamp>,
}

/// One page of the list, and what needs attention in the whole view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalPage {
    /// The rows.
    pub rows: Vec<TerminalRow>,
    /// How many the query has on all pages.
    pub total: u64,
    /// 60日以内に期限切れ, in the whole view.
    pub expiring: u64,
    /// 更新に失敗, in the whole view.
    pub failing: u64,
    /// 新証明書が未使用, in the whole view.
    pub unused: u64,
}

type AnyBackend = <AnyConnection as diesel::Connection>::Backend;
type Terminals = terminal::BoxedQuery<'static, AnyBackend>;

impl Store {
    /// One page of the terminals in `scope`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn terminals(
        &self,
        scope: Scope,
        query: TerminalQuery,
        now: Timestamp,
    ) -> Result<TerminalPage, StoreError> {
        self.read(move |connection| {
            let count = |connection: &mut AnyConnection, query: &TerminalQuery| -> Result<u64, StoreError> {
                let count: i64 = matching(&scope, query, now).count().get_result(connection)?;
                Ok(u64::try_from(count).unwrap_or(0))
            };
            let whole = |filter| TerminalQuery {
                tenant: query.tenant.clone(),
                filter: Some(filter),
                ..TerminalQuery::default()
            };
            let per_page = if query.per_page == 0 { 50 } else { query.per_page.min(LONGEST_PAGE) };
            let offset = i64::from(query.page.saturating_sub(1)) * i64::from(per_page);
            let ids: Vec<i64> = sorted(matching(&scope, &query, now), &query)
                .limit(i64::from(per_page))
                .offset(offset)
                .select(terminal::id)
                .load(connection)?;
            // A first page that is not full is all there is: no need to count again.
            let total = match u64::try_from(ids.len()).unwrap_or(0) {
                found if offset == 0 && found < u64::from(per_page) => found,
                _ => count(connection, &query)?,
            };
            Ok(TerminalPage {
                rows: rows(connection, &ids, now)?,
                total,
                expiring: count(connection, &whole(ListFilter::Expiring))?,
                failing: count(connection, &whole(ListFilter::State(TerminalState::Failed)))?,
                unused: count(connection, &whole(ListFilter::State(TerminalState::Unused)))?,
            })
        })
        .await
    }

    /// Every terminal of the query, without pages.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn all_terminals(
        &self,
        scope: Scope,
        query: TerminalQuery,
        now: Timestamp,
    ) -> Result<Vec<TerminalRow>, StoreError> {
        self.read(move |connection| {
            let ids: Vec<i64> =
                sorted(matching(&scope, &query, now), &query).select(terminal::id).load(connection)?;
            let mut all = Vec::with_capacity(ids.len());
            for part in ids.chunks(LONGEST_PAGE as usize) {
                all.extend(rows(connection, part, now)?);
            }
            Ok(all)
        })
        .await
    }

    /// One terminal, whoever asks.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn terminal_row(
        &self,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<Option<TerminalRow>, StoreError> {
        self.read(move |connection| Ok(rows(connection, &[terminal_id], now)?.pop())).await
    }

    /// How many certificates of stopped or failing terminals apart, end in `from..to`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn ending_between(
        &self,
        scope: Scope,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<u64, StoreError> {
        self.read(move |connection| {
            let count: i64 = working(in_scope(&scope))
                .filter(terminal::expires_at.ge(from.as_second()))
                .filter(terminal::expires_at.lt(to.as_second()))
                .count()
                .get_result(connection)?;
            Ok(u64::try_from(count).unwrap_or(0))
        })
        .await
    }
}

/// The first second at which fewer days than these are gone: a certificate that ends
/// before it has `days` or fewer left, as people count days in Japan.
fn cut(now: Timestamp, days: i64) -> i64 {
    let day = calendar::jst_date(now).saturating_add((days + 1).days());
    day.to_zoned(calendar::jst()).map_or(i64::MAX, |zoned| zoned.timestamp().as_second())
}

fn in_scope(scope: &Scope) -> Terminals {
    let all = terminal::table.into_boxed();
    match scope {
        Scope::Everything => all,
        Scope::Tenants(tenants) => all.filter(terminal::tenant_id.eq_any(tenants.clone())),
    }
}

const LIVE: [&str; 2] = ["in_use", "issued"];

/// Not stopped, and with a certificate that has not ended.
fn working(terminals: Terminals) -> Terminals {
    terminals.filter(terminal::stopped_at.is_null()).filter(terminal::current_state.eq_any(LIVE))
}

fn matching(scope: &Scope, query: &TerminalQuery, now: Timestamp) -> Terminals {
    let mut terminals = in_scope(scope);
    if let Some(tenant) = &query.tenant {
        terminals = terminals.filter(terminal::tenant_id.eq(tenant.clone()));
    }
    for term in query.search.split_whitespace() {
        terminals = terminals.filter(terminal::search_text.like(containing(term)).escape('!'));
    }
    match query.filter {
        None => terminals,
        Some(ListFilter::State(state)) => standing(terminals, state, now),
        Some(ListFilter::Expiring) => working(terminals)
            .filter(terminal::expires_at.ge(now.as_second()))
            .filter(terminal::expires_at.lt(cut(now, DUE_DAYS))),
        Some(ListFilter::Attention) => working(terminals).filter(
            terminal::expires_at
                .lt(cut(now, SOON_DAYS))
                .or(terminal::failing_since.is_not_null())
                .or(terminal::unused_serial.is_not_null()),
        ),
    }
}

/// The terminals that stand so. [`state_of`] says the same of one row.
fn standing(terminals: Terminals, state: TerminalState, now: Timestamp) -> Terminals {
    let (soon, due) = (cut(now, SOON_DAYS), cut(now, DUE_DAYS));
    let second = now.as_second();
    let valid = |terminals| working(terminals).filter(terminal::expires_at.ge(second));
    let well = |terminals| valid(terminals).filter(terminal::failing_since.is_null());
    let plain = |terminals| well(terminals).filter(terminal::unused_serial.is_null());
    match state {
        TerminalState::Stopped => {
            terminals.filter(terminal::stopped_at.is_not_null().or(terminal::current_state.eq("revoked")))
        }
        TerminalState::None => terminals
            .filter(terminal::stopped_at.is_null())
            .filter(terminal::current_state.ne_all(["in_use", "issued", "revoked"])),
        TerminalState::Expired => working(terminals).filter(terminal::expires_at.lt(second)),
        // Both mean "is not null"; a range with two ends makes SQLite take the small index.
        TerminalState::Failed => valid(terminals).filter(terminal::failing_since.between(0, i64::MAX)),
        TerminalState::Unused => well(terminals).filter(terminal::unused_serial.between("0", "g")),
        TerminalState::Soon => plain(terminals).filter(terminal::expires_at.lt(soon)),
        TerminalState::Due => {
            plain(terminals).filter(terminal::expires_at.ge(soon)).filter(terminal::expires_at.lt(due))
        }
        TerminalState::Valid => plain(terminals).filter(terminal::expires_at.ge(due)),
    }
}

/// The row identifier makes every order total, so that pages never overlap.
fn sorted(terminals: Terminals, query: &TerminalQuery) -> Terminals {
    macro_rules! by {
        ($($column:ident),+) => {
            if query.descending {
                terminals.order(($(terminal::$column.desc()),+, terminal::id.desc()))
            } else {
                terminals.order(($(terminal::$column.asc()),+, terminal::id.asc()))
            }
        };
    }
    match query.sort {
        ListSort::Expiry => by!(expires_at),
        ListSort::Name => by!(name_key),
        ListSort::Place => by!(place_key),
        ListSort::CommonName => by!(common_name),
        ListSort::LastSeen => by!(last_seen_at),
        ListSort::Tenant => by!(tenant_id, expires_at),
    }
}

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
type Certificates = (Option<String>, String, i64, Option<String>);
type Events = (i64, Option<String>, Option<i64>, Option<i64>, Option<i64>);

/// These terminals, in this order.
fn rows(connection: &mut AnyConnection, ids: &[i64], now: Timestamp) -> Result<Vec<TerminalRow>, StoreError> {
    let found: Vec<(Who, Certificates, Events)> = terminal::table
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
    let serials: Vec<String> =
        found.iter().filter_map(|(_, certificates, _)| certificates.0.clone()).collect();
    let begins = begins(connection, serials)?;
    let mut by_id = HashMap::with_capacity(found.len());
    for columns in found {
        let begin = columns.1.0.as_ref().and_then(|serial| begins.get(serial)).copied();
        let row = TerminalRow { not_before: begin, ..into_row(columns, now)? };
        by_id.insert(row.terminal_id, row);
    }
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// From when these certificates are valid.
fn begins(
    connection: &mut AnyConnection,
    serials: Vec<String>,
) -> Result<HashMap<String, Timestamp>, StoreError> {
    let rows: Vec<(String, i64)> = certificate::table
        .filter(certificate::serial.eq_any(serials))
        .select((certificate::serial, certificate::not_before))
        .load(connection)?;
    rows.into_iter().map(|(serial, begin)| Ok((serial, instant(begin)?))).collect()
}

/// Without its certificate's begin, which lies on another row.
fn into_row(columns: (Who, Certificates, Events), now: Timestamp) -> Result<TerminalRow, StoreError> {
    let ((terminal_id, tenant_id, tenant_name, label, place, common_name), certificates, events) = columns;
    let (serial, current_state, expires_at, unused_serial) = certificates;
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
        not_before: None,
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

/// Brings what the list shows of a terminal in line with its certificates and names. To
/// be called in the transaction of each change to either.
pub(super) fn refresh(connection: &mut AnyConnection, terminal_id: i64) -> Result<(), StoreError> {
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
pub(super) fn refresh_never_refreshed(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let unlisted: Vec<i64> =
        terminal::table.filter(terminal::search_text.eq("")).select(terminal::id).load(connection)?;
    for terminal_id in unlisted {
        refresh(connection, terminal_id)?;
    }
    Ok(())
}
