//! How often a terminal may renew without ever using what it is given, and when an overloaded server wants callers back.

use jiff::{SignedDuration, Timestamp};

/// Unused renewals are counted over so long.
pub const SPAN: SignedDuration = SignedDuration::from_hours(24);
/// Unused renewals of one terminal within [`SPAN`], unless the service says otherwise.
pub const DEFAULT_UNUSED_PER_DAY: u64 = 200;
/// Who has used up its renewals is told to come back after so many seconds.
pub const RETRY_AFTER: u32 = 3600;
/// Whom an overloaded server sends away is told to come back after so many seconds.
pub const OVERLOADED_RETRY_AFTER: u32 = 30;

/// The beginning of the span that is counted at `now`.
pub fn since(now: Timestamp) -> Timestamp {
    now.checked_sub(SPAN).unwrap_or(Timestamp::MIN)
}

/// Whether a terminal with so many unused renewals gets no more: one that cannot keep what it is given must not be given
/// more for ever.
pub fn is_used_up(unused: u64, per_day: u64) -> bool {
    unused >= per_day
}
