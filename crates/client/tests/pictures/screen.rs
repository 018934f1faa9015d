//! The real windows on a real display (Xvfb): they show what the manuals' pictures show, pixel by pixel.
//!
//! Needs Xvfb, xdotool and the manuals' font. `cargo test` builds the example that opens the windows, but not with
//! `--test pictures`.

use crate::pages::{self, Page};
use koshin_desktop::{Picture, PictureError, Scene, draw};
use koshin_testkit::{Display, display::Shot, skip};
use std::{
    env::current_exe,
    io::Write,
    process::{Child, ChildStdin, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The status window is no higher, in logical pixels: its cards scroll then, and the buttons below stay in view.
const STATUS_HEIGHT: usize = 760;
/// The room of these buttons, in logical pixels.
const FOOTER: usize = 93;
/// What the scroll bar covers, in logical pixels: only margin.
const SCROLL_BAR: usize = 16;

/// Of 255. When the caret blinks, only the field is drawn again, and the smooth edges of its round corners come out one
/// or two shades off.
const ROUNDING: u8 = 3;

#[test]
fn at_100_percent_the_screen_shows_the_pictures() {
    compare(1.0);
}

#[test]
fn at_200_percent_the_screen_shows_the_pictures() {
    compare(2.0);
}

fn compare(scale: f32) {
    let Some(display) = Display::start(1800, 2400) else { return };
    let mut gallery = Gallery::open(&display, scale);
    let mut wrong = Vec::new();
    for page in pages::pages().into_iter().filter(|page| page.scale == scale) {
        gallery.show(&page);
        let picture = match draw(page.scene.clone(), scale) {
            Err(PictureError::NoFont) => {
                return skip("no font can write the windows: install fonts-noto-cjk");
            }
            other => other.unwrap(),
        };
        let stray = if matches!(page.scene, Scene::Status(_)) { STRAY } else { 0 };
        if let Err(why) = shown(&display, &picture, scale as usize, stray) {
            wrong.push(format!("{}: {why}", page.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// So many pixels of a status window may differ. Seen were 44 of letters and edges where it scrolls, and 3 at the round
/// end of a bar at 200 %; why is not known.
const STRAY: usize = 100;

/// A window that is not right by then will not be. A busy machine takes seconds to draw one.
const PATIENCE: Duration = Duration::from_secs(20);

/// The example, which opens one window after the other.
struct Gallery {
    program: Child,
    input: ChildStdin,
}

impl Gallery {
    fn open(display: &Display, scale: f32) -> Self {
        let example = current_exe().unwrap().with_file_name("../examples/manual");
        assert!(example.is_file(), "build it first: `cargo build -p koshin --example manual`");
        let mut program = display
            .command(example)
            .arg("show")
            .env("WINIT_X11_SCALE_FACTOR", scale.to_string())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let input = program.stdin.take().unwrap();
        Self { program, input }
    }

    /// Instead of the window that is open.
    fn show(&mut self, page: &Page) {
        let at_100_percent = page.path.to_str().unwrap().replace("@2x", "");
        writeln!(self.input, "{at_100_percent}").unwrap();
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Waits until the picture is on the screen. Else what was there last.
fn shown(display: &Display, picture: &Picture, scale: usize, stray: usize) -> Result<(), String> {
    let mut why = String::new();
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        sleep(Duration::from_millis(20));
        let windows = display.windows("koshin");
        let [window] = *windows else {
            why = format!("{} windows", windows.len());
            continue;
        };
        // Only then there is a caret in the field. It blinks; the picture has it.
        display.focus(window);
        let Some(shot) = display.shot(window) else { continue };
        match difference(&shot, picture, scale, stray) {
            None => return Ok(()),
            Some(difference) => why = difference,
        }
    }
    Err(why)
}

/// Where they differ. Of a status window that scrolls, what is above and below the break is compared.
fn difference(shot: &Shot, picture: &Picture, scale: usize, stray: usize) -> Option<String> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let scrolls = shot.height == STATUS_HEIGHT * scale && height > shot.height;
    if shot.width != width || (shot.height != height && !scrolls) {
        return Some(format!("{} × {} instead of {width} × {height}", shot.width, shot.height));
    }
    let (footer, bar) = if scrolls { (FOOTER * scale, SCROLL_BAR * scale) } else { (0, 0) };
    let differs = |x: usize, y: usize| {
        let drawn_y = if y < shot.height - footer { y } else { y + height - shot.height };
        let shown = &shot.rgb[(y * width + x) * 3..][..3];
        let drawn = &picture.rgba[(drawn_y * width + x) * 4..][..3];
        shown.iter().zip(drawn).any(|(one, other)| one.abs_diff(*other) > ROUNDING)
    };
    let lines = 0..shot.height;
    let places: Vec<(usize, usize)> =
        lines.flat_map(|y| (0..width - bar).map(move |x| (x, y))).filter(|(x, y)| differs(*x, *y)).collect();
    if places.len() <= stray {
        return None;
    }
    let (left, top) = (places.iter().map(|at| at.0).min()?, places.iter().map(|at| at.1).min()?);
    let (right, bottom) = (places.iter().map(|at| at.0).max()?, places.iter().map(|at| at.1).max()?);
    Some(format!("{} pixels differ, between ({left}, {top}) and ({right}, {bottom})", places.len()))
}
