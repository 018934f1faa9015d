//! The open windows and what happens to them.

#[cfg(test)]
mod tests;

use super::{
    Request,
    input::{self, Input},
};
use crate::{
    desktop::{Choice, Opened, Settings, StatusEvent, Unavailable},
    fonts::Fonts,
    model::{Dialog, Progress, Status},
    picture::natural_size,
    view::{Act, BODY, Content, FIELD, Height, Pane, Target},
};
use iced::{
    Element, Point, Size, Subscription, Task, clipboard, event,
    widget::{operation, scrollable::AbsoluteOffset, space},
    window,
};
use secrecy::SecretString;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc::Sender,
};
use zeroize::Zeroize;

/// The part of the screen's height that a window may take.
const SCREEN_SHARE: f32 = 0.9;
/// The status window scrolls when it would be higher, in logical pixels.
const STATUS_HEIGHT: f32 = 760.0;
const PAGE: f32 = 300.0;
const ZOOMS: &[f32] = &[1.0, 1.25, 1.5, 1.75, 2.0];

/// Everything that happens on the windows' thread.
#[derive(Debug, Clone)]
pub(super) enum Message {
    Request(Request),
    /// The work has ended.
    Ended,
    Opened(window::Id),
    /// How large the screen is on which a window opened.
    Screen(window::Id, Option<Size>),
    /// The zoom has changed; the outer size before, in pixels of the screen's scale.
    Rescaled(window::Id, Size),
    Act(window::Id, Act),
    Input(window::Id, Input),
    /// Whether the field has the toolkit's focus.
    FieldFocused(window::Id, bool),
}

/// All windows: at most one for dialogs and progress, and one for the status.
#[derive(Debug)]
pub(super) struct App {
    settings: Settings,
    fonts: Fonts,
    dialog: Option<Window>,
    status: Option<Window>,
    /// Index into [`ZOOMS`]: on top of the screen's own scale.
    zoom: usize,
}

#[derive(Debug)]
struct Window {
    id: window::Id,
    pane: Pane,
    link: Link,
    /// In pixels of the screen's own scale; known once the window is open.
    screen: Option<Size>,
}

/// To whom a window's outcome is told.
#[derive(Debug)]
enum Link {
    Ask(Sender<Result<Choice, Unavailable>>),
    Progress(Arc<AtomicBool>),
    Status(Sender<StatusEvent>),
    /// It has been told already.
    Done,
}

