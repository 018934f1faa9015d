//! The words of `koshin status`.

use super::{failures, pick, table_date};
use crate::{
    applications::{ConfigProblem, ConfigProblemReason, DiscoveryWarning, Place, PlaceWarning},
    cli::status::{NotAsked, Obstacle, State},
    environment::Language,
    prompt::Explanation,
};
use jiff::Timestamp;
use koshin_policy::WindowSettingError;

/// The headings of the table.
pub fn headings(language: Language) -> [&'static str; 9] {
    match language {
        Language::Japanese => {
            ["アプリ", "番号", "接続名", "CN", "端末名", "有効期限", "残り", "状態", "更新"]
        }
        Language::English => {
            ["APP", "NO", "CONNECTION", "CN", "TERMINAL", "EXPIRES", "LEFT", "STATE", "RENEWAL"]
        }
    }
}

/// 正常です／更新時期です／至急更新してください／期限切れです.
pub fn state(language: Language, state: State) -> &'static str {
    match state {
        State::Good => pick(language, "正常です", "good"),
        State::Due => pick(language, "更新時期です", "due"),
        State::Urgent => pick(language, "至急更新してください", "renew at once"),
        State::Expired => pick(language, "期限切れです", "expired"),
        State::Unknown => pick(language, "確認できません", "unknown"),
    }
}

/// The days left; none after the end.
pub fn days(language: Language, days: i64) -> String {
    match language {
        Language::Japanese => format!("{days}日"),
        Language::English if days == 1 => "1 day".to_owned(),
        Language::English => format!("{days} days"),
    }
}

/// The last column: whether a renewal is possible.
pub fn renewal(language: Language, renewable: bool, obstacle: Option<&Obstacle>) -> String {
    let word = match obstacle {
        None if renewable => pick(language, "できます", "possible"),
        None => pick(language, "できません", "not possible"),
        Some(Obstacle::NotDue { opens_at }) => return opens(language, *opens_at),
        Some(Obstacle::NotRenewableKind | Obstacle::UnknownKind) => pick(language, "対象外", "not renewable"),
        Some(Obstacle::Expired) => pick(language, "復旧が必要", "needs recovery"),
        Some(Obstacle::PasswordNeeded { .. }) => pick(language, "パスワードが必要", "needs password"),
        Some(_) => pick(language, "できません", "not possible"),
    };
    word.to_owned()
}

fn opens(language: Language, at: Timestamp) -> String {
    let date = table_date(at);
    match language {
        Language::Japanese => format!("{date}から"),
        Language::English => format!("from {date}"),
    }
}

/// What to do with a recovery code, for those who use the command line.
pub fn how_to_recover(language: Language) -> &'static str {
    pick(
        language,
        "復旧コードを受け取ったら、koshin recover を実行して入力してください。",
        "Once you have the recovery code, run koshin recover and type it.",
    )
}

/// Why a connection cannot be renewed, as a line below the table; `None` where the table says it all.
pub fn obstacle(language: Language, obstacle: &Obstacle) -> Option<String> {
    let text = |japanese: String, english: String| match language {
        Language::Japanese => japanese,
        Language::English => english,
    };
    Some(match obstacle {
        Obstacle::NotDue { .. } => return None,
        Obstacle::NotRenewableKind => text(
            "CNがapi…やbackup…の証明書は更新できません。システム管理サイトからclient…の証明書をダウンロードして、設定し直してください。".to_owned(),
            "Certificates with a CN of api… or backup… are not renewed: download a client… certificate from the administration site and set it up.".to_owned(),
        ),
        Obstacle::UnknownKind => text(
            "このCNの証明書は更新対象外です。".to_owned(),
            "Certificates with this CN are not renewed.".to_owned(),
        ),
        Obstacle::Expired => text(
            "有効期限が切れています。管理者か保守会社に復旧コードを依頼してください。".to_owned(),
            "The certificate has expired: ask your administrator or vendor for a recovery code.".to_owned(),
        ),
        Obstacle::NoCertificate => text(
            "クライアント証明書を使わない設定です。".to_owned(),
            "No client certificate is configured.".to_owned(),
        ),
        Obstacle::Unsupported { reason } => {
            text(format!("この設定は更新できません：{reason}"), format!("Cannot be renewed: {reason}"))
        }
        Obstacle::NoRenewalHost { error } => failures::renewal_host(language, error).lines.concat(),
        Obstacle::PasswordNeeded { path } => text(
            format!("パスワードが保存されていないため、{} を確認できません。更新のときに入力してください。", path.display()),
            format!("{} needs a password that is not saved: type it when you renew.", path.display()),
        ),
        Obstacle::Unreadable { error } => explained(language, &failures::credential(language, error)),
        Obstacle::Server { text, .. } => {
            return Some(match language {
                Language::Japanese => format!("サーバーの回答：{text}"),
                Language::English => format!("The server says: {text}"),
            });
        }
    })
}

