//! The organisations that the terminals belong to.

use std::ops::Range;

/// Terminals of ten clinics, and of the next ten again: most have a few, one has two hundred.
const SIZES: [u32; 10] = [1, 2, 3, 4, 6, 8, 12, 24, 40, 200];
/// The terminals of the one large organisation, in fleets that have so many.
const LARGE: Range<u32> = 30_000..32_000;
/// Its number.
const LARGE_NUMBER: u32 = 1_000_000;

/// As many as a page of organisations has.
const FIRST: u32 = 25;

/// An organisation, `t` and its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tenant(u32);

impl Tenant {
    /// That of this terminal.
    pub(crate) fn of(terminal: u32) -> Self {
        if LARGE.contains(&terminal) {
            return Self(LARGE_NUMBER);
        }
        let of_ten: u32 = SIZES.iter().sum();
        let mut rest = terminal % of_ten;
        let before = SIZES.iter().take_while(|size| {
            let is_before = rest >= **size;
            rest = rest.saturating_sub(**size);
            is_before
        });
        let place = u32::try_from(before.count()).unwrap_or(0);
        Self(terminal / of_ten * 10 + place)
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The first organisations by name are the same ones in every fleet.
    pub(crate) fn name(self) -> String {
        let number = self.0;
        if number < FIRST { format!("あさひ第{number}医院") } else { format!("第{number}医院") }
    }
}
