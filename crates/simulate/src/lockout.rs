//! Why a terminal was locked out, and whether anything could have been done.

use crate::{calendar::At, pc::Desk, terminal::Terminal, world::{World, instant}};
use koshin_policy::{ClientWindow, calendar::add_months};
use serde::Serialize;

/// What a locked-out terminal had, in the last two months of its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    /// It was never switched on: nothing can help but a longer window.
    Off,
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
    let months = i32::try_from(ClientWindow::MIN_MONTHS).unwrap_or(2);
    let from = add_months(instant(end), -months).as_second();
    let mut cause = Cause::Off;
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
