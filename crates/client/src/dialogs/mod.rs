//! What people are asked and told in windows: plain data in, a model of a window out.
//!
//! Failures say what the [`Explanation`]s of the command line say. A dialog's buttons stand in the order of the constants
//! here, so that whoever asks knows what was pressed.

#[cfg(test)]
mod tests;

use crate::{
    cli::messages::{dialogs as words, prompts},
    environment::Language,
    prompt::{Explanation, PasswordRequest, Question, Step},
};
use jiff::Timestamp;
use koshin_desktop::{Dialog, Field, Icon, Progress};

/// The button that does what a dialog is about: 更新, もう一度更新, 証明書を開く, 復旧コードを使う.
pub const YES: usize = 0;
/// The button that leaves things as they are: 今日は更新しない, あとで, 閉じる.
pub const NO: usize = 1;

pub use koshin_conduct::launcher::LAST_DAYS;

/// May it be renewed? In the last days [`notice`], else [`confirm`].
pub fn question(language: Language, question: &Question) -> Dialog {
    if question.days_left <= LAST_DAYS { notice(language, question) } else { confirm(language, question) }
}

/// 「証明書の更新時期です」: ［今すぐ更新］［あとで］.
pub fn notice(language: Language, question: &Question) -> Dialog {
    Dialog::new(Icon::Warning, words::due(language))
        .paragraph(words::ends_on(language, &question.name, question.not_after))
        .fact(words::valid_until(language), words::moment(language, question.not_after))
        .primary(words::renew_now(language))
        .cancel(words::later(language))
}

/// 「証明書の更新」: ［更新］［今日は更新しない］.
pub fn confirm(language: Language, question: &Question) -> Dialog {
    Dialog::new(Icon::Question, words::window_title(language))
        .paragraph(words::renew_it(language, &question.name))
        .fact(words::valid_until(language), words::moment(language, question.not_after))
        .paragraph(words::takes_a_moment(language))
        .primary(words::renew(language))
        .cancel(words::not_today(language))
}

/// The four steps, at `step`.
pub fn progress(language: Language, step: Step) -> Progress {
    let names = Step::ALL.map(|step| prompts::step(language, step));
    Progress::new(words::renewing(language), names).paragraph(words::safe(language)).at(step as usize)
}

/// 「証明書を更新しました」. `notes` are further things to know; `is_open` when the application runs already.
pub fn done(language: Language, name: &str, not_after: Timestamp, notes: &[String], is_open: bool) -> Dialog {
    let advice = if is_open { words::reopen(language) } else { words::nothing_else(language) };
    let dialog = Dialog::new(Icon::Done, words::done(language))
        .fact(words::terminal(language), name)
        .fact(words::now_valid_until(language), words::moment(language, not_after));
    let advice = if notes.is_empty() || is_open { dialog.paragraph(advice) } else { dialog };
    notes.iter().fold(advice, Dialog::paragraph).close(words::close(language))
}

/// Something failed: what, why, what to do. ［もう一度更新］ only where `retry` makes sense.
pub fn failed(
    language: Language,
    name: &str,
    explanation: &Explanation,
    contact: Option<&str>,
    retry: bool,
) -> Dialog {
    let dialog = explained(language, Icon::Warning, name, explanation, contact);
    if retry {
        dialog.primary(words::again(language)).cancel(words::close(language))
    } else {
        Dialog { icon: Icon::Error, ..dialog }.close(words::close(language))
    }
}

/// 「この証明書は更新できません」: a kind that is not renewed.
pub fn not_renewable(
    language: Language,
    name: &str,
    explanation: &Explanation,
    contact: Option<&str>,
) -> Dialog {
    explained(language, Icon::Info, name, explanation, contact).close(words::close(language))
}

/// 「証明書の有効期限が切れています」, with a field for a 復旧コード; `error` says why the last one was not taken.
pub fn expired(
    language: Language,
    name: &str,
    not_after: Timestamp,
    explanation: &Explanation,
    contact: Option<&str>,
    error: Option<&str>,
) -> Dialog {
    let field = Field::plain(words::recovery_code(language));
    let field = match error {
        Some(error) => field.error(error),
        None => field,
    };
    explained(language, Icon::Error, name, explanation, contact)
        .fact(words::valid_until(language), words::moment(language, not_after))
        .field(field)
        .primary(words::use_recovery_code(language))
        .cancel(words::close(language))
}

/// The password of a certificate: ［証明書を開く］［今日は更新しない］.
pub fn password(language: Language, request: &PasswordRequest) -> Dialog {
    let PasswordRequest { name, path, previous_was_wrong } = request;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let field = Field::masked(words::password(language), words::show_password(language));
    let field = field.hint(words::password_not_saved(language));
    let (icon, field) = match previous_was_wrong {
        true => (Icon::Warning, field.error(words::password_wrong(language))),
        false => (Icon::Question, field),
    };
    Dialog::new(icon, words::password_title(language, *previous_was_wrong))
        .paragraph(words::password_why(language, name, &file))
        .field(field)
        .primary(words::open_certificate(language))
        .cancel(words::not_today(language))
}

/// The application itself could not be started.
pub fn not_started(language: Language, program: &str, why: &str, contact: Option<&str>) -> Dialog {
    let dialog = Dialog::new(Icon::Error, words::not_started(language))
        .paragraph(words::not_started_why(language, program, why))
        .paragraph(words::mend_shortcut(language));
    with_contact(language, dialog, contact).close(words::close(language))
}

/// A dialog as lines, for those who have a terminal only. Buttons and fields have no place there.
pub fn as_text(dialog: &Dialog) -> String {
    let facts = dialog.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value));
    let lines = dialog.paragraphs.iter().cloned().chain(facts);
    lines.fold(dialog.title.clone(), |text, line| format!("{text}\n  {line}"))
}

fn explained(
    language: Language,
    icon: Icon,
    name: &str,
    explanation: &Explanation,
    contact: Option<&str>,
) -> Dialog {
    let Explanation { title, lines, code } = explanation;
    let dialog = lines.iter().fold(Dialog::new(icon, title), Dialog::paragraph);
    let dialog = dialog.fact(words::terminal(language), name);
    let dialog = match code {
        Some(code) => dialog.fact(words::number(language), code),
        None => dialog,
    };
    with_contact(language, dialog, contact)
}

fn with_contact(language: Language, dialog: Dialog, contact: Option<&str>) -> Dialog {
    match contact {
        Some(contact) => dialog.fact(words::contact(language), contact),
        None => dialog,
    }
}
