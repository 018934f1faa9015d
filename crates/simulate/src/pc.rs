//! PCs: when they are on, and what is the matter with them.

use crate::{
    calendar::{At, Calendar, DAY, Day, HOUR, MINUTE},
    clocks::{Clock, TlsCertificates},
    dice::{Dice, Purpose, happens, mix, within},
    parameters::Parameters,
    people::Person,
    spells::Spells,
};
use jiff::civil::Weekday;

/// What a PC is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// At the reception: on whenever the clinic is open.
    Reception,
    /// In the back office: three days of five, some hours.
    Office,
    /// Once a month, for the claims.
    Monthly,
    /// Some hours every two months or so.
    Rare,
    /// Never off. Its applications start anew once a month.
    Server,
}

/// Some time without interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// Switched on.
    pub(crate) from: At,
    /// Switched off.
    pub(crate) to: At,
}

/// What the PCs of one clinic share.
pub(crate) struct Clinic {
    away: Spells,
    line_down: Spells,
    /// Its free afternoon, beside Saturday's.
    half: Weekday,
    open_on_bridges: bool,
}

impl Clinic {
    pub(crate) fn draw(parameters: &Parameters, calendar: &Calendar, number: u64) -> Self {
        let mut dice = Dice::of(parameters.seed, Purpose::Clinic, number);
        let span = (calendar.start(), i64::from(parameters.years));
        let pcs = &parameters.pcs;
        let rebuilt = Spells::draw(&mut dice, span, pcs.renovation, (60 * DAY, 120 * DAY));
        let closed = Spells::draw(&mut dice, span, pcs.closure, (7 * DAY, 28 * DAY));
        Self {
            away: rebuilt.with(closed),
            line_down: Spells::draw(&mut dice, span, parameters.faults.line, (2 * HOUR, 5 * DAY)),
            half: if dice.chance(0.5) { Weekday::Wednesday } else { Weekday::Thursday },
            open_on_bridges: dice.chance(0.6),
        }
    }

    fn hours_on(&self, calendar: &Calendar, index: i64) -> Option<(At, At)> {
        let (day, weekday, _) = calendar.day(index);
        let whole = (8 * HOUR + 10 * MINUTE, 18 * HOUR + 20 * MINUTE);
        let half = (8 * HOUR + 10 * MINUTE, 12 * HOUR + 30 * MINUTE);
        match day {
            Day::Closed => None,
            Day::Bridge => self.open_on_bridges.then_some(whole),
            Day::Saturday => Some(half),
            Day::Open if weekday == self.half => Some(half),
            Day::Open => Some(whole),
        }
    }
}

/// One PC, with one terminal's certificate on it.
pub(crate) struct Pc {
    /// Tells this PC from all others.
    pub(crate) key: u64,
    pub(crate) habit: Habit,
    pub(crate) person: Person,
    pub(crate) clock: Clock,
    pub(crate) enrolled: At,
    /// Whether it was among the first.
    pub(crate) herd: bool,
    away: Spells,
    disk_full: Spells,
}

impl Pc {
    pub(crate) fn draw(
        parameters: &Parameters,
        calendar: &Calendar,
        tls: &TlsCertificates,
        clinic: &Clinic,
        number: u64,
    ) -> Self {
        let mut dice = Dice::of(parameters.seed, Purpose::Terminal, number);
        let span = (calendar.start(), i64::from(parameters.years));
        const HABITS: [Habit; 5] =
            [Habit::Reception, Habit::Office, Habit::Monthly, Habit::Rare, Habit::Server];
        let key = dice.number();
        let habit = HABITS[dice.share(&parameters.pcs.habits)];
        let (first, days) = parameters.enrolment.herd();
        // Where nobody comes first, everybody counts.
        let first_ones = dice.chance(first);
        let herd = first_ones || first == 0.0;
        let day = if first_ones { dice.between(0, days - 1) } else { dice.between(days, 3 * 365) };
        let away = Spells::draw(&mut dice, span, parameters.pcs.repair, (3 * DAY, 21 * DAY));
        let shelved = Spells::draw(&mut dice, span, parameters.pcs.cupboard, (30 * DAY, 200 * DAY));
        let mut pc = Self {
            key,
            habit,
            person: Person::draw(&mut dice, &parameters.people),
            clock: Clock::draw(&mut dice, span, &parameters.clocks, tls),
            enrolled: calendar.midnight(day),
            herd,
            away: away.with(shelved),
            disk_full: Spells::draw(&mut dice, span, parameters.faults.disk, (2 * DAY, 40 * DAY)),
        };
        // Certificates are installed while somebody works there.
        let (from, to) = (pc.enrolled + 9 * HOUR, pc.enrolled + 17 * HOUR);
        let open = (0..).map(|later| later * DAY).find(|later| {
            let index = calendar.index(from + later);
            index >= calendar.len() || clinic.hours_on(calendar, index).is_some()
        });
        pc.enrolled = dice.between(from, to) + open.unwrap_or(0);
        pc
    }

