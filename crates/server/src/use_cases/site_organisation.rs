//! What an organisation's administrators do beside certificates: accounts, consents, the
//! trail.

use super::{
    Koshin, SiteError,
    site_authority::{Action, Actor},
};
use crate::store::{AdministratorRow, AuditKind, AuditRow, ConsentRow, StoreError, TenantKind, TrailQuery};
use jiff::Timestamp;

/// Events a page at most.
const LONGEST_PAGE: u32 = 1000;

impl Koshin {
    /// The administrators of an organisation.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn administrators(
        &self,
        actor: &Actor,
        tenant: &str,
    ) -> Result<Vec<AdministratorRow>, SiteError> {
        self.permit_site(actor, Action::SeeAdministrators, tenant).await?;
        Ok(self.store.administrators(tenant).await?)
    }

    /// Disables an account; its sessions end at once.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::LastAdministrator`].
    pub async fn disable_administrator(
        &self,
        actor: &Actor,
        id: i64,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let account = self.store.administrator(id).await?.ok_or(SiteError::NotFound)?;
        self.permit_site(actor, Action::DisableAdministrator, &account.tenant_id).await?;
        let detail = format!("{} ({})", account.login, account.mail);
        let event = actor.event(AuditKind::AdministratorDisabled, &account.tenant_id, detail, now);
        match self.store.disable_administrator(id, event).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SiteError::NotFound),
            Err(StoreError::Conflict(_)) => Err(SiteError::LastAdministrator),
            Err(error) => Err(error.into()),
        }
    }

    /// The consents that the actor's organisation gave or was given; an operator's all.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn consents(&self, actor: &Actor) -> Result<Vec<ConsentRow>, SiteError> {
        self.permit_site(actor, Action::SeeConsents, &actor.tenant_id).await?;
        let own = (actor.kind != TenantKind::Operator).then(|| actor.tenant_id.clone());
        Ok(self.store.consents(own).await?)
    }

    /// Lets a vendor look after the actor's own clinic.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NoSuchVendor`], [`SiteError::ConsentExists`].
    pub async fn grant_consent(&self, actor: &Actor, vendor: &str, now: Timestamp) -> Result<(), SiteError> {
        self.permit_site(actor, Action::GrantConsent, &actor.tenant_id).await?;
        // Nobody speaks for a clinic without an account of it.
        let administrator = actor.administrator_id.ok_or(SiteError::Forbidden)?;
        let known = self.store.tenant(vendor).await?;
        if known.is_none_or(|tenant| tenant.kind != TenantKind::Vendor) {
            return Err(SiteError::NoSuchVendor);
        }
        let event = actor.event(AuditKind::ConsentGranted, &actor.tenant_id, format!("vendor {vendor}"), now);
        match self.store.grant_consent(&actor.tenant_id, vendor, administrator, event).await {
            Err(StoreError::Exists(_)) => Err(SiteError::ConsentExists),
            other => Ok(other?),
        }
    }

    /// Ends a consent: the vendor sees the clinic no more from now on.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`] when there is none.
    pub async fn withdraw_consent(
        &self,
        actor: &Actor,
        clinic: &str,
        vendor: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_site(actor, Action::WithdrawConsent, clinic).await?;
        let event = actor.event(AuditKind::ConsentWithdrawn, clinic, format!("vendor {vendor}"), now);
        match self.store.withdraw_consent(clinic, vendor, event).await? {
            true => Ok(()),
            false => Err(SiteError::NotFound),
        }
    }

    /// 操作履歴, newest first: of one tenant, or of all for who may see all.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn audit_page(
        &self,
        actor: &Actor,
        tenant: Option<&str>,
        before_id: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, SiteError> {
        let tenant = match tenant {
            None if actor.kind == TenantKind::Operator => None,
            None => Some(actor.tenant_id.clone()),
            Some(tenant) => Some(tenant.to_owned()),
        };
        // An operator's own trail is as much as everybody's to a token's scope.
        let asked = tenant.as_deref().unwrap_or(&actor.tenant_id);
        self.permit_site(actor, Action::SeeTrail, asked).await?;
        let query = TrailQuery { tenant, common_name: None, before_id, limit: limit.min(LONGEST_PAGE) };
        Ok(self.store.trail(query).await?)
    }
}
