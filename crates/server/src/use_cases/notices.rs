//! Notices: which are due and to whom, sending them, the calendar feed, and the settings.
//!
//! Planning and sending are two steps with the outbox between them. Planning writes what is
//! due; it may be repeated at any time and by any node. Sending leases one delivery, sends it
//! and records how it ended: see `notice_sending`. What happens is planned by the change
//! that brings it about (`store::Announcement`).

use super::{SecondFactorKey, notice_feed::FeedLimits};
use crate::{
    config::{Config, Service, Site},
    entropy,
    notices::{
        Setback, bounce,
        mail::{MailError, MailSetupError, Mailer, OutgoingMail},
        text::{self, Language},
        webhook::{WebhookSender, WebhookSetupError},
    },
    store::{
        Channel, Circles, DeliveryKey, DeliveryState, NoticeSettings, NoticedCertificate, ReturnedDelivery,
        Store, StoreError, Subject, Topic,
    },
};
use jiff::{SignedDuration, Timestamp};
use koshin_policy::notice::{self, NoticeStanding, Renewing};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use tokio::sync::Notify;

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
    /// Where set-up links are opened; none without a site.
    pub(super) site_url: Option<String>,
    pub(super) services: BTreeMap<String, Service>,
    pub(super) mailer: Option<Mailer>,
    pub(super) webhooks: WebhookSender,
    pub(super) private_webhooks: bool,
    pub(super) key: SecondFactorKey,
    pub(super) feeds: Arc<FeedLimits>,
    woken: Arc<Woken>,
}

/// Rings when something new waits.
#[derive(Default)]
struct Woken {
    mail: Notify,
    webhook: Notify,
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
            site_url: config.site.as_ref().map(Site::url),
            services: config.services.clone(),
            mailer,
            webhooks: WebhookSender::new(&config.webhook)?,
            private_webhooks: config.webhook.private_addresses,
            key,
            feeds: Arc::default(),
            woken: Arc::default(),
        })
    }

    /// Says that something new waits in the outbox, so that it is sent at once.
    pub fn wake(&self) {
        self.woken.mail.notify_one();
        self.woken.webhook.notify_one();
    }

    /// Comes back when something new waits for this channel.
    pub async fn woken(&self, channel: Channel) {
        match channel {
            Channel::Mail => self.woken.mail.notified().await,
            Channel::Webhook => self.woken.webhook.notified().await,
        }
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
            planned: Planned::new(self.store.planned_deliveries(ends).await?),
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
                // What one certificate or organisation has in it must not keep the others
                // from their notices.
                Err(error) => {
                    tracing::warn!(%error, serial = certificate.serial, "a notice was not planned");
                }
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
        send_test_mail(mailer, &self.host, to, language, now).await
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
        let bounce::Bounce { delivery, mark, reason } = bounce;
        self.store.return_delivery(ReturnedDelivery { id: delivery, mark, reason }, now).await
    }
}

/// Sends a mail by which the settings are tried out, without any records.
///
/// # Errors
/// When the mail server does not take the mail.
pub async fn send_test_mail(
    mailer: &Mailer,
    host: &str,
    to: &str,
    language: Language,
    now: Timestamp,
) -> Result<(), TestMailError> {
    let id = format!("test-{}", hex::encode(entropy::bytes::<8>()));
    let mail = OutgoingMail { to: to.to_owned(), id, text: text::test_mail(host, language) };
    Ok(mailer.send(&mail, now).await?)
}

/// All that decides, beside the certificate, which deliveries are missing.
struct Surroundings {
    settings: BTreeMap<String, NoticeSettings>,
    /// Mail addresses of administrators, by organisation.
    administrators: BTreeMap<String, Vec<String>>,
    /// (organisation, address) that mail came back from.
    bounced: HashSet<(String, String)>,
    circles: Circles,
    planned: Planned,
    mails: bool,
}

/// What is in the outbox already.
#[derive(Default)]
struct Planned {
    keys: HashSet<DeliveryKey>,
    /// Certificate, notice and address of mails that were sent or will be, whoever named the
    /// address: a vendor's may also be the clinic's, and one mail is enough.
    mails: HashSet<(Subject, Topic, String)>,
}

impl Planned {
    fn new(rows: Vec<(DeliveryKey, DeliveryState)>) -> Self {
        let mut planned = Self::default();
        for (key, state) in rows {
            if matches!(state, DeliveryState::Waiting | DeliveryState::Sent) {
                planned.mails.extend(mail_of(&key));
            }
            planned.keys.insert(key);
        }
        planned
    }
}

fn mail_of(key: &DeliveryKey) -> Option<(Subject, Topic, String)> {
    let mail = || (key.subject.clone(), key.notice, key.recipient.clone());
    (key.channel == Channel::Mail).then(mail)
}

impl Surroundings {
    fn missing(&self, certificate: &NoticedCertificate, now: Timestamp) -> Vec<DeliveryKey> {
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
        let told = self.circles.told(&certificate.tenant_id, due).into_iter();
        let keys = told.flat_map(|tenant_id| {
            self.recipients(tenant_id).into_iter().map(move |(channel, recipient)| DeliveryKey {
                tenant_id: tenant_id.to_owned(),
                subject: Subject::Certificate(certificate.serial.clone()),
                notice: Topic::End(due),
                channel,
                recipient,
            })
        });
        // Each organisation signs its own webhook, so each gets one.
        let told_already = |mail: &(Subject, Topic, String)| self.planned.mails.contains(mail);
        keys.filter(|key| !self.planned.keys.contains(key))
            .filter(|key| mail_of(key).is_none_or(|mail| !told_already(&mail) && seen.insert(mail)))
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
