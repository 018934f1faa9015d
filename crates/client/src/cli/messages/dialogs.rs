//! The words of the dialogs, beyond those that explanations and steps have.

use super::{long_date, pick, time};
use crate::environment::Language;
use jiff::Timestamp;

/// In the windows' title bars.
pub fn window_title(language: Language) -> &'static str {
    pick(language, "証明書の更新", "Certificate renewal")
}

/// 更新.
pub fn renew(language: Language) -> &'static str {
    pick(language, "更新", "Renew")
}

/// 今すぐ更新.
pub fn renew_now(language: Language) -> &'static str {
    pick(language, "今すぐ更新", "Renew now")
}

/// 今日は更新しない.
pub fn not_today(language: Language) -> &'static str {
    pick(language, "今日は更新しない", "Not today")
}

/// あとで.
pub fn later(language: Language) -> &'static str {
    pick(language, "あとで", "Later")
}

/// もう一度更新.
pub fn again(language: Language) -> &'static str {
    pick(language, "もう一度更新", "Renew again")
}

/// 閉じる.
pub fn close(language: Language) -> &'static str {
    pick(language, "閉じる", "Close")
}

/// Tries the password that was typed.
pub fn open_certificate(language: Language) -> &'static str {
    pick(language, "証明書を開く", "Open the certificate")
}

/// Sends the recovery code that was typed.
pub fn use_recovery_code(language: Language) -> &'static str {
    pick(language, "復旧コードを使う", "Use the recovery code")
}

/// 有効期限.
pub fn valid_until(language: Language) -> &'static str {
    pick(language, "有効期限", "Valid until")
}

/// 新しい有効期限.
pub fn now_valid_until(language: Language) -> &'static str {
    pick(language, "新しい有効期限", "Now valid until")
}

/// 番号.
pub fn number(language: Language) -> &'static str {
    pick(language, "番号", "Number")
}

/// 連絡先.
pub fn contact(language: Language) -> &'static str {
    pick(language, "連絡先", "Contact")
}

/// 端末.
pub fn terminal(language: Language) -> &'static str {
    pick(language, "端末", "Terminal")
}

/// `2026年3月31日（火）23:59`.
pub fn moment(language: Language, instant: Timestamp) -> String {
    let (date, time) = (long_date(language, instant), time(instant));
    match language {
        Language::Japanese => format!("{date}{time}"),
        Language::English => format!("{date}, {time} JST"),
    }
}

/// 「証明書の更新時期です」
pub fn due(language: Language) -> &'static str {
    pick(language, "証明書の更新時期です", "A certificate is due for renewal")
}

/// 受付1の証明書は3月31日（火）に切れます。
pub fn ends_on(language: Language, name: &str, not_after: Timestamp) -> String {
    let date = long_date(language, not_after);
    match language {
        Language::Japanese => format!("{name}の証明書は{date}に切れます。"),
        Language::English => format!("The certificate of {name} ends on {date}."),
    }
}

/// 受付1の証明書を更新しますか？
pub fn renew_it(language: Language, name: &str) -> String {
    match language {
        Language::Japanese => format!("{name}の証明書を更新しますか？"),
        Language::English => format!("Renew the certificate of {name}?"),
    }
}

/// That a renewal is no long business.
pub fn takes_a_moment(language: Language) -> &'static str {
    pick(language, "1分ほどで終わります。", "It takes about a minute.")
}

/// The title of the steps.
pub fn renewing(language: Language) -> &'static str {
    pick(language, "証明書を更新しています", "The certificate is being renewed")
}

/// 「途中で電源が切れても、今の証明書は使えます。」
pub fn safe(language: Language) -> &'static str {
    pick(
        language,
        "途中で電源が切れても、今の証明書は使えます。",
        "If the power fails, the certificate of today still works.",
    )
}

/// 「証明書を更新しました」
pub fn done(language: Language) -> &'static str {
    pick(language, "証明書を更新しました", "The certificate was renewed")
}

/// ほかの操作は不要です。
pub fn nothing_else(language: Language) -> &'static str {
    pick(language, "ほかの操作は不要です。", "Nothing else is to be done.")
}

/// The application was started before the renewal succeeded.
pub fn reopen(language: Language) -> &'static str {
    pick(
        language,
        "起動中のアプリケーションは、いったん終了して開き直してください。",
        "The application is open: close it and open it again.",
    )
}

/// 復旧コード.
pub fn recovery_code(language: Language) -> &'static str {
    pick(language, "復旧コード", "Recovery code")
}

/// The server has no door for recovery codes.
pub fn no_recovery(language: Language) -> &'static str {
    pick(
        language,
        "このサーバーは復旧コードにまだ対応していません。管理者か保守会社に連絡してください。",
        "This server does not take recovery codes yet. Ask your administrator or vendor.",
    )
}

/// What was typed cannot be a recovery code. Nobody was asked, so it costs none of the attempts.
pub fn mistyped_code(language: Language) -> &'static str {
    pick(
        language,
        "復旧コードに打ち間違いがあります。12文字（4文字ずつ3組）です。もう一度確認して入力してください。",
        "There is a typing error in the recovery code: it has 12 characters in three groups. Check it and type it again.",
    )
}

/// The certificate that a code was typed for is not in use any more.
pub fn replaced_meanwhile(language: Language) -> &'static str {
    pick(
        language,
        "この証明書は、すでに別の証明書に置き換えられています。この画面を閉じて、アプリケーションを起動し直してください。",
        "The certificate has been replaced meanwhile. Close this window and start the application again.",
    )
}

/// The title of the question for a password.
pub fn password_title(language: Language, previous_was_wrong: bool) -> &'static str {
    if previous_was_wrong {
        pick(language, "証明書を開けません", "The certificate cannot be opened")
    } else {
        pick(language, "証明書のパスワード", "Password of the certificate")
    }
}

/// Why a password is asked for.
pub fn password_why(language: Language, name: &str, file: &str) -> String {
    match language {
        Language::Japanese => format!(
            "{name}の証明書（{file}）を開くには、パスワードが必要です。Windowsなどパソコンのパスワードではなく、証明書のパスワードを入力してください。"
        ),
        Language::English => format!(
            "The certificate of {name} ({file}) opens with a password: the certificate's, not that of the PC."
        ),
    }
}

/// It is used once and forgotten.
pub fn password_not_saved(language: Language) -> &'static str {
    pick(language, "入力したパスワードは保存しません。", "The password is not saved.")
}

/// パスワードが違います。
pub fn password_wrong(language: Language) -> &'static str {
    pick(language, "パスワードが違います。", "The password is wrong.")
}

/// パスワード.
pub fn password(language: Language) -> &'static str {
    pick(language, "パスワード", "Password")
}

/// Labels the checkbox that shows what is typed.
pub fn show_password(language: Language) -> &'static str {
    pick(language, "パスワードを表示", "Show the password")
}

/// The application itself cannot be started.
pub fn not_started(language: Language) -> &'static str {
    pick(language, "アプリケーションを起動できません", "The application cannot be started")
}

/// Which program, and why.
pub fn not_started_why(language: Language, program: &str, why: &str) -> String {
    match language {
        Language::Japanese => format!("{program} を起動できません（{why}）。"),
        Language::English => format!("{program} cannot be started: {why}."),
    }
}

/// What to do about that.
pub fn mend_shortcut(language: Language) -> &'static str {
    pick(
        language,
        "ショートカットの設定を保守会社に確認してください。",
        "Ask your vendor to check the shortcut.",
    )
}
