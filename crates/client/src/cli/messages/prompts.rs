//! The texts of questions, steps and reports.

use super::{long_date, pick, time};
use crate::{
    environment::Language,
    prompt::{Explanation, PasswordRequest, Question, Report, Step},
};

/// 「証明書の更新」, ending where the answer is typed.
pub fn question(language: Language, question: &Question) -> String {
    let Question { name, common_name, not_after, days_left } = question;
    let date = long_date(language, *not_after);
    let time = time(*not_after);
    match language {
        Language::Japanese => format!(
            "\n証明書の更新\n  {name}（{common_name}）の証明書を更新しますか？\n  有効期限：{date}{time}（残り{days_left}日）\n  更新するには y、今日は更新しないには n を入力してください [y/N]: "
        ),
        Language::English => format!(
            "\nCertificate renewal\n  Renew the certificate of {name} ({common_name})?\n  It ends on {date}, {time} JST ({days_left} days left).\n  y to renew, n to leave it for today [y/N]: "
        ),
    }
}

/// Asks for the password of a certificate, not of the PC.
pub fn password(language: Language, request: &PasswordRequest) -> String {
    let PasswordRequest { name, path, previous_was_wrong } = request;
    let again = match (language, previous_was_wrong) {
        (_, false) => "",
        (Language::Japanese, true) => {
            "証明書を開けません。パスワードが違います。パソコンのパスワードではなく、証明書のパスワードを入力してください。\n"
        }
        (Language::English, true) => {
            "The certificate cannot be opened: the password is wrong. Type the certificate's password, not the PC's.\n"
        }
    };
    let path = path.display();
    match language {
        Language::Japanese => {
            format!("{again}{name}の証明書のパスワード（保存しません）\n  {path}\n  パスワード: ")
        }
        Language::English => {
            format!(
                "{again}Password of the certificate of {name} (it will not be saved)\n  {path}\n  Password: "
            )
        }
    }
}

/// 受け取り.
pub fn step(language: Language, step: Step) -> &'static str {
    match step {
        Step::Connect => pick(language, "接続", "Connecting"),
        Step::Receive => pick(language, "受け取り", "Receiving"),
        Step::Try => pick(language, "接続テスト", "Trying the new certificate"),
        Step::Switch => pick(language, "切り替え", "Switching"),
    }
}

/// `2/4 受け取り`.
pub fn progress(language: Language, step: Step) -> String {
    let word = self::step(language, step);
    let hint = match step {
        Step::Connect => pick(
            language,
            "（途中で電源が切れても、今の証明書は使えます。）",
            " (If the power fails, the certificate of today still works.)",
        ),
        _ => "",
    };
    format!("  {}/{} {word}{hint}", step.number(), Step::COUNT)
}

/// A report, without a line end.
pub fn report(language: Language, report: &Report) -> String {
    match report {
        Report::Renewed { name, not_after } => {
            let date = long_date(language, *not_after);
            match language {
                Language::Japanese => {
                    format!(
                        "{name}：証明書を更新しました。新しい有効期限：{date}。\n  起動中のアプリケーションは、いったん終了して開き直してください。"
                    )
                }
                Language::English => {
                    format!(
                        "{name}: the certificate was renewed. It now ends on {date}.\n  If the application is open, close it and open it again."
                    )
                }
            }
        }
        Report::NotDue { name, not_after } => {
            let date = long_date(language, *not_after);
            match language {
                Language::Japanese => format!("{name}：更新の必要はありません。有効期限：{date}"),
                Language::English => format!("{name}: no renewal is due. The certificate ends on {date}."),
            }
        }
        Report::NotRenewed { name, explanation } => explained(language, name, explanation),
        Report::ServiceNotTried { host } => match language {
            Language::Japanese => {
                format!("{host} が今の証明書にも返事をしないので、そこでは接続テストをしていません。")
            }
            Language::English => {
                format!("{host} does not answer the old certificate either: the new one was not tried there.")
            }
        },
        Report::Warning(text) => format!("{}{text}", pick(language, "注意：", "Warning: ")),
        Report::Note(text) => text.clone(),
    }
}

fn explained(language: Language, name: &str, explanation: &Explanation) -> String {
    let Explanation { title, lines, code } = explanation;
    let mut text = format!("{name}{}{title}", pick(language, "：", ": "));
    for line in lines {
        text.push_str("\n  ");
        text.push_str(line);
    }
    if let Some(code) = code {
        text.push_str(pick(language, "\n  番号：", "\n  Number: "));
        text.push_str(code);
    }
    text
}
