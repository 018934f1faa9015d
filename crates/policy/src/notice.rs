//! Who is told, and when, that a certificate nears its end.
//!
//! A notice belongs to a day in Japan, counted from the day on which the certificate
//! ends, and is due from 08:00 JST of that day until the next one's. So a server that
//! was down on the day itself catches up with the latest notice, and never sends a
//! pile of old ones.

use crate::{calendar, state::CertificateState};
use jiff::{Timestamp, ToSpan, civil::Time};

/// Nobody wants a mail at midnight: notices become due at this time of their day, JST.
const TIME_OF_DAY: Time = Time::constant(8, 0, 0, 0);
/// Days after the end at which the last notice is not worth sending any more.
const LAST_DAYS_AFTER: i64 = 14;
/// An unattended renewal that has not happened so many days before the end has failed,
/// whatever the reason: also a terminal that was never switched on.
const UNATTENDED_PATIENCE_DAYS: i64 = 14;

/// One of the notices of a certificate, by its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// 60 days before the end.
    Before60,
    /// 30 days before.
    Before30,
    /// 14 days before.
    Before14,
    /// 7 days before.
    Before7,
    /// 3 days before.
    Before3,
    /// The day before.
    Before1,
    /// The day of the end.
    LastDay,
    /// The day after.
    After1,
    /// 7 days after.
    After7,
}

/// Who is told. Each later circle is told in addition to the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// The tenant itself (医療機関).
    Clinic,
    /// The vendors (保守会社) that the tenant lets look after it.
    Vendor,
    /// The operator of the service.
    Operator,
}

/// Who renews a terminal's certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewing {
    /// People, who are reminded.
    ByPeople,
    /// The terminal by itself; people are told only when it failed.
    Unattended {
        /// Whether an attempt was refused or failed, and none has succeeded since.
        failed: bool,
    },
}

/// What the calendar must know of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeStanding {
    /// Last instant of validity.
    pub not_after: Timestamp,
    /// State in the records. Only a certificate in use has notices: once its renewal is
    /// in use it is superseded, and they stop.
    pub state: CertificateState,
    /// Who renews it.
    pub renewing: Renewing,
}

impl Notice {
    /// All of them, in the order of time.
    pub const ALL: [Self; 9] = [
        Self::Before60,
        Self::Before30,
        Self::Before14,
        Self::Before7,
        Self::Before3,
        Self::Before1,
        Self::LastDay,
        Self::After1,
        Self::After7,
    ];

    /// Days from its own day to the day of the end; negative after it.
    pub fn days_before(self) -> i64 {
        match self {
            Self::Before60 => 60,
            Self::Before30 => 30,
            Self::Before14 => 14,
            Self::Before7 => 7,
            Self::Before3 => 3,
            Self::Before1 => 1,
            Self::LastDay => 0,
            Self::After1 => -1,
            Self::After7 => -7,
        }
    }

    /// The word in the records: `60` … `0`, `+1`, `+7`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before60 => "60",
            Self::Before30 => "30",
            Self::Before14 => "14",
            Self::Before7 => "7",
            Self::Before3 => "3",
            Self::Before1 => "1",
            Self::LastDay => "0",
            Self::After1 => "+1",
            Self::After7 => "+7",
        }
    }

    /// The notice that [`Self::as_str`] names, if any.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == word)
    }

    /// Who is told: the clinic always, the vendor from 14 days, the operator from 3.
    pub fn audiences(self) -> &'static [Audience] {
        match self.days_before() {
            ..=3 => &[Audience::Clinic, Audience::Vendor, Audience::Operator],
            4..=14 => &[Audience::Clinic, Audience::Vendor],
            _ => &[Audience::Clinic],
        }
    }

    /// First instant at which it is due. Saturates at the ends of jiff's range.
    pub fn due_from(self, not_after: Timestamp) -> Timestamp {
        morning(not_after, self.days_before())
    }
}

/// The notice that is due at `now`, if one is: the latest whose day has come.
pub fn due(certificate: &NoticeStanding, now: Timestamp) -> Option<Notice> {
    if certificate.state != CertificateState::InUse || renews_itself(certificate, now) {
        return None;
    }
    if now >= morning(certificate.not_after, -LAST_DAYS_AFTER) {
        return None;
    }
    Notice::ALL.into_iter().rev().find(|notice| notice.due_from(certificate.not_after) <= now)
}

/// The span of ends whose certificates may have a notice due at `now`, for the records'
/// query: from the earliest to the latest, both inclusive.
pub fn ends_of_interest(now: Timestamp) -> (Timestamp, Timestamp) {
    // A day more on both sides, since the query knows no days of Japan.
    let shifted = |days: i64| now.checked_add((24 * days).hours());
    let earliest = shifted(-(LAST_DAYS_AFTER + 1)).unwrap_or(Timestamp::MIN);
    let latest = shifted(Notice::Before60.days_before() + 1).unwrap_or(Timestamp::MAX);
    (earliest, latest)
}

fn renews_itself(certificate: &NoticeStanding, now: Timestamp) -> bool {
    let in_time = now < morning(certificate.not_after, UNATTENDED_PATIENCE_DAYS);
    certificate.renewing == Renewing::Unattended { failed: false } && in_time
}

/// The time of day for notices, `days_before` the day of the end, in Japan.
fn morning(not_after: Timestamp, days_before: i64) -> Timestamp {
    let last_day = calendar::jst_date(not_after);
    // Beyond jiff's range on the side on which the end itself lies.
    let saturated = if last_day.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    last_day
        .checked_sub(days_before.days())
        .and_then(|day| day.to_datetime(TIME_OF_DAY).to_zoned(calendar::jst()))
        .map_or(saturated, |morning| morning.timestamp())
}
