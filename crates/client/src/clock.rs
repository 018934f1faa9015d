//! The one place that asks the machine for the time; everything else takes `now`.

use jiff::Timestamp;
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The machine's idea of the present. May be wrong: the server's `Date` header is compared with it.
#[expect(clippy::disallowed_methods, reason = "this is the program's clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// How long it has been since this was asked for the first time, by a clock that nobody sets.
#[expect(clippy::disallowed_methods, reason = "this is the program's clock")]
pub fn elapsed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
