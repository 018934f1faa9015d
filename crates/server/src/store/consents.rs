//! Which vendors a clinic lets look after its terminals.

use super::{
    AnyConnection, AuditEvent, Store, StoreError, TenantKind, audit, instant,
    left_open::{self, Issuer},
    schema::{consent, tenant},
};
use diesel::prelude::*;
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// A consent, given or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// The clinic's id.
    pub clinic: String,
    /// The clinic's name.
    pub clinic_name: String,
    /// The vendor's id.
    pub vendor: String,
    /// The vendor's name.
    pub vendor_name: String,
    /// Since when.
    pub granted_at: Timestamp,
    /// Until when, if it has ended.
    pub withdrawn_at: Option<Timestamp>,
}

/// Which consents.
#[derive(Debug, Clone, Default)]
pub struct ConsentQuery {
    /// Those that this organisation gave or was given; everybody's without it.
    pub tenant: Option<String>,
    /// Only those that have ended, or only those in force.
    pub ended: Option<bool>,
    /// Beginning at 1; 0 counts as 1.
    pub page: u32,
    /// 1 to 500.
    pub per_page: u32,
}

/// One page of consents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentPage {
    /// The rows, the latest first.
    pub rows: Vec<ConsentRow>,
    /// How many the query has on all pages.
    pub total: u64,
}

/// Rows a page at most.
const LONGEST_PAGE: u32 = 500;

type AnyBackend = <AnyConnection as diesel::Connection>::Backend;
type Columns = (String, String, i64, Option<i64>);

impl Store {
    /// Lets `vendor` see `clinic`.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when it may already.
    pub async fn grant_consent(
        &self,
        clinic: &str,
        vendor: &str,
        administrator_id: i64,
        event: AuditEvent,
    ) -> Result<(), StoreError> {
        let (clinic, vendor) = (clinic.to_owned(), vendor.to_owned());
        self.write(move |connection| {
            diesel::insert_into(consent::table)
                .values((
                    consent::clinic.eq(&clinic),
                    consent::vendor.eq(&vendor),
                    consent::granted_by.eq(administrator_id),
                    consent::granted_at.eq(event.at.as_second()),
                ))
                .execute(connection)?;
            audit::record(connection, &event)
        })
        .await
    }

