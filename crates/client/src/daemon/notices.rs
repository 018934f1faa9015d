//! Which notices reach the desktop, by the rules of [`koshin_conduct::notices`] and what the diary says.

use super::diary::Record;
use jiff::Timestamp;
use koshin_conduct::notices;

pub use koshin_conduct::notices::Occasion;

/// Whether to tell it now, given what the record of the certificate says.
pub fn tells(occasion: Occasion, record: &Record, urgent: bool, now: Timestamp) -> bool {
    let told = record.told.get(occasion.as_str()).copied();
    notices::tells(occasion, &record.attempts, told, urgent, now)
}
