//! RSA keys for the legacy door, made before they are needed.
//!
//! An RSA key takes a processor longer than the rest of a renewal a hundred times over. So a stock of them is made
//! in idle time, by threads of the lowest priority ([`making`]); it lies in memory only, each key is handed out once (it
//! may come back until the records know it),
//! and what is left is wiped when the server stops. Keys on P-256 are made at once and need no stock.
//!
//! Who finds the stock empty waits in one queue, first come first served, for keys that are made at normal priority
//! on as many processors as there are. The queue holds as many as can be served within [`Rules::patience`]; whoever
//! comes on top of them is told when to come back, before anything is recorded or signed ([`stock`]).

mod making;
mod stock;
#[cfg(test)]
mod tests;

use super::{Denial, UseCaseError};
use crate::entropy::{self, KeyGenerationError, NewKey};
use koshin_issuance::{KeyAlgorithm, PrivateKey};
use koshin_protocol::problem::ProblemCode;
use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError},
    thread,
    time::Duration,
};
use stock::{Place, Purpose, Stock};
use tokio::{sync::oneshot, time::Instant};

/// So long somebody waits for a key at most, by what is known of the time that keys take. Today's applications have
/// no time-out of their own and show nothing meanwhile: longer, and people press the power button.
const LONGEST_PATIENCE: Duration = Duration::from_secs(20);

/// What makes a key; tests bring their own.
type Generator = dyn Fn(KeyAlgorithm) -> Result<PrivateKey, KeyGenerationError> + Send + Sync;

/// What somebody who waits gets in the end.
type Made = Result<NewKey, KeyGenerationError>;

/// The sizes of a pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Keys of each kind that are kept in stock; 0 keeps none, and every key is made when it is needed.
    pub capacity: usize,
    /// Keys that are made at a time.
    pub processors: usize,
    /// How long somebody may have to wait.
    pub patience: Duration,
}

impl Rules {
    /// For this machine. Nobody waits longer than half of what a request may take, so that the other half is left for
    /// the renewal itself.
    pub(super) fn new(capacity: usize, request: Duration) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self { capacity, processors, patience: LONGEST_PATIENCE.min(request / 2) }
    }
}

/// How much of one kind of key there is; see [`KeyPool::levels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLevel {
    /// The kind.
    pub algorithm: KeyAlgorithm,
    /// Keys in stock.
    pub keys: usize,
    /// Keys that the stock holds when it is full.
    pub capacity: usize,
    /// Renewals that wait for a key.
    pub waiting: usize,
    /// Keys made since the start.
    pub made: u64,
    /// Keys handed out since the start.
    pub used: u64,
    /// Renewals told to come back since the start, because the queue was full.
    pub turned_away: u64,
}

/// The stock, the queue before it, and the threads that fill it. Dropping it ends them and wipes the keys.
pub struct KeyPool(Arc<Shared>);

/// What the pool, its threads and those who wait have in common.
struct Shared {
    rules: Rules,
    generator: Box<Generator>,
    stock: Mutex<Stock>,
    /// Tells idle fillers that there is something to do.
    room: Condvar,
}

/// A key, or the right to the next one.
enum Taken {
    AtHand(NewKey),
    Later(Waiting),
}

/// A place in the queue. Dropping it gives it back, and the key with it if that has come already.
struct Waiting {
    shared: Arc<Shared>,
    algorithm: KeyAlgorithm,
    place: Place,
    answer: oneshot::Receiver<Made>,
    served: bool,
}

impl KeyPool {
    /// An empty pool of keys from the cryptographic library. It makes keys when asked; see
    /// [`Self::fill_in_idle_time`].
    pub(super) fn new(rules: Rules) -> Self {
        Self::of(rules, entropy::private_key)
    }

