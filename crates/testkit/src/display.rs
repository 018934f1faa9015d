//! An X display of a test's own (Xvfb), without a window manager: what its windows show, and keys for them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, ImageFormat, InputFocus, MapState, Window,
};
use x11rb::rust_connection::RustConnection;

use crate::tools;

/// The display; gone when dropped.
pub struct Display {
    server: Child,
    name: String,
    connection: RustConnection,
    root: Window,
}

/// What a window, or the whole screen, shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Three bytes a pixel: red, green, blue; line by line.
    pub rgb: Vec<u8>,
}

impl Display {
    /// A display of this size in pixels, or None after the test was counted as skipped: Xvfb or xdotool is missing.
    /// The pointer lies in the corner at the lower right, where it is over no window.
    ///
    /// # Panics
    /// When Xvfb does not start.
    pub fn start(width: u16, height: u16) -> Option<Self> {
        for program in ["Xvfb", "xdotool"] {
            tools::require(program)?;
        }
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("the output is piped");
        BufReader::new(stdout).read_line(&mut number).expect("Xvfb says its number");
        let name = format!(":{}", number.trim());
        let (connection, screen) = x11rb::connect(Some(&name)).expect("Xvfb answers");
        let root = connection.setup().roots[screen].root;
        let display = Self { server, name, connection, root };
        display.move_pointer(width.cast_signed() - 1, height.cast_signed() - 1);
        Some(display)
    }

    /// Its name, for `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A program that opens its windows here.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY");
        command
    }

    /// The visible windows of the class, in the order in which they were opened.
    pub fn windows(&self, class: &str) -> Vec<Window> {
        let tree =
            self.connection.query_tree(self.root).expect("sent").reply().expect("the screen has windows");
        let mut found: Vec<Window> = tree
            .children
            .into_iter()
            .filter(|window| self.is_visible(*window, class) == Some(true))
            .collect();
        found.sort_unstable();
        found
    }

    /// None for a window that is gone by now.
    fn is_visible(&self, window: Window, class: &str) -> Option<bool> {
        let attributes = self.connection.get_window_attributes(window).ok()?.reply().ok()?;
        let asked = self.connection.get_property(false, window, AtomEnum::WM_CLASS, AtomEnum::STRING, 0, 64);
        let names = asked.ok()?.reply().ok()?.value;
        let named = names.split(|byte| *byte == 0).any(|name| name == class.as_bytes());
        Some(named && attributes.map_state == MapState::VIEWABLE)
    }

    /// What a window shows; None if it is gone by now.
    pub fn shot(&self, window: Window) -> Option<Shot> {
        let size = self.connection.get_geometry(window).ok()?.reply().ok()?;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, size.width, size.height, u32::MAX)
            .ok()?
            .reply()
            .ok()?;
        // Xvfb has 32 bits a pixel: blue, green, red, and nothing.
        let rgb = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Some(Shot { width: size.width.into(), height: size.height.into(), rgb })
    }

    /// What the whole screen shows.
    ///
    /// # Panics
    /// When Xvfb has ended.
    pub fn screen(&self) -> Shot {
        self.shot(self.root).expect("a screen does not go away")
    }

    /// Whether the screen is black: no window is there.
    pub fn is_empty(&self) -> bool {
        self.screen().rgb.iter().all(|byte| *byte == 0)
    }

    /// Gives a window the focus, as without a window manager nobody does. False if it is gone by now.
    pub fn focus(&self, window: Window) -> bool {
        let asked = self.connection.set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME);
        asked.is_ok_and(|asked| asked.check().is_ok())
    }

    /// Presses a key, named as xdotool does, in a window, which gets the focus. One that is gone by now takes no key.
    pub fn press(&self, window: Window, key: &str) {
        if self.focus(window) {
            tools::succeed(self.command("xdotool").args(["key", key]));
        }
    }

    /// Asks a window to close, as the cross does in the title bar that a window manager would give it: ICCCM, 4.2.8.1.
    ///
    /// # Panics
    /// When the window is gone by now.
    pub fn close(&self, window: Window) {
        let atom = |name: &str| {
            self.connection.intern_atom(false, name.as_bytes()).expect("sent").reply().expect("a name").atom
        };
        let message = [atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
        let event = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), message);
        let sent = self.connection.send_event(false, window, EventMask::NO_EVENT, event);
        sent.expect("sent").check().expect("the window is there");
    }

    /// Moves the mouse pointer, to a place counted in pixels from the upper left.
    ///
    /// # Panics
    /// When Xvfb has ended.
    pub fn move_pointer(&self, x: i16, y: i16) {
        let moved = self.connection.warp_pointer(x11rb::NONE, self.root, 0, 0, 0, 0, x, y);
        moved.expect("sent").check().expect("a pointer can be moved");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
