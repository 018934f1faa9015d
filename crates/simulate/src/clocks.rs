//! Clocks that are wrong.

use crate::{
    calendar::{At, DAY, HOUR, MINUTE},
    dice::{Dice, mix, within},
    parameters::ClockFigures,
};

/// 1 January 2000, where clocks begin without a battery.
const FACTORY: At = 946_684_800;

/// What is the matter with it.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// By so many seconds.
    By(At),
    /// At every start it begins in the year 2000, until somebody sets it.
    Battery,
}

/// One PC's clock: right, but for some spans.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    key: u64,
    faults: Vec<(At, At, Wrong)>,
}

impl Clock {
    /// Draws what goes wrong in these years. `key` tells this clock from others.
    pub(crate) fn draw(
        dice: &mut Dice,
        span: (At, i64),
        figures: &ClockFigures,
        tls: &TlsCertificates,
    ) -> Self {
        let key = dice.number();
        let mut faults = Vec::new();
        for year in 0..span.1 {
            let from = span.0 + year * 365 * DAY + dice.between(0, 365 * DAY - 1);
            let sign = if dice.chance(0.5) { 1 } else { -1 };
            if dice.chance(figures.minutes) {
                let by = sign * dice.between(11 * MINUTE, 60 * MINUTE);
                faults.push((from, from + dice.between(30, 700) * DAY, Wrong::By(by)));
            } else if dice.chance(figures.hours) {
                let by = sign * if dice.chance(0.5) { 9 * HOUR } else { 12 * HOUR };
                faults.push((from, from + dice.between(1, 90) * DAY, Wrong::By(by)));
            } else if dice.chance(figures.days) {
                let by = sign * dice.between(1, 45) * DAY;
                faults.push((from, from + dice.between(1, 120) * DAY, Wrong::By(by)));
            } else if dice.chance(figures.years) {
                faults.push((from, from + dice.between(100, 400) * DAY, Wrong::By(sign * 365 * DAY)));
            } else if dice.chance(figures.battery) {
                faults.push((from, from + dice.between(1, 30) * DAY, Wrong::Battery));
            }
        }
        faults.sort_unstable_by_key(|fault| fault.0);
        for (from, to, wrong) in &mut faults {
            if let Wrong::By(by) = wrong {
                // Where no application connects any more, somebody sets the clock within days.
                *to = (*to).min(tls.first_refusal(*from, *to, *by) + dice.between(1, 3) * DAY);
            }
        }
        Self { key, faults }
    }

    /// What it says at `at`, in a PC that was switched on at `on_since`.
    pub(crate) fn reads(&self, at: At, on_since: At) -> At {
        match self.fault(at) {
            None => at,
            Some(Wrong::By(seconds)) => at + seconds,
            Some(Wrong::Battery) if at < self.set_at(on_since) => FACTORY + (at - on_since),
            Some(Wrong::Battery) => at,
        }
    }

    /// The next moment after `at` at which it is not wrong in the same way any more.
    pub(crate) fn next_change(&self, at: At, on_since: At) -> Option<At> {
        let set = self.fault(at).is_some_and(|wrong| matches!(wrong, Wrong::Battery)).then(|| {
            let set_at = self.set_at(on_since);
            // Afterwards the next start brings the next change, tomorrow at the latest.
            if at < set_at { set_at } else { at + DAY / 2 }
        });
        let edges = self.faults.iter().flat_map(|(from, to, _)| [*from, *to]).filter(|edge| *edge > at);
        edges.chain(set).min()
    }

    fn fault(&self, at: At) -> Option<Wrong> {
        let now = self.faults.iter().take_while(|(from, ..)| *from <= at);
        now.filter(|(_, to, _)| at < *to).map(|(.., wrong)| *wrong).last()
    }

    /// After the start at `on_since` somebody sets it by hand, for nothing works before.
    fn set_at(&self, on_since: At) -> At {
        on_since + within(mix(self.key, on_since.unsigned_abs()), 5, 90) * MINUTE
    }
}

/// The server's own TLS certificates, renewed once a year: what a clock must not leave.
pub(crate) struct TlsCertificates {
    start: At,
}

impl TlsCertificates {
    /// The longest that browsers accept.
    const LIFE: At = 398 * DAY;
    const PERIOD: At = 365 * DAY;

    /// The first was issued four months before the beginning.
    pub(crate) fn new(start: At) -> Self {
        Self { start: start - 120 * DAY }
    }

    /// Whether TLS verifies the certificate that the server has at `at` by a clock that says `local`.
    pub(crate) fn accepts(&self, at: At, local: At) -> bool {
        let issued = self.start + (at - self.start).div_euclid(Self::PERIOD) * Self::PERIOD;
        (issued..issued + Self::LIFE).contains(&local)
    }

    fn first_refusal(&self, from: At, to: At, by: At) -> At {
        let days = (0..).map(|day| from + day * DAY).take_while(|at| *at < to);
        days.into_iter().find(|at| !self.accepts(*at, at + by)).unwrap_or(to)
    }
}
