//! Whether somebody is to be asked before the application starts, by the rules of [`koshin_conduct::launcher`] and what
//! the launcher remembers.

use super::memory::Memory;
use jiff::Timestamp;
use koshin_conduct::launcher::{self, Said};

pub use koshin_conduct::launcher::{Action, Seen};

/// Decides about one certificate.
pub fn decide(seen: &Seen, memory: &Memory, now: Timestamp) -> Action {
    let key = seen.key();
    launcher::decide(seen, Said { declined: memory.not_today(key), told: memory.told(key) }, now)
}
