//! The threads that make keys: fillers in idle time, makers for those who wait.

use super::{
    Made, Shared,
    stock::{Purpose, Stock},
};
use crate::entropy::KeyGenerationError;
use koshin_issuance::KeyAlgorithm;
use rustix::time::{ClockId, clock_gettime};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
    thread,
    time::Duration,
};
use tokio::{task, time::Instant};

/// Pause of a filler after the library has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Starts the threads that fill the stock; they end with the pool.
pub(super) fn start_fillers(shared: &Arc<Shared>) {
    for number in 0..shared.rules.processors {
        let shared = Arc::clone(shared);
        let thread = thread::Builder::new().name(format!("key-filler-{number}"));
        if let Err(error) = thread.spawn(move || fill(&shared)) {
            tracing::warn!(%error, "a thread that fills the key pool could not be started");
        }
    }
}

/// Starts a thread of normal priority that makes keys until nobody waits. [`super::stock::Stock::hire`] has counted
/// it.
pub(super) fn start_maker(shared: &Arc<Shared>) {
    let maker = Maker { shared: Arc::clone(shared), counted: true, begun: None };
    task::spawn_blocking(move || maker.serve());
}

/// A thread that makes keys for those who wait. Should it never run or end before its time, what is counted of it is
/// given back all the same: else there would be one maker less for ever, in the end none.
struct Maker {
    shared: Arc<Shared>,
    counted: bool,
    /// The key at hand.
    begun: Option<KeyAlgorithm>,
}

impl Maker {
    fn serve(mut self) {
        while let Some(algorithm) = self.next() {
            let made = make(&self.shared, algorithm, Purpose::Waiter);
            // Told from here on.
            self.begun = None;
            if let Some(error) = self.shared.finish(algorithm, Purpose::Waiter, made) {
                tracing::error!(%error, "no key for a renewal that would have waited for it");
            }
        }
        // The fillers have stood aside meanwhile.
        self.shared.room.notify_all();
    }

    /// What to make next. `None` is the end, with which it counts no more.
    fn next(&mut self) -> Option<KeyAlgorithm> {
        self.begun = self.shared.stock().next_for_waiters();
        self.counted = self.begun.is_some();
        self.begun
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        if !self.counted {
            return;
        }
        if let Some(algorithm) = self.begun.take() {
            let failed = Err(KeyGenerationError::Library(algorithm));
            drop(self.shared.finish(algorithm, Purpose::Waiter, failed));
        }
        // Who still waits is served by the others, or by the maker that the next renewal starts.
        self.shared.stock().dismiss();
        self.shared.room.notify_all();
    }
}

fn fill(shared: &Shared) {
    if let Err(error) = lower_priority() {
        // At normal priority it would take the processors away from renewals.
        tracing::warn!(%error, "the key pool stays empty: its threads cannot be given the lowest priority");
        return;
    }
    while let Some(algorithm) = wait_for_room(shared) {
        let made = make(shared, algorithm, Purpose::Stock);
        if let Some(error) = shared.finish(algorithm, Purpose::Stock, made) {
            tracing::error!(%error, "the key pool is not filled");
            pause(shared);
        }
    }
}

/// Sleeps until the stock has room, nobody waits and no burst is under way. `None` is the end.
fn wait_for_room(shared: &Shared) -> Option<KeyAlgorithm> {
    let mut stock = shared.stock();
    loop {
        if stock.stopped() {
            return None;
        }
        if let Some(rest) = stock.unrest(Instant::now()) {
            stock = shared.room.wait_timeout(stock, rest).unwrap_or_else(PoisonError::into_inner).0;
            continue;
        }
        if let Some(algorithm) = stock.next_for_stock(shared.rules.capacity) {
            return Some(algorithm);
        }
        stock = shared.room.wait(stock).unwrap_or_else(PoisonError::into_inner);
    }
}

fn pause(shared: &Shared) {
    let stock = shared.stock();
    let running = |stock: &mut Stock| !stock.stopped();
    drop(shared.room.wait_timeout_while(stock, AFTER_FAILURE, running));
}

/// Makes and checks one key, and notes how long that took: nothing of it is left for the renewal. A generator that
/// panics has failed; its thread goes on.
fn make(shared: &Shared, algorithm: KeyAlgorithm, purpose: Purpose) -> Made {
    let begin = clock(purpose);
    let checked = || (shared.generator)(algorithm)?.at_rest().try_into();
    let made = catch_unwind(AssertUnwindSafe(checked));
    let key = made.unwrap_or(Err(KeyGenerationError::Library(algorithm)))?;
    shared.stock().count_made(algorithm, clock(purpose).saturating_sub(begin));
    Ok(key)
}

/// What tells how long whoever waits will wait. For those who wait keys are made beside all that the machine does, and
/// by the clock on the wall they take that much longer. A filler stands back for everybody: of it only the time counts
/// that its thread has had a processor.
fn clock(purpose: Purpose) -> Duration {
    let time = clock_gettime(match purpose {
        Purpose::Stock => ClockId::ThreadCPUTime,
        Purpose::Waiter => ClockId::Monotonic,
    });
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// For this thread alone: on Linux a priority belongs to a thread, and `None` is the caller.
#[cfg(target_os = "linux")]
fn lower_priority() -> rustix::io::Result<()> {
    /// The least that the kernel knows: next to a thread of normal priority it gets about a seventieth of a processor.
    const LOWEST: i32 = 19;
    rustix::process::setpriority_process(None, LOWEST)
}

/// Elsewhere a priority belongs to the whole process.
#[cfg(not(target_os = "linux"))]
fn lower_priority() -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOTSUP)
}

/// A maker that [`super::stock::Stock::hire`] has counted begins its first key, and ends.
#[cfg(test)]
pub(super) fn lose_a_maker(shared: &Arc<Shared>) {
    let mut maker = Maker { shared: Arc::clone(shared), counted: true, begun: None };
    assert!(maker.next().is_some(), "somebody waits");
}
