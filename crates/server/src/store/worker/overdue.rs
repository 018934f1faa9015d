//! Commits that wait for another machine.
//!
//! A PostgreSQL with synchronous standbys ends a commit when a standby has it, and waits for that for ever: time-outs of
//! statements and locks do not count there, and to cancel the wait would have the commit acknowledged although one machine
//! only has it. So nobody cancels it. Whoever waits here is told after a while that it is not known what will become of it;
//! and as long as that lasts, what finds no worker free is refused before it has begun, as something to be tried again.

use super::{Item, spawn};
use crate::store::StoreError;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc::Receiver},
    thread::sleep,
    time::{Duration, Instant},
};

/// Nobody waits longer for a commit.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(500);

/// What one worker is committing.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Committing>>);

struct Committing {
    since: Instant,
    /// None once it was told that it takes too long.
    item: Option<Box<dyn Item>>,
}

impl Slot {
    /// The commit of `item` begins.
    pub(super) fn begin(&self, item: Box<dyn Item>) {
        *self.lock() = Some(Committing { since: now(), item: Some(item) });
    }

    /// It has ended. None when that was not waited for.
    pub(super) fn end(&self) -> Option<Box<dyn Item>> {
        self.lock().take().and_then(|committing| committing.item)
    }

    /// Whether a commit has waited for longer than `patience`; with its item, the first time.
    fn overdue(&self, patience: Duration) -> (bool, Option<Box<dyn Item>>) {
        match self.lock().as_mut() {
            Some(committing) if committing.since.elapsed() >= patience => (true, committing.item.take()),
            _ => (false, None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Committing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The commits of workers that share a queue.
pub(super) struct Commits {
    /// Gone with their workers.
    slots: Vec<Weak<Slot>>,
    queue: Weak<Mutex<Receiver<Box<dyn Item>>>>,
}

impl Commits {
    pub(super) fn new(slots: &[Arc<Slot>], queue: &Arc<Mutex<Receiver<Box<dyn Item>>>>) -> Self {
        Self { slots: slots.iter().map(Arc::downgrade).collect(), queue: Arc::downgrade(queue) }
    }

    /// Looks after the commits for as long as there are workers.
    pub(super) fn watch(self, name: &str) -> Result<(), StoreError> {
        spawn(name, move || {
            let mut known = 0;
            while let Some(overdue) = self.look(PATIENCE) {
                tell(known, overdue);
                known = overdue;
                sleep(LOOK);
            }
        })
    }

    /// Answers for everything that has waited for longer than `patience`. Returns how many commits have; None when there
    /// are no workers any more.
    fn look(&self, patience: Duration) -> Option<usize> {
        let queue = self.queue.upgrade()?;
        let mut overdue = 0;
        for slot in self.slots.iter().filter_map(Weak::upgrade) {
            let (late, item) = slot.overdue(patience);
            overdue += usize::from(late);
            if let Some(item) = item {
                item.finish(Err(StoreError::Unconfirmed));
            }
        }
        // A free worker holds the queue while it waits for an item.
        if overdue > 0
            && let Ok(queue) = queue.try_lock()
        {
            queue.try_iter().for_each(|item| item.finish(Err(not_begun())));
        }
        Some(overdue)
    }
}

/// Says in the log when it begins and when it has ended.
fn tell(before: usize, now: usize) {
    match (before, now) {
        (0, 1..) => tracing::error!(
            commits = now,
            "PostgreSQL has not confirmed commits for {} s: is a synchronous standby there? (docs/postgresql.md)",
            PATIENCE.as_secs()
        ),
        (1.., 0) => tracing::info!("PostgreSQL confirms commits again"),
        _ => {}
    }
}

fn not_begun() -> StoreError {
    StoreError::Unavailable(
        "commits are not confirmed, and everything else waits behind them; nothing was done".to_owned(),
    )
}

#[expect(clippy::disallowed_methods, reason = "how long a commit takes, not what time it is")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Progress, Span},
        *,
    };
    use crate::store::AnyConnection;
    use std::sync::mpsc::{Sender, channel, sync_channel};

    /// Tells how it ended.
    struct Told(Sender<Result<(), StoreError>>);

    impl Item for Told {
        fn span(&self) -> Span {
            Span::Transaction
        }
        fn run(&mut self, _: &mut AnyConnection) -> Progress {
            Progress::Done
        }
        fn finish(self: Box<Self>, commit: Result<(), StoreError>) {
            self.0.send(commit).expect("the test listens");
        }
    }

    #[test]
    fn whoever_waits_is_told_once_and_who_finds_nobody_free_at_once() {
        let (tell, told) = channel();
        let item = || Box::new(Told(tell.clone()));
        let (sender, queue) = sync_channel::<Box<dyn Item>>(8);
        let (slots, queue) = ([(); 2].map(|()| Arc::new(Slot::default())), Arc::new(Mutex::new(queue)));
        let commits = Commits::new(&slots, &queue);
        slots[0].begin(item());
        assert_eq!(commits.look(PATIENCE), Some(0), "not yet");
        assert!(sender.send(item()).is_ok());
        let free = queue.lock();
        assert_eq!(commits.look(Duration::ZERO), Some(1));
        assert!(matches!(told.try_recv(), Ok(Err(StoreError::Unconfirmed))));
        assert_eq!(commits.look(Duration::ZERO), Some(1), "it still waits");
        assert!(told.try_recv().is_err(), "and was told, and the other worker takes the next");
        drop(free);

        slots[1].begin(item());
        assert_eq!(commits.look(Duration::ZERO), Some(2));
        assert!(matches!(told.try_recv(), Ok(Err(StoreError::Unconfirmed))));
        assert!(matches!(told.try_recv(), Ok(Err(StoreError::Unavailable(_)))), "what waited behind them");

        assert!(slots[0].end().is_none(), "nobody waits for its end");
        assert_eq!(commits.look(Duration::ZERO), Some(1));
        slots[0].begin(item());
        assert!(slots[0].end().is_some(), "in time");
        drop(queue);
        assert_eq!(commits.look(PATIENCE), None);
    }
}
