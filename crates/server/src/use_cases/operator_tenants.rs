//! テナント: what operators see of all tenants, and do to them.

use super::{
    FieldRefusal, Koshin, SiteError,
    site_authority::{Action, Actor},
    site_invitation::text,
};
use crate::{
    config::preferred_hours,
    store::{AuditKind, StoreError, Tenant, TenantChange, TenantKind, TenantPage, TenantQuery, TenantRow},
};
use jiff::Timestamp;

/// Characters of an organization (O) in a certificate (RFC 5280, appendix A).
const LONGEST_ID: usize = 64;

/// A tenant to be added.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Identifier, which is also the organization (O) in its certificates.
    pub id: String,
    /// What it is to the service.
    pub kind: TenantKind,
    /// The rest, which can be changed later.
    pub rest: TenantChange,
}

/// One tenant.
#[derive(Debug, Clone)]
pub struct TenantDetail {
    /// As in the list.
    pub row: TenantRow,
    /// The name of its service.
    pub service_name: String,
    /// The hours of its service, in the words of the file.
    pub service_hours: String,
    /// How many active administrators it has.
    pub administrators: usize,
}

impl Koshin {
    /// One page of all tenants.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn tenants(
        &self,
        actor: &Actor,
        query: TenantQuery,
        now: Timestamp,
    ) -> Result<TenantPage, SiteError> {
        self.permit_operator(actor, Action::SeeTenants).await?;
        Ok(self.store.tenants(query, now).await?)
    }

    /// One tenant.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`].
    pub async fn tenant(&self, actor: &Actor, id: &str, now: Timestamp) -> Result<TenantDetail, SiteError> {
        self.permit_operator(actor, Action::SeeTenants).await?;
        let row = self.store.tenant_row(id, now).await?.ok_or(SiteError::NotFound)?;
        let administrators = self.store.administrators(id).await?;
        let service = self.services.load().get(&row.tenant.service).cloned();
        let of = |setting| service.as_ref().map(|service| service.setting(setting)).unwrap_or_default();
        Ok(TenantDetail {
            service_hours: of(crate::config::PolicySetting::Hours),
            service_name: service
                .as_ref()
                .map_or_else(|| row.tenant.service.clone(), |service| service.name.clone()),
            administrators: administrators.iter().filter(|account| account.active).count(),
            row,
        })
    }

    /// Ids and names of the services that a tenant can belong to.
    pub fn service_names(&self) -> Vec<(String, String)> {
        let services = self.services.load();
        services.iter().map(|(id, service)| (id.clone(), service.name.clone())).collect()
    }

    /// Adds a tenant.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Field`]; [`SiteError::TenantExists`].
    pub async fn add_tenant(&self, actor: &Actor, new: NewTenant, now: Timestamp) -> Result<(), SiteError> {
        self.permit_operator(actor, Action::ChangeTenants).await?;
        let id = tenant_id(&new.id)?;
        let TenantChange { name, service, hours } = self.checked(new.rest)?;
        let detail = format!("{name:?}, service {service}, {}", new.kind.as_str());
        let event = actor.event(AuditKind::TenantAdded, &id, detail, now);
        let tenant = Tenant { id, name, service, suspended: false, kind: new.kind };
        match self.store.add_tenant_with_hours(tenant, hours, now, event).await {
            Err(StoreError::Exists(_)) => Err(SiteError::TenantExists),
            other => Ok(other?),
        }
    }

    /// Changes name, service and hours of a tenant.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Field`]; [`SiteError::NotFound`].
    pub async fn change_tenant(
        &self,
        actor: &Actor,
        id: &str,
        change: TenantChange,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_operator(actor, Action::ChangeTenants).await?;
        let before = self.store.tenant_row(id, now).await?.ok_or(SiteError::NotFound)?;
        let change = self.checked(change)?;
        let before =
            TenantChange { name: before.tenant.name, service: before.tenant.service, hours: before.hours };
        if change == before {
            return Ok(());
        }
        let detail = format!("{} becomes {}", words(&before), words(&change));
        let event = actor.event(AuditKind::TenantChanged, id, detail, now);
        match self.store.change_tenant(id, change, event).await? {
            true => Ok(()),
            false => Err(SiteError::NotFound),
        }
    }

    /// Suspends a tenant, or lets it in again. All its certificates are refused while it is
    /// suspended; what its administrators left open ends for good: sessions, tokens, recovery
    /// codes, and certificates that wait to be downloaded.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`]; [`SiteError::OwnOrganisation`].
    pub async fn suspend_tenant(
        &self,
        actor: &Actor,
        id: &str,
        suspended: bool,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_operator(actor, Action::ChangeTenants).await?;
        if id == actor.tenant_id {
            return Err(SiteError::OwnOrganisation);
        }
        let kind = if suspended { AuditKind::TenantSuspended } else { AuditKind::TenantResumed };
        let event = actor.event(kind, id, String::new(), now);
        let done = if suspended {
            self.store.suspend_tenant_if_another_operates(id, event).await
        } else {
            self.store.suspend_tenant(id, false, event).await
        };
        match done {
            Ok(true) => Ok(()),
            Ok(false) => Err(SiteError::NotFound),
            // The actor's own organisation was suspended at this very moment.
            Err(StoreError::Conflict(_)) => Err(SiteError::Forbidden),
            Err(error) => Err(error.into()),
        }
    }

    fn checked(&self, change: TenantChange) -> Result<TenantChange, SiteError> {
        let refused = |field| SiteError::Field(field);
        let name = text(&change.name, FieldRefusal::TenantName)?;
        if !self.config.services.contains_key(&change.service) {
            return Err(refused(FieldRefusal::Service));
        }
        let hours = change.hours.map(|hours| hours.trim().to_owned()).filter(|hours| !hours.is_empty());
        if hours.as_deref().is_some_and(|hours| preferred_hours(hours).is_none()) {
            return Err(refused(FieldRefusal::Hours));
        }
        Ok(TenantChange { name, service: change.service, hours })
    }
}

fn tenant_id(entered: &str) -> Result<String, SiteError> {
    let fits = (1..=LONGEST_ID).contains(&entered.chars().count()) && entered.trim() == entered;
    if fits && !entered.chars().any(char::is_control) {
        Ok(entered.to_owned())
    } else {
        Err(SiteError::Field(FieldRefusal::TenantId))
    }
}

/// For the trail.
fn words(change: &TenantChange) -> String {
    let TenantChange { name, service, hours } = change;
    format!("{name:?} of service {service}, hours {:?}", hours.as_deref().unwrap_or_default())
}
