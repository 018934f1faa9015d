//! What a mail about an event says, in Japanese and English. Pure.

mod english;
mod japanese;

use super::text::{Language, MailText, english_time, japanese_time, one_line};
use crate::store::{NamedTerminal, Occurrence};
use jiff::Timestamp;
use secrecy::SecretString;

/// An event, as one organisation is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What has happened.
    pub occurrence: &'a Occurrence,
    /// When.
    pub at: Timestamp,
    /// The organisation's name.
    pub organisation: &'a str,
    /// The link of an invitation, which only its recipient may read.
    pub link: Option<&'a SecretString>,
}

/// Subject, text, and what to do: each without the organisation.
struct Parts {
    subject: String,
    what: String,
    todo: String,
}

/// The mail about an event.
pub fn mail(told: &Told<'_>, language: Language) -> MailText {
    let organisation = one_line(told.organisation);
    let invited = matches!(told.occurrence, Occurrence::Invitation { .. });
    match language {
        Language::Japanese => {
            let Parts { subject, what, todo } = japanese::parts(told);
            let why = match invited {
                true => "",
                false => {
                    "なりすましに気づけるように、このお知らせは通知設定にかかわらず管理者に送っています。\n"
                }
            };
            MailText {
                subject: format!("{subject}｜{organisation}"),
                body: format!(
                    "{what}\n\n■ お願い\n{todo}\n\n医療機関・会社：{organisation}\n日時：{}\n\n{why}\
                     このメールは自動で送信しています。返信は届きません。\n",
                    japanese_time(told.at)
                ),
            }
        }
        Language::English => {
            let Parts { subject, what, todo } = english::parts(told);
            let why = match invited {
                true => "",
                false => {
                    "Administrators get this notice whatever the notice settings say, so that nobody can act in \
                     their name unseen.\n"
                }
            };
            MailText {
                subject: format!("{subject} | {organisation}"),
                body: format!(
                    "{what}\n\nWHAT TO DO\n{todo}\n\nOrganisation: {organisation}\nTime: {}\n\n{why}\
                     This mail was sent by a program. Replies are not read.\n",
                    english_time(told.at)
                ),
            }
        }
    }
}

/// 端末名, else the common name. One line.
fn name(terminal: &NamedTerminal) -> String {
    let label = terminal.label.as_deref().map(one_line).filter(|label| !label.is_empty());
    label.unwrap_or_else(|| one_line(&terminal.common_name))
}

fn names(terminals: &[NamedTerminal], mark: &str) -> String {
    let lines = terminals.iter().map(|terminal| match &terminal.label {
        Some(_) => format!("{mark}{} ({})\n", name(terminal), one_line(&terminal.common_name)),
        None => format!("{mark}{}\n", name(terminal)),
    });
    lines.collect()
}

#[cfg(test)]
mod tests;
