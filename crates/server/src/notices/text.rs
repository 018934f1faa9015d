//! What a notice says, in Japanese and English. Pure.

use crate::store::NoticedCertificate;
use jiff::{Timestamp, Zoned, civil::Weekday};
use koshin_policy::calendar;

/// The language of a recipient's notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 日本語
    Japanese,
    /// English
    English,
}

impl Language {
    /// Every language, the default one first.
    pub const ALL: [Self; 2] = [Self::Japanese, Self::English];

    /// The tag (RFC 5646).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }

    /// The language of a tag; Japanese when the tag is unknown.
    pub fn from_tag(tag: &str) -> Self {
        if tag == Self::English.as_str() { Self::English } else { Self::Japanese }
    }
}

/// What the holder of the certificate has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Renew it.
    Renew,
    /// Begin to use the new one, which is there.
    SwitchOver,
    /// Fetch one of another kind: this one (`api…`, `backup…`) cannot be renewed.
    Replace,
}

/// Subject and body of a mail. A body may hold a link that only its recipient may read.
#[derive(Clone, PartialEq, Eq)]
pub struct MailText {
    /// One line.
    pub subject: String,
    /// Plain text, lines ended by `\n`.
    pub body: String,
}

/// Without the body.
impl std::fmt::Debug for MailText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MailText").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// The mail about `certificate` as of `now`.
pub fn mail(certificate: &NoticedCertificate, task: Task, language: Language, now: Timestamp) -> MailText {
    let facts = Facts::new(certificate, now);
    match language {
        Language::Japanese => {
            MailText { subject: japanese_subject(&facts, task), body: japanese_body(&facts, task) }
        }
        Language::English => {
            MailText { subject: english_subject(&facts, task), body: english_body(&facts, task) }
        }
    }
}

/// The mail by which a setting is tried out.
pub fn test_mail(host: &str, language: Language) -> MailText {
    match language {
        Language::Japanese => MailText {
            subject: "【テスト】証明書のお知らせメール".to_owned(),
            body: format!(
                "これは {host} からのテストメールです。\n\
                 証明書の期限が近づくと、この宛先にお知らせが届きます。\n\
                 心当たりがない場合は、このメールを削除してください。\n"
            ),
        },
        Language::English => MailText {
            subject: "[Test] Certificate notices".to_owned(),
            body: format!(
                "This is a test mail from {host}.\n\
                 When a certificate nears its end, a notice is sent to this address.\n\
                 If you did not expect it, please delete this mail.\n"
            ),
        },
    }
}

/// The terminal's name for people: 端末名, else the common name. One line.
pub fn terminal_name(certificate: &NoticedCertificate) -> String {
    let label = certificate.label.as_deref().map(one_line).filter(|label| !label.is_empty());
    label.unwrap_or_else(|| one_line(&certificate.common_name))
}

/// Names come from people: nothing in them may end a line of a header.
pub fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An instant in Japan: 2026年3月31日（火）23:59
pub(super) fn japanese_time(at: Timestamp) -> String {
    japanese_zoned(&calendar::in_jst(at))
}

/// An instant in Japan: Tuesday, 31 March 2026, 23:59 JST
pub(super) fn english_time(at: Timestamp) -> String {
    english_zoned(&calendar::in_jst(at))
}

fn japanese_zoned(time: &Zoned) -> String {
    let weekday = match time.weekday() {
        Weekday::Monday => "月",
        Weekday::Tuesday => "火",
        Weekday::Wednesday => "水",
        Weekday::Thursday => "木",
        Weekday::Friday => "金",
        Weekday::Saturday => "土",
        Weekday::Sunday => "日",
    };
    format!("{}年{}月{}日（{weekday}）{}", time.year(), time.month(), time.day(), time.strftime("%H:%M"))
}

fn english_zoned(time: &Zoned) -> String {
    time.strftime("%A, %-d %B %Y, %H:%M JST").to_string()
}

struct Facts<'a> {
    terminal: String,
    clinic: String,
    certificate: &'a NoticedCertificate,
    end: Zoned,
    days: i64,
    over: bool,
}

impl<'a> Facts<'a> {
    fn new(certificate: &'a NoticedCertificate, now: Timestamp) -> Self {
        let (last, today) = (calendar::jst_date(certificate.not_after), calendar::jst_date(now));
        Self {
            terminal: terminal_name(certificate),
            clinic: one_line(&certificate.tenant_name),
            certificate,
            end: calendar::in_jst(certificate.not_after),
            days: i64::from((last - today).get_days()),
            over: now > certificate.not_after,
        }
    }

    /// 3月31日
    fn day(&self) -> String {
        format!("{}月{}日", self.end.month(), self.end.day())
    }

    fn japanese_end(&self) -> String {
        japanese_zoned(&self.end)
    }

    fn english_end(&self) -> String {
        english_zoned(&self.end)
    }

    fn serial(&self) -> &str {
        &self.certificate.serial
    }
}

