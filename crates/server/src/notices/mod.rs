//! Notices on their way out: the words, and the senders for mail and webhooks.
//!
//! [`text`], [`event_text`], [`payload`] and [`calendar`] are pure: facts in, text out. [`mail`] and [`webhook`] send one
//! message and say how it ended; when, to whom and how often is decided in
//! `use_cases::notices`.

pub mod address;
pub mod bounce;
pub mod calendar;
pub mod event_text;
pub mod mail;
pub mod mail_address;
pub mod payload;
pub mod retry;
pub mod text;
pub mod webhook;

/// How one attempt failed, as far as the next one is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setback {
    /// This recipient is refused for good.
    Refused,
    /// This recipient may be reached later.
    Later,
    /// Nobody is reached by this channel at present: others need not be tried.
    ChannelDown,
}
