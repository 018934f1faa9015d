//! A question or a result.

use super::{Act, FIELD, Pane, Target, controls};
use crate::{
    fonts::Fonts,
    model::{Dialog, Field},
    theme,
};
use iced::{
    Element, Fill,
    widget::{checkbox, column, container, text_input},
};
use zeroize::Zeroizing;

pub(super) fn body<'a>(pane: &'a Pane, dialog: &'a Dialog, fonts: &Fonts) -> Element<'a, Act> {
    let introduction = controls::introduction(dialog.icon, &dialog.title, &dialog.paragraphs, fonts);
    let facts = (!dialog.facts.is_empty()).then(|| controls::emphasised(&dialog.facts, fonts));
    let field = dialog.field.as_ref().map(|field| entry(pane, field, fonts));
    column![introduction].push(facts).push(field).spacing(20).into()
}

pub(super) fn footer<'a>(pane: &'a Pane, dialog: &'a Dialog, fonts: &Fonts) -> Option<Element<'a, Act>> {
    let buttons = dialog.buttons.iter().enumerate().map(|(index, button)| {
        let target = Target::Button(index);
        controls::push_button(&button.label, button.default, target, pane.focused(), !pane.answered, fonts)
    });
    (!dialog.buttons.is_empty()).then(|| controls::button_row(buttons))
}

fn entry<'a>(pane: &'a Pane, field: &'a Field, fonts: &Fonts) -> Element<'a, Act> {
    let hint = field.hint.as_ref().map(|hint| controls::flow(hint, controls::small));
    let error = field.error.as_ref().map(|error| controls::paragraph(error).color(theme::RED));
    let label = controls::heading(&field.label, theme::BODY, fonts);
    let masked = field.reveal.is_some() && !pane.revealed;
    let input = text_input("", &pane.typed)
        .id(FIELD)
        .secure(masked)
        .on_input_maybe((!pane.answered).then_some(|typed| Act::Typed(Zeroizing::new(typed))))
        .size(theme::BODY)
        .line_height(theme::LINE)
        .padding([10, 16])
        .width(Fill)
        .style(theme::field(field.error.is_some()));
    let input = controls::ring(input.into(), pane.focused() == Some(Target::Field), theme::RADIUS);
    let reveal = field.reveal.as_ref().map(|label| {
        let tick = checkbox(pane.revealed)
            .label(label)
            .size(24)
            .spacing(8)
            .text_size(theme::BODY)
            .text_line_height(theme::LINE)
            .on_toggle_maybe((!pane.answered).then_some(|_| Act::Press(Target::Reveal)))
            .style(theme::tick);
        let tick = container(tick)
            .center_y(theme::TARGET)
            .padding([0, 8])
            .style(|_| theme::surface(theme::WHITE, None, theme::RADIUS));
        controls::ring(tick.into(), pane.focused() == Some(Target::Reveal), theme::RADIUS)
    });
    column![label].push(hint).push(error).push(input).push(reveal).spacing(4).into()
}
