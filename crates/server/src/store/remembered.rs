//! Answers that take long to find, remembered for a while.
//!
//! Whoever asks gets an answer of the last minute at once. An older one is given, too, while somebody finds a new one
//! behind; only when there is none, or a very old one, does anybody wait, and then all wait for the same.

use super::StoreError;
use crate::metrics::Stopwatch;
use jiff::{SignedDuration, Timestamp};
use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::OwnedMutexGuard;

/// As long as this an answer is not looked for again.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// What takes long is looked for less often: one part in so many of the time.
const SHARE: i32 = 100;
/// However long it took (it may have waited behind an export), it is fresh no longer.
const LONGEST_FRESH: SignedDuration = SignedDuration::from_mins(5);
/// Beyond this age no answer is given.
const USABLE: SignedDuration = SignedDuration::from_mins(10);

/// The last answer to the last question.
#[derive(Debug)]
pub(super) struct Remembered<Q, A> {
    held: Mutex<Option<Held<Q, A>>>,
    /// Held by the one who is looking.
    looking: Arc<tokio::sync::Mutex<()>>,
}

/// An answer, and since when it has been so.
#[derive(Debug)]
pub(super) struct Held<Q, A> {
    question: Q,
    pub(super) answer: Arc<A>,
    pub(super) at: Timestamp,
    took: Duration,
}

// Derived, they would ask the same of the answer.
impl<Q: Clone, A> Clone for Held<Q, A> {
    fn clone(&self) -> Self {
        let Self { question, answer, at, took } = self;
        Self { question: question.clone(), answer: Arc::clone(answer), at: *at, took: *took }
    }
}

impl<Q, A> Default for Remembered<Q, A> {
    fn default() -> Self {
        Self { held: Mutex::new(None), looking: Arc::default() }
    }
}

impl<Q, A> Held<Q, A> {
    /// How long it is fresh.
    fn fresh(&self) -> SignedDuration {
        let took = SignedDuration::try_from(self.took).unwrap_or(FRESH);
        FRESH.max(took.saturating_mul(SHARE)).min(LONGEST_FRESH)
    }

    fn is_younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        // A clock that was put back makes nothing younger.
        (SignedDuration::ZERO..age).contains(&now.duration_since(self.at))
    }
}

impl<Q, A> Remembered<Q, A>
where
    Q: PartialEq + Clone + Send + 'static,
    A: Send + Sync + 'static,
{
    /// The answer to `question`, which `look` finds, as of `now` or a little earlier.
    ///
    /// # Errors
    /// Those of `look`. When it fails behind, the next asks again.
    pub(super) async fn answer<F>(
        self: &Arc<Self>,
        question: Q,
        now: Timestamp,
        look: impl FnOnce() -> F,
    ) -> Result<Held<Q, A>, StoreError>
    where
        F: Future<Output = Result<A, StoreError>> + Send + 'static,
    {
        if let Some(held) = self.usable(&question, now) {
            if !held.is_younger_than(held.fresh(), now) {
                self.look_behind(question, now, look);
            }
            return Ok(held);
        }
        let turn = Arc::clone(&self.looking).lock_owned().await;
        match self.usable(&question, now) {
            // Whoever looked before us has found it.
            Some(held) => Ok(held),
            None => self.look(question, now, look(), turn).await,
        }
    }

    fn look_behind<F>(self: &Arc<Self>, question: Q, now: Timestamp, look: impl FnOnce() -> F)
    where
        F: Future<Output = Result<A, StoreError>> + Send + 'static,
    {
        let Ok(turn) = Arc::clone(&self.looking).try_lock_owned() else { return };
        let (own, look) = (Arc::clone(self), look());
        tokio::spawn(async move {
            if let Err(error) = own.look(question, now, look, turn).await {
                tracing::warn!(%error, "numbers over all tenants were not counted again");
            }
        });
    }

    async fn look(
        &self,
        question: Q,
        at: Timestamp,
        look: impl Future<Output = Result<A, StoreError>>,
        turn: OwnedMutexGuard<()>,
    ) -> Result<Held<Q, A>, StoreError> {
        let begun = Stopwatch::start();
        let answer = Arc::new(look.await?);
        let held = Held { question, answer, at, took: begun.elapsed() };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        drop(turn);
        Ok(held)
    }

    fn usable(&self, question: &Q, now: Timestamp) -> Option<Held<Q, A>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        (held.question == *question && held.is_younger_than(USABLE, now)).then_some(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
    }

    /// Counts how often anybody looked.
    #[derive(Default, Clone)]
    struct Looks(Arc<AtomicU32>);

    impl Looks {
        fn look(&self) -> impl Future<Output = Result<u32, StoreError>> + Send + use<> {
            let looks = self.clone();
            async move { Ok(looks.0.fetch_add(1, Ordering::SeqCst) + 1) }
        }
    }

    #[tokio::test]
    async fn an_answer_of_the_last_minute_is_given_again_and_a_very_old_one_is_not() {
        let (remembered, looks) = (Arc::new(Remembered::default()), Looks::default());
        let ask = async |seconds| {
            let held = remembered.answer((), after(seconds), || looks.look()).await.expect("an answer");
            (*held.answer, held.at.as_second() - after(0).as_second())
        };
        assert_eq!(ask(0).await, (1, 0));
        assert_eq!(ask(59).await, (1, 0));
        assert_eq!(ask(600).await, (2, 600), "too old to be shown");
        assert_eq!(ask(599).await, (3, 599), "the clock was put back");
    }

    #[tokio::test]
    async fn while_somebody_looks_behind_the_older_answer_is_given() {
        let (remembered, looks) = (Arc::new(Remembered::default()), Looks::default());
        let ask = async |seconds| {
            *remembered.answer((), after(seconds), || looks.look()).await.expect("an answer").answer
        };
        assert_eq!(ask(0).await, 1);
        assert_eq!(ask(61).await, 1, "nobody waits");
        // The one behind has had its turn when the lock is free again.
        tokio::task::yield_now().await;
        drop(remembered.looking.lock().await);
        assert_eq!(ask(62).await, 2);
    }

    #[tokio::test]
    async fn those_who_come_at_once_look_once_and_another_question_is_looked_for_anew() {
        let (remembered, looks) = (Arc::new(Remembered::default()), Looks::default());
        let ask = async |question| {
            *remembered.answer(question, after(0), || looks.look()).await.expect("an answer").answer
        };
        assert_eq!(tokio::join!(ask(30), ask(30), ask(30)), (1, 1, 1));
        assert_eq!(ask(7).await, 2);
    }

    #[tokio::test]
    async fn a_failure_is_told_and_not_remembered() {
        let (remembered, looks) = (Arc::new(Remembered::default()), Looks::default());
        let failing = || async { Err(StoreError::Conflict("for the test")) };
        assert!(remembered.answer((), after(0), failing).await.is_err());
        let held = remembered.answer((), after(0), || looks.look()).await.expect("an answer");
        assert_eq!(*held.answer, 1);
    }
}
