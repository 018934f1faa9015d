//! `/authority`: 認証局, how long it can go on, and the server's own certificates.

use super::super::{
    super::{
        dates,
        endpoints::Call,
        failure::Failure,
        page::{Page, html},
        texts::Texts,
    },
    overview::actor,
};
use crate::use_cases::{AuthorityView, OwnCertificate, Whose};
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use sha2::{Digest, Sha256};

#[derive(Template)]
#[template(path = "site/operators/authority.html")]
struct AuthorityPage<'a> {
    page: &'a Page,
    alarm: bool,
    verdict: String,
    certificates: Vec<Shown>,
}

/// A certificate with its facts.
struct Shown {
    heading: String,
    /// Whether its end is near.
    alarm: Option<String>,
    /// Name, value, and whether it is read letter by letter.
    facts: Vec<(String, String, bool)>,
}

/// `GET /authority`
pub(in super::super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let (actor, now) = (actor(call.visit.session.as_ref())?, call.visit.now);
    let view = call.koshin.authority_view(&actor, now).await?;
    let page = call.visit.page.titled("authority-title");
    let t = page.t;
    let plain = |key, facts| Shown { heading: t.say(key), alarm: None, facts: facts_of(t, facts, now) };
    let ca = [plain("authority-issuing", &view.issuing), plain("authority-root", &view.root)];
    let page_view = AuthorityPage {
        alarm: view.alarm,
        verdict: verdict(t, &view, now),
        certificates: ca.into_iter().chain(view.own.iter().map(|own| own_shown(t, own, now))).collect(),
        page: &page,
    };
    Ok(html(&page, StatusCode::OK, &page_view))
}

fn verdict(t: &Texts, view: &AuthorityView, now: Timestamp) -> String {
    let key = match (view.alarm, view.full_until > now) {
        (false, _) => "authority-well",
        (true, true) => "authority-near",
        (true, false) => "authority-over",
    };
    t.with_two(key, ("until", dates::day(view.full_until).into()), ("years", view.years.into()))
}

fn own_shown(t: &Texts, own: &OwnCertificate, now: Timestamp) -> Shown {
    let key = match own.whose {
        Whose::Terminals => "authority-own-terminals",
        Whose::Site => "authority-own-site",
    };
    let alarm = match (&own.facts, own.alarm) {
        (None, _) => Some(t.say("authority-own-unread")),
        (Some(_), true) => Some(t.say("authority-own-near")),
        (Some(_), false) => None,
    };
    let facts = own.facts.as_ref().map(|facts| facts_of(t, facts, now)).unwrap_or_default();
    Shown { heading: t.say(key), alarm, facts }
}

fn facts_of(t: &Texts, facts: &CertificateFacts, now: Timestamp) -> Vec<(String, String, bool)> {
    let until = format!("{}　{}", dates::day(facts.not_after), dates::days_left(t, facts.not_after, now));
    vec![
        (t.say("authority-subject"), facts.subject_rfc4514(), false),
        (t.say("certificate-issuer"), facts.issuer_rfc4514(), false),
        (t.say("certificate-from"), dates::day(facts.not_before), false),
        (t.say("column-until"), until, false),
        (t.say("authority-key"), facts.key.to_string(), false),
        (t.say("column-serial"), facts.serial.to_hex(), true),
        (t.say("authority-fingerprint"), fingerprint(&facts.der), true),
    ]
}

/// SHA-256 of the certificate, as other programs show it.
fn fingerprint(der: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
