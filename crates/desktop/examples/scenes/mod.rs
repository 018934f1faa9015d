//! Every state that people see, in Japanese and English: for the example and for the pictures.

mod english;
mod japanese;

pub(crate) use english::scenes as english;
pub(crate) use japanese::scenes as japanese;

use koshin_desktop::{Life, Scene};

/// A scene and the name of its picture.
pub(crate) type Named = (&'static str, Scene);

fn life(left: f32, from: &str, to: &str, remaining: &str) -> Option<Life> {
    Some(Life { left, from: from.into(), to: to.into(), remaining: remaining.into() })
}
