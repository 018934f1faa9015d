//! Failures in plain words: what happened, why, what to do next.

use super::{long_date, pick};
use crate::{
    applications::{CredentialError, InstallError, RenewalHostError},
    doors::{DoorError, NetworkFault},
    environment::Language,
    prompt::Explanation,
};
use jiff::Timestamp;
use koshin_protocol::problem::{Problem, ProblemCode};
use std::path::Path;

/// An exchange with the server that did not succeed. `still_valid_until` is the end of the certificate in use, if it
/// has not passed: then the explanation says that it still works, unless the server has just said that it does not.
pub fn door(language: Language, error: &DoorError, still_valid_until: Option<Timestamp>) -> Explanation {
    let code = error.problem().and_then(|problem| problem.incident.clone());
    let mut explanation = match error {
        DoorError::Network { host, fault, .. } => network(language, host, *fault),
        DoorError::ClockWrong { server, local } => clock(language, *server, *local),
        DoorError::ServerCertificate { host, reason, clock_suspect } => {
            server_certificate(language, host, reason, *clock_suspect)
        }
        DoorError::Refused { problem: Some(problem), .. } => refused(language, problem),
        DoorError::Server { problem: Some(problem), .. } => from_problem(language, problem),
        other => without_reason(language, other),
    };
    if let Some(end) = still_valid_until.filter(|_| !error.condemns_certificate()) {
        explanation.lines.push(still_valid(language, end));
    }
    explanation.code = code;
    explanation
}

fn server_certificate(language: Language, host: &str, reason: &str, clock_suspect: bool) -> Explanation {
    if clock_suspect {
        return text(
            language,
            NOT_RENEWED,
            (
                "接続先の証明書の期間が、このパソコンの日時と合いません。",
                "The server's certificate and this PC's clock disagree.",
            ),
            (
                "パソコンの日時を確認して、もう一度更新してください。",
                "Check the date and time of this PC, then renew again.",
            ),
        );
    }
    text(
        language,
        NOT_RENEWED,
        (
            &format!("接続先（{host}）を確認できません（{reason}）。"),
            &format!("The server {host} cannot be verified ({reason})."),
        ),
        (
            "CA証明書の設定を保守会社に確認してください。",
            "Ask your vendor to check the setting of the CA certificate.",
        ),
    )
}

/// Failures that come without a problem document.
fn without_reason(language: Language, error: &DoorError) -> Explanation {
    let english = sentence(&error.to_string());
    let (japanese, remedy) = match error {
        DoorError::CertificateRejected { host, alert } => {
            (format!("接続先（{host}）がこの証明書を受け付けません（{alert}）。"), ASK_ADMINISTRATOR)
        }
        DoorError::Refused { status, .. } => {
            (format!("接続先に断られました（状態{status}）。"), ASK_ADMINISTRATOR)
        }
        DoorError::BadReply { request, why } => {
            (format!("サーバーの返事が正しくありません（{request}：{why}）。"), CHECK_PROXY)
        }
        DoorError::ServiceRefuses { host, old, new } => (
            format!(
                "新しい証明書では {host} に接続できません（今の証明書では状態{old}、新しい証明書では状態{new}）。"
            ),
            TRY_LATER,
        ),
        DoorError::Setup { reason } => (format!("この証明書では接続できません（{reason}）。"), CHECK_SETTING),
        DoorError::Server { status, .. } => {
            (format!("サーバーでエラーが起きています（状態{status}）。"), TRY_LATER)
        }
        other => (other.to_string(), TRY_LATER),
    };
    text(language, NOT_RENEWED, (&japanese, &english), remedy)
}

/// A certificate that cannot be opened.
pub fn credential(language: Language, error: &CredentialError) -> Explanation {
    let title = ("証明書を開けません", "The certificate cannot be opened");
    match error {
        CredentialError::WrongPassword { path } => text(
            language,
            title,
            (
                &format!("パスワードが違います（{}）。", path.display()),
                &format!("The password does not open {}.", path.display()),
            ),
            (
                "パソコンのパスワードではなく、証明書のパスワードを入力してください。",
                "Type the certificate's password, not the PC's.",
            ),
        ),
        CredentialError::PasswordNeeded { path } => text(
            language,
            title,
            (
                &format!("パスワードが保存されていません（{}）。", path.display()),
                &format!("The password of {} is not saved.", path.display()),
            ),
            (
                "端末で koshin renew を実行して入力するか、--password-stdin で渡してください。",
                "Run koshin renew in a terminal and type it, or pass it with --password-stdin.",
            ),
        ),
        CredentialError::KeyNotExportable { path } => key_not_exportable(language, path),
        CredentialError::Missing { path } => text(
            language,
            title,
            (
                &format!("ファイルがありません（{}）。", path.display()),
                &format!("{} does not exist.", path.display()),
            ),
            (
                "アプリケーションの証明書の設定を確認してください。ファイルが消えている場合は、復旧コードで新しい証明書を受け取れます。",
                "Check the certificate setting of the application. If the file is lost, a recovery code brings a new certificate.",
            ),
        ),
        other => {
            let japanese = match other {
                CredentialError::Unreadable { path, error } => {
                    format!("{} を読めません（{error}）。", path.display())
                }
                CredentialError::Malformed { path, reason } => {
                    format!("{} は証明書や秘密鍵として読めません（{reason}）。", path.display())
                }
                CredentialError::KeyDoesNotMatch { certificate, key } => {
                    format!(
                        "{} の鍵は {} の証明書のものではありません。",
                        key.display(),
                        certificate.display()
                    )
                }
                _ => "クライアント証明書を使わない設定です。".to_owned(),
            };
            text(language, title, (&japanese, &sentence(&other.to_string())), CHECK_SETTING)
        }
    }
}

