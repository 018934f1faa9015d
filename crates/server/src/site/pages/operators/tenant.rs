//! `/tenants/{tenant}`: one tenant, what can be changed of it, its first administrator, and the
//! confirmation before it is suspended or let in again.

use super::{
    super::{
        super::{
            dates,
            endpoints::Call,
            failure::Failure,
            page::{Page, html, see_other},
            texts::Texts,
        },
        overview::actor,
    },
    done, escaped, field_refused,
    fields::{Field, Input},
    tenant_path,
    tenants::{change, change_fields, kind_text},
};
use crate::{
    store::TenantChange,
    use_cases::{SiteError, TenantDetail},
};
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

/// One tenant.
#[derive(Template)]
#[template(path = "site/operators/tenant.html")]
struct TenantPage<'a> {
    page: &'a Page,
    done: Option<String>,
    wrong: Option<String>,
    path: String,
    suspended: bool,
    /// Whether it is the operator's own, which nobody suspends.
    own: bool,
    facts: Vec<(String, String)>,
    terminals: String,
    terminals_link: String,
    administrators: String,
    administrators_link: String,
    revoke_link: String,
    fields: Vec<Field>,
    mail: Field,
}

/// What suspending or resuming does.
#[derive(Template)]
#[template(path = "site/operators/suspend.html")]
struct SuspendPage<'a> {
    page: &'a Page,
    path: String,
    action: &'static str,
    consequences: Vec<String>,
    button: String,
}

/// The link, once.
#[derive(Template)]
#[template(path = "site/operators/invited.html")]
struct InvitedPage<'a> {
    page: &'a Page,
    path: String,
    lead: String,
    link: SecretString,
}

/// `GET /tenants/{tenant}`
pub(in super::super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let detail = detail(&call).await?;
    let entered = TenantChange {
        name: detail.row.tenant.name.clone(),
        service: detail.row.tenant.service.clone(),
        hours: detail.row.hours.clone(),
    };
    Ok(drawn(&call, &detail, &entered, None))
}

