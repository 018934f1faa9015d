//! Notices: planned now and then by one node, sent by all as they wait.

use super::{Duties, every};
use crate::{
    clock,
    metrics::{Job, JobMetrics},
    notices::Setback,
    store::{Channel, DeliveryState, Duty, StoreError},
    use_cases::{Notices, notices::Step},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Interval, timeout},
};

/// Between two looks at what is due. Notices have days, not minutes.
const PLAN: Duration = Duration::from_secs(600);
/// Between two looks at what waits.
const DELIVER: Duration = Duration::from_secs(30);

/// The running job.
pub struct Notifier {
    stop: watch::Sender<()>,
    job: JoinHandle<()>,
}

impl Notifier {
    /// Begins to plan and send. A round that fails is logged and tried again at the next.
    pub fn start(notices: Notices, duties: Arc<Duties>, jobs: JobMetrics) -> Self {
        let (stop, stopped) = watch::channel(());
        Self { stop, job: tokio::spawn(send_notices(notices, duties, jobs, stopped)) }
    }

    /// Ends between two deliveries, if that comes within `limit`: one that were cut off would
    /// be sent twice.
    pub async fn end(self, limit: Duration) {
        drop(self.stop);
        drop(timeout(limit, self.job).await);
    }
}

async fn send_notices(notices: Notices, duties: Arc<Duties>, jobs: JobMetrics, stop: watch::Receiver<()>) {
    tokio::join!(
        plan(&notices, &duties, &jobs, stop.clone()),
        deliver(&notices, &jobs, Channel::Mail, stop.clone()),
        // A receiver that does not answer holds up one of them, and once: then all that waits
        // for it is put off.
        deliver(&notices, &jobs, Channel::Webhook, stop.clone()),
        deliver(&notices, &jobs, Channel::Webhook, stop.clone()),
        deliver(&notices, &jobs, Channel::Webhook, stop.clone()),
        deliver(&notices, &jobs, Channel::Webhook, stop),
    );
}

async fn plan(notices: &Notices, duties: &Duties, jobs: &JobMetrics, mut stop: watch::Receiver<()>) {
    let mut ticks = every(PLAN);
    loop {
        tokio::select! {
            () = next(&mut ticks, duties) => {}
            _ = stop.changed() => return,
        }
        match jobs.ended(Job::PlanNotices, notices.plan(clock::now()).await) {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(count, "notices are due");
                notices.wake();
            }
            Err(error) => tracing::warn!(%error, "notices were not planned"),
        }
    }
}

/// The next look that is this node's to make.
async fn next(ticks: &mut Interval, duties: &Duties) {
    ticks.tick().await;
    duties.turn(Duty::Notices).await;
}

/// One channel does not wait for the other: a slow receiver of webhooks delays no mail.
async fn deliver(notices: &Notices, jobs: &JobMetrics, channel: Channel, mut stop: watch::Receiver<()>) {
    let mut ticks = every(DELIVER);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = notices.woken(channel) => {}
            _ = stop.changed() => return,
        }
        let sent = deliver_round(notices, channel, &stop).await;
        if let Err(error) = jobs.ended(Job::SendNotices, sent) {
            tracing::warn!(%error, channel = channel.as_str(), "the outbox could not be read or written");
        }
    }
}

/// Sends what waits, until nothing does, the channel is down or it is time to stop.
async fn deliver_round(
    notices: &Notices,
    channel: Channel,
    stop: &watch::Receiver<()>,
) -> Result<(), StoreError> {
    let name = channel.as_str();
    while !stop.has_changed().unwrap_or(true) {
        match notices.deliver_one(channel, clock::now()).await? {
            Step::Idle => return Ok(()),
            Step::Ended(state @ (DeliveryState::Bounced | DeliveryState::Failed)) => {
                let state = state.as_str();
                tracing::warn!(channel = name, state, "a notice was not sent: koshin-server notices list");
            }
            Step::Ended(_) | Step::Again(Setback::Later | Setback::Refused) => {}
            Step::Again(Setback::ChannelDown) => {
                tracing::warn!(channel = name, "notices cannot be sent: koshin-server notices list");
                return Ok(());
            }
            Step::LeaseLost => {
                tracing::warn!(
                    channel = name,
                    "a notice took too long: another node may have sent it as well"
                );
            }
        }
    }
    Ok(())
}
