//! The list of terminals: filtered, sorted and paged by the database.
//!
//! What the list shows lies on the terminal's own row, brought up to date by [`refresh`]
//! in the transaction of each change, so that 100,000 terminals need no join and no sort.

mod census;
mod edge;
mod matching;
mod page;
mod refresh;
mod rows;

pub use census::{Census, WEEKS_AHEAD};
pub(super) use census::{by_state, count, ends_by_day};
pub use edge::{Edge, Place};
pub(super) use matching::{attention, expiring};
pub(super) use refresh::{Renewal, refresh, refresh_certificates, refresh_never_refreshed, show_renewal};

use super::{AnyConnection, Store, StoreError, schema::terminal, search::Search};
use diesel::prelude::*;
use jiff::Timestamp;
use matching::{matching, sorted};
use page::LONGEST_PAGE;
use rows::rows;

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
    /// Words each of which occurs in 端末名, 設置場所, CN or tenant, or begins the serial with four digits or more; case and
    /// width do not matter.
    pub search: String,
    /// Some only.
    pub filter: Option<ListFilter>,
    /// In which order.
    pub sort: ListSort,
    /// The other way round.
    pub descending: bool,
    /// Beginning at 1; 0 counts as 1.
    pub page: u32,
    /// Where the page lies, from a page beside it: the database goes there at once. Else it counts `page` pages from
    /// the first row on, which takes the longer the more there are before.
    pub edge: Option<Edge>,
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
    /// Last attempt to renew: a problem code, or how far it has come: `issued`, `fetched`, `handed-over`, `started`
    /// (the first certificate was used), `renewed`.
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
    /// Whether there are more than `total`: of very many that a search finds over all tenants, only the first are
    /// counted.
    pub more_than_total: bool,
    /// 60日以内に期限切れ, in the whole view.
    pub expiring: u64,
    /// 更新に失敗, in the whole view.
    pub failing: u64,
    /// 新証明書が未使用, in the whole view.
    pub unused: u64,
    /// As of when the numbers are, if they are not of this moment: over all tenants, where these have many terminals,
    /// they are counted once a minute.
    pub counted_at: Option<Timestamp>,
    /// The page before; none on the first.
    pub previous: Option<Edge>,
    /// The page after; none on the last.
    pub next: Option<Edge>,
}

type AnyBackend = <AnyConnection as diesel::Connection>::Backend;
pub(super) type Terminals = terminal::BoxedQuery<'static, AnyBackend>;

impl Store {
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
        self.read_at_length(move |connection| {
            let search = searched(connection, &scope, &query)?;
            let all = matching(&scope, &query, &search, now);
            let ids: Vec<i64> =
                sorted(all, query.sort, query.descending).select(terminal::id).load(connection)?;
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
}

/// What is searched. Over everything the index of names is asked; a few organisations' terminals are all looked at.
fn searched(
    connection: &mut AnyConnection,
    scope: &Scope,
    query: &TerminalQuery,
) -> Result<Search<i64>, StoreError> {
    match (scope, &query.tenant) {
        (Scope::Everything, None) => Search::of_terminals(connection, &query.search),
        _ => Ok(Search::of_few(&query.search)),
    }
}
