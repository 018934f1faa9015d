//! What the status window shows: report, diary and present in, a [`Status`] out. Pure: the table in
//! `tests/window/view.rs` is the whole truth.

use super::cards::{Certificate, Standing, Target, certificates};
use crate::{
    cli::{
        messages::{status as status_words, window as words},
        status::StatusReport,
        status_view::printable,
    },
    daemon::diary::Diary,
    environment::Language,
    prompt::Question,
};
use jiff::Timestamp;
use koshin_desktop::{Icon, Notice, Status};

/// Everything that the window tells of.
#[derive(Debug, Clone, Copy)]
pub struct Knowledge<'a> {
    /// The connections, and when they were looked at.
    pub report: &'a StatusReport,
    /// What the attempts so far have led to.
    pub diary: &'a Diary,
    /// Whether anything renews by itself on this PC.
    pub automatic: bool,
    /// In which language.
    pub language: Language,
    /// What is being done.
    pub doing: &'a Doing,
    /// What the last action led to.
    pub notice: Option<&'a Notice>,
}

/// What the window is busy with. As long as it is, nothing else can be begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Nothing.
    Nothing,
    /// It renews the certificate of this name.
    Renewing(String),
    /// It asks for a 復旧コード for the certificate of this name.
    Recovering(String),
    /// It copies files.
    BackingUp,
    /// It collects the support information.
    Examining,
}

/// What can be done with all certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// ［バックアップ］.
    BackUp,
    /// ［サポート情報をコピー］.
    CopySupport,
    /// ［閉じる］.
    Close,
}

/// What stands behind a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// 端末名, or what the user calls the connections.
    pub name: String,
    /// SHA-256 of the certificate, hex; none while it cannot be read.
    pub sha256: Option<String>,
    /// What a person is asked before it is renewed; none while it cannot be read.
    pub question: Option<Question>,
    /// What its button renews; it has none where there is nothing to renew.
    pub target: Option<Target>,
    /// Where its button asks for a 復旧コード instead.
    pub recovery: Option<Target>,
}

/// The window, and what its buttons mean.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What is shown.
    pub status: Status,
    /// What stands behind each card.
    pub cards: Vec<Behind>,
    /// For each of the buttons below what it does.
    pub actions: Vec<Action>,
}

/// The window.
pub fn view(knowledge: Knowledge<'_>) -> View {
    let Knowledge { report, diary, automatic, language, doing, notice } = knowledge;
    let found = certificates(&report.entries);
    let idle = *doing == Doing::Nothing;
    let mut cards = Vec::new();
    for certificate in &found {
        let mut card = certificate.card(language, diary, automatic, report.now);
        if !idle {
            card.actions.clear();
        }
        cards.push(card);
    }
    // Not even ［閉じる］: the focus would fall on it, and whoever presses Enter twice would close the window.
    let actions = if idle { vec![Action::BackUp, Action::CopySupport, Action::Close] } else { Vec::new() };
    let (icon, title) = title(&found, report, language);
    let status = Status {
        icon,
        title,
        paragraphs: paragraphs(&found, knowledge),
        notice: under_way(doing, language).or_else(|| notice.cloned()),
        cards,
        actions: actions.iter().map(|action| button(language, *action).to_owned()).collect(),
    };
    let cards = found.iter().map(|certificate| behind(certificate, report.now)).collect();
    View { status, cards, actions }
}

fn behind(certificate: &Certificate<'_>, now: Timestamp) -> Behind {
    Behind {
        name: certificate.name(),
        sha256: certificate.sha256().map(str::to_owned),
        question: certificate.question(now),
        target: certificate.renewal(),
        recovery: certificate.recovery(),
    }
}

/// The worst of all. A file that cannot be read may hide a certificate: nobody is told that all is well.
fn title(found: &[Certificate<'_>], report: &StatusReport, language: Language) -> (Icon, String) {
    let hidden = (!report.problems.is_empty()).then_some(Standing::Unknown);
    let worst = found.iter().map(|certificate| certificate.standing).chain(hidden).max();
    match worst {
        Some(worst) => (worst.icon(), words::standing(language, worst).to_owned()),
        None => (Icon::Info, words::none_found(language).to_owned()),
    }
}

fn paragraphs(found: &[Certificate<'_>], knowledge: Knowledge<'_>) -> Vec<String> {
    let Knowledge { report, language, .. } = knowledge;
    let mut paragraphs = Vec::new();
    if found.is_empty() {
        paragraphs.push(status_words::nothing_found(language).to_owned());
    } else {
        paragraphs.extend(words::summary(language, &counts(found), !report.problems.is_empty()));
    }
    let problem = status_words::problem_prefix(language);
    let problems = report.problems.iter().map(|one| (problem, status_words::problem(language, one)));
    let warning = status_words::warning_prefix(language);
    let warnings =
        report.warnings.iter().map(|one| (warning, status_words::discovery_warning(language, one)));
    paragraphs.extend(problems.chain(warnings).map(|(prefix, text)| format!("{prefix}{}", printable(&text))));
    if !found.is_empty() && !knowledge.automatic {
        paragraphs.push(words::not_automatic(language).to_owned());
    }
    paragraphs
}

/// How many stand how, the worst first.
fn counts(found: &[Certificate<'_>]) -> Vec<(Standing, usize)> {
    let mut counts: Vec<(Standing, usize)> = Vec::new();
    for certificate in found {
        match counts.iter_mut().find(|(standing, _)| *standing == certificate.standing) {
            Some((_, count)) => *count += 1,
            None => counts.push((certificate.standing, 1)),
        }
    }
    counts
}

fn under_way(doing: &Doing, language: Language) -> Option<Notice> {
    let text = match doing {
        Doing::Nothing => return None,
        Doing::Renewing(name) => words::renewing(language, name),
        Doing::Recovering(name) => words::recovering(language, name),
        Doing::BackingUp => words::backing_up(language).to_owned(),
        Doing::Examining => words::examining(language).to_owned(),
    };
    Some(Notice { icon: Icon::Info, text })
}

fn button(language: Language, action: Action) -> &'static str {
    match action {
        Action::BackUp => words::back_up(language),
        Action::CopySupport => words::copy_support(language),
        Action::Close => words::close(language),
    }
}
