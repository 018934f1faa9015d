//! What lies in the pool and who waits before it: plain state, changed under the pool's lock, that starts no thread
//! and makes no key.

use super::{KeyLevel, Made, Rules};
use crate::entropy::{KeyGenerationError, NewKey};
use koshin_issuance::KeyAlgorithm;
use std::{collections::VecDeque, time::Duration};
use tokio::{sync::oneshot, time::Instant};

/// Whoever is told to come back is told so at most: by then everything may be different.
const LONGEST_RETRY: Duration = Duration::from_secs(300);
/// So long after a key was taken from the stock no new one is begun for it: where one renewal comes, others often do,
/// and even a thread of the lowest priority is in their way, since the kernel lets it finish its slice of some
/// milliseconds.
const CALM: Duration = Duration::from_millis(100);
/// New keys weigh an eighth in what is known of the time that a key takes.
const MEMORY: u32 = 8;
/// A key that took longer than so many others, because the machine stood still or the prime was hard to find, tells no
/// more than that: else hardly anybody would be let in to wait until many more have been made.
const LONGEST: u32 = 8;

/// Names a place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u64);

/// Whom a key is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Nobody yet: the stock.
    Stock,
    /// Somebody who waits.
    Waiter,
}

/// The stock of all kinds, and the queue of those who found theirs empty.
#[derive(Default)]
pub(super) struct Stock {
    shelves: Vec<Shelf>,
    queue: VecDeque<Waiter>,
    last_place: u64,
    /// Threads at work for those who wait.
    makers: usize,
    /// When a key was last taken from the stock.
    last_taken: Option<Instant>,
    /// When the last of those who were turned away is expected back.
    last_return: Option<Instant>,
    stopped: bool,
}

/// One kind of key.
struct Shelf {
    algorithm: KeyAlgorithm,
    /// Whether a service needs keys of this kind.
    wanted: bool,
    keys: VecDeque<NewKey>,
    /// Being made for the stock.
    filling: usize,
    /// Being made for those who wait.
    making: usize,
    /// The time that one takes.
    pace: Duration,
    /// Whether it was low or empty since it was full.
    was_low: bool,
    made: u64,
    used: u64,
    turned_away: u64,
}

struct Waiter {
    place: Place,
    algorithm: KeyAlgorithm,
    answer: oneshot::Sender<Made>,
}

impl Shelf {
    fn new(algorithm: KeyAlgorithm) -> Self {
        Self {
            algorithm,
            wanted: false,
            keys: VecDeque::new(),
            filling: 0,
            making: 0,
            pace: first_guess(algorithm),
            was_low: true,
            made: 0,
            used: 0,
            turned_away: 0,
        }
    }
}

/// The time that a key takes until one has been made: that of a common server.
fn first_guess(algorithm: KeyAlgorithm) -> Duration {
    match algorithm {
        KeyAlgorithm::Rsa { bits: ..=2048 } => Duration::from_millis(60),
        KeyAlgorithm::Rsa { bits: ..=3072 } => Duration::from_millis(200),
        KeyAlgorithm::Rsa { .. } => Duration::from_millis(600),
        KeyAlgorithm::P256 | KeyAlgorithm::P384 => Duration::from_millis(1),
    }
}

impl Stock {
    pub(super) fn keep(&mut self, wanted: &[KeyAlgorithm]) {
        for algorithm in wanted {
            self.shelf(*algorithm);
        }
        for shelf in &mut self.shelves {
            shelf.wanted = wanted.contains(&shelf.algorithm);
            if !shelf.wanted {
                shelf.keys.clear();
            }
        }
    }

    pub(super) fn has(&self, algorithm: KeyAlgorithm) -> bool {
        self.shelves.iter().any(|shelf| shelf.algorithm == algorithm && !shelf.keys.is_empty())
    }

    /// The key that has lain longest, for good.
    pub(super) fn take(&mut self, algorithm: KeyAlgorithm, now: Instant) -> Option<NewKey> {
        let key = self.lend(algorithm, now)?;
        self.count_taken(algorithm);
        Some(key)
    }

    /// The same, until it is known whether it is needed ([`Self::count_taken`], [`Self::take_back`]).
    pub(super) fn lend(&mut self, algorithm: KeyAlgorithm, now: Instant) -> Option<NewKey> {
        let key = self.shelf(algorithm).keys.pop_front()?;
        self.last_taken = Some(now);
        Some(key)
    }

