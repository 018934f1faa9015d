//! Every window as a picture: nothing is cut, everything is written, and the files are for the manuals.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../examples/scenes/mod.rs"]
mod scenes;

use koshin_desktop::{Picture, PictureError, draw};
use std::{fs::File, io::BufWriter, path::Path};

fn save(picture: &Picture, path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder =
        png::Encoder::new(BufWriter::new(File::create(path).unwrap()), picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&picture.rgba).unwrap();
}

/// The pictures of the manuals: `target/…/tmp/pictures/LANGUAGE/NAME[@2x].png`.
#[test]
fn every_window_is_drawn_in_both_languages_at_both_scales() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    for (language, scenes) in [("ja", scenes::japanese()), ("en", scenes::english())] {
        for (name, scene) in scenes {
            let single = match draw(scene.clone(), 1.0) {
                Err(PictureError::NoFont) if language == "ja" => panic!("install fonts-ipafont-gothic"),
                other => other.unwrap(),
            };
            let double = draw(scene, 2.0).unwrap();
            save(&single, &folder.join(language).join(format!("{name}.png")));
            save(&double, &folder.join(language).join(format!("{name}@2x.png")));
            // The layout is the same at both scales, and the right and bottom margins are empty: nothing runs out.
            assert!(
                double.width.abs_diff(single.width * 2) <= 2
                    && double.height.abs_diff(single.height * 2) <= 2
            );
            for picture in [&single, &double] {
                assert!(margins_are_empty(picture), "{language}/{name} touches the edge");
            }
        }
    }
    println!("pictures in {}", folder.display());
}

fn margins_are_empty(picture: &Picture) -> bool {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let white = |x: usize, y: usize| picture.rgba[(y * width + x) * 4..][..3] == [255, 255, 255];
    (0..height).all(|y| (0..8).all(|x| white(x, y) && white(width - 1 - x, y)))
        && (0..width).all(|x| (0..8).all(|y| white(x, y) && white(x, height - 1 - y)))
}
