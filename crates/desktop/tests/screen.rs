//! The windows on a real display (Xvfb): the question is drawn as its picture says, pixel by pixel and in the middle of
//! the screen, and keys alone operate it. Needs Xvfb, ImageMagick, xdotool and a Japanese font.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../examples/scenes/mod.rs"]
mod scenes;

use koshin_desktop::{Picture, PictureError, draw};
use std::{
    env::current_exe,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

/// At 200 % the highest dialog must fit.
const SCREEN: (usize, usize) = (1366, 1280);

/// A display of its own; gone when dropped.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> Option<Self> {
        let size = format!("{}x{}x24", SCREEN.0, SCREEN.1);
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        BufReader::new(server.stdout.take()?).read_line(&mut number).ok()?;
        Some(Self { server, name: format!(":{}", number.trim()) })
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY");
        command
    }

    /// Whether the picture stands in the middle of the screen.
    fn shows(&self, picture: &Picture) -> bool {
        let output = self.command("import", &["-window", "root", "-depth", "8", "rgb:-"]).output().unwrap();
        let (width, height) = (picture.width as usize, picture.height as usize);
        // The middle of what is odd lies between two pixels.
        let (left, top) = ((SCREEN.0 - width) / 2, (SCREEN.1 - height) / 2);
        let shown_at = |left: usize, top: usize| {
            (0..height).all(|y| {
                (0..width).all(|x| {
                    let there = ((top + y) * SCREEN.0 + left + x) * 3;
                    output.stdout[there..there + 3] == picture.rgba[(y * width + x) * 4..][..3]
                })
            })
        };
        output.stdout.len() == SCREEN.0 * SCREEN.1 * 3
            && [(left, top), (left, top + 1), (left + 1, top), (left + 1, top + 1)]
                .into_iter()
                .any(|(left, top)| shown_at(left, top))
    }

    /// Without a window manager nobody gives the window the focus: it is given here.
    fn press(&self, keys: &[&str]) {
        let focus = ["search", "--class", "koshin", "windowfocus", "--sync"];
        let focused = self.command("xdotool", &focus).status().unwrap().success();
        assert!(
            focused,
            "there is no window. (`cargo test` builds the gallery, but not with `--test screen`.)"
        );
        for key in keys {
            assert!(self.command("xdotool", &["key", key]).status().unwrap().success());
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// None, and the test counted as skipped, where something is missing.
fn display() -> Option<Display> {
    for tool in ["Xvfb", "import", "xdotool"] {
        koshin_testkit::tools::require(tool)?;
    }
    let (_, scene) = scenes::japanese().swap_remove(0);
    if draw(scene, 1.0) == Err(PictureError::NoFont) {
        koshin_testkit::skip("no Japanese font is installed: install fonts-noto-cjk");
        return None;
    }
    Some(Display::start().expect("Xvfb starts"))
}

/// The gallery on the display.
fn gallery(display: &Display, arguments: &[&str], scale: f32) -> Child {
    let program = current_exe().unwrap().with_file_name("../examples/gallery");
    assert!(program.is_file(), "build it first: `cargo build -p koshin-desktop --example gallery`");
    display
        .command(program, arguments)
        .env("WINIT_X11_SCALE_FACTOR", scale.to_string())
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
    let mut window = gallery(display, &[language, "confirm"], 1.0);
    let shown = eventually(|| display.shows(&picture));
    if shown {
        display.press(keys);
    }
    let answered = shown && eventually(|| window.try_wait().unwrap().is_some());
    let _ = window.kill();
    window.wait().unwrap();
    let mut said = String::new();
    window.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(shown, "the {language} window is not drawn as its picture");
    assert!(answered && said.contains(expected), "{language} {keys:?}: {said:?}");
}

fn eventually(mut happens: impl FnMut() -> bool) -> bool {
    (0..100).any(|_| {
        sleep(Duration::from_millis(200));
        happens()
    })
}
