//! Answers that take long to find, remembered for a while.
//!
//! Whoever asks gets an answer of the last minute at once. An older one is given, too, while somebody finds a new one
//! behind; only when there is none, or a very old one, does anybody wait, and then all wait for the same. What was begun
//! is finished and kept, though the one who asked for it has gone (a browser that was closed).

use super::StoreError;
use crate::metrics::Stopwatch;
use jiff::{SignedDuration, Timestamp};
use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedMutexGuard, oneshot};

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

impl<Q: PartialEq, A> Held<Q, A> {
    fn is_usable(&self, question: &Q, now: Timestamp) -> bool {
        self.question == *question && self.is_younger_than(USABLE, now)
    }

    /// How long it is fresh.
    fn fresh(&self) -> SignedDuration {
        let took = SignedDuration::try_from(self.took).unwrap_or(FRESH);
        FRESH.max(took.saturating_mul(SHARE)).min(LONGEST_FRESH)
    }

    fn is_younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        // A clock that was put back makes nothing younger.
        (SignedDuration::ZERO..age).contains(&now.duration_since(self.at))
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.answer, &other.answer)
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
    /// Those of `look`, told to the one for whom it was done; the next asks again.
    pub(super) async fn answer<F>(
        self: &Arc<Self>,
        question: Q,
        now: Timestamp,
        look: impl FnOnce() -> F,
    ) -> Result<Held<Q, A>, StoreError>
    where
        F: Future<Output = Result<A, StoreError>> + Send + 'static,
    {
        let before = self.last();
        if let Some(held) = before.as_ref().filter(|held| held.is_usable(&question, now)) {
            if !held.is_younger_than(held.fresh(), now)
                && let Ok(turn) = Arc::clone(&self.looking).try_lock_owned()
            {
                drop(self.begin(question, now, look(), turn));
            }
            return Ok(held.clone());
        }
        let turn = Arc::clone(&self.looking).lock_owned().await;
        // Whoever looked before us has found it. What was found while we waited is good, though it may be of a moment
        // after ours: who asks first does not always wait in front.
        if let Some(held) = self.last()
            && held.question == question
            && (held.is_usable(&question, now) || before.is_none_or(|before| !held.is_same(&before)))
        {
            return Ok(held);
        }
        let lost = |_| StoreError::Unavailable("nobody counts any more: the server ends".to_owned());
        self.begin(question, now, look(), turn).await.map_err(lost)?
    }

    /// Begins to look, and goes on whether or not anybody stays to hear of it: those who wait for the turn find the
    /// answer kept.
    fn begin<F>(
        self: &Arc<Self>,
        question: Q,
        at: Timestamp,
        look: F,
        turn: OwnedMutexGuard<()>,
    ) -> oneshot::Receiver<Result<Held<Q, A>, StoreError>>
    where
        F: Future<Output = Result<A, StoreError>> + Send + 'static,
    {
        let (teller, hearer) = oneshot::channel();
        let own = Arc::clone(self);
        tokio::spawn(async move {
            let found = own.look(question, at, look).await;
            drop(turn);
            if let Err(Err(error)) = teller.send(found) {
                tracing::warn!(%error, "numbers over all tenants were not counted");
            }
        });
        hearer
    }

    async fn look(
        &self,
        question: Q,
        at: Timestamp,
        look: impl Future<Output = Result<A, StoreError>>,
    ) -> Result<Held<Q, A>, StoreError> {
        let begun = Stopwatch::start();
        let answer = Arc::new(look.await?);
        let held = Held { question, answer, at, took: begun.elapsed() };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        Ok(held)
    }

    fn last(&self) -> Option<Held<Q, A>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::poll_fn,
        pin::Pin,
        sync::atomic::{AtomicU32, Ordering},
        task::Poll,
    };

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
    }

    /// Polls it once: whether it has begun to wait.
    async fn waits<F: Future + Unpin>(future: &mut F) -> bool {
        poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
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

    /// A browser that is closed ends its request, wherever that waits.
    #[tokio::test]
    async fn what_was_begun_is_finished_and_kept_when_the_one_who_asked_has_gone() {
        let (remembered, looks) = (Arc::new(Remembered::default()), Looks::default());
        let (open, opened) = oneshot::channel::<()>();
        let slow = looks.look();
        let slow = async move {
            opened.await.expect("somebody opens");
            slow.await
        };
        let mut gone = Box::pin(remembered.answer((), after(0), || slow));
        assert!(waits(&mut gone).await, "it has begun");
        drop(gone);
        // One more goes while it waits for the turn: it leaves nobody in the way of the others.
        let mut also_gone = Box::pin(remembered.answer((), after(1), || looks.look()));
        let mut waiting = Box::pin(remembered.answer((), after(1), || looks.look()));
        assert!(waits(&mut also_gone).await);
        assert!(waits(&mut waiting).await);
        drop(also_gone);
        open.send(()).expect("it is being looked for still");
        let held = waiting.await.expect("an answer");
        assert_eq!((*held.answer, held.at), (1, after(0)), "what was begun for the one who has gone");
        let held = remembered.answer((), after(2), || looks.look()).await.expect("an answer");
        assert_eq!(*held.answer, 1, "and it is kept");
    }

    #[tokio::test]
    async fn who_asked_first_and_waits_behind_takes_what_was_found_meanwhile() {
        let (remembered, looks) = (Arc::new(Remembered::default()), Looks::default());
        let turn = Arc::clone(&remembered.looking).lock_owned().await;
        let mut later = Box::pin(remembered.answer((), after(1), || looks.look()));
        let mut earlier = Box::pin(remembered.answer((), after(0), || looks.look()));
        assert!(waits(&mut later).await);
        assert!(waits(&mut earlier).await);
        drop(turn);
        let (later, earlier) = tokio::join!(later, earlier);
        assert_eq!((*later.expect("an answer").answer, *earlier.expect("an answer").answer), (1, 1));
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
