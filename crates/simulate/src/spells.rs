//! Spans of time in which something is the matter.

use crate::{
    calendar::{At, DAY},
    dice::Dice,
};

/// Spans, in the order of their beginnings; they may overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spells(Vec<(At, At)>);

impl Spells {
    /// Draws for each year whether there is one, of so many seconds from shortest to longest.
    pub(crate) fn draw(
        dice: &mut Dice,
        (start, years): (At, i64),
        a_year: f64,
        (shortest, longest): (At, At),
    ) -> Self {
        let mut spells = Vec::new();
        for year in 0..years {
            if dice.chance(a_year) {
                let from = start + year * 365 * DAY + dice.between(0, 365 * DAY - 1);
                spells.push((from, from + dice.between(shortest, longest)));
            }
        }
        Self::from(spells)
    }

    /// All spans of both.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        Self::from(self.0)
    }

    /// The end of the latest span around `at`, if there is one.
    pub(crate) fn around(&self, at: At) -> Option<At> {
        self.0.iter().take_while(|(from, _)| *from <= at).map(|(_, to)| *to).filter(|to| at < *to).max()
    }

    /// Whether nothing is ever the matter.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<(At, At)>> for Spells {
    fn from(mut spells: Vec<(At, At)>) -> Self {
        spells.sort_unstable();
        Self(spells)
    }
}
