//! What the records and the CA say of themselves, read now and then.

use super::{
    jobs::seconds,
    label::{Label, encode_pair, known_label, label},
    reading::Reading,
    table::ByLabel,
};
use crate::{
    store::{Census, Channel, TerminalState, WEEKS_AHEAD, WaitingNotices},
    use_cases::audit_trail::TrailCheck,
};
use jiff::Timestamp;
use prometheus_client::{encoding::LabelSetEncoder, registry::Registry};
use std::fmt;

known_label!(TerminalState: "state");
known_label!(Channel: "channel");

/// Weeks from now: 0 is the next seven days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week(usize);

impl Label for Week {
    const COUNT: usize = WEEKS_AHEAD;

    fn index(self) -> usize {
        self.0
    }

    fn at(index: usize) -> Self {
        Self(index)
    }

    fn encode(self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        encode_pair("week", &self.0.to_string(), encoder)
    }
}

label! {
    /// A certificate of this server.
    OwnCertificateKind: "certificate" {
        /// The CA that issues.
        IssuingCa = "issuing-ca",
        /// The root above it.
        RootCa = "root-ca",
        /// Shown to terminals.
        Server = "server",
        /// Shown to browsers.
        Site = "site",
    }
}

/// What was read last. Nothing is shown before it was. Clones share the values.
#[derive(Debug, Clone, Default)]
pub struct RecordMetrics {
    expiring: ByLabel<Week, Reading>,
    terminals: ByLabel<TerminalState, Reading>,
    notices_waiting: ByLabel<Channel, Reading>,
    notices_oldest: ByLabel<Channel, Reading>,
    certificate_ends: ByLabel<OwnCertificateKind, Reading>,
    audit_events: Reading,
    audit_checked: Reading,
    audit_intact: Reading,
}

impl RecordMetrics {
    /// This was counted.
    pub fn set_census(&self, census: &Census) {
        for (week, count) in census.expiring.iter().enumerate() {
            self.expiring.of(Week(week)).set_count(*count);
        }
        for (state, count) in &census.terminals {
            self.terminals.of(*state).set_count(*count);
        }
    }

    /// This waits in the outbox.
    pub fn set_notices(&self, waiting: &[WaitingNotices], now: Timestamp) {
        for channel in Channel::ALL {
            let of = waiting.iter().find(|waiting| waiting.channel == *channel);
            self.notices_waiting.of(*channel).set_count(of.map_or(0, |waiting| waiting.count));
            let age = of.map_or(0.0, |waiting| seconds(now) - seconds(waiting.oldest));
            self.notices_oldest.of(*channel).set(age.max(0.0));
        }
    }

    /// This certificate ends then; not shown, if nobody can say.
    pub fn set_end(&self, kind: OwnCertificateKind, end: Option<Timestamp>) {
        let reading = self.certificate_ends.of(kind);
        end.map_or_else(|| reading.clear(), |end| reading.set(seconds(end)));
    }

    /// This is what the last check of the audit trail found.
    pub fn set_trail(&self, check: &TrailCheck) {
        self.audit_checked.set(seconds(check.at));
        self.audit_intact.set(if check.found.is_ok() { 1.0 } else { 0.0 });
        if let Ok(events) = check.found {
            self.audit_events.set_count(u64::try_from(events).unwrap_or(0));
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "certificates_expiring",
            "Certificates of working terminals that end in the week that begins so many weeks from now",
            self.expiring.clone(),
        );
        registry.register("terminals", "Terminals, by how they stand", self.terminals.clone());
        registry.register("notices_waiting", "Notices that wait to be sent", self.notices_waiting.clone());
        registry.register(
            "notices_oldest_age_seconds",
            "How long the oldest notice that waits has been waiting; 0 when none does",
            self.notices_oldest.clone(),
        );
        registry.register(
            "certificate_not_after_timestamp_seconds",
            "When a certificate of the CA or of this server ends",
            self.certificate_ends.clone(),
        );
        registry.register(
            "audit_events",
            "Events in the audit trail, as its last check counted them",
            self.audit_events.clone(),
        );
        registry.register(
            "audit_checked_timestamp_seconds",
            "When this node last checked the whole audit trail",
            self.audit_checked.clone(),
        );
        registry.register(
            "audit_intact",
            "Whether the audit trail held at its last check: 1, or 0 when somebody has altered it",
            self.audit_intact.clone(),
        );
    }
}
