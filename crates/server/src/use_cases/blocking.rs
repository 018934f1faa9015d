//! Work that takes a processor for long: keys, signatures, PKCS#12. It runs off the
//! async threads, as many at a time as there are processors, and no more than a bound
//! may wait: beyond it the caller is told to come back, before anything is signed.

use super::{Denial, UseCaseError};
use koshin_protocol::problem::ProblemCode;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio::{sync::Semaphore, task};

/// Seconds after which an overloaded server hopes to be less so.
const RETRY_AFTER: u32 = 30;

#[derive(Clone)]
pub(super) struct Blocking {
    processors: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    max_waiting: usize,
}

/// Counts one waiting caller for as long as it lives.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Blocking {
    pub(super) fn new(max_waiting: usize) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self { processors: Arc::new(Semaphore::new(processors)), waiting: Arc::default(), max_waiting }
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
        let permit = {
            let _waiting = self.join_queue()?;
            Arc::clone(&self.processors)
                .acquire_owned()
                .await
                .map_err(|error| UseCaseError::Defect(error.to_string()))?
        };
        let done = task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        Ok(done.await.map_err(|error| UseCaseError::Defect(error.to_string()))??)
    }

    fn join_queue(&self) -> Result<Waiting, Denial> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(Arc::clone(&self.waiting));
        if before >= self.max_waiting {
            return Err(Denial::retry(ProblemCode::Overloaded, RETRY_AFTER));
        }
        Ok(waiting)
    }
}
