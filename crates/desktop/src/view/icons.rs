//! Signs, drawn: no font has to hold them.

use super::Act;
use crate::{model::Icon, theme};
use iced::{
    Element, Point, Rectangle, Renderer, Theme, Vector, mouse,
    widget::canvas::{self, Frame, Geometry, LineCap, LineJoin, Path, Stroke},
};

/// The sign of a title or a state, `size` logical pixels wide and high.
pub(super) fn sign<'a>(icon: Icon, size: f32) -> Element<'a, Act> {
    canvas(Sign(icon), size)
}

/// A blue disc with a check mark: a step that is done.
pub(super) fn check<'a>(size: f32) -> Element<'a, Act> {
    canvas(Check, size)
}

fn canvas<'a>(program: impl canvas::Program<Act> + 'a, size: f32) -> Element<'a, Act> {
    iced::widget::canvas(program).width(size).height(size).into()
}

struct Sign(Icon);
struct Check;

impl canvas::Program<Act> for Sign {
    type State = ();

    fn draw(
        &self,
        (): &(),
        renderer: &Renderer,
        _: &Theme,
        bounds: Rectangle,
        _: mouse::Cursor,
    ) -> Vec<Geometry> {
        let mut frame = frame(renderer, bounds);
        frame.fill(&outline(self.0), theme::accent(self.0));
        match self.0 {
            Icon::Info => {
                dot(&mut frame, 14.0);
                line(&mut frame, &[(20.0, 19.5), (20.0, 28.0)]);
            }
            Icon::Question => {
                frame.stroke(&hook(), pen());
                dot(&mut frame, 29.0);
            }
            Icon::Done => line(&mut frame, TICK),
            Icon::Warning => {
                line(&mut frame, &[(20.0, 16.0), (20.0, 24.0)]);
                dot(&mut frame, 30.5);
            }
            Icon::Error => {
                line(&mut frame, &[(14.0, 14.0), (26.0, 26.0)]);
                line(&mut frame, &[(26.0, 14.0), (14.0, 26.0)]);
            }
        }
        vec![frame.into_geometry()]
    }
}

impl canvas::Program<Act> for Check {
    type State = ();

    fn draw(
        &self,
        (): &(),
        renderer: &Renderer,
        _: &Theme,
        bounds: Rectangle,
        _: mouse::Cursor,
    ) -> Vec<Geometry> {
        let mut frame = frame(renderer, bounds);
        frame.fill(&Path::circle(Point::new(20.0, 20.0), 20.0), theme::BLUE);
        line(&mut frame, TICK);
        vec![frame.into_geometry()]
    }
}

/// Everything is drawn on a field of 40 × 40.
const FIELD: f32 = 40.0;
const TICK: &[(f32, f32)] = &[(12.0, 20.5), (17.5, 26.0), (28.0, 14.5)];

fn frame(renderer: &Renderer, bounds: Rectangle) -> Frame {
    let mut frame = Frame::new(renderer, bounds.size());
    frame.scale_nonuniform(Vector::new(bounds.width / FIELD, bounds.height / FIELD));
    frame
}

fn outline(icon: Icon) -> Path {
    match icon {
        Icon::Info | Icon::Question | Icon::Done => Path::circle(Point::new(20.0, 20.0), 18.0),
        Icon::Warning => polygon(&[(20.0, 2.0), (39.0, 36.0), (1.0, 36.0)]),
        Icon::Error => polygon(&[
            (12.5, 2.0),
            (27.5, 2.0),
            (38.0, 12.5),
            (38.0, 27.5),
            (27.5, 38.0),
            (12.5, 38.0),
            (2.0, 27.5),
            (2.0, 12.5),
        ]),
    }
}

fn hook() -> Path {
    Path::new(|path| {
        path.move_to(Point::new(14.5, 16.0));
        path.bezier_curve_to(Point::new(14.5, 8.5), Point::new(25.5, 8.5), Point::new(25.5, 15.5));
        path.bezier_curve_to(Point::new(25.5, 19.5), Point::new(20.0, 19.5), Point::new(20.0, 24.0));
    })
}

fn polygon(points: &[(f32, f32)]) -> Path {
    Path::new(|path| {
        trace(path, points);
        path.close();
    })
}

fn line(frame: &mut Frame, points: &[(f32, f32)]) {
    frame.stroke(&Path::new(|path| trace(path, points)), pen());
}

fn trace(path: &mut canvas::path::Builder, points: &[(f32, f32)]) {
    for (index, (x, y)) in points.iter().enumerate() {
        let point = Point::new(*x, *y);
        if index == 0 { path.move_to(point) } else { path.line_to(point) }
    }
}

fn dot(frame: &mut Frame, y: f32) {
    frame.fill(&Path::circle(Point::new(20.0, y), 2.2), theme::WHITE);
}

fn pen() -> Stroke<'static> {
    Stroke::default()
        .with_color(theme::WHITE)
        .with_width(3.6)
        .with_line_cap(LineCap::Round)
        .with_line_join(LineJoin::Round)
}
