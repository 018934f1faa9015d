//! 通知設定: who gets mail, and what was sent. Webhooks and calendars, which show a secret
//! once, are set on the site.

use super::{
    inputs::{Kind, Members},
    operations::Call,
    refusal::Refusal,
};
use crate::{
    notices::text::Language,
    store::{DeliveryRow, MailRecipient},
    use_cases::{MailWish, NoticePage, NoticeSettingsError, SiteError, UseCaseError},
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use koshin_protocol::problem::ProblemCode;
use serde::Serialize;
use utoipa::ToSchema;

/// How an organisation is told.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NoticeSettings {
    /// The organisation's id.
    tenant: String,
    /// Whether anything is mailed.
    mail: bool,
    /// Whether the organisation's administrators get it.
    administrators: bool,
    /// The language of the administrators' mails and of the calendar feed, `ja` or `en`.
    language: String,
    /// Its terminals renew by themselves: it is told only of failures.
    unattended: bool,
    /// Who else gets mail.
    recipients: Vec<Recipient>,
    /// Where notices are posted, if anywhere.
    webhook: Option<String>,
    /// Whether the calendar feed is open.
    calendar: bool,
    /// Addresses that mail came back from: nothing is sent there.
    bounced: Vec<String>,
}

/// Somebody who gets mail.
#[derive(Serialize, ToSchema)]
struct Recipient {
    address: String,
    /// `ja` or `en`.
    language: String,
}

impl From<NoticePage> for NoticeSettings {
    fn from(page: NoticePage) -> Self {
        let settings = page.settings;
        let recipient = |known: MailRecipient| Recipient { address: known.address, language: known.language };
        Self {
            tenant: page.tenant_id,
            mail: settings.mail,
            administrators: settings.administrators,
            language: settings.language,
            unattended: settings.unattended,
            recipients: settings.recipients.into_iter().map(recipient).collect(),
            webhook: settings.webhook.map(|webhook| webhook.url),
            calendar: settings.calendar_token_hash.is_some(),
            bounced: page.bounced.into_iter().map(|bounced| bounced.address).collect(),
        }
    }
}

/// `GET /notices`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let page = call.koshin.notice_page(&call.caller.actor, tenant(&call)).await?;
    Ok(Json(NoticeSettings::from(page)).into_response())
}

/// The last deliveries.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryList {
    deliveries: Vec<Delivery>,
}

/// One notice to one recipient.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    /// Its number, which receivers of webhooks know a duplicate by.
    id: i64,
    /// Which notice: `60d` and the like for the end of a certificate, else a word of the event.
    notice: String,
    /// Hex serial of the certificate it is about, if it is about one.
    serial: Option<String>,
    /// The terminal it is about: 端末名, or else its common name.
    terminal: Option<String>,
    /// `mail` or `webhook`.
    channel: String,
    /// Address or URL.
    recipient: String,
    /// `waiting`, `sent`, `bounced`, `failed`, `stopped`, or `replaced` by a later notice.
    state: String,
    /// Attempts begun.
    attempts: i64,
    /// When it was planned.
    created_at: Timestamp,
    /// While it waits: not before this it is tried.
    next_attempt_at: Option<Timestamp>,
    /// When it was sent or given up.
    ended_at: Option<Timestamp>,
    /// Why the last attempt failed, or why it was not sent.
    error: Option<String>,
}

impl Delivery {
    fn of((row, terminal): (DeliveryRow, Option<String>)) -> Self {
        Self {
            id: row.id,
            notice: row.key.notice.as_str().to_owned(),
            serial: row.key.subject.serial().map(str::to_owned),
            terminal,
            channel: row.key.channel.as_str().to_owned(),
            recipient: row.key.recipient,
            state: row.state.as_str().to_owned(),
            attempts: row.attempts,
            created_at: row.created_at,
            next_attempt_at: row.ended_at.is_none().then_some(row.next_attempt_at),
            ended_at: row.ended_at,
            error: row.last_error,
        }
    }
}

/// `GET /notices/deliveries`
pub(super) async fn deliveries(call: Call) -> Result<Response, Refusal> {
    let page = call.koshin.notice_page(&call.caller.actor, tenant(&call)).await?;
    let deliveries = page.deliveries.into_iter().map(Delivery::of).collect();
    Ok(Json(DeliveryList { deliveries }).into_response())
}

/// `PUT /notices`
pub(super) async fn set(call: Call) -> Result<Response, Refusal> {
    let inputs = &call.inputs;
    let recipient = |fields: &Members| MailRecipient {
        address: fields.text("address").to_owned(),
        language: fields.text("language").to_owned(),
    };
    let wish = MailWish {
        mail: inputs.flag("mail"),
        administrators: inputs.flag("administrators"),
        language: Language::from_tag(inputs.text("language")),
        recipients: inputs.objects("recipients").map(recipient).collect(),
        unattended: inputs.flag("unattended"),
    };
    let notices = call.koshin.notices_of(&call.caller.actor, tenant(&call)).await?;
    notices.set_mail(wish, call.now).await.map_err(SiteError::from)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn tenant(call: &Call) -> &str {
    call.inputs.given("tenant").unwrap_or(call.caller.actor.tenant_id())
}

/// The languages of notices.
pub(super) const LANGUAGE: Kind = Kind::Word(|| vec!["ja", "en"]);

/// How a refusal of settings is said.
pub(super) fn refusal_of(error: NoticeSettingsError) -> Refusal {
    match error {
        NoticeSettingsError::Address(_) | NoticeSettingsError::TooManyRecipients => {
            Refusal::field("recipients")
        }
        NoticeSettingsError::UnknownTenant(_) => ProblemCode::NotFound.into(),
        NoticeSettingsError::Store(error) => UseCaseError::from(error).into(),
        // Webhooks and tests: no operation of this API has them.
        error @ (NoticeSettingsError::Webhook(..)
        | NoticeSettingsError::NoWebhook
        | NoticeSettingsError::NoRecipient(_)
        | NoticeSettingsError::TooManyTests
        | NoticeSettingsError::NoMailServer
        | NoticeSettingsError::Seal(_)) => UseCaseError::Defect(error.to_string()).into(),
    }
}
