//! One renewal of a terminal at a time in this process.
//!
//! The records alone keep concurrent renewals apart, on every node; this only spares
//! the work of those that would lose, and lets the first one finish in peace.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Terminals whose renewal is under way here.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<HashSet<i64>>>);

/// The right to renew one terminal; ends when dropped.
pub(super) struct Ticket {
    terminal_id: i64,
    set: InFlight,
}

impl InFlight {
    /// A ticket, unless the terminal's renewal is under way.
    pub(super) fn enter(&self, terminal_id: i64) -> Option<Ticket> {
        let entered = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(terminal_id);
        entered.then(|| Ticket { terminal_id, set: self.clone() })
    }
}

impl Ticket {
    /// Whose renewal it is.
    pub(super) fn terminal_id(&self) -> i64 {
        self.terminal_id
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.set.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.terminal_id);
    }
}

#[cfg(test)]
mod tests {
    use super::InFlight;

    #[test]
    fn one_ticket_a_terminal_until_it_is_given_back() {
        let in_flight = InFlight::default();
        let ticket = in_flight.enter(1);
        assert!(ticket.is_some());
        assert!(in_flight.enter(1).is_none(), "the same terminal waits");
        assert!(in_flight.enter(2).is_some(), "another one does not");
        drop(ticket);
        assert!(in_flight.enter(1).is_some());
    }
}
