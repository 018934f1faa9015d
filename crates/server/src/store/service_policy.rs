//! What operators changed of a service on the site, over what the file says.

use super::{
    AuditEvent, Store, StoreError, audit,
    connection::{Lock, lock},
    instant,
    schema::service_policy,
};
use diesel::prelude::*;
use jiff::Timestamp;

/// Changed settings of a service, in the words of `koshin-server.toml`. What is empty is as
/// the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServicePolicy {
    /// With whom its certificates are shown: DNS names, some with `:port`.
    pub hosts: Option<Vec<String>>,
    /// Days before the end from which a certificate may be renewed.
    pub max_remaining_days: Option<u32>,
    /// `HH:MM-HH:MM`
    pub preferred_hours: Option<String>,
    /// Encryption of bundles.
    pub pkcs12: Option<String>,
    /// Iterations of key derivation in bundles.
    pub pkcs12_iterations: Option<u32>,
    /// Kind of the keys that the legacy door makes.
    pub legacy_key: Option<String>,
}

impl ServicePolicy {
    /// Whether everything is as the file says.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The changed settings of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePolicyRow {
    /// The service's id.
    pub service: String,
    /// What was changed.
    pub policy: ServicePolicy,
    /// When, last.
    pub changed_at: Timestamp,
    /// By whom, last.
    pub changed_by: String,
}

type Columns = (
    String,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    i64,
    String,
    Option<String>,
);
/// Between hosts in one column; no host has one.
const BETWEEN_HOSTS: &str = " ";

impl Store {
    /// The changed settings of all services.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn service_policies(&self) -> Result<Vec<ServicePolicyRow>, StoreError> {
        self.read(|connection| {
            let rows: Vec<Columns> = service_policy::table.order(service_policy::service).load(connection)?;
            rows.into_iter().map(into_row).collect()
        })
        .await
    }

    /// Puts `policy` in the place of what was changed before; an empty one is none at all.
    /// The event says when and who.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn set_service_policy(
        &self,
        service: &str,
        policy: ServicePolicy,
        event: AuditEvent,
    ) -> Result<(), StoreError> {
        let service = service.to_owned();
        self.write(move |connection| {
            // Two at once would insert the same row.
            lock(connection, Lock::Policies)?;
            diesel::delete(service_policy::table.filter(service_policy::service.eq(&service)))
                .execute(connection)?;
            if !policy.is_empty() {
                let hosts = policy.hosts.as_ref().map(|hosts| hosts.join(BETWEEN_HOSTS));
                diesel::insert_into(service_policy::table)
                    .values((
                        service_policy::service.eq(&service),
                        service_policy::max_remaining_days.eq(policy.max_remaining_days.map(i64::from)),
                        service_policy::preferred_hours.eq(&policy.preferred_hours),
                        service_policy::pkcs12.eq(&policy.pkcs12),
                        service_policy::pkcs12_iterations.eq(policy.pkcs12_iterations.map(i64::from)),
                        service_policy::legacy_key.eq(&policy.legacy_key),
                        service_policy::hosts.eq(hosts),
                        service_policy::changed_at.eq(event.at.as_second()),
                        service_policy::changed_by.eq(event.actor.clone().unwrap_or_default()),
                    ))
                    .execute(connection)?;
            }
            audit::record(connection, &event)
        })
        .await
    }
}

fn into_row(columns: Columns) -> Result<ServicePolicyRow, StoreError> {
    let (service, days, preferred_hours, pkcs12, iterations, legacy_key, changed_at, changed_by, hosts) =
        columns;
    let small = |number: Option<i64>| {
        number
            .map(|number| {
                u32::try_from(number)
                    .map_err(|_| StoreError::Corrupt(format!("policy of {service}: {number}")))
            })
            .transpose()
    };
    let policy = ServicePolicy {
        hosts: hosts.map(|hosts| hosts.split(BETWEEN_HOSTS).map(str::to_owned).collect()),
        max_remaining_days: small(days)?,
        pkcs12_iterations: small(iterations)?,
        preferred_hours,
        pkcs12,
        legacy_key,
    };
    Ok(ServicePolicyRow { policy, changed_at: instant(changed_at)?, changed_by, service })
}
