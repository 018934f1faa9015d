//! The words of unattended renewal: notices on the desktop, and its log.

use super::{long_date, pick};
use crate::{
    daemon::{
        notices::Occasion,
        notify::{Notice, Weight},
    },
    environment::Language,
    prompt::Explanation,
};
use jiff::Timestamp;

/// A renewal begins by itself.
pub fn begins(language: Language, name: &str, not_after: Timestamp) -> Explanation {
    let date = long_date(language, not_after);
    let (title, first, second) = match language {
        Language::Japanese => (
            "証明書を自動で更新します",
            format!("{name}の証明書は{date}に切れます。"),
            "操作は不要です。途中で電源が切れても、今の証明書は使えます。",
        ),
        Language::English => (
            "The certificate is being renewed",
            format!("The certificate of {name} ends on {date}."),
            "Nothing is to be done. If the power fails, the certificate of today still works.",
        ),
    };
    Explanation { title: title.to_owned(), lines: vec![first, second.to_owned()], code: None }
}

/// 「証明書を更新しました」
pub fn renewed(language: Language, name: &str, not_after: Timestamp) -> Explanation {
    let date = long_date(language, not_after);
    let (title, line) = match language {
        Language::Japanese => {
            ("証明書を更新しました", format!("{name}の新しい有効期限：{date}。ほかの操作は不要です。"))
        }
        Language::English => (
            "The certificate was renewed",
            format!("That of {name} now ends on {date}. Nothing else is to be done."),
        ),
    };
    Explanation { title: title.to_owned(), lines: vec![line], code: None }
}

/// The password is not saved, so that only a person can renew.
pub fn password_needed(language: Language, name: &str, not_after: Option<Timestamp>) -> Explanation {
    let title = match not_after {
        Some(_) => pick(language, "証明書の更新時期です", "A certificate is due for renewal"),
        None => pick(
            language,
            "自動で更新できない証明書があります",
            "A certificate cannot be renewed automatically",
        ),
    };
    let date = not_after.map(|end| long_date(language, end));
    let mut lines = Vec::new();
    lines.extend(date.map(|date| match language {
        Language::Japanese => format!("{name}の証明書は{date}に切れます。"),
        Language::English => format!("The certificate of {name} ends on {date}."),
    }));
    lines.push(match language {
        Language::Japanese => format!(
            "{name}はパスワードが保存されていないので、自動では更新しません。koshin renew を実行して、パスワードを入力してください。"
        ),
        Language::English => format!(
            "The password of {name} is not saved, so it is not renewed automatically. Run koshin renew and type the password."
        ),
    });
    Explanation { title: title.to_owned(), lines, code: None }
}

/// A notice for the desktop. The name of the terminal stands in the body unless the words have it.
pub fn notice(
    language: Language,
    occasion: Occasion,
    name: &str,
    what: &Explanation,
    urgent: bool,
) -> Notice {
    let Explanation { title, lines, code } = what;
    let mut body = lines.join("\n");
    if !body.contains(name) {
        body = format!("{name}{}{body}", pick(language, "：", ": "));
    }
    if let Some(code) = code {
        body.push_str(pick(language, "\n番号：", "\nNumber: "));
        body.push_str(code);
    }
    let weight = match occasion {
        Occasion::Begins => Weight::Light,
        Occasion::Renewed => Weight::Normal,
        _ if urgent => Weight::Heavy,
        _ => Weight::Normal,
    };
    Notice { title: title.clone(), body, weight }
}

/// Another run has the lock.
pub fn busy(language: Language) -> &'static str {
    pick(
        language,
        "ほかの更新が実行中です。次の回に確認します。",
        "another renewal is running; the next round looks again",
    )
}

/// Another `koshin daemon` runs.
pub fn already_running(language: Language) -> &'static str {
    pick(language, "koshin daemon はすでに動いています。", "koshin daemon is running already")
}

/// The server would not renew today.
pub fn not_renewable_now(language: Language, name: &str) -> String {
    match language {
        Language::Japanese => format!("{name}：サーバーは今は更新を受け付けません。"),
        Language::English => format!("{name}: the server does not renew it now"),
    }
}

/// The PC's clock is wrong; the renewal goes by the server's.
pub fn clock_corrected(language: Language, server: Timestamp) -> String {
    match language {
        Language::Japanese => format!(
            "パソコンの日時がずれています。サーバーの日時（{server}）で更新を続けます。パソコンの日時を合わせてください。"
        ),
        Language::English => format!(
            "the clock of this PC is wrong: renewal goes on by the server's, which says {server}; please set the clock"
        ),
    }
}

/// A notice did not reach the desktop.
pub fn no_notice(language: Language, why: &str) -> String {
    match language {
        Language::Japanese => format!("デスクトップに通知できません（{why}）。"),
        Language::English => format!("no notice on the desktop: {why}"),
    }
}
