//! How the world is: every figure that is an assumption, in one place. `docs/simulation.md` says where each is from.

use serde::Serialize;

/// When the fleet's first certificates were issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrolment {
    /// As such clouds begin: six of ten within the first four weeks, the others over three years.
    RollOut,
    /// All of them within one week: the worst herd.
    OneWeek,
    /// Evenly over three years.
    Even,
}

impl Enrolment {
    /// How many of the terminals come first, and within how many days.
    pub(crate) fn herd(self) -> (f64, i64) {
        match self {
            Self::RollOut => (0.6, 28),
            Self::OneWeek => (1.0, 7),
            Self::Even => (0.0, 28),
        }
    }
}

/// One simulation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameters {
    /// Everything that is left to chance comes from this number.
    pub seed: u64,
    /// How many terminals.
    pub terminals: u32,
    /// How many years.
    pub years: u32,
    /// When they were enrolled.
    pub enrolment: Enrolment,
    /// The PCs.
    pub pcs: PcFigures,
    /// The people before them.
    pub people: PeopleFigures,
    /// Clocks.
    pub clocks: ClockFigures,
    /// Lines, power, disks.
    pub faults: FaultFigures,
    /// The server.
    pub server: ServerFigures,
}

impl Parameters {
    /// A hundred thousand terminals for six years.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            terminals: 100_000,
            years: 6,
            enrolment: Enrolment::RollOut,
            pcs: PcFigures::default(),
            people: PeopleFigures::default(),
            clocks: ClockFigures::default(),
            faults: FaultFigures::default(),
            server: ServerFigures::default(),
        }
    }
}

/// When PCs are on. Probabilities are of one year unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PcFigures {
    /// Terminals of one clinic, which share line and closing days.
    pub per_clinic: u32,
    /// Shares: reception, back office, once a month, rarely, always on.
    pub habits: [f64; 5],
    /// A clinic is rebuilt and closed for 60 to 120 days.
    pub renovation: f64,
    /// A clinic is closed for 7 to 28 days: illness, travel.
    pub closure: f64,
    /// A PC is away for 3 to 21 days: repair.
    pub repair: f64,
    /// A PC lies in a cupboard for 30 to 200 days.
    pub cupboard: f64,
}

impl Default for PcFigures {
    fn default() -> Self {
        Self {
            per_clinic: 4,
            habits: [0.60, 0.20, 0.08, 0.04, 0.08],
            renovation: 0.003,
            closure: 0.15,
            repair: 0.05,
            cupboard: 0.02,
        }
    }
}

/// Who answers dialogs, and how.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeopleFigures {
    /// Shares: the willing, the busy, those who wait for the last days, those who never say yes.
    pub characters: [f64; 4],
    /// How likely the willing say yes to one dialog.
    pub willing: f64,
    /// The same of the busy.
    pub busy: f64,
    /// The same of the last-minute people, once their last days have come.
    pub last_minute: f64,
}

impl Default for PeopleFigures {
    fn default() -> Self {
        Self { characters: [0.70, 0.18, 0.09, 0.03], willing: 0.90, busy: 0.25, last_minute: 0.60 }
    }
}

/// How often, in a year, a clock goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClockFigures {
    /// By 11 to 60 minutes, for 30 to 700 days.
    pub minutes: f64,
    /// By 9 or 12 hours, for 1 to 90 days.
    pub hours: f64,
    /// By 1 to 45 days, for 1 to 120 days.
    pub days: f64,
    /// By a year, for as long as applications still connect, at most 400 days.
    pub years: f64,
    /// The battery is dead: 1 January 2000 at every start, until somebody sets the clock, for 1 to 30 days.
    pub battery: f64,
}

impl Default for ClockFigures {
    fn default() -> Self {
        Self { minutes: 0.03, hours: 0.005, days: 0.003, years: 0.002, battery: 0.007 }
    }
}

/// What fails in clinics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultFigures {
    /// Of a year: a clinic's line is down for 2 hours to 5 days.
    pub line: f64,
    /// Of a year: a PC's disk is full for 2 to 40 days.
    pub disk: f64,
    /// Of one renewal: the server's answer is lost on the way.
    pub lost_reply: f64,
    /// Of one renewal: the power fails somewhere in it.
    pub power_cut: f64,
    /// Of one renewal by today's applications: the download breaks off, and half a file is installed.
    pub torn_download: f64,
}

impl Default for FaultFigures {
    fn default() -> Self {
        Self { line: 0.4, disk: 0.005, lost_reply: 0.003, power_cut: 0.0005, torn_download: 0.0002 }
    }
}

/// The server and its operator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerFigures {
    /// Renewals that one small machine finishes in a second, sustained, when it makes the keys itself.
    pub per_second: i64,
    /// Renewals that may wait; beyond that it answers 503 with `Retry-After`.
    pub max_waiting: i64,
    /// Short outages of 10 to 240 minutes in a year.
    pub short_outages: u32,
    /// Outages of 4 to 10 hours in a year.
    pub long_outages: u32,
    /// The issuing CA ends so many years after the beginning: three years before, it can issue nothing more.
    pub ca_years: i64,
    /// So many days after that the operator has rolled it over.
    pub rollover_late_days: i64,
}

impl Default for ServerFigures {
    fn default() -> Self {
        Self {
            per_second: 15,
            max_waiting: 256,
            short_outages: 6,
            long_outages: 1,
            ca_years: 7,
            rollover_late_days: 14,
        }
    }
}
