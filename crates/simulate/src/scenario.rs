//! One scenario: every terminal lives by the same rules, in the order of time.

use crate::{
    by_people::{Dialogs, Original},
    calendar::{At, DAY},
    dice::{mix, within},
    lockout::{Cause, judge},
    pc::Desk,
    server::{Load, Records, Server},
    terminal::{Place, Terminal},
    unattended::Unattended,
    world::{World, instant},
};
use koshin_conduct::schedule::SETTLING;
use serde::Serialize;
use std::{cmp::Reverse, collections::BinaryHeap};

/// By whose rules terminals renew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Today's applications: a question at every start, two months before the end.
    Original,
    /// Koshin's dialogs only.
    KoshinDialogs,
    /// Koshin unattended.
    KoshinUnattended,
}

impl Scenario {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::Original, Self::KoshinDialogs, Self::KoshinUnattended];

    /// The heading of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Original => "original rules",
            Self::KoshinDialogs => "Koshin, dialogs only",
            Self::KoshinUnattended => "Koshin, unattended",
        }
    }

    fn actor(self) -> &'static dyn Actor {
        match self {
            Self::Original => &Original,
            Self::KoshinDialogs => &Dialogs,
            Self::KoshinUnattended => &Unattended,
        }
    }

    /// Days until a locked-out terminal has a new certificate: by telephone and a recovery code, or by a visit.
    fn repair_days(self) -> (i64, i64) {
        match self {
            Self::Original => (2, 10),
            Self::KoshinDialogs | Self::KoshinUnattended => (0, 2),
        }
    }
}

/// What a terminal does when its PC is on and its time has come.
pub(crate) trait Actor {
    /// Acts, and says when there may be something to do next.
    fn act(&self, terminal: &mut Terminal, place: &mut Place<'_, '_>, tally: &mut Tally) -> Option<At>;
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Days that were left at each renewal.
    pub(crate) days_left: Vec<i64>,
    /// When the terminals of the first weeks renewed for the first time.
    pub(crate) first_wave: Vec<At>,
    /// Questions to people, and notices on the desktop.
    pub(crate) dialogs: u64,
    pub(crate) notices: u64,
    /// Terminals that a renewal has broken.
    pub(crate) broken: u64,
    /// By terminal, the causes of its lock-outs.
    pub(crate) lockouts: Vec<(usize, Cause)>,
}

impl Tally {
    pub(crate) fn renewed(&mut self, place: &Place<'_, '_>, days_left: i64) {
        self.days_left.push(days_left);
        if place.desk.pc.herd && place.at < place.desk.pc.enrolled + 4 * 365 * DAY {
            self.first_wave.push(place.at);
        }
    }
}

/// Lets the whole fleet live. Returns what was counted, and the server's load.
pub(crate) fn run(world: &World, scenario: Scenario) -> (Tally, Load) {
    let mut fleet = Fleet {
        world,
        scenario,
        server: Server::new(world),
        terminals: Vec::new(),
        queue: BinaryHeap::new(),
        tally: Tally::default(),
    };
    fleet.enrol();
    while let Some(Reverse((at, terminal))) = fleet.queue.pop() {
        fleet.happens(at, terminal);
    }
    (fleet.tally, fleet.server.load)
}

struct Fleet<'w> {
    world: &'w World,
    scenario: Scenario,
    server: Server<'w>,
    terminals: Vec<Option<Terminal>>,
    queue: BinaryHeap<Reverse<(At, usize)>>,
    tally: Tally,
}

impl<'w> Fleet<'w> {
    fn enrol(&mut self) {
        let count = usize::try_from(self.world.parameters.terminals).unwrap_or(0);
        self.terminals.resize_with(count, || None);
        for terminal in 0..count {
            self.plan(Some(self.world.desk(terminal).pc.enrolled), terminal);
        }
    }

    fn plan(&mut self, at: Option<At>, terminal: usize) {
        if let Some(at) = at.filter(|at| *at < self.world.end) {
            self.queue.push(Reverse((at, terminal)));
        }
    }

    fn happens(&mut self, at: At, index: usize) {
        let desk = self.world.desk(index);
        let Some(mut terminal) = self.terminals[index].take() else { return self.begin(at, index) };
        if terminal.locked_out.is_some() {
            return self.begin(at, index);
        }
        let end = terminal.current.not_after.as_second();
        let next = if at > end {
            terminal.locked_out = Some(end);
            None
        } else if let Some(session) = desk.session(at) {
            let (world, correction) = (self.world, terminal.correction);
            let mut place = Place { world, desk, server: &mut self.server, session, at, correction };
            self.scenario.actor().act(&mut terminal, &mut place, &mut self.tally)
        } else {
            None
        };
        if let Some(since) = terminal.locked_out {
            let cause = judge(self.world, desk, &terminal, since);
            self.tally.lockouts.push((index, cause));
            let repaired = self.repaired(index, since.max(at));
            self.plan(repaired, index);
        } else {
            let expires = terminal.current.not_after.as_second() + 1;
            self.plan(Some(next.map_or(expires, |next| next.min(expires))), index);
        }
        self.terminals[index] = Some(terminal);
    }

    /// A first certificate, or one that a person brought.
    fn begin(&mut self, at: At, index: usize) {
        let mut records = Records::default();
        let Some(certificate) = self.server.hand_over(&mut records, at) else {
            // While the CA cannot issue, nobody is enrolled.
            return self.plan(Some(at + DAY), index);
        };
        let mut terminal = Terminal::new(certificate, records);
        terminal.attempts.succeeded(instant(at));
        self.terminals[index] = Some(terminal);
        // The first look is the next.
        self.plan(next_look(self.world.desk(index), at + 1), index);
    }

    /// Noticed when the PC is used next, and then it takes some days.
    fn repaired(&self, index: usize, since: At) -> Option<At> {
        let desk = self.world.desk(index);
        let (shortest, longest) = self.scenario.repair_days();
        let days = within(mix(desk.pc.key, since.unsigned_abs()), shortest * DAY, longest * DAY);
        let noticed = desk.session(since)?;
        next_look(desk, noticed.from.max(since) + days + 1)
    }
}

/// The first moment from `at` on at which the PC is on and settled.
pub(crate) fn next_look(desk: Desk<'_>, at: At) -> Option<At> {
    let mut session = desk.session(at)?;
    loop {
        let settled = (session.from + SETTLING.as_secs()).max(at);
        if settled < session.to {
            return Some(settled);
        }
        session = desk.session(session.to)?;
    }
}
