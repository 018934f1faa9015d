//! The life of a terminal's certificates: what has passed, what is left, where the old and
//! the new one overlap, and today.

use super::escaped;
use jiff::Timestamp;
use std::fmt::Write;

/// Units across the picture.
const WIDTH: i128 = 1000;
/// Units of one lane.
const LANE: usize = 12;
/// Pixels of one lane.
const LANE_PIXELS: usize = 20;

/// What a stretch of time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LifeKind {
    /// A certificate that has ended.
    Past,
    /// The one in use.
    Current,
    /// One that waits for its first use.
    New,
}

impl LifeKind {
    fn class(self) -> &'static str {
        match self {
            Self::Past => "past",
            Self::Current => "current",
            Self::New => "new",
        }
    }
}

/// The life of one certificate, as far as it went or may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// From when.
    pub(crate) from: Timestamp,
    /// To when.
    pub(crate) to: Timestamp,
    /// What it is.
    pub(crate) kind: LifeKind,
}

/// One lane a certificate, oldest first, and a line through all of them for today. `title`
/// says the same in words.
pub(crate) fn life(lives: &[Life], today: Timestamp, title: &str) -> String {
    let height = LANE * lives.len().max(1);
    let mut svg = format!(
        "<svg class=\"life\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {height}\" \
         preserveAspectRatio=\"none\" height=\"{}\">",
        escaped(title),
        LANE_PIXELS * lives.len().max(1),
    );
    let start = lives.iter().map(|life| life.from).min().unwrap_or(today).min(today);
    let end = lives.iter().map(|life| life.to).max().unwrap_or(today).max(today);
    let across = |instant: Timestamp| {
        let whole = i128::from(end.as_second() - start.as_second()).max(1);
        i128::from(instant.as_second() - start.as_second()).clamp(0, whole) * WIDTH / whole
    };
    for (lane, life) in lives.iter().enumerate() {
        let (from, to, top) = (across(life.from), across(life.to), lane * LANE + 2);
        let class = life.kind.class();
        // Writing into a string cannot fail.
        let _ = write!(
            svg,
            "<rect class=\"life-{class}\" x=\"{from}\" y=\"{top}\" width=\"{}\" height=\"8\"/>",
            (to - from).max(2)
        );
        let spent = across(today).clamp(from, to);
        if life.kind != LifeKind::Past && spent > from {
            let width = spent - from;
            let _ = write!(
                svg,
                "<rect class=\"life-spent\" x=\"{from}\" y=\"{top}\" width=\"{width}\" height=\"8\"/>"
            );
        }
    }
    let _ = write!(svg, "<path class=\"life-today\" d=\"M{} 0v{height}\"/></svg>", across(today));
    svg
}
