//! `/terminals/{id}/renew` and `/terminals/{id}/bundle`: 証明書更新 and its download.

use super::{
    super::{
        dates,
        endpoints::Call,
        failure::Failure,
        issuing_views::{BundlePage, PasswordRow, PreparedPage, RenewPage},
        page::{Page, html, html_with_script},
        texts::Texts,
        views::{Fact, Message},
    },
    overview::actor,
    rows,
};
use crate::{
    store::TerminalRow,
    use_cases::{Download, IssueRefusal, Prepared, RenewalOutlook, SiteError},
};
use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, Method, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// `GET /terminals/{id}/renew`: the question.
pub(in super::super) async fn ask(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let outlook = call.koshin.renewal_outlook(&actor, terminal_id(&call)?, call.visit.now).await?;
    Ok(question(&call, &outlook, StatusCode::OK))
}

/// `POST /terminals/{id}/renew`: the certificate, and its password, shown once.
pub(in super::super) async fn renew(call: Call) -> Result<Response, Failure> {
    let (actor, id, now) = (actor(call.visit.session.as_ref())?, terminal_id(&call)?, call.visit.now);
    match call.koshin.prepare_renewal(&actor, id, now).await {
        Ok(prepared) => Ok(ready(call.visit.page, &prepared, now)),
        Err(SiteError::Issuing(refusal)) => {
            let outlook = call.koshin.renewal_outlook(&actor, id, now).await?;
            let outlook = RenewalOutlook { refusal: Some(refusal), ..outlook };
            Ok(question(&call, &outlook, status_of(refusal)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /terminals/{id}/bundle?token=…`: the zip; or what became of it.
pub(in super::super) async fn bundle(call: Call) -> Result<Response, Failure> {
    downloads(&call)?;
    let (actor, id, now) = (actor(call.visit.session.as_ref())?, terminal_id(&call)?, call.visit.now);
    // First of all: whose terminal it is.
    let outlook = call.koshin.renewal_outlook(&actor, id, now).await?;
    match call.koshin.download(&actor, &token(&call), now).await {
        Ok(download) => Ok(attached(download)),
        Err(SiteError::NotFound) => Ok(missing(&call, &outlook)),
        Err(error) => Err(error.into()),
    }
}

/// The number in the path; what is no number is no terminal.
pub(super) fn terminal_id(call: &Call) -> Result<i64, Failure> {
    call.parameter.parse().map_err(|_| Failure::NotFound)
}

/// The token in the query; never in a path, which pages repeat.
pub(super) fn token(call: &Call) -> SecretString {
    call.query.secret("token")
}

/// The page of the terminal's certificate, or the list for one that has none.
pub(super) fn certificate_path(terminal: &TerminalRow) -> String {
    match &terminal.serial {
        Some(serial) => format!("/certificates/{serial}"),
        None => "/certificates".to_owned(),
    }
}

/// A zip as an answer.
/// HEAD would be noted as a download without handing anything out.
pub(super) fn downloads(call: &Call) -> Result<(), Failure> {
    if call.method == Method::HEAD { Err(Failure::Method) } else { Ok(()) }
}

pub(super) fn attached(download: Download) -> Response {
    let name = format!("attachment; filename=\"{}\"", download.name);
    let mut response = download.zip.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}

fn question(call: &Call, outlook: &RenewalOutlook, status: StatusCode) -> Response {
    let (now, terminal) = (call.visit.now, &outlook.terminal);
    let title = match outlook.refusal {
        Some(IssueRefusal::InProgress) => "renew-in-progress-title",
        _ => "renew-title",
    };
    let page = call.visit.page.clone().titled(title);
    let t = page.t;
    let waiting = outlook.waiting.as_ref();
    let view = RenewPage {
        page: &page,
        message: outlook.refusal.map(|refusal| Message::bad(refusal_text(t, refusal, terminal, now))),
        question: t.with("renew-question", "terminal", rows::name(terminal)),
        facts: facts(t, terminal, now),
        waiting: waiting.map(|waiting| t.with("renew-waiting", "until", dates::minute(waiting.expires_at))),
        possible: outlook.refusal.is_none(),
        action: format!("/terminals/{}/renew", terminal.terminal_id),
        back: certificate_path(terminal),
    };
    html(&page, status, &view)
}

/// What tells the terminal from others.
pub(super) fn facts(t: &Texts, terminal: &TerminalRow, now: Timestamp) -> Vec<Fact> {
    let fact = |key, text: String| Fact { key, text, mono: false };
    let until =
        terminal.not_after.map(|end| format!("{}　{}", dates::day(end), dates::days_left(t, end, now)));
    vec![
        fact("column-tenant", terminal.tenant_name.clone()),
        fact("column-terminal", rows::name(terminal).to_owned()),
        fact("column-place", terminal.place.clone().unwrap_or_else(|| "―".to_owned())),
        fact("column-cn", terminal.common_name.clone()),
        fact("column-until", until.unwrap_or_else(|| "―".to_owned())),
    ]
}

/// What was prepared, and the only sight of its password.
pub(super) fn ready(page: Page, prepared: &Prepared, now: Timestamp) -> Response {
    let page = page.titled("prepared-title");
    let t = page.t;
    let row = password(prepared, false);
    let view = PreparedPage {
        page: &page,
        lead: t.with("prepared-lead", "terminal", row.name),
        download: format!(
            "/terminals/{}/bundle?token={}",
            prepared.terminal_id,
            prepared.token.expose_secret()
        ),
        until: until_text(t, prepared.expires_at, now),
        passwords: vec![row],
        hosts: (!prepared.hosts.is_empty()).then(|| prepared.hosts.join(", ")),
        hosts_in_guides: false,
        left_out: Vec::new(),
        again: Some(format!("/terminals/{}/renew", prepared.terminal_id)),
        back: format!("/certificates/{}", prepared.serial),
        back_text: t.say("back-to-certificate"),
    };
    html_with_script(&page, StatusCode::OK, &view)
}

/// A certificate and its password; with its tenant for those who see several.
pub(super) fn password(prepared: &Prepared, several: bool) -> PasswordRow<'_> {
    PasswordRow {
        name: prepared.label.as_deref().unwrap_or(&prepared.common_name),
        tenant: several.then_some(prepared.tenant_name.as_str()),
        common_name: &prepared.common_name,
        until: dates::day(prepared.not_after),
        password: prepared.password.expose_secret(),
    }
}

/// 「2026/11/23 17:00まで（あと24時間）」
pub(super) fn until_text(t: &Texts, end: Timestamp, now: Timestamp) -> String {
    let seconds = end.duration_since(now).as_secs().max(0);
    let until = dates::minute(end);
    // Rounded to what helps: nobody counts the minutes of a day.
    if seconds >= 2 * 3600 {
        t.with_two(
            "prepared-until-hours",
            ("until", until.into()),
            ("hours", ((seconds + 1800) / 3600).into()),
        )
    } else {
        t.with_two(
            "prepared-until-minutes",
            ("until", until.into()),
            ("minutes", ((seconds + 59) / 60).into()),
        )
    }
}

fn missing(call: &Call, outlook: &RenewalOutlook) -> Response {
    let asked = !token(call).expose_secret().is_empty();
    let waits = outlook.waiting.as_ref().filter(|_| !asked);
    let (title, status) = match waits {
        Some(_) => ("bundle-waiting-title", StatusCode::OK),
        None => ("bundle-gone-title", StatusCode::GONE),
    };
    let page = call.visit.page.clone().titled(title);
    let t = page.t;
    let message = match waits {
        Some(waiting) => {
            let text = t.with("bundle-waiting", "until", until_text(t, waiting.expires_at, call.visit.now));
            Message { tone: "info", text }
        }
        None => Message::bad(t.say("bundle-gone")),
    };
    let view = BundlePage {
        page: &page,
        message,
        again: Some(format!("/terminals/{}/renew", outlook.terminal.terminal_id)),
        back: certificate_path(&outlook.terminal),
        back_text: t.say("back-to-certificate"),
    };
    html(&page, status, &view)
}

/// With which status a page says it.
fn status_of(refusal: IssueRefusal) -> StatusCode {
    match refusal {
        IssueRefusal::InProgress | IssueRefusal::Stopped => StatusCode::CONFLICT,
        IssueRefusal::TooOften => StatusCode::TOO_MANY_REQUESTS,
        IssueRefusal::IssuerEndsTooSoon | IssueRefusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
        IssueRefusal::NotRenewableKind | IssueRefusal::UnknownKind | IssueRefusal::TenantSuspended => {
            StatusCode::FORBIDDEN
        }
    }
}

/// What happened, why, what to do; and until when the old certificate is good, if it is.
pub(super) fn refusal_text(
    t: &Texts,
    refusal: IssueRefusal,
    terminal: &TerminalRow,
    now: Timestamp,
) -> String {
    let text = short_refusal(t, refusal);
    let barred = matches!(refusal, IssueRefusal::Stopped | IssueRefusal::TenantSuspended);
    match terminal.not_after.filter(|end| !barred && *end > now) {
        Some(end) => format!("{text}{}", t.with("refused-still-good", "until", dates::day(end))),
        None => text,
    }
}

/// The same without the old certificate.
pub(super) fn short_refusal(t: &Texts, refusal: IssueRefusal) -> String {
    t.say(match refusal {
        IssueRefusal::Stopped => "refused-stopped",
        IssueRefusal::NotRenewableKind => "refused-kind",
        IssueRefusal::UnknownKind => "refused-unknown-kind",
        IssueRefusal::TenantSuspended => "refused-suspended",
        IssueRefusal::IssuerEndsTooSoon => "refused-issuer",
        IssueRefusal::InProgress => "refused-in-progress",
        IssueRefusal::TooOften => "refused-too-often",
        IssueRefusal::Busy => "refused-busy",
    })
}
