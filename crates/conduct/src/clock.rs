//! The PC's clock beside the server's, which every answer brings along in its `Date` header over verified TLS.

use jiff::{SignedDuration, Timestamp};

/// A difference up to this is none: clocks drift, and answers take a while.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// Whether the PC's clock, which says `local`, is wrong when the server's says `server`.
pub fn is_wrong(server: Timestamp, local: Timestamp) -> bool {
    server.duration_since(local).abs() > TOLERANCE
}
