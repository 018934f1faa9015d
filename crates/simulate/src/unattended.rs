//! A PC on which Koshin renews by itself: `koshin daemon`, by the client's own schedule.

use crate::{
    calendar::{At, MINUTE},
    scenario::{Actor, Tally, next_look},
    terminal::{Outcome, Place, Terminal, Trouble},
};
use jiff::Timestamp;
use koshin_conduct::{
    machine::Ending,
    notices::{Occasion, tells},
    schedule::{self, Action, Answer, Attempts, CHECK_EVERY, Facts, KNOCK, Next, SETTLING},
    thresholds,
};
use koshin_policy::ClientWindow;

/// After the power has failed, the PC is on again so soon, if it is still wanted that day.
const RESTART: At = 2 * MINUTE;
/// `daemon --once` stays for an attempt that is no further away (`client/src/daemon/stay.rs`).
const NEAR: At = 3 * MINUTE;

/// The rules of `daemon/round.rs`, without disk, words and windows.
pub(crate) struct Unattended;

impl Actor for Unattended {
    fn act(&self, terminal: &mut Terminal, place: &mut Place<'_, '_>, tally: &mut Tally) -> Option<At> {
        let mut round = Round { terminal, place, tally, learnt: false, cut: false };
        let mut next = round.look();
        if round.learnt {
            // By the corrected clock all may be different: the daemon looks again at once.
            round.learnt = false;
            next = round.look();
        }
        if round.cut {
            // The power is back, and so is the daemon.
            return next_look(place.desk, place.at + RESTART + SETTLING.as_secs());
        }
        // The PC's clock against the true one: what it waits for comes so much earlier or later.
        let ahead = place.now().as_second() - place.at;
        let looks = next.at.as_second().saturating_sub(ahead);
        // `daemon --once` stays for a knock that is near; otherwise the timer's next tick looks.
        let near = looks <= place.at + NEAR;
        let looks = if terminal.attempts.unanswered && next.action == Action::Wait && near {
            looks.max(place.at + KNOCK.as_secs())
        } else {
            tick(place, looks.max(place.at + 1))
        };
        let changes = place.desk.pc.clock.next_change(place.at, place.session.from);
        next_look(place.desk, changes.map_or(looks, |change| looks.min(change.max(place.at + 1))))
    }
}

/// The first tick of the timer from `at` on: every quarter of an hour, at a minute of the PC's own.
fn tick(place: &Place<'_, '_>, at: At) -> At {
    let every = CHECK_EVERY.as_secs();
    let own = i64::try_from(place.desk.pc.key % every.unsigned_abs()).unwrap_or(0);
    at.saturating_add((own - at).rem_euclid(every))
}

struct Round<'r, 'a, 'w> {
    terminal: &'r mut Terminal,
    place: &'r mut Place<'a, 'w>,
    tally: &'r mut Tally,
    /// The correction of the clock has changed.
    learnt: bool,
    /// The power has failed.
    cut: bool,
}

impl Round<'_, '_, '_> {
    fn look(&mut self) -> Next {
        self.confirm();
        let next = self.next();
        let next = if next.action == Action::Ask {
            self.ask();
            self.next()
        } else {
            next
        };
        match next.action {
            Action::Renew => self.renew(next.urgent),
            Action::TellPerson => self.tell(Occasion::NeedsPerson, next.urgent),
            Action::Wait | Action::Ask => {}
        }
        if next.action == Action::Renew { self.next() } else { next }
    }

    /// A switch that the server was not told of yet.
    fn confirm(&mut self) {
        if self.terminal.unconfirmed && self.place.exchange().is_ok() {
            self.place.server.used(&self.terminal.current, &mut self.terminal.records);
            self.terminal.unconfirmed = false;
        }
    }

    fn next(&self) -> Next {
        let current = &self.terminal.current;
        let facts = Facts {
            not_before: current.not_before,
            not_after: current.not_after,
            opens: opens(current.not_after),
            begun: self.terminal.has_begun(),
            needs_person: false,
            answer: self.terminal.answer,
            spread: self.place.number(current.serial),
        };
        schedule::next(&facts, &self.terminal.attempts, self.place.now())
    }

    fn ask(&mut self) {
        let now = self.place.now();
        match self.place.exchange() {
            Ok(()) => {
                let own = self.place.number(0);
                let status = self.place.server.status(&self.terminal.current, own, self.place.at);
                let not_after = self.terminal.current.not_after;
                let answer = Answer {
                    asked_at: now,
                    suggested_at: status.suggested_at,
                    hours: None,
                    renewable: status.renewable,
                    opens_at: Some(status.opens_at),
                    absence: None,
                    impatient_since: None,
                };
                let previous = self.terminal.answer;
                self.terminal.answer =
                    Some(answer.after(previous.as_ref(), &self.terminal.attempts, not_after, now));
                if !(opens(not_after)..=not_after).contains(&now) {
                    self.terminal.attempts = Attempts::default();
                }
            }
            Err(trouble) => self.failed(trouble, now),
        }
    }

    fn renew(&mut self, urgent: bool) {
        let now = self.place.now();
        self.tell(Occasion::Begins, urgent);
        let left = self.place.days_left(self.terminal);
        let answer = self.terminal.answer;
        let opens = opens(self.terminal.current.not_after);
        let mut run = self.terminal.renew(self.place, opens);
        if run == (Outcome::Ended(Ending::Failed), Some(Trouble::Interrupted))
            && self.terminal.attempts.failures == 0
        {
            self.place.at += 1;
            run = self.terminal.renew(self.place, opens);
        }
        let (outcome, trouble) = run;
        match (outcome, trouble) {
            (Outcome::Ended(Ending::Renewed { .. }), _) => {
                self.tally.renewed(self.place, left);
                self.terminal.attempts.succeeded(now);
                self.terminal.answer = answer;
                self.tell(Occasion::Renewed, false);
            }
            (Outcome::Ended(_), Some(trouble)) => self.failed(trouble, now),
            (Outcome::Cut, _) => self.cut = true,
            (Outcome::Ended(_), None) => {}
        }
    }

    fn failed(&mut self, trouble: Trouble, now: Timestamp) {
        if let Trouble::ClockWrong { server, local } = trouble {
            self.terminal.correction = self.terminal.correction.after(server, local);
            self.place.correction = self.terminal.correction;
            self.learnt = true;
            return;
        }
        match trouble {
            Trouble::Network => self.terminal.attempts.nobody_answered(now),
            Trouble::Server { retry_after } => self.terminal.attempts.failed(now, retry_after),
            _ => self.terminal.attempts.failed(now, None),
        }
        let passes = trouble != Trouble::Storage;
        let urgent = self.next().urgent;
        self.tell(if passes { Occasion::FailedForNow } else { Occasion::Failed }, urgent);
    }

    fn tell(&mut self, occasion: Occasion, urgent: bool) {
        let now = self.place.now();
        let same = |told: &&mut (Occasion, Timestamp)| told.0.as_str() == occasion.as_str();
        let told = self.terminal.told.iter_mut().find(same);
        if tells(occasion, &self.terminal.attempts, told.as_ref().map(|told| told.1), urgent, now) {
            self.tally.notices += 1;
            match told {
                Some(told) => told.1 = now,
                None => self.terminal.told.push((occasion, now)),
            }
        }
    }
}

fn opens(not_after: Timestamp) -> Timestamp {
    schedule::opens(window().opens(not_after), not_after)
}

/// When the fleet's applications ask, monsiaj and glclient2.
pub(crate) fn window() -> ClientWindow {
    thresholds::monsiaj(None).0
}
