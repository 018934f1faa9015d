//! What an organisation's administrators do beside certificates: accounts, consents, the
//! trail.

use super::{
    Koshin, SiteError,
    audit_trail::ExportedEvent,
    site_authority::{Action, Actor},
};
use crate::store::{
    AdministratorRow, AuditKind, AuditRow, ConsentPage, ConsentQuery, ConsentRow, OpenInvitation, StoreError,
    Tenant, TenantKind, TrailQuery,
};
use jiff::Timestamp;

/// Events a page at most.
const LONGEST_PAGE: u32 = 1000;
/// Events of one part of an export: a reader of the database is not held for longer.
const PART: u32 = 1000;

impl Koshin {
    /// An organisation whose administrators the actor may see.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`].
    pub async fn organisation(&self, actor: &Actor, tenant: &str) -> Result<Tenant, SiteError> {
        self.permit_site(actor, Action::SeeAdministrators, tenant).await?;
        self.store.tenant(tenant).await?.ok_or(SiteError::NotFound)
    }

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

    /// One administrator's account.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn administrator(&self, actor: &Actor, id: i64) -> Result<AdministratorRow, SiteError> {
        let account = self.store.administrator(id).await?.ok_or(SiteError::NotFound)?;
        self.permit_site(actor, Action::SeeAdministrators, &account.tenant_id).await?;
        Ok(account)
    }

    /// The invitations and reset links of an organisation that nobody has used yet.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn open_invitations(
        &self,
        actor: &Actor,
        tenant: &str,
        now: Timestamp,
    ) -> Result<Vec<OpenInvitation>, SiteError> {
        self.permit_site(actor, Action::SeeAdministrators, tenant).await?;
        Ok(self.store.open_invitations(tenant, now).await?)
    }

    /// Takes back an invitation or reset link, named by its hash.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`] when somebody has used it.
    pub async fn withdraw_invitation(
        &self,
        actor: &Actor,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<OpenInvitation, SiteError> {
        let found = self.store.unused_invitation(token_hash).await?.ok_or(SiteError::NotFound)?;
        self.permit_site(actor, Action::InviteAdministrator, &found.tenant_id).await?;
        let detail = found.mail.clone();
        let event = actor.event(AuditKind::InvitationWithdrawn, &found.tenant_id, detail, now);
        match self.store.withdraw_invitation(token_hash, event).await? {
            true => Ok(found),
            false => Err(SiteError::NotFound),
        }
    }

    /// Lets a disabled account in again, with the password and second factors that it had.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`] when it is not disabled.
    pub async fn enable_administrator(
        &self,
        actor: &Actor,
        id: i64,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let account = self.administrator(actor, id).await?;
        self.permit_site(actor, Action::DisableAdministrator, &account.tenant_id).await?;
        let detail = format!("{} ({})", account.login, account.mail);
        let event = actor.event(AuditKind::AdministratorEnabled, &account.tenant_id, detail, now);
        match self.store.enable_administrator(id, event).await? {
            true => Ok(()),
            false => Err(SiteError::NotFound),
        }
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

    /// One page of the consents that the actor's organisation gave or was given; an
    /// operator's all. `query.tenant` is not asked.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn consents(&self, actor: &Actor, query: ConsentQuery) -> Result<ConsentPage, SiteError> {
        self.permit_site(actor, Action::SeeConsents, &actor.tenant_id).await?;
        let tenant = (actor.kind != TenantKind::Operator).then(|| actor.tenant_id.clone());
        Ok(self.store.consents(ConsentQuery { tenant, ..query }).await?)
    }

    /// The consent in force between the two, as far as the actor may end it.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`] when there is none.
    pub async fn consent(&self, actor: &Actor, clinic: &str, vendor: &str) -> Result<ConsentRow, SiteError> {
        self.permit_site(actor, Action::SeeConsents, clinic).await?;
        self.store.consent(clinic, vendor).await?.ok_or(SiteError::NotFound)
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
        // As in the list of those that can be let in.
        if known.is_none_or(|tenant| tenant.kind != TenantKind::Vendor || tenant.suspended) {
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

    /// The vendors that the actor's clinic could let in and has not: ids and names, by id.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn vendors(&self, actor: &Actor) -> Result<Vec<(String, String)>, SiteError> {
        self.permit_site(actor, Action::GrantConsent, &actor.tenant_id).await?;
        Ok(self.store.vendors(&actor.tenant_id).await?)
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
        let query =
            TrailQuery { tenant: tenant.map(str::to_owned), before_id, limit, ..TrailQuery::default() };
        self.history(actor, query).await
    }

    /// The part of the trail that `query` says, newest first. Without a tenant it is the
    /// actor's own, and everybody's for who may see all.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn history(&self, actor: &Actor, query: TrailQuery) -> Result<Vec<AuditRow>, SiteError> {
        let limit = query.limit.min(LONGEST_PAGE);
        self.permitted_trail(actor, TrailQuery { limit, ..query }).await
    }

    /// The same to take away, a part of it: the newest 1,000 events before `before_id`, each
    /// with the hash that it follows, so that it can be checked without this server. After the
    /// last part comes an empty one.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn export_history(
        &self,
        actor: &Actor,
        query: TrailQuery,
    ) -> Result<Vec<ExportedEvent>, SiteError> {
        let events = self.permitted_trail(actor, TrailQuery { limit: PART, ..query }).await?;
        let places = events.iter().filter_map(|event| event.position).collect();
        let hashes = self.store.hashes_before(places).await?;
        let hash = |event: &AuditRow| event.position.and_then(|position| hashes.get(&position).cloned());
        Ok(events.into_iter().map(|event| ExportedEvent { previous_hash: hash(&event), event }).collect())
    }

    async fn permitted_trail(
        &self,
        actor: &Actor,
        mut query: TrailQuery,
    ) -> Result<Vec<AuditRow>, SiteError> {
        if query.tenant.is_none() && actor.kind != TenantKind::Operator {
            query.tenant = Some(actor.tenant_id.clone());
        }
        // Everybody's trail is asked for like an operator's own: a token needs its scope for it.
        let asked = query.tenant.as_deref().unwrap_or(&actor.tenant_id);
        self.permit_site(actor, Action::SeeTrail, asked).await?;
        // The newest events shall have their places; without them they can be read all the same. Where nodes share the
        // records, one of them gives places each second: to wait here for its lock would hold up renewals.
        if !self.store.is_shared()
            && let Err(error) = self.store.link_events().await
        {
            tracing::warn!(%error, "the newest events are shown without their places in the chain");
        }
        Ok(self.store.trail(query).await?)
    }
}
