//! サービスと方針: what operators change on the site, over what the file says.
//!
//! Every node keeps the result in memory, so that a renewal reads no policy from the store:
//! it is read at the start, after each change here, and each minute for the other nodes'.

use super::{
    Koshin, SiteError,
    site_authority::{Action, Actor},
};
use crate::{
    config::{PolicySetting, Service},
    store::{AuditEvent, AuditKind, ServicePolicy, ServicePolicyRow, StoreError},
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// A service as operators see it.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Its id in the configuration.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Years for which its certificates are issued.
    pub years: i16,
    /// Its settings.
    pub settings: Vec<SettingView>,
    /// What was changed, in one piece.
    pub policy: ServicePolicy,
    /// What the file says, in one piece.
    pub file: ServicePolicy,
    /// When and by whom, if anything was.
    pub changed: Option<(Timestamp, String)>,
}

impl ServiceView {
    /// What holds, in one piece.
    pub fn in_force(&self) -> ServicePolicy {
        let (changed, file) = (self.policy.clone(), self.file.clone());
        ServicePolicy {
            hosts: changed.hosts.or(file.hosts),
            max_remaining_days: changed.max_remaining_days.or(file.max_remaining_days),
            preferred_hours: changed.preferred_hours.or(file.preferred_hours),
            pkcs12: changed.pkcs12.or(file.pkcs12),
            pkcs12_iterations: changed.pkcs12_iterations.or(file.pkcs12_iterations),
            legacy_key: changed.legacy_key.or(file.legacy_key),
        }
    }
}

/// A setting of a service, in the words of `koshin-server.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingView {
    /// Which.
    pub setting: PolicySetting,
    /// What the file says.
    pub default: String,
    /// What an operator put in its place.
    pub changed: Option<String>,
}

impl Koshin {
    /// Reads again what operators changed. A change that is not good any more, since the
    /// file or the program is another, is logged and leaves the service as the file says.
    ///
    /// # Errors
    /// When the store is out of reach; then everything stays as it was.
    pub async fn refresh_services(&self) -> Result<(), StoreError> {
        let rows = self.store.service_policies().await?;
        let changed = |id: &String, service: &Service| {
            let row = rows.iter().find(|row| row.service == *id)?;
            match service.changed(id, &row.policy) {
                Ok(service) => Some(service),
                Err(error) => {
                    tracing::error!(%error, "a policy made on the site cannot be used; the file's holds");
                    None
                }
            }
        };
        let services: BTreeMap<String, Arc<Service>> = self
            .config
            .services
            .iter()
            .map(|(id, service)| {
                let in_force = changed(id, service).unwrap_or_else(|| service.clone());
                (id.clone(), Arc::new(in_force))
            })
            .collect();
        self.keys.keep(services.values().map(|service| service.legacy_key));
        self.services.store(Arc::new(services));
        Ok(())
    }

    /// With whom the certificates of this service are shown; nobody's for a service that the
    /// configuration does not have any more.
    pub(super) fn hosts_of_service(&self, id: &str) -> Vec<String> {
        self.services.load().get(id).map(|service| service.hosts.clone()).unwrap_or_default()
    }

    /// All services with their policies.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn service_views(&self, actor: &Actor) -> Result<Vec<ServiceView>, SiteError> {
        self.permit_operator(actor, Action::SeePolicies).await?;
        let rows = self.store.service_policies().await?;
        Ok(self
            .config
            .services
            .iter()
            .map(|(id, service)| view(id, service, rows.iter().find(|row| row.service == *id)))
            .collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`].
    pub async fn service_view(&self, actor: &Actor, id: &str) -> Result<ServiceView, SiteError> {
        let views = self.service_views(actor).await?;
        views.into_iter().find(|view| view.id == id).ok_or(SiteError::NotFound)
    }

    /// Puts another policy in force, on this node at once and on the others within a
    /// minute. What is empty, or as the file says, is as the file says from now on.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Policy`] names the setting that cannot be meant.
    pub async fn set_service_policy(
        &self,
        actor: &Actor,
        id: &str,
        policy: ServicePolicy,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_operator(actor, Action::SetPolicies).await?;
        let service = self.config.services.get(id).ok_or(SiteError::NotFound)?;
        let rows = self.store.service_policies().await?;
        let before = rows.into_iter().find(|row| row.service == id).map(|row| row.policy).unwrap_or_default();
        let policy = ServicePolicy { hosts: policy.hosts.filter(|hosts| !hosts.is_empty()), ..policy };
        let checked = service.changed(id, &policy).map_err(SiteError::Policy)?;
        let policy = ServicePolicy { hosts: policy.hosts.map(|_| checked.hosts), ..policy };
        let policy = without_defaults(policy, service);
        if policy == before {
            return Ok(());
        }
        let detail = format!("service {id}: {} becomes {}", words(&before), words(&policy));
        let event = AuditEvent {
            tenant_id: None,
            ..actor.event(AuditKind::ServicePolicyChanged, &actor.tenant_id, detail, now)
        };
        self.store.set_service_policy(id, policy, event).await?;
        Ok(self.refresh_services().await?)
    }
}

fn view(id: &str, service: &Service, row: Option<&ServicePolicyRow>) -> ServiceView {
    let policy = row.map(|row| row.policy.clone()).unwrap_or_default();
    let setting = |setting: PolicySetting| SettingView {
        setting,
        default: service.setting(setting),
        changed: setting.word_in(&policy),
    };
    ServiceView {
        id: id.to_owned(),
        name: service.name.clone(),
        years: service.validity.years,
        settings: PolicySetting::ALL.into_iter().map(setting).collect(),
        changed: row.map(|row| (row.changed_at, row.changed_by.clone())),
        file: service.in_full(),
        policy,
    }
}

/// What is as the file says follows the file when that changes.
fn without_defaults(policy: ServicePolicy, service: &Service) -> ServicePolicy {
    let differs = |setting: PolicySetting| {
        setting.word_in(&policy).is_some_and(|changed| changed != service.setting(setting))
    };
    let [hosts, window, hours, profile, iterations, legacy_key] = PolicySetting::ALL.map(differs);
    ServicePolicy {
        hosts: policy.hosts.filter(|_| hosts),
        max_remaining_days: policy.max_remaining_days.filter(|_| window),
        preferred_hours: policy.preferred_hours.filter(|_| hours),
        pkcs12: policy.pkcs12.filter(|_| profile),
        pkcs12_iterations: policy.pkcs12_iterations.filter(|_| iterations),
        legacy_key: policy.legacy_key.filter(|_| legacy_key),
    }
}

/// For the trail.
fn words(policy: &ServicePolicy) -> String {
    let changed: Vec<String> = PolicySetting::ALL
        .into_iter()
        .filter_map(|setting| Some(format!("{} = {:?}", setting.key(), setting.word_in(policy)?)))
        .collect();
    if changed.is_empty() { "as the file says".to_owned() } else { changed.join(", ") }
}
