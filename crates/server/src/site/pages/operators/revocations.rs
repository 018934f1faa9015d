//! `/revocations` and `/revocations/new`: which certificates are to be revoked together.

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
    fields::{Alternative, Field, Input},
};
use crate::{
    store::{RevocationChoice, RevocationRow, RevocationState},
    use_cases::{RevocationReason, RevocationRefusal, RevocationWish, SiteError},
};
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use jiff::{Timestamp, civil::DateTime};
use koshin_policy::calendar;

/// Unknown serials that are named.
const NAMED: usize = 5;

/// The latest ones.
#[derive(Template)]
#[template(path = "site/operators/revocations.html")]
struct Revocations<'a> {
    page: &'a Page,
    rows: Vec<Row>,
}

struct Row {
    id: i64,
    choice: String,
    reason: String,
    total: u64,
    state: String,
    proposer: String,
    when: String,
}

/// The ways to choose.
#[derive(Template)]
#[template(path = "site/operators/choose.html")]
struct ChoosePage<'a> {
    page: &'a Page,
    wrong: Option<String>,
    ways: Vec<Way>,
}

/// A way to choose, with its own form.
struct Way {
    word: &'static str,
    heading: String,
    fields: Vec<Field>,
}

/// `GET /revocations`
pub(in super::super::super) async fn list(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let found = call.koshin.revocations(&actor).await?;
    let page = call.visit.page.titled("revocations-title");
    let rows = found.into_iter().map(|revocation| row(page.t, revocation)).collect();
    Ok(html(&page, StatusCode::OK, &Revocations { page: &page, rows }))
}

/// `GET /revocations/new?tenant=…`
pub(in super::super::super) async fn ask(call: Call) -> Result<Response, Failure> {
    Ok(form(&call, None))
}

