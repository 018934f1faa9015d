//! Labels: every value is known beforehand, so that each has its slot before anything happens.

use koshin_protocol::problem::ProblemCode;
use prometheus_client::encoding::{EncodeLabel, LabelSetEncoder};
use std::fmt;

/// A label, or several, with all the values that it can have.
pub trait Label: Copy + fmt::Debug + Send + Sync + 'static {
    /// How many values there are.
    const COUNT: usize;

    /// The value's number, below [`Self::COUNT`].
    fn index(self) -> usize;

    /// The value of this number.
    fn at(index: usize) -> Self;

    /// Whether the series is shown before anything has happened. What begins at 0 lets a rule
    /// see the first event; what hardly ever happens would only fill pages.
    fn is_expected(self) -> bool {
        true
    }

    /// Writes `key="value"`.
    ///
    /// # Errors
    /// When the text cannot be written.
    fn encode(self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result;
}

/// Writes one label.
pub(super) fn encode_pair(key: &'static str, word: &str, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
    (key, word).encode(encoder.encode_label())
}

impl<A: Label, B: Label> Label for (A, B) {
    const COUNT: usize = A::COUNT * B::COUNT;

    fn index(self) -> usize {
        self.0.index() * B::COUNT + self.1.index()
    }

    fn at(index: usize) -> Self {
        (A::at(index / B::COUNT), B::at(index % B::COUNT))
    }

    fn is_expected(self) -> bool {
        self.0.is_expected() && self.1.is_expected()
    }

    fn encode(self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)?;
        self.1.encode(encoder)
    }
}

/// An enum that is a label: `Name: "key" { Variant = "word", … }`; before the brace
/// `expecting PATTERN` says which values are shown at 0.
macro_rules! label {
    (
        $(#[$doc:meta])* $name:ident: $key:literal $(expecting $expected:pat,)?
        { $($(#[$of:meta])* $variant:ident = $word:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the label.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        $crate::metrics::label::known_label!($name: $key $(expecting $expected,)?);
    };
}
pub(super) use label;

/// The same of an enum that has `ALL`, in the order of declaration, and `as_str` already.
macro_rules! known_label {
    ($name:ty: $key:literal $(expecting $expected:pat,)?) => {
        impl $crate::metrics::label::Label for $name {
            const COUNT: usize = <$name>::ALL.len();

            fn index(self) -> usize {
                self as usize
            }

            fn at(index: usize) -> Self {
                <$name>::ALL[index]
            }

            $(
                fn is_expected(self) -> bool {
                    matches!(self, $expected)
                }
            )?

            fn encode(
                self,
                encoder: &mut prometheus_client::encoding::LabelSetEncoder<'_>,
            ) -> std::fmt::Result {
                $crate::metrics::label::encode_pair($key, self.as_str(), encoder)
            }
        }
    };
}
pub(super) use known_label;

label! {
    /// The way by which a terminal asked for a certificate.
    RenewalDoor: "door" {
        /// `POST /api/cert`: the server makes the key.
        Legacy = "legacy",
        /// EST `simplereenroll`: the device has made it.
        Est = "est",
        /// EST `simpleenroll` with a recovery code.
        Recovery = "recovery",
    }
}

/// What became of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenewalOutcome {
    /// There is a new certificate, and it was answered.
    Issued,
    /// The asker went away, or the time for a request was over, before there was an answer. A
    /// certificate may have been made all the same.
    Abandoned,
    /// The answer was this problem.
    Problem(ProblemCode),
}

/// The numbers before those of the problem codes.
const NO_PROBLEM: usize = 2;

impl Label for RenewalOutcome {
    const COUNT: usize = NO_PROBLEM + ProblemCode::ALL.len();

    fn index(self) -> usize {
        match self {
            Self::Issued => 0,
            Self::Abandoned => 1,
            Self::Problem(code) => NO_PROBLEM + code as usize,
        }
    }

    fn at(index: usize) -> Self {
        match index {
            0 => Self::Issued,
            1 => Self::Abandoned,
            code => Self::Problem(ProblemCode::ALL[code - NO_PROBLEM]),
        }
    }

    fn is_expected(self) -> bool {
        match self {
            Self::Issued | Self::Abandoned => true,
            // Ours: the first one must be seen.
            Self::Problem(code) => code.status() >= 500,
        }
    }

    fn encode(self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let word = match self {
            Self::Issued => "issued",
            Self::Abandoned => "abandoned",
            Self::Problem(code) => code.as_str(),
        };
        encode_pair("outcome", word, encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metrics::{http, jobs, key_pool, records, store},
        store::{Channel, TerminalState},
    };

    fn numbers_are_places<L: Label + PartialEq>() {
        for index in 0..L::COUNT {
            assert_eq!(L::at(index).index(), index, "{:?}", L::at(index));
        }
    }

    #[test]
    fn every_value_has_its_own_slot() {
        numbers_are_places::<RenewalDoor>();
        numbers_are_places::<RenewalOutcome>();
        numbers_are_places::<(RenewalDoor, RenewalOutcome)>();
        numbers_are_places::<http::Side>();
        numbers_are_places::<http::Route>();
        numbers_are_places::<http::Status>();
        numbers_are_places::<http::HandshakeOutcome>();
        numbers_are_places::<store::StoreQueue>();
        numbers_are_places::<store::StoreAccess>();
        numbers_are_places::<store::StoreErrorKind>();
        numbers_are_places::<key_pool::KeyKind>();
        numbers_are_places::<records::Week>();
        numbers_are_places::<records::OwnCertificateKind>();
        numbers_are_places::<(jobs::Job, jobs::JobOutcome)>();
        numbers_are_places::<TerminalState>();
        numbers_are_places::<Channel>();
    }
}