    /// A key was taken for good.
    pub(super) fn count_taken(&mut self, algorithm: KeyAlgorithm) {
        let shelf = self.shelf(algorithm);
        shelf.used += 1;
        if shelf.keys.is_empty() && !shelf.was_low {
            shelf.was_low = true;
            tracing::warn!(%algorithm, "the key pool is empty: renewals wait for their keys");
        }
    }

    /// A place at the end of the queue; or the seconds after which the caller may find one, when those before him are
    /// as many as can be served while somebody waits.
    pub(super) fn queue_up(
        &mut self,
        algorithm: KeyAlgorithm,
        answer: oneshot::Sender<Made>,
        rules: &Rules,
        now: Instant,
    ) -> Result<Place, u32> {
        let processors = u32::try_from(rules.processors.max(1)).unwrap_or(u32::MAX);
        let own = self.shelf(algorithm).pace / processors;
        let wait = self.queue.iter().map(|waiter| self.pace(waiter.algorithm)).sum::<Duration>() / processors;
        if wait + own > rules.patience && !self.queue.is_empty() {
            self.shelf(algorithm).turned_away += 1;
            return Err(self.return_after(wait, own, now));
        }
        self.last_place += 1;
        let place = Place(self.last_place);
        self.queue.push_back(Waiter { place, algorithm, answer });
        Ok(place)
    }

    /// Those who are turned away come back one after the other, as fast as keys are made, and not before those are
    /// served who wait now: else the whole herd would be turned away again.
    fn return_after(&mut self, wait: Duration, own: Duration, now: Instant) -> u32 {
        let earliest = now + wait;
        let turn = self.last_return.map_or(earliest, |last| earliest.max(last + own));
        let turn = turn.min(now + LONGEST_RETRY);
        self.last_return = Some(turn);
        let seconds = (turn - now).as_secs_f64().ceil();
        // At most 300: it fits.
        (seconds as u32).max(1)
    }

    /// Whether one more thread is needed for those who wait; it counts from now on.
    pub(super) fn hire(&mut self, processors: usize) -> bool {
        let needed = self.makers < processors && self.makers < self.queue.len();
        self.makers += usize::from(needed);
        needed
    }

    /// A maker has ended that was not told to.
    pub(super) fn dismiss(&mut self) {
        self.makers = self.makers.saturating_sub(1);
    }

