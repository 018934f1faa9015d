//! Which vendors a clinic lets look after its terminals.

use super::{
    AnyConnection, AuditEvent, Store, StoreError, TenantKind, audit, instant,
    left_open::{self, Issuer},
    schema::{consent, tenant},
};
use diesel::prelude::*;
use jiff::Timestamp;
use std::collections::HashMap;

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

    /// The vendors that a clinic could let in: ids and names, by id.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn vendors(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|connection| {
            Ok(tenant::table
                .filter(tenant::kind.eq(TenantKind::Vendor.as_str()))
                .filter(tenant::suspended.eq(false))
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

    /// The consents that `tenant` gave or was given, or everybody's, the oldest first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn consents(&self, tenant: Option<String>) -> Result<Vec<ConsentRow>, StoreError> {
        self.read(move |connection| {
            let columns = (consent::clinic, consent::vendor, consent::granted_at, consent::withdrawn_at);
            let all = consent::table.order(consent::id).select(columns);
            let rows: Vec<(String, String, i64, Option<i64>)> = match &tenant {
                None => all.load(connection)?,
                Some(own) => {
                    all.filter(consent::clinic.eq(own).or(consent::vendor.eq(own))).load(connection)?
                }
            };
            let names = names(connection, &rows)?;
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
        })
        .await
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

fn names(
    connection: &mut AnyConnection,
    rows: &[(String, String, i64, Option<i64>)],
) -> Result<HashMap<String, String>, StoreError> {
    let ids: Vec<&String> = rows.iter().flat_map(|(clinic, vendor, ..)| [clinic, vendor]).collect();
    let pairs: Vec<(String, String)> =
        tenant::table.filter(tenant::id.eq_any(ids)).select((tenant::id, tenant::name)).load(connection)?;
    Ok(pairs.into_iter().collect())
}
