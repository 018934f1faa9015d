//! Workers with a transaction an item: all of PostgreSQL's, and those that read beside SQLite's writer.

use super::{
    Item, Progress, QUEUE, Queue, Span,
    overdue::{Commits, Slot},
    spawn,
};
use crate::{
    metrics::QueueMetrics,
    store::{
        StoreError,
        connection::{Access, AnyConnection, Location},
    },
};
use diesel::connection::SimpleConnection;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    time::{Duration, Instant},
};

/// How often a transaction is repeated when the database asks for it.
const REPEATS: usize = 8;
/// How often it is tried what the database could not do, for a reason that it does not tell.
const CHANCES: usize = 3;
/// What fails as fast as this has not waited for a lock until its time was over, which is ten
/// seconds ([`crate::store::connection`]).
const SOON: Duration = Duration::from_secs(5);

/// How often a worker of this store has met a database that takes no changes. Whoever sees the number change leaves its
/// connection, too: the others may read there what is no longer so.
#[derive(Clone, Default)]
pub(in crate::store) struct Demotions(Arc<AtomicUsize>);

impl Demotions {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn another(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Workers with a transaction an item, sharing one queue.
pub(in crate::store) fn workers(
    location: &Location,
    access: Access,
    count: usize,
    name: &str,
    metrics: QueueMetrics,
    demotions: &Demotions,
) -> Result<Queue, StoreError> {
    let (sender, receiver) = sync_channel(QUEUE);
    let receiver = Arc::new(Mutex::new(receiver));
    let mut slots = Vec::with_capacity(count);
    for number in 0..count {
        let session = Session::open(location, access, demotions)?;
        let (receiver, slot) = (Arc::clone(&receiver), Arc::new(Slot::default()));
        slots.push(Arc::clone(&slot));
        spawn(&format!("{name}-{number}"), move || work(session, &receiver, &slot))?;
    }
    if access == Access::Write && matches!(location, Location::Postgres(_)) {
        Commits::new(&slots, &receiver).watch(&format!("{name}-watch"))?;
    }
    Ok(Queue { sender, metrics })
}

fn work(mut session: Session, receiver: &Mutex<Receiver<Box<dyn Item>>>, slot: &Slot) {
    loop {
        let received = {
            let Ok(receiver) = receiver.lock() else { return };
            receiver.recv()
        };
        let Ok(mut item) = received else { return };
        match session.try_often(&mut item) {
            Ok(Progress::Done) if item.span() == Span::Transaction => {
                // From here on it may be told by somebody else that this takes too long.
                slot.begin(item);
                let committed = session.commit();
                if let Some(item) = slot.end() {
                    item.finish(committed);
                }
            }
            Ok(_) => item.finish(Ok(())),
            Err(error) => {
                session.leave();
                item.finish(Err(error));
            }
        }
    }
}

/// One worker's connection, which may be lost and made anew.
struct Session {
    location: Location,
    access: Access,
    connection: Option<AnyConnection>,
    demotions: Demotions,
    /// How many of them this worker has heeded.
    heeded: usize,
}

impl Session {
    fn open(location: &Location, access: Access, demotions: &Demotions) -> Result<Self, StoreError> {
        let connection = Some(location.connect(access)?);
        let (location, demotions, heeded) = (location.clone(), demotions.clone(), demotions.count());
        Ok(Self { location, access, connection, demotions, heeded })
    }

    /// The connection, made now if there is none.
    fn connection(&mut self) -> Result<&mut AnyConnection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.location.connect(self.access)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Drops the connection; whoever needs one connects again.
    fn leave(&mut self) {
        self.connection = None;
    }

    /// Runs the item until it has gone well or there is no sense in another time. After
    /// [`Progress::Done`] its transaction is open.
    fn try_often(&mut self, item: &mut Box<dyn Item>) -> Result<Progress, StoreError> {
        let mut attempt = 1;
        loop {
            let begun = now();
            let progress = self.run(item)?;
            let again = match progress {
                Progress::Repeat => true,
                // It may have been a deadlock, which goes away; nothing else is lost by a second
                // look. PostgreSQL finds deadlocks after a second, unless it is told otherwise.
                Progress::Unable => attempt < CHANCES && begun.elapsed() < SOON,
                Progress::Done | Progress::Failed | Progress::ConnectionLost | Progress::Demoted => false,
            };
            if !again || attempt == REPEATS {
                return Ok(progress);
            }
            attempt += 1;
        }
    }

    /// One time. An error means that there is no connection, or none that begins a transaction.
    fn run(&mut self, item: &mut Box<dyn Item>) -> Result<Progress, StoreError> {
        let demotions = self.demotions.count();
        if demotions != self.heeded {
            self.heeded = demotions;
            self.leave();
        }
        if item.span() == Span::Statement {
            return self.run_statement(item);
        }
        self.begin()?;
        let progress = item.run(self.connection()?);
        match progress {
            Progress::Done => {}
            Progress::Failed | Progress::Repeat | Progress::Unable => {
                drop(self.connection()?.batch_execute("ROLLBACK"));
            }
            Progress::ConnectionLost => self.leave(),
            Progress::Demoted => {
                self.demotions.another();
                self.leave();
            }
        }
        Ok(progress)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let begin = self.location.begin(self.access);
        if self.connection()?.batch_execute(begin).is_err() {
            // The database was restarted since the last item: nothing has been done yet.
            self.leave();
            self.connection()?.batch_execute(begin)?;
        }
        Ok(())
    }

    /// The only statement of an item.
    fn run_statement(&mut self, item: &mut Box<dyn Item>) -> Result<Progress, StoreError> {
        let connection = self.connection()?;
        let progress = item.run(connection);
        // A connection that was lost since the last item is found out by whoever uses it first, and the library has several
        // words for that. Nothing has been done yet.
        if progress == Progress::Done || connection.batch_execute("SELECT 1").is_ok() {
            return Ok(progress);
        }
        self.leave();
        Ok(item.run(self.connection()?))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        // Not by a new connection, which would have nothing to commit and say that it has gone well.
        let Some(connection) = self.connection.as_mut() else {
            return Err(StoreError::Unavailable("the connection was lost before the commit".to_owned()));
        };
        let committed = connection.batch_execute("COMMIT");
        if committed.is_err() {
            self.leave();
        }
        Ok(committed?)
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a transaction took, not what time it is")]
fn now() -> Instant {
    Instant::now()
}
