//! What this node says of itself, to those who look after it.

use super::{Koshin, UseCaseError};
use crate::{
    metrics::Metrics,
    store::{Census, StoreError, WaitingNotices},
};
use jiff::Timestamp;

impl Koshin {
    /// What is counted here.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How many renewals are worked on or wait for a processor, and how many may be.
    pub fn renewals_admitted(&self) -> (usize, usize) {
        self.blocking.admitted()
    }

    /// Whether the records answer.
    ///
    /// # Errors
    /// When they do not.
    pub async fn records_answer(&self) -> Result<(), StoreError> {
        self.store.answers().await
    }

    /// What waits to be sent; a channel where nothing does is left out.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn waiting_notices(&self) -> Result<Vec<WaitingNotices>, UseCaseError> {
        Ok(self.store.waiting_notices().await?)
    }

    /// The terminals of all tenants, counted.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn census(&self, now: Timestamp) -> Result<Census, UseCaseError> {
        Ok(self.store.census(now).await?)
    }
}
