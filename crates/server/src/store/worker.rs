//! The threads that own the connections.
//!
//! Database calls block, so they run on their own threads and never on an async
//! one. SQLite has one writer, which commits in groups: the cost of making a commit
//! durable is shared by everything that waits. When an item fails, its group is run once
//! more with a savepoint an item, so that a failure stays its own. PostgreSQL has several workers, each with a transaction
//! an item ([`singly`]); it groups commits itself.

mod overdue;
mod singly;
mod write_back;

pub(super) use singly::{Demotions, workers};

use super::{
    StoreError,
    connection::{Access, AnyConnection, Location},
};
use crate::metrics::{GroupMetrics, QueueMetrics, Stopwatch, Waiting};
use diesel::connection::SimpleConnection;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::Duration,
};
use tokio::sync::oneshot;
use write_back::WriteBack;

/// Items that share one durable commit at most.
const GROUP: usize = 256;
/// How long the writer lets others join a group, for each item that was in the group before: while many renew, commits
/// are fewer and larger, and the processor does something else meanwhile. Whoever comes after another one alone never waits.
const GATHERING: Duration = Duration::from_micros(150);
/// Nobody is kept waiting longer.
const LONGEST_GATHERING: Duration = Duration::from_millis(4);
/// Items that may wait; beyond it the store is called overloaded.
const QUEUE: usize = 4096;

/// Work on a connection whose result is told only after the commit.
trait Item: Send {
    /// How much is one transaction.
    fn span(&self) -> Span;
    /// Does the work; may be called again if the database asks to repeat.
    /// Returns how it went, for the commit or roll back that follows.
    fn run(&mut self, connection: &mut AnyConnection) -> Progress;
    /// Tells the result; `commit` says whether it became durable.
    fn finish(self: Box<Self>, commit: Result<(), StoreError>);
}

/// How much of the database one item sees at one moment.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Span {
    /// All its statements.
    Transaction,
    /// Its only statement, which is a transaction by itself.
    Statement,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Progress {
    Done,
    Failed,
    Repeat,
    /// The database could not do it, for a reason that only its message tells.
    Unable,
    ConnectionLost,
    /// This database takes no changes; another one may.
    Demoted,
}

struct Work<T, F> {
    span: Span,
    /// Until it is run first.
    waiting: Option<Waiting>,
    work: F,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send> Item for Work<T, F> {
    fn span(&self) -> Span {
        self.span
    }

    fn run(&mut self, connection: &mut AnyConnection) -> Progress {
        self.waiting = None;
        // What panics here must not take the only writer with it. It is undone like every other failure.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(connection)))
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the work on the records panicked".to_owned())));
        let progress = match &outcome {
            Ok(_) => Progress::Done,
            Err(StoreError::Repeat(_)) => Progress::Repeat,
            Err(StoreError::Unable(_)) => Progress::Unable,
            Err(StoreError::Unavailable(_)) => Progress::ConnectionLost,
            Err(StoreError::ReadOnly(_)) => Progress::Demoted,
            Err(_) => Progress::Failed,
        };
        self.outcome = Some(outcome);
        progress
    }

    fn finish(self: Box<Self>, commit: Result<(), StoreError>) {
        let outcome = match (commit, self.outcome) {
            // Whatever it found was found in a transaction that never was, or over a connection that was lost.
            (Err(error), _) => Err(error),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Unavailable("the item was never run".to_owned())),
        };
        // The caller may have gone; then nobody waits for the answer.
        drop(self.reply.send(outcome));
    }
}

/// A queue into worker threads.
#[derive(Clone)]
pub(super) struct Queue {
    sender: SyncSender<Box<dyn Item>>,
    metrics: QueueMetrics,
}

impl Queue {
    /// Runs `work` in a transaction and returns when it is durable.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.put(Span::Transaction, work).await
    }

    /// Runs `work`, which reads with one statement: to begin and to end a transaction around it would cost half as much
    /// again, and two journeys to a database elsewhere.
    pub(super) async fn run_statement<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.put(Span::Statement, work).await
    }

    async fn put<T, F>(&self, span: Span, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let waiting = Some(self.metrics.enter());
        self.sender.try_send(Box::new(Work { span, waiting, work, outcome: None, reply })).map_err(
            |error| {
                StoreError::Unavailable(match error {
                    TrySendError::Full(_) => format!("{QUEUE} transactions are waiting already"),
                    TrySendError::Disconnected(_) => "the store has been shut down".to_owned(),
                })
            },
        )?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the store stopped".to_owned())))
    }
}

