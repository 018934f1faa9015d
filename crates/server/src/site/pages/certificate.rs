//! `/certificates/{serial}`: one certificate, its life and its history.

use super::{
    super::{
        charts::{self, Life, LifeKind},
        dates,
        endpoints::Call,
        failure::Failure,
        page::html,
        texts::Texts,
        views::{Button, Certificate, Fact, LegendEntry, Message, StopView, TimelineEntry},
    },
    overview::actor,
    renewal::until_text,
    rows,
};
use crate::{
    store::{AuditRow, CertificateRow, TerminalRow, WaitingBundle},
    use_cases::{Actor, CertificateDetail, Koshin, site_authority::Action},
};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// Lanes of the picture.
const LIVES: usize = 5;

pub(in super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let now = call.visit.now;
    let actor = actor(call.visit.session.as_ref())?;
    let detail = call.koshin.certificate_detail(&actor, &call.parameter, now).await?;
    let t = call.visit.page.t;
    let mut page = call.visit.page;
    page.title = format!("{}｜{}", rows::name(&detail.terminal), t.say("certificate-title"));
    let lives = lives(&detail.history, now);
    let (until, left) =
        (detail.certificate.not_after, dates::days_left(t, detail.certificate.not_after, now));
    let view = Certificate {
        page: &page,
        state: detail.terminal.state.as_str(),
        state_text: rows::state_text(t, detail.terminal.state),
        until: format!("{}：{}　{left}", t.say("column-until"), dates::day(until)),
        message: message(t, call.query.text("done")),
        stop: stop(&call.koshin, &actor, t, &detail).await?,
        waiting: detail.waiting.as_ref().map(|waiting| waiting_text(t, waiting, now)),
        buttons: buttons(&call.koshin, &actor, &detail.terminal).await?,
        life: charts::life(&lives, now, &life_title(t, &lives, now)),
        legend: legend(t, &lives),
        facts: facts(t, &detail),
        timeline: detail.timeline.iter().map(|event| entry(t, event)).collect(),
    };
    Ok(html(&page, StatusCode::OK, &view))
}

/// What this administrator may do with the terminal; all else is left out.
async fn buttons(koshin: &Koshin, actor: &Actor, terminal: &TerminalRow) -> Result<Vec<Button>, Failure> {
    let going = terminal.stopped_at.is_none();
    let ways: [(Action, bool, &str, &'static str, &'static str); 4] = [
        (Action::IssueCertificate, going, "renew", "renew-action", ""),
        (Action::RenameTerminal, true, "name", "name-action", "second"),
        (Action::IssueRecoveryCode, going, "recovery", "recovery-link", "second"),
        (Action::StopTerminal, going, "stop", "stop-action", "warn"),
    ];
    let mut buttons = Vec::with_capacity(ways.len());
    for (action, sensible, path, key, class) in ways {
        if sensible && koshin.actor_may(actor, action, &terminal.tenant_id).await? {
            let path = format!("/terminals/{}/{path}", terminal.terminal_id);
            buttons.push(Button { path, key, class });
        }
    }
    Ok(buttons)
}

/// What was done a moment ago, as the address says.
fn message(t: &Texts, done: &str) -> Option<Message> {
    let good = |key| Some(Message { tone: "good", text: t.say(key) });
    match done {
        "renamed" => good("done-renamed"),
        "stopped" => good("done-stopped"),
        "undone" => good("done-undone"),
        "too-late" => Some(Message::bad(t.say("done-too-late"))),
        _ => None,
    }
}

async fn stop(
    koshin: &Koshin,
    actor: &Actor,
    t: &Texts,
    detail: &CertificateDetail,
) -> Result<Option<StopView>, Failure> {
    let Some(stop) = &detail.stop else { return Ok(None) };
    let when = dates::minute(stop.at);
    // The trail adds the account's number, which tells people nothing.
    let since = match stop.by.as_deref().and_then(|by| by.split(" (").next()) {
        Some(by) => t.with_two("stop-since", ("when", when.into()), ("who", by.into())),
        None => t.with("stop-since-unnamed", "when", when),
    };
    let may = koshin.actor_may(actor, Action::UndoStop, &detail.terminal.tenant_id).await?;
    let (rest, undo) = match stop.undo_until {
        Some(until) if may => {
            let path = format!("/terminals/{}/undo", detail.terminal.terminal_id);
            (t.with("stop-undo-until", "until", dates::minute(until)), Some(path))
        }
        Some(until) => (t.with("stop-undo-until-by-others", "until", dates::minute(until)), None),
        None => (t.say("stop-final"), None),
    };
    Ok(Some(StopView { text: format!("{since}{rest}"), undo }))
}

