//! The pool with a generator of the test's own: keys on P-256 stand for RSA keys, which would take seconds.

use super::*;
use std::{
    collections::{HashSet, VecDeque},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};
use tokio::{task, time::sleep};

const RSA: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };
const LONGER: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 3072 };

fn rules(capacity: usize, processors: usize) -> Rules {
    Rules { capacity, processors, patience: Duration::from_secs(1) }
}

fn quick_key(_: KeyAlgorithm) -> Result<PrivateKey, KeyGenerationError> {
    entropy::private_key(KeyAlgorithm::P256)
}

/// A pool whose keys come when the test lets them.
fn gated(rules: Rules) -> (KeyPool, mpsc::Sender<()>) {
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let pool = KeyPool::of(rules, move |algorithm| {
        // At the end of a test nobody opens any more.
        let opened = gate.lock().map(|gate| gate.recv());
        opened.ok().and_then(Result::ok).ok_or(KeyGenerationError::Library(algorithm))?;
        quick_key(algorithm)
    });
    (pool, open)
}

fn level(pool: &KeyPool) -> KeyLevel {
    pool.level(RSA).expect("kept or asked for")
}

fn waiting(taken: Result<Taken, Denial>) -> Waiting {
    match taken {
        Ok(Taken::Later(waiting)) => waiting,
        Ok(Taken::AtHand(_)) => panic!("a key was at hand"),
        Err(denial) => panic!("turned away: {denial:?}"),
    }
}

/// Until something that other threads do is done; a test that waits in vain is stopped by its runner.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn the_stock_is_filled_to_its_size_and_filled_again_after_use() {
    let pool = KeyPool::of(rules(3, 2), quick_key);
    pool.keep([RSA, KeyAlgorithm::P256]);
    assert_eq!(level(&pool).keys, 0, "nothing is made before the server is up");
    pool.fill_in_idle_time();
    until(|| level(&pool).keys == 3).await;
    drop(pool.key(RSA).await.expect("from the stock"));
    until(|| level(&pool).keys == 3).await;
    let KeyLevel { made, used, capacity, .. } = level(&pool);
    assert_eq!((made, used, capacity), (4, 1, 3), "no key was made that has no room");
    assert!(pool.level(KeyAlgorithm::P256).is_none(), "keys that are made at once are not kept");
}

#[tokio::test]
async fn a_key_is_handed_out_once() {
    let patient = Rules { patience: Duration::from_secs(3600), ..rules(32, 2) };
    let pool = Arc::new(KeyPool::of(patient, quick_key));
    pool.keep([RSA]);
    pool.fill_in_idle_time();
    let ask = |_| {
        let pool = Arc::clone(&pool);
        task::spawn(async move { pool.key(RSA).await })
    };
    let asked: Vec<_> = (0..100).map(ask).collect();
    let mut seen = HashSet::new();
    for answer in asked {
        let key = answer.await.expect("no panic").expect("a key");
        assert!(seen.insert(key.public.fingerprint()), "nobody else has had it");
    }
    assert_eq!(level(&pool).used, 100);
}

#[tokio::test]
async fn a_key_that_was_not_needed_goes_back_to_the_stock_or_to_who_waits() {
    let (pool, open) = gated(rules(1, 1));
    pool.keep([RSA]);
    assert!(pool.at_hand(RSA).is_none(), "the stock is empty, and nobody queues up");
    pool.fill_in_idle_time();
    open.send(()).expect("the pool is there");
    until(|| level(&pool).keys == 1).await;
    let key = pool.at_hand(RSA).expect("a key");
    let fingerprint = key.public.fingerprint();
    // By its name: the test's keys are all on P-256.
    pool.0.stock().take_back(RSA, key, 1);
    assert_eq!((level(&pool).keys, level(&pool).used), (1, 0), "as if nobody had taken it");

    let lent = pool.at_hand(RSA).expect("the same key");
    let waiting = waiting(pool.take(RSA));
    pool.0.stock().take_back(RSA, lent, 1);
    assert_eq!(waiting.key().await.expect("a key").public.fingerprint(), fingerprint);
    assert_eq!((level(&pool).keys, level(&pool).used), (0, 1));
}

#[tokio::test]
async fn a_key_at_hand_is_not_waited_for_and_counts_when_it_is_kept() {
    let (pool, open) = gated(rules(1, 1));
    pool.keep([RSA]);
    pool.fill_in_idle_time();
    open.send(()).expect("the pool is there");
    until(|| level(&pool).keys == 1).await;
    let stock = pool.0.stock();
    assert!(pool.at_hand(RSA).is_none(), "somebody is at the stock");
    drop(stock);
    assert!(pool.at_hand(RSA).is_some());
    pool.keep_taken(RSA);
    assert_eq!((level(&pool).keys, level(&pool).used), (0, 1));
    open.send(()).expect("the pool is there");
    assert!(pool.at_hand(KeyAlgorithm::P256).is_some(), "made where it is asked for");
    pool.keep_taken(KeyAlgorithm::P256);
    assert!(pool.level(KeyAlgorithm::P256).is_none(), "and not counted");
}

