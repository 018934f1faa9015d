//! The words of `koshin window`.

use super::{long_date, pick, table_date, time};
use crate::{environment::Language, window::cards::Standing};
use jiff::{SignedDuration, Timestamp};
use koshin_desktop::Unavailable;
use koshin_policy::calendar;
use std::path::Path;

/// In the title bar.
pub fn window_title(language: Language) -> &'static str {
    pick(language, "証明書の更新", "Certificate renewal")
}

/// 正常です／更新時期です／至急更新してください／期限切れです.
pub fn standing(language: Language, standing: Standing) -> &'static str {
    match standing {
        Standing::Good => pick(language, "正常です", "In order"),
        Standing::Unknown => pick(language, "確認できません", "Cannot be checked"),
        Standing::NotRenewable => pick(language, "更新できません", "Cannot be renewed"),
        Standing::Due => pick(language, "更新時期です", "Due for renewal"),
        Standing::Urgent => pick(language, "至急更新してください", "Renew at once"),
        Standing::Expired => pick(language, "期限切れです", "Expired"),
    }
}

/// Below the title: how many certificates stand how, the worst first. `hidden`: there may be more, in files that cannot
/// be read. Of a single one its card says it all, unless it is in order.
pub fn summary(language: Language, counts: &[(Standing, usize)], hidden: bool) -> Option<String> {
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    let bad: Vec<String> = counts
        .iter()
        .filter(|(standing, _)| *standing != Standing::Good)
        .map(|(standing, count)| counted(language, *standing, *count))
        .collect();
    Some(match (language, bad.is_empty(), all) {
        (_, _, 0) | (_, false, 1) => return None,
        (Language::Japanese, true, _) if hidden => format!("確認できた証明書{all}件は正常です。"),
        (Language::Japanese, true, 1) => "このパソコンの証明書は正常です。操作は不要です。".to_owned(),
        (Language::Japanese, true, _) => {
            format!("このパソコンの証明書{all}件は、すべて正常です。操作は不要です。")
        }
        (Language::Japanese, false, _) => {
            format!("このパソコンの証明書{all}件のうち、{}あります。", bad.join("、"))
        }
        (Language::English, true, _) if hidden => {
            format!("Certificates that could be read and are in order: {all}.")
        }
        (Language::English, true, 1) => {
            "The certificate on this PC is in order. Nothing is to be done.".to_owned()
        }
        (Language::English, true, _) => {
            format!("All {all} certificates on this PC are in order. Nothing is to be done.")
        }
        (Language::English, false, _) => format!("Of the {all} certificates on this PC: {}.", bad.join(", ")),
    })
}

fn counted(language: Language, standing: Standing, count: usize) -> String {
    let word = match standing {
        Standing::Good => pick(language, "正常なもの", "in order"),
        Standing::Unknown => pick(language, "確認できないもの", "not readable"),
        Standing::NotRenewable => pick(language, "更新できないもの", "not renewable"),
        Standing::Due => pick(language, "更新時期のもの", "due for renewal"),
        Standing::Urgent => pick(language, "至急更新が必要なもの", "to be renewed at once"),
        Standing::Expired => pick(language, "期限切れのもの", "expired"),
    };
    match language {
        Language::Japanese => format!("{word}が{count}件"),
        Language::English => format!("{count} {word}"),
    }
}

/// Nothing on this PC uses a certificate.
pub fn none_found(language: Language) -> &'static str {
    pick(language, "証明書が見つかりません", "No certificate was found")
}

/// No timer is installed.
pub fn not_automatic(language: Language) -> &'static str {
    pick(
        language,
        "自動更新は設定されていません。更新時期になったら、このウィンドウかアプリケーションの起動時に更新してください。",
        "Automatic renewal is not set up: renew here, or when an application starts, once it is due.",
    )
}

/// Where a certificate lives, below its name.
pub fn subtitle(language: Language, places: &[String], common_name: Option<&str>) -> String {
    let places = places.join(pick(language, "、", ", "));
    match common_name {
        Some(name) => format!("{places}{}{name}", pick(language, "　CN：", "   CN: ")),
        None => places,
    }
}

