//! Notices on the desktop, by D-Bus (Desktop Notifications Specification 1.2). Where there is no desktop there is no
//! notice, and the log has it.

use std::time::Duration;

/// How long the desktop may take. A renewal never waits longer for a notice.
const PATIENCE: Duration = Duration::from_secs(5);

/// A notice: what happened, why, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// How it presents itself.
    pub weight: Weight,
}

/// How much a notice asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Goes away by itself.
    Light,
    /// The usual one.
    Normal,
    /// Stays until it is closed.
    Heavy,
}

/// Somebody who shows notices.
pub trait Notifier {
    /// Shows one.
    ///
    /// # Errors
    /// Why it could not be shown, for the log.
    fn show(&self, notice: &Notice) -> Result<(), String>;

    /// Whether notices would be seen, for `koshin doctor`.
    ///
    /// # Errors
    /// Why not.
    fn available(&self) -> Result<(), String>;
}

/// The user's desktop.
#[derive(Debug, Clone, Copy, Default)]
pub struct Desktop;

impl Notifier for Desktop {
    fn show(&self, notice: &Notice) -> Result<(), String> {
        let notice = notice.clone();
        in_time(move || desktop::show(&notice))
    }

    fn available(&self) -> Result<(), String> {
        in_time(desktop::available)
    }
}

/// A bus that hangs is given up; its thread ends with the program.
fn in_time(work: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<(), String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more when it took too long.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("the desktop does not answer".to_owned()))
}

#[cfg(unix)]
mod desktop {
    use super::{Notice, Weight};
    use std::collections::HashMap;
    use zbus::{blocking::Connection, zvariant::Value};

    const NAME: &str = "org.freedesktop.Notifications";
    const PATH: &str = "/org/freedesktop/Notifications";

    pub(super) fn show(notice: &Notice) -> Result<(), String> {
        let Notice { title, body, weight } = notice;
        let (urgency, icon) = match weight {
            Weight::Light => (0_u8, "dialog-information"),
            Weight::Normal => (1, "dialog-information"),
            Weight::Heavy => (2, "dialog-warning"),
        };
        let hints = HashMap::from([("urgency", Value::from(urgency))]);
        let actions: &[&str] = &[];
        // No identifier to replace, and the desktop's own duration.
        let call = ("Koshin", 0_u32, icon, title.as_str(), escaped(body), actions, hints, -1_i32);
        let bus = Connection::session().map_err(|error| error.to_string())?;
        let shown = bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &call);
        shown.map(drop).map_err(|error| error.to_string())
    }

    pub(super) fn available() -> Result<(), String> {
        let bus = Connection::session().map_err(|error| error.to_string())?;
        let known = bus.call_method(Some(NAME), PATH, Some(NAME), "GetServerInformation", &());
        known.map(drop).map_err(|error| error.to_string())
    }

    /// The body is a kind of markup.
    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }
}

#[cfg(not(unix))]
mod desktop {
    use super::Notice;

    const NONE: &str = "notices are not shown on this platform";

    pub(super) fn show(_: &Notice) -> Result<(), String> {
        Err(NONE.to_owned())
    }

    pub(super) fn available() -> Result<(), String> {
        Err(NONE.to_owned())
    }
}