/// SQLite's only writer.
pub(super) fn group_writer(
    location: Location,
    metrics: QueueMetrics,
    groups: GroupMetrics,
) -> Result<Queue, StoreError> {
    let connection = location.connect(Access::Write)?;
    let write_back = WriteBack::start(&location)?;
    let (sender, receiver) = sync_channel(QUEUE);
    spawn("store-writer", move || write_groups(&location, connection, &receiver, &write_back, &groups))?;
    Ok(Queue { sender, metrics })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
        .map_err(|error| StoreError::Unavailable(format!("no thread for the store: {error}")))
}

fn write_groups(
    location: &Location,
    mut connection: AnyConnection,
    receiver: &Receiver<Box<dyn Item>>,
    write_back: &WriteBack,
    metrics: &GroupMetrics,
) {
    let mut before = 1;
    while let Ok(first) = receiver.recv() {
        if before > 1 {
            // Asleep, and not waiting for the next item: to be woken for each would cost more than it saves.
            thread::sleep((GATHERING * before).min(LONGEST_GATHERING));
        }
        let mut group = vec![first];
        match write_group(location, &mut connection, receiver, &mut group, metrics) {
            Ok(()) => {
                before = u32::try_from(group.len()).unwrap_or(u32::MAX);
                group.into_iter().for_each(|item| item.finish(Ok(())));
                write_back.after_commit(&mut connection);
            }
            Err(error) => {
                before = 1;
                // The transaction may still be open (disk full): leave it before the next.
                drop(connection.batch_execute("ROLLBACK"));
                for item in group {
                    item.finish(Err(StoreError::Unavailable(error.to_string())));
                }
            }
        }
    }
}

/// Runs the first item of `group` and all that arrive meanwhile, up to [`GROUP`],
/// in one transaction. An error means that none of them became durable.
fn write_group(
    location: &Location,
    connection: &mut AnyConnection,
    receiver: &Receiver<Box<dyn Item>>,
    group: &mut Vec<Box<dyn Item>>,
    metrics: &GroupMetrics,
) -> Result<(), StoreError> {
    connection.batch_execute(location.begin(Access::Write))?;
    if run_all(connection, receiver, group) {
        return commit(connection, group.len(), metrics);
    }
    metrics.repeated();
    // One has failed, and what it did must be undone alone: all of them once more, each in
    // a savepoint. Most groups have no such item, and savepoints copy every page they touch.
    // A full disk has undone it already: then this fails, and what follows says why.
    drop(connection.batch_execute("ROLLBACK"));
    connection.batch_execute(location.begin(Access::Write))?;
    for item in group.iter_mut() {
        run_in_savepoint(connection, item)?;
    }
    commit(connection, group.len(), metrics)
}

fn commit(connection: &mut AnyConnection, size: usize, metrics: &GroupMetrics) -> Result<(), StoreError> {
    let begun = Stopwatch::start();
    connection.batch_execute("COMMIT")?;
    metrics.committed(size, begun);
    Ok(())
}

/// Whether every item went well. The first that does not is the last one run.
fn run_all(
    connection: &mut AnyConnection,
    receiver: &Receiver<Box<dyn Item>>,
    group: &mut Vec<Box<dyn Item>>,
) -> bool {
    let mut done = group[0].run(connection) == Progress::Done;
    while done
        && group.len() < GROUP
        && let Ok(mut next) = receiver.try_recv()
    {
        done = next.run(connection) == Progress::Done;
        group.push(next);
    }
    done
}

/// A failed item is undone alone. An error here means that the whole transaction is
/// gone: SQLite rolls it back by itself when the disk is full.
fn run_in_savepoint(connection: &mut AnyConnection, item: &mut Box<dyn Item>) -> Result<(), StoreError> {
    connection.batch_execute("SAVEPOINT item")?;
    let end = match item.run(connection) {
        Progress::Done => "RELEASE item",
        Progress::Failed
        | Progress::Repeat
        | Progress::Unable
        | Progress::ConnectionLost
        | Progress::Demoted => "ROLLBACK TO item; RELEASE item",
    };
    Ok(connection.batch_execute(end)?)
}