    pub(crate) fn disk_is_full(&self, at: At) -> bool {
        self.disk_full.around(at).is_some()
    }

    /// Whether anything but being off can keep it from renewing; a shortcut.
    pub(crate) fn is_sound(&self) -> bool {
        self.disk_full.is_empty()
    }
}

/// A PC in its clinic.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) clinic: &'a Clinic,
    pub(crate) pc: &'a Pc,
}

impl Desk<'_> {
    pub(crate) fn line_works(&self, at: At) -> bool {
        self.clinic.line_down.around(at).is_none()
    }

    /// The session in which `at` lies, or the first after it.
    pub(crate) fn session(&self, at: At) -> Option<Session> {
        let mut index = self.calendar.index(at);
        while index < self.calendar.len() {
            let midnight = self.calendar.midnight(index);
            let noon = midnight + DAY / 2;
            let away = self.pc.away.around(noon).max(self.clinic.away.around(noon));
            if let Some(back) = away {
                index = self.calendar.index(back + DAY / 2).max(index + 1);
                continue;
            }
            if let Some(session) = self.session_of(index).filter(|session| session.to > at) {
                return Some(session);
            }
            index += 1;
        }
        None
    }

    fn session_of(&self, index: i64) -> Option<Session> {
        let drawn = mix(self.pc.key, index.unsigned_abs());
        let midnight = self.calendar.midnight(index);
        let early = within(drawn, 0, 40) * MINUTE;
        let late = within(drawn >> 16, 0, 70) * MINUTE;
        let hours = self.clinic.hours_on(self.calendar, index);
        let some = |(from, to): (At, At)| {
            let start = within(drawn >> 32, from, (to - 3 * HOUR).max(from));
            Session {
                from: midnight + start,
                to: midnight + (start + within(drawn >> 8, 1, 7) * HOUR).min(to),
            }
        };
        match self.pc.habit {
            Habit::Server => Some(Session { from: midnight, to: midnight + DAY }),
            Habit::Reception => hours
                .filter(|_| !happens(drawn.rotate_left(7), 0.02))
                .map(|(from, to)| Session { from: midnight + from + early, to: midnight + to + late }),
            Habit::Office => hours.filter(|_| happens(drawn.rotate_left(7), 0.6)).map(some),
            // The claims of a month are sent by the 10th of the next.
            Habit::Monthly => hours.filter(|_| self.is_claims_day(index)).map(some),
            Habit::Rare => hours.filter(|_| self.is_rare_day(index)).map(some).map(|session| {
                let short = happens(drawn.rotate_left(19), 0.1);
                let to = if short { session.from + within(drawn >> 24, 5, 15) * MINUTE } else { session.to };
                Session { to, ..session }
            }),
        }
    }

    /// The first to sixth open day of the month, always the same for this PC.
    fn is_claims_day(&self, index: i64) -> bool {
        let own = within(self.pc.key >> 5, 1, 6);
        let day = i64::from(self.calendar.day(index).2);
        let is_open = |day: &i64| self.clinic.hours_on(self.calendar, *day).is_some();
        day <= 20
            && (index - day + 1..=index).filter(is_open).zip(1..).last().is_some_and(|(_, nth)| nth == own)
    }

    /// Three of four spans of 60 days have one day, the first open one from a day drawn by lot.
    fn is_rare_day(&self, index: i64) -> bool {
        let (span, day) = (index / 60, index % 60);
        let drawn = mix(self.pc.key, (1 << 32) + span.unsigned_abs());
        let own = within(drawn >> 9, 0, 45);
        let closed = |day: i64| self.clinic.hours_on(self.calendar, day).is_none();
        happens(drawn, 0.75) && day >= own && (1..=day - own).all(|back| closed(index - back))
    }
}
