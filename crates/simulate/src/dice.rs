//! Chance, from the seed alone.
//!
//! Lives are drawn with ChaCha8, one stream for each terminal or clinic, so that neither the order in which they are
//! drawn nor the number of threads changes them. What happens at a moment (does somebody say yes today?) comes from a
//! hash of who and when. No function of floating-point numbers is used that may differ from machine to machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// For what a stream is used, so that terminal 7 and clinic 7 have different ones.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    World = 1,
    Clinic = 2,
    Terminal = 3,
}

/// One stream of chance.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of one subject.
    pub(crate) fn of(seed: u64, purpose: Purpose, subject: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = purpose as u8;
        let mut stream = ChaCha8Rng::from_seed(bytes);
        stream.set_stream(subject);
        Self(stream)
    }

    /// Any number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Whether something of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        happens(self.number(), probability)
    }

    /// From `low` to `high`, both inclusive.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        within(self.number(), low, high)
    }

    /// The index of one of these shares, which sum up to 1.
    pub(crate) fn share(&mut self, shares: &[f64]) -> usize {
        let drawn = fraction(self.number());
        let mut sum = 0.0;
        let below = |share: &f64| {
            sum += share;
            drawn < sum
        };
        shares.iter().position(below).unwrap_or(shares.len() - 1)
    }
}

/// A number that is fixed for `who` and `when`, and random over both.
pub(crate) fn mix(who: u64, when: u64) -> u64 {
    // SplitMix64's finaliser (Steele, Lea and Flood, 2014).
    let mut hash = who ^ when.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

/// Whether `number` is among the first `probability` of all.
pub(crate) fn happens(number: u64, probability: f64) -> bool {
    fraction(number) < probability
}

/// `number` as one from `low` to `high`, both inclusive.
pub(crate) fn within(number: u64, low: i64, high: i64) -> i64 {
    let count = u64::try_from(high - low + 1).unwrap_or(1).max(1);
    low + i64::try_from(number % count).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are kept, which a f64 holds exactly")]
fn fraction(number: u64) -> f64 {
    (number >> 11) as f64 / (1_u64 << 53) as f64
}