#[tokio::test]
async fn who_waits_is_served_in_turn() {
    let (pool, open) = gated(rules(0, 1));
    let mut queue: VecDeque<_> = (0..5).map(|_| waiting(pool.take(RSA))).collect();
    while let Some(first) = queue.pop_front() {
        open.send(()).expect("the pool is there");
        first.key().await.expect("the first gets the key");
        assert!(queue.iter_mut().all(|other| other.answer.try_recv().is_err()), "the others wait");
    }
}

#[tokio::test]
async fn beyond_what_can_be_made_in_time_callers_are_sent_away_each_with_a_time_of_his_own() {
    let (pool, _open) = gated(rules(0, 2));
    // Two processors, 60 ms a key: in the second that somebody waits at most, 33 are served.
    let _queue: Vec<_> = (0..33).map(|_| waiting(pool.take(RSA))).collect();
    let refusals: Vec<Denial> = (0..100).filter_map(|_| pool.take(RSA).err()).collect();
    assert_eq!(refusals.len(), 100);
    assert!(refusals.iter().all(|denial| denial.code == ProblemCode::Overloaded));
    let seconds: Vec<u32> = refusals.iter().filter_map(|denial| denial.retry_after).collect();
    assert!(seconds.is_sorted(), "whoever came first may return first: {seconds:?}");
    assert_eq!(
        (seconds[0], seconds[99]),
        (1, 4),
        "as fast as keys are made: 30 ms each after the queue's second"
    );
    let KeyLevel { waiting, turned_away, made, .. } = level(&pool);
    assert_eq!((waiting, turned_away, made), (33, 100, 0));
}

/// How many may wait when keys have taken so long.
fn places(taken: &[Duration]) -> usize {
    let (mut stock, rules) = (Stock::default(), rules(0, 1));
    for took in taken {
        stock.count_made(RSA, *took);
    }
    let mut queue_up = || stock.queue_up(RSA, oneshot::channel().0, &rules, Instant::now());
    (0..1000).take_while(|_| queue_up().is_ok()).count()
}

#[tokio::test]
async fn the_longer_keys_take_the_fewer_may_wait_and_one_that_took_very_long_is_not_the_rule() {
    assert_eq!(places(&[Duration::from_millis(10); 50]), 99, "the first guess still weighs a little");
    assert_eq!(places(&[Duration::from_millis(100); 50]), 10);
    assert_eq!(places(&[Duration::from_secs(3600)]), 8, "112 ms a key, where the first guess was 60");
}

#[tokio::test]
async fn who_waits_is_told_by_the_clock_on_the_wall_how_long_keys_take() {
    let taken = Duration::from_millis(20);
    let pool = KeyPool::of(Rules { patience: 5 * taken, ..rules(0, 1) }, move |algorithm| {
        // Others have the processor.
        thread::sleep(taken);
        quick_key(algorithm)
    });
    for _ in 0..40 {
        waiting(pool.take(RSA)).key().await.expect("a key");
    }
    let _queue: Vec<_> = (0..100).filter_map(|_| pool.take(RSA).ok()).collect();
    let waiting = level(&pool).waiting;
    assert!(waiting <= 5, "{waiting} wait, of whom the sixth for 120 ms at least");
}

#[tokio::test]
async fn who_goes_away_gives_his_place_back_and_no_key_is_lost() {
    let (pool, open) = gated(rules(1, 1));
    pool.keep([RSA]);
    let (first, second) = (waiting(pool.take(RSA)), waiting(pool.take(RSA)));
    drop(first);
    assert_eq!(level(&pool).waiting, 1);
    // The key that was begun for the first goes to the second.
    open.send(()).expect("the pool is there");
    second.key().await.expect("a key");

    let third = waiting(pool.take(RSA));
    open.send(()).expect("the pool is there");
    until(|| level(&pool).waiting == 0).await;
    drop(third);
    assert_eq!(level(&pool).keys, 1, "a key that came for somebody who has gone is kept for the next");
    assert!(matches!(pool.take(RSA), Ok(Taken::AtHand(_))));
}

#[tokio::test]
async fn no_more_keys_are_made_at_a_time_than_there_are_processors() {
    static AT_WORK: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let pool = KeyPool::of(rules(0, 2), |algorithm| {
        MOST.fetch_max(AT_WORK.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let key = quick_key(algorithm);
        AT_WORK.fetch_sub(1, Ordering::SeqCst);
        key
    });
    let queue: Vec<_> = (0..30).map(|_| waiting(pool.take(RSA))).collect();
    for place in queue {
        place.key().await.expect("a key");
    }
    assert!((1..=2).contains(&MOST.load(Ordering::SeqCst)));
}

#[tokio::test]
async fn a_generator_that_panics_costs_one_renewal_and_not_the_pool() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let pool = KeyPool::of(rules(0, 1), |algorithm| {
        assert!(CALLS.fetch_add(1, Ordering::SeqCst) > 0, "the first call panics, as this test wants");
        quick_key(algorithm)
    });
    let (first, second) = (waiting(pool.take(RSA)), waiting(pool.take(RSA)));
    assert!(matches!(first.key().await, Err(UseCaseError::KeyGeneration(_))));
    second.key().await.expect("the pool goes on");
}

