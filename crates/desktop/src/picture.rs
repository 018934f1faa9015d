//! Windows without a display: how large a content is, and a picture of it.
//!
//! The same widgets, layout and renderer as on the screen, so that a picture in a manual is what people see (without
//! the frame and title bar, which are the window manager's).

use crate::{
    fonts::Fonts,
    model::{Dialog, Progress, Status},
    theme,
    view::{self, Act, Content, Height, Pane, Target},
};
use iced::{
    Element, Event, Pixels, Point, Rectangle, Renderer, Size,
    advanced::{
        Layout, Shell, clipboard,
        layout::Limits,
        renderer::{self, Headless},
        widget::{Tree, operation::focusable},
    },
    futures::executor::block_on,
    mouse::Cursor,
    time::Instant,
    window,
};
use zeroize::Zeroizing;

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub enum Scene {
    /// A question or a result.
    Dialog(Dialog),
    /// The same, with something typed into its field.
    Typed(Dialog, String),
    /// Steps under way.
    Progress(Progress),
    /// The status window.
    Status(Status),
}

impl Scene {
    /// Everything that is written in it: what a picture of it says to who cannot see it.
    pub fn words(&self) -> Vec<&str> {
        match self {
            Self::Dialog(dialog) => dialog.words().collect(),
            Self::Typed(dialog, _) => dialog.words().collect(),
            Self::Progress(progress) => progress.words().collect(),
            Self::Status(status) => status.words().collect(),
        }
    }
}

/// Pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Four bytes a pixel: red, green, blue, opacity.
    pub rgba: Vec<u8>,
    /// The family of the font that the words are written in.
    pub font: &'static str,
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The words cannot be written with the fonts of this machine.
    #[error(
        "no font on this machine can write the words of the window: install one, for Japanese a Japanese one"
    )]
    NoFont,
    /// The renderer did not start.
    #[error("the software renderer could not be started")]
    Renderer,
}

/// Draws a window as it opens, as high as its content; `scale` 1.0 is 100 %.
pub fn draw(scene: Scene, scale: f32) -> Result<Picture, PictureError> {
    let fonts = Fonts::find();
    let pane = pane(scene);
    if !fonts.can_write(pane.words()) {
        return Err(PictureError::NoFont);
    }
    let mut renderer = software(&fonts).ok_or(PictureError::Renderer)?;
    let size = natural_size(&pane, &fonts);
    let mut element = pane.view(&fonts, Height::Window);
    let (mut tree, node) = lay_out(&mut element, &renderer, size);
    let layout = Layout::new(&node);
    if pane.focused() == Some(Target::Field) {
        let mut focus = focusable::focus::<()>(view::FIELD.into());
        element.as_widget_mut().operate(&mut tree, layout, &renderer, &mut focus);
    }
    wake(&mut element, &mut tree, layout, &renderer);
    let style = renderer::Style { text_color: theme::TEXT };
    let viewport = Rectangle::new(Point::ORIGIN, size);
    element.as_widget().draw(
        &tree,
        &mut renderer,
        &theme::base(),
        &style,
        layout,
        Cursor::Unavailable,
        &viewport,
    );
    let pixels = |length: f32| (length * scale).ceil() as u32;
    let (width, height) = (pixels(size.width), pixels(size.height));
    let rgba = renderer.screenshot(Size::new(width, height), scale, theme::WHITE);
    Ok(Picture { width, height, rgba, font: fonts.family() })
}

/// Widgets learn in the first frame whether they are enabled; before, they draw themselves grey.
#[expect(clippy::disallowed_methods, reason = "the toolkit wants the frame's time; it reaches no picture")]
fn wake(element: &mut Element<'_, Act>, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer) {
    let mut messages = Vec::new();
    element.as_widget_mut().update(
        tree,
        &Event::Window(window::Event::RedrawRequested(Instant::now())),
        layout,
        Cursor::Unavailable,
        renderer,
        &mut clipboard::Null,
        &mut Shell::new(&mut messages),
        &layout.bounds(),
    );
}

/// How large a window must be to show everything, in logical pixels.
pub(crate) fn natural_size(pane: &Pane, fonts: &Fonts) -> Size {
    let fallback = Size::new(pane.width(), 480.0);
    let Some(renderer) = software(fonts) else { return fallback };
    let mut element = pane.view(fonts, Height::Natural);
    let (_, node) = lay_out(&mut element, &renderer, Size::new(pane.width(), f32::INFINITY));
    Size::new(node.size().width, node.size().height.ceil())
}

fn pane(scene: Scene) -> Pane {
    match scene {
        Scene::Dialog(dialog) => Pane::new(Content::Dialog(dialog)),
        Scene::Typed(dialog, typed) => {
            Pane { typed: Zeroizing::new(typed), ..Pane::new(Content::Dialog(dialog)) }
        }
        Scene::Progress(progress) => Pane::new(Content::Progress(progress)),
        Scene::Status(status) => Pane::new(Content::Status(status)),
    }
}

fn software(fonts: &Fonts) -> Option<Renderer> {
    block_on(<Renderer as Headless>::new(fonts.body, Pixels(theme::BODY), None))
}

fn lay_out(
    element: &mut Element<'_, Act>,
    renderer: &Renderer,
    size: Size,
) -> (Tree, iced::advanced::layout::Node) {
    let mut tree = Tree::new(element.as_widget());
    let limits = Limits::new(Size::ZERO, size).width(size.width);
    let node = element.as_widget_mut().layout(&mut tree, renderer, &limits);
    (tree, node)
}