/// `POST /tenants/{tenant}`
pub(in super::super::super) async fn edit(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let entered = change(&call);
    match call.koshin.change_tenant(&actor, &call.parameter, entered.clone(), call.visit.now).await {
        Ok(()) => Ok(see_other(&format!("{}?done=saved", tenant_path(&call.parameter)))),
        Err(SiteError::Field(refusal)) => match field_refused(refusal) {
            Some(wrong) => Ok(drawn(&call, &detail(&call).await?, &entered, Some(wrong))),
            None => Err(SiteError::Field(refusal).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// `POST /tenants/{tenant}/invite`: the link is on this page and nowhere else.
pub(in super::super::super) async fn invite(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let detail = detail(&call).await?;
    let mail = call.form.text("mail");
    let invited = match call.koshin.invite(&actor, &call.parameter, mail, call.visit.now).await {
        Ok(invited) => invited,
        Err(SiteError::Field(refusal)) => {
            let tenant = &detail.row.tenant;
            let entered = TenantChange {
                name: tenant.name.clone(),
                service: tenant.service.clone(),
                hours: detail.row.hours.clone(),
            };
            return Ok(drawn(&call, &detail, &entered, field_refused(refusal)));
        }
        Err(error) => return Err(error.into()),
    };
    let host = call.visit.host;
    let page = call.visit.page.titled("tenant-invited-title");
    let (mail, name) = (mail.trim().to_owned(), detail.row.tenant.name.clone());
    let key = if invited.mailed { "tenant-invited-mailed" } else { "tenant-invited-lead" };
    let view = InvitedPage {
        path: tenant_path(&call.parameter),
        lead: page.t.with_two(key, ("mail", mail.into()), ("tenant", name.into())),
        link: SecretString::from(format!("https://{host}/setup/{}", invited.token.expose_secret())),
        page: &page,
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// `GET /tenants/{tenant}/suspend`
pub(in super::super::super) async fn ask_suspend(call: Call) -> Result<Response, Failure> {
    confirmation(call, "suspend").await
}

/// `GET /tenants/{tenant}/resume`
pub(in super::super::super) async fn ask_resume(call: Call) -> Result<Response, Failure> {
    confirmation(call, "resume").await
}

/// `POST /tenants/{tenant}/suspend`
pub(in super::super::super) async fn suspend(call: Call) -> Result<Response, Failure> {
    set_suspended(call, true).await
}

/// `POST /tenants/{tenant}/resume`
pub(in super::super::super) async fn resume(call: Call) -> Result<Response, Failure> {
    set_suspended(call, false).await
}

async fn set_suspended(call: Call, suspended: bool) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    match call.koshin.suspend_tenant(&actor, &call.parameter, suspended, call.visit.now).await {
        Ok(()) => {
            let mark = if suspended { "suspended" } else { "resumed" };
            Ok(see_other(&format!("{}?done={mark}", tenant_path(&call.parameter))))
        }
        Err(SiteError::OwnOrganisation) => Err(Failure::Forbidden),
        Err(error) => Err(error.into()),
    }
}

async fn detail(call: &Call) -> Result<TenantDetail, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    Ok(call.koshin.tenant(&actor, &call.parameter, call.visit.now).await?)
}

async fn confirmation(call: Call, action: &'static str) -> Result<Response, Failure> {
    let detail = detail(&call).await?;
    let mut page = call.visit.page;
    let t = page.t;
    page.title = t.with(&format!("tenant-{action}-title"), "tenant", detail.row.tenant.name.as_str());
    let first = t.with(&format!("tenant-{action}-1"), "count", detail.row.terminals);
    let rest = (2..=3).map(|number| t.say(&format!("tenant-{action}-{number}")));
    let view = SuspendPage {
        path: tenant_path(&detail.row.tenant.id),
        action,
        consequences: std::iter::once(first).chain(rest).collect(),
        button: t.say(&format!("tenant-{action}-button")),
        page: &page,
    };
    Ok(html(&page, StatusCode::OK, &view))
}

fn drawn(
    call: &Call,
    detail: &TenantDetail,
    entered: &TenantChange,
    wrong: Option<(&str, &str)>,
) -> Response {
    let mut page = call.visit.page.clone();
    let (t, tenant) = (page.t, &detail.row.tenant);
    page.title.clone_from(&tenant.name);
    let fields = change_fields(t, entered, &call.koshin.service_names());
    let mail = Field::new(t, "mail", "tenant-mail", call.form.text("mail"), Input::Mail).required(t);
    let view = TenantPage {
        done: done(t, &call.query),
        wrong: wrong.map(|(_, key)| t.say(key)),
        path: tenant_path(&tenant.id),
        suspended: tenant.suspended,
        own: call.visit.session.as_ref().is_some_and(|session| session.tenant_id == tenant.id),
        facts: facts(t, detail),
        terminals: t.with("tenant-terminals-link", "count", detail.row.terminals),
        terminals_link: format!("/certificates?tenant={}", escaped(&tenant.id)),
        administrators: t.with("tenant-administrators-link", "count", detail.administrators),
        administrators_link: format!("/administrators?tenant={}", escaped(&tenant.id)),
        revoke_link: format!("/revocations/new?tenant={}", escaped(&tenant.id)),
        fields: fields.into_iter().map(|field| field.judged(t, wrong)).collect(),
        mail: mail.judged(t, wrong),
        page: &page,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(&page, status, &view)
}

fn facts(t: &Texts, detail: &TenantDetail) -> Vec<(String, String)> {
    let row = &detail.row;
    let whole_day = |hours: &str| if hours.is_empty() { t.say("hours-whole-day") } else { hours.to_owned() };
    let hours = match &row.hours {
        Some(own) => own.clone(),
        None => t.with("tenant-hours-of-service", "hours", whole_day(&detail.service_hours)),
    };
    let clinics = (row.tenant.kind == crate::store::TenantKind::Vendor)
        .then(|| (t.say("tenant-clinics"), row.clinics.to_string()));
    [
        (t.say("tenant-id"), row.tenant.id.clone()),
        (t.say("tenant-kind"), kind_text(t, row.tenant.kind)),
        (t.say("tenant-service"), detail.service_name.clone()),
        (t.say("tenant-hours"), hours),
        (t.say("tenant-since"), dates::day(row.created_at)),
        (t.say("attention-expiring"), t.with("attention-units", "count", row.expiring)),
    ]
    .into_iter()
    .chain(clinics)
    .collect()
}