/// Above the bar: whole days left; after the end how many midnights (JST) ago that was.
pub fn remaining(language: Language, not_after: Timestamp, now: Timestamp) -> String {
    if now > not_after {
        let ago = calendar::jst_date(now).duration_since(calendar::jst_date(not_after)).as_hours() / 24;
        return match (language, ago) {
            (Language::Japanese, 0) => "今日切れました".to_owned(),
            (Language::Japanese, _) => format!("{ago}日前に切れました"),
            (Language::English, 0) => "expired today".to_owned(),
            (Language::English, 1) => "expired yesterday".to_owned(),
            (Language::English, _) => format!("expired {ago} days ago"),
        };
    }
    match (language, calendar::days_left(not_after, now)) {
        (Language::Japanese, 0) => "残り1日未満".to_owned(),
        (Language::Japanese, days) => format!("残り{days}日"),
        (Language::English, 0) => "less than a day left".to_owned(),
        (Language::English, 1) => "1 day left".to_owned(),
        (Language::English, days) => format!("{days} days left"),
    }
}

/// The names of the facts of a card.
#[derive(Debug, Clone, Copy)]
pub enum Label {
    /// Its last instant.
    Expiry,
    /// When the server was last spoken to.
    LastConnection,
    /// How the last attempt ended.
    LastResult,
    /// When the next one is made without a person.
    NextAttempt,
    /// Why it is not renewed, or what is odd about it.
    Remark,
}

/// A fact's name.
pub fn label(language: Language, label: Label) -> &'static str {
    match label {
        Label::Expiry => pick(language, "有効期限", "Expires"),
        Label::LastConnection => pick(language, "最終接続", "Last connection"),
        Label::LastResult => pick(language, "直近の結果", "Last result"),
        Label::NextAttempt => pick(language, "次の自動更新", "Next attempt"),
        Label::Remark => pick(language, "お知らせ", "Note"),
    }
}

/// `2026年3月31日（火）23:59`.
pub fn expiry(language: Language, at: Timestamp) -> String {
    match language {
        Language::Japanese => format!("{}{}", long_date(language, at), time(at)),
        Language::English => format!("{}, {} JST", long_date(language, at), time(at)),
    }
}

/// `2026/03/08 08:31`.
pub fn moment(at: Timestamp) -> String {
    format!("{} {}", table_date(at), time(at))
}

/// How an attempt ended: `result` is a word of the diary, `why` its explanation on one line.
pub fn last_result(language: Language, result: &str, at: Timestamp, why: Option<&str>) -> String {
    let word = match result {
        "renewed" => pick(language, "更新しました", "renewed"),
        "refused" => pick(language, "サーバーが受け付けませんでした", "refused by the server"),
        "needs-person" => pick(language, "自動では更新できません", "cannot be renewed automatically"),
        _ => pick(language, "更新できませんでした", "not renewed"),
    };
    let moment = moment(at);
    let head = match language {
        Language::Japanese => format!("{word}（{moment}）"),
        Language::English => format!("{word} ({moment})"),
    };
    match why.map(|why| reason(language, why)).filter(|why| !why.is_empty()) {
        Some(why) => format!("{head}{}{why}", pick(language, "：", ": ")),
        None => head,
    }
}

/// What is behind the title of an explanation on one line.
pub fn reason(language: Language, one_line: &str) -> String {
    let mut lines: Vec<&str> = one_line.split(" | ").collect();
    if lines.len() > 1 {
        lines.remove(0);
    }
    lines.join(pick(language, "", " "))
}

/// Nothing was tried yet, as far as is known.
pub fn no_result(language: Language) -> &'static str {
    pick(language, "まだありません", "none yet")
}

/// When the next automatic attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Never by itself.
    Never,
    /// Not before a person has done something.
    AfterPerson,
    /// When the timer looks next.
    Soon,
    /// About then.
    At(Timestamp),
    /// From then on.
    From(Timestamp),
}

/// The same in words.
pub fn next(language: Language, next: Next, now: Timestamp) -> String {
    match next {
        Next::Never => pick(language, "ありません", "none").to_owned(),
        Next::AfterPerson => {
            pick(language, "ありません（操作が必要です）", "none: you are needed").to_owned()
        }
        Next::Soon => pick(language, "15分以内", "within 15 minutes").to_owned(),
        Next::At(at) if at.duration_since(now) < SignedDuration::from_hours(48) => match language {
            Language::Japanese => format!("{}ごろ", moment(at)),
            Language::English => format!("about {}", moment(at)),
        },
        Next::At(at) => match language {
            Language::Japanese => format!("{}ごろ", table_date(at)),
            Language::English => format!("about {}", table_date(at)),
        },
        Next::From(at) => match language {
            Language::Japanese => format!("{}以降", table_date(at)),
            Language::English => format!("from {}", table_date(at)),
        },
    }
}