    /// Ends the consent, and what the vendor still had open in the clinic: its recovery
    /// codes, and certificates that wait to be carried. `false` when there is none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn withdraw_consent(
        &self,
        clinic: &str,
        vendor: &str,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let (clinic, vendor) = (clinic.to_owned(), vendor.to_owned());
        self.write(move |connection| {
            let given = consent::table
                .filter(consent::clinic.eq(&clinic))
                .filter(consent::vendor.eq(&vendor))
                .filter(consent::withdrawn_at.is_null());
            let changed = diesel::update(given)
                .set(consent::withdrawn_at.eq(Some(event.at.as_second())))
                .execute(connection)?;
            if changed > 0 {
                let issuer = Issuer::Vendor { clinic: &clinic, vendor: &vendor };
                left_open::end(connection, &issuer, &event)?;
                audit::record(connection, &event)?;
            }
            Ok(changed > 0)
        })
        .await
    }

    /// Whether `clinic` lets `vendor` see it now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn consents_to(&self, clinic: &str, vendor: &str) -> Result<bool, StoreError> {
        let (clinic, vendor) = (clinic.to_owned(), vendor.to_owned());
        self.read(move |connection| {
            let count: i64 = consent::table
                .filter(consent::clinic.eq(&clinic))
                .filter(consent::vendor.eq(&vendor))
                .filter(consent::withdrawn_at.is_null())
                .count()
                .get_result(connection)?;
            Ok(count > 0)
        })
        .await
    }

    /// The vendors that `clinic` could let in and has not: ids and names, by id.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn vendors(&self, clinic: &str) -> Result<Vec<(String, String)>, StoreError> {
        let clinic = clinic.to_owned();
        self.read(move |connection| {
            let let_in: Vec<String> = consent::table
                .filter(consent::clinic.eq(&clinic))
                .filter(consent::withdrawn_at.is_null())
                .select(consent::vendor)
                .load(connection)?;
            Ok(tenant::table
                .filter(tenant::kind.eq(TenantKind::Vendor.as_str()))
                .filter(tenant::suspended.eq(false))
                .filter(tenant::id.ne_all(let_in))
                .order(tenant::id)
                .select((tenant::id, tenant::name))
                .load(connection)?)
        })
        .await
    }

    /// The clinics that let `vendor` see them now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn clinics_of(&self, vendor: &str) -> Result<Vec<String>, StoreError> {
        let vendor = vendor.to_owned();
        self.read(move |connection| {
            Ok(consent::table
                .filter(consent::vendor.eq(&vendor))
                .filter(consent::withdrawn_at.is_null())
                .order(consent::clinic)
                .select(consent::clinic)
                .load(connection)?)
        })
        .await
    }

    /// One page of consents, the latest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn consents(&self, query: ConsentQuery) -> Result<ConsentPage, StoreError> {
        self.read(move |connection| {
            let per_page = i64::from(query.per_page.clamp(1, LONGEST_PAGE));
            let total: i64 = matching(&query).count().get_result(connection)?;
            let rows: Vec<Columns> = matching(&query)
                .order(consent::id.desc())
                .limit(per_page)
                .offset(i64::from(query.page.saturating_sub(1)) * per_page)
                .select((consent::clinic, consent::vendor, consent::granted_at, consent::withdrawn_at))
                .load(connection)?;
            Ok(ConsentPage { rows: named(connection, rows)?, total: u64::try_from(total).unwrap_or(0) })
        })
        .await
    }

    /// The consent that is in force between the two, if any.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn consent(&self, clinic: &str, vendor: &str) -> Result<Option<ConsentRow>, StoreError> {
        let (clinic, vendor) = (clinic.to_owned(), vendor.to_owned());
        self.read(move |connection| {
            let rows: Vec<Columns> = consent::table
                .filter(consent::clinic.eq(&clinic))
                .filter(consent::vendor.eq(&vendor))
                .filter(consent::withdrawn_at.is_null())
                .select((consent::clinic, consent::vendor, consent::granted_at, consent::withdrawn_at))
                .load(connection)?;
            Ok(named(connection, rows)?.pop())
        })
        .await
    }
}

fn matching(query: &ConsentQuery) -> consent::BoxedQuery<'static, AnyBackend> {
    let mut consents = consent::table.into_boxed();
    if let Some(own) = query.tenant.clone() {
        consents = consents.filter(consent::clinic.eq(own.clone()).or(consent::vendor.eq(own)));
    }
    match query.ended {
        Some(true) => consents.filter(consent::withdrawn_at.is_not_null()),
        Some(false) => consents.filter(consent::withdrawn_at.is_null()),
        None => consents,
    }
}

/// Locks the consent until the end of the caller's transaction. `false` when there is none.
pub(super) fn hold(connection: &mut AnyConnection, clinic: &str, vendor: &str) -> Result<bool, StoreError> {
    let given = consent::table
        .filter(consent::clinic.eq(clinic))
        .filter(consent::vendor.eq(vendor))
        .filter(consent::withdrawn_at.is_null());
    let held = diesel::update(given).set(consent::granted_at.eq(consent::granted_at)).execute(connection)?;
    Ok(held == 1)
}

/// With the names of the organisations of one page.
fn named(connection: &mut AnyConnection, rows: Vec<Columns>) -> Result<Vec<ConsentRow>, StoreError> {
    let ids: BTreeSet<&String> = rows.iter().flat_map(|(clinic, vendor, ..)| [clinic, vendor]).collect();
    let names: HashMap<String, String> = tenant::table
        .filter(tenant::id.eq_any(ids))
        .select((tenant::id, tenant::name))
        .load(connection)?
        .into_iter()
        .collect();
    let name = |id: &String| names.get(id).cloned().unwrap_or_else(|| id.clone());
    rows.into_iter()
        .map(|(clinic, vendor, granted_at, withdrawn_at)| {
            Ok(ConsentRow {
                clinic_name: name(&clinic),
                vendor_name: name(&vendor),
                clinic,
                vendor,
                granted_at: instant(granted_at)?,
                withdrawn_at: withdrawn_at.map(instant).transpose()?,
            })
        })
        .collect()
}
