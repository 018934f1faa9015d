//! Tenants as operators see them: a list with numbers, and what can be changed.

use super::{
    AnyConnection, AuditEvent, Store, StoreError, Tenant, TenantKind, audit,
    connection::lock_terminal,
    instant, overview,
    schema::{consent, tenant, terminal},
    search::Search,
    tenants::searched,
};
use diesel::prelude::*;
use jiff::Timestamp;
use std::collections::HashMap;

/// Rows a page at most.
const LONGEST_PAGE: u32 = 500;

/// Which tenants.
#[derive(Debug, Clone, Default)]
pub struct TenantQuery {
    /// Words that all occur in id or name; case and width do not matter.
    pub search: String,
    /// Of one kind only.
    pub kind: Option<TenantKind>,
    /// Beginning at 1; 0 counts as 1.
    pub page: u32,
    /// At most 500; 0 counts as 50.
    pub per_page: u32,
}

/// A tenant in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// The tenant.
    pub tenant: Tenant,
    /// `HH:MM-HH:MM` in which it likes to be renewed; none for its service's.
    pub hours: Option<String>,
    /// Since when it is known.
    pub created_at: Timestamp,
    /// How many terminals it has.
    pub terminals: u64,
    /// 60日以内に期限切れ
    pub expiring: u64,
    /// Clinics that let it in, for a vendor.
    pub clinics: u64,
}

/// One page of the tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantPage {
    /// The rows, by name.
    pub rows: Vec<TenantRow>,
    /// How many the query has on all pages; without a search, where there are many terminals, as it was a moment ago.
    pub total: u64,
    /// As of when `total` is, if it is not of this moment.
    pub counted_at: Option<Timestamp>,
}

/// What an operator may change of a tenant. Its id and kind stay what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantChange {
    /// The clinic's name.
    pub name: String,
    /// The service it belongs to.
    pub service: String,
    /// `HH:MM-HH:MM`; none for the service's hours.
    pub hours: Option<String>,
}

type AnyBackend = <AnyConnection as diesel::Connection>::Backend;
pub(super) type Tenants = tenant::BoxedQuery<'static, AnyBackend>;
type Columns = (String, String, String, bool, String, Option<String>, i64);

/// Terminals whose searched text is brought up to date in one transaction.
const REFRESHED_AT_A_TIME: usize = 200;

impl Store {
    /// One page of all tenants.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn tenants(&self, query: TenantQuery, now: Timestamp) -> Result<TenantPage, StoreError> {
        let searched = !query.search.trim().is_empty();
        let kept = if searched { None } else { self.numbers(now).await? };
        self.read(move |connection| {
            let per_page = if query.per_page == 0 { 50 } else { query.per_page.min(LONGEST_PAGE) };
            let offset = i64::from(query.page.saturating_sub(1)) * i64::from(per_page);
            let search = Search::of_tenants(connection, &query.search)?;
            let all = || matching(&query, &search);
            let total = match &kept {
                Some(kept) => kept.answer.tenants(query.kind),
                None => number(all().count().get_result(connection)?),
            };
            let found = all().order((tenant::name, tenant::id)).limit(i64::from(per_page)).offset(offset);
            let counted_at = kept.as_ref().map(|kept| kept.at);
            Ok(TenantPage { rows: rows(connection, found, now)?, total, counted_at })
        })
        .await
    }

    /// One tenant with its numbers.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn tenant_row(&self, id: &str, now: Timestamp) -> Result<Option<TenantRow>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| {
            let one = tenant::table.into_boxed().filter(tenant::id.eq(id.clone()));
            Ok(rows(connection, one, now)?.pop())
        })
        .await
    }

    /// Changes a tenant, and what is searched of its terminals. `false` when there is no
    /// such tenant.
    ///
    /// The terminals follow in parts with transactions of their own: a large tenant's must
    /// not wait for each other. A crash between two parts leaves the rest under the old name
    /// in searches, until the tenant is saved again or the terminal changes.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn change_tenant(
        &self,
        id: &str,
        change: TenantChange,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let own_id = id.to_owned();
        let terminals = self
            .write(move |connection| {
                let changed = diesel::update(tenant::table.filter(tenant::id.eq(&own_id)))
                    .set((
                        tenant::name.eq(&change.name),
                        tenant::service.eq(&change.service),
                        tenant::preferred_hours.eq(&change.hours),
                        tenant::search_text.eq(searched(&own_id, &change.name)),
                    ))
                    .execute(connection)?;
                if changed == 0 {
                    return Ok(None);
                }
                audit::record(connection, &event)?;
                let of_tenant = terminal::table.filter(terminal::tenant_id.eq(&own_id));
                Ok(Some(of_tenant.order(terminal::id).select(terminal::id).load::<i64>(connection)?))
            })
            .await?;
        let Some(terminals) = terminals else { return Ok(false) };
        for part in terminals.chunks(REFRESHED_AT_A_TIME) {
            let part = part.to_vec();
            self.write(move |connection| {
                part.iter().try_for_each(|terminal_id| {
                    lock_terminal(connection, *terminal_id)?;
                    overview::refresh(connection, *terminal_id)
                })
            })
            .await?;
        }
        Ok(true)
    }
}

