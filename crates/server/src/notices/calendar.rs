//! The calendar feed: the ends of certificates as iCalendar (RFC 5545). Pure.

use super::text::{Language, one_line, terminal_name};
use crate::store::NoticedCertificate;
use jiff::{Timestamp, ToSpan};
use koshin_policy::calendar;

/// Octets of a line without its end (RFC 5545, 3.1).
const LINE_OCTETS: usize = 75;
/// Alarms at 08:00 of the day, so many days before the end. All-day events begin at 00:00,
/// so 14 days before at 08:00 is 13 days and 16 hours before the begin.
const ALARM_DAYS: [u32; 3] = [30, 14, 3];

/// The feed of an organisation: one all-day event a certificate, on the day in Japan on which
/// it ends. `host` makes the identifiers unique in the world.
pub fn feed(certificates: &[NoticedCertificate], host: &str, language: Language, now: Timestamp) -> String {
    let mut feed = Feed::default();
    for (name, value) in [("BEGIN", "VCALENDAR"), ("VERSION", "2.0"), ("PRODID", "-//Koshin//Notices//EN")] {
        feed.line(name, value);
    }
    feed.line("CALSCALE", "GREGORIAN");
    feed.line("METHOD", "PUBLISH");
    feed.line("X-WR-CALNAME", &escaped(calendar_name(language)));
    feed.line("REFRESH-INTERVAL;VALUE=DURATION", "PT12H");
    for certificate in certificates {
        event(&mut feed, certificate, host, language, now);
    }
    feed.line("END", "VCALENDAR");
    feed.0
}

fn event(feed: &mut Feed, certificate: &NoticedCertificate, host: &str, language: Language, now: Timestamp) {
    let day = calendar::jst_date(certificate.not_after);
    // The end of an all-day event is the day after (RFC 5545, 3.6.1).
    let next = day.checked_add(1.day()).unwrap_or(day);
    let (summary, description) = words(certificate, language);
    feed.line("BEGIN", "VEVENT");
    feed.line("UID", &escaped(&format!("{}@{host}", certificate.serial)));
    feed.line("DTSTAMP", &now.strftime("%Y%m%dT%H%M%SZ").to_string());
    feed.line("DTSTART;VALUE=DATE", &day.strftime("%Y%m%d").to_string());
    feed.line("DTEND;VALUE=DATE", &next.strftime("%Y%m%d").to_string());
    feed.line("SUMMARY", &escaped(&summary));
    feed.line("DESCRIPTION", &escaped(&description));
    // Nobody is busy because a certificate ends.
    feed.line("TRANSP", "TRANSPARENT");
    for days in ALARM_DAYS {
        feed.line("BEGIN", "VALARM");
        feed.line("ACTION", "DISPLAY");
        feed.line("TRIGGER", &format!("-P{}DT16H", days - 1));
        feed.line("DESCRIPTION", &escaped(&summary));
        feed.line("END", "VALARM");
    }
    feed.line("END", "VEVENT");
}

fn calendar_name(language: Language) -> &'static str {
    match language {
        Language::Japanese => "証明書の有効期限",
        Language::English => "Ends of certificates",
    }
}

fn words(certificate: &NoticedCertificate, language: Language) -> (String, String) {
    let (terminal, clinic) = (terminal_name(certificate), one_line(&certificate.tenant_name));
    let end = calendar::in_jst(certificate.not_after).strftime("%Y/%m/%d %H:%M").to_string();
    let (name, serial) = (one_line(&certificate.common_name), &certificate.serial);
    match language {
        Language::Japanese => (
            format!("{terminal}の証明書の期限｜{clinic}"),
            format!("CN：{name}\n有効期限：{end}\nシリアル番号：{serial}"),
        ),
        Language::English => (
            format!("Certificate of {terminal} ends | {clinic}"),
            format!("CN: {name}\nExpires: {end} JST\nSerial number: {serial}"),
        ),
    }
}

/// TEXT (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

#[derive(Default)]
struct Feed(String);

impl Feed {
    /// A content line, folded between characters and never within one.
    fn line(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        for character in name.chars().chain([':']).chain(value.chars()) {
            if octets + character.len_utf8() > LINE_OCTETS {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            octets += character.len_utf8();
            self.0.push(character);
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
