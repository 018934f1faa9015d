//! Waiting, within bounds, for a file that another program has open.
//!
//! On Windows an application, a virus scanner or the search index may hold a file for a moment, and then it can be
//! neither replaced nor removed.

use std::{io, time::Duration};

/// The first wait; each is twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// How many waits: 2.55 seconds in all, which a person at the screen does not take for a hang.
const WAITS: u32 = 8;

/// Repeats `operation` as long as `is_held` says that somebody else has the file, and not for ever.
///
/// # Errors
/// What the operation said last.
#[cfg(windows)]
pub(super) fn patiently<T>(
    is_held: impl Fn(&io::Error) -> bool,
    operation: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    with_waits(is_held, operation, std::thread::sleep)
}

fn with_waits<T>(
    is_held: impl Fn(&io::Error) -> bool,
    mut operation: impl FnMut() -> io::Result<T>,
    mut wait: impl FnMut(Duration),
) -> io::Result<T> {
    for round in 0..WAITS {
        match operation() {
            Err(error) if is_held(&error) => wait(FIRST_WAIT * 2_u32.pow(round)),
            done => return done,
        }
    }
    operation()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::ResourceBusy
    }

    /// How often it was tried, how long was waited, and how it ended, when the first `failures` attempts fail.
    fn try_it(failures: u32, kind: io::ErrorKind) -> (u32, Duration, io::Result<()>) {
        let (mut attempts, mut waited) = (0, Duration::ZERO);
        let operation = || {
            attempts += 1;
            if attempts <= failures { Err(kind.into()) } else { Ok(()) }
        };
        let done = with_waits(held, operation, |wait| waited += wait);
        (attempts, waited, done)
    }

    #[test]
    fn what_is_let_go_in_time_succeeds() {
        let (attempts, waited, done) = try_it(3, io::ErrorKind::ResourceBusy);
        assert!(done.is_ok());
        assert_eq!((attempts, waited), (4, Duration::from_millis(10 + 20 + 40)));
    }

    #[test]
    fn what_is_never_let_go_is_given_up() {
        let (attempts, waited, done) = try_it(u32::MAX, io::ErrorKind::ResourceBusy);
        assert!(done.is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy));
        assert_eq!((attempts, waited), (9, Duration::from_millis(2550)));
    }

    #[test]
    fn other_errors_are_not_waited_for() {
        let (attempts, waited, done) = try_it(1, io::ErrorKind::StorageFull);
        assert!(done.is_err());
        assert_eq!((attempts, waited), (1, Duration::ZERO));
    }
}
