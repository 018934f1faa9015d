//! The windows' side: an event loop that starts with the first request and ends with the work.

mod input;
mod windows;

use crate::{
    desktop::{Choice, Opened, Settings, StatusEvent, Unavailable},
    model::{Dialog, Progress, Status},
    theme,
};
use iced::{
    futures::{StreamExt, channel::mpsc::UnboundedReceiver, executor::block_on, stream},
    task::Task,
};
use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{Arc, atomic::AtomicBool, mpsc::Sender},
    thread,
};
use windows::{App, Message};

/// What the work wants.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Ask(Dialog, Sender<Result<Choice, Unavailable>>),
    Progress(Progress, Arc<AtomicBool>, Opened),
    Step(usize),
    Status(Status, Sender<StatusEvent>, Opened),
    Refresh(Status),
    CloseDialog,
    CloseStatus,
    Copy(String),
}

/// Serves until the work's side is dropped. Without a display, returns at the first request that needs a window: the
/// work then finds the way closed.
pub(crate) fn serve(settings: Settings, mut incoming: UnboundedReceiver<Request>) {
    while let Some(request) = block_on(incoming.next()) {
        if matches!(request, Request::Ask(..) | Request::Progress(..) | Request::Status(..)) {
            return open(settings, request, incoming);
        }
    }
}

fn open(settings: Settings, first: Request, incoming: UnboundedReceiver<Request>) {
    let messages =
        stream::iter([first]).chain(incoming).map(Message::Request).chain(stream::iter([Message::Ended]));
    let identifier = settings.application_id.clone();
    let app = App::new(settings);
    let fonts = app.fonts();
    // The toolkit may boot only once but asks for a function: it finds its state here.
    let boot = RefCell::new(Some((app, Task::stream(messages))));
    let boot = move || boot.borrow_mut().take().expect("the toolkit boots once");
    let daemon = iced::daemon(boot, App::update, App::view)
        .title(App::title)
        .subscription(App::subscription)
        .theme(|_: &App, _| theme::base())
        .scale_factor(App::scale_factor)
        .settings(iced::Settings {
            id: Some(identifier),
            default_font: fonts.body,
            default_text_size: theme::BODY.into(),
            ..iced::Settings::default()
        });
    // The toolkit panics where it finds no display. Whatever ends it, dropping the requests tells the work.
    let _ = quietly(|| daemon.run());
}

/// Runs `windows`; a panic on this thread ends it without a word.
fn quietly<T>(windows: impl FnOnce() -> T) -> thread::Result<T> {
    let here = thread::current().id();
    let hook = Arc::new(take_hook());
    let others = Arc::clone(&hook);
    set_hook(Box::new(move |panic| {
        if thread::current().id() != here {
            others(panic);
        }
    }));
    let result = catch_unwind(AssertUnwindSafe(windows));
    set_hook(Box::new(move |panic| hook(panic)));
    result
}
