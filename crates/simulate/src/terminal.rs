//! A terminal: a certificate, what is remembered about it, and its way to the next by the client's state machine.

use crate::{
    calendar::At,
    dice::{happens, mix},
    pc::{Desk, Session},
    server::{Certificate, Denial, Records, Server},
    world::{Silence, World, instant},
};
use jiff::Timestamp;
use koshin_conduct::{
    clock::{self, Correction},
    launcher::Said,
    machine::{Ending, Event, Fault, State, Step, Subject, Via, advance},
    notices::Occasion,
    schedule::{Answer, Attempts},
};
use koshin_policy::{Kind, calendar::days_left};

/// Everything that a PC keeps.
#[derive(Debug)]
pub(crate) struct Terminal {
    pub(crate) current: Certificate,
    /// The journal of the renewal of `current`.
    pub(crate) journal: State,
    pub(crate) staged: Option<Certificate>,
    /// The server does not know yet that `current` is in use.
    pub(crate) unconfirmed: bool,
    pub(crate) attempts: Attempts,
    pub(crate) answer: Option<Answer>,
    pub(crate) told: Vec<(Occasion, Timestamp)>,
    pub(crate) said: Said,
    /// What unattended renewal has learnt about the PC's clock.
    pub(crate) correction: Correction,
    pub(crate) records: Records,
    /// Cannot connect since then: expired, or broken by a failed renewal.
    pub(crate) locked_out: Option<At>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As the machine says.
    Ended(Ending),
    /// The power failed.
    Cut,
}

/// Why it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody answers.
    Network,
    /// The answer was lost on the way.
    Interrupted,
    /// TLS does not verify the server by the PC's clock.
    Untrusted,
    /// An answer from a server whose clock says something else.
    ClockWrong { server: Timestamp, local: Timestamp },
    /// The server says not now.
    Server { retry_after: Option<u64> },
    /// The disk is full.
    Storage,
}

/// The surroundings of one attempt.
pub(crate) struct Place<'a, 'w> {
    pub(crate) world: &'w World,
    pub(crate) desk: Desk<'w>,
    pub(crate) server: &'a mut Server<'w>,
    pub(crate) session: Session,
    pub(crate) at: At,
    /// What the client adds to the PC's clock, because it has learnt to.
    pub(crate) correction: Correction,
}

impl Place<'_, '_> {
    /// The present by the PC's clock, corrected.
    pub(crate) fn now(&self) -> Timestamp {
        self.correction.apply(instant(self.desk.pc.clock.reads(self.at, self.session.from)))
    }

    /// A number for this terminal and moment.
    pub(crate) fn luck(&self, purpose: u64) -> u64 {
        mix(self.desk.pc.key ^ purpose.rotate_left(48), self.at.unsigned_abs())
    }

    /// Fixed for this PC and one of its certificates, random over all of them.
    pub(crate) fn number(&self, serial: u32) -> u64 {
        mix(self.desk.pc.key, (1 << 40) + u64::from(serial))
    }

    /// Days until the terminal's certificate ends, truly.
    pub(crate) fn days_left(&self, terminal: &Terminal) -> i64 {
        days_left(terminal.current.not_after, instant(self.at))
    }

    /// Speaks to the server; the answer brings its clock along.
    pub(crate) fn exchange(&self) -> Result<(), Trouble> {
        let local = self.desk.pc.clock.reads(self.at, self.session.from);
        match self.world.reach(self.desk, self.at, local) {
            Err(Silence::Unreachable) => Err(Trouble::Network),
            Err(Silence::Untrusted) => Err(Trouble::Untrusted),
            Ok(()) if clock::is_wrong(instant(self.at), self.now()) => {
                Err(Trouble::ClockWrong { server: instant(self.at), local: self.now() })
            }
            Ok(()) => Ok(()),
        }
    }
}

impl Terminal {
    pub(crate) fn new(current: Certificate, records: Records) -> Self {
        Self {
            current,
            journal: State::Waiting,
            staged: None,
            unconfirmed: false,
            attempts: Attempts::default(),
            answer: None,
            told: Vec::new(),
            said: Said::default(),
            correction: Correction::default(),
            records,
            locked_out: None,
        }
    }

    /// Takes `new` into use; nothing that was remembered holds for it.
    pub(crate) fn take(&mut self, new: Certificate) {
        let records = std::mem::take(&mut self.records);
        *self = Self { unconfirmed: true, correction: self.correction, ..Self::new(new, records) };
    }

    /// Whether an interrupted renewal is to be finished.
    pub(crate) fn has_begun(&self) -> bool {
        self.journal.is_begun(false)
    }

    /// One run of the client's state machine, agreed to beforehand. The power may fail before any of its steps.
    pub(crate) fn renew(
        &mut self,
        place: &mut Place<'_, '_>,
        opens: Timestamp,
    ) -> (Outcome, Option<Trouble>) {
        let faults = &place.world.parameters.faults;
        let cut = happens(place.luck(1), faults.power_cut).then(|| place.luck(2) % 12);
        let lost = happens(place.luck(3), faults.lost_reply);
        let mut run = Run { terminal: self, place, opens, lost, new: None, trouble: None };
        let outcome = run.go(cut);
        let (trouble, new) = (run.trouble, run.new);
        if let Some(new) = new {
            let confirmed = outcome == Outcome::Ended(Ending::Renewed { confirmed: true });
            self.take(new);
            self.unconfirmed = !confirmed;
        }
        (outcome, trouble)
    }
}