/// ［今すぐ更新］.
pub fn renew(language: Language) -> &'static str {
    pick(language, "今すぐ更新", "Renew now")
}

/// ［復旧コードを入力する］.
pub fn recover(language: Language) -> &'static str {
    pick(language, "復旧コードを入力する", "Enter a recovery code")
}

/// The expired dialog is open, or its code is being used.
pub fn recovering(language: Language, name: &str) -> String {
    match language {
        Language::Japanese => format!("{name}の復旧コードを、別のウィンドウで入力できます。"),
        Language::English => format!("The recovery code of {name} is typed in a window of its own."),
    }
}

/// ［バックアップ］.
pub fn back_up(language: Language) -> &'static str {
    pick(language, "バックアップ", "Back up")
}

/// ［サポート情報をコピー］.
pub fn copy_support(language: Language) -> &'static str {
    pick(language, "サポート情報をコピー", "Copy support information")
}

/// ［閉じる］.
pub fn close(language: Language) -> &'static str {
    pick(language, "閉じる", "Close")
}

/// While a renewal runs.
pub fn renewing(language: Language, name: &str) -> String {
    match language {
        Language::Japanese => {
            format!(
                "{name}の証明書を更新しています。このウィンドウを閉じても、始まった更新は最後まで行います。"
            )
        }
        Language::English => {
            format!("Renewing the certificate of {name}. If you close this window, it goes on to its end.")
        }
    }
}

/// While files are copied.
pub fn backing_up(language: Language) -> &'static str {
    pick(language, "バックアップしています。", "Backing up.")
}

/// While the doctor is at work.
pub fn examining(language: Language) -> &'static str {
    pick(
        language,
        "サポート情報のために診断しています。1分ほどかかることがあります。",
        "Examining this PC for the support information. It may take a minute.",
    )
}

/// A renewal has succeeded.
pub fn renewed(language: Language, name: &str, not_after: Option<Timestamp>) -> String {
    let end = not_after.map(|at| long_date(language, at));
    match (language, end) {
        (Language::Japanese, Some(end)) => {
            format!("{name}の証明書を更新しました。新しい有効期限：{end}。")
        }
        (Language::Japanese, None) => format!("{name}の証明書を更新しました。"),
        (Language::English, Some(end)) => {
            format!("The certificate of {name} was renewed. It now ends on {end}.")
        }
        (Language::English, None) => format!("The certificate of {name} was renewed."),
    }
}

/// A renewal has failed; `why` is an explanation on one line.
pub fn not_renewed(language: Language, name: &str, why: Option<&str>) -> String {
    let why = why.map(|why| reason(language, why)).unwrap_or_default();
    match language {
        Language::Japanese => format!("{name}の証明書を更新できませんでした。{why}"),
        Language::English => {
            format!("The certificate of {name} was not renewed. {why}").trim_end().to_owned()
        }
    }
}

/// Another process renewed it meanwhile, or it is not due when its password is known.
pub fn not_due(language: Language, name: &str) -> String {
    match language {
        Language::Japanese => format!("{name}の証明書は、まだ更新の必要がありません。"),
        Language::English => format!("The certificate of {name} need not be renewed yet."),
    }
}

/// The support information is on the clipboard.
pub fn copied(language: Language) -> &'static str {
    pick(
        language,
        "サポート情報をコピーしました。メールなどに貼り付けるまで、このウィンドウを閉じないでください。パスワードと秘密鍵は入っていません。",
        "The support information was copied. Keep this window open until you have pasted it. It holds no password and no private key.",
    )
}

/// A backup was made; some files were `missing`.
pub fn backed_up(language: Language, files: usize, directory: &Path, missing: usize) -> String {
    let mut text = super::renew::backed_up(language, files, directory);
    if missing > 0 {
        text.push_str(&match language {
            Language::Japanese => {
                format!("設定にあるファイルのうち{missing}個は、ないので含めていません。")
            }
            Language::English => format!(" {missing} files named in settings do not exist and are left out."),
        });
    }
    text
}

/// On standard error, before the table.
pub fn no_window(language: Language, why: Unavailable) -> &'static str {
    match why {
        Unavailable::NoDisplay => pick(
            language,
            "画面がないため、ウィンドウの代わりに文字で表示します。",
            "there is no display: here is the status as text",
        ),
        Unavailable::NoFont => pick(
            language,
            "文字を表示するフォントがないため、ウィンドウの代わりに文字で表示します。",
            "no font can write the window's words: here is the status as text",
        ),
    }
}
