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
    /// When and by whom, if anything was.
    pub changed: Option<(Timestamp, String)>,
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
        self.services.store(Arc::new(services));
        Ok(())
    }

    /// All services with their policies.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn service_views(&self, actor: &Actor) -> Result<Vec<ServiceView>, SiteError> {
        self.permit_operator(actor, Action::SetPolicies).await?;
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
        let before = self.service_view(actor, id).await?.policy;
        let service = self.config.services.get(id).ok_or(SiteError::NotFound)?;
        service.changed(id, &policy).map_err(SiteError::Policy)?;
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
    let setting = |setting| SettingView {
        setting,
        default: service.setting(setting),
        changed: changed(&policy, setting),
    };
    ServiceView {
        id: id.to_owned(),
        name: service.name.clone(),
        years: service.validity.years,
        settings: PolicySetting::ALL.into_iter().map(setting).collect(),
        changed: row.map(|row| (row.changed_at, row.changed_by.clone())),
        policy,
    }
}

fn changed(policy: &ServicePolicy, setting: PolicySetting) -> Option<String> {
    match setting {
        PolicySetting::Window => policy.max_remaining_days.map(|days| days.to_string()),
        PolicySetting::Hours => policy.preferred_hours.clone(),
        PolicySetting::Profile => policy.pkcs12.clone(),
        PolicySetting::Iterations => policy.pkcs12_iterations.map(|number| number.to_string()),
        PolicySetting::LegacyKey => policy.legacy_key.clone(),
    }
}

/// What is as the file says follows the file when that changes.
fn without_defaults(policy: ServicePolicy, service: &Service) -> ServicePolicy {
    let differs = |setting| {
        let changed = changed(&policy, setting);
        changed.is_some_and(|changed| changed != service.setting(setting))
    };
    ServicePolicy {
        max_remaining_days: policy.max_remaining_days.filter(|_| differs(PolicySetting::Window)),
        preferred_hours: policy.preferred_hours.clone().filter(|_| differs(PolicySetting::Hours)),
        pkcs12: policy.pkcs12.clone().filter(|_| differs(PolicySetting::Profile)),
        pkcs12_iterations: policy.pkcs12_iterations.filter(|_| differs(PolicySetting::Iterations)),
        legacy_key: policy.legacy_key.clone().filter(|_| differs(PolicySetting::LegacyKey)),
    }
}

/// For the trail.
fn words(policy: &ServicePolicy) -> String {
    let changed: Vec<String> = PolicySetting::ALL
        .into_iter()
        .filter_map(|setting| Some(format!("{} = {:?}", setting.key(), changed(policy, setting)?)))
        .collect();
    if changed.is_empty() { "as the file says".to_owned() } else { changed.join(", ") }
}
