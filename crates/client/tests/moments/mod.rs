//! Instants and spans as tests write them.

#![allow(unreachable_pub, clippy::unwrap_used, reason = "shared by several test programs")]

use jiff::{SignedDuration, Timestamp};

/// An instant written as in RFC 3339.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// So many hours.
pub fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

/// So many times 24 hours.
pub fn days(count: i64) -> SignedDuration {
    hours(24 * count)
}
