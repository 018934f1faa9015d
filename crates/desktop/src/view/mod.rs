//! From a pane to widgets.

mod controls;
mod dialog;
mod icons;
mod phrases;
mod progress;
mod status;

use crate::{
    fonts::Fonts,
    model::{Dialog, Progress, Status},
    theme,
};
use iced::{
    Element, Fill, Padding,
    widget::{column, container, scrollable},
};
use zeroize::Zeroizing;

/// Names the field, to focus it.
pub(crate) const FIELD: &str = "field";
/// Names what scrolls, to scroll it.
pub(crate) const BODY: &str = "body";

const MARGIN: f32 = 32.0;

/// What a window shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Dialog(Dialog),
    Progress(Progress),
    Status(Status),
}

/// A content and what the person has done to it so far.
#[derive(Debug, Clone)]
pub(crate) struct Pane {
    pub(crate) content: Content,
    /// Index into [`Pane::stops`].
    pub(crate) focus: usize,
    pub(crate) typed: Zeroizing<String>,
    pub(crate) revealed: bool,
    /// Answered already: nothing can be pressed any more.
    pub(crate) answered: bool,
}

/// What can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Field,
    Reveal,
    /// Of a dialog, or of the whole status window.
    Button(usize),
    /// Of a card of the status window.
    Action {
        card: usize,
        index: usize,
    },
}

/// What the person did with the mouse, or in the field.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Press(Target),
    Typed(Zeroizing<String>),
}

/// Whether the height follows the content, or the content scrolls in the window's height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Height {
    Natural,
    Window,
}

impl Pane {
    pub(crate) fn new(content: Content) -> Self {
        let mut pane = Self {
            content,
            focus: 0,
            typed: Zeroizing::new(String::new()),
            revealed: false,
            answered: false,
        };
        pane.focus = pane.first_focus();
        pane
    }

    /// Everything that Tab reaches, in order.
    pub(crate) fn stops(&self) -> Vec<Target> {
        match &self.content {
            Content::Dialog(dialog) => {
                let field = dialog
                    .field
                    .iter()
                    .flat_map(|field| [Some(Target::Field), field.reveal.as_ref().map(|_| Target::Reveal)]);
                field.flatten().chain((0..dialog.buttons.len()).map(Target::Button)).collect()
            }
            Content::Progress(_) => Vec::new(),
            Content::Status(status) => {
                let cards = status.cards.iter().enumerate();
                cards
                    .flat_map(|(card, model)| {
                        (0..model.actions.len()).map(move |index| Target::Action { card, index })
                    })
                    .chain((0..status.actions.len()).map(Target::Button))
                    .collect()
            }
        }
    }

    /// What has the focus.
    pub(crate) fn focused(&self) -> Option<Target> {
        self.stops().get(self.focus).copied().filter(|_| !self.answered)
    }

    /// The field, else the default button, else the first stop.
    fn first_focus(&self) -> usize {
        let Content::Dialog(dialog) = &self.content else { return 0 };
        let default = dialog.buttons.iter().position(|button| button.default).unwrap_or(0);
        self.stops()
            .iter()
            .position(|stop| match stop {
                Target::Field => true,
                Target::Button(index) => *index == default,
                _ => false,
            })
            .unwrap_or(0)
    }

    /// In logical pixels.
    pub(crate) fn width(&self) -> f32 {
        match self.content {
            Content::Dialog(_) | Content::Progress(_) => 600.0,
            Content::Status(_) => 760.0,
        }
    }

    pub(crate) fn words(&self) -> Vec<&str> {
        match &self.content {
            Content::Dialog(dialog) => dialog.words().collect(),
            Content::Progress(progress) => progress.words().collect(),
            Content::Status(status) => status.words().collect(),
        }
    }

    pub(crate) fn view(&self, fonts: &Fonts, height: Height) -> Element<'_, Act> {
        let (body, footer) = match &self.content {
            Content::Dialog(dialog) => {
                (dialog::body(self, dialog, fonts), dialog::footer(self, dialog, fonts))
            }
            Content::Progress(progress) => (progress::body(progress, fonts), None),
            Content::Status(status) => {
                (status::body(self, status, fonts), status::footer(self, status, fonts))
            }
        };
        let bottom = if footer.is_some() { 16.0 } else { MARGIN };
        let body =
            container(body).width(Fill).padding(Padding { top: MARGIN, right: MARGIN, bottom, left: MARGIN });
        let body: Element<'_, Act> = match height {
            Height::Natural => body.into(),
            Height::Window => scrollable(body).id(BODY).width(Fill).height(Fill).into(),
        };
        // The footer stays in view while the body scrolls. Its margin is less by the focus ring's room.
        let margin = MARGIN - theme::RING;
        let footer = footer.map(|footer| {
            container(footer).width(Fill).padding(Padding {
                top: 8.0,
                right: margin,
                bottom: margin,
                left: margin,
            })
        });
        let frame = column![body].push(footer).width(Fill);
        match height {
            Height::Natural => frame.into(),
            Height::Window => frame.height(Fill).into(),
        }
    }
}
