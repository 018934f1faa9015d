//! The words of `koshin renew`, `backup` and `restore`, beyond those that the doors and places have.

use super::{failures, first, long_date, pick};
use crate::{
    environment::Language,
    prompt::Explanation,
    renewal::{Failure, hook::HookError, verification::VerificationError},
    storage::{StorageError, atomic, backup::BackupError, changes::ChangeError, lock::LockError},
    stores::nss::NssError,
};
use jiff::Timestamp;
use std::path::Path;

/// Japanese and English.
type Words<'a> = (&'a str, &'a str);

const NOT_RENEWED: Words<'_> = ("証明書を更新できませんでした", "The certificate could not be renewed");
const NOT_SAVED: Words<'_> = ("新しい証明書を保存できませんでした", "The new certificate could not be saved");
const TELL_VENDOR: Words<'_> = (
    "時間をおいて、やり直してください。続く場合は保守会社に連絡してください。",
    "Try again later. If it goes on, tell your vendor.",
);

/// Why a renewal failed. `still_valid_until` is the end of the certificate in use, if it has not passed.
pub fn failure(language: Language, failure: &Failure, still_valid_until: Option<Timestamp>) -> Explanation {
    let mut explanation = match failure {
        // It says itself until when the certificate works.
        Failure::Door(error) => return failures::door(language, error, still_valid_until),
        Failure::Credential(error) => failures::credential(language, error),
        Failure::Install(error) => failures::install(language, error),
        Failure::Host(error) => failures::renewal_host(language, error),
        Failure::Verification(error) => verification(language, error),
        Failure::Hook(error) => hook(language, error),
        Failure::Store(error) => store(language, error),
        Failure::Lock(LockError::Busy(_)) => busy(language),
        Failure::Change(ChangeError::ChangedMeanwhile(path)) => changed_meanwhile(language, path),
        Failure::CannotAsk => cannot_ask(language),
        Failure::NoRecovery { .. } => no_recovery(language),
        Failure::First(error) => return first::first(language, error),
        Failure::NotPutBack { source, .. } => not_put_back(language, source),
        other => match other.storage() {
            Some(error) => storage(language, error),
            None => unknown(language, other),
        },
    };
    if let Some(end) = still_valid_until {
        explanation.lines.push(failures::still_valid(language, end));
    }
    explanation
}

/// A file operation that failed: what to do depends on why.
pub fn storage(language: Language, error: &StorageError) -> Explanation {
    let what = error.to_string();
    if error.is_full() {
        // The file is often a temporary one that nobody knows; its folder is what to look at.
        let folder = atomic::parent(&error.path).display();
        return explain(
            language,
            NOT_SAVED,
            (&format!("ディスクの空きが足りません（{folder}）。"), &format!("The disk is full ({folder}).")),
            ("不要なファイルを削除してください。", "Delete files that are not needed, then renew again."),
        );
    }
    if error.is_in_use() {
        let path = error.path.display();
        return explain(
            language,
            NOT_SAVED,
            (
                &format!("{path} をほかのプログラムが使っています。"),
                &format!("Another program has {path} open."),
            ),
            (
                "日レセなどのアプリケーションを閉じてから、もう一度更新してください。",
                "Close the application that uses it, then renew again.",
            ),
        );
    }
    if error.is_denied() {
        let path = error.path.display();
        return explain(
            language,
            NOT_SAVED,
            (&format!("{path} に書き込む権限がありません。"), &format!("This user may not write to {path}.")),
            (
                "フォルダーとファイルの権限を確認してください。",
                "Check the access rights of the folder and the file.",
            ),
        );
    }
    explain(language, NOT_SAVED, (&what, &what), TELL_VENDOR)
}

/// No rule knows the kind of the certificate.
pub fn unknown_kind(language: Language, common_name: &str) -> Explanation {
    explain(
        language,
        ("この証明書は更新できません", "This certificate cannot be renewed"),
        (
            &format!("CNが {common_name} の証明書は更新対象外です（client…とdb…だけが対象です）。"),
            &format!("A certificate with the CN {common_name} is not renewed; only client… and db… are."),
        ),
        (
            "システム管理サイトからclient…の証明書をダウンロードして、設定し直してください。",
            "Download a certificate with a CN of client… from the administration site and set it up.",
        ),
    )
}

