//! 通知設定: what is set, by whom, and the try-outs. All of it is done with an
//! [`OrganisationNotices`], which only somebody gets who may.

use super::{
    Actor, Notices, SecondFactorKey, SiteError,
    notice_feed::token_hash,
    second_factor::SealError,
    site_authority::{Action, permit},
};
use crate::{
    entropy,
    notices::{
        Setback,
        mail_address::MailAddress,
        text::Language,
        webhook::{OutgoingWebhook, UrlError, WebhookUrl, origin},
    },
    store::{
        AuditKind, Channel, DeliveryState, MailRecipient, NoticeSettings, SettingsChange, StoreError, Webhook,
    },
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// More recipients of one organisation are a typing error or an abuse.
const MAX_RECIPIENTS: usize = 20;
/// Longer URLs are none that a receiver gives out, and fit into no index.
const MOST_URL_BYTES: usize = 1000;
/// So many tests an hour are enough to find a mistake, and too few to annoy anybody.
const TESTS: (i64, SignedDuration) = (10, SignedDuration::from_hours(1));

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NoticeSettingsError {
    /// No mail address.
    #[error("{0:?} is no mail address that can be used: write NAME@HOST in ASCII")]
    Address(String),
    /// Too many of them.
    #[error("at most {MAX_RECIPIENTS} mail addresses can be set; use a mailing list")]
    TooManyRecipients,
    /// No URL for webhooks.
    #[error("the webhook's URL {0:?} cannot be used: {1}")]
    Webhook(String, UrlError),
    /// No webhook is set.
    #[error("there is no webhook")]
    NoWebhook,
    /// Tests go only to who gets notices.
    #[error("{0:?} gets no notices, and so no tests")]
    NoRecipient(String),
    /// Enough tests for this hour.
    #[error("there were enough tests in the last hour: try again later")]
    TooManyTests,
    /// No mail server is named.
    #[error("the configuration names no mail server: fill in [mail]")]
    NoMailServer,
    /// No such organisation.
    #[error("there is no tenant {0:?}")]
    UnknownTenant(String),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The records.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who is to get mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailWish {
    /// Whether anything is mailed.
    pub mail: bool,
    /// Whether the organisation's administrators get it.
    pub administrators: bool,
    /// The language of the administrators' mails and of the calendar feed.
    pub language: Language,
    /// Who else gets it.
    pub recipients: Vec<MailRecipient>,
    /// The terminals renew by themselves: tell of failures only.
    pub unattended: bool,
}

/// The notices of one organisation, in the hands of somebody who may set them.
/// [`Notices::of`] alone makes one, and asks whether they may.
pub struct OrganisationNotices {
    pub(super) notices: Notices,
    pub(super) tenant_id: String,
    actor: Actor,
}

impl Notices {
    /// The notices of an organisation, for somebody who may see and set them.
    ///
    /// # Errors
    /// What the table refuses; the store.
    pub async fn of(&self, actor: &Actor, tenant: &str) -> Result<OrganisationNotices, SiteError> {
        permit(&self.store, actor, Action::SetNotices, tenant).await?;
        Ok(OrganisationNotices { notices: self.clone(), tenant_id: tenant.to_owned(), actor: actor.clone() })
    }

    /// Sends a test and records how it ended.
    async fn try_out(&self, id: i64, test: Test, now: Timestamp) {
        let outcome = match test {
            Test::Mail(MailRecipient { address, language }) => {
                let language = Language::from_tag(&language);
                let sent = self.send_test_mail(&address, language, now).await;
                sent.map_err(|error| (error.setback(), error.to_string()))
            }
            Test::Webhook(url, secret) => {
                let id = format!("test-{}", hex::encode(entropy::bytes::<8>()));
                let body = json!({ "id": id, "event": "test", "at": now }).to_string().into_bytes();
                let webhook = OutgoingWebhook { url: &url, secret: &secret, id, body };
                let sent = self.webhooks.send(&webhook, now).await;
                sent.map_err(|error| (error.setback(), error.to_string()))
            }
        };
        let (state, answer) = match outcome {
            Ok(()) => (DeliveryState::Sent, None),
            Err((Setback::Refused, answer)) => (DeliveryState::Bounced, Some(answer)),
            Err((Setback::Later | Setback::ChannelDown, answer)) => (DeliveryState::Failed, Some(answer)),
        };
        if let Err(error) = self.store.end_tryout(id, state, answer, now).await {
            tracing::warn!(%error, "the result of a test was not recorded");
        }
    }
}

impl OrganisationNotices {
    /// Replaces who gets an organisation's mail, and whether its terminals renew by themselves.
    ///
    /// # Errors
    /// Addresses that are none, an unknown organisation, the store.
    pub async fn set_mail(&self, wish: MailWish, now: Timestamp) -> Result<(), NoticeSettingsError> {
        if wish.recipients.len() > MAX_RECIPIENTS {
            return Err(NoticeSettingsError::TooManyRecipients);
        }
        let odd = wish.recipients.iter().find(|added| MailAddress::parse(&added.address).is_err());
        if let Some(odd) = odd {
            return Err(NoticeSettingsError::Address(odd.address.clone()));
        }
        let added: Vec<&str> = wish.recipients.iter().map(|added| added.address.as_str()).collect();
        let detail = format!(
            "mail {}, administrators {} ({}), added [{}], unattended {}",
            wish.mail,
            wish.administrators,
            wish.language.as_str(),
            added.join(", "),
            wish.unattended
        );
        let change = move |settings: &mut NoticeSettings| {
            settings.mail = wish.mail;
            settings.administrators = wish.administrators;
            wish.language.as_str().clone_into(&mut settings.language);
            settings.recipients.clone_from(&wish.recipients);
            settings.unattended = wish.unattended;
            true
        };
        self.change((AuditKind::NoticesSet, detail), change, now).await
    }

    /// Sets the webhook of an organisation. Returns the secret with which its notices are
    /// signed: it is made here, kept sealed, and shown once.
    ///
    /// # Errors
    /// A URL that is none, an unknown organisation, the store.
    pub async fn set_webhook(&self, url: &str, now: Timestamp) -> Result<SecretString, NoticeSettingsError> {
        let unusable = |error| NoticeSettingsError::Webhook(url.to_owned(), error);
        if url.len() > MOST_URL_BYTES {
            return Err(unusable(UrlError::TooLong));
        }
        WebhookUrl::parse(url, self.notices.private_webhooks).map_err(unusable)?;
        let (secret, sealed) = self.fresh_secret()?;
        let webhook = Webhook { url: url.to_owned(), sealed };
        let change = move |settings: &mut NoticeSettings| {
            settings.webhook = Some(webhook.clone());
            true
        };
        // What comes after the host may be what the receiver takes for a password.
        self.change((AuditKind::WebhookSet, origin(url)), change, now).await?;
        Ok(secret)
    }

    /// Gives the webhook another secret; the one before signs nothing any more.
    ///
    /// # Errors
    /// [`NoticeSettingsError::NoWebhook`], the store.
    pub async fn renew_webhook_secret(&self, now: Timestamp) -> Result<SecretString, NoticeSettingsError> {
        let settings = self.notices.store.notice_settings(&self.tenant_id).await?;
        let shown = origin(&settings.webhook.ok_or(NoticeSettingsError::NoWebhook)?.url);
        let (secret, sealed) = self.fresh_secret()?;
        // One that was taken away meanwhile does not come back, and one that was changed stays.
        let change = move |settings: &mut NoticeSettings| match &mut settings.webhook {
            Some(webhook) => {
                webhook.sealed.clone_from(&sealed);
                true
            }
            None => false,
        };
        self.change((AuditKind::WebhookSet, shown), change, now).await?;
        Ok(secret)
    }

    /// A secret for the webhook, and how it is kept.
    fn fresh_secret(&self) -> Result<(SecretString, Vec<u8>), SealError> {
        let secret = entropy::token();
        let owner = secret_owner(&self.tenant_id);
        let sealed = self.notices.key.seal_bytes(secret.expose_secret().as_bytes(), &owner)?;
        Ok((secret, sealed))
    }

    /// Takes the webhook away.
    ///
    /// # Errors
    /// An unknown organisation, the store.
    pub async fn remove_webhook(&self, now: Timestamp) -> Result<(), NoticeSettingsError> {
        let change = |settings: &mut NoticeSettings| {
            settings.webhook = None;
            true
        };
        self.change((AuditKind::WebhookRemoved, String::new()), change, now).await
    }

    /// A new token for the calendar feed of an organisation; the one before opens nothing any
    /// more. It is shown once and not stored.
    ///
    /// # Errors
    /// An unknown organisation, the store.
    pub async fn open_feed(&self, now: Timestamp) -> Result<SecretString, NoticeSettingsError> {
        let token = entropy::token();
        let hash = token_hash(token.expose_secret());
        let change = move |settings: &mut NoticeSettings| {
            settings.calendar_token_hash = Some(hash.clone());
            true
        };
        self.change((AuditKind::FeedOpened, String::new()), change, now).await?;
        Ok(token)
    }

    /// Closes the calendar feed.
    ///
    /// # Errors
    /// An unknown organisation, the store.
    pub async fn close_feed(&self, now: Timestamp) -> Result<(), NoticeSettingsError> {
        let change = |settings: &mut NoticeSettings| {
            settings.calendar_token_hash = None;
            true
        };
        self.change((AuditKind::FeedClosed, String::new()), change, now).await
    }

    /// Lets an address get mail again. `false` when none came back from it.
    ///
    /// # Errors
    /// The store.
    pub async fn restore_address(&self, address: &str, now: Timestamp) -> Result<bool, NoticeSettingsError> {
        let tenant = self.tenant_id.as_str();
        let event = self.actor.event(AuditKind::AddressRestored, tenant, address.to_owned(), now);
        Ok(self.notices.store.restore_address(tenant, address, event).await?)
    }

    /// Sends a test to one of those who get notices. Answers its row once it is recorded; the
    /// sending goes on by itself, and its result is recorded.
    ///
    /// # Errors
    /// Somebody who gets no notices, too many tests, no mail server, the store.
    pub async fn send_test(
        &self,
        channel: Channel,
        recipient: &str,
        now: Timestamp,
    ) -> Result<tokio::task::JoinHandle<()>, NoticeSettingsError> {
        let (store, tenant) = (&self.notices.store, self.tenant_id.as_str());
        let settings = store.notice_settings(tenant).await?;
        let test = match channel {
            Channel::Mail => self.mail_test(&settings, recipient).await?,
            Channel::Webhook => {
                let webhook = settings.webhook.ok_or(NoticeSettingsError::NoWebhook)?;
                Test::Webhook(webhook.url, open_secret(&self.notices.key, tenant, &webhook.sealed)?)
            }
        };
        let to = test.recipient().to_owned();
        let detail = format!("{}: {}", channel.as_str(), test.shown());
        let event = self.actor.event(AuditKind::NoticeTested, tenant, detail, now);
        let since = now.checked_sub(TESTS.1).unwrap_or(Timestamp::MIN);
        let begun = store.begin_tryout(channel, &to, (TESTS.0, since), event).await?;
        let id = begun.ok_or(NoticeSettingsError::TooManyTests)?;
        let notices = self.notices.clone();
        Ok(tokio::spawn(async move { notices.try_out(id, test, now).await }))
    }

    async fn mail_test(
        &self,
        settings: &NoticeSettings,
        recipient: &str,
    ) -> Result<Test, NoticeSettingsError> {
        if self.notices.mailer.is_none() {
            return Err(NoticeSettingsError::NoMailServer);
        }
        let tenant = self.tenant_id.as_str();
        let administrators = self.notices.store.administrator_mails(Some(tenant)).await?.remove(tenant);
        // Whoever is told of anything.
        let all = settings.told_of_events(&administrators.unwrap_or_default());
        let known = all.into_iter().find(|known| known.address == recipient);
        let known = known.ok_or_else(|| NoticeSettingsError::NoRecipient(recipient.to_owned()))?;
        Ok(Test::Mail(known))
    }

    async fn change(
        &self,
        (kind, detail): (AuditKind, String),
        change: impl Fn(&mut NoticeSettings) -> bool + Send + 'static,
        now: Timestamp,
    ) -> Result<(), NoticeSettingsError> {
        let tenant = self.tenant_id.as_str();
        let event = self.actor.event(kind, tenant, detail, now);
        match self.notices.store.change_notice_settings(tenant, change, event).await? {
            SettingsChange::Done => Ok(()),
            SettingsChange::Declined => Err(NoticeSettingsError::NoWebhook),
            SettingsChange::UnknownTenant => Err(NoticeSettingsError::UnknownTenant(tenant.to_owned())),
        }
    }
}

/// What is tried out.
enum Test {
    Mail(MailRecipient),
    Webhook(String, SecretString),
}

impl Test {
    fn recipient(&self) -> &str {
        match self {
            Self::Mail(recipient) => &recipient.address,
            Self::Webhook(url, _) => url,
        }
    }

    /// For the trail, which is kept for ever and shown to many.
    fn shown(&self) -> String {
        match self {
            Self::Mail(recipient) => recipient.address.clone(),
            Self::Webhook(url, _) => origin(url),
        }
    }
}

/// A webhook's secret is sealed for its organisation. No login begins with a line end, so no
/// second factor can be passed off as one.
fn secret_owner(tenant: &str) -> String {
    format!("\nwebhook\n{tenant}")
}

/// The secret of a webhook, opened to sign with it.
pub(super) fn open_secret(
    key: &SecondFactorKey,
    tenant: &str,
    sealed: &[u8],
) -> Result<SecretString, SealError> {
    opened(key, sealed, &secret_owner(tenant))
}

/// A link waits for its mail sealed for the organisation and the address that it is for.
fn link_owner(tenant: &str, address: &str) -> String {
    format!("\nlink\n{tenant}\n{address}")
}

/// Seals the token of a link until it has been mailed.
pub(super) fn seal_link(
    key: &SecondFactorKey,
    tenant: &str,
    address: &str,
    token: &SecretString,
) -> Result<Vec<u8>, SealError> {
    key.seal_bytes(token.expose_secret().as_bytes(), &link_owner(tenant, address))
}

/// Opens what [`seal_link`] sealed for the same organisation and address.
pub(super) fn open_link(
    key: &SecondFactorKey,
    tenant: &str,
    address: &str,
    sealed: &[u8],
) -> Result<SecretString, SealError> {
    opened(key, sealed, &link_owner(tenant, address))
}

fn opened(key: &SecondFactorKey, sealed: &[u8], owner: &str) -> Result<SecretString, SealError> {
    let opened = key.open_bytes(sealed, owner)?;
    let text = std::str::from_utf8(&opened).map_err(|_| SealError::Foreign)?;
    Ok(SecretString::from(text))
}
