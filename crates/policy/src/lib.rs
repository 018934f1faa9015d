//! What may be renewed, when, and for how long.
//!
//! Pure: no clock, no files, no randomness. Every question takes `now` as an
//! argument, so that the tables in `tests/` are the whole truth about the rules.
//!
//! - [`kind`]: which common names are renewable at all.
//! - [`decision`]: may this certificate be renewed now? The server's question.
//! - [`window`]: does this certificate near its end? The client's question.
//! - [`validity`]: from when to when a new certificate is valid.
//! - [`event`]: what is told at once when it happens.
//! - [`notice`]: who is told, and when, that a certificate nears its end.
//! - [`quota`]: how often a terminal may renew in vain.
//! - [`recovery`]: recovery codes, how they are written and how long they are good.
//! - [`suggestion`]: the best moment to renew, spread over terminals (RFC 9773).
//! - [`state`]: the life of a certificate, and which steps of it are lawful.

pub mod calendar;
pub mod decision;
pub mod event;
pub mod kind;
pub mod notice;
pub mod quota;
pub mod recovery;
pub mod state;
pub mod suggestion;
pub mod validity;
pub mod window;

pub use decision::{
    CertificateStanding, Decision, Refusal, RenewalRules, TenantStanding, decide, hand_over_refusal,
};
pub use kind::{Kind, KindRules, PatternError};
pub use recovery::{MistypedCode, RecoveryCode};
pub use state::CertificateState;
pub use suggestion::{PreferredHours, suggest};
pub use validity::{Validity, ValidityRules, validity};
pub use window::{ClientWindow, WindowSettingError};