#[tokio::test]
async fn a_maker_that_ends_before_its_time_leaves_its_place_to_another() {
    let pool = KeyPool::of(rules(0, 1), quick_key);
    let first = {
        let (answer_to, answer) = oneshot::channel();
        let mut stock = pool.0.stock();
        let place = stock.queue_up(RSA, answer_to, &pool.0.rules, Instant::now()).expect("a place");
        assert!(stock.hire(1), "somebody waits");
        assert!(!stock.hire(1), "one processor, one maker");
        Waiting { shared: Arc::clone(&pool.0), algorithm: RSA, place, answer, served: false }
    };
    // As when its thread panics, or is never run.
    making::lose_a_maker(&pool.0);
    assert!(matches!(first.key().await, Err(UseCaseError::KeyGeneration(_))), "the key at hand has failed");
    pool.key(RSA).await.expect("the next has a maker again");
}

#[tokio::test]
async fn the_end_of_the_server_ends_who_waits_and_the_threads() {
    let (pool, open) = gated(rules(4, 2));
    pool.keep([RSA]);
    pool.fill_in_idle_time();
    let place = waiting(pool.take(RSA));
    let shared = Arc::downgrade(&pool.0);
    pool.stop();
    assert!(place.key().await.is_err(), "nobody waits for a server that has stopped");
    drop((pool, open));
    until(|| shared.upgrade().is_none()).await;
}

#[tokio::test]
async fn each_waits_for_a_key_of_his_kind_and_kinds_that_nobody_needs_are_wiped() {
    let pool = KeyPool::of(rules(2, 1), |algorithm| {
        let stand_in = if algorithm == RSA { KeyAlgorithm::P256 } else { algorithm };
        entropy::private_key(stand_in)
    });
    assert_eq!(pool.key(RSA).await.expect("a key").public.algorithm(), KeyAlgorithm::P256);
    assert_eq!(
        pool.key(KeyAlgorithm::P256).await.expect("made at once").public.algorithm(),
        KeyAlgorithm::P256
    );
    pool.keep([RSA, LONGER]);
    assert_eq!(pool.level(LONGER).map(|level| level.capacity), Some(2));
    pool.keep([LONGER]);
    assert_eq!((level(&pool).keys, level(&pool).capacity), (0, 0), "an operator chose another kind");
}

#[tokio::test]
async fn fillers_have_the_lowest_priority_and_makers_that_of_the_server() {
    let own = rustix::process::getpriority_process(None).expect("a priority");
    let (tell, told) = mpsc::channel();
    let pool = KeyPool::of(rules(1, 1), move |algorithm| {
        let priority = rustix::process::getpriority_process(None).expect("a priority");
        tell.send(priority).expect("the test listens");
        quick_key(algorithm)
    });
    pool.key(RSA).await.expect("made for the caller");
    pool.keep([RSA]);
    pool.fill_in_idle_time();
    until(|| level(&pool).keys == 1).await;
    assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [own, 19]);
}

#[test]
fn fillers_stand_aside_while_somebody_waits() {
    let mut stock = Stock::default();
    stock.keep(&[RSA]);
    let (answer_to, _answer) = oneshot::channel();
    let place = stock.queue_up(RSA, answer_to, &rules(2, 1), Instant::now()).expect("a place");
    assert_eq!(stock.next_for_stock(2), None);
    stock.leave(place);
    assert_eq!(stock.next_for_stock(2), Some(RSA));
    assert_eq!(stock.next_for_stock(2), Some(RSA));
    assert_eq!(stock.next_for_stock(2), None, "what is being made has its room already");
}

#[test]
fn fillers_stand_aside_for_a_while_after_a_key_was_taken() {
    let (mut stock, now) = (Stock::default(), Instant::now());
    stock.keep(&[RSA]);
    assert_eq!(
        (stock.take(RSA, now).is_none(), stock.unrest(now)),
        (true, None),
        "nothing was there to be taken"
    );
    let key = quick_key(RSA).and_then(NewKey::try_from).expect("a key");
    stock.deliver(RSA, key, 2);
    assert!(stock.take(RSA, now).is_some());
    assert!(stock.unrest(now).is_some(), "others may come");
    assert_eq!(stock.unrest(now + Duration::from_secs(1)), None, "nobody came");
}

#[tokio::test]
async fn nothing_of_a_key_is_shown() {
    let pool = KeyPool::of(rules(1, 1), quick_key);
    pool.keep([RSA]);
    pool.fill_in_idle_time();
    until(|| level(&pool).keys == 1).await;
    let shown = format!("{pool:?}");
    assert!(shown.contains("keys: 1"), "{shown}");
    assert!(!shown.contains("PrivateKey"), "only how many there are: {shown}");
}
