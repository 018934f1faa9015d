//! `/consents`: which maintenance vendors look after which clinics (保守会社への許可).

use super::{
    super::{
        account_views::{Confirm, ConsentLine, Consents},
        dates,
        endpoints::Call,
        failure::Failure,
        page::{html, see_other},
        texts::Texts,
        views::Message,
    },
    overview::actor,
};
use crate::{
    store::{ConsentRow, TenantKind},
    use_cases::{Actor, SiteError},
};
use axum::response::Response;
use http::StatusCode;

/// The page that asks for a vendor once more.
const UNKNOWN: &str = "/consents?done=unknown";

/// `GET /consents`
pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let (t, word) = (call.visit.page.t, call.query.text("done"));
    let wrong = (word == "unknown").then(|| t.say("consents-choose"));
    drawn(&call, done(t, word), wrong).await
}

/// `GET /consents/new?vendor=`: what the vendor will see and do.
pub(in super::super) async fn ask_grant(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let id = call.query.text("vendor");
    let vendors = call.koshin.vendors(&actor).await?;
    let Some((id, name)) = vendors.into_iter().find(|(known, _)| known == id) else {
        return Ok(see_other(UNKNOWN));
    };
    let page = call.visit.page.clone().titled("consents-grant-title");
    let t = page.t;
    let view = Confirm {
        page: &page,
        message: None,
        lead: vec![t.with_two("consents-grant-lead", ("vendor", name.into()), ("id", id.as_str().into()))],
        points: ["consents-sees", "consents-does", "consents-not", "consents-ends"]
            .map(|key| t.say(key))
            .into(),
        action: "/consents".to_owned(),
        hidden: vec![("vendor", id.clone())],
        password: false,
        button: t.say("consents-grant-button"),
        dangerous: false,
        back: "/consents".to_owned(),
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// `POST /consents`
pub(in super::super) async fn grant(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    match call.koshin.grant_consent(&actor, call.form.text("vendor"), call.visit.now).await {
        // Let in twice is let in.
        Ok(()) | Err(SiteError::ConsentExists) => Ok(see_other("/consents?done=granted")),
        Err(SiteError::NoSuchVendor) => Ok(see_other(UNKNOWN)),
        Err(error) => Err(error.into()),
    }
}

/// `GET /consents/withdraw?clinic=&vendor=`
pub(in super::super) async fn ask_withdraw(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let (clinic, vendor) = (call.query.text("clinic"), call.query.text("vendor"));
    let given = given(&call, &actor).await?;
    let row = given.into_iter().find(|row| row.clinic == clinic && row.vendor == vendor);
    let row = row.ok_or(Failure::NotFound)?;
    let page = call.visit.page.clone().titled("consents-withdraw-title");
    let t = page.t;
    let view = Confirm {
        page: &page,
        message: None,
        lead: vec![t.with_two(
            "consents-withdraw-lead",
            ("vendor", row.vendor_name.as_str().into()),
            ("clinic", row.clinic_name.as_str().into()),
        )],
        points: vec![t.say("consents-withdraw-point")],
        action: "/consents/withdraw".to_owned(),
        hidden: vec![("clinic", row.clinic.clone()), ("vendor", row.vendor.clone())],
        password: false,
        button: t.say("consents-withdraw-button"),
        dangerous: true,
        back: "/consents".to_owned(),
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// `POST /consents/withdraw`
pub(in super::super) async fn withdraw(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let (clinic, vendor) = (call.form.text("clinic"), call.form.text("vendor"));
    call.koshin.withdraw_consent(&actor, clinic, vendor, call.visit.now).await?;
    Ok(see_other("/consents?done=withdrawn"))
}

/// The consents in force.
async fn given(call: &Call, actor: &Actor) -> Result<Vec<ConsentRow>, Failure> {
    let rows = call.koshin.consents(actor).await?;
    Ok(rows.into_iter().filter(|row| row.withdrawn_at.is_none()).collect())
}

fn done(t: &Texts, word: &str) -> Option<Message> {
    match word {
        "granted" => Some(Message::good(t.say("consents-granted"))),
        "withdrawn" => Some(Message::good(t.say("consents-withdrawn"))),
        _ => None,
    }
}

async fn drawn(call: &Call, message: Option<Message>, wrong: Option<String>) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let page = call.visit.page.clone().titled("consents-title");
    let t = page.t;
    let (ended, rows): (Vec<_>, Vec<_>) =
        call.koshin.consents(&actor).await?.into_iter().partition(|row| row.withdrawn_at.is_some());
    let lead = match actor.kind() {
        TenantKind::Clinic => "consents-lead-clinic",
        TenantKind::Vendor => "consents-lead-vendor",
        TenantKind::Operator => "consents-lead-operator",
    };
    let vendors = match actor.kind() {
        TenantKind::Clinic => Some(call.koshin.vendors(&actor).await?),
        TenantKind::Vendor | TenantKind::Operator => None,
    };
    let may_be_let_in = |id: &str| !rows.iter().any(|row| row.vendor == id);
    let vendors = vendors.map(|all| all.into_iter().filter(|(id, _)| may_be_let_in(id)).collect());
    let view = Consents {
        page: &page,
        message,
        lead: t.say(lead),
        none: t.say("consents-none"),
        rows: rows.into_iter().map(line).collect(),
        ended: ended.into_iter().rev().map(line).collect(),
        vendors,
        wrong,
    };
    Ok(html(&page, StatusCode::OK, &view))
}

fn line(row: ConsentRow) -> ConsentLine {
    ConsentLine {
        clinic: row.clinic,
        clinic_name: row.clinic_name,
        vendor: row.vendor,
        vendor_name: row.vendor_name,
        since: dates::minute(row.granted_at),
        until: row.withdrawn_at.map(dates::minute).unwrap_or_default(),
    }
}
