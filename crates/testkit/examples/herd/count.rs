//! What became of the herd.

use std::time::Duration;

use serde_json::{Value, json};

/// What came of one attempt.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// It has its certificate, so long after it came first.
    Done(Duration),
    /// 503 with Retry-After: it comes again then.
    PutOff(Duration),
    /// Any other refusal or failure of the server.
    Wrong,
    /// No answer.
    Broken,
    /// It has given up.
    Lost,
}

/// Everybody's attempts.
#[derive(Default)]
pub(crate) struct Count {
    done: Vec<Duration>,
    put_off: usize,
    wrong: usize,
    broken: usize,
    lost: usize,
}

impl Count {
    /// One terminal's.
    pub(crate) fn add(&mut self, answers: Vec<Answer>) {
        for answer in answers {
            match answer {
                Answer::Done(after) => self.done.push(after),
                Answer::PutOff(_) => self.put_off += 1,
                Answer::Wrong => self.wrong += 1,
                Answer::Broken => self.broken += 1,
                Answer::Lost => self.lost += 1,
            }
        }
    }

    /// The whole, with the milliseconds from coming first to the certificate.
    pub(crate) fn json(mut self, seconds: Duration) -> Value {
        self.done.sort_unstable();
        let count = self.done.len();
        let at = |percent: usize| {
            self.done
                .get((count * percent / 100).min(count.saturating_sub(1)))
                .map(|after| after.as_secs_f64() * 1e3)
        };
        json!({
            "done": count,
            "put_off": self.put_off,
            "wrong": self.wrong,
            "broken": self.broken,
            "lost": self.lost,
            "seconds": seconds.as_secs_f64(),
            "p50_ms": at(50),
            "p99_ms": at(99),
            "longest_ms": at(100),
        })
    }
}
