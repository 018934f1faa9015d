//! The words that server and client both speak.
//!
//! - [`renewal`]: the JSON of `POST` and `GET /api/cert`.
//! - [`problem`]: RFC 9457 problem documents with stable codes.
//! - [`est`]: paths, media types and base64 framing of RFC 7030.

pub mod est;
pub mod problem;
pub mod renewal;

/// `Koshin-Trial: 1` marks a request that only tries whether a certificate is
/// accepted. It is answered like any other but is not its first use: the renewed
/// certificate keeps its rights until the new one is used without this header.
pub const TRIAL_HEADER: &str = "koshin-trial";
