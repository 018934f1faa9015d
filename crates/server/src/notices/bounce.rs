//! Mail that comes back: a delivery status notification (RFC 3464) as a mail server sends it.
//! Pure: bytes in, which of our mails it was and why out.
//!
//! The bytes come from anybody who can write to the address for returned mail. So nothing is
//! believed but a report of failure that names one of our mails by its Message-ID, in which
//! there are digits that only its recipient knows.

use super::text::one_line;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use std::panic::catch_unwind;

/// More of a mail is not looked at.
pub const MOST_BYTES: usize = 1 << 20;
/// Longer answers of servers are cut.
const REASON_CHARS: usize = 300;
/// Hex digits of a mark at most. Before there were marks, serial numbers took their place.
const MARK_DIGITS: usize = 40;
/// What our Message-IDs begin with.
const PREFIX: &str = "notice-";

/// A mail of ours that came back for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// Row of the outbox.
    pub delivery: i64,
    /// Hex digits that strangers do not know.
    pub mark: String,
    /// What the refusing server said, on one line.
    pub reason: String,
}

/// Why a mail tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoBounce {
    /// It is no mail.
    #[error("it is no mail (RFC 5322)")]
    Unreadable,
    /// It is a mail of another kind: a holiday reply, say.
    #[error("it is no delivery status notification (RFC 3464)")]
    NoReport,
    /// It reports a delay or a success.
    #[error("it reports no failure for good")]
    NoFailure,
    /// It is about a mail that is not ours, or does not say about which.
    #[error("it names no notice of this server")]
    Foreign,
}

/// Left of the `@` in the Message-ID of a delivery.
pub fn message_name(delivery: i64, mark: &str) -> String {
    format!("{PREFIX}{delivery}-{mark}")
}

/// Reads a mail that came to the address for returned mail.
///
/// # Errors
/// When it does not say that one of our mails has failed.
pub fn read(mail: &[u8]) -> Result<Bounce, NoBounce> {
    let mail = &mail[..mail.len().min(MOST_BYTES)];
    let message = parsed(mail).ok_or(NoBounce::Unreadable)?;
    let report = message
        .parts
        .iter()
        .find(|part| {
            part.is_content_type("message", "delivery-status")
                || part.is_content_type("message", "global-delivery-status")
        })
        .ok_or(NoBounce::NoReport)?;
    let reason = failure(&String::from_utf8_lossy(report.contents())).ok_or(NoBounce::NoFailure)?;
    let (delivery, mark) = subject(&message).ok_or(NoBounce::Foreign)?;
    Ok(Bounce { delivery, mark, reason })
}

/// The parser has assertions of its own that damaged mail breaks: a mail that breaks one is
/// unreadable, and does not end the program, whose exit code is an answer to the mail server.
fn parsed(mail: &[u8]) -> Option<Message<'_>> {
    catch_unwind(|| MessageParser::default().parse(mail)).ok().flatten()
}

/// The reason of the first recipient whose delivery has failed for good (RFC 3464, 2.3).
fn failure(report: &str) -> Option<String> {
    let unix = report.replace("\r\n", "\n");
    unix.split("\n\n").find_map(|group| {
        let text = format!("{}\r\n\r\n", group.trim_matches('\n').replace('\n', "\r\n"));
        let fields = parsed(text.as_bytes())?;
        let action = field(&fields, "Action")?;
        let status = field(&fields, "Status").unwrap_or_default();
        let for_good = status.is_empty() || status.starts_with('5');
        if !action.eq_ignore_ascii_case("failed") || !for_good {
            return None;
        }
        let said = field(&fields, "Diagnostic-Code").unwrap_or_default();
        // 「smtp; 550 5.1.1 …」: the kind of the code is of no interest.
        let said = said.split_once(';').map_or(said.as_str(), |(_, said)| said.trim());
        let full = if said.is_empty() { status } else { said.to_owned() };
        Some(full.chars().take(REASON_CHARS).collect())
    })
}

/// The delivery that the notification is about: by the headers of the returned mail, or else
/// by those with which it answers.
fn subject(message: &Message<'_>) -> Option<(i64, String)> {
    let returned = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(inner) => inner.message_id().and_then(delivery_of),
        _ if part.is_content_type("text", "rfc822-headers") => {
            let text = format!("{}\r\n\r\n", String::from_utf8_lossy(part.contents()).trim_end());
            let inner = parsed(text.as_bytes())?;
            inner.message_id().and_then(delivery_of)
        }
        _ => None,
    });
    returned.or_else(|| {
        let answered = [message.in_reply_to(), message.references()];
        answered.into_iter().find_map(|value| match value.as_text_list() {
            Some(ids) => ids.iter().find_map(|id| delivery_of(id)),
            None => value.as_text().and_then(delivery_of),
        })
    })
}

/// The parts of [`message_name`].
fn delivery_of(message_id: &str) -> Option<(i64, String)> {
    let name = message_id.trim().trim_start_matches('<').split('@').next()?;
    let (delivery, mark) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let hex = (1..=MARK_DIGITS).contains(&mark.len())
        && mark.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    Some((delivery.parse().ok()?, mark.to_owned())).filter(|_| hex)
}

/// A field of this name, unfolded.
fn field(message: &Message<'_>, name: &str) -> Option<String> {
    let headers = &message.parts.first()?.headers;
    let found = headers.iter().find(|header| header.name().eq_ignore_ascii_case(name))?;
    found.value().as_text().map(one_line)
}

#[cfg(test)]
#[path = "bounce_tests.rs"]
mod tests;
