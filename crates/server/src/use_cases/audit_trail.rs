//! The audit trail, checked against itself and against its end as kept in the server's
//! directory: whoever cuts off the end of the chain in the database does not reach that.

use super::{Koshin, UseCaseError};
use crate::{
    home::{self, FileError, Home},
    store::{AuditRow, ChainBreak, ChainHead, ChainReport, Linked, Store, StoreError},
};
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};

/// An event gets its place within a second or two. One that is older than this is late: its
/// place was not given when it should have been, or it was put in with an old date.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// A late event that gets its place within this time was only found at a bad moment: the clocks
/// of nodes differ.
const PATIENCE: Duration = Duration::from_secs(3);

/// The end of the chain cannot be kept, or the trail cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds something else.
    #[error("{0} does not hold the end of an audit chain: it was altered")]
    Altered(String),
    /// The chain does not lead through the end that was kept: that one stays.
    #[error(
        "the audit chain does not lead through its end as kept before; koshin-server audit verify says more"
    )]
    Broken,
    /// Anything else.
    #[error(transparent)]
    UseCase(#[from] UseCaseError),
}

/// An event with the hash that it follows.
#[derive(Debug, Clone)]
pub struct ExportedEvent {
    /// The event.
    pub event: AuditRow,
    /// Hex; none for an event that is in no chain, or when the one before is gone.
    pub previous_hash: Option<String>,
}

/// What a check of the whole trail found, and when.
#[derive(Debug, Clone)]
pub struct TrailCheck {
    /// When.
    pub at: Timestamp,
    /// How many events there are, or what is wrong.
    pub found: Result<i64, TrailFault>,
}

/// What is wrong with the trail.
#[derive(Debug, Clone)]
pub enum TrailFault {
    /// The chain does not hold.
    Chain(ChainBreak),
    /// What was kept of its end in the server's directory was altered.
    Head,
}

impl Koshin {
    /// Gives the events of the last moments their places in the chain.
    ///
    /// # Errors
    /// When the store is out of reach: the next call does it.
    pub async fn link_trail(&self, now: Timestamp) -> Result<(), UseCaseError> {
        let Linked { events, oldest } = self.store.link_events().await?;
        if let Some(oldest) = oldest.filter(|oldest| now.duration_since(*oldest) > LATE) {
            tracing::warn!(events, %oldest, "events of the audit trail got their places late");
        }
        Ok(())
    }

    /// Checks the whole trail and remembers what was found, for 操作履歴.
    ///
    /// # Errors
    /// When the store or the file is out of reach: what was found before stays.
    pub async fn check_trail(&self, home: &Home, now: Timestamp) -> Result<Arc<TrailCheck>, TrailError> {
        let found = match verify_trail(&self.store, home, now).await {
            Ok(report) => {
                if let Some(ChainBreak::Unchained { id, .. }) = report.broken {
                    // It has been told: now it is linked, too, late as it is.
                    self.store.link_again_from(id).await.map_err(UseCaseError::from)?;
                }
                report.broken.map_or(Ok(report.head.position), |broken| Err(TrailFault::Chain(broken)))
            }
            Err(TrailError::Altered(_)) => Err(TrailFault::Head),
            Err(error) => return Err(error),
        };
        let check = Arc::new(TrailCheck { at: now, found });
        self.trail_check.store(Some(Arc::clone(&check)));
        Ok(check)
    }

    /// What the last check found; none since the server was started, at first.
    pub fn last_trail_check(&self) -> Option<Arc<TrailCheck>> {
        self.trail_check.load_full()
    }

    /// Keeps the end of the chain in the server's directory, if the chain leads through
    /// what was kept before. Events that are younger than this can still be cut off
    /// unseen, so it is called often.
    ///
    /// # Errors
    /// [`TrailError::Broken`]; what was kept stays.
    pub async fn keep_chain_head(&self, home: &Home, now: Timestamp) -> Result<(), TrailError> {
        self.link_trail(now).await?;
        let kept = kept_head(home)?;
        let head = self.store.chain_head().await.map_err(UseCaseError::from)?;
        if kept.as_ref() == Some(&head) {
            return Ok(());
        }
        if let Some(kept) = kept {
            let leads = self.store.chain_leads_through(kept).await.map_err(UseCaseError::from)?;
            if !leads {
                return Err(TrailError::Broken);
            }
        }
        let text = serde_json::to_vec(&head).map_err(|error| UseCaseError::Defect(error.to_string()))?;
        let path = home.audit_head();
        let written = tokio::task::spawn_blocking(move || home::write_private(&path, &text)).await;
        Ok(written.map_err(|error| UseCaseError::Defect(error.to_string()))??)
    }
}

/// Checks the whole trail. It only reads, and so waits for no lock: nothing is said of events of the last moments that
/// have no place yet, and one that should have had its place long ago is a break. None gets its place here: a check
/// must not hide what it found.
///
/// # Errors
/// When the store or the file is out of reach.
pub async fn verify_trail(store: &Store, home: &Home, now: Timestamp) -> Result<ChainReport, TrailError> {
    let kept = kept_head(home)?;
    let late = late_event(store, now).await.map_err(UseCaseError::from)?;
    let report = store.verify_chain(kept).await.map_err(UseCaseError::from)?;
    Ok(ChainReport { broken: report.broken.or(late), ..report })
}

async fn late_event(store: &Store, now: Timestamp) -> Result<Option<ChainBreak>, StoreError> {
    let then = now - LATE;
    let late = store.without_place(then).await?;
    if late.is_none() {
        return Ok(None);
    }
    tokio::time::sleep(PATIENCE).await;
    let still = store.without_place(then).await?;
    Ok(late.filter(|late| still.as_ref() == Some(late)))
}

fn kept_head(home: &Home) -> Result<Option<ChainHead>, TrailError> {
    let path = home.audit_head();
    match home::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|_| TrailError::Altered(path.display().to_string())),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
