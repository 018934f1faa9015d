//! Notices: which are due and to whom, sending them, the calendar feed, and the settings.
//!
//! Planning and sending are two steps with the outbox between them. Planning writes what is
//! due; it may be repeated at any time and by any node. Sending leases one delivery, sends it
//! and records how it ended.

use super::{SecondFactorKey, notice_feed::FeedLimits, notice_settings::open_secret};
use crate::{
    config::{Config, Service},
    entropy,
    notices::{
        Setback, bounce,
        mail::{MailError, MailSetupError, Mailer, OutgoingMail},
        retry,
        text::{self, Language, Task},
        webhook::{OutgoingWebhook, WebhookSender, WebhookSetupError},
    },
    store::{
        AttemptEnd, Channel, Circles, DeliveryKey, DeliveryRow, DeliveryState, MailRecipient, NewDelivery,
        NoticeSettings, NoticedCertificate, ReturnedDelivery, Store, StoreError, Webhook,
    },
};
use jiff::{SignedDuration, Timestamp};
use koshin_policy::{
    Kind, calendar as dates,
    notice::{self, NoticeStanding, Renewing},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// Longer than any attempt lasts, with room for nodes whose clocks differ.
pub const LEASE: SignedDuration = SignedDuration::from_mins(10);
/// The configuration's sections for notices cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NoticeSetupError {
    /// Mail.
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    /// Webhooks.
    #[error(transparent)]
    Webhook(#[from] WebhookSetupError),
}

/// A test mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum TestMailError {
    /// No mail server is named.
    #[error("the configuration names no mail server: fill in [mail]")]
    NotConfigured,
    /// It was not taken.
    #[error(transparent)]
    Mail(#[from] MailError),
}

impl TestMailError {
    /// What it means for the recipient.
    pub fn setback(&self) -> Setback {
        match self {
            Self::NotConfigured => Setback::ChannelDown,
            Self::Mail(error) => error.setback(),
        }
    }
}

/// What a call of [`Notices::deliver_one`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing waits.
    Idle,
    /// One delivery came to its end.
    Ended(DeliveryState),
    /// One delivery is to be tried again.
    Again(Setback),
    /// The lease ran out during the attempt; another node has taken it over.
    LeaseLost,
}

/// Plans and sends notices.
#[derive(Clone)]
pub struct Notices {
    pub(super) store: Store,
    pub(super) host: String,
    services: BTreeMap<String, Service>,
    pub(super) mailer: Option<Mailer>,
    pub(super) webhooks: WebhookSender,
    pub(super) private_webhooks: bool,
    pub(super) key: SecondFactorKey,
    pub(super) feeds: Arc<FeedLimits>,
}

impl Notices {
    /// Notices over these records, sent as the configuration says. `key` seals the secrets of
    /// webhooks.
    ///
    /// # Errors
    /// When TLS for a channel cannot be set up.
    pub fn new(store: Store, config: &Config, key: SecondFactorKey) -> Result<Self, NoticeSetupError> {
        let mailer = config.mail.clone().map(|mail| Mailer::new(mail, &config.host)).transpose()?;
        Ok(Self {
            store,
            host: config.host.clone(),
            services: config.services.clone(),
            mailer,
            webhooks: WebhookSender::new(&config.webhook)?,
            private_webhooks: config.webhook.private_addresses,
            key,
            feeds: Arc::default(),
        })
    }

