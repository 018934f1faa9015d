//! The words of `koshin doctor`: what is so, and what to do about it.

use super::{long_date, pick, table_date, time};
use crate::{daemon::diary::LastResult, doctor::Health, environment::Language};
use jiff::Timestamp;
use std::path::Path;

/// `○`, `△`, `×` and a word, so that nobody needs to see colours.
pub fn health(language: Language, health: Health) -> &'static str {
    match health {
        Health::Good => pick(language, "○ 正常", "ok     "),
        Health::Warning => pick(language, "△ 注意", "warning"),
        Health::Bad => pick(language, "× 異常", "BAD    "),
    }
}

/// The last line: whether every certificate could be renewed now; `None` when there is no certificate.
pub fn verdict(language: Language, bad: Option<usize>) -> String {
    let Some(bad) = bad else {
        let none = ("更新する証明書が見つかりません。", "There is no certificate to renew.");
        return pick(language, none.0, none.1).to_owned();
    };
    match (language, bad) {
        (Language::Japanese, 0) => "更新を妨げる問題はありません。".to_owned(),
        (Language::English, 0) => "Nothing keeps a renewal from succeeding.".to_owned(),
        (Language::Japanese, bad) => format!("更新できない原因が{bad}件あります。「対処」を行ってください。"),
        (Language::English, 1) => "1 thing keeps a renewal from succeeding: see what to do.".to_owned(),
        (Language::English, bad) => format!("{bad} things keep a renewal from succeeding: see what to do."),
    }
}

/// Before a remedy.
pub fn remedy_prefix(language: Language) -> &'static str {
    pick(language, "対処：", "To do: ")
}

/// Another renewal runs.
pub fn busy(language: Language) -> (&'static str, &'static str) {
    (
        pick(
            language,
            "ほかの更新が実行中なので、診断できません。",
            "Another renewal is running, so nothing can be examined.",
        ),
        pick(
            language,
            "終わってから、もう一度実行してください。",
            "Wait until it has ended, then try again.",
        ),
    )
}

/// No application has a certificate.
pub fn set_up_an_application(language: Language) -> &'static str {
    pick(
        language,
        "アプリケーションの接続設定にクライアント証明書を設定してください。",
        "Set up a client certificate in the application's connection.",
    )
}

/// Koshin's own folder is well.
pub fn own_folder(language: Language, folder: &Path) -> String {
    let folder = folder.display();
    match language {
        Language::Japanese => format!("{folder} に書き込めます。"),
        Language::English => format!("{folder} can be written."),
    }
}

/// All configurations were read.
pub fn configuration(language: Language, connections: usize) -> String {
    match language {
        Language::Japanese => format!("設定ファイルを読めます（接続：{connections}件）。"),
        Language::English => format!("All configuration files can be read; connections: {connections}."),
    }
}

/// A configuration that cannot be used.
pub fn mend_configuration(language: Language, path: &Path) -> String {
    let path = path.display();
    match language {
        Language::Japanese => {
            format!("{path} を直すか、koshin restore でバックアップから戻してください。")
        }
        Language::English => format!("Mend {path}, or put it back from a backup with koshin restore."),
    }
}

/// Two configurations where one is used.
pub fn tidy_up(language: Language) -> &'static str {
    pick(language, "使わないほうを削除してください。", "Remove the one that is not used.")
}

/// The timer is installed and runs.
pub fn timer(language: Language, at: Timestamp) -> String {
    let (date, time) = (table_date(at), time(at));
    match language {
        Language::Japanese => format!("自動更新は動いています（最後の確認：{date} {time}）。"),
        Language::English => format!("Unattended renewal runs; it last looked on {date} at {time} JST."),
    }
}

/// Nothing is installed.
pub fn no_timer(language: Language) -> (&'static str, &'static str) {
    (
        pick(language, "自動更新は設定されていません。", "Unattended renewal is not installed."),
        pick(language, "koshin install を実行してください。", "Run koshin install."),
    )
}

/// Installed, and systemd does not run it.
pub fn timer_stopped(language: Language, why: &str) -> (String, &'static str) {
    let text = match language {
        Language::Japanese => format!("自動更新のタイマーが止まっています（{why}）。"),
        Language::English => format!("The timer of unattended renewal does not run ({why})."),
    };
    (text, pick(language, "もう一度 koshin install を実行してください。", "Run koshin install again."))
}

/// Installed, and it has not looked for long.
pub fn timer_silent(language: Language, checked: Option<Timestamp>) -> (String, &'static str) {
    let text = match (language, checked) {
        (Language::Japanese, None) => "自動更新はまだ一度も動いていません。".to_owned(),
        (Language::English, None) => "Unattended renewal has never run yet.".to_owned(),
        (Language::Japanese, Some(at)) => {
            format!("自動更新は{} {}から動いていません。", table_date(at), time(at))
        }
        (Language::English, Some(at)) => {
            format!("Unattended renewal has not run since {} {} JST.", table_date(at), time(at))
        }
    };
    let remedy = pick(
        language,
        "パソコンを起動してログインしたまま15分ほど待ち、続く場合はもう一度 koshin install を実行してください。",
        "Stay logged in for a quarter of an hour; if it goes on, run koshin install again.",
    );
    (text, remedy)
}

