//! What a mail about an event says, in Japanese and English. Pure.

use super::text::{Language, MailText, english_time, japanese_time, one_line};
use crate::store::{NamedTerminal, Occurrence};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// An event, as one organisation is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What has happened.
    pub occurrence: &'a Occurrence,
    /// When.
    pub at: Timestamp,
    /// The organisation's name.
    pub organisation: &'a str,
    /// The link of an invitation, which only its recipient may read.
    pub link: Option<&'a SecretString>,
}

/// Subject, text, and what to do: each without the organisation.
struct Parts {
    subject: String,
    what: String,
    todo: String,
}

/// The mail about an event.
pub fn mail(told: &Told<'_>, language: Language) -> MailText {
    let organisation = one_line(told.organisation);
    let invited = matches!(told.occurrence, Occurrence::Invitation { .. });
    match language {
        Language::Japanese => {
            let Parts { subject, what, todo } = japanese(told);
            let why = match invited {
                true => "",
                false => {
                    "なりすましに気づけるように、このお知らせは通知設定にかかわらず管理者に送っています。\n"
                }
            };
            MailText {
                subject: format!("{subject}｜{organisation}"),
                body: format!(
                    "{what}\n\n■ お願い\n{todo}\n\n医療機関・会社：{organisation}\n日時：{}\n\n{why}\
                     このメールは自動で送信しています。返信は届きません。\n",
                    japanese_time(told.at)
                ),
            }
        }
        Language::English => {
            let Parts { subject, what, todo } = english(told);
            let why = match invited {
                true => "",
                false => {
                    "Administrators get this notice whatever the notice settings say, so that nobody can act in \
                     their name unseen.\n"
                }
            };
            MailText {
                subject: format!("{subject} | {organisation}"),
                body: format!(
                    "{what}\n\nWHAT TO DO\n{todo}\n\nOrganisation: {organisation}\nTime: {}\n\n{why}\
                     This mail was sent by a program. Replies are not read.\n",
                    english_time(told.at)
                ),
            }
        }
    }
}

/// 端末名, else the common name. One line.
fn name(terminal: &NamedTerminal) -> String {
    let label = terminal.label.as_deref().map(one_line).filter(|label| !label.is_empty());
    label.unwrap_or_else(|| one_line(&terminal.common_name))
}

fn names(terminals: &[NamedTerminal], mark: &str) -> String {
    let lines = terminals.iter().map(|terminal| match &terminal.label {
        Some(_) => format!("{mark}{} ({})\n", name(terminal), one_line(&terminal.common_name)),
        None => format!("{mark}{}\n", name(terminal)),
    });
    lines.collect()
}

