//! `/terminals/new`: 新規発行.

use super::{
    super::{
        endpoints::Call,
        failure::Failure,
        issuing_views::{FirstPage, TenantChoice, Wrong},
        page::html,
        texts::Texts,
        views::Message,
    },
    overview::actor,
    renewal,
};
use crate::{
    store::{ConsentQuery, TenantKind},
    use_cases::{Actor, FieldRefusal, FirstCertificate, SiteError},
};
use axum::response::Response;
use http::StatusCode;

/// Clinics that a menu shows at most.
const IN_MENU: u32 = 500;

/// `GET /terminals/new`, for an operator with `?tenant=ID`.
pub(in super::super) async fn ask(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let asked = call.query.text("tenant");
    let tenant = match actor.kind() {
        TenantKind::Clinic => actor.tenant_id(),
        TenantKind::Vendor | TenantKind::Operator => asked,
    };
    let wish = FirstCertificate {
        tenant: tenant.to_owned(),
        common_name: String::new(),
        label: String::new(),
        place: String::new(),
    };
    form(&call, &actor, &wish, Outcome::Asked).await
}

/// `POST /terminals/new`: the certificate, and its password, shown once.
pub(in super::super) async fn issue(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let tenant = match actor.kind() {
        TenantKind::Clinic => actor.tenant_id(),
        TenantKind::Vendor | TenantKind::Operator => call.form.text("tenant"),
    };
    let wish = FirstCertificate {
        tenant: tenant.to_owned(),
        common_name: call.form.text("cn").to_owned(),
        label: call.form.text("label").to_owned(),
        place: call.form.text("place").to_owned(),
    };
    match call.koshin.prepare_first(&actor, wish.clone(), call.visit.now).await {
        Ok(prepared) => Ok(renewal::ready(call.visit.page, &prepared, call.visit.now)),
        Err(error) => match outcome(call.visit.page.t, error) {
            Ok(outcome) => form(&call, &actor, &wish, outcome).await,
            Err(error) => Err(error.into()),
        },
    }
}

/// What the form says above or beside its fields.
enum Outcome {
    Asked,
    Refused(String),
    Wrong(StatusCode, Wrong),
}

/// The sentence for what was typed wrongly, if that is what it is.
fn outcome(t: &Texts, error: SiteError) -> Result<Outcome, SiteError> {
    let wrong = |status, field, key| Outcome::Wrong(status, Wrong { field, text: t.say(key), link: None });
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(match error {
        SiteError::Field(FieldRefusal::CommonName) => wrong(unprocessable, "cn", "first-cn-invalid"),
        SiteError::Field(FieldRefusal::Kind) => wrong(unprocessable, "cn", "first-cn-kind"),
        SiteError::Field(FieldRefusal::Label) => wrong(unprocessable, "label", "label-invalid"),
        SiteError::Field(FieldRefusal::Place) => wrong(unprocessable, "place", "place-invalid"),
        SiteError::NotFound => wrong(StatusCode::NOT_FOUND, "tenant", "first-tenant-unknown"),
        SiteError::CommonNameTaken { terminal_id } => {
            let link = (format!("/terminals/{terminal_id}/renew"), t.say("first-cn-taken-renew"));
            let text = t.say("first-cn-taken");
            Outcome::Wrong(StatusCode::CONFLICT, Wrong { field: "cn", text, link: Some(link) })
        }
        SiteError::Issuing(refusal) => Outcome::Refused(renewal::short_refusal(t, refusal)),
        error => return Err(error),
    })
}

async fn form(
    call: &Call,
    actor: &Actor,
    wish: &FirstCertificate,
    outcome: Outcome,
) -> Result<Response, Failure> {
    let tenants = tenants(call, actor, &wish.tenant).await?;
    let page = call.visit.page.clone().titled("first-title");
    let (status, message, wrong) = match outcome {
        Outcome::Asked => (StatusCode::OK, None, None),
        Outcome::Refused(text) => (StatusCode::CONFLICT, Some(Message::bad(text)), None),
        Outcome::Wrong(status, wrong) => (status, None, Some(wrong)),
    };
    let kinds = call.koshin.kinds_of(actor, &wish.tenant).await?;
    let view = FirstPage {
        page: &page,
        message,
        types_tenant: tenants.is_none(),
        tenants: tenants.unwrap_or_default(),
        tenant: &wish.tenant,
        common_name: &wish.common_name,
        label: &wish.label,
        place: &wish.place,
        wrong,
        kinds: page.t.with("first-cn-hint", "kinds", kinds.join("、").replace('*', "…")),
    };
    Ok(html(&page, status, &view))
}

/// A vendor chooses among itself and the clinics that let it in; `None` where the organisation
/// is typed: an operator's, and a vendor's that has more clinics than a menu can show.
async fn tenants(call: &Call, actor: &Actor, chosen: &str) -> Result<Option<Vec<TenantChoice>>, Failure> {
    match actor.kind() {
        TenantKind::Clinic => return Ok(Some(Vec::new())),
        TenantKind::Operator => return Ok(None),
        TenantKind::Vendor => {}
    }
    let own = call.visit.session.as_ref().map(|session| session.tenant_name.clone()).unwrap_or_default();
    let given = ConsentQuery { ended: Some(false), per_page: IN_MENU, ..ConsentQuery::default() };
    let given = call.koshin.consents(actor, given).await?;
    if given.total > u64::from(IN_MENU) {
        return Ok(None);
    }
    let mut tenants: Vec<(String, String)> =
        given.rows.into_iter().map(|consent| (consent.clinic, consent.clinic_name)).collect();
    tenants.sort_by(|one, other| one.1.cmp(&other.1));
    tenants.push((actor.tenant_id().to_owned(), own));
    let choice = |(id, name): (String, String)| TenantChoice { chosen: id == chosen, id, name };
    Ok(Some(tenants.into_iter().map(choice).collect()))
}
