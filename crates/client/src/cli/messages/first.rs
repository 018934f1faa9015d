//! The words of the first certificate by a recovery code.

use super::{failures::sentence, long_date, pick, renew};
use crate::{
    applications::App,
    doors::DoorError,
    environment::Language,
    prompt::Explanation,
    renewal::{
        Failure,
        first::{FirstError, Format, Obtained},
    },
};
use std::path::Path;

/// Japanese and English.
type Words<'a> = (&'a str, &'a str);

const NOT_RECEIVED: Words<'_> = ("証明書を受け取れませんでした", "No certificate was received");
const CHECK_COMMAND: Words<'_> = (
    "復旧コードの画面にあるコマンドのとおりに、もう一度入力してください。",
    "Type the command again as the page of the recovery code shows it.",
);

/// It takes a moment, and what to do if it does not come to its end.
pub fn begins(language: Language, server: &str) -> String {
    match language {
        Language::Japanese => format!(
            "{server} から証明書を受け取ります。途中で止まったときは、同じ復旧コードでもう一度実行してください。"
        ),
        Language::English => format!(
            "A certificate is fetched from {server}. If it is interrupted, run it again with the same code."
        ),
    }
}

/// What was received, where it lies, and what is to be done next.
pub fn obtained(language: Language, obtained: &Obtained, app: Option<App>) -> String {
    let mut lines = vec![headline(language, obtained)];
    lines.extend(files(language, obtained));
    lines.push(pick(language, "次の操作", "What to do next").to_owned());
    lines.extend(steps(language, obtained, app));
    if !obtained.confirmed {
        lines.push(
            pick(
                language,
                "使用開始をサーバーに知らせられませんでした。次の接続で知らせます。",
                "The server could not be told that it is in use; the next connection tells it.",
            )
            .to_owned(),
        );
    }
    lines.join("\n")
}

fn headline(language: Language, obtained: &Obtained) -> String {
    let (name, date) =
        (&obtained.certificate.common_name, long_date(language, obtained.certificate.not_after));
    match (language, obtained.again) {
        (Language::Japanese, false) => {
            format!("証明書を受け取り、接続を確認しました：{name}（有効期限：{date}）")
        }
        (Language::Japanese, true) => {
            format!("この復旧コードの証明書は、受け取り済みです：{name}（有効期限：{date}）")
        }
        (Language::English, false) => {
            format!("The certificate {name} was received and tried. It ends on {date}.")
        }
        (Language::English, true) => {
            format!("The certificate {name} of this code was received before. It ends on {date}.")
        }
    }
}

fn files(language: Language, obtained: &Obtained) -> Vec<String> {
    let layout = &obtained.layout;
    let what: &[Words<'_>] = match layout.format {
        Format::Pkcs12 => &[("証明書と秘密鍵", "certificate and private key")],
        Format::Pem => &[("証明書", "certificate"), ("秘密鍵", "private key")],
    };
    let more = [
        ("上のファイルのパスワード。人に見せないでください", "their password: keep it to yourself"),
        ("CA証明書", "CA certificates"),
    ];
    let files = layout.certificate().into_iter().chain([layout.password(), layout.authorities()]);
    let lines = files.zip(what.iter().chain(&more)).map(|(file, (japanese, english))| {
        format!("    {}  {}", name_of(&file), pick(language, japanese, english))
    });
    std::iter::once(format!("  {}", layout.folder.display())).chain(lines).collect()
}

fn steps(language: Language, obtained: &Obtained, app: Option<App>) -> Vec<String> {
    let layout = &obtained.layout;
    let files: Vec<String> = layout.certificate().iter().map(|file| name_of(file)).collect();
    let password = name_of(&layout.password());
    let of = app.map_or_else(
        || pick(language, "アプリケーション", "the application").to_owned(),
        |app| app.to_string(),
    );
    match language {
        Language::Japanese => vec![
            format!(
                "  1. {of}の証明書の設定で {} を選び、{password} の中のパスワードを入力して保存します。",
                files.join(" と ")
            ),
            "  2. koshin status を実行して、この証明書が表示されることを確認します。".to_owned(),
            "  3. koshin install を実行すると、次の更新から自動になります。".to_owned(),
        ],
        Language::English => vec![
            format!(
                "  1. In the certificate settings of {of}, choose {}, type the password that is in {password}, and save.",
                files.join(" and ")
            ),
            "  2. Run koshin status: it shows this certificate.".to_owned(),
            "  3. Run koshin install, and it is renewed by itself from now on.".to_owned(),
        ],
    }
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Why there is none. Nothing was there before, so nothing of it is spoken of.
pub fn failure(language: Language, failure: &Failure) -> Explanation {
    let mut explanation = match failure {
        Failure::First(error) => return first(language, error),
        other => renew::failure(language, other, None),
    };
    if matches!(failure, Failure::Door(_) | Failure::NoRecovery { .. } | Failure::Verification(_)) {
        pick(language, NOT_RECEIVED.0, NOT_RECEIVED.1).clone_into(&mut explanation.title);
    }
    if let Failure::Door(DoorError::ServerCertificate { clock_suspect: false, .. }) = failure {
        explanation.lines.push(
            pick(
                language,
                "復旧コードの画面のコマンドに --ca-fingerprint があれば、それも続けて入力してください。",
                "If the command on the page of the recovery code has --ca-fingerprint, type that too.",
            )
            .to_owned(),
        );
    }
    explanation
}

/// What is wrong with what was asked for.
pub fn first(language: Language, error: &FirstError) -> Explanation {
    let english = error.to_string();
    let (japanese, remedy) = match error {
        FirstError::Server(text) => (format!("{text:?} は https のアドレスではありません。"), CHECK_COMMAND),
        FirstError::Fingerprint(_) => {
            ("CAのフィンガープリントは、64桁の16進数（SHA-256）です。".to_owned(), CHECK_COMMAND)
        }
        FirstError::OtherCa { server } => (
            format!("{server} のCA証明書は、フィンガープリントが違います。復旧コードは送っていません。"),
            (
                "フィンガープリントを確認してください。正しい場合は、別のサーバーが応答している可能性があります。管理者か保守会社に連絡してください。",
                "The code was not sent. Check the fingerprint; if it is right, another server may be answering: tell your administrator or vendor.",
            ),
        ),
        FirstError::CaFile { path, reason } => (
            format!("{} をCA証明書として読めません（{reason}）。", path.display()),
            ("CA証明書のファイルを確認してください。", "Check the file of the CA certificate."),
        ),
        FirstError::FolderExists(path) => (
            format!("{} はすでにあります。", path.display()),
            ("まだないフォルダーを --directory で指定してください。", "Name another one with --directory."),
        ),
        FirstError::PathNotText(path) => (
            format!("{} は文字として正しくないので、設定に書けません。", path.display()),
            ("別のフォルダーを --directory で指定してください。", "Name another folder with --directory."),
        ),
        FirstError::List { path, error } => (
            format!("{} に証明書を登録できません（{error}）。", path.display()),
            (
                "このファイルを直すか名前を変えてから、同じ復旧コードでもう一度実行してください。",
                "Mend or rename this file, then run it again with the same code.",
            ),
        ),
    };
    let lines = vec![
        pick(language, &japanese, &sentence(&english)).to_owned(),
        pick(language, remedy.0, remedy.1).to_owned(),
    ];
    Explanation { title: pick(language, NOT_RECEIVED.0, NOT_RECEIVED.1).to_owned(), lines, code: None }
}