fn key_not_exportable(language: Language, path: &Path) -> Explanation {
    text(
        language,
        ("この場所からは更新できません", "The certificate cannot be renewed from here"),
        (
            &format!("秘密鍵をブラウザーから取り出せません（{}）。", path.display()),
            &format!("The browser keeps its private key to itself ({}).", path.display()),
        ),
        (
            "同じ証明書のファイルをfiles.tomlに登録するか、管理サイトから証明書を取得し直してください。",
            "List a file with the same certificate in files.toml, or fetch a new certificate from the administration site.",
        ),
    )
}

/// A switch that could not be planned.
pub fn install(language: Language, error: &InstallError) -> Explanation {
    let what = error.to_string();
    text(
        language,
        ("新しい証明書を設定できませんでした", "The new certificate could not be put in place"),
        (&install_in_japanese(error), &sentence(&what)),
        ("今の証明書と設定は変わっていません。", "The certificate and settings of today are unchanged."),
    )
}

/// What libraries say stays in English, in brackets: it is for the vendor.
fn install_in_japanese(error: &InstallError) -> String {
    match error {
        InstallError::NoCertificate => "クライアント証明書を使わない設定です。".to_owned(),
        InstallError::PathNotText { path } => {
            format!("{} は文字として正しくないので、設定に書けません。", path.display())
        }
        InstallError::Unreadable { path, error } => format!("{} を読めません（{error}）。", path.display()),
        InstallError::Config { path, error } => {
            format!("{} を書き換えられません（{error}）。", path.display())
        }
        InstallError::SharedKeystore { path } => {
            format!("{} に同じ証明書が2つあります。キーストアを分けてください。", path.display())
        }
        InstallError::DerWithPassword { path } => format!(
            "{} はパスワードで保護されていますが、DER形式ではパスワードを付けられません。key_format を pem にしてください。",
            path.display()
        ),
        InstallError::Keystore { path, error } => {
            format!("キーストア {} を書き換えられません（{error}）。", path.display())
        }
        other => format!("新しい証明書のファイルを作れません（{other}）。"),
    }
}

/// A place whose renewal host is not known.
pub fn renewal_host(language: Language, error: &RenewalHostError) -> Explanation {
    let japanese = match error {
        RenewalHostError::NoAddress { setting } => {
            format!("更新先がわかりません。{setting} を設定してください。")
        }
        RenewalHostError::Unmapped { host, file } => {
            format!("{host} の更新先がわかりません。{} に追加してください。", file.display())
        }
        RenewalHostError::NotHttps { setting, url } => {
            format!("{setting} は https のアドレスにしてください（今は {url:?}）。")
        }
    };
    Explanation {
        title: pick(language, NOT_RENEWED.0, NOT_RENEWED.1).to_owned(),
        lines: vec![match language {
            Language::Japanese => japanese,
            Language::English => sentence(&error.to_string()),
        }],
        code: None,
    }
}

/// 「今の証明書は3月31日まで使えます」
pub fn still_valid(language: Language, end: Timestamp) -> String {
    let date = long_date(language, end);
    match language {
        Language::Japanese => format!("今の証明書は{date}まで使えます。"),
        Language::English => format!("The certificate of today works until {date}."),
    }
}

/// Japanese, English.
type Words<'a> = (&'a str, &'a str);

const NOT_RENEWED: Words<'_> = ("証明書を更新できませんでした", "The certificate could not be renewed");
const TRY_LATER: Words<'_> = (
    "時間をおいて、やり直してください。続く場合は保守会社に連絡してください。",
    "Try again later. If it goes on, tell your vendor.",
);
const ASK_ADMINISTRATOR: Words<'_> = ("管理者に確認してください。", "Ask your administrator.");
const CHECK_PROXY: Words<'_> = (
    "プロキシーやセキュリティソフトが通信に割り込んでいないか、確認してください。",
    "Check whether a proxy or security software interferes with the connection.",
);
const CHECK_SETTING: Words<'_> = (
    "アプリケーションの証明書の設定を確認してください。",
    "Check the certificate setting of the application.",
);

