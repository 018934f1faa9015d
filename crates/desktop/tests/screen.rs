//! The windows on a real display (Xvfb): the question is drawn as its picture says, pixel by pixel and in the middle of
//! the screen, and keys alone operate it. Needs Xvfb, xdotool and a Japanese font.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../examples/scenes/mod.rs"]
mod scenes;

use koshin_desktop::{Picture, PictureError, draw};
use koshin_testkit::Display;
use std::{
    env::current_exe,
    io::Read,
    process::{Child, Stdio},
    thread::sleep,
    time::Duration,
};

/// Of all windows.
const CLASS: &str = "koshin";

/// None, and the test counted as skipped, where something is missing.
fn display() -> Option<Display> {
    let (_, scene) = scenes::japanese().swap_remove(0);
    if draw(scene, 1.0) == Err(PictureError::NoFont) {
        koshin_testkit::skip("no Japanese font is installed: install fonts-noto-cjk");
        return None;
    }
    Display::start(1366, 900)
}

/// The gallery on the display.
fn gallery(display: &Display, arguments: &[&str]) -> Child {
    let program = current_exe().unwrap().with_file_name("../examples/gallery");
    assert!(program.is_file(), "build it first: `cargo build -p koshin-desktop --example gallery`");
    display
        .command(program)
        .args(arguments)
        .env("WINIT_X11_SCALE_FACTOR", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn keys_alone_answer() {
    let Some(display) = display() else { return };
    answer(&display, "ja", scenes::japanese(), &["Return"], "index: 0");
    answer(&display, "en", scenes::english(), &["Tab", "Return"], "index: 1");
    answer(&display, "en", scenes::english(), &["Escape"], "index: 1");
}

fn answer(display: &Display, language: &str, scenes: Vec<scenes::Named>, keys: &[&str], expected: &str) {
    let (_, scene) = scenes.into_iter().find(|(name, _)| *name == "confirm").unwrap();
    let picture = draw(scene, 1.0).unwrap();
    let mut window = gallery(display, &[language, "confirm"]);
    let shown = eventually(|| shows(display, &picture));
    for key in keys.iter().filter(|_| shown) {
        display.windows(CLASS).into_iter().for_each(|window| display.press(window, key));
    }
    let answered = shown && eventually(|| window.try_wait().unwrap().is_some());
    let _ = window.kill();
    window.wait().unwrap();
    let mut said = String::new();
    window.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(shown, "the {language} window is not drawn as its picture");
    assert!(answered && said.contains(expected), "{language} {keys:?}: {said:?}");
}

/// Whether the only window shows it, in the middle of the screen; that of what is odd lies between two pixels.
fn shows(display: &Display, picture: &Picture) -> bool {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let [window] = *display.windows(CLASS) else { return false };
    let Some(shot) = display.shot(window) else { return false };
    let drawn: Vec<u8> =
        picture.rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let screen = display.screen();
    let lines = screen.rgb.chunks_exact(screen.width * 3);
    let black = |line: &[u8]| line.iter().all(|byte| *byte == 0);
    let above = lines.take_while(|line| black(line)).count();
    (shot.width, shot.height) == (width, height)
        && shot.rgb == drawn
        && above.abs_diff((screen.height - height) / 2) <= 1
}

fn eventually(mut happens: impl FnMut() -> bool) -> bool {
    (0..100).any(|_| {
        sleep(Duration::from_millis(200));
        happens()
    })
}