    /// Writes what is due into the outbox. Returns how many deliveries are new.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn plan(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.store.stop_needless_deliveries(now).await?;
        let ends = notice::ends_of_interest(now);
        let certificates = self.store.certificates_ending(ends).await?;
        if certificates.is_empty() {
            return Ok(0);
        }
        let around = Surroundings {
            settings: self.store.all_notice_settings().await?,
            administrators: self.store.administrator_mails(None).await?,
            bounced: self
                .store
                .bounced_addresses(None)
                .await?
                .into_iter()
                .map(|bounced| (bounced.tenant_id, bounced.address))
                .collect(),
            circles: self.store.circles().await?,
            planned: self.store.planned_deliveries(ends).await?.into_iter().collect(),
            mails: self.mailer.is_some(),
        };
        let mut added = 0;
        for certificate in &certificates {
            let missing = around.missing(certificate, now);
            if missing.is_empty() {
                continue;
            }
            match self.store.plan_deliveries(missing, now).await {
                Ok(count) => added += count,
                // Another node plans the same at this moment.
                Err(StoreError::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(added)
    }

    /// Sends the delivery of this channel that has waited longest.
    ///
    /// # Errors
    /// When the store is out of reach. If that happens after the sending, the delivery is
    /// sent once more when its lease has run out.
    pub async fn deliver_one(&self, channel: Channel, now: Timestamp) -> Result<Step, StoreError> {
        if channel == Channel::Mail && self.mailer.is_none() {
            return Ok(Step::Idle);
        }
        let lease = hex::encode(entropy::bytes::<16>());
        let until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
        let Some(delivery) = self.store.lease_delivery(channel, &lease, now, until).await? else {
            return Ok(Step::Idle);
        };
        let (end, step) = self.attempt(&delivery, now).await?;
        let held = self.store.end_attempt(delivery.id, &lease, end, now).await?;
        Ok(if held { step } else { Step::LeaseLost })
    }

    /// Sends a mail by which the settings are tried out. Nothing is recorded.
    ///
    /// # Errors
    /// When no mail server is configured, or it does not take the mail.
    pub async fn send_test_mail(
        &self,
        to: &str,
        language: Language,
        now: Timestamp,
    ) -> Result<(), TestMailError> {
        let mailer = self.mailer.as_ref().ok_or(TestMailError::NotConfigured)?;
        let id = format!("test-{}", hex::encode(entropy::bytes::<8>()));
        let mail = OutgoingMail { to: to.to_owned(), id, text: text::test_mail(&self.host, language) };
        Ok(mailer.send(&mail, now).await?)
    }

    /// Records that a mail has come back. Answers the address, to which nothing more is
    /// written; `None` when it was no mail of ours, or is known to have come back.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn take_back(
        &self,
        bounce: bounce::Bounce,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let bounce::Bounce { delivery, serial, reason } = bounce;
        self.store.return_delivery(ReturnedDelivery { id: delivery, serial, reason }, now).await
    }

    async fn attempt(
        &self,
        delivery: &DeliveryRow,
        now: Timestamp,
    ) -> Result<(AttemptEnd, Step), StoreError> {
        let stopped = |why: &str| {
            let end = AttemptEnd::Ended(DeliveryState::Stopped, Some(why.to_owned()));
            Ok((end, Step::Ended(DeliveryState::Stopped)))
        };
        let Some(certificate) = self.store.noticed_certificate(&delivery.key.serial).await? else {
            return stopped("the certificate is not in the records any more");
        };
        // Read now and not when it was planned: who was removed since gets nothing.
        let settings = self.store.notice_settings(&delivery.tenant_id).await?;
        let outcome = match delivery.key.channel {
            Channel::Mail => match self.recipient(delivery, &settings).await? {
                Ok(recipient) => self.mail(delivery, &certificate, &recipient, now).await,
                Err(why) => return stopped(why),
            },
            Channel::Webhook => {
                let Some(webhook) = settings.webhook.filter(|webhook| webhook.url == delivery.key.recipient)
                else {
                    return stopped("the webhook was changed or removed");
                };
                self.post(delivery, &certificate, &webhook, now).await
            }
        };
        Ok(match outcome {
            Ok(()) => (AttemptEnd::Ended(DeliveryState::Sent, None), Step::Ended(DeliveryState::Sent)),
            Err((setback, why)) => after_setback(delivery, setback, why, now),
        })
    }

    /// Who is to be written to, or why nobody is.
    async fn recipient(
        &self,
        delivery: &DeliveryRow,
        settings: &NoticeSettings,
    ) -> Result<Result<MailRecipient, &'static str>, StoreError> {
        let (tenant, address) = (delivery.tenant_id.as_str(), delivery.key.recipient.as_str());
        let administrators = self.store.administrator_mails(Some(tenant)).await?.remove(tenant);
        let recipients = settings.mail_recipients(&administrators.unwrap_or_default());
        let Some(recipient) = recipients.into_iter().find(|recipient| recipient.address == address) else {
            return Ok(Err("the recipient was removed"));
        };
        let bounced = self.store.bounced_addresses(Some(tenant)).await?;
        let came_back = bounced.iter().any(|bounced| bounced.address == address);
        Ok(if came_back { Err("an earlier mail came back from this address") } else { Ok(recipient) })
    }

    async fn mail(
        &self,
        delivery: &DeliveryRow,
        certificate: &NoticedCertificate,
        recipient: &MailRecipient,
        now: Timestamp,
    ) -> Result<(), (Setback, String)> {
        let Some(mailer) = &self.mailer else {
            return Err((Setback::ChannelDown, TestMailError::NotConfigured.to_string()));
        };
        let language = Language::from_tag(&recipient.language);
        let mail = OutgoingMail {
            to: recipient.address.clone(),
            id: delivery_id(delivery),
            text: text::mail(certificate, self.task(certificate), language, now),
        };
        mailer.send(&mail, now).await.map_err(|error| (error.setback(), error.to_string()))
    }

