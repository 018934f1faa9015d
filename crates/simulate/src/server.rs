//! The server: the real policy, and a machine that can do only so much at a time.

use crate::{
    calendar::At,
    world::{World, instant},
};
use jiff::Timestamp;
use koshin_policy::{
    CertificateStanding, CertificateState, Decision, KindRules, PreferredHours, RenewalRules, TenantStanding,
    ValidityRules, decide, decision::window_opens, quota, suggest, validity,
};

/// A certificate, as far as time matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Counts up with every certificate of the terminal.
    pub(crate) serial: u32,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

/// What the server knows of one terminal.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Records {
    /// The certificate that waits for its first use.
    pub(crate) pending: Option<Certificate>,
    /// Certificates that were superseded before any use, and since when they are counted.
    unused: u64,
    counted_since: At,
    /// The last one's number.
    serial: u32,
}

/// Why a request was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// 503, 429: come back after so many seconds.
    Later(u64),
    /// The policy says no, or not yet.
    Refused,
    /// The issuing CA ends too soon: an error of the server's.
    CannotIssue,
}

/// What `GET /api/cert` says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status {
    pub(crate) renewable: bool,
    pub(crate) opens_at: Timestamp,
    pub(crate) suggested_at: Option<Timestamp>,
}

/// Requests by the minute.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    start: At,
    /// Renewals granted.
    pub(crate) renewals: Vec<u32>,
    /// Requests for the status.
    pub(crate) asked: u64,
    /// Renewals sent away with 503.
    pub(crate) sent_away: u64,
}

/// The server.
pub(crate) struct Server<'w> {
    world: &'w World,
    rules: RenewalRules,
    validity: ValidityRules,
    /// In thousandths of a second: when all that waits will be done.
    busy_until: At,
    pub(crate) load: Load,
}

impl<'w> Server<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        let start = world.calendar.start();
        let minutes = usize::try_from((world.end - start) / 60 + 1).unwrap_or(0);
        Self {
            world,
            rules: RenewalRules {
                max_remaining_days: RenewalRules::DEFAULT_MAX_REMAINING_DAYS,
                kinds: KindRules::default(),
            },
            validity: ValidityRules::default(),
            busy_until: 0,
            load: Load { start, renewals: vec![0; minutes], asked: 0, sent_away: 0 },
        }
    }

    /// A first certificate, or one that a person carries: no window holds.
    pub(crate) fn hand_over(&self, records: &mut Records, at: At) -> Option<Certificate> {
        let validity = validity(&self.validity, None, self.world.issuer_end(at), instant(at)).ok()?;
        records.pending = None;
        Some(records.next(validity.not_before, validity.not_after))
    }

    /// `GET /api/cert`. The suggestion is left out while nobody may renew: no client uses it then.
    pub(crate) fn status(&mut self, certificate: &Certificate, terminal: u64, at: At) -> Status {
        self.load.asked += 1;
        let opens_at = window_opens(certificate.not_after, &self.rules);
        let renewable = self.decide(certificate, at) == Decision::Allow;
        let suggestion =
            || suggest(opens_at, certificate.not_after, PreferredHours::WHOLE_DAY.or_usual(), terminal);
        Status { renewable, opens_at, suggested_at: renewable.then(suggestion) }
    }

    /// A renewal, by whichever door.
    pub(crate) fn renew(
        &mut self,
        certificate: &Certificate,
        records: &mut Records,
        at: At,
    ) -> Result<Certificate, Denial> {
        self.admit(at)?;
        if self.decide(certificate, at) != Decision::Allow {
            return Err(Denial::Refused);
        }
        let unused = records.unused_since(quota::since(instant(at)).as_second(), at);
        if quota::is_used_up(unused, quota::DEFAULT_UNUSED_PER_DAY) {
            return Err(Denial::Later(u64::from(quota::RETRY_AFTER)));
        }
        let issuer_end = self.world.issuer_end(at);
        let validity = validity(&self.validity, Some(certificate.not_after), issuer_end, instant(at))
            .map_err(|_| Denial::CannotIssue)?;
        if records.pending.is_some() {
            records.unused += 1;
        }
        let new = records.next(validity.not_before, validity.not_after);
        records.pending = Some(new);
        self.load.count(at);
        Ok(new)
    }

    /// The first use of `certificate` ends the one before.
    pub(crate) fn used(&self, certificate: &Certificate, records: &mut Records) {
        if records.pending.is_some_and(|pending| pending.serial == certificate.serial) {
            records.pending = None;
        }
    }

    fn decide(&self, certificate: &Certificate, at: At) -> Decision {
        let standing = CertificateStanding {
            common_name: "client001",
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            state: CertificateState::InUse,
            seen_in_use: true,
        };
        decide(&standing, TenantStanding::Active, &self.rules, instant(at))
    }

    /// A place among those that wait, before anything is signed.
    fn admit(&mut self, at: At) -> Result<(), Denial> {
        let server = &self.world.parameters.server;
        let (now, each) = (at * 1000, 1000 / server.per_second.max(1));
        let waiting = (self.busy_until - now).max(0) / each.max(1);
        if waiting >= server.max_waiting {
            self.load.sent_away += 1;
            return Err(Denial::Later(u64::from(quota::OVERLOADED_RETRY_AFTER)));
        }
        self.busy_until = self.busy_until.max(now) + each;
        Ok(())
    }
}

impl Records {
    fn next(&mut self, not_before: Timestamp, not_after: Timestamp) -> Certificate {
        self.serial += 1;
        Certificate { serial: self.serial, not_before, not_after }
    }

    /// Counted from the first of them on: never fewer than the last day's.
    fn unused_since(&mut self, since: At, now: At) -> u64 {
        if self.counted_since < since {
            (self.unused, self.counted_since) = (0, now);
        }
        self.unused
    }
}

impl Load {
    fn count(&mut self, at: At) {
        let minute = usize::try_from((at - self.start) / 60).unwrap_or(usize::MAX);
        if let Some(count) = self.renewals.get_mut(minute) {
            *count += 1;
        }
    }
}
