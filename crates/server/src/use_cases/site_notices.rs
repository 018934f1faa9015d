//! 通知設定 on the administration site: who may see and change it, and what is shown.

use super::{
    Feed, Koshin, MailWish, SiteError,
    site_authority::{Action, Actor, Relation, may},
};
use crate::store::{BouncedAddress, Channel, DeliveryRow, NoticeSettings, Scope, Tryout, Unreached};
use jiff::Timestamp;
use secrecy::SecretString;
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
    /// The last deliveries, newest first, each with the name of its terminal.
    pub deliveries: Vec<(DeliveryRow, String)>,
}

impl Koshin {
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

    /// Replaces who gets an organisation's mail.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Notices`].
    pub async fn set_notice_mail(
        &self,
        actor: &Actor,
        tenant: &str,
        wish: MailWish,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        Ok(self.notices()?.set_mail(actor, tenant, wish, now).await?)
    }

    /// Sets an organisation's webhook. Returns its secret, once.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Notices`].
    pub async fn set_notice_webhook(
        &self,
        actor: &Actor,
        tenant: &str,
        url: &str,
        now: Timestamp,
    ) -> Result<SecretString, SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        Ok(self.notices()?.set_webhook(actor, tenant, url, now).await?)
    }

    /// Gives an organisation's webhook another secret. Returns it, once.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Notices`].
    pub async fn renew_notice_webhook(
        &self,
        actor: &Actor,
        tenant: &str,
        now: Timestamp,
    ) -> Result<SecretString, SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        Ok(self.notices()?.renew_webhook_secret(actor, tenant, now).await?)
    }

    /// Takes an organisation's webhook away.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn remove_notice_webhook(
        &self,
        actor: &Actor,
        tenant: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        Ok(self.notices()?.remove_webhook(actor, tenant, now).await?)
    }

    /// Opens an organisation's calendar feed under a new address. Returns its token, once.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn open_notice_feed(
        &self,
        actor: &Actor,
        tenant: &str,
        now: Timestamp,
    ) -> Result<SecretString, SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        Ok(self.notices()?.open_feed(actor, tenant, now).await?)
    }

    /// Closes an organisation's calendar feed.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn close_notice_feed(
        &self,
        actor: &Actor,
        tenant: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        Ok(self.notices()?.close_feed(actor, tenant, now).await?)
    }

    /// Lets an address that mail came back from get mail again.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`] when none came back from it.
    pub async fn restore_notice_address(
        &self,
        actor: &Actor,
        tenant: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        match self.notices()?.restore_address(actor, tenant, address, now).await? {
            true => Ok(()),
            false => Err(SiteError::NotFound),
        }
    }

    /// Sends a test to one of those who get notices, and waits a little for its result. It is
    /// recorded whatever happens.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Notices`].
    pub async fn send_notice_test(
        &self,
        actor: &Actor,
        tenant: &str,
        channel: Channel,
        recipient: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        self.permit_site(actor, Action::SetNotices, tenant).await?;
        let sending = self.notices()?.send_test(actor, tenant, channel, recipient, now).await?;
        // It goes on when nobody waits for it any more.
        drop(timeout(PATIENCE, sending).await);
        Ok(())
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
