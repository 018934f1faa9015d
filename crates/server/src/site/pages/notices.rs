//! `/notices`: 通知設定, who is told how, and what became of it.

use super::{
    super::{
        dates,
        endpoints::Call,
        failure::Failure,
        notice_views::{
            BouncedView, ChannelView, DayView, DeliveryView, MailView, NoticesView, Once, TestView,
            WebhookView,
        },
        page::{Page, html, html_with_script},
        texts::Texts,
        views::Message,
    },
    overview::actor,
};
use crate::{
    store::{Channel, DeliveryRow, DeliveryState, MailRecipient, TenantKind, Tryout},
    use_cases::NoticePage,
};
use axum::response::Response;
use http::StatusCode;
use koshin_policy::notice::{Audience, Notice};

/// What a change adds to the page: a word above it, a secret, or what was typed wrongly.
#[derive(Default)]
pub(super) struct Extra {
    pub(super) message: Option<Message>,
    pub(super) once: Option<Once>,
    /// In place of what is set.
    pub(super) mail: Option<MailView>,
    pub(super) webhook: Option<WebhookView>,
}

/// `GET /notices`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let message = match call.query.text("done") {
        "mail" => Some("notice-done-mail"),
        "address" => Some("notice-done-address"),
        "webhook-removed" => Some("notice-done-webhook-removed"),
        "feed-closed" => Some("notice-done-feed-closed"),
        _ => None,
    };
    let message = message.map(|key| Message::good(call.visit.page.t.say(key)));
    let tenant = tenant(&call, call.query.text("tenant"));
    drawn(call, &tenant, Extra { message, ..Extra::default() }, StatusCode::OK).await
}

/// The organisation that is asked for, or else the administrator's own.
pub(super) fn tenant(call: &Call, asked: &str) -> String {
    let own = call.visit.session.as_ref().map(|session| session.tenant_id.clone()).unwrap_or_default();
    if asked.is_empty() { own } else { asked.to_owned() }
}

/// The page as it is now, with what a change adds.
pub(super) async fn drawn(
    call: Call,
    tenant: &str,
    extra: Extra,
    status: StatusCode,
) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let known = call.koshin.notice_page(&actor, tenant).await?;
    let page = call.visit.page.titled("notices-title");
    let t = page.t;
    let view = NoticesView {
        page: &page,
        message: extra.message,
        tenant: &known.tenant_id,
        foreign: (known.tenant_id != actor.tenant_id()).then_some(known.tenant_name.as_str()),
        operator: actor.kind() == TenantKind::Operator,
        once: extra.once,
        channels: channels(t, &known),
        mail: extra.mail.map_or_else(|| mail_view(&known), |typed| with_known(typed, &known)),
        bounced: bounced(&known),
        webhook: extra.webhook.map_or_else(
            || webhook_view(&known),
            |typed| WebhookView { set: known.settings.webhook.is_some(), ..typed },
        ),
        feed_open: known.settings.calendar_token_hash.is_some(),
        test_runs: known.tests.iter().any(|test| test.state == DeliveryState::Waiting),
        tests: known.tests.iter().map(|test| test_view(t, test)).collect(),
        days: Notice::ALL.into_iter().map(|notice| day(t, notice)).collect(),
        deliveries: known.deliveries.iter().map(|(row, name)| delivery(t, row, name)).collect(),
    };
    Ok(if view.once.is_some() { html_with_script(&page, status, &view) } else { html(&page, status, &view) })
}

fn channels(t: &Texts, known: &NoticePage) -> Vec<ChannelView> {
    let settings = &known.settings;
    let mails = settings.mail_recipients(&known.administrators).len();
    let mail = match mails {
        _ if !known.mails => t.say("channel-mail-impossible"),
        0 => t.say("channel-closed"),
        count => t.with("channel-mail-open", "count", count),
    };
    let state = |open: bool| t.say(if open { "channel-open" } else { "channel-closed" });
    let (webhook, feed) = (settings.webhook.is_some(), settings.calendar_token_hash.is_some());
    vec![
        ChannelView { label: t.say("mail-heading"), open: known.mails && mails > 0, text: mail },
        ChannelView { label: t.say("webhook-heading"), open: webhook, text: state(webhook) },
        ChannelView { label: t.say("feed-heading"), open: feed, text: state(feed) },
    ]
}

