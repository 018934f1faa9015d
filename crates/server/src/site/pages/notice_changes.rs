//! What is changed on `/notices`. A secret that is shown once is in the answer to its form;
//! every other change leads back to the page.

use super::{
    super::{
        endpoints::Call,
        failure::Failure,
        notice_views::{MailView, NoticeConfirm, Once, WebhookView},
        page::{html, see_other},
        texts::Texts,
        views::Message,
    },
    list_query::escaped,
    notices::{Extra, drawn, page, tenant},
    overview::actor,
};
use crate::{
    notices::{text::Language, webhook::UrlError},
    store::{Channel, MailRecipient},
    use_cases::{MailWish, NoticeSettingsError, SiteError},
};
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

/// `POST /notices/mail`
pub(in super::super) async fn mail(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let wish = mail_wish(&call);
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    match notices.set_mail(wish.clone(), call.visit.now).await.map_err(SiteError::from) {
        Ok(()) => Ok(back(&tenant, "mail", "mail")),
        Err(SiteError::Notices(why)) => {
            let wrong = words(call.visit.page.t, &why);
            let typed = MailView {
                mail: wish.mail,
                administrators: wish.administrators,
                english: wish.language == Language::English,
                added: call.form.text("added").to_owned(),
                unattended: wish.unattended,
                wrong: Some(wrong),
                ..MailView::default()
            };
            refused(call, &tenant, Extra { mail: Some(typed), ..Extra::default() }).await
        }
        Err(error) => Err(error.into()),
    }
}

/// One address a line; 「 en」 or 「 ja」 behind it chooses another language than the usual one.
fn mail_wish(call: &Call) -> MailWish {
    let language = Language::from_tag(call.form.text("language"));
    let lines = call.form.text("added").lines().map(str::trim).filter(|line| !line.is_empty());
    let mut recipients: Vec<MailRecipient> = Vec::new();
    for line in lines {
        let (address, tag) = match line.rsplit_once(char::is_whitespace) {
            Some((address, tag @ ("ja" | "en"))) => (address.trim(), tag),
            _ => (line, language.as_str()),
        };
        if recipients.iter().all(|known| known.address != address) {
            recipients.push(MailRecipient { address: address.to_owned(), language: tag.to_owned() });
        }
    }
    let ticked = |name| call.form.text(name) == "yes";
    MailWish {
        mail: ticked("mail"),
        administrators: ticked("administrators"),
        language,
        recipients,
        unattended: ticked("unattended"),
    }
}

/// `POST /notices/address`: mail may go there again.
pub(in super::super) async fn address(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let address = call.form.text("address");
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    match notices.restore_address(address, call.visit.now).await.map_err(SiteError::from)? {
        true => Ok(back(&tenant, "address", "mail")),
        false => Err(Failure::NotFound),
    }
}

