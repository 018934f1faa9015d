//! A delivery: what it is about, what is told, to whom, and how far it is.

use super::super::{StoreError, instant, schema::outbox};
use super::Occurrence;
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::{event::Event, notice::Notice};

/// How a notice travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// SMTP.
    Mail,
    /// A signed HTTPS request.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: &'static [Self] = &[Self::Mail, Self::Webhook];

    /// The word in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    pub(in super::super) fn from_word(word: &str) -> Result<Self, StoreError> {
        Self::ALL
            .iter()
            .copied()
            .find(|channel| channel.as_str() == word)
            .ok_or_else(|| StoreError::Corrupt(format!("channel {word:?}")))
    }
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent, now or after a pause.
    Waiting,
    /// Accepted by the mail server or the webhook's receiver.
    Sent,
    /// Refused for good: an address that does not exist, say.
    Bounced,
    /// Given up after days of attempts.
    Failed,
    /// Not sent, because its subject needs no notice any more or the recipient was removed.
    Stopped,
    /// Not sent, because a later notice of the same certificate took its place.
    Replaced,
}

impl DeliveryState {
    /// The word in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Replaced => "replaced",
        }
    }

    pub(in super::super) fn from_word(word: &str) -> Result<Self, StoreError> {
        [Self::Waiting, Self::Sent, Self::Bounced, Self::Failed, Self::Stopped, Self::Replaced]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| StoreError::Corrupt(format!("delivery state {word:?}")))
    }
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A certificate, by its hex serial.
    Certificate(String),
    /// A recovery code, by its row.
    RecoveryCode(i64),
    /// The hour, counted since 1970, for which recovery codes are judged no more.
    RecoveryHour(i64),
    /// A mass revocation, by its row.
    MassRevocation(i64),
    /// An invitation or reset link, by the hash of its token, and the account that comes of it.
    Invitation(String),
}

impl Subject {
    /// How it is written in the records.
    pub fn word(&self) -> String {
        match self {
            Self::Certificate(serial) => format!("certificate:{serial}"),
            Self::RecoveryCode(id) => format!("recovery-code:{id}"),
            Self::RecoveryHour(hour) => format!("recovery-hour:{hour}"),
            Self::MassRevocation(id) => format!("mass-revocation:{id}"),
            Self::Invitation(hash) => format!("invitation:{hash}"),
        }
    }

    fn from_word(word: &str) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt(format!("subject {word:?} of a notice"));
        let (kind, name) = word.split_once(':').ok_or_else(corrupt)?;
        let number = |digits: &str| digits.parse().map_err(|_| corrupt());
        Ok(match kind {
            "certificate" => Self::Certificate(name.to_owned()),
            "recovery-code" => Self::RecoveryCode(number(name)?),
            "recovery-hour" => Self::RecoveryHour(number(name)?),
            "mass-revocation" => Self::MassRevocation(number(name)?),
            "invitation" => Self::Invitation(name.to_owned()),
            _ => return Err(corrupt()),
        })
    }

    /// The certificate's serial, if it is about one.
    pub fn serial(&self) -> Option<&str> {
        match self {
            Self::Certificate(serial) => Some(serial),
            _ => None,
        }
    }
}

/// Which notice of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A certificate nears its end.
    End(Notice),
    /// Something has happened.
    Event(Event),
}

impl Topic {
    /// The word in the records: [`Notice::as_str`] or [`Event::as_str`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::End(notice) => notice.as_str(),
            Self::Event(event) => event.as_str(),
        }
    }

    fn from_word(word: &str) -> Result<Self, StoreError> {
        let end = Notice::from_word(word).map(Self::End);
        end.or_else(|| Event::from_word(word).map(Self::Event))
            .ok_or_else(|| StoreError::Corrupt(format!("notice {word:?}")))
    }
}

/// What makes a delivery one of its own: planned twice, it is sent once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// The organisation whose settings named the recipient.
    pub tenant_id: String,
    /// What it is about.
    pub subject: Subject,
    /// Which of its notices.
    pub notice: Topic,
    /// By mail or webhook.
    pub channel: Channel,
    /// An address or a URL.
    pub recipient: String,
}