/// The certificate is not valid yet, by this PC's clock.
pub fn not_yet_valid(language: Language, not_before: Timestamp) -> Explanation {
    let date = long_date(language, not_before);
    explain(
        language,
        ("パソコンの日時がずれています", "The clock of this PC is wrong"),
        (
            &format!("証明書は{date}から有効ですが、パソコンの日時はそれより前です。"),
            &format!("The certificate is valid from {date} on; this PC's clock is before that."),
        ),
        ("日時を合わせてから、もう一度更新してください。", "Set the date and time, then renew again."),
    )
}

/// The user said no.
pub fn declined(language: Language, name: &str) -> String {
    match language {
        Language::Japanese => format!("{name}：今日は更新しません。今の証明書をそのまま使えます。"),
        Language::English => format!("{name}: not renewed today. The certificate of today goes on working."),
    }
}

/// The switch succeeded, and the server could not be told.
pub fn not_confirmed(language: Language, name: &str) -> String {
    match language {
        Language::Japanese => {
            format!(
                "{name}：新しい証明書の使用開始をサーバーに知らせられませんでした。次の接続で知らせます。"
            )
        }
        Language::English => {
            format!(
                "{name}: the server could not be told of the new certificate; the next connection tells it."
            )
        }
    }
}

/// The switch succeeded, and the old certificate is not ended, because the places `with` may use it too.
pub fn old_one_kept(language: Language, name: &str, with: &[String]) -> String {
    match language {
        Language::Japanese => {
            let with = with.join("、");
            format!(
                "{name}：{with} を確認できませんでした。同じ証明書を使っているかもしれないので、古い証明書の終了をサーバーに知らせていません。パスワードや設定を確認して、早めにもう一度 koshin renew を実行してください。"
            )
        }
        Language::English => {
            let with = with.join(", ");
            format!(
                "{name}: {with} could not be read and may use the same certificate, so the server was not told to end the old one. See to its password or settings, and run koshin renew again soon."
            )
        }
    }
}

/// A crash had left a switch half done.
pub fn recovered(language: Language) -> &'static str {
    pick(
        language,
        "前回の更新が途中で止まっていたので、元に戻してから続けます。",
        "The last renewal was interrupted: its changes were undone, and it goes on from there.",
    )
}

/// `--app` and `--connection` chose nothing.
pub fn nothing_chosen(language: Language) -> &'static str {
    pick(
        language,
        "指定された接続が見つかりません。koshin status で番号を確認してください。",
        "There is no such connection: koshin status shows the applications and numbers.",
    )
}

/// A backup was made.
pub fn backed_up(language: Language, files: usize, directory: &Path) -> String {
    let directory = directory.display();
    match language {
        Language::Japanese => format!(
            "{files}個のファイルを {directory} にバックアップしました。秘密鍵が入っているので、人に渡さないでください。"
        ),
        Language::English => {
            format!(
                "{files} files were backed up to {directory}. It holds private keys: keep it to yourself."
            )
        }
    }
}

/// A file that a configuration names and that is not there.
pub fn left_out(language: Language, path: &Path) -> String {
    let path = path.display();
    match language {
        Language::Japanese => format!("{path} がないので、バックアップに含めていません。"),
        Language::English => format!("{path} does not exist and is not in the backup."),
    }
}

/// A backup has put back a certificate that the server may refuse; what it replaced lies in `replaced`.
pub fn restored_ended(language: Language, name: &str, replaced: Option<&Path>) -> String {
    let mut text = match language {
        Language::Japanese => format!(
            "注意: 「{name}」に戻した証明書は、すでに新しい証明書に替わっているか、期限が切れています。接続できない可能性があります。"
        ),
        Language::English => format!(
            "Warning: the certificate that {name} has again was replaced by a newer one or has expired. The server may refuse it."
        ),
    };
    if let Some(replaced) = replaced {
        let replaced = replaced.display();
        text.push_str(&match language {
            Language::Japanese => format!("戻す前の状態にするには: koshin restore {replaced}"),
            Language::English => format!(" To undo this: koshin restore {replaced}"),
        });
    }
    text
}

