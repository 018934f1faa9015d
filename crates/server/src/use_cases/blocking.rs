//! Work that takes a processor for long: keys, signatures, PKCS#12. It runs off the
//! async threads, as many at a time as there are processors, and no more than a bound
//! may wait: beyond it the caller is told to come back, before anything is signed.

use super::{Denial, UseCaseError};
use koshin_policy::quota::OVERLOADED_RETRY_AFTER as RETRY_AFTER;
use koshin_protocol::problem::ProblemCode;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio::{sync::Semaphore, task};

#[derive(Clone)]
pub(super) struct Blocking {
    processors: Arc<Semaphore>,
    admitted: Arc<AtomicUsize>,
    max_admitted: usize,
}

/// A place among the renewals that are worked on or wait; given back when dropped. Taken
/// before anything is recorded, so that overload changes nothing.
pub(super) struct Admission(Arc<AtomicUsize>);

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Blocking {
    pub(super) fn new(max_waiting: usize) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            processors: Arc::new(Semaphore::new(processors)),
            admitted: Arc::default(),
            max_admitted: max_waiting.saturating_add(processors),
        }
    }

    /// How many are admitted, and how many may be.
    pub(super) fn admitted(&self) -> (usize, usize) {
        (self.admitted.load(Ordering::Relaxed), self.max_admitted)
    }

    /// A place for one renewal.
    pub(super) fn admit(&self) -> Result<Admission, Denial> {
        let before = self.admitted.fetch_add(1, Ordering::Relaxed);
        let admission = Admission(Arc::clone(&self.admitted));
        if before >= self.max_admitted {
            return Err(Denial::retry(ProblemCode::Overloaded, RETRY_AFTER));
        }
        Ok(admission)
    }

    /// Runs `work` on a thread of its own when a processor is free.
    pub(super) async fn run<T, E>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, UseCaseError>
    where
        T: Send + 'static,
        E: Send + 'static,
        UseCaseError: From<E>,
    {
        let defect = |error: &dyn std::fmt::Display| UseCaseError::Defect(error.to_string());
        let permit = Arc::clone(&self.processors).acquire_owned().await.map_err(|error| defect(&error))?;
        let done = task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        Ok(done.await.map_err(|error| defect(&error))??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_the_bound_callers_are_sent_away_and_told_when_to_return() {
        let blocking = Blocking::new(0);
        let processors = blocking.max_admitted;
        let inside: Vec<_> = (0..processors).map(|_| blocking.admit()).collect();
        assert!(inside.iter().all(Result::is_ok));
        let refused = blocking.admit().err().expect("one too many");
        assert_eq!((refused.code, refused.retry_after), (ProblemCode::Overloaded, Some(RETRY_AFTER)));
        drop(inside);
        assert!(blocking.admit().is_ok(), "places are given back");
    }
}