fn japanese(told: &Told<'_>) -> Parts {
    match told.occurrence {
        Occurrence::RecoveryCodeIssued { terminal, by, good_until } => {
            let (terminal, by) = (name(terminal), one_line(by));
            Parts {
                subject: format!("【お知らせ】{terminal}の復旧コードが発行されました"),
                what: format!(
                    "{by}が、{terminal}の復旧コードを発行しました。\nコードは{}まで、一度だけ使えます。\
                     コードそのものは、このメールには書いていません。",
                    japanese_time(*good_until)
                ),
                todo: format!(
                    "心当たりがあるときは、何もしなくてかまいません。\n心当たりがないときは、システム管理サイトの\
                     「証明書管理」で{terminal}を選び、「復旧コードを発行」の画面で「今の復旧コードを取り消す」を選んでください。"
                ),
            }
        }
        Occurrence::RecoveryCodeUsed { terminal, from, serial } => {
            let terminal = name(terminal);
            Parts {
                subject: format!("【お知らせ】{terminal}の復旧コードが使われました"),
                what: format!(
                    "復旧コードが使われ、{terminal}の新しい証明書が発行されました。\n接続元：{from}\n\
                     新しい証明書のシリアル番号：{serial}"
                ),
                todo: format!(
                    "心当たりがあるときは、何もしなくてかまいません。\n心当たりがないときは、システム管理サイトの\
                     「証明書管理」で{terminal}を選び、「使用停止」を選んでください。"
                ),
            }
        }
        Occurrence::RecoveryClosed { until } => Parts {
            subject: "【要確認】復旧コードの受け付けを止めています".to_owned(),
            what: format!(
                "誤った復旧コードが続けて届いたため、{}まで、すべての医療機関の復旧コードの受け付けを止めています。",
                japanese_time(*until)
            ),
            todo: "システム管理サイトの「操作履歴」とサーバーのログで、どこから届いたかを確かめてください。\n\
                   急ぐ端末は、「証明書管理」の「証明書更新」で証明書を渡せます。"
                .to_owned(),
        },
        Occurrence::RevocationProposed { number, certificates, reason, by, waits_until } => Parts {
            subject: format!("【要対応】一括失効の提案を確かめてください（証明書{certificates}件）"),
            what: format!(
                "{}が、証明書{certificates}件の一括失効を提案しました（番号{number}、理由：{}）。\n\
                 ほかの運用担当者が{}までに承認しないと、取りやめになります。",
                one_line(by),
                japanese_reason(reason),
                japanese_time(*waits_until)
            ),
            todo: "システム管理サイトの「一括失効」で内容を確かめ、承認するか却下してください。".to_owned(),
        },
        Occurrence::RevocationDone { number, certificates, reason, terminals } => Parts {
            subject: format!("【至急】証明書{certificates}件が無効になりました"),
            what: format!(
                "サービスの運用担当者が、証明書{certificates}件を無効にしました（一括失効の番号{number}、理由：{}）。\n\
                 次の端末からは接続できません{}。\n{}",
                japanese_reason(reason),
                japanese_more(*certificates, terminals.len()),
                names(terminals, "・").trim_end()
            ),
            todo: "システム管理サイトの「証明書管理」で端末を選び、「復旧コードを発行」か「証明書更新」を選んで、\
                   新しい証明書に入れ替えてください。\n管理サイトを開ける端末が残っていないときは、保守会社か\
                   サービスの運用担当者に連絡してください。"
                .to_owned(),
        },
        Occurrence::AdministratorAdded { login, name } => Parts {
            subject: format!("【お知らせ】{}さんが管理者になりました", one_line(name)),
            what: format!(
                "{}さん（ログイン名：{}）が、システム管理サイトの管理者になりました。",
                one_line(name),
                one_line(login)
            ),
            todo: "心当たりがあるときは、何もしなくてかまいません。\n心当たりがないときは、システム管理サイトの\
                   「管理者」で、この人のアカウントを停止してください。"
                .to_owned(),
        },
        Occurrence::ResetLinkIssued { login, name, by } => Parts {
            subject: format!("【お知らせ】{}さんの再設定リンクが発行されました", one_line(name)),
            what: format!(
                "{}が、{}さん（ログイン名：{}）のパスワードと認証を設定し直すリンクを発行しました。",
                one_line(by),
                one_line(name),
                one_line(login)
            ),
            todo: "心当たりがあるときは、何もしなくてかまいません。\n心当たりがないときは、システム管理サイトの\
                   「管理者」で、このリンクを取り消してください。"
                .to_owned(),
        },
        Occurrence::Invitation { by, good_until } => Parts {
            subject: "【ご案内】システム管理サイトの管理者の登録".to_owned(),
            what: format!(
                "{}から、システム管理サイトの管理者に招待されました。",
                one_line(by)
            ),
            todo: format!(
                "次のリンクを、{}の証明書を設定した端末のブラウザーで開いて、登録してください。\n\
                 リンクは{}まで、一度だけ使えます。ほかの人には渡さないでください。\n\n{}\n\n\
                 心当たりがない場合は、このメールを削除してください。",
                one_line(told.organisation),
                japanese_time(*good_until),
                told.link.map(ExposeSecret::expose_secret).unwrap_or_default()
            ),
        },
    }
}

fn japanese_more(certificates: u64, named: usize) -> String {
    match usize::try_from(certificates).is_ok_and(|all| all > named) {
        true => format!("（{named}台だけを示します）"),
        false => String::new(),
    }
}

/// The words of RFC 5280, 5.3.1.
fn japanese_reason(reason: &str) -> &str {
    match reason {
        "keyCompromise" => "秘密鍵の漏えい",
        "affiliationChanged" => "所属の変更",
        "superseded" => "別の証明書への交代",
        "cessationOfOperation" => "使用の終了",
        "privilegeWithdrawn" => "使用権の取り消し",
        _ => "指定なし",
    }
}