/// A backup was put back; what it replaced lies in `replaced`.
pub fn restored(language: Language, files: usize, replaced: Option<&Path>) -> String {
    let mut text = match language {
        Language::Japanese => format!("{files}個のファイルを元に戻しました。"),
        Language::English => format!("{files} files were restored."),
    };
    if let Some(replaced) = replaced {
        let replaced = replaced.display();
        text.push_str(&match language {
            Language::Japanese => format!("戻す前のファイルは {replaced} にあります。"),
            Language::English => format!(" Those that they replaced are in {replaced}."),
        });
    }
    text
}

/// Everything is as in the backup already.
pub fn nothing_to_restore(language: Language) -> &'static str {
    pick(
        language,
        "すべてのファイルがバックアップと同じです。何も変更していません。",
        "All files are as in the backup: nothing was changed.",
    )
}

/// A backup that was not made, or not restored.
pub fn backup_failure(language: Language, failure: &Failure) -> String {
    let japanese = match failure {
        Failure::Backup(BackupError::Exists(path)) => {
            format!("{} はすでにあります。まだないフォルダーを指定してください。", path.display())
        }
        Failure::Backup(BackupError::NotABackup { directory, why }) => {
            format!(
                "{} は完全なバックアップではありません（{why}）。何も変更していません。",
                directory.display()
            )
        }
        Failure::Backup(BackupError::Damaged(path)) => {
            format!("{} が壊れています。何も変更していません。", path.display())
        }
        Failure::Lock(LockError::Busy(_)) => {
            "ほかの更新が実行中です。終わってから、やり直してください。".to_owned()
        }
        other => other.to_string(),
    };
    match language {
        Language::Japanese => japanese,
        Language::English => failure.to_string(),
    }
}

fn verification(language: Language, error: &VerificationError) -> Explanation {
    let what = match error {
        VerificationError::OtherKey => "新しい鍵の証明書ではありません".to_owned(),
        VerificationError::SameKey => "鍵が今の証明書と同じです".to_owned(),
        VerificationError::OtherSubject { attribute, old, new } => {
            format!("{attribute}が「{old}」ではなく「{new}」です")
        }
        VerificationError::NotYetValid(from) => format!("{}まで使えません", long_date(language, *from)),
        VerificationError::NotLater { new, .. } => {
            format!("有効期限（{}）が今の証明書より先になっていません", long_date(language, *new))
        }
        VerificationError::Expired(end) => format!("{}に期限が切れています", long_date(language, *end)),
        VerificationError::NotForClients => "クライアント認証用ではありません".to_owned(),
        VerificationError::Untrusted(why) => format!("発行者を確認できません：{why}"),
    };
    explain(
        language,
        NOT_RENEWED,
        (
            &format!("サーバーから届いた証明書が正しくないので、使いませんでした（{what}）。"),
            &format!("What the server sent is not right and was not used: {error}."),
        ),
        ("保守会社に連絡してください。", "Tell your vendor."),
    )
}

fn hook(language: Language, error: &HookError) -> Explanation {
    let what = match error {
        HookError::NotStarted { program, source } => format!("{program} を開始できません：{source}"),
        HookError::Failed { program, status, message } => format!("{program}（{status}）：{message}"),
        HookError::TimedOut { program, seconds } => {
            format!("{program} が{seconds}秒以内に終わらないので、止めました")
        }
    };
    explain(
        language,
        NOT_RENEWED,
        (
            &format!("切り替えの前後に行うコマンドが失敗したので、元の証明書のままです。{what}"),
            &format!("A command around the switch failed, so the old files are in place: {error}"),
        ),
        (
            "files.toml またはプロファイルの hook を確認してください。",
            "Check the hook in files.toml or in the profile.",
        ),
    )
}