/// A connection that Koshin cannot renew.
pub fn unsupported(language: Language, place: &Place) -> String {
    let reason = Obstacle::Unsupported { reason: place.unsupported.clone().unwrap_or_default() };
    format!("{}{}{}", place.name, pick(language, "：", ": "), obstacle(language, &reason).unwrap_or_default())
}

/// Why the server could not be asked.
pub fn not_asked(language: Language, why: &NotAsked) -> String {
    let explanation = match why {
        NotAsked::Credential(error) => failures::credential(language, error),
        NotAsked::Door(error) => failures::door(language, error, None),
    };
    let text = explanation.lines.join(pick(language, "", " "));
    format!("{}{text}", pick(language, "サーバーに確認できません。", "The server could not be asked. "))
}

/// An explanation on one line.
fn explained(language: Language, explanation: &Explanation) -> String {
    let title = &explanation.title;
    let lines = explanation.lines.join(pick(language, "", " "));
    format!("{title}{}{lines}", pick(language, "。", ". "))
}

/// Something odd about a place.
pub fn place_warning(language: Language, warning: &PlaceWarning) -> String {
    if language == Language::English {
        return warning.to_string();
    }
    match warning {
        PlaceWarning::Threshold(WindowSettingError::NotANumber { setting, value, default }) => {
            format!(
                "{setting}={value:?} は月数ではありません。{default}か月を使います。2から1200の整数を書いてください。"
            )
        }
        PlaceWarning::Threshold(WindowSettingError::TooLarge { setting, value, default }) => {
            format!(
                "{setting}={value} は大きすぎます。{default}か月を使います。2から1200の整数を書いてください。"
            )
        }
        PlaceWarning::RelativePath { path, config } => {
            format!(
                "{} は相対パスです。{} と同じフォルダーにあるものとします。",
                path.display(),
                config.display()
            )
        }
    }
}

/// Something odd about where files were found.
pub fn discovery_warning(language: Language, warning: &DiscoveryWarning) -> String {
    if language == Language::English {
        return warning.to_string();
    }
    match warning {
        DiscoveryWarning::TwoFolders { used, ignored } => {
            format!(
                "{} と {} の両方があります。新しい {} を使います。",
                used.display(),
                ignored.display(),
                used.display()
            )
        }
        DiscoveryWarning::NothingToRead { profile, files } => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            format!("{} に書かれた設定ファイルがありません（{}）。", profile.display(), files.join("、"))
        }
        DiscoveryWarning::Browser(error) => format!(
            "ブラウザーの証明書を確認できません（{error}）。証明書ツール（libnss3-tools）が必要です。"
        ),
        DiscoveryWarning::BesideJar { used, ignored } => {
            format!(
                "{} は使いません。jarと同じフォルダーの {} が優先されます。",
                ignored.display(),
                used.display()
            )
        }
    }
}

/// A file that could not be used.
pub fn problem(language: Language, problem: &ConfigProblem) -> String {
    let path = problem.path.display();
    match (language, &problem.reason) {
        (Language::English, reason) => format!("{path}: {reason}"),
        (Language::Japanese, ConfigProblemReason::Unreadable(error)) => {
            format!("{path} を開けません：{error}")
        }
        (Language::Japanese, reason) => format!("{path} の書き方に誤りがあります：{reason}"),
    }
}

/// Instead of a table.
pub fn nothing_found(language: Language) -> &'static str {
    pick(
        language,
        "証明書を使うアプリケーションの設定が見つかりません（monsiaj、glclient2、receview、files.toml）。",
        "No application with a certificate was found (monsiaj, glclient2, receview, files.toml).",
    )
}

/// Before a warning.
pub fn warning_prefix(language: Language) -> &'static str {
    pick(language, "注意：", "Warning: ")
}

/// Before a problem.
pub fn problem_prefix(language: Language) -> &'static str {
    pick(language, "エラー：", "Error: ")
}
