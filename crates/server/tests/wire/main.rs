//! The server as its clients see it: real programs, real TLS, a real process.
//!
//! - [`curl`], [`java`]: today's applications are libcurl and Java; these do what they do.
//! - [`bundles`]: who can open the PKCS#12 files.
//! - [`renewal`]: the life of a renewal by the contract, step by step.
//! - [`refusals`]: who is told what, and who gets no further than TLS.
//! - [`est`]: RFC 7030 by OpenSSL and curl.
//! - [`recovery`]: a recovery code in place of a certificate that has expired.
//! - [`concurrency`], [`crash`]: a hundred at once; `kill -9` under load.
//! - [`cluster`]: several nodes on one PostgreSQL, behind a balancer.
//! - [`failover`]: its PostgreSQL changes its primary, or loses its standby.
//! - [`audit`]: what was done to the trail behind the server's back.
//! - [`reading`]: commands that only read, beside whatever a server does.
//! - [`keys`]: a herd at the legacy door, and no key in stock.
//! - [`metrics`]: what Prometheus and balancers are told.
//! - [`limits`], [`operation`]: what a request may take; stop, reload, secrets.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests have a clock and files")]

mod audit;
mod bundles;
mod cluster;
mod concurrency;
mod crash;
mod curl;
mod est;
mod failover;
mod java;
mod keys;
mod limits;
mod metrics;
mod operation;
mod reading;
mod recovery;
mod refusals;
mod renewal;
mod support;