fn store(language: Language, error: &NssError) -> Explanation {
    let what = error.to_string();
    let remedy = match error {
        NssError::Password { .. } => (
            "ブラウザーのプライマリーパスワードを入力して、やり直してください。",
            "Type the browser's primary password and try again.",
        ),
        NssError::NoTools { .. } => {
            ("libnss3-tools をインストールして、やり直してください。", "Install libnss3-tools and try again.")
        }
        _ => ("ブラウザーを閉じて、もう一度更新してください。", "Close the browser, then renew again."),
    };
    let why = (
        format!("ブラウザーの証明書を切り替えられなかったので、すべて元の証明書のままです（{what}）。"),
        format!("The browser's certificate could not be switched, so all places keep the old one: {what}."),
    );
    explain(language, NOT_RENEWED, (&why.0, &why.1), remedy)
}

fn busy(language: Language) -> Explanation {
    explain(
        language,
        NOT_RENEWED,
        ("ほかの更新が実行中です。", "Another renewal is running."),
        ("終わってから、やり直してください。", "Wait until it has ended, then try again."),
    )
}

fn changed_meanwhile(language: Language, path: &Path) -> Explanation {
    let path = path.display();
    explain(
        language,
        NOT_RENEWED,
        (
            &format!("更新中に {path} がほかのプログラムに変更されました。"),
            &format!("Another program changed {path} during the renewal."),
        ),
        ("アプリケーションを終了してから、やり直してください。", "Close the application, then renew again."),
    )
}

fn not_put_back(language: Language, error: &ChangeError) -> Explanation {
    explain(
        language,
        ("切り替えが途中で止まりました", "The switch stopped half-way"),
        (
            &format!("設定を元に戻せませんでした（{error}）。"),
            &format!("The settings could not be put back: {error}."),
        ),
        (
            "ディスクを確認して、もう一度 koshin renew を実行してください。元に戻してから続けます。",
            "Check the disk, then run koshin renew again: it puts them back first.",
        ),
    )
}

fn cannot_ask(language: Language) -> Explanation {
    explain(
        language,
        NOT_RENEWED,
        ("更新してよいか確認できません。", "Nobody can be asked whether to renew."),
        (
            "端末で実行するか、--yes を付けて実行してください。",
            "Run it in a terminal, or agree beforehand with --yes.",
        ),
    )
}

fn no_recovery(language: Language) -> Explanation {
    explain(
        language,
        NOT_RENEWED,
        ("このサーバーは復旧コードにまだ対応していません。", "This server does not take recovery codes yet."),
        ("管理者か保守会社に連絡してください。", "Ask your administrator or vendor."),
    )
}

/// No certificate on this PC could be renewed by a recovery code.
pub fn nothing_to_recover(language: Language) -> Explanation {
    explain(
        language,
        (
            "復旧コードを使える証明書が、このパソコンにありません",
            "No certificate on this PC can use a recovery code",
        ),
        (
            "復旧コードは、このパソコンのアプリケーションに設定済みの証明書を新しくするものです。",
            "A recovery code replaces a certificate that an application on this PC is set up with.",
        ),
        (
            "証明書のファイルがない場合（新しいパソコンなど）は、復旧コードの画面にある「koshin recover --server …」のコマンドを、そのまま入力してください。",
            "Where there is no certificate (a new PC, say), type the command “koshin recover --server …” as the page of the recovery code shows it.",
        ),
    )
}

/// The recovery code was not typed, or typed wrongly too often.
pub fn no_code(language: Language) -> &'static str {
    match language {
        Language::Japanese => {
            "復旧コードが入力されていません。koshin recover を端末で実行するか、コードを続けて書いてください。"
        }
        Language::English => {
            "No recovery code was given: run koshin recover in a terminal, or write the code behind it."
        }
    }
}

fn unknown(language: Language, failure: &Failure) -> Explanation {
    let what = failure.to_string();
    let title = ("予期しないエラーが発生しました", "An unexpected error occurred");
    let mut explanation = explain(language, title, (&what, &what), TELL_VENDOR);
    explanation.code = Some(format!("E{}", failure.exit_code().number()));
    explanation
}

fn explain(language: Language, title: Words<'_>, why: Words<'_>, remedy: Words<'_>) -> Explanation {
    let of = |(japanese, english): Words<'_>| pick(language, japanese, english).to_owned();
    Explanation { title: of(title), lines: vec![of(why), of(remedy)], code: None }
}
