//! Waiting, within bounds, for a file that another program has open.
//!
//! On Windows an application, a virus scanner or the search index may hold a file for a moment, and then it can be
//! neither replaced nor removed.

use std::{io, time::Duration};

/// The first wait; each is twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// How many waits: 2.55 seconds in all, which a person at the screen does not take for a hang.
const WAITS: u32 = 8;

/// `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION`: somebody else has the file open and does not share it.
const NOT_SHARED: [i32; 2] = [32, 33];
/// `ERROR_ACCESS_DENIED`, `ERROR_USER_MAPPED_FILE`: what Windows also says when a file that somebody has open is to be
/// replaced or removed. The first may as well mean that the rights are missing; then the wait is in vain.
const NOT_REPLACEABLE: [i32; 2] = [5, 1224];

/// Whether Windows says that somebody else has the file open, so that it cannot be opened now.
pub(super) fn is_not_shared(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| NOT_SHARED.contains(&code))
}

/// Whether Windows says that somebody else has the file open, so that it can be neither replaced nor removed now.
pub(super) fn is_held_open(error: &io::Error) -> bool {
    is_not_shared(error) || error.raw_os_error().is_some_and(|code| NOT_REPLACEABLE.contains(&code))
}

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
#[allow(clippy::unwrap_used, clippy::disallowed_methods)]
mod tests {
    use super::*;
    use std::{
        cell::{Cell, RefCell},
        fs,
        path::Path,
    };

    const SHARING_VIOLATION: i32 = 32;
    const ACCESS_DENIED: i32 = 5;
    const DISK_FULL: i32 = 112;

    /// A file that another program holds open for the first `refusals` attempts to replace it, as Windows tells it.
    struct Held {
        refusals: u32,
        code: i32,
        attempts: Cell<u32>,
        waits: RefCell<Vec<u128>>,
    }

    impl Held {
        fn new(refusals: u32, code: i32) -> Self {
            Self { refusals, code, attempts: Cell::new(0), waits: RefCell::default() }
        }

        /// Replaces `old` by `new` with patience; `meanwhile` looks at the disk while another attempt is waited for.
        fn replace(&self, new: &Path, old: &Path, meanwhile: impl Fn()) -> io::Result<()> {
            let rename = || {
                self.attempts.set(self.attempts.get() + 1);
                if self.attempts.get() <= self.refusals {
                    return Err(io::Error::from_raw_os_error(self.code));
                }
                fs::rename(new, old)
            };
            let wait = |wait: Duration| {
                self.waits.borrow_mut().push(wait.as_millis());
                meanwhile();
            };
            with_waits(is_held_open, rename, wait)
        }
    }

    /// Replaces a file. Answers how that ended, the waits in milliseconds, and the bytes that are there afterwards;
    /// at every wait the old file must be whole.
    fn replace(held: &Held) -> (io::Result<()>, Vec<u128>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["settings", ".settings.new"].map(|name| folder.path().join(name));
        fs::write(&old, b"old").unwrap();
        fs::write(&new, b"new").unwrap();
        let done = held.replace(&new, &old, || assert_eq!(fs::read(&old).unwrap(), b"old"));
        (done, held.waits.take(), fs::read(&old).unwrap())
    }

    #[test]
    fn a_file_that_is_let_go_in_time_is_replaced() {
        for code in [SHARING_VIOLATION, ACCESS_DENIED] {
            let (done, waits, bytes) = replace(&Held::new(3, code));
            assert!(done.is_ok(), "{done:?}");
            assert_eq!(waits, [10, 20, 40]);
            assert_eq!(bytes, b"new");
        }
    }

    #[test]
    fn a_file_that_is_let_go_at_the_last_attempt_is_replaced() {
        let held = Held::new(WAITS, SHARING_VIOLATION);
        let (done, waits, bytes) = replace(&held);
        assert!(done.is_ok(), "{done:?}");
        assert_eq!((held.attempts.get(), waits.iter().sum::<u128>()), (9, 2550));
        assert_eq!(bytes, b"new");
    }

    #[test]
    fn a_file_that_is_never_let_go_is_given_up_and_stays_as_it_was() {
        let held = Held::new(u32::MAX, SHARING_VIOLATION);
        let (done, waits, bytes) = replace(&held);
        assert_eq!(done.unwrap_err().raw_os_error(), Some(SHARING_VIOLATION));
        assert_eq!((held.attempts.get(), waits.iter().sum::<u128>()), (9, 2550));
        assert_eq!(bytes, b"old");
    }

    #[test]
    fn other_errors_are_not_waited_for() {
        let held = Held::new(1, DISK_FULL);
        let (done, waits, bytes) = replace(&held);
        assert_eq!(done.unwrap_err().raw_os_error(), Some(DISK_FULL));
        assert!(waits.is_empty(), "{waits:?}");
        assert_eq!(bytes, b"old");
    }

    #[test]
    fn a_file_that_is_only_read_is_not_waited_for_when_the_rights_are_missing() {
        let [held, denied, other] =
            [SHARING_VIOLATION, ACCESS_DENIED, DISK_FULL].map(io::Error::from_raw_os_error);
        assert!(is_not_shared(&held) && !is_not_shared(&denied) && !is_not_shared(&other));
        assert!(is_held_open(&held) && is_held_open(&denied) && !is_held_open(&other));
        assert!(!is_held_open(&io::Error::other("no code of the system")));
    }
}