fn english(told: &Told<'_>) -> Parts {
    const KNOWN: &str = "If you know of it, there is nothing to do.\n";
    match told.occurrence {
        Occurrence::RecoveryCodeIssued { terminal, by, good_until } => {
            let (terminal, by) = (name(terminal), one_line(by));
            Parts {
                subject: format!("[Notice] A recovery code was issued for {terminal}"),
                what: format!(
                    "{by} has issued a recovery code for {terminal}.\nIt is good once, until {}. The code itself is \
                     not in this mail.",
                    english_time(*good_until)
                ),
                todo: format!(
                    "{KNOWN}If not, choose {terminal} under Certificates in the administration site, and take the \
                     present code back on the page of recovery codes."
                ),
            }
        }
        Occurrence::RecoveryCodeUsed { terminal, from, serial } => {
            let terminal = name(terminal);
            Parts {
                subject: format!("[Notice] The recovery code of {terminal} was used"),
                what: format!(
                    "A recovery code was used, and a new certificate was issued for {terminal}.\nFrom: {from}\n\
                     Serial number of the new certificate: {serial}"
                ),
                todo: format!(
                    "{KNOWN}If not, choose {terminal} under Certificates in the administration site, and stop its \
                     use."
                ),
            }
        }
        Occurrence::RecoveryClosed { until } => Parts {
            subject: "[Please check] No recovery codes are taken at present".to_owned(),
            what: format!(
                "So many wrong recovery codes have come that none is taken from any organisation until {}.",
                english_time(*until)
            ),
            todo: "Look into the history in the administration site and into the server's log to see where they \
                   come from.\nFor a terminal that cannot wait, renew its certificate under Certificates and hand \
                   it over."
                .to_owned(),
        },
        Occurrence::RevocationProposed { number, certificates, reason, by, waits_until } => Parts {
            subject: format!("[Action required] Decide on a mass revocation ({certificates} certificates)"),
            what: format!(
                "{} proposes to revoke {certificates} certificates (number {number}, reason: {reason}).\nIt comes to \
                 nothing unless another operator approves it by {}.",
                one_line(by),
                english_time(*waits_until)
            ),
            todo: "Look at it under Mass revocation in the administration site, and approve or refuse it.".to_owned(),
        },
        Occurrence::RevocationDone { number, certificates, reason, terminals } => {
            let (count, more) = match (*certificates, terminals.len()) {
                (1, _) => ("1 certificate was".to_owned(), String::new()),
                (many, named) if usize::try_from(many).is_ok_and(|all| all > named) => {
                    (format!("{many} certificates were"), format!(" (the first {named} are named)"))
                }
                (many, _) => (format!("{many} certificates were"), String::new()),
            };
            Parts {
                subject: format!("[Urgent] {count} revoked"),
                what: format!(
                    "{count} revoked by the operators of the service (mass revocation {number}, reason: {reason}).\n\
                     These terminals cannot connect any more{more}:\n{}",
                    names(terminals, "- ").trim_end()
                ),
                todo: "Choose each terminal under Certificates in the administration site, and issue a recovery code \
                       or a new certificate.\nIf no terminal is left that opens the site, ask your support vendor or \
                       the operators."
                    .to_owned(),
            }
        }
        Occurrence::AdministratorAdded { login, name } => Parts {
            subject: format!("[Notice] {} has become an administrator", one_line(name)),
            what: format!(
                "{} (login {}) has become an administrator in the administration site.",
                one_line(name),
                one_line(login)
            ),
            todo: format!("{KNOWN}If not, disable the account under Administrators in the administration site."),
        },
        Occurrence::ResetLinkIssued { login, name, by } => Parts {
            subject: format!("[Notice] A reset link was made for {}", one_line(name)),
            what: format!(
                "{} has made a link with which the password and second factor of {} (login {}) are set up anew.",
                one_line(by),
                one_line(name),
                one_line(login)
            ),
            todo: format!("{KNOWN}If not, withdraw the link under Administrators in the administration site."),
        },
        Occurrence::Invitation { by, good_until } => Parts {
            subject: "[Invitation] Become an administrator".to_owned(),
            what: format!("{} invites you to be an administrator in the administration site.", one_line(by)),
            todo: format!(
                "Open this link in a browser of a terminal that has a certificate of {}, and set up your account.\n\
                 It is good once, until {}. Hand it to nobody else.\n\n{}\n\n\
                 If you did not expect it, please delete this mail.",
                one_line(told.organisation),
                english_time(*good_until),
                told.link.map(ExposeSecret::expose_secret).unwrap_or_default()
            ),
        },
    }
}

#[cfg(test)]
#[path = "event_text_tests.rs"]
mod tests;
