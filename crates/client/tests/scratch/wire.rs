//! A scripted server, and a door to it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "shared by several test programs"
)]

use super::scratch::{at, credential};
use jiff::{SignedDuration, Timestamp};
use koshin::{
    applications::Credential,
    doors::{Caller, Door, Trust},
    environment::Language,
};
use koshin_testkit::{
    TestCa,
    bad_server::{BadServer, Reply, Request},
};

/// The present, by the machine's clock: the TLS library looks at it too.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A CA that issued the server's certificate and ours.
pub struct World {
    pub ca: TestCa,
    pub old: Credential,
    pub new: Credential,
}

impl World {
    pub fn new() -> Self {
        let ca = TestCa::new("Wire CA");
        // Half a day more, so that the number of days does not change during a test.
        let old = credential(&ca, "client001", now() + SignedDuration::from_hours(24 * 30 + 12));
        let new = credential(&ca, "client001", at("2040-01-01T00:00:00Z"));
        Self { ca, old, new }
    }

    pub fn serve<F>(&self, script: F) -> BadServer
    where
        F: Fn(&Request) -> Reply + Send + Sync + 'static,
    {
        BadServer::start(&self.ca, &[self.ca.certificate().clone()], script)
    }

    pub fn trust(&self) -> Trust {
        Trust { anchors_der: vec![self.ca.certificate().to_vec()], system_roots: false }
    }

    /// A door with the old certificate.
    pub fn door(&self, server: &BadServer) -> Door {
        self.door_with(server, &self.old)
    }

    pub fn door_with(&self, server: &BadServer, credential: &Credential) -> Door {
        let caller = Caller {
            clock: now,
            correction: koshin_conduct::clock::Correction::default(),
            language: Language::Japanese,
        };
        Door::new(&server.url(), &self.trust(), credential, caller).unwrap()
    }
}