    /// What a maker makes next: the kind that the first needs for whom no other maker works. `None` ends the maker.
    pub(super) fn next_for_waiters(&mut self) -> Option<KeyAlgorithm> {
        let mut before: Vec<KeyAlgorithm> = Vec::new();
        for waiter in &self.queue {
            let algorithm = waiter.algorithm;
            let ahead = before.iter().filter(|other| **other == algorithm).count();
            if let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.algorithm == algorithm)
                && ahead >= shelf.making
            {
                shelf.making += 1;
                return Some(algorithm);
            }
            before.push(algorithm);
        }
        self.makers -= 1;
        None
    }

    /// How long the fillers stand aside yet, since a burst may be under way; `None` when they may go on.
    pub(super) fn unrest(&self, now: Instant) -> Option<Duration> {
        let calm = self.last_taken? + CALM;
        (calm > now).then(|| calm - now)
    }

    /// What a filler makes next: the kind of which there is least. Nothing while somebody waits: that is the makers'
    /// work, whose processors these are.
    pub(super) fn next_for_stock(&mut self, capacity: usize) -> Option<KeyAlgorithm> {
        if !self.queue.is_empty() {
            return None;
        }
        let count = |shelf: &Shelf| shelf.keys.len() + shelf.filling;
        let open = self.shelves.iter_mut().filter(|shelf| shelf.wanted && count(shelf) < capacity);
        let shelf = open.min_by_key(|shelf| count(shelf))?;
        shelf.filling += 1;
        Some(shelf.algorithm)
    }

    /// One more key was made, which took so long.
    pub(super) fn count_made(&mut self, algorithm: KeyAlgorithm, took: Duration) {
        let shelf = self.shelf(algorithm);
        shelf.made += 1;
        shelf.pace = (shelf.pace * (MEMORY - 1) + took.min(shelf.pace * LONGEST)) / MEMORY;
    }

    pub(super) fn count_used(&mut self, algorithm: KeyAlgorithm) {
        self.shelf(algorithm).used += 1;
    }

    /// A key that was begun is there, or cannot be made. A failure is told to the first who waits; when nobody does,
    /// or for the log if it was for the stock, it is given back.
    pub(super) fn finish(
        &mut self,
        algorithm: KeyAlgorithm,
        purpose: Purpose,
        made: Made,
        capacity: usize,
    ) -> Option<KeyGenerationError> {
        let shelf = self.shelf(algorithm);
        match purpose {
            Purpose::Stock => shelf.filling -= 1,
            Purpose::Waiter => shelf.making -= 1,
        }
        match (made, purpose) {
            (Ok(key), _) => {
                self.deliver(algorithm, key, capacity);
                None
            }
            (Err(error), Purpose::Stock) => Some(error),
            (Err(error), Purpose::Waiter) => match self.first(algorithm) {
                // Whoever has gone meanwhile needs no answer.
                Some(waiter) => waiter.answer.send(Err(error)).err().and_then(Result::err),
                None => Some(error),
            },
        }
    }

    /// A key that was lent and not needed: to the first who waits, else back to its shelf.
    pub(super) fn take_back(&mut self, algorithm: KeyAlgorithm, key: NewKey, capacity: usize) {
        if self.shelves.iter().any(|shelf| shelf.algorithm == algorithm) {
            self.deliver(algorithm, key, capacity);
        }
    }

    /// Gives the key to the first who waits for one of its kind, else puts it on its shelf, else wipes it.
    pub(super) fn deliver(&mut self, algorithm: KeyAlgorithm, mut key: NewKey, capacity: usize) {
        while let Some(waiter) = self.first(algorithm) {
            match waiter.answer.send(Ok(key)) {
                // He has just gone: the next.
                Err(Ok(unwanted)) => key = unwanted,
                Ok(()) | Err(Err(_)) => return,
            }
        }
        let stopped = self.stopped;
        let shelf = self.shelf(algorithm);
        if stopped || !shelf.wanted || shelf.keys.len() >= capacity {
            return;
        }
        shelf.keys.push_back(key);
        shelf.was_low |= shelf.keys.len() * 2 < capacity;
        if shelf.keys.len() == capacity && shelf.was_low {
            shelf.was_low = false;
            tracing::info!(%algorithm, keys = capacity, "the key pool is full");
        }
    }

    pub(super) fn leave(&mut self, place: Place) {
        self.queue.retain(|waiter| waiter.place != place);
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.queue.clear();
        self.shelves.iter_mut().for_each(|shelf| shelf.keys.clear());
    }

    pub(super) fn levels(&self, capacity: usize) -> Vec<KeyLevel> {
        let waiting = |algorithm| self.queue.iter().filter(|waiter| waiter.algorithm == algorithm).count();
        let level = |shelf: &Shelf| KeyLevel {
            algorithm: shelf.algorithm,
            keys: shelf.keys.len(),
            capacity: if shelf.wanted { capacity } else { 0 },
            waiting: waiting(shelf.algorithm),
            made: shelf.made,
            used: shelf.used,
            turned_away: shelf.turned_away,
        };
        self.shelves.iter().map(level).collect()
    }

    fn first(&mut self, algorithm: KeyAlgorithm) -> Option<Waiter> {
        let position = self.queue.iter().position(|waiter| waiter.algorithm == algorithm)?;
        self.queue.remove(position)
    }

    fn pace(&self, algorithm: KeyAlgorithm) -> Duration {
        let shelf = self.shelves.iter().find(|shelf| shelf.algorithm == algorithm);
        shelf.map_or_else(|| first_guess(algorithm), |shelf| shelf.pace)
    }

    fn shelf(&mut self, algorithm: KeyAlgorithm) -> &mut Shelf {
        let known = self.shelves.iter().position(|shelf| shelf.algorithm == algorithm);
        let index = known.unwrap_or_else(|| {
            self.shelves.push(Shelf::new(algorithm));
            self.shelves.len() - 1
        });
        &mut self.shelves[index]
    }
}
