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
    paging::Numbered,
};
use crate::{
    store::{ConsentPage, ConsentQuery, ConsentRow, TenantKind},
    use_cases::SiteError,
};
use axum::response::Response;
use http::StatusCode;

/// The page that asks for a vendor once more.
const UNKNOWN: &str = "/consents?done=unknown";

/// Consents a page.
const PER_PAGE: u32 = 50;

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
    let row = call.koshin.consent(&actor, clinic, vendor).await?;
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
    let ended = call.query.text("ended") == "1";
    let number = call.query.text("page").parse().unwrap_or(1).max(1);
    let query =
        ConsentQuery { ended: Some(ended), page: number, per_page: PER_PAGE, ..ConsentQuery::default() };
    let ConsentPage { rows, total } = call.koshin.consents(&actor, query).await?;
    let lead = match actor.kind() {
        _ if ended => "consents-ended-lead",
        TenantKind::Clinic => "consents-lead-clinic",
        TenantKind::Vendor => "consents-lead-vendor",
        TenantKind::Operator => "consents-lead-operator",
    };
    let vendors = match actor.kind() {
        TenantKind::Clinic if !ended => Some(call.koshin.vendors(&actor).await?),
        _ => None,
    };
    let (path, shown) = ("/consents", rows.len());
    let list = Numbered { path, page: number, per_page: PER_PAGE, shown, total, stale: false };
    let view = Consents {
        page: &page,
        message,
        lead: t.say(lead),
        none: t.say(if ended { "consents-none-ended" } else { "consents-none" }),
        ended,
        pager: list.pager(t, |page| format!("{}page={page}", if ended { "ended=1&" } else { "" })),
        rows: rows.into_iter().map(line).collect(),
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