/// The last certificates that were delivered. One ends where its successor was first used.
fn lives(history: &[CertificateRow], now: Timestamp) -> Vec<Life> {
    let end = |row: &CertificateRow| {
        let successor = history.iter().filter(|next| next.parent.as_deref() == Some(&row.serial));
        successor.filter_map(|next| next.first_used_at).min().unwrap_or(row.not_after).min(row.not_after)
    };
    let life = |row: &CertificateRow| {
        let kind = match row.state {
            CertificateState::InUse if row.not_after > now => LifeKind::Current,
            CertificateState::Issued | CertificateState::Pending => LifeKind::New,
            _ if row.first_used_at.is_none() && row.not_after > now => return None,
            _ => LifeKind::Past,
        };
        Some(Life { from: row.not_before, to: end(row), kind })
    };
    let all: Vec<Life> = history.iter().filter_map(life).collect();
    all[all.len().saturating_sub(LIVES)..].to_vec()
}

fn waiting_text(t: &Texts, waiting: &WaitingBundle, now: Timestamp) -> String {
    let key = if waiting.fetched { "waiting-fetched" } else { "waiting" };
    t.with(key, "until", until_text(t, waiting.expires_at, now))
}

fn life_title(t: &Texts, lives: &[Life], now: Timestamp) -> String {
    let from = lives.iter().map(|life| life.from).min().unwrap_or(now);
    let to = lives.iter().map(|life| life.to).max().unwrap_or(now);
    t.with_two("life-chart", ("from", dates::day(from).into()), ("to", dates::day(to).into()))
}

fn legend(t: &Texts, lives: &[Life]) -> Vec<LegendEntry> {
    let kinds =
        [(LifeKind::Past, "life-past"), (LifeKind::Current, "life-current"), (LifeKind::New, "life-new")];
    let shown = kinds.into_iter().filter(|(kind, _)| lives.iter().any(|life| life.kind == *kind));
    let classes = shown.map(|(_, class)| class).chain(["life-today"]);
    classes.map(|class| LegendEntry { class, text: t.say(class) }).collect()
}

fn facts(t: &Texts, detail: &CertificateDetail) -> Vec<Fact> {
    let (terminal, certificate) = (&detail.terminal, &detail.certificate);
    let fact = |key, text: &str| Fact { key, text: text.to_owned(), mono: false };
    let mono = |key, text: &str| Fact { key, text: text.to_owned(), mono: true };
    let door = match certificate.door.as_str() {
        "hand_over" => t.say("door-hand-over"),
        "legacy" => t.say("door-legacy"),
        "est" => t.say("door-est"),
        "recovery" => t.say("door-recovery"),
        other => other.to_owned(),
    };
    let mut facts = vec![
        fact("column-tenant", &terminal.tenant_name),
        fact("column-terminal", rows::name(terminal)),
        fact("column-place", terminal.place.as_deref().unwrap_or("―")),
        fact("column-cn", &terminal.common_name),
        fact("certificate-from", &dates::minute(certificate.not_before)),
        fact("column-until", &dates::minute(certificate.not_after)),
        mono("column-serial", &certificate.serial),
        fact("certificate-issuer", &detail.issuer),
        fact("certificate-door", &door),
    ];
    if !detail.hosts.is_empty() {
        facts.push(mono("certificate-hosts", &detail.hosts.join(", ")));
    }
    if let Some(parent) = &certificate.parent {
        facts.push(mono("certificate-parent", parent));
    }
    facts
}

fn entry(t: &Texts, event: &AuditRow) -> TimelineEntry {
    let key = format!("event-{}", event.kind.replace('_', "-"));
    let wrong = event.kind.ends_with("_refused")
        || event.kind.ends_with("_failed")
        || event.kind.starts_with("foreign_");
    TimelineEntry {
        instant: event.at.to_string(),
        when: dates::minute(event.at),
        what: if t.has(&key) { t.say(&key) } else { event.kind.clone() },
        // The trail's details are in English, for operators; only its codes have other words.
        detail: if wrong { rows::result_text(t, &event.detail) } else { String::new() },
        wrong,
    }
}