    fn of(
        rules: Rules,
        generator: impl Fn(KeyAlgorithm) -> Result<PrivateKey, KeyGenerationError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            rules,
            generator: Box::new(generator),
            stock: Mutex::default(),
            room: Condvar::new(),
        }))
    }

    /// Keeps keys of these kinds in stock and no others; what is there of others is wiped. Kinds that are made at
    /// once are passed over.
    pub(super) fn keep(&self, algorithms: impl IntoIterator<Item = KeyAlgorithm>) {
        let wanted: Vec<_> = algorithms.into_iter().filter(|algorithm| is_slow(*algorithm)).collect();
        self.0.stock().keep(&wanted);
        self.0.room.notify_all();
    }

    /// Starts a thread of the lowest priority for each processor, which fill the stock whenever the machine has
    /// nothing better to do. To be called once, when the server is up.
    pub fn fill_in_idle_time(&self) {
        if self.0.rules.capacity > 0 {
            making::start_fillers(&self.0);
        }
    }

    /// A key that nobody has had: from the stock, or made for the caller, who waits in the queue.
    ///
    /// # Errors
    /// [`ProblemCode::Overloaded`] at once when the queue is full, with the seconds after which there will be room; a
    /// library that fails; the end of the server.
    pub(super) async fn key(&self, algorithm: KeyAlgorithm) -> Result<NewKey, UseCaseError> {
        if let Some(key) = self.fresh(algorithm)? {
            return Ok(key);
        }
        match self.take(algorithm)? {
            Taken::AtHand(key) => Ok(key),
            Taken::Later(waiting) => waiting.key().await,
        }
    }

    /// A key of a kind that is made at once; `None` of the others.
    ///
    /// # Errors
    /// A library that fails.
    fn fresh(&self, algorithm: KeyAlgorithm) -> Result<Option<NewKey>, KeyGenerationError> {
        if is_slow(algorithm) {
            return Ok(None);
        }
        Ok(Some((self.0.generator)(algorithm)?.try_into()?))
    }

    /// A key that nobody has had, if one can be had without waiting for anybody: from the stock, or made in some 20 µs. `None`
    /// also when another thread is at the stock just now: those that fill it have the lowest priority, and whoever asks
    /// here holds up others. It counts as used by [`Self::keep_taken`] only.
    pub(super) fn at_hand(&self, algorithm: KeyAlgorithm) -> Option<NewKey> {
        if !is_slow(algorithm) {
            return self.fresh(algorithm).ok().flatten();
        }
        let mut stock = match self.0.stock.try_lock() {
            Ok(stock) => stock,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        stock.lend(algorithm, Instant::now())
    }

    /// A key of this kind that was at hand is known to the records now.
    pub(super) fn keep_taken(&self, algorithm: KeyAlgorithm) {
        if is_slow(algorithm) {
            self.0.stock().count_taken(algorithm);
            self.0.room.notify_one();
        }
    }

    /// Takes back a key that was at hand and that neither the records nor anybody outside has seen.
    pub(super) fn give_back(&self, key: NewKey) {
        self.0.stock().take_back(key.public.algorithm(), key, self.0.rules.capacity);
    }

    /// Whether a key can be had without waiting.
    pub(super) fn has(&self, algorithm: KeyAlgorithm) -> bool {
        !is_slow(algorithm) || self.0.stock().has(algorithm)
    }

    fn take(&self, algorithm: KeyAlgorithm) -> Result<Taken, Denial> {
        let mut stock = self.0.stock();
        if let Some(key) = stock.take(algorithm, Instant::now()) {
            drop(stock);
            self.0.room.notify_one();
            return Ok(Taken::AtHand(key));
        }
        let (answer_to, answer) = oneshot::channel();
        let place = stock
            .queue_up(algorithm, answer_to, &self.0.rules, Instant::now())
            .map_err(|seconds| Denial::retry(ProblemCode::Overloaded, seconds))?;
        if stock.hire(self.0.rules.processors) {
            making::start_maker(&self.0);
        }
        Ok(Taken::Later(Waiting { shared: Arc::clone(&self.0), algorithm, place, answer, served: false }))
    }

    /// How much there is of each kind of key that is kept or was asked for, for the metrics.
    pub fn levels(&self) -> Vec<KeyLevel> {
        self.0.stock().levels(self.0.rules.capacity)
    }

    /// How much there is of one kind; `None` when it was never kept nor asked for.
    pub fn level(&self, algorithm: KeyAlgorithm) -> Option<KeyLevel> {
        self.levels().into_iter().find(|level| level.algorithm == algorithm)
    }

    /// Wipes the stock, ends the queue and tells the threads to end after the key at hand. Nobody waits for them.
    pub fn stop(&self) {
        self.0.stock().stop();
        self.0.room.notify_all();
    }
}

impl Drop for KeyPool {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for KeyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyPool").field(&self.levels()).finish()
    }
}

impl Shared {
    fn stock(&self) -> MutexGuard<'_, Stock> {
        // Nothing that holds the lock can leave the stock half changed.
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of a key that was begun. Returns the error that nobody has been told.
    fn finish(&self, algorithm: KeyAlgorithm, purpose: Purpose, made: Made) -> Option<KeyGenerationError> {
        self.stock().finish(algorithm, purpose, made, self.rules.capacity)
    }
}

impl Waiting {
    async fn key(mut self) -> Result<NewKey, UseCaseError> {
        let made = (&mut self.answer).await;
        self.served = true;
        let key = made.map_err(|_| UseCaseError::Defect("the server stops".to_owned()))??;
        self.shared.stock().count_used(self.algorithm);
        Ok(key)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.served {
            return;
        }
        self.answer.close();
        self.shared.stock().leave(self.place);
        if let Ok(Ok(key)) = self.answer.try_recv() {
            self.shared.stock().deliver(self.algorithm, key, self.shared.rules.capacity);
        }
        self.shared.room.notify_all();
    }
}

/// Whether keys of this kind take so long that they are worth a stock.
fn is_slow(algorithm: KeyAlgorithm) -> bool {
    matches!(algorithm, KeyAlgorithm::Rsa { .. })
}