    async fn post(
        &self,
        delivery: &DeliveryRow,
        certificate: &NoticedCertificate,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<(), (Setback, String)> {
        let secret = open_secret(&self.key, &delivery.tenant_id, &webhook.sealed)
            .map_err(|error| (Setback::Later, error.to_string()))?;
        let webhook = OutgoingWebhook {
            url: &webhook.url,
            secret: &secret,
            id: delivery_id(delivery),
            body: webhook_body(delivery, certificate, self.task(certificate), now),
        };
        self.webhooks.send(&webhook, now).await.map_err(|error| (error.setback(), error.to_string()))
    }

    fn task(&self, certificate: &NoticedCertificate) -> Task {
        let service = self.services.get(&certificate.service);
        let kind = service.map(|service| service.renewal.kinds.kind_of(&certificate.common_name));
        match kind {
            _ if certificate.renewal_waits => Task::SwitchOver,
            Some(Kind::NotRenewable | Kind::Unknown) => Task::Replace,
            Some(Kind::Renewable) | None => Task::Renew,
        }
    }
}

fn after_setback(
    delivery: &DeliveryRow,
    setback: Setback,
    why: String,
    now: Timestamp,
) -> (AttemptEnd, Step) {
    if setback == Setback::Refused {
        let state = DeliveryState::Bounced;
        return (AttemptEnd::Ended(state, Some(why)), Step::Ended(state));
    }
    match retry::next_attempt(delivery.attempts, delivery.created_at, now) {
        Some(at) => (AttemptEnd::Again(at, why), Step::Again(setback)),
        None => {
            let state = DeliveryState::Failed;
            (AttemptEnd::Ended(state, Some(why)), Step::Ended(state))
        }
    }
}

/// The same for each attempt: receivers know a duplicate by it.
fn delivery_id(delivery: &DeliveryRow) -> String {
    bounce::message_name(delivery.id, &delivery.key.serial)
}

fn webhook_body(
    delivery: &DeliveryRow,
    certificate: &NoticedCertificate,
    task: Task,
    now: Timestamp,
) -> Vec<u8> {
    let days = dates::jst_date(certificate.not_after) - dates::jst_date(now);
    let over = now > certificate.not_after;
    json!({
        "id": delivery_id(delivery),
        "event": if over { "certificate-expired" } else { "certificate-expiring" },
        "at": now,
        "notice": delivery.key.notice.as_str(),
        "daysLeft": days.get_days(),
        "todo": match task {
            Task::Renew => "renew",
            Task::SwitchOver => "switch-over",
            Task::Replace => "replace",
        },
        "tenant": { "id": certificate.tenant_id, "name": certificate.tenant_name },
        "terminal": { "commonName": certificate.common_name, "label": certificate.label },
        "certificate": { "serial": certificate.serial, "notAfter": certificate.not_after },
    })
    .to_string()
    .into_bytes()
}

/// All that decides, beside the certificate, which deliveries are missing.
struct Surroundings {
    settings: BTreeMap<String, NoticeSettings>,
    /// Mail addresses of administrators, by organisation.
    administrators: BTreeMap<String, Vec<String>>,
    /// (organisation, address) that mail came back from.
    bounced: HashSet<(String, String)>,
    circles: Circles,
    planned: HashSet<DeliveryKey>,
    mails: bool,
}

impl Surroundings {
    fn missing(&self, certificate: &NoticedCertificate, now: Timestamp) -> Vec<NewDelivery> {
        let unattended = self.settings.get(&certificate.tenant_id).is_some_and(|own| own.unattended);
        let standing = NoticeStanding {
            not_after: certificate.not_after,
            state: certificate.state,
            renewing: match unattended {
                true => Renewing::Unattended { failed: certificate.failing },
                false => Renewing::ByPeople,
            },
        };
        let Some(due) = notice::due(&standing, now) else { return Vec::new() };
        let mut seen = HashSet::new();
        let told =
            due.audiences().iter().flat_map(|audience| self.circles.of(&certificate.tenant_id, *audience));
        told.flat_map(|tenant_id| {
            self.recipients(tenant_id).into_iter().map(move |(channel, recipient)| NewDelivery {
                key: DeliveryKey { serial: certificate.serial.clone(), notice: due, channel, recipient },
                tenant_id: tenant_id.to_owned(),
            })
        })
        // A vendor's address may also be the clinic's: one mail is enough.
        .filter(|new| !self.planned.contains(&new.key) && seen.insert(new.key.clone()))
        .collect()
    }

    fn recipients(&self, tenant_id: &str) -> Vec<(Channel, String)> {
        let set = self.settings.get(tenant_id).cloned().unwrap_or_default();
        let administrators = self.administrators.get(tenant_id).map(Vec::as_slice).unwrap_or_default();
        let mails = set.mail_recipients(administrators).into_iter().filter(|_| self.mails);
        let reached = mails
            .map(|recipient| recipient.address)
            .filter(|address| !self.bounced.contains(&(tenant_id.to_owned(), address.clone())));
        let webhook = set.webhook.map(|webhook| (Channel::Webhook, webhook.url));
        reached.map(|address| (Channel::Mail, address)).chain(webhook).collect()
    }
}

#[cfg(test)]
#[path = "notices_tests.rs"]
mod tests;
