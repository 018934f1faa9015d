//! Steps under way.

use super::{Act, controls, icons};
use crate::{fonts::Fonts, model::Progress, theme};
use iced::{
    Center, Color, Element, Fill, border,
    widget::{column, container, row, space, text},
};

const DISC: f32 = 40.0;

pub(super) fn body<'a>(progress: &'a Progress, fonts: &Fonts) -> Element<'a, Act> {
    let title = controls::heading(&progress.title, theme::TITLE, fonts);
    let steps = progress.steps.iter().enumerate().map(|(index, label)| step(progress, index, label, fonts));
    let notes = progress.paragraphs.iter().map(|words| controls::flow(words, controls::paragraph));
    column![title, row(steps)].extend(notes).spacing(24).width(Fill).into()
}

/// A disc with a line to its neighbours, and the label below.
fn step<'a>(progress: &Progress, index: usize, label: &'a str, fonts: &Fonts) -> Element<'a, Act> {
    let last = index + 1 == progress.steps.len();
    let line = |visible: bool, done: bool| {
        let colour = match (visible, done) {
            (false, _) => Color::TRANSPARENT,
            (true, true) => theme::BLUE,
            (true, false) => theme::RULE,
        };
        container(space().width(Fill).height(3)).width(Fill).style(move |_| theme::surface(colour, None, 0.0))
    };
    let discs = row![
        line(index > 0, index <= progress.current),
        disc(index, progress.current, fonts),
        line(!last, index < progress.current)
    ]
    .align_y(Center)
    .spacing(6);
    let current = index == progress.current;
    let label = controls::paragraph(label)
        .font(if current { fonts.bold } else { fonts.body })
        .color(if current {
            theme::BLUE
        } else if index < progress.current {
            theme::TEXT
        } else {
            theme::SUBTLE
        })
        .width(Fill)
        .align_x(Center);
    column![discs, label].spacing(8).width(Fill).into()
}

/// Done: a filled disc with a check mark. Under way: filled with the number, with a ring. To come: an outline.
fn disc<'a>(index: usize, current: usize, fonts: &Fonts) -> Element<'a, Act> {
    if index < current {
        return icons::check(DISC);
    }
    let under_way = index == current;
    let number = text(index + 1).size(theme::SUBTITLE).font(fonts.bold).color(if under_way {
        theme::WHITE
    } else {
        theme::SUBTLE
    });
    let inner = container(number).center(DISC - 8.0).style(move |_| {
        let mut style = theme::surface(if under_way { theme::BLUE } else { theme::WHITE }, None, DISC);
        if !under_way {
            style.border = border::rounded(DISC).width(2).color(theme::RULE);
        }
        style
    });
    container(inner)
        .center(DISC)
        .style(move |_| container::Style {
            border: border::rounded(DISC).width(if under_way { 2 } else { 0 }).color(if under_way {
                theme::BLUE
            } else {
                Color::TRANSPARENT
            }),
            ..container::Style::default()
        })
        .into()
}