impl App {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, fonts: Fonts::find(), dialog: None, status: None, zoom: 0 }
    }

    pub(super) fn fonts(&self) -> Fonts {
        self.fonts
    }

    pub(super) fn title(&self, _: window::Id) -> String {
        self.settings.window_title.clone()
    }

    pub(super) fn scale_factor(&self, _: window::Id) -> f32 {
        ZOOMS.get(self.zoom).copied().unwrap_or(1.0)
    }

    pub(super) fn subscription(&self) -> Subscription<Message> {
        event::listen_with(|event, status, id| {
            input::of(event, status, id).map(|input| Message::Input(id, input))
        })
    }

    pub(super) fn view(&self, id: window::Id) -> Element<'_, Message> {
        match self.window(id) {
            Some(window) => {
                window.pane.view(&self.fonts, Height::Window).map(move |act| Message::Act(id, act))
            }
            None => space().into(),
        }
    }

    pub(super) fn update(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::Request(request) => self.request(request),
            Message::Ended => iced::exit(),
            Message::Opened(id) => Task::batch([
                window::gain_focus(id),
                window::set_level(id, window::Level::Normal),
                window::monitor_size(id).map(move |size| Message::Screen(id, size)),
                self.focus_field(id),
            ]),
            Message::Screen(id, screen) => {
                let (zoom, before) = (self.scale_factor(id), self.outer_size(id));
                if let Some(window) = self.window_mut(id) {
                    window.screen = screen.map(|screen| screen * zoom);
                }
                if self.outer_size(id) == before { Task::none() } else { self.fit_around(id, before) }
            }
            Message::Rescaled(id, before) => self.fit_around(id, before),
            Message::Act(id, Act::Press(target)) => self.press(id, target),
            Message::Act(id, Act::Typed(typed)) => {
                if let Some(window) = self.window_mut(id) {
                    window.pane.typed = typed;
                }
                self.focus_on(id, Target::Field)
            }
            Message::Input(id, input) => self.input(id, input),
            Message::FieldFocused(id, true) => self.focus_on(id, Target::Field),
            Message::FieldFocused(_, false) => Task::none(),
        }
    }

    fn request(&mut self, request: Request) -> Task<Message> {
        match request {
            Request::Ask(dialog, reply) => self.ask(dialog, reply),
            Request::Progress(progress, closed, opened) => self.progress(progress, closed, &opened),
            Request::Status(status, events, opened) => self.show_status(status, events, &opened),
            Request::Step(current) => {
                if let Some(Window { pane: Pane { content: Content::Progress(progress), .. }, .. }) =
                    &mut self.dialog
                {
                    progress.current = current;
                }
                Task::none()
            }
            Request::Refresh(status) => {
                if let Some(window) = &mut self.status {
                    window.pane.content = Content::Status(status);
                    window.pane.focus = window.pane.focus.min(window.pane.stops().len().saturating_sub(1));
                }
                Task::none()
            }
            Request::CloseDialog => close(self.dialog.take()),
            Request::CloseStatus => close(self.status.take()),
            Request::Copy(text) => clipboard::write(text),
        }
    }

    fn ask(&mut self, dialog: Dialog, reply: Sender<Result<Choice, Unavailable>>) -> Task<Message> {
        let pane = Pane::new(Content::Dialog(dialog));
        if !self.fonts.can_write(pane.words()) {
            let _ = reply.send(Err(Unavailable::NoFont));
            return Task::none();
        }
        self.show_dialog(pane, Link::Ask(reply))
    }

    fn progress(&mut self, progress: Progress, closed: Arc<AtomicBool>, opened: &Opened) -> Task<Message> {
        let pane = Pane::new(Content::Progress(progress));
        if !self.acknowledge(&pane, opened) {
            return Task::none();
        }
        self.show_dialog(pane, Link::Progress(closed))
    }

    fn show_status(&mut self, status: Status, events: Sender<StatusEvent>, opened: &Opened) -> Task<Message> {
        let pane = Pane::new(Content::Status(status));
        if !self.acknowledge(&pane, opened) {
            return Task::none();
        }
        let closed = close(self.status.take());
        let (window, open) = self.open(pane, Link::Status(events), true);
        self.status = Some(window);
        Task::batch([closed, open])
    }

    fn acknowledge(&self, pane: &Pane, opened: &Opened) -> bool {
        let writable = self.fonts.can_write(pane.words());
        let _ = opened.send(if writable { Ok(()) } else { Err(Unavailable::NoFont) });
        writable
    }

    /// In the window that is open already, else in a new one.
    fn show_dialog(&mut self, pane: Pane, link: Link) -> Task<Message> {
        let Some(mut window) = self.dialog.take() else {
            let (window, open) = self.open(pane, link, false);
            self.dialog = Some(window);
            return open;
        };
        window.abandon();
        window.pane = pane;
        window.link = link;
        let id = window.id;
        self.dialog = Some(window);
        Task::batch([self.refit(id), self.focus_field(id)])
    }

    /// In the middle and in front; [`Message::Opened`] then lets other windows in front again.
    fn open(&self, pane: Pane, link: Link, resizable: bool) -> (Window, Task<Message>) {
        let size = self.size(&pane, None);
        let (id, open) = window::open(window::Settings {
            size,
            position: window::Position::Centered,
            level: window::Level::AlwaysOnTop,
            min_size: resizable.then_some(Size::new(480.0, size.height.min(320.0))),
            resizable,
            exit_on_close_request: false,
            platform_specific: platform(&self.settings),
            ..window::Settings::default()
        });
        (Window { id, pane, link, screen: None }, open.map(Message::Opened))
    }

    /// As large as the content, as far as the screen allows.
    fn size(&self, pane: &Pane, screen: Option<Size>) -> Size {
        let natural = natural_size(pane, &self.fonts);
        let zoom = ZOOMS.get(self.zoom).copied().unwrap_or(1.0);
        let screen = screen.map(|screen| screen * zoom.recip());
        let most = screen.map_or(f32::INFINITY, |screen| (screen.height * SCREEN_SHARE).floor());
        let most = if matches!(pane.content, Content::Status(_)) { most.min(STATUS_HEIGHT) } else { most };
        let width = screen.map_or(natural.width, |screen| natural.width.min(screen.width));
        Size::new(width, natural.height.min(most))
    }

    fn refit(&self, id: window::Id) -> Task<Message> {
        match self.window(id) {
            Some(window) => window::resize(id, self.size(&window.pane, window.screen)),
            None => Task::none(),
        }
    }

    fn input(&mut self, id: window::Id, input: Input) -> Task<Message> {
        match input {
            Input::Next => self.move_focus(id, 1),
            Input::Previous => self.move_focus(id, -1),
            Input::Confirm => self.confirm(id),
            Input::Press => match self.window(id).and_then(|window| window.pane.focused()) {
                Some(Target::Field) | None => Task::none(),
                Some(target) => self.press(id, target),
            },
            Input::Cancel => self.cancel(id),
            Input::PageDown => operation::scroll_by(BODY, AbsoluteOffset { x: 0.0, y: PAGE }),
            Input::PageUp => operation::scroll_by(BODY, AbsoluteOffset { x: 0.0, y: -PAGE }),
            Input::Larger => self.zoom_to(id, (self.zoom + 1).min(ZOOMS.len() - 1)),
            Input::Smaller => self.zoom_to(id, self.zoom.saturating_sub(1)),
            Input::Pointed => {
                operation::is_focused(FIELD).map(move |focused| Message::FieldFocused(id, focused))
            }
            Input::Close => self.closed(id),
        }
    }

    /// The size can follow only once the toolkit knows the new scale.
    fn zoom_to(&mut self, id: window::Id, zoom: usize) -> Task<Message> {
        let before = self.outer_size(id);
        self.zoom = zoom;
        Task::done(Message::Rescaled(id, before))
    }

    /// In pixels of the screen's own scale.
    fn outer_size(&self, id: window::Id) -> Size {
        self.window(id)
            .map_or(Size::ZERO, |window| self.size(&window.pane, window.screen) * self.scale_factor(id))
    }

    /// Grows or shrinks to all sides, not off the screen. (Wayland tells no positions and centres by itself.)
    fn fit_around(&self, id: window::Id, before: Size) -> Task<Message> {
        let after = self.outer_size(id);
        let moved = window::position(id).then(move |position| {
            position.map_or(Task::none(), |at| {
                let x = (at.x - (after.width - before.width) / 2.0).max(0.0);
                let y = (at.y - (after.height - before.height) / 2.0).max(0.0);
                window::move_to(id, Point::new(x, y))
            })
        });
        Task::batch([self.refit(id), moved])
    }

    fn move_focus(&mut self, id: window::Id, by: isize) -> Task<Message> {
        let Some(window) = self.window_mut(id) else { return Task::none() };
        let stops = window.pane.stops().len();
        if stops == 0 {
            return Task::none();
        }
        window.pane.focus = (window.pane.focus + stops).saturating_add_signed(by) % stops;
        self.show_focus(id)
    }

    fn focus_on(&mut self, id: window::Id, target: Target) -> Task<Message> {
        if let Some(window) = self.window_mut(id)
            && let Some(focus) = window.pane.stops().iter().position(|stop| *stop == target)
        {
            window.pane.focus = focus;
        }
        Task::none()
    }

    /// Gives the field the toolkit's focus, or takes it away: no widget has the other name.
    fn focus_field(&self, id: window::Id) -> Task<Message> {
        let focused = self.window(id).and_then(|window| window.pane.focused());
        operation::focus(if focused == Some(Target::Field) { FIELD } else { "nothing" })
    }

    /// After the keyboard has moved the focus: what it is in scrolls into view.
    fn show_focus(&self, id: window::Id) -> Task<Message> {
        let Some(window) = self.window(id) else { return Task::none() };
        let scrolled = match (window.pane.focused(), &window.pane.content) {
            (Some(Target::Action { card, .. }), Content::Status(status)) => {
                let y = card as f32 / status.cards.len().saturating_sub(1).max(1) as f32;
                operation::snap_to(BODY, operation::RelativeOffset { x: 0.0, y })
            }
            // On a low screen it may lie below.
            (Some(Target::Reveal), _) => operation::snap_to_end(BODY),
            _ => Task::none(),
        };
        Task::batch([self.focus_field(id), scrolled])
    }

    /// Enter: the button that has the focus, else the default button.
    fn confirm(&mut self, id: window::Id) -> Task<Message> {
        let Some(window) = self.window(id) else { return Task::none() };
        let focused =
            window.pane.focused().filter(|target| !matches!(target, Target::Field | Target::Reveal));
        match focused.or_else(|| default_button(&window.pane)) {
            Some(target) => self.press(id, target),
            None => Task::none(),
        }
    }

    /// Esc: the cancel button, else as if the window were closed. Work under way is left in view.
    fn cancel(&mut self, id: window::Id) -> Task<Message> {
        let Some(window) = self.window(id) else { return Task::none() };
        match &window.pane.content {
            Content::Progress(_) => Task::none(),
            Content::Status(_) => self.closed(id),
            Content::Dialog(dialog) => match dialog.buttons.iter().position(|button| button.cancel) {
                Some(index) => self.press(id, Target::Button(index)),
                None => self.closed(id),
            },
        }
    }

    fn press(&mut self, id: window::Id, target: Target) -> Task<Message> {
        let Some(window) = self.window_mut(id) else { return Task::none() };
        if window.pane.answered {
            return Task::none();
        }
        if let Some(focus) = window.pane.stops().iter().position(|stop| *stop == target) {
            window.pane.focus = focus;
        }
        match (target, &window.link) {
            (Target::Reveal, _) => window.pane.revealed = !window.pane.revealed,
            (Target::Button(action), Link::Status(events)) => {
                let _ = events.send(StatusEvent::Action(action));
            }
            (Target::Action { card, index }, Link::Status(events)) => {
                let _ = events.send(StatusEvent::Card { card, action: index });
            }
            (Target::Button(index), Link::Ask(_)) => return self.answer(id, index),
            _ => {}
        }
        Task::none()
    }

    fn answer(&mut self, id: window::Id, index: usize) -> Task<Message> {
        let Some(window) = self.window_mut(id) else { return Task::none() };
        let Content::Dialog(dialog) = &window.pane.content else { return Task::none() };
        let cancel = dialog.buttons.get(index).is_some_and(|button| button.cancel);
        if dialog.field.is_some() && window.pane.typed.is_empty() && !cancel {
            let _ = self.focus_on(id, Target::Field);
            return self.focus_field(id);
        }
        let typed = &mut window.pane.typed;
        let text = (!typed.is_empty()).then(|| SecretString::from(typed.as_str()));
        typed.zeroize();
        if let Link::Ask(reply) = std::mem::replace(&mut window.link, Link::Done) {
            let _ = reply.send(Ok(Choice::Pressed { index, text }));
        }
        window.pane.answered = true;
        if cancel { close(self.dialog.take()) } else { Task::none() }
    }

    /// The person has closed the window.
    fn closed(&mut self, id: window::Id) -> Task<Message> {
        let slot = if self.dialog.as_ref().is_some_and(|window| window.id == id) {
            &mut self.dialog
        } else {
            &mut self.status
        };
        let window = slot.take_if(|window| window.id == id);
        if let Some(Window { link: Link::Progress(closed), .. }) = &window {
            closed.store(true, Ordering::Release);
        }
        close(window)
    }

    fn window(&self, id: window::Id) -> Option<&Window> {
        [&self.dialog, &self.status].into_iter().flatten().find(|window| window.id == id)
    }

    fn window_mut(&mut self, id: window::Id) -> Option<&mut Window> {
        [&mut self.dialog, &mut self.status].into_iter().flatten().find(|window| window.id == id)
    }
}

impl Window {
    /// Tells whoever waits that there will be no answer.
    fn abandon(&mut self) {
        match std::mem::replace(&mut self.link, Link::Done) {
            Link::Ask(reply) => drop(reply.send(Ok(Choice::Closed))),
            Link::Status(events) => drop(events.send(StatusEvent::Closed)),
            Link::Progress(_) | Link::Done => {}
        }
    }
}

fn close(window: Option<Window>) -> Task<Message> {
    let Some(mut window) = window else { return Task::none() };
    window.abandon();
    window::close(window.id)
}

fn default_button(pane: &Pane) -> Option<Target> {
    let Content::Dialog(dialog) = &pane.content else { return None };
    dialog.buttons.iter().position(|button| button.default).map(Target::Button)
}

#[cfg(target_os = "linux")]
fn platform(settings: &Settings) -> window::settings::PlatformSpecific {
    window::settings::PlatformSpecific {
        application_id: settings.application_id.clone(),
        ..window::settings::PlatformSpecific::default()
    }
}

#[cfg(not(target_os = "linux"))]
fn platform(_: &Settings) -> window::settings::PlatformSpecific {
    window::settings::PlatformSpecific::default()
}
