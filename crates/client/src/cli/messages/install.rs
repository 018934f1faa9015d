//! The words of `koshin install` and `koshin uninstall`.

use super::pick;
use crate::{
    environment::Language,
    install::{InstallFailure, Installed, Mechanism},
};
use std::path::PathBuf;

/// What was installed, what it means, and what to know about it.
pub fn installed(language: Language, installed: &Installed) -> String {
    let mut lines = vec![first_line(language, installed).to_owned()];
    lines.extend(installed.files.iter().map(|file| format!("  {}", file.display())));
    lines.push(rhythm(language, installed.mechanism).to_owned());
    if let Some(why) = &installed.no_systemd {
        lines.push(no_systemd(language, why));
    }
    if installed.mechanism == Mechanism::SystemdTimer && installed.lingers != Some(true) {
        lines.push(linger(language).to_owned());
    }
    lines.join("\n")
}

fn first_line(language: Language, installed: &Installed) -> &'static str {
    if installed.changed {
        pick(language, "証明書の自動更新を設定しました。", "Unattended renewal is installed.")
    } else {
        pick(language, "証明書の自動更新は設定済みです。", "Unattended renewal was installed already.")
    }
}

fn rhythm(language: Language, mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::SystemdTimer | Mechanism::TaskScheduler => pick(
            language,
            "15分ごとに確認し、更新時期になった証明書を自動で更新します。",
            "Every quarter of an hour it looks for certificates that are due and renews them.",
        ),
        Mechanism::Autostart => pick(
            language,
            "次にログインしたときから、更新時期になった証明書を自動で更新します。",
            "From the next log-in on, certificates that are due are renewed while you are logged in.",
        ),
    }
}

fn no_systemd(language: Language, why: &str) -> String {
    match language {
        Language::Japanese => format!(
            "systemd のユーザータイマーが使えないので（{why}）、ログイン時に起動するようにしました。画面のないサーバーでは、`loginctl enable-linger` の後にログインし直して koshin install を実行するか、cron で `koshin daemon --once` を15分ごとに実行してください。"
        ),
        Language::English => format!(
            "The user's systemd cannot be used ({why}), so it starts at log-in instead. On a server without a desktop, run `loginctl enable-linger`, log in again and repeat koshin install, or let cron run `koshin daemon --once` every quarter of an hour."
        ),
    }
}

fn linger(language: Language) -> &'static str {
    pick(
        language,
        "ログインしていない間も更新するには、`loginctl enable-linger` を実行してください。",
        "To renew while you are logged out too, run `loginctl enable-linger`.",
    )
}

/// What was removed.
pub fn removed(language: Language, files: &[PathBuf]) -> String {
    if files.is_empty() {
        return pick(language, "自動更新は設定されていません。", "Unattended renewal was not installed.")
            .to_owned();
    }
    let first = pick(
        language,
        "証明書の自動更新を解除しました。証明書と設定はそのままです。",
        "Unattended renewal is removed. Certificates and settings stay as they are.",
    );
    let files = files.iter().map(|file| format!("\n  {}", file.display()));
    std::iter::once(first.to_owned()).chain(files).collect()
}

/// It failed.
pub fn failure(language: Language, failure: &InstallFailure) -> String {
    match (language, failure) {
        (Language::English, failure) => format!("unattended renewal could not be set up: {failure}"),
        (Language::Japanese, InstallFailure::Storage(error)) => {
            format!("自動更新を設定できませんでした。{error}")
        }
        (Language::Japanese, InstallFailure::Command { command, why }) => {
            format!("自動更新を設定できませんでした。`{command}` が失敗しました（{why}）。")
        }
    }
}

/// The program does not know where it is.
pub fn no_program(language: Language, why: &str) -> String {
    match language {
        Language::Japanese => format!("koshin のある場所がわかりません（{why}）。"),
        Language::English => format!("where koshin is cannot be told: {why}"),
    }
}
