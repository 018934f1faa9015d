//! People who are asked.

use crate::{
    dice::{Dice, happens, within},
    parameters::PeopleFigures,
};

/// What somebody before a PC is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Person {
    kind: Kind,
    /// How likely a yes is, when it is possible at all.
    says_yes: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Any,
    /// Says no until so many days are left.
    LastMinute(i64),
    Never,
}

impl Person {
    pub(crate) fn draw(dice: &mut Dice, figures: &PeopleFigures) -> Self {
        let last = within(dice.number(), 1, 7);
        match dice.share(&figures.characters) {
            0 => Self { kind: Kind::Any, says_yes: figures.willing },
            1 => Self { kind: Kind::Any, says_yes: figures.busy },
            2 => Self { kind: Kind::LastMinute(last), says_yes: figures.last_minute },
            _ => Self { kind: Kind::Never, says_yes: 0.0 },
        }
    }

    /// The answer to one dialog, when so many days are left; `drawn` is the mood of the moment.
    pub(crate) fn agrees(&self, days_left: i64, drawn: u64) -> bool {
        let in_the_mood = match self.kind {
            Kind::Any => true,
            Kind::LastMinute(days) => days_left <= days,
            Kind::Never => false,
        };
        in_the_mood && happens(drawn, self.says_yes)
    }
}
