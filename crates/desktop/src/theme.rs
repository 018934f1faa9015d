//! Colours, sizes and shapes after デジタル庁デザインシステム (@digital-go-jp/design-tokens 1.1, MIT).

use crate::model::Icon;
use iced::{
    Background, Border, Color, Shadow, Theme, border, color,
    widget::{button, checkbox, container, text_input},
};

pub(crate) const TEXT: Color = color!(0x333333);
pub(crate) const HEADING: Color = color!(0x1a1a1a);
pub(crate) const SUBTLE: Color = color!(0x595959);
pub(crate) const WHITE: Color = Color::WHITE;
pub(crate) const PANEL: Color = color!(0xf2f2f2);
pub(crate) const RULE: Color = color!(0xb3b3b3);
pub(crate) const CONTROL: Color = color!(0x666666);
pub(crate) const BLUE: Color = color!(0x0017c1);
const BLUE_HOVER: Color = color!(0x00118f);
const BLUE_PRESSED: Color = color!(0x000060);
const BLUE_PALE: Color = color!(0xc5d7fb);
const BLUE_PALE_HOVER: Color = color!(0xe8f1fe);
pub(crate) const GREEN: Color = color!(0x197a4b);
pub(crate) const ORANGE: Color = color!(0xc74700);
pub(crate) const RED: Color = color!(0xec0000);
const DISABLED: Color = color!(0xcccccc);
const DISABLED_TEXT: Color = color!(0x666666);
/// The focus ring: yellow inside, black outside, seen on every background.
const FOCUS_INNER: Color = color!(0xffd43d);
const FOCUS_OUTER: Color = Color::BLACK;

pub(crate) const TITLE: f32 = 24.0;
pub(crate) const SUBTITLE: f32 = 20.0;
pub(crate) const BODY: f32 = 16.0;
pub(crate) const SMALL: f32 = 14.0;
/// Of body text; headings are set tighter.
pub(crate) const LINE: f32 = 1.7;
pub(crate) const HEADING_LINE: f32 = 1.5;

/// The least height of what can be pressed.
pub(crate) const TARGET: f32 = 48.0;
/// Black and yellow of the focus ring: room that every control keeps free around itself.
pub(crate) const RING_OUTER: f32 = 3.0;
pub(crate) const RING_INNER: f32 = 2.0;
pub(crate) const RING: f32 = RING_OUTER + RING_INNER;
/// Corners of buttons and fields.
pub(crate) const RADIUS: f32 = 8.0;

/// The colour that goes with a sign, 4.5:1 on white.
pub(crate) fn accent(icon: Icon) -> Color {
    match icon {
        Icon::Info | Icon::Question => BLUE,
        Icon::Done => GREEN,
        Icon::Warning => ORANGE,
        Icon::Error => RED,
    }
}

pub(crate) fn base() -> Theme {
    Theme::custom(
        "Koshin",
        iced::theme::Palette {
            background: WHITE,
            text: TEXT,
            primary: BLUE,
            success: GREEN,
            warning: ORANGE,
            danger: RED,
        },
    )
}

pub(crate) fn filled(_: &Theme, status: button::Status) -> button::Style {
    let (background, text_color) = match status {
        button::Status::Active => (BLUE, WHITE),
        button::Status::Hovered => (BLUE_HOVER, WHITE),
        button::Status::Pressed => (BLUE_PRESSED, WHITE),
        button::Status::Disabled => (DISABLED, DISABLED_TEXT),
    };
    button_style(background, text_color, background)
}

pub(crate) fn outlined(_: &Theme, status: button::Status) -> button::Style {
    let (background, colour) = match status {
        button::Status::Active => (WHITE, BLUE),
        button::Status::Hovered => (BLUE_PALE_HOVER, BLUE_HOVER),
        button::Status::Pressed => (BLUE_PALE, BLUE_PRESSED),
        button::Status::Disabled => (WHITE, DISABLED_TEXT),
    };
    button_style(background, colour, colour)
}

fn button_style(background: Color, text_color: Color, edge: Color) -> button::Style {
    button::Style {
        background: Some(background.into()),
        text_color,
        border: border::rounded(RADIUS).width(1).color(edge),
        shadow: Shadow::default(),
        snap: true,
    }
}

pub(crate) fn field(error: bool) -> impl Fn(&Theme, text_input::Status) -> text_input::Style {
    move |_, status| text_input::Style {
        background: WHITE.into(),
        border: border::rounded(RADIUS).width(if error { 2 } else { 1 }).color(if error {
            RED
        } else {
            CONTROL
        }),
        icon: SUBTLE,
        placeholder: SUBTLE,
        value: if status == text_input::Status::Disabled { SUBTLE } else { TEXT },
        selection: BLUE_PALE,
    }
}

pub(crate) fn tick(_: &Theme, status: checkbox::Status) -> checkbox::Style {
    let (checkbox::Status::Active { is_checked }
    | checkbox::Status::Hovered { is_checked }
    | checkbox::Status::Disabled { is_checked }) = status;
    checkbox::Style {
        background: if is_checked { BLUE } else { WHITE }.into(),
        icon_color: WHITE,
        border: border::rounded(4).width(2).color(if is_checked { BLUE } else { CONTROL }),
        text_color: Some(TEXT),
    }
}

pub(crate) fn surface(background: Color, edge: Option<Color>, radius: f32) -> container::Style {
    let edge: Border =
        edge.map_or(border::rounded(radius), |edge| border::rounded(radius).width(1).color(edge));
    container::Style {
        background: Some(Background::Color(background)),
        border: edge,
        ..container::Style::default()
    }
}

/// The outer and inner part of the focus ring around a control with corners of `radius`.
pub(crate) fn ring(focused: bool, radius: f32) -> (container::Style, container::Style) {
    if !focused {
        return (container::Style::default(), container::Style::default());
    }
    (surface(FOCUS_OUTER, None, radius + RING), surface(FOCUS_INNER, None, radius + RING_INNER))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, contrast ratio.
    fn contrast(one: Color, other: Color) -> f32 {
        let (one, other) = (one.relative_luminance() + 0.05, other.relative_luminance() + 0.05);
        (one / other).max(other / one)
    }

    #[test]
    fn text_stands_out_4_5_to_1() {
        let on_white = [TEXT, HEADING, SUBTLE, BLUE, GREEN, ORANGE, RED, CONTROL];
        for colour in on_white {
            assert!(contrast(colour, WHITE) >= 4.5, "{colour:?} on white: {}", contrast(colour, WHITE));
        }
        for (colour, background) in
            [(TEXT, PANEL), (HEADING, PANEL), (WHITE, BLUE_HOVER), (WHITE, BLUE_PRESSED)]
        {
            assert!(contrast(colour, background) >= 4.5, "{colour:?} on {background:?}");
        }
    }

    #[test]
    fn the_focus_ring_stands_out_3_to_1_inside_and_outside() {
        for background in [WHITE, PANEL] {
            assert!(contrast(FOCUS_OUTER, background) >= 3.0);
        }
        assert!(contrast(FOCUS_INNER, FOCUS_OUTER) >= 3.0);
        assert!(contrast(FOCUS_INNER, BLUE) >= 3.0);
    }
}