fn mail_view(known: &NoticePage) -> MailView {
    let settings = &known.settings;
    let view = MailView {
        mail: settings.mail,
        administrators: settings.administrators,
        english: settings.language == "en",
        added: settings.recipients.iter().map(|added| line(added, &settings.language)).collect(),
        unattended: settings.unattended,
        ..MailView::default()
    };
    with_known(view, known)
}

/// One added address a line; one of the other language says so.
fn line(added: &MailRecipient, usual: &str) -> String {
    match added.language == usual {
        true => format!("{}\n", added.address),
        false => format!("{} {}\n", added.address, added.language),
    }
}

/// What the form shows whatever was typed.
fn with_known(typed: MailView, known: &NoticePage) -> MailView {
    let bounced = |address: &str| known.bounced.iter().any(|bounced| bounced.address == address);
    let recipients = known.settings.mail_recipients(&known.administrators);
    let addresses = recipients.into_iter().map(|recipient| recipient.address);
    MailView {
        possible: known.mails,
        own: known.administrators.clone(),
        testable: addresses.filter(|address| !bounced(address)).collect(),
        ..typed
    }
}

fn webhook_view(known: &NoticePage) -> WebhookView {
    let url = known.settings.webhook.as_ref().map(|webhook| webhook.url.clone());
    WebhookView { set: url.is_some(), url: url.unwrap_or_default(), wrong: None }
}

fn bounced(known: &NoticePage) -> Vec<BouncedView> {
    let view = |row: &crate::store::BouncedAddress| BouncedView {
        address: row.address.clone(),
        when: dates::minute(row.at),
        reason: row.reason.clone(),
    };
    known.bounced.iter().map(view).collect()
}

fn test_view(t: &Texts, test: &Tryout) -> TestView {
    TestView {
        when: dates::minute(test.asked_at),
        recipient: recipient(test.channel, &test.recipient),
        icon: icon(test.state),
        state: t.say(&format!("test-{}", test.state.as_str())),
        answer: test.answer.clone().unwrap_or_default(),
    }
}

fn day(t: &Texts, notice: Notice) -> DayView {
    let told = |audience| notice.audiences().contains(&audience);
    let label = match notice.days_before() {
        0 => t.say("notice-day-last"),
        before @ 1.. => t.with("notice-day-before", "days", before),
        after => t.with("notice-day-after", "days", -after),
    };
    DayView { label, told: [Audience::Clinic, Audience::Vendor, Audience::Operator].map(told) }
}

fn delivery(t: &Texts, row: &DeliveryRow, terminal: &str) -> DeliveryView {
    DeliveryView {
        when: dates::minute(row.ended_at.unwrap_or(row.created_at)),
        terminal: terminal.to_owned(),
        notice: day(t, row.key.notice).label,
        recipient: recipient(row.key.channel, &row.key.recipient),
        icon: icon(row.state),
        state: t.say(&format!("delivery-{}", row.state.as_str())),
        reason: row.last_error.clone().filter(|_| row.state != DeliveryState::Sent).unwrap_or_default(),
    }
}

/// An address, or a URL without what its receiver may take for a password.
fn recipient(channel: Channel, recipient: &str) -> String {
    match channel {
        Channel::Mail => recipient.to_owned(),
        Channel::Webhook => recipient.split('?').next().unwrap_or_default().to_owned(),
    }
}

fn icon(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Sent => "valid",
        DeliveryState::Waiting => "unused",
        DeliveryState::Bounced | DeliveryState::Failed => "failed",
        DeliveryState::Stopped | DeliveryState::Replaced => "ended",
    }
}

/// The page's frame is needed when there is nothing else to show.
pub(super) fn page(call: &Call, key: &str) -> Page {
    call.visit.page.clone().titled(key)
}
