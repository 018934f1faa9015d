//! What the server does unasked, and when it last went well.

use super::{label::label, reading::Reading, table::ByLabel};
use crate::clock;
use jiff::Timestamp;
use prometheus_client::{metrics::counter::Counter, registry::Registry};

label! {
    /// A job. Prometheus itself calls what it scrapes a job.
    Job: "task" {
        /// Erases bundles that nobody fetched.
        EraseOutlived = "erase-outlived",
        /// Makes stops final when they cannot be undone any more.
        FinishStops = "finish-stops",
        /// Forgets sessions, links and attempts that are over.
        ForgetOutlived = "forget-outlived",
        /// Gives the events of the audit trail their places.
        LinkTrail = "link-trail",
        /// Keeps the end of the audit trail outside the database.
        KeepTrail = "keep-trail",
        /// Checks the whole audit trail.
        CheckTrail = "check-trail",
        /// Renews the server's own certificates.
        OwnCertificates = "own-certificates",
        /// Reads the policies that operators made on the site.
        FollowPolicies = "follow-policies",
        /// Puts terminals that were made or named anew into the index of names.
        IndexNames = "index-names",
        /// Carries out mass revocations.
        MassRevocations = "mass-revocations",
        /// Plans notices.
        PlanNotices = "plan-notices",
        /// Sends notices.
        SendNotices = "send-notices",
        /// Reads what is shown here of the records.
        ReadRecords = "read-records",
    }
}

label! {
    /// How a round of a job ended.
    JobOutcome: "outcome" {
        /// It did what there was to do, which may be nothing.
        Done = "done",
        /// It could not; it is tried again at the next round.
        Failed = "failed",
    }
}

/// What the jobs tell. Clones share the numbers.
#[derive(Debug, Clone, Default)]
pub struct JobMetrics {
    rounds: ByLabel<(Job, JobOutcome), Counter>,
    last_success: ByLabel<Job, Reading>,
}

impl JobMetrics {
    /// A round ended so.
    pub fn ended<T, E>(&self, job: Job, outcome: Result<T, E>) -> Result<T, E> {
        if outcome.is_ok() {
            self.rounds.of((job, JobOutcome::Done)).inc();
            self.last_success.of(job).set(seconds(clock::now()));
        } else {
            self.rounds.of((job, JobOutcome::Failed)).inc();
        }
        outcome
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("job_rounds", "Rounds of jobs, by how they ended", self.rounds.clone());
        registry.register(
            "job_last_success_timestamp_seconds",
            "When a job last went well on this node",
            self.last_success.clone(),
        );
    }
}

/// A moment as Prometheus writes it: seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "exact for 285 million years")]
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}
