//! One attempt to send a delivery: whether it may still be sent, what it says, and how it
//! ended. Who is told is read now and not when it was planned.

use super::{
    Notices,
    notice_settings::{open_link, open_secret},
    notices::{Step, TestMailError},
};
use crate::{
    notices::{
        Setback, bounce,
        event_text::{self, Told},
        mail::OutgoingMail,
        payload, retry,
        text::{self, Language, Task},
        webhook::OutgoingWebhook,
    },
    store::{
        AttemptEnd, Channel, DeliveryRow, DeliveryState, MailRecipient, NoticeSettings, NoticedCertificate,
        Occurrence, StoreError, Subject, Topic, Webhook,
    },
};
use jiff::Timestamp;
use koshin_policy::{Kind, notice::Notice};
use secrecy::{ExposeSecret, SecretString};

/// What a delivery tells, once it is found that it may.
enum Content {
    /// The end of a certificate.
    End(Notice, Box<NoticedCertificate>),
    /// Something that has happened, with the organisation's name.
    Event(Occurrence, String),
}

/// Why a delivery is not sent.
type Stopped = &'static str;

impl Notices {
    /// Sends a leased delivery, if it may still be sent.
    pub(super) async fn attempt(
        &self,
        delivery: &DeliveryRow,
        now: Timestamp,
    ) -> Result<(AttemptEnd, Step), StoreError> {
        let content = match self.content(delivery).await? {
            Ok(content) => content,
            Err(why) => return Ok(stopped(why)),
        };
        let settings = self.store.notice_settings(&delivery.key.tenant_id).await?;
        let outcome = match delivery.key.channel {
            Channel::Mail => match self.recipient(delivery, &content, &settings).await? {
                Ok(recipient) => self.mail(delivery, &content, &recipient, now).await,
                Err(why) => return Ok(stopped(why)),
            },
            Channel::Webhook => {
                let same = |webhook: &Webhook| webhook.url == delivery.key.recipient;
                let Some(webhook) = settings.webhook.filter(same) else {
                    return Ok(stopped("the webhook was changed or removed"));
                };
                self.post(delivery, &content, &webhook, now).await
            }
        };
        Ok(match outcome {
            Ok(()) => (AttemptEnd::Ended(DeliveryState::Sent, None), Step::Ended(DeliveryState::Sent)),
            Err((setback, why)) => after_setback(delivery, setback, why, now),
        })
    }

    /// What it tells, or why it tells nobody anything any more.
    async fn content(&self, delivery: &DeliveryRow) -> Result<Result<Content, Stopped>, StoreError> {
        let tenant_id = delivery.key.tenant_id.as_str();
        match (&delivery.key.subject, delivery.key.notice, &delivery.occurrence) {
            (Subject::Certificate(serial), Topic::End(notice), _) => {
                let Some(certificate) = self.store.noticed_certificate(serial).await? else {
                    return Ok(Err("the certificate is not in the records any more"));
                };
                if certificate.halted {
                    return Ok(Err("the clinic is suspended, or the terminal stopped"));
                }
                // A consent may have been withdrawn, or a vendor suspended.
                let circles = self.store.circles().await?;
                if !circles.told(&certificate.tenant_id, notice).contains(&tenant_id) {
                    return Ok(Err("the organisation looks after the clinic no more"));
                }
                Ok(Ok(Content::End(notice, Box::new(certificate))))
            }
            (_, Topic::Event(_), Some(occurrence)) => {
                let tenant = self.store.tenant(tenant_id).await?;
                let named = tenant.filter(|tenant| !tenant.suspended);
                let content = named.map(|tenant| Content::Event(occurrence.clone(), tenant.name));
                Ok(content.ok_or("the organisation is suspended"))
            }
            _ => Err(StoreError::Corrupt(format!("delivery {} tells nothing", delivery.id))),
        }
    }

    /// Who is to be written to, or why nobody is.
    async fn recipient(
        &self,
        delivery: &DeliveryRow,
        content: &Content,
        settings: &NoticeSettings,
    ) -> Result<Result<MailRecipient, Stopped>, StoreError> {
        let (tenant, address) = (delivery.key.tenant_id.as_str(), delivery.key.recipient.as_str());
        let administrators = self.store.administrator_mails(Some(tenant)).await?.remove(tenant);
        let administrators = administrators.unwrap_or_default();
        let recipients = match content {
            Content::End(..) => settings.mail_recipients(&administrators),
            // Whoever is invited is in no settings yet; the invitation itself was found open.
            Content::Event(Occurrence::Invitation { .. }, _) => {
                vec![MailRecipient { address: address.to_owned(), language: settings.language.clone() }]
            }
            Content::Event(..) => settings.told_of_events(&administrators),
        };
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
        content: &Content,
        recipient: &MailRecipient,
        now: Timestamp,
    ) -> Result<(), (Setback, String)> {
        let Some(mailer) = &self.mailer else {
            return Err((Setback::ChannelDown, TestMailError::NotConfigured.to_string()));
        };
        let language = Language::from_tag(&recipient.language);
        let text = match content {
            Content::End(_, certificate) => text::mail(certificate, self.task(certificate), language, now),
            Content::Event(occurrence, organisation) => {
                let link = self.link(delivery)?;
                let at = delivery.created_at;
                event_text::mail(&Told { occurrence, at, organisation, link: link.as_ref() }, language)
            }
        };
        let mail = OutgoingMail { to: recipient.address.clone(), id: delivery_id(delivery), text };
        mailer.send(&mail, now).await.map_err(|error| (error.setback(), error.to_string()))
    }

    /// The link that was sealed for the recipient, if there is one.
    fn link(&self, delivery: &DeliveryRow) -> Result<Option<SecretString>, (Setback, String)> {
        let Some(sealed) = &delivery.sealed else { return Ok(None) };
        let key = &delivery.key;
        let token = open_link(&self.key, &key.tenant_id, &key.recipient, sealed)
            .map_err(|error| (Setback::Later, error.to_string()))?;
        let site = self.site_url.as_ref().ok_or_else(|| {
            (Setback::Later, "the configuration has no [site], on which the link could be opened".to_owned())
        })?;
        Ok(Some(SecretString::from(format!("{site}/setup/{}", token.expose_secret()))))
    }

    async fn post(
        &self,
        delivery: &DeliveryRow,
        content: &Content,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<(), (Setback, String)> {
        let tenant_id = delivery.key.tenant_id.as_str();
        let secret = open_secret(&self.key, tenant_id, &webhook.sealed)
            .map_err(|error| (Setback::Later, error.to_string()))?;
        let id = delivery_id(delivery);
        let body = match content {
            Content::End(notice, certificate) => {
                payload::end(&id, *notice, certificate, self.task(certificate), now)
            }
            Content::Event(occurrence, organisation) => {
                let told = Told { occurrence, at: delivery.created_at, organisation, link: None };
                payload::event(&id, &told, tenant_id, now)
            }
        };
        let webhook = OutgoingWebhook { url: &webhook.url, secret: &secret, id, body };
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

fn stopped(why: Stopped) -> (AttemptEnd, Step) {
    let end = AttemptEnd::Ended(DeliveryState::Stopped, Some(why.to_owned()));
    (end, Step::Ended(DeliveryState::Stopped))
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
    bounce::message_name(delivery.id, &delivery.mark)
}