fn japanese_subject(facts: &Facts<'_>, task: Task) -> String {
    let Facts { terminal, clinic, over, .. } = facts;
    let day = facts.day();
    if *over {
        return format!("【至急】{terminal}の証明書は{day}に期限が切れました｜{clinic}");
    }
    let what = match task {
        Task::Renew => format!("{terminal}の証明書を{day}までに更新してください"),
        Task::SwitchOver => format!("{terminal}の新しい証明書に{day}までに切り替えてください"),
        Task::Replace => format!("{terminal}の証明書を{day}までに入れ替えてください"),
    };
    format!("【要対応】{what}｜{clinic}")
}

fn japanese_body(facts: &Facts<'_>, task: Task) -> String {
    let Facts { terminal, clinic, certificate, days, over, .. } = facts;
    let end = facts.japanese_end();
    let what = match (*over, *days) {
        (true, _) => {
            format!("{terminal}の証明書は、{end}に有効期限が切れました。\n{terminal}からは接続できません。")
        }
        (false, ..=0) => format!(
            "{terminal}の証明書は、本日{end}に有効期限が切れます。\n期限を過ぎると、{terminal}からは接続できなくなります。"
        ),
        (false, days) => format!(
            "{terminal}の証明書は、{end}に有効期限が切れます（あと{days}日）。\n\
             期限を過ぎると、{terminal}からは接続できなくなります。"
        ),
    };
    let action = if *over { japanese_recovery(terminal) } else { japanese_action(terminal, task) };
    format!(
        "{what}\n\n■ お願い\n{action}\n\n■ 証明書\n医療機関：{clinic}\n端末名：{terminal}\nCN：{}\n有効期限：{end}\n\
         シリアル番号：{}\n\n新しい証明書での接続を確認すると、このお知らせは止まります。\n\
         このメールは自動で送信しています。返信は届きません。\n",
        one_line(&certificate.common_name),
        facts.serial(),
    )
}

fn japanese_action(terminal: &str, task: Task) -> String {
    match task {
        Task::Renew => format!(
            "{terminal}で「証明書を更新」を選んでください。\n\
             システム管理サイトの「証明書管理」で{terminal}を選び、「証明書更新」からもできます。\n\
             今の証明書は、新しい証明書での接続を確認するまで使えます。"
        ),
        Task::SwitchOver => format!(
            "新しい証明書は発行済みですが、まだ使われていません。\n\
             {terminal}に新しい証明書を設定して、一度接続してください。"
        ),
        Task::Replace => format!(
            "この種類の証明書は更新できません。\n\
             システム管理サイトからclient…の証明書をダウンロードして、{terminal}に設定し直してください。"
        ),
    }
}

fn japanese_recovery(terminal: &str) -> String {
    format!(
        "システム管理サイトの「証明書管理」で{terminal}を選び、「復旧コードを発行する」か「証明書更新」を選んでください。\n\
         ご不明な点は保守会社にご連絡ください。"
    )
}

fn english_subject(facts: &Facts<'_>, task: Task) -> String {
    let Facts { terminal, clinic, over, .. } = facts;
    let day = facts.end.strftime("%-d %B");
    if *over {
        return format!("[Urgent] The certificate of {terminal} expired on {day} | {clinic}");
    }
    let what = match task {
        Task::Renew => format!("Renew the certificate of {terminal} by {day}"),
        Task::SwitchOver => format!("Switch {terminal} to its new certificate by {day}"),
        Task::Replace => format!("Replace the certificate of {terminal} by {day}"),
    };
    format!("[Action required] {what} | {clinic}")
}

fn english_body(facts: &Facts<'_>, task: Task) -> String {
    let Facts { terminal, clinic, certificate, days, over, .. } = facts;
    let end = facts.english_end();
    let what = match (*over, *days) {
        (true, _) => {
            format!("The certificate of {terminal} expired on {end}.\n{terminal} cannot connect any more.")
        }
        (false, ..=0) => {
            format!(
                "The certificate of {terminal} expires today: {end}.\nAfter that {terminal} cannot connect."
            )
        }
        (false, 1) => format!(
            "The certificate of {terminal} expires on {end} (1 day left).\nAfter that {terminal} cannot connect."
        ),
        (false, days) => format!(
            "The certificate of {terminal} expires on {end} ({days} days left).\n\
             After that {terminal} cannot connect."
        ),
    };
    let action = match (*over, task) {
        (true, _) => format!(
            "In the administration site, choose {terminal} under 証明書管理 (Certificates), and issue a recovery \
             code or a new certificate.\nIf in doubt, ask your support vendor."
        ),
        (false, Task::Renew) => format!(
            "Choose \"Renew the certificate\" on {terminal}, or renew it under 証明書管理 (Certificates) in the \
             administration site.\nThe present certificate works until the new one has been used."
        ),
        (false, Task::SwitchOver) => format!(
            "The new certificate was issued and has not been used yet.\n\
             Install it on {terminal} and connect once."
        ),
        (false, Task::Replace) => format!(
            "Certificates of this kind cannot be renewed.\nDownload a client… certificate from the \
             administration site and install it on {terminal}."
        ),
    };
    format!(
        "{what}\n\nWHAT TO DO\n{action}\n\nCERTIFICATE\nClinic: {clinic}\nTerminal: {terminal}\nCN: {}\nExpires: {end}\n\
         Serial number: {}\n\nThese notices stop when the new certificate has been used.\n\
         This mail was sent by a program. Replies are not read.\n",
        one_line(&certificate.common_name),
        facts.serial(),
    )
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