fn matching(query: &TenantQuery, search: &Search<String>) -> Tenants {
    let tenants = search.narrow(tenant::table.into_boxed());
    match query.kind {
        Some(kind) => tenants.filter(tenant::kind.eq(kind.as_str())),
        None => tenants,
    }
}

fn rows(
    connection: &mut AnyConnection,
    tenants: Tenants,
    now: Timestamp,
) -> Result<Vec<TenantRow>, StoreError> {
    let found: Vec<Columns> = tenants
        .select((
            tenant::id,
            tenant::name,
            tenant::service,
            tenant::suspended,
            tenant::kind,
            tenant::preferred_hours,
            tenant::created_at,
        ))
        .load(connection)?;
    let ids: Vec<String> = found.iter().map(|columns| columns.0.clone()).collect();
    let numbers = Numbers::of(connection, &ids, now)?;
    found
        .into_iter()
        .map(|(id, name, service, suspended, kind, hours, created_at)| {
            let of = |counts: &HashMap<String, i64>| number(counts.get(&id).copied().unwrap_or(0));
            Ok(TenantRow {
                hours,
                created_at: instant(created_at)?,
                terminals: of(&numbers.terminals),
                expiring: of(&numbers.expiring),
                clinics: of(&numbers.clinics),
                tenant: Tenant { name, service, suspended, kind: TenantKind::from_record(&kind)?, id },
            })
        })
        .collect()
}

/// How many of what each tenant has; those with none are not there.
struct Numbers {
    terminals: HashMap<String, i64>,
    expiring: HashMap<String, i64>,
    clinics: HashMap<String, i64>,
}

impl Numbers {
    fn of(connection: &mut AnyConnection, ids: &[String], now: Timestamp) -> Result<Self, StoreError> {
        let count = diesel::dsl::count_star();
        let terminals: Vec<(String, i64)> = terminal::table
            .filter(terminal::tenant_id.eq_any(ids))
            .group_by(terminal::tenant_id)
            .select((terminal::tenant_id, count))
            .load(connection)?;
        let expiring: Vec<String> = overview::expiring(terminal::table.into_boxed(), now)
            .filter(terminal::tenant_id.eq_any(ids.to_vec()))
            .select(terminal::tenant_id)
            .load(connection)?;
        let clinics: Vec<(String, i64)> = consent::table
            .filter(consent::vendor.eq_any(ids))
            .filter(consent::withdrawn_at.is_null())
            .group_by(consent::vendor)
            .select((consent::vendor, count))
            .load(connection)?;
        let mut by_tenant = HashMap::new();
        for tenant in expiring {
            *by_tenant.entry(tenant).or_insert(0) += 1;
        }
        Ok(Self {
            terminals: terminals.into_iter().collect(),
            expiring: by_tenant,
            clinics: clinics.into_iter().collect(),
        })
    }
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