/// Notices reach the desktop.
pub fn notices(language: Language) -> &'static str {
    pick(language, "デスクトップに通知できます。", "Notices reach the desktop.")
}

/// They do not.
pub fn no_notices(language: Language, why: &str) -> (String, &'static str) {
    let text = match language {
        Language::Japanese => format!("デスクトップに通知できません（{why}）。更新には影響しません。"),
        Language::English => format!("No notice reaches the desktop ({why}). Renewals do not depend on it."),
    };
    let remedy = pick(
        language,
        "画面のあるパソコンでは、ログインした画面の中で実行してください。",
        "On a PC with a display, run this inside the desktop session.",
    );
    (text, remedy)
}

/// Certificate and key could be opened.
pub fn opened(language: Language, common_name: &str) -> String {
    match language {
        Language::Japanese => format!("証明書（{common_name}）と秘密鍵を開けます。"),
        Language::English => format!("Certificate ({common_name}) and key can be opened."),
    }
}

/// Until when, and from when on it is due.
pub fn dates(language: Language, not_after: Timestamp, opens: Timestamp) -> String {
    let (end, opens) = (long_date(language, not_after), long_date(language, opens));
    match language {
        Language::Japanese => format!("更新できる種類の証明書です。有効期限：{end}、更新時期：{opens}から。"),
        Language::English => {
            format!("A certificate of a kind that renews. It ends on {end} and is due from {opens} on.")
        }
    }
}

/// What an unmapped host leads to.
pub fn after_that(language: Language) -> &'static str {
    pick(
        language,
        "設定してから、もう一度 koshin doctor を実行してください。",
        "Set it, then run koshin doctor again.",
    )
}

/// What to do about a key that Koshin cannot replace.
pub fn renewed_elsewhere(language: Language) -> &'static str {
    pick(
        language,
        "この証明書は、カードまたはトークンの発行元の手順で更新してください。",
        "Renew it as whoever issued the card or token says.",
    )
}

/// All files can be replaced.
pub fn files(language: Language, folders: usize) -> String {
    match language {
        Language::Japanese => format!("新しい証明書と設定を保存できます（フォルダー：{folders}個）。"),
        Language::English => {
            format!("A new certificate and its settings can be saved; folders tried: {folders}.")
        }
    }
}

/// The server answered.
pub fn reached(language: Language, base: &str) -> String {
    match language {
        Language::Japanese => format!("{base} に接続できます。"),
        Language::English => format!("{base} can be reached and accepts the certificate."),
    }
}

/// The clocks agree.
pub fn clock(language: Language) -> &'static str {
    pick(
        language,
        "パソコンの日時はサーバーと合っています（差は10分以内）。",
        "The clock of this PC and the server's agree within ten minutes.",
    )
}

/// A server that does not say.
pub fn not_told(language: Language) -> &'static str {
    pick(
        language,
        "サーバーは更新できるかどうかを前もって答えません（更新はできます）。",
        "The server does not say beforehand whether it renews.",
    )
}

/// The server would renew now.
pub fn permitted(language: Language) -> &'static str {
    pick(language, "サーバーは今すぐ更新できると答えています。", "The server would renew it now.")
}

/// The server would renew later, which is as it should be.
pub fn permitted_from(language: Language, start: Timestamp) -> String {
    let date = long_date(language, start);
    match language {
        Language::Japanese => format!("サーバーは{date}から更新できると答えています。"),
        Language::English => format!("The server renews it from {date} on."),
    }
}

/// The server would not.
pub fn refused(language: Language, why: &str) -> (String, &'static str) {
    let text = match language {
        Language::Japanese => format!("サーバーは更新できないと答えています（{why}）。"),
        Language::English => format!("The server would not renew it ({why})."),
    };
    (text, pick(language, "管理者に確認してください。", "Ask your administrator."))
}

/// The last attempt failed.
pub fn last_attempt(language: Language, last: &LastResult, next: Option<Timestamp>) -> (String, String) {
    let why = last.text.as_deref().unwrap_or(&last.result);
    let at = format!("{} {}", table_date(last.at), time(last.at));
    let next = next.map(|next| format!("{} {}", table_date(next), time(next)));
    let text = match language {
        Language::Japanese => format!("前回（{at}）は失敗しました：{why}"),
        Language::English => format!("The last attempt ({at} JST) failed: {why}"),
    };
    let remedy = match (language, next) {
        (Language::Japanese, Some(next)) => {
            format!("{next} に自動でやり直します。すぐに更新するには koshin renew を実行してください。")
        }
        (Language::English, Some(next)) => {
            format!("It is tried again on {next} JST. To renew at once, run koshin renew.")
        }
        (Language::Japanese, None) => "koshin renew を実行してください。".to_owned(),
        (Language::English, None) => "Run koshin renew.".to_owned(),
    };
    (text, remedy)
}
