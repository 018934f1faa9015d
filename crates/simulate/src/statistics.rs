//! What a scenario comes to, in figures.

use crate::{
    calendar::{At, Calendar, DAY, Day},
    lockout::Cause,
    scenario::{Scenario, Tally},
    server::Load,
    world::World,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// Minutes of an hour, and the hours in which clinics work.
const HOUR: usize = 60;
const WORKING: std::ops::Range<i64> = 8..19;
const SATURDAY: std::ops::Range<i64> = 8..13;

/// One scenario's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// By whose rules.
    pub scenario: Scenario,
    /// Terminals that could not connect at least once, by cause.
    pub lockouts: Lockouts,
    /// The server's load while the first terminals renew for the first time.
    pub season: Season,
    /// The server's load in all the years.
    pub years: Years,
    /// Renewals granted in all the years.
    pub renewals: u64,
    /// Requests for the status of a certificate, per terminal and year.
    pub asked: f64,
    /// Renewals sent away with 503.
    pub sent_away: u64,
    /// Questions to people, per terminal and year.
    pub dialogs: f64,
    /// Notices on the desktop, per terminal and year.
    pub notices: f64,
    /// Days left at renewals.
    pub days_left: DaysLeft,
}

/// Terminals that could not connect at least once. Of a terminal with several lock-outs the worst counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lockouts {
    /// All of them.
    pub terminals: u64,
    /// A renewal was possible in the last two months, and did not happen.
    pub missed: u64,
    /// A renewal left half a file behind.
    pub broken: u64,
    /// On in the last two months, but never for three minutes with line, server, CA, clock and disk in order.
    pub no_chance: u64,
    /// Off in the last two months, on in the month before.
    pub off_two_months: u64,
    /// Off for all the three months in which the server renews.
    pub off: u64,
}

impl Lockouts {
    /// Those that were switched on in the last two months and had a chance.
    pub fn avoidable(&self) -> u64 {
        self.missed + self.broken
    }

    /// Those that were switched on in the last two months, for whatever time and whether anything could be reached or not.
    pub fn on_in_two_months(&self) -> u64 {
        self.avoidable() + self.no_chance
    }

    /// The same for all the three months in which the server renews.
    pub fn on_in_three_months(&self) -> u64 {
        self.on_in_two_months() + self.off_two_months
    }
}

/// The busy season: the central nine tenths of the first renewals of the terminals that came first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Season {
    /// Its length in days.
    pub days: f64,
    /// Renewals in a mean hour in which clinics work: 8 to 19 on working days, to 13 on Saturdays.
    pub mean_working_hour: f64,
    /// Renewals in a mean hour, day and night.
    pub mean_hour: f64,
    /// Renewals in the busiest hour.
    pub peak_hour: u32,
    /// Of a hundred working hours, 99 had no more renewals than this.
    pub p99_working_hour: u32,
    /// Renewals in the busiest ten minutes.
    pub peak_ten_minutes: u32,
    /// Renewals in the busiest minute.
    pub peak_minute: u32,
    /// Renewals on the busiest day.
    pub peak_day: u32,
}

impl Season {
    /// The goal's figure: the busiest hour over the mean working hour.
    pub fn peak_over_mean(&self) -> f64 {
        ratio(f64::from(self.peak_hour), self.mean_working_hour)
    }

    /// The busiest hour over the mean hour of day and night.
    pub fn peak_over_mean_hour(&self) -> f64 {
        ratio(f64::from(self.peak_hour), self.mean_hour)
    }

    /// The busiest minute, as a share of what a server does that finishes so many renewals a second.
    pub fn busiest_minute_of(&self, per_second: u32) -> f64 {
        ratio(f64::from(self.peak_minute), 60.0 * f64::from(per_second))
    }
}

/// All the years, most of which have no renewals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Years {
    /// Renewals in a mean hour in which clinics work.
    pub mean_working_hour: f64,
    /// Renewals in a mean hour, day and night.
    pub mean_hour: f64,
    /// Renewals in the busiest hour.
    pub peak_hour: u32,
}

impl Years {
    /// The busiest hour over the mean working hour.
    pub fn peak_over_mean(&self) -> f64 {
        ratio(f64::from(self.peak_hour), self.mean_working_hour)
    }

    /// The busiest hour over the mean hour of day and night.
    pub fn peak_over_mean_hour(&self) -> f64 {
        ratio(f64::from(self.peak_hour), self.mean_hour)
    }
}

/// How many days were left at renewals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DaysLeft {
    /// The least.
    pub least: i64,
    /// One in a hundred had fewer.
    pub p1: i64,
    /// Half of them had fewer.
    pub median: i64,
    /// Renewals with so many days left, from 0 on.
    pub histogram: Vec<u32>,
}

/// What a plot needs beside the figures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    /// By day of the simulation, renewals in its busiest hour.
    pub(crate) busiest_hours: Vec<u32>,
}

