//! What all scenarios share: the same calendar, PCs, faults and outages for the same seed.

use crate::{
    calendar::{At, Calendar, DAY, HOUR, MINUTE},
    clocks::TlsCertificates,
    dice::{Dice, Purpose},
    parameters::Parameters,
    pc::{Clinic, Desk, Pc, Session},
    spells::Spells,
};
use jiff::Timestamp;
use koshin_conduct::{clock, schedule::SETTLING};
use koshin_policy::{ValidityRules, calendar::add_years, validity};

/// A renewal needs so long: settling, a few seconds of work, and some patience with a slow line.
const CHANCE: At = 3 * MINUTE;

/// The world.
pub(crate) struct World {
    pub(crate) parameters: Parameters,
    pub(crate) calendar: Calendar,
    pub(crate) end: At,
    tls: TlsCertificates,
    outages: Spells,
    clinics: Vec<Clinic>,
    pcs: Vec<Pc>,
}

/// Why a PC cannot speak to the server at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Line or server are down.
    Unreachable,
    /// TLS does not verify the server by the PC's clock.
    Untrusted,
}

impl World {
    pub(crate) fn new(parameters: Parameters) -> Self {
        let calendar = Calendar::new(i64::from(parameters.years));
        let start = calendar.start();
        let tls = TlsCertificates::new(start);
        let clinics = parameters.terminals.div_ceil(parameters.pcs.per_clinic);
        let clinics: Vec<Clinic> =
            (0..u64::from(clinics)).map(|number| Clinic::draw(&parameters, &calendar, number)).collect();
        let per_clinic = u64::from(parameters.pcs.per_clinic);
        let pcs = (0..u64::from(parameters.terminals)).map(|number| {
            let clinic = usize::try_from(number / per_clinic).unwrap_or(0);
            Pc::draw(&parameters, &calendar, &tls, &clinics[clinic], number)
        });
        Self {
            pcs: pcs.collect(),
            outages: outages(&parameters, start),
            end: start + i64::from(parameters.years) * 365 * DAY,
            tls,
            clinics,
            calendar,
            parameters,
        }
    }

    pub(crate) fn desk(&self, terminal: usize) -> Desk<'_> {
        let per_clinic = usize::try_from(self.parameters.pcs.per_clinic).unwrap_or(1);
        Desk {
            calendar: &self.calendar,
            clinic: &self.clinics[terminal / per_clinic],
            pc: &self.pcs[terminal],
        }
    }

    /// The end of the CA that issues at `at`.
    pub(crate) fn issuer_end(&self, at: At) -> Timestamp {
        let server = &self.parameters.server;
        let years = i16::try_from(server.ca_years).unwrap_or(i16::MAX);
        let first = add_years(instant(self.calendar.start()), years);
        let rolled_over = add_years(first, -3).as_second() + server.rollover_late_days * DAY;
        if at < rolled_over { first } else { add_years(first, 10) }
    }

    /// Whether the server can be spoken to from `desk`, by a clock that says `local`.
    pub(crate) fn reach(&self, desk: Desk<'_>, at: At, local: At) -> Result<(), Silence> {
        if !desk.line_works(at) || self.outages.around(at).is_some() {
            return Err(Silence::Unreachable);
        }
        if clock::is_wrong(instant(at), instant(local)) && !self.tls.accepts(at, local) {
            return Err(Silence::Untrusted);
        }
        Ok(())
    }

    /// Whether a renewal was possible somewhere in the session, after `from` and before `to`: the PC is on, line and
    /// server work, the CA can issue, the clock lets TLS verify, and the disk has room, for long enough.
    pub(crate) fn had_a_chance(&self, desk: Desk<'_>, session: Session, from: At, to: At) -> bool {
        let issues =
            |at: At| validity(&ValidityRules::default(), None, self.issuer_end(at), instant(at)).is_ok();
        let can = |at: At| {
            let local = desk.pc.clock.reads(at, session.from);
            self.reach(desk, at, local).is_ok()
                && issues(at)
                && (desk.pc.is_sound() || !desk.pc.disk_is_full(at))
        };
        let (begin, end) = ((session.from + SETTLING.as_secs()).max(from), session.to.min(to));
        let mut at = begin;
        while at + CHANCE <= end {
            if can(at) && can(at + CHANCE) {
                return true;
            }
            at += CHANCE;
        }
        false
    }
}

/// The server's own: short ones, long ones, and one of three days, when most terminals of the first weeks renew.
fn outages(parameters: &Parameters, start: At) -> Spells {
    let mut dice = Dice::of(parameters.seed, Purpose::World, 0);
    let server = &parameters.server;
    let mut outages = Vec::new();
    for year in 0..i64::from(parameters.years) {
        let mut draw = |shortest: At, longest: At| {
            let from = start + year * 365 * DAY + dice.between(0, 365 * DAY - 1);
            outages.push((from, from + dice.between(shortest, longest)));
        };
        (0..server.short_outages).for_each(|_| draw(10 * MINUTE, 240 * MINUTE));
        (0..server.long_outages).for_each(|_| draw(4 * HOUR, 10 * HOUR));
    }
    let first_ends = add_years(instant(start), 3).as_second();
    let worst = first_ends - 81 * DAY + 9 * HOUR;
    outages.push((worst, worst + 3 * DAY));
    Spells::from(outages)
}

/// Whole seconds as jiff knows them.
pub(crate) fn instant(at: At) -> Timestamp {
    Timestamp::from_second(at).unwrap_or(Timestamp::MAX)
}
