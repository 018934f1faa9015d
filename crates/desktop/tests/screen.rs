//! The same window on a real display (Xvfb): it is drawn as the picture says, in the middle of the screen, and keys
//! alone operate it. Needs Xvfb, ImageMagick and xdotool; says so and passes where they are missing.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../examples/scenes/mod.rs"]
mod scenes;

use koshin_desktop::{Picture, draw};
use std::{
    env::current_exe,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

const SCREEN: (usize, usize) = (1366, 900);

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
        let (left, top) = ((SCREEN.0 - width) / 2, (SCREEN.1 - height) / 2);
        output.stdout.len() == SCREEN.0 * SCREEN.1 * 3
            && (0..height).all(|y| {
                (0..width).all(|x| {
                    let there = ((top + y) * SCREEN.0 + left + x) * 3;
                    output.stdout[there..there + 3] == picture.rgba[(y * width + x) * 4..][..3]
                })
            })
    }

    /// Without a window manager nobody gives the window the focus: it is given here.
    fn press(&self, keys: &[&str]) {
        let focus = ["search", "--class", "koshin", "windowfocus", "--sync"];
        assert!(self.command("xdotool", &focus).status().unwrap().success());
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

#[test]
fn the_screen_shows_what_the_picture_shows_and_keys_answer() {
    let tools = ["Xvfb", "import", "xdotool"];
    if let Some(missing) = tools.iter().find(|tool| Command::new(tool).arg("-version").output().is_err()) {
        eprintln!("skipped: {missing} is not installed");
        return;
    }
    let display = Display::start().unwrap();
    answer(&display, "ja", scenes::japanese(), &["Return"], "index: 0");
    answer(&display, "en", scenes::english(), &["Tab", "Return"], "index: 1");
    answer(&display, "en", scenes::english(), &["Escape"], "index: 1");
}

fn answer(display: &Display, language: &str, scenes: Vec<scenes::Named>, keys: &[&str], expected: &str) {
    let (_, scene) = scenes.into_iter().find(|(name, _)| *name == "confirm").unwrap();
    let picture = draw(scene, 1.0).unwrap();
    let gallery = current_exe().unwrap().with_file_name("../examples/gallery");
    let mut window = display
        .command(gallery, &[language, "confirm"])
        .env("WINIT_X11_SCALE_FACTOR", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
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
