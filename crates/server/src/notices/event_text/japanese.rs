//! The mails about events in Japanese.

use super::{
    super::text::{japanese_time, one_line},
    Parts, Told, name, names,
};
use crate::store::{NamedTerminal, Occurrence};
use jiff::Timestamp;
use secrecy::ExposeSecret;

/// The parts of the mail.
pub(super) fn parts(told: &Told<'_>) -> Parts {
    match told.occurrence {
        Occurrence::RecoveryCodeIssued { terminal, by, good_until } => code_issued(terminal, by, *good_until),
        Occurrence::RecoveryCodeUsed { terminal, from, serial } => code_used(terminal, from, serial),
        Occurrence::RecoveryClosed { until } => closed(*until),
        Occurrence::RevocationProposed { number, certificates, reason, by, waits_until } => {
            proposed(*number, *certificates, reason, by, *waits_until)
        }
        Occurrence::RevocationDone { number, certificates, reason, terminals } => {
            done(*number, *certificates, reason, terminals)
        }
        Occurrence::AdministratorAdded { login, name } => added(login, name),
        Occurrence::ResetLinkIssued { login, name, by } => reset(login, name, by),
        Occurrence::Invitation { by, good_until } => invitation(told, by, *good_until),
    }
}

fn code_issued(terminal: &NamedTerminal, by: &str, good_until: Timestamp) -> Parts {
    let (terminal, by) = (name(terminal), one_line(by));
    Parts {
        subject: format!("【お知らせ】{terminal}の復旧コードが発行されました"),
        what: format!(
            "{by}が、{terminal}の復旧コードを発行しました。\nコードは{}まで、一度だけ使えます。\
                     コードそのものは、このメールには書いていません。",
            japanese_time(good_until)
        ),
        todo: format!(
            "心当たりがあるときは、何もしなくてかまいません。\n心当たりがないときは、システム管理サイトの\
                     「証明書管理」で{terminal}を選び、「復旧コードを発行する」の画面で「今の復旧コードを取り消す」を選んでください。"
        ),
    }
}

fn code_used(terminal: &NamedTerminal, from: &str, serial: &str) -> Parts {
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

fn closed(until: Timestamp) -> Parts {
    Parts {
        subject: "【要確認】復旧コードの受け付けを止めています".to_owned(),
        what: format!(
            "誤った復旧コードが続けて届いたため、{}まで、すべての医療機関の復旧コードの受け付けを止めています。",
            japanese_time(until)
        ),
        todo: "システム管理サイトの「操作履歴」とサーバーのログで、どこから届いたかを確かめてください。\n\
                   急ぐ端末は、「証明書管理」の「証明書更新」で証明書を渡せます。"
            .to_owned(),
    }
}

fn proposed(number: i64, certificates: u64, reason: &str, by: &str, waits_until: Timestamp) -> Parts {
    Parts {
        subject: format!("【要対応】一括失効の提案を確かめてください（証明書{certificates}件）"),
        what: format!(
            "{}が、証明書{certificates}件の一括失効を提案しました（番号{number}、理由：{}）。\n\
                 ほかの運用担当者が{}までに承認しないと、取りやめになります。",
            one_line(by),
            reason_words(reason),
            japanese_time(waits_until)
        ),
        todo: "システム管理サイトの「一括失効」で内容を確かめ、承認するか却下してください。".to_owned(),
    }
}

fn done(number: i64, certificates: u64, reason: &str, terminals: &[NamedTerminal]) -> Parts {
    Parts {
        subject: format!("【至急】証明書{certificates}件が無効になりました"),
        what: format!(
            "サービスの運用担当者が、証明書{certificates}件を無効にしました（一括失効の番号{number}、理由：{}）。\n\
                 次の端末からは接続できません{}。\n{}",
            reason_words(reason),
            more(certificates, terminals.len()),
            names(terminals, "・").trim_end()
        ),
        todo:
            "システム管理サイトの「証明書管理」で端末を選び、「復旧コードを発行する」か「証明書更新」を選んで、\
                   新しい証明書に入れ替えてください。\n管理サイトを開ける端末が残っていないときは、保守会社か\
                   サービスの運用担当者に連絡してください。"
                .to_owned(),
    }
}

fn added(login: &str, name: &str) -> Parts {
    Parts {
        subject: format!("【お知らせ】{}さんが管理者になりました", one_line(name)),
        what: format!(
            "{}さん（ログイン名：{}）が、システム管理サイトの管理者になりました。",
            one_line(name),
            one_line(login)
        ),
        todo: "心当たりがあるときは、何もしなくてかまいません。\n心当たりがないときは、システム管理サイトの\
                   「管理者」で、この人のアカウントを停止してください。"
            .to_owned(),
    }
}

fn reset(login: &str, name: &str, by: &str) -> Parts {
    Parts {
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
    }
}

fn invitation(told: &Told<'_>, by: &str, good_until: Timestamp) -> Parts {
    Parts {
        subject: "【ご案内】システム管理サイトの管理者の登録".to_owned(),
        what: format!("{}から、システム管理サイトの管理者に招待されました。", one_line(by)),
        todo: format!(
            "次のリンクを、{}の証明書を設定した端末のブラウザーで開いて、登録してください。\n\
                 リンクは{}まで、一度だけ使えます。ほかの人には渡さないでください。\n\n{}\n\n\
                 心当たりがない場合は、このメールを削除してください。",
            one_line(told.organisation),
            japanese_time(good_until),
            told.link.map(ExposeSecret::expose_secret).unwrap_or_default()
        ),
    }
}

fn more(certificates: u64, named: usize) -> String {
    match usize::try_from(certificates).is_ok_and(|all| all > named) {
        true => format!("（{named}台だけを示します）"),
        false => String::new(),
    }
}

/// The words of RFC 5280, 5.3.1.
fn reason_words(reason: &str) -> &str {
    match reason {
        "keyCompromise" => "秘密鍵の漏えい",
        "affiliationChanged" => "所属の変更",
        "superseded" => "別の証明書への交代",
        "cessationOfOperation" => "使用の終了",
        "privilegeWithdrawn" => "使用権の取り消し",
        _ => "指定なし",
    }
}
