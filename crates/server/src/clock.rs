//! The one place where the server asks the machine for the time.

use jiff::Timestamp;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the program's clock: everything else takes `now` as an argument"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
