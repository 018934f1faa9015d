//! Recovery codes (復旧コード): what they look like, how long they are good, and how often
//! somebody may be wrong.
//!
//! A code is read aloud over the telephone and typed by somebody in a hurry: twelve symbols
//! in three groups, none of which looks like another (Crockford's base 32). Eleven are
//! random, 55 bits; the last one is made from them, so that a typing error is told at once
//! and costs none of the attempts.

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

/// Symbols in the order of their values. I, L, O and U are not among them.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols of a code, the check symbol included.
const SYMBOLS: usize = 12;
/// Symbols of a group, as a code is written.
const GROUP: usize = 4;
/// Bits of a symbol.
const BITS: u32 = 5;
/// A code is good for so long.
const LIFETIME: SignedDuration = SignedDuration::from_hours(72);
/// Attempts are counted in spans of so many seconds, which begin at full hours.
const SPAN: i64 = 3600;

/// Random bytes of which a code is made.
pub const RANDOM_BYTES: usize = 7;

/// A recovery code that is written correctly; whether it is one that was issued, only the
/// records know.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; SYMBOLS]>);

/// What was typed cannot be a recovery code: it has another length, a character that no
/// code has, or a mistake in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a recovery code: there is a typing error in it")]
pub struct MistypedCode;

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RecoveryCode(…)")
    }
}

impl RecoveryCode {
    /// The code that these random bytes make; one bit of them is not used.
    pub fn from_random(random: &[u8; RANDOM_BYTES]) -> Self {
        let mut values = Zeroizing::new([0; SYMBOLS]);
        let mut bits = random.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for value in values.iter_mut().take(SYMBOLS - 1) {
            // The mask leaves five bits.
            *value = (bits & 0x1f) as u8;
            bits >>= BITS;
        }
        values[SYMBOLS - 1] = check(&values[..SYMBOLS - 1]);
        Self(values)
    }

    /// Reads what somebody typed. Case, width, spaces and hyphens do not matter; O is read
    /// as 0, I and L as 1.
    ///
    /// # Errors
    /// [`MistypedCode`], without a word about where the mistake is: nobody can know.
    pub fn parse(typed: &str) -> Result<Self, MistypedCode> {
        let mut values = Zeroizing::new([0; SYMBOLS]);
        let mut count = 0;
        for character in typed.chars().filter(|character| !is_filler(*character)) {
            *values.get_mut(count).ok_or(MistypedCode)? = value_of(character).ok_or(MistypedCode)?;
            count += 1;
        }
        let whole = count == SYMBOLS && check(&values[..SYMBOLS - 1]) == values[SYMBOLS - 1];
        whole.then_some(Self(values)).ok_or(MistypedCode)
    }

    /// `XXXX-XXXX-XXXX`, to be read and typed. Secret.
    pub fn written(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / GROUP));
        for (at, value) in self.0.iter().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(*value)]));
        }
        text
    }
}

/// What people put between the symbols.
fn is_filler(character: char) -> bool {
    const HYPHENS: [char; 9] = ['-', '‐', '‑', '‒', '–', '—', '−', 'ー', '－'];
    character.is_whitespace() || HYPHENS.contains(&character)
}

fn value_of(character: char) -> Option<u8> {
    let upper = narrow(character).to_ascii_uppercase();
    let symbol = match upper {
        'O' => b'0',
        'I' | 'L' => b'1',
        other => u8::try_from(other).ok()?,
    };
    ALPHABET.iter().position(|known| *known == symbol).and_then(|value| u8::try_from(value).ok())
}

/// The ASCII character of a full-width one: a Japanese input method types them.
fn narrow(character: char) -> char {
    const SHIFT: u32 = 0xff01 - 0x21;
    match character {
        '！'..='～' => char::from_u32(u32::from(character) - SHIFT).unwrap_or(character),
        other => other,
    }
}

/// The check symbol: the value that makes the sum of all symbols, each multiplied by its own
/// power of the field's generator, zero in GF(32). Every single wrong symbol and every two
/// that changed places change the sum.
fn check(values: &[u8]) -> u8 {
    // Horner's rule, with the check symbol as the last coefficient.
    values.iter().fold(0, |sum, value| times_generator(sum ^ value))
}

/// Times x in GF(2)[x]/(x⁵ + x² + 1).
fn times_generator(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0x20 == 0 { shifted } else { shifted ^ 0x25 }
}

/// The last instant at which a code that was issued at `issued` is good.
pub fn expires_at(issued: Timestamp) -> Timestamp {
    issued.checked_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

/// What is counted together when codes are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// From one source address.
    FromOneSource,
    /// From everywhere.
    Altogether,
}

impl Attempts {
    /// Wrong codes within an hour that are still judged.
    ///
    /// A clinic shares one address, so a few people may be wrong at once. Altogether, a
    /// thousand guesses an hour find one of a thousand open codes once in four million
    /// years.
    pub fn limit(self) -> u32 {
        match self {
            Self::FromOneSource => 10,
            Self::Altogether => 1000,
        }
    }
}

/// The span in which an attempt at `now` is counted, and the seconds until the next begins.
pub fn counting_span(now: Timestamp) -> (i64, u32) {
    let second = now.as_second();
    let left = SPAN - second.rem_euclid(SPAN);
    (second.div_euclid(SPAN), u32::try_from(left).unwrap_or(1))
}