/// A delivery as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Row identifier: the same for each attempt, so that receivers know a duplicate.
    pub id: i64,
    /// What it is.
    pub key: DeliveryKey,
    /// What has happened; none for the end of a certificate.
    pub occurrence: Option<Occurrence>,
    /// A token that only the recipient may read, sealed; none once the delivery has ended.
    pub sealed: Option<Vec<u8>>,
    /// Hex digits that strangers do not know: by them returned mail names the delivery.
    pub mark: String,
    /// What became of it.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: i64,
    /// When it was planned.
    pub created_at: Timestamp,
    /// Not before this it is tried (again).
    pub next_attempt_at: Timestamp,
    /// Why the last attempt failed, or why it was not sent.
    pub last_error: Option<String>,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Nothing more is to be done. The text says why, unless it was sent.
    Ended(DeliveryState, Option<String>),
    /// Again, not before the instant. The text says why.
    Again(Timestamp, String),
}

/// The key as the database has it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub(super) struct KeyColumns {
    tenant_id: String,
    subject: String,
    notice: String,
    channel: String,
    recipient: String,
}

/// A delivery as the database has it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub(super) struct Columns {
    id: i64,
    #[diesel(embed)]
    key: KeyColumns,
    facts: Option<String>,
    sealed: Option<Vec<u8>>,
    mark: Option<String>,
    state: String,
    attempts: i64,
    created_at: i64,
    next_attempt_at: i64,
    last_error: Option<String>,
    ended_at: Option<i64>,
}

impl TryFrom<KeyColumns> for DeliveryKey {
    type Error = StoreError;

    fn try_from(columns: KeyColumns) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: columns.tenant_id,
            subject: Subject::from_word(&columns.subject)?,
            notice: Topic::from_word(&columns.notice)?,
            channel: Channel::from_word(&columns.channel)?,
            recipient: columns.recipient,
        })
    }
}

impl TryFrom<Columns> for DeliveryRow {
    type Error = StoreError;

    fn try_from(columns: Columns) -> Result<Self, StoreError> {
        let id = columns.id;
        let key = DeliveryKey::try_from(columns.key)?;
        let occurrence = columns.facts.as_deref().map(Occurrence::from_record).transpose()?;
        let known = match (key.notice, &occurrence) {
            (Topic::End(_), None) => true,
            (Topic::Event(event), Some(occurrence)) => occurrence.event() == event,
            _ => false,
        };
        if !known {
            return Err(StoreError::Corrupt(format!("delivery {id} does not tell what its notice says")));
        }
        // A node of the version before made none, and named its mails by the serial.
        let mark = columns.mark.or_else(|| key.subject.serial().map(str::to_owned));
        Ok(Self {
            id,
            occurrence,
            sealed: columns.sealed,
            mark: mark.ok_or_else(|| StoreError::Corrupt(format!("delivery {id} without a mark")))?,
            state: DeliveryState::from_word(&columns.state)?,
            attempts: columns.attempts,
            created_at: instant(columns.created_at)?,
            next_attempt_at: instant(columns.next_attempt_at)?,
            last_error: columns.last_error,
            ended_at: columns.ended_at.map(instant).transpose()?,
            key,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn subjects_are_read_as_they_are_written() {
        for subject in [
            Subject::Certificate("5a01".to_owned()),
            Subject::RecoveryCode(17),
            Subject::RecoveryHour(498_000),
            Subject::MassRevocation(3),
            Subject::Invitation("0123".to_owned()),
        ] {
            assert_eq!(Subject::from_word(&subject.word()).unwrap(), subject);
        }
        for nonsense in ["", "certificate", "recovery-code:x", "nothing:1", "recovery-code:1:2"] {
            assert!(Subject::from_word(nonsense).is_err(), "{nonsense:?}");
        }
    }

    #[test]
    fn a_word_names_one_notice() {
        let words: Vec<&str> = Notice::ALL.iter().map(|notice| notice.as_str()).collect();
        for event in Event::ALL {
            assert_eq!(Topic::from_word(event.as_str()).unwrap(), Topic::Event(event));
            assert!(!words.contains(&event.as_str()));
        }
        assert_eq!(Topic::from_word("+1").unwrap(), Topic::End(Notice::After1));
        assert!(Topic::from_word("2").is_err());
    }
}
