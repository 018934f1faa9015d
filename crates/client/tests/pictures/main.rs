//! Every window as a picture: nothing is cut, everything is written, and the manuals show what the code draws.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../../examples/manual/pages.rs"]
mod pages;
#[path = "../../examples/manual/scenes/mod.rs"]
mod scenes;
#[path = "../scratch/mod.rs"]
mod scratch;
mod screen;

use koshin_desktop::{Picture, PictureError, Scene, draw};
use pages::Page;
use std::{
    collections::BTreeSet,
    fs::{File, read_dir, read_to_string},
    path::{Path, PathBuf},
    sync::OnceLock,
};

const REMEDY: &str = "run `cargo xtask pictures`, and look at what has changed";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Every page as it is drawn now. None, and the test counted as skipped, where the machine has no font for it.
fn drawn() -> Option<&'static [(Page, Picture)]> {
    static DRAWN: OnceLock<Option<Vec<(Page, Picture)>>> = OnceLock::new();
    let draw = |page: Page| match draw(page.scene.clone(), page.scale) {
        Err(PictureError::NoFont) => None,
        other => Some((page, other.unwrap())),
    };
    let drawn = DRAWN.get_or_init(|| pages::pages().into_iter().map(draw).collect()).as_deref();
    if drawn.is_none() {
        koshin_testkit::skip("no font can write the windows: install fonts-noto-cjk");
    }
    drawn
}

#[test]
fn nothing_runs_out_of_a_window_at_either_scale() {
    let Some(drawn) = drawn() else { return };
    for pair in drawn.chunks_exact(2) {
        let [(page, single), (_, double)] = pair else { unreachable!("chunks of two") };
        let name = page.path.display();
        assert!(double.width.abs_diff(single.width * 2) <= 2, "{name}");
        assert!(double.height.abs_diff(single.height * 2) <= 2, "{name}: lines break elsewhere at 200 %");
        for picture in [single, double] {
            assert!(margins_are_empty(picture), "{name} touches the edge");
        }
    }
}

fn margins_are_empty(picture: &Picture) -> bool {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let white = |x: usize, y: usize| picture.rgba[(y * width + x) * 4..][..3] == [255, 255, 255];
    (0..height).all(|y| (0..8).all(|x| white(x, y) && white(width - 1 - x, y)))
        && (0..width).all(|x| (0..8).all(|y| white(x, y) && white(x, height - 1 - y)))
}

/// Needs no font: the words are kept in the files.
#[test]
fn the_manuals_pictures_are_these_windows_with_these_words() {
    let pages = pages::pages();
    for page in &pages {
        let (committed, description) = read(&page.path);
        assert_eq!(
            description,
            pages::description(&page.scene),
            "{} says something else than its window: {REMEDY}",
            page.path.display()
        );
        let logical = if matches!(page.scene, Scene::Status(_)) { 760.0 } else { 600.0 };
        assert_eq!(committed.width, (logical * page.scale) as u32, "{}", page.path.display());
    }
    let expected: BTreeSet<_> = pages.into_iter().map(|page| docs().join(page.path)).collect();
    let found: BTreeSet<_> = ["ja", "en"]
        .into_iter()
        .flat_map(|language| read_dir(docs().join(language).join("pictures")).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    let stray: Vec<_> = found.difference(&expected).collect();
    assert!(stray.is_empty(), "pictures of no window: {stray:?}");
}

#[test]
fn the_manuals_show_every_window() {
    let names = |language: &str| -> BTreeSet<String> {
        let manual = read_to_string(docs().join(language).join("user-manual.md")).unwrap();
        let shown =
            manual.split("](pictures/").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
        shown.collect()
    };
    let (japanese, english) = (names("ja"), names("en"));
    assert_eq!(japanese, english, "the manuals show the same windows");
    let file = |page: &Page| page.path.file_name().unwrap().to_str().unwrap().to_owned();
    let drawn: BTreeSet<_> = pages::pages().iter().map(file).collect();
    let missing: Vec<_> = japanese.difference(&drawn).collect();
    assert!(missing.is_empty(), "no such pictures: {missing:?}");
    // Of the steps two are enough, of the scale one.
    let left_out =
        |name: &&String| name.contains("@2x") || ["progress-2.png", "progress-4.png"].contains(&&***name);
    let forgotten: Vec<_> = drawn.difference(&japanese).filter(|name| !left_out(name)).collect();
    assert!(forgotten.is_empty(), "windows that no manual shows: {forgotten:?}");
}

/// Colours, places and sizes. Only where the font is the manuals' own; another version of it passes, because cells of
/// 16 × 16 pixels are compared by their mean colour and not pixel by pixel.
#[test]
fn the_manuals_pictures_look_as_the_windows_do() {
    let Some(drawn) = drawn() else { return };
    for (page, now) in drawn {
        if now.font != pages::FONT {
            koshin_testkit::skip(&format!(
                "the manuals' pictures are in {}, here is {}",
                pages::FONT,
                now.font
            ));
            return;
        }
        let (then, _) = read(&page.path);
        let path = page.path.display();
        assert_eq!((now.width, now.height), (then.width, then.height), "{path}: {REMEDY}");
        let differences: Vec<_> =
            means(now).into_iter().zip(means(&then)).map(|(now, then)| distance(now, then)).collect();
        let worst = differences.iter().copied().fold(0.0, f32::max);
        let mean = differences.iter().sum::<f32>() / differences.len() as f32;
        assert!(
            worst < 40.0 && mean < 1.5,
            "{path} differs, at worst by {worst}, by {mean} on average: {REMEDY}"
        );
    }
}

#[test]
fn the_comparison_sees_a_button_of_another_colour() {
    let Some([(_, picture), ..]) = drawn() else { return };
    let far = |changed: &Picture| {
        means(changed).into_iter().zip(means(picture)).any(|(now, then)| distance(now, then) >= 40.0)
    };
    assert!(!far(picture));
    let mut green = picture.clone();
    for pixel in green.rgba.chunks_exact_mut(4).filter(|pixel| pixel[..3] == [0x00, 0x17, 0xc1]) {
        pixel[..3].copy_from_slice(&[0x19, 0x7a, 0x4b]);
    }
    assert!(far(&green));
}

/// The mean colour of each cell of 16 × 16 pixels.
fn means(picture: &Picture) -> Vec<[f32; 3]> {
    const CELL: usize = 16;
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut means = Vec::new();
    for top in (0..height).step_by(CELL) {
        for left in (0..width).step_by(CELL) {
            let (bottom, right) = ((top + CELL).min(height), (left + CELL).min(width));
            let pixels = (bottom - top) * (right - left);
            let mut sum = [0_u32; 3];
            for (x, y) in (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))) {
                let pixel = &picture.rgba[(y * width + x) * 4..][..3];
                sum.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u32::from(*part));
            }
            means.push(sum.map(|sum| sum as f32 / pixels as f32));
        }
    }
    means
}

/// Of the part (red, green or blue) that differs most, 0 to 255.
fn distance(one: [f32; 3], other: [f32; 3]) -> f32 {
    one.into_iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

/// A committed picture and its description.
fn read(path: &Path) -> (Picture, String) {
    let path = docs().join(path);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}: {REMEDY}", path.display()));
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size()];
    let frame = reader.next_frame(&mut rgb).unwrap();
    assert_eq!(frame.color_type, png::ColorType::Rgb);
    let words = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == "Description");
    let description = words.expect("a picture says its words").get_text().unwrap();
    let rgba = rgb.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
    (Picture { width: frame.width, height: frame.height, rgba, font: pages::FONT }, description)
}
