//! Every certificate of this computer.

use super::{Act, Pane, Target, controls};
use crate::{
    fonts::Fonts,
    model::{Card, Life, Notice, Status},
    theme,
};
use iced::{
    Element, Fill,
    widget::{column, container, row, space},
};

pub(super) fn body<'a>(pane: &'a Pane, status: &'a Status, fonts: &Fonts) -> Element<'a, Act> {
    let introduction = controls::introduction(status.icon, &status.title, &status.paragraphs, fonts);
    let notice = status.notice.as_ref().map(notice);
    let cards = status.cards.iter().enumerate().map(|(index, model)| card(pane, index, model, fonts));
    column![introduction].push(notice).extend(cards).spacing(20).into()
}

pub(super) fn footer<'a>(pane: &'a Pane, status: &'a Status, fonts: &Fonts) -> Option<Element<'a, Act>> {
    let buttons = status.actions.iter().enumerate().map(|(index, label)| {
        controls::push_button(label, false, Target::Button(index), pane.focused(), true, fonts)
    });
    (!status.actions.is_empty()).then(|| controls::button_row(buttons))
}

fn notice(notice: &Notice) -> Element<'_, Act> {
    let icon = notice.icon;
    container(
        row![
            super::icons::sign(icon, 24.0),
            container(controls::flow(&notice.text, controls::paragraph)).width(Fill)
        ]
        .spacing(12)
        .align_y(iced::Center),
    )
    .padding([12, 16])
    .width(Fill)
    .style(move |_| theme::surface(theme::WHITE, Some(theme::accent(icon)), theme::RADIUS))
    .into()
}

fn card<'a>(pane: &'a Pane, index: usize, card: &'a Card, fonts: &Fonts) -> Element<'a, Act> {
    let names =
        column![controls::heading(&card.title, theme::SUBTITLE, fonts), controls::small(&card.subtitle)]
            .width(Fill);
    let head = row![names, controls::state(card.icon, &card.state, fonts)].spacing(16);
    let life = card.life.as_ref().map(|life| bar(life, card, fonts));
    let facts = (!card.facts.is_empty()).then(|| controls::listed(&card.facts));
    let actions = card.actions.iter().enumerate().map(|(action, label)| {
        let target = Target::Action { card: index, index: action };
        controls::push_button(label, action == 0, target, pane.focused(), true, fonts)
    });
    let actions = (!card.actions.is_empty()).then(|| controls::button_row(actions));
    container(column![head].push(life).push(facts).push(actions).spacing(16))
        .padding(20)
        .width(Fill)
        .style(|_| theme::surface(theme::WHITE, Some(theme::RULE), 12.0))
        .into()
}

fn bar<'a>(life: &'a Life, card: &Card, fonts: &Fonts) -> Element<'a, Act> {
    let dates = row![controls::small(&life.from), space().width(Fill), controls::small(&life.to)];
    let remaining = controls::heading(&life.remaining, theme::BODY, fonts);
    column![remaining, controls::bar(life.left, theme::accent(card.icon)), dates].spacing(4).into()
}
