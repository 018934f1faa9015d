//! The pictures of the manuals: which there are, and where they lie.

use crate::scenes::scenes;
use koshin::environment::Language;
use koshin_desktop::Scene;
use std::path::PathBuf;

/// The family that they are written in. Another one breaks lines elsewhere.
pub(crate) const FONT: &str = "Noto Sans CJK JP";

/// A picture of a manual.
pub(crate) struct Page {
    /// Below `docs`: `ja/pictures/confirm.png`, and `confirm@2x.png` at 200 %.
    pub(crate) path: PathBuf,
    pub(crate) scene: Scene,
    pub(crate) scale: f32,
}

/// All of them.
pub(crate) fn pages() -> Vec<Page> {
    let languages = [("ja", Language::Japanese), ("en", Language::English)];
    let named = languages.into_iter().flat_map(|(folder, language)| {
        scenes(language).into_iter().map(move |(name, scene)| (folder, name, scene))
    });
    named
        .flat_map(|(folder, name, scene)| {
            [(1.0, ""), (2.0, "@2x")].map(|(scale, suffix)| Page {
                path: format!("{folder}/pictures/{name}{suffix}.png").into(),
                scene: scene.clone(),
                scale,
            })
        })
        .collect()
}

/// What a picture says, a line each; kept in the file beside the pixels.
pub(crate) fn description(scene: &Scene) -> String {
    scene.words().join("\n")
}
