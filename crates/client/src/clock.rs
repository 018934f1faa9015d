//! The one place that asks the machine for the time; everything else takes `now`.

use jiff::Timestamp;

/// The machine's idea of the present. May be wrong: the server's `Date` header is compared with it.
#[expect(clippy::disallowed_methods, reason = "this is the program's clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