fn text(language: Language, title: Words<'_>, why: Words<'_>, remedy: Words<'_>) -> Explanation {
    let of = |(japanese, english): Words<'_>| pick(language, japanese, english).to_owned();
    Explanation { title: of(title), lines: vec![of(why), of(remedy)], code: None }
}

fn network(language: Language, host: &str, fault: NetworkFault) -> Explanation {
    let why = match fault {
        NetworkFault::NoSuchHost | NetworkFault::Connect | NetworkFault::Handshake => (
            format!("インターネットに接続できません（接続先：{host}）。"),
            format!("There is no connection to {host}."),
        ),
        NetworkFault::Timeout | NetworkFault::ConnectTimeout => {
            (format!("{host} から返事がありません。"), format!("The server {host} does not answer in time."))
        }
        NetworkFault::Interrupted => {
            (format!("{host} との接続が途中で切れました。"), format!("The connection to {host} broke."))
        }
    };
    text(
        language,
        NOT_RENEWED,
        (&why.0, &why.1),
        (
            "LANケーブルかWi-Fiを確認して、やり直してください。",
            "Check the LAN cable or Wi-Fi, then try again.",
        ),
    )
}

fn clock(language: Language, server: Timestamp, local: Timestamp) -> Explanation {
    let said = |at| format!("{} {}", super::table_date(at), super::time(at));
    let (server, local) = (said(server), said(local));
    text(
        language,
        ("パソコンの日時がずれています", "The clock of this PC is wrong"),
        (
            &format!("パソコン：{local}、サーバー：{server}"),
            &format!("This PC: {local}. The server: {server}."),
        ),
        ("日時を合わせてから、もう一度更新してください。", "Set the date and time, then renew again."),
    )
}

/// The refusals that people can do something about have words of their own; the others speak for themselves.
fn refused(language: Language, problem: &Problem) -> Explanation {
    match ProblemCode::from_word(&problem.code) {
        Some(ProblemCode::CertificateExpired) => expired(language),
        Some(ProblemCode::NotRenewableKind) => not_renewable(language),
        Some(ProblemCode::CertificateRevoked) => stopped(language, &problem.detail),
        _ => from_problem(language, problem),
    }
}

/// 「証明書の有効期限が切れています」
pub fn expired(language: Language) -> Explanation {
    text(
        language,
        ("証明書の有効期限が切れています", "The certificate has expired"),
        ("このパソコンからは接続できません。", "This PC cannot connect any more."),
        (
            "管理者か保守会社に復旧コードを依頼してください。",
            "Ask your administrator or vendor for a recovery code.",
        ),
    )
}

/// 「この証明書は更新できません」
pub fn not_renewable(language: Language) -> Explanation {
    text(
        language,
        ("この証明書は更新できません", "This certificate cannot be renewed"),
        (
            "CNがapi…やbackup…の証明書は更新対象外です。",
            "Certificates whose CN begins with api or backup are not renewed.",
        ),
        (
            "システム管理サイトからclient…の証明書をダウンロードして、設定し直してください。",
            "Download a certificate with a CN of client… from the administration site and set it up.",
        ),
    )
}

/// Koshin's server says in a second sentence whom to ask; where there is none, that is said here.
fn stopped(language: Language, detail: &str) -> Explanation {
    let sentences = detail.split(['。', '.']).filter(|sentence| !sentence.trim().is_empty()).count();
    let advice = (sentences < 2).then(|| pick(language, ASK_ADMINISTRATOR.0, ASK_ADMINISTRATOR.1).to_owned());
    Explanation {
        title: pick(language, "この証明書は使用停止中です", "This certificate was stopped").to_owned(),
        lines: std::iter::once(detail.to_owned()).chain(advice).collect(),
        code: None,
    }
}

fn from_problem(language: Language, problem: &Problem) -> Explanation {
    if ProblemCode::from_word(&problem.code) == Some(ProblemCode::Internal) {
        return Explanation {
            title: pick(language, "予期しないエラーが発生しました", "An unexpected error occurred")
                .to_owned(),
            lines: vec![problem.detail.clone()],
            code: None,
        };
    }
    Explanation {
        title: pick(language, NOT_RENEWED.0, NOT_RENEWED.1).to_owned(),
        lines: [&problem.title, &problem.detail]
            .into_iter()
            .filter(|line| !line.is_empty())
            .cloned()
            .collect(),
        code: None,
    }
}

/// A message of a library as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return String::new() };
    let end = if text.ends_with(['.', '!', '?', '。']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), characters.as_str())
}
