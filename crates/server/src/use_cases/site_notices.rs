//! 通知設定 on the administration site: what is shown, and to whom.

use super::{
    Feed, Koshin, NoticeSettingsError, OrganisationNotices, SiteError,
    site_authority::{Action, Actor, Relation, may},
};
use crate::store::{BouncedAddress, Channel, DeliveryRow, NoticeSettings, Scope, Tryout, Unreached};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::timeout;

/// Deliveries that are shown.
const DELIVERIES: u32 = 30;
/// Tests that are shown.
const TESTS: u32 = 5;
/// So long a page waits for a test to end, before it says that it is under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything about how an organisation is told.
#[derive(Debug, Clone)]
pub struct NoticePage {
    /// The organisation.
    pub tenant_id: String,
    /// Its name.
    pub tenant_name: String,
    /// What is set.
    pub settings: NoticeSettings,
    /// The addresses of its administrators.
    pub administrators: Vec<String>,
    /// Whether this server can mail at all.
    pub mails: bool,
    /// Addresses that mail came back from.
    pub bounced: Vec<BouncedAddress>,
    /// The last tests, newest first.
    pub tests: Vec<Tryout>,
    /// The last deliveries, newest first, each with the name of its terminal, if it is
    /// about one.
    pub deliveries: Vec<(DeliveryRow, Option<String>)>,
}

impl OrganisationNotices {
    /// Sends a test to one of those who get notices, and waits a little for its result. It is
    /// recorded whatever happens.
    ///
    /// # Errors
    /// As [`Self::send_test`].
    pub async fn send_test_and_wait(
        &self,
        channel: Channel,
        recipient: &str,
        now: Timestamp,
    ) -> Result<(), NoticeSettingsError> {
        let sending = self.send_test(channel, recipient, now).await?;
        // It goes on when nobody waits for it any more.
        drop(timeout(PATIENCE, sending).await);
        Ok(())
    }
}

impl Koshin {
    /// The notices of an organisation, for somebody who may see and set them.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn notices_of(&self, actor: &Actor, tenant: &str) -> Result<OrganisationNotices, SiteError> {
        self.notices()?.of(actor, tenant).await
    }

    /// The settings and deliveries of an organisation.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn notice_page(&self, actor: &Actor, tenant: &str) -> Result<NoticePage, SiteError> {
        self.permit_site(actor, Action::SeeNotices, tenant).await?;
        let known = self.store.tenant(tenant).await?.ok_or(SiteError::NotFound)?;
        let administrators = self.store.administrator_mails(Some(tenant)).await?.remove(tenant);
        Ok(NoticePage {
            settings: self.store.notice_settings(tenant).await?,
            administrators: administrators.unwrap_or_default(),
            mails: self.notices()?.mailer.is_some(),
            bounced: self.store.bounced_addresses(Some(tenant)).await?,
            tests: self.store.tryouts(tenant, TESTS).await?,
            deliveries: self.store.last_deliveries(tenant, DELIVERIES).await?,
            tenant_id: known.id,
            tenant_name: known.name,
        })
    }

    /// The organisations that mail does not reach, as far as the actor may do something
    /// about it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn unreached(&self, actor: &Actor) -> Result<Vec<Unreached>, SiteError> {
        let scope = if may(actor.kind, Action::SetNotices, Relation::Foreign) {
            Scope::Everything
        } else {
            Scope::Tenants(vec![actor.tenant_id.clone()])
        };
        Ok(self.store.unreached(scope).await?)
    }

    /// The calendar feed under `token`, for whoever has it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn notice_feed(&self, token: &str, now: Timestamp) -> Result<Feed, SiteError> {
        Ok(self.notices()?.feed(token, now).await?)
    }
}
