//! Why a terminal was locked out, and whether anything could have been done.

use crate::{
    calendar::{At, DAY},
    pc::Desk,
    terminal::Terminal,
    world::{World, instant},
};
use koshin_policy::{RenewalRules, suggestion::patient_until};
use serde::Serialize;

/// What a locked-out terminal had, in the last two months of its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    /// It was never switched on in the three months in which the server renews.
    Off,
    /// The same for the last two months, but it was on in the month before.
    OffTwoMonths,
    /// It was on, but never for three minutes with line, server, clock and disk in order.
    NoChance,
    /// A renewal was possible, and did not happen.
    Missed,
    /// A renewal left half a file.
    Broken,
}

/// Looks back at the certificate that has ended.
pub(crate) fn judge(world: &World, desk: Desk<'_>, terminal: &Terminal, since: At) -> Cause {
    let end = terminal.current.not_after.as_second();
    if since < end {
        return Cause::Broken;
    }
    let from = patient_until(instant(end)).as_second();
    let server_opens = end - i64::from(RenewalRules::DEFAULT_MAX_REMAINING_DAYS) * DAY;
    let on_before = desk.session(server_opens).is_some_and(|session| session.from < from);
    let mut cause = if on_before { Cause::OffTwoMonths } else { Cause::Off };
    let mut session = desk.session(from);
    while let Some(now) = session.filter(|session| session.from < end) {
        if world.had_a_chance(desk, now, from, end) {
            return Cause::Missed;
        }
        cause = Cause::NoChance;
        session = desk.session(now.to);
    }
    cause
}
