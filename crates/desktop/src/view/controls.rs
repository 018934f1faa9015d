//! Text and controls that all windows share.

use super::{Act, Target};
use crate::{
    fonts::Fonts,
    model::{Fact, Icon},
    theme,
    view::{
        icons,
        phrases::{is_japanese, phrases},
    },
};
use iced::{
    Color, Element, Fill, Right,
    widget::{Row, Text, button, column, container, row, space, text, text::Wrapping},
};

pub(super) fn paragraph(words: &str) -> Text<'_> {
    text(words).size(theme::BODY).line_height(theme::LINE).color(theme::TEXT).wrapping(Wrapping::WordOrGlyph)
}

pub(super) fn small(words: &str) -> Text<'_> {
    text(words)
        .size(theme::SMALL)
        .line_height(theme::LINE)
        .color(theme::SUBTLE)
        .wrapping(Wrapping::WordOrGlyph)
}

/// Body text of any length: Japanese breaks between phrases.
pub(super) fn flow<'a>(words: &'a str, style: impl Fn(&'a str) -> Text<'a>) -> Element<'a, Act> {
    if !is_japanese(words) {
        return style(words).width(Fill).into();
    }
    Row::with_children(phrases(words).into_iter().map(|phrase| style(phrase).into())).wrap().into()
}

pub(super) fn heading<'a>(words: &'a str, size: f32, fonts: &Fonts) -> Text<'a> {
    text(words)
        .size(size)
        .line_height(theme::HEADING_LINE)
        .font(fonts.bold)
        .color(theme::HEADING)
        .wrapping(Wrapping::WordOrGlyph)
}

/// The sign, the title and the paragraphs below it.
pub(super) fn introduction<'a>(
    icon: Icon,
    title: &'a str,
    paragraphs: &'a [String],
    fonts: &Fonts,
) -> Element<'a, Act> {
    let words = column![heading(title, theme::TITLE, fonts)]
        .extend(paragraphs.iter().map(|words| flow(words, paragraph)))
        .spacing(8)
        .width(Fill);
    row![icons::sign(icon, 40.0), words].spacing(16).into()
}

/// Facts that must not be overlooked: large, on a panel.
pub(super) fn emphasised<'a>(facts: &'a [Fact], fonts: &Fonts) -> Element<'a, Act> {
    let lines = facts.iter().map(|fact| {
        let value = flow(&fact.value, |words| heading(words, theme::SUBTITLE, fonts));
        column![small(&fact.label).color(theme::TEXT), value].into()
    });
    container(column(lines).spacing(8).width(Fill))
        .padding([12, 16])
        .width(Fill)
        .style(|_| theme::surface(theme::PANEL, None, theme::RADIUS))
        .into()
}

/// Names left, values right.
pub(super) fn listed(facts: &[Fact]) -> Element<'_, Act> {
    column(facts.iter().map(|fact| {
        row![small(&fact.label).width(140), container(flow(&fact.value, paragraph)).width(Fill)]
            .spacing(12)
            .align_y(iced::Center)
            .into()
    }))
    .spacing(4)
    .into()
}

/// A button in its focus ring.
pub(super) fn push_button<'a>(
    label: &'a str,
    filled: bool,
    target: Target,
    focused: Option<Target>,
    enabled: bool,
    fonts: &Fonts,
) -> Element<'a, Act> {
    let words = text(label).size(theme::BODY).line_height(theme::LINE).font(fonts.bold).center();
    let control = button(container(words).center_y(theme::TARGET).padding([0, 8]))
        .padding([0, 16])
        .height(theme::TARGET)
        .style(if filled { theme::filled } else { theme::outlined })
        .on_press_maybe(enabled.then_some(Act::Press(target)));
    ring(control.into(), focused == Some(target), theme::RADIUS)
}

/// Buttons to the right, in lines as they fit.
pub(super) fn button_row<'a>(buttons: impl IntoIterator<Item = Element<'a, Act>>) -> Element<'a, Act> {
    let buttons = Row::with_children(buttons).spacing(6).wrap().vertical_spacing(6).align_x(Right);
    container(buttons).align_right(Fill).into()
}

/// Room for a focus ring, and the ring.
pub(super) fn ring(control: Element<'_, Act>, focused: bool, radius: f32) -> Element<'_, Act> {
    let (outer, inner) = theme::ring(focused, radius);
    container(container(control).padding(theme::RING_INNER).style(move |_| inner))
        .padding(theme::RING_OUTER)
        .style(move |_| outer)
        .into()
}

/// A sign and a word in the sign's colour.
pub(super) fn state<'a>(icon: Icon, words: &'a str, fonts: &Fonts) -> Element<'a, Act> {
    row![icons::sign(icon, 24.0), text(words).size(theme::BODY).font(fonts.bold).color(theme::accent(icon))]
        .spacing(8)
        .align_y(iced::Center)
        .into()
}

/// A bar of which the part `filled`, 0 to 1, is coloured.
pub(super) fn bar<'a>(filled: f32, colour: Color) -> Element<'a, Act> {
    const HEIGHT: f32 = 12.0;
    // Portions are whole numbers and must not be 0.
    let part = (filled.clamp(0.0, 1.0) * 1000.0).round() as u16;
    let full = (part > 0).then(|| {
        container(space().width(Fill).height(HEIGHT))
            .width(iced::FillPortion(part))
            .style(move |_| theme::surface(colour, None, HEIGHT / 2.0))
    });
    let rest = (part < 1000).then(|| space().width(iced::FillPortion(1000 - part)).height(HEIGHT));
    container(row![].push(full).push(rest))
        .width(Fill)
        .style(move |_| theme::surface(theme::PANEL, Some(colour), HEIGHT / 2.0))
        .into()
}
