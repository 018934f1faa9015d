//! The caller's side: the work's thread talks to the windows' thread.

use crate::{
    app::{self, Request},
    model::{Dialog, Progress, Status},
};
use iced::futures::channel::mpsc::{UnboundedSender, unbounded};
use secrecy::SecretString;
use std::{
    fmt, panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

/// What all windows of a process share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// In the title bars and the task bar.
    pub window_title: String,
    /// By which the desktop groups windows and finds their icon: the name of the `.desktop` file.
    pub application_id: String,
}

impl Settings {
    /// Both.
    pub fn new(window_title: impl Into<String>, application_id: impl Into<String>) -> Self {
        Self { window_title: window_title.into(), application_id: application_id.into() }
    }
}

/// Why nobody can be asked in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No display server answers, or the windows' thread has ended.
    #[error("no window can be opened: there is no display")]
    NoDisplay,
    /// No font on this machine can write the words: they hold Japanese, and asking in English may work, or there is no
    /// font at all.
    #[error("no window can be opened: no font is installed that can write its words")]
    NoFont,
}

/// The answer to a [`Dialog`].
#[derive(Debug, Clone)]
pub enum Choice {
    /// A button was pressed.
    Pressed {
        /// Into [`Dialog::buttons`].
        index: usize,
        /// What was typed; none where the dialog has no field, or nothing was typed.
        text: Option<SecretString>,
    },
    /// The window was closed, or another dialog took its place: nothing was agreed to.
    Closed,
}

/// What was pressed in the status window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusEvent {
    /// An action of one certificate.
    Card {
        /// Into [`Status::cards`].
        card: usize,
        /// Into [`crate::Card::actions`].
        action: usize,
    },
    /// An action of the whole window.
    Action(
        /// Into [`Status::actions`].
        usize,
    ),
    /// The window was closed.
    Closed,
}

/// The way to the windows. Requests may come from any thread.
pub struct Desktop {
    requests: UnboundedSender<Request>,
}

/// Runs `work` with a way to the windows, and the windows themselves on the calling thread, which must be the main
/// thread. Returns what `work` returns, once it has ended; windows still open are closed then. A panic of `work` goes
/// on here.
///
/// Only the first call in a process can open windows.
pub fn run<T: Send>(settings: Settings, work: impl FnOnce(&Desktop) -> T + Send) -> T {
    let (requests, incoming) = unbounded();
    thread::scope(|scope| {
        let worker = scope.spawn(move || work(&Desktop { requests }));
        app::serve(settings, incoming);
        worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

impl Desktop {
    /// Shows a dialog in front, and waits for the answer.
    ///
    /// The window closes when the person cancels or closes it. After any other button it stays, with nothing left to
    /// press, for the next dialog or progress to take its place; [`Desktop::close`] or the end of the work closes it.
    ///
    /// # Errors
    /// Nobody was asked.
    pub fn ask(&self, dialog: Dialog) -> Result<Choice, Unavailable> {
        let (reply, answer) = channel();
        self.send(Request::Ask(dialog, reply))?;
        answer.recv().unwrap_or(Err(Unavailable::NoDisplay))
    }

    /// Shows steps under way, in the dialog's window if there is one. Does not wait.
    ///
    /// # Errors
    /// Nothing is shown.
    pub fn progress(&self, progress: Progress) -> Result<ProgressWindow<'_>, Unavailable> {
        let closed = Arc::new(AtomicBool::new(false));
        let (reply, opened) = channel();
        self.send(Request::Progress(progress, Arc::clone(&closed), reply))?;
        opened.recv().unwrap_or(Err(Unavailable::NoDisplay))?;
        Ok(ProgressWindow { desktop: self, closed })
    }

    /// Opens the status window, beside which dialogs and progress have a window of their own.
    ///
    /// # Errors
    /// Nothing is shown.
    pub fn status(&self, status: Status) -> Result<StatusWindow<'_>, Unavailable> {
        let (sender, events) = channel();
        let (reply, opened) = channel();
        self.send(Request::Status(status, sender, reply))?;
        opened.recv().unwrap_or(Err(Unavailable::NoDisplay))?;
        Ok(StatusWindow { desktop: self, events })
    }

    /// Closes the window of dialogs and progress.
    pub fn close(&self) {
        self.tell(Request::CloseDialog);
    }

    /// Puts text on the clipboard. On X11 it is lost when the last window closes, unless a clipboard manager runs.
    pub fn copy(&self, text: impl Into<String>) {
        self.tell(Request::Copy(text.into()));
    }

    fn send(&self, request: Request) -> Result<(), Unavailable> {
        self.requests.unbounded_send(request).map_err(|_| Unavailable::NoDisplay)
    }

    /// For requests that nobody waits for: without windows there is nothing to do.
    fn tell(&self, request: Request) {
        let _ = self.send(request);
    }
}

impl fmt::Debug for Desktop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Desktop").finish_non_exhaustive()
    }
}

/// Steps under way. The result is the next [`Desktop::ask`]: it takes the window over.
#[derive(Debug)]
pub struct ProgressWindow<'a> {
    desktop: &'a Desktop,
    closed: Arc<AtomicBool>,
}

impl ProgressWindow<'_> {
    /// Step `current`, from 0, has begun.
    pub fn step(&self, current: usize) {
        self.desktop.tell(Request::Step(current));
    }

    /// Whether the person has closed the window. The work is not disturbed by that.
    pub fn was_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// The status window; dropping it closes the window.
#[derive(Debug)]
pub struct StatusWindow<'a> {
    desktop: &'a Desktop,
    events: Receiver<StatusEvent>,
}

impl StatusWindow<'_> {
    /// Shows something newer.
    pub fn refresh(&self, status: Status) {
        self.desktop.tell(Request::Refresh(status));
    }

    /// What is pressed next; none after `wait` without anything, or never where `wait` is none. After
    /// [`StatusEvent::Closed`] every call answers that.
    pub fn next_event(&self, wait: Option<Duration>) -> Option<StatusEvent> {
        let Some(wait) = wait else { return Some(self.events.recv().unwrap_or(StatusEvent::Closed)) };
        match self.events.recv_timeout(wait) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(StatusEvent::Closed),
        }
    }
}

impl Drop for StatusWindow<'_> {
    fn drop(&mut self) {
        self.desktop.tell(Request::CloseStatus);
    }
}

/// Where the answer to an opened window goes.
pub(crate) type Opened = Sender<Result<(), Unavailable>>;