/// `POST /notices/test`
pub(in super::super) async fn test(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let channel = match call.form.text("channel") {
        "webhook" => Channel::Webhook,
        _ => Channel::Mail,
    };
    let recipient = call.form.text("recipient");
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    let sent = notices.send_test_and_wait(channel, recipient, call.visit.now).await;
    match sent.map_err(SiteError::from) {
        Ok(()) => Ok(back(&tenant, "test", "tests")),
        Err(SiteError::Notices(why)) => {
            let message = Some(Message::bad(words(call.visit.page.t, &why)));
            refused(call, &tenant, Extra { message, ..Extra::default() }).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /notices/confirm/{name}`: what another secret, or none, means to those who have this one.
pub(in super::super) async fn confirm(call: Call) -> Result<Response, Failure> {
    let (title, lead, action, button) = match call.parameter.as_str() {
        "webhook-secret" => (
            "confirm-webhook-secret-title",
            "confirm-webhook-secret",
            "/notices/webhook/secret",
            "webhook-secret-button",
        ),
        "webhook-remove" => (
            "confirm-webhook-remove-title",
            "confirm-webhook-remove",
            "/notices/webhook/remove",
            "webhook-remove-button",
        ),
        "feed-renew" => {
            ("confirm-feed-renew-title", "confirm-feed-renew", "/notices/feed", "feed-renew-button")
        }
        "feed-close" => {
            ("confirm-feed-close-title", "confirm-feed-close", "/notices/feed/close", "feed-close-button")
        }
        _ => return Err(Failure::NotFound),
    };
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.query.text("tenant")));
    // Refuses what may not be seen before it is asked about.
    call.koshin.notice_page(&actor, &tenant).await?;
    let page = page(&call, title);
    let view = NoticeConfirm {
        page: &page,
        tenant: &tenant,
        lead: page.t.say(lead),
        action,
        button: page.t.say(button),
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// `POST /notices/webhook`
pub(in super::super) async fn webhook(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let url = call.form.text("url").to_owned();
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    match notices.set_webhook(&url, call.visit.now).await.map_err(SiteError::from) {
        Ok(secret) => shown_once(call, &tenant, webhook_secret_once(&secret)).await,
        Err(SiteError::Notices(why)) => {
            let wrong = Some(words(call.visit.page.t, &why));
            let typed = WebhookView { set: false, url, wrong };
            refused(call, &tenant, Extra { webhook: Some(typed), ..Extra::default() }).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /notices/webhook/secret`
pub(in super::super) async fn webhook_secret(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    match notices.renew_webhook_secret(call.visit.now).await.map_err(SiteError::from) {
        Ok(secret) => shown_once(call, &tenant, webhook_secret_once(&secret)).await,
        // Taken away in another window meanwhile.
        Err(SiteError::Notices(_)) => Ok(back(&tenant, "webhook-removed", "webhook")),
        Err(error) => Err(error.into()),
    }
}

/// `POST /notices/webhook/remove`
pub(in super::super) async fn webhook_remove(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    notices.remove_webhook(call.visit.now).await.map_err(SiteError::from)?;
    Ok(back(&tenant, "webhook-removed", "webhook"))
}

/// `POST /notices/feed`: the first address, or another one.
pub(in super::super) async fn feed_open(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    let token = notices.open_feed(call.visit.now).await.map_err(SiteError::from)?;
    let value = format!("https://{}/feed/{}.ics", call.host, token.expose_secret());
    let once = Once { label: "feed-address", hint: "feed-address-hint", value };
    shown_once(call, &tenant, once).await
}

/// `POST /notices/feed/close`
pub(in super::super) async fn feed_close(call: Call) -> Result<Response, Failure> {
    let (actor, tenant) = (actor(call.visit.session.as_ref())?, tenant(&call, call.form.text("tenant")));
    let notices = call.koshin.notices_of(&actor, &tenant).await?;
    notices.close_feed(call.visit.now).await.map_err(SiteError::from)?;
    Ok(back(&tenant, "feed-closed", "feed"))
}

fn webhook_secret_once(secret: &SecretString) -> Once {
    Once { label: "webhook-secret", hint: "webhook-secret-hint", value: secret.expose_secret().to_owned() }
}

async fn shown_once(call: Call, tenant: &str, once: Once) -> Result<Response, Failure> {
    drawn(call, tenant, Extra { once: Some(once), ..Extra::default() }, StatusCode::OK).await
}

async fn refused(call: Call, tenant: &str, extra: Extra) -> Result<Response, Failure> {
    drawn(call, tenant, extra, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// The page again, at the part that was changed.
fn back(tenant: &str, done: &str, part: &str) -> Response {
    see_other(&format!("/notices?tenant={}&done={done}#{part}", escaped(tenant)))
}

/// Why a setting was not taken, and what to do.
fn words(t: &Texts, why: &NoticeSettingsError) -> String {
    match why {
        NoticeSettingsError::Address(address) => t.with("notice-wrong-address", "address", address.as_str()),
        NoticeSettingsError::TooManyRecipients => t.say("notice-wrong-too-many"),
        NoticeSettingsError::Webhook(_, UrlError::Credentials) => t.say("notice-wrong-url-password"),
        NoticeSettingsError::Webhook(_, UrlError::PrivateAddress) => t.say("notice-wrong-url-private"),
        NoticeSettingsError::Webhook(_, UrlError::TooLong) => t.say("notice-wrong-url-long"),
        NoticeSettingsError::Webhook(..) => t.say("notice-wrong-url"),
        NoticeSettingsError::NoRecipient(_) => t.say("notice-wrong-recipient"),
        NoticeSettingsError::TooManyTests => t.say("notice-wrong-tests"),
        NoticeSettingsError::NoMailServer => t.say("mail-impossible"),
        NoticeSettingsError::NoWebhook => t.say("notice-wrong-no-webhook"),
        // The rest are no mistakes of who typed: they never come here.
        other => other.to_string(),
    }
}