struct Run<'r, 'a, 'w> {
    terminal: &'r mut Terminal,
    place: &'r mut Place<'a, 'w>,
    opens: Timestamp,
    /// The server's answer to this request gets lost.
    lost: bool,
    /// What every application uses now.
    new: Option<Certificate>,
    trouble: Option<Trouble>,
}

impl Run<'_, '_, '_> {
    fn go(&mut self, cut: Option<u64>) -> Outcome {
        let now = self.place.now();
        // What a crash left half replaced is put back before anything else.
        if self.terminal.journal.is_interrupted() {
            self.step(Event::PutBack, State::Switching, now);
        }
        let mut event = Event::Started(self.subject());
        for step in 0_u64.. {
            let steps = self.step(event, self.terminal.journal.clone(), now);
            if cut == Some(step) {
                return Outcome::Cut;
            }
            match steps.into_iter().find_map(|step| self.perform(step)) {
                Some(Next::End(ending)) => return Outcome::Ended(ending),
                Some(Next::Event(next)) => event = next,
                None => break,
            }
        }
        Outcome::Ended(Ending::Failed)
    }

    /// The journal is written before the steps are performed.
    fn step(&mut self, event: Event, from: State, now: Timestamp) -> Vec<Step> {
        let (state, steps) =
            advance(from, event, now).expect("the performer feeds back what its steps bring");
        if state == State::Switched {
            self.new = self.terminal.staged;
        }
        self.terminal.journal = state;
        steps
    }

    fn subject(&self) -> Subject {
        let Certificate { not_before, not_after, .. } = self.terminal.current;
        Subject {
            kind: Kind::Renewable,
            not_before,
            not_after,
            opens: self.opens,
            forced: false,
            agreed: true,
            staged_until: self.terminal.staged.map(|staged| staged.not_after),
            has_code: false,
            asked_by_code: false,
        }
    }

    /// What a step brings; nothing where the next one follows at once.
    fn perform(&mut self, step: Step) -> Option<Next> {
        let event = match step {
            // Whoever runs it has agreed.
            Step::Ask => Event::Accepted,
            Step::CheckRoom if self.place.desk.pc.disk_is_full(self.place.at) => {
                return Some(self.failed(Trouble::Storage));
            }
            Step::CheckRoom => Event::RoomChecked,
            Step::ChooseVia => self.talk(Event::ViaChosen(Via::Est)),
            Step::MakeKey => Event::KeyStaged,
            Step::BuildRequest => Event::RequestBuilt(Via::Est),
            Step::Request(_) => return Some(self.request()),
            Step::Verify => Event::Verified,
            Step::Try => self.talk(Event::TrialPassed),
            Step::Plan => Event::Planned,
            Step::Prepare => Event::Prepared,
            Step::Commit => Event::Committed,
            Step::RunHooks => Event::HooksRan,
            Step::PutBack => Event::PutBack,
            Step::Confirm => self.confirm(),
            Step::Discard => {
                self.terminal.staged = None;
                return None;
            }
            Step::RunHooksBefore | Step::CleanUp | Step::Retire => return None,
            Step::Finish(ending) => return Some(Next::End(ending)),
        };
        Some(Next::Event(event))
    }

    fn talk(&mut self, event: Event) -> Event {
        match self.place.exchange() {
            Ok(()) => event,
            Err(trouble) => self.fault(trouble),
        }
    }

    fn request(&mut self) -> Next {
        if let Err(trouble) = self.place.exchange() {
            return self.failed(trouble);
        }
        let Terminal { current, records, .. } = &mut *self.terminal;
        match self.place.server.renew(current, records, self.place.at) {
            // The server has signed, and nobody here knows.
            Ok(_) if self.lost => self.failed(Trouble::Interrupted),
            Ok(new) => {
                self.terminal.staged = Some(new);
                Next::Event(Event::ReplyStaged)
            }
            Err(Denial::Later(seconds)) => self.failed(Trouble::Server { retry_after: Some(seconds) }),
            Err(Denial::Refused | Denial::CannotIssue) => self.failed(Trouble::Server { retry_after: None }),
        }
    }

    fn confirm(&mut self) -> Event {
        let new = self.terminal.staged;
        let event = self.talk(Event::Confirmed);
        if let (Event::Confirmed, Some(new)) = (&event, new) {
            self.place.server.used(&new, &mut self.terminal.records);
        }
        event
    }

    fn failed(&mut self, trouble: Trouble) -> Next {
        Next::Event(self.fault(trouble))
    }

    fn fault(&mut self, trouble: Trouble) -> Event {
        self.trouble.get_or_insert(trouble);
        Event::Failed(Fault { why: String::new(), condemns_certificate: false, keeps_key: false })
    }
}

enum Next {
    Event(Event),
    End(Ending),
}