/// `POST /revocations`: nothing ends yet; the next page shows whom it would hit.
pub(in super::super::super) async fn choose(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let Some((choice, reason)) = wish(&call) else {
        let text = call.visit.page.t.say("revocation-unclear");
        return Ok(form(&call, Some(text)));
    };
    let wish = RevocationWish { choice, reason };
    match call.koshin.choose_revocation(&actor, wish, call.visit.now).await {
        Ok(id) => Ok(see_other(&format!("/revocations/{id}"))),
        Err(SiteError::Revocation(refusal)) => match refused(call.visit.page.t, &refusal) {
            Some(text) => Ok(form(&call, Some(text))),
            None => Err(SiteError::Revocation(refusal).into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn refused(t: &Texts, refusal: &RevocationRefusal) -> Option<String> {
    match refusal {
        RevocationRefusal::Nothing => Some(t.say("revocation-nothing")),
        RevocationRefusal::TooMany { found, most } => {
            Some(t.with_two("revocation-too-many", ("found", (*found).into()), ("most", (*most).into())))
        }
        RevocationRefusal::UnknownSerials(serials) => {
            let named = serials.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let count = ("count", serials.len().into());
            Some(t.with_two("revocation-unknown", count, ("serials", named.into())))
        }
        RevocationRefusal::SecondNeeded | RevocationRefusal::Over => None,
    }
}

/// What the form says, if it makes sense.
fn wish(call: &Call) -> Option<(RevocationChoice, RevocationReason)> {
    let text = |name| call.form.text(name);
    let choice = match text("way") {
        "tenant" => {
            Some(text("tenant")).filter(|id| !id.is_empty()).map(|id| RevocationChoice::Tenant(id.to_owned()))
        }
        "serials" => serials(text("serials")).map(RevocationChoice::Serials),
        "issued" => {
            let (from, to) = (moment(text("from"))?, moment(text("to"))?);
            (from < to).then_some(RevocationChoice::IssuedBetween(from, to))
        }
        _ => None,
    };
    Some((choice?, RevocationReason::from_word(text("reason"))?))
}

/// Serials as people paste them: one a line or with spaces or commas between, `4A:F0…` or
/// `4af0…`. `None` when something else is among them, or nothing at all.
fn serials(pasted: &str) -> Option<Vec<String>> {
    let mut all: Vec<String> = pasted
        .split(|character: char| character.is_whitespace() || ",;、，".contains(character))
        .filter(|word| !word.is_empty())
        .map(|word| word.replace(':', "").to_ascii_lowercase())
        .collect();
    all.sort_unstable();
    all.dedup();
    let good = |serial: &String| serial.len() <= 40 && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!all.is_empty() && all.iter().all(good)).then_some(all)
}

/// `2026-11-22T08:00`, in Japan.
fn moment(text: &str) -> Option<Timestamp> {
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(calendar::jst()).ok()?.timestamp())
}

fn form(call: &Call, wrong: Option<String>) -> Response {
    let page = call.visit.page.clone().titled("new-revocation-title");
    let t = page.t;
    let tenant = match call.form.text("tenant") {
        "" => call.query.text("tenant"),
        sent => sent,
    };
    let sent = |name| call.form.text(name);
    let of_tenant = Field::new(t, "tenant", "revocation-tenant", tenant, Input::Line(64));
    let of_serials = Field::new(t, "serials", "revocation-serials", sent("serials"), Input::Lines);
    let from = Field::new(t, "from", "revocation-from", sent("from"), Input::Moment);
    let to = Field::new(t, "to", "revocation-to", sent("to"), Input::Moment);
    let way = |word, reason_id, fields: Vec<Field>| Way {
        word,
        heading: t.say(&format!("revocation-way-{word}")),
        fields: fields
            .into_iter()
            .map(|field| field.required(t))
            .chain([reason_field(t, reason_id, sent("reason"))])
            .collect(),
    };
    let ways = vec![
        way("tenant", "reason-tenant", vec![of_tenant]),
        way("serials", "reason-serials", vec![of_serials]),
        way("issued", "reason-issued", vec![from, to]),
    ];
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(&page, status, &ChoosePage { page: &page, wrong, ways })
}

fn reason_field(t: &Texts, id: &'static str, chosen: &str) -> Field {
    let reasons = RevocationReason::ALL.map(|reason| Alternative {
        word: reason.as_str().to_owned(),
        label: reason_text(t, reason.as_str()),
    });
    Field { id, ..Field::new(t, "reason", "revocation-reason", chosen, Input::One(reasons.into())) }
}

fn row(t: &Texts, revocation: RevocationRow) -> Row {
    Row {
        id: revocation.id,
        choice: choice_text(t, &revocation.choice),
        reason: reason_text(t, &revocation.reason),
        total: revocation.total,
        state: state_text(t, revocation.state),
        proposer: revocation.chosen_by.name,
        when: dates::minute(revocation.proposed_at.unwrap_or(revocation.chosen_at)),
    }
}

/// A reason of RFC 5280 in words.
pub(super) fn reason_text(t: &Texts, reason: &str) -> String {
    let key = format!("reason-{reason}");
    if t.has(&key) { t.say(&key) } else { reason.to_owned() }
}

/// How far it is, in words.
pub(super) fn state_text(t: &Texts, state: RevocationState) -> String {
    t.say(&format!("revocation-state-{}", state.as_str()))
}

/// What was chosen, in words.
pub(super) fn choice_text(t: &Texts, choice: &str) -> String {
    let span = |span: &str| {
        let (from, to) = span.split_once('/')?;
        let instant = |text: &str| text.parse::<Timestamp>().ok().map(dates::minute);
        let (from, to) = (instant(from)?, instant(to)?);
        Some(t.with_two("revocation-choice-issued", ("from", from.into()), ("to", to.into())))
    };
    match choice.split_once(' ') {
        Some(("tenant", id)) => t.with("revocation-choice-tenant", "id", id),
        Some(("serials", count)) => t.with("revocation-choice-serials", "count", count),
        Some(("issued", between)) => span(between).unwrap_or_else(|| choice.to_owned()),
        _ => choice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_read_as_people_paste_them() {
        let read = |text| serials(text).unwrap_or_default();
        assert_eq!(read("4A:F0:01\r\n00ff\n\n4af001"), ["00ff", "4af001"], "each once");
        assert_eq!(read("1a, 2b、3c"), ["1a", "2b", "3c"]);
        for nonsense in ["", " \n ", "4af0 受付1", "'; DROP"] {
            assert_eq!(serials(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn moments_are_japanese() {
        assert_eq!(moment("2026-11-22T09:00"), "2026-11-22T00:00:00Z".parse().ok());
        assert_eq!(moment("yesterday"), None);
    }
}