pub(crate) fn outcome(
    world: &World,
    scenario: Scenario,
    tally: &Tally,
    load: &Load,
    span: (At, At),
) -> (Outcome, Curve) {
    let lived = f64::from(world.parameters.terminals) * f64::from(world.parameters.years);
    let outcome = Outcome {
        scenario,
        lockouts: lockouts(tally),
        season: season(&world.calendar, load, span),
        years: years(&world.calendar, load),
        renewals: load.renewals.iter().map(|count| u64::from(*count)).sum(),
        asked: ratio(float(load.asked), lived),
        sent_away: load.sent_away,
        dialogs: ratio(float(tally.dialogs), lived),
        notices: ratio(float(tally.notices), lived),
        days_left: days_left(&tally.days_left),
    };
    let busiest = |day: &[u32]| day.chunks(HOUR).map(sum).max().unwrap_or(0);
    let curve = Curve { busiest_hours: load.renewals.chunks(24 * HOUR).map(busiest).collect() };
    (outcome, curve)
}

fn lockouts(tally: &Tally) -> Lockouts {
    let mut counted = Lockouts::default();
    let mut seen = BTreeSet::new();
    let mut of_cause = |cause: Cause| {
        let terminals = tally.lockouts.iter().filter(|(_, found)| *found == cause);
        let new = terminals.filter(|(terminal, _)| seen.insert(*terminal)).count();
        u64::try_from(new).unwrap_or(u64::MAX)
    };
    counted.missed = of_cause(Cause::Missed);
    counted.broken = of_cause(Cause::Broken);
    counted.no_chance = of_cause(Cause::NoChance);
    counted.off_two_months = of_cause(Cause::OffTwoMonths);
    counted.off = of_cause(Cause::Off);
    counted.terminals = counted.avoidable() + counted.no_chance + counted.off_two_months + counted.off;
    counted
}

/// The central nine tenths of these moments, widened to whole hours.
pub(crate) fn span_of(first_wave: &[At]) -> (At, At) {
    let mut sorted = first_wave.to_vec();
    sorted.sort_unstable();
    let at =
        |percent: usize| sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0);
    (at(5) / 3600 * 3600, (at(95) / 3600 + 1) * 3600)
}

fn season(calendar: &Calendar, load: &Load, (from, to): (At, At)) -> Season {
    let minute = |at: At| usize::try_from((at - calendar.start()) / 60).unwrap_or(0).min(load.renewals.len());
    let minutes = load.renewals.get(minute(from)..minute(to)).unwrap_or_default();
    let all = f64::from(sum(minutes));
    let mut working = working_hours(calendar, minutes, from);
    working.sort_unstable();
    let in_working: u32 = working.iter().sum();
    let busiest = |width: usize| minutes.chunks(width).map(sum).max().unwrap_or(0);
    Season {
        days: float((to - from).unsigned_abs()) / float(DAY.unsigned_abs()),
        mean_working_hour: ratio(f64::from(in_working), count(working.len())),
        mean_hour: ratio(all, count(minutes.len()) / 60.0),
        peak_hour: busiest(HOUR),
        p99_working_hour: working.get(working.len().saturating_sub(1) * 99 / 100).copied().unwrap_or(0),
        peak_ten_minutes: busiest(10),
        peak_minute: busiest(1),
        peak_day: busiest(24 * HOUR),
    }
}

/// Renewals of each hour in which clinics work; the first of `minutes` begins at `from`.
fn working_hours(calendar: &Calendar, minutes: &[u32], from: At) -> Vec<u32> {
    let hours = minutes.chunks(HOUR).zip(0..);
    hours.filter(|(_, hour)| is_working(calendar, from + hour * 3600)).map(|(hour, _)| sum(hour)).collect()
}

fn is_working(calendar: &Calendar, at: At) -> bool {
    let index = calendar.index(at);
    let hour = (at - calendar.midnight(index)) / 3600;
    match calendar.day(index).0 {
        Day::Open | Day::Bridge => WORKING.contains(&hour),
        Day::Saturday => SATURDAY.contains(&hour),
        Day::Closed => false,
    }
}

fn years(calendar: &Calendar, load: &Load) -> Years {
    let minutes = &load.renewals;
    let working = working_hours(calendar, minutes, calendar.start());
    Years {
        mean_working_hour: ratio(f64::from(sum(&working)), count(working.len())),
        mean_hour: ratio(f64::from(sum(minutes)), count(minutes.len()) / 60.0),
        peak_hour: minutes.chunks(HOUR).map(sum).max().unwrap_or(0),
    }
}

fn days_left(days: &[i64]) -> DaysLeft {
    let mut sorted = days.to_vec();
    sorted.sort_unstable();
    let at =
        |percent: usize| sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0);
    let mut histogram = vec![0; 94];
    for days in &sorted {
        if let Some(count) = usize::try_from(*days).ok().and_then(|days| histogram.get_mut(days)) {
            *count += 1;
        }
    }
    DaysLeft { least: at(0), p1: at(1), median: at(50), histogram }
}

fn sum(counts: &[u32]) -> u32 {
    counts.iter().sum()
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}
