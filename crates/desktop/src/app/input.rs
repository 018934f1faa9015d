//! Which events of a window matter.

use iced::{
    Event,
    event::Status,
    keyboard::{self, Key, key::Named},
    mouse, window,
};

/// What a person did to a window, besides pressing its buttons with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    Next,
    Previous,
    /// Enter.
    Confirm,
    /// Space, outside of a field.
    Press,
    /// Esc.
    Cancel,
    PageDown,
    PageUp,
    Larger,
    Smaller,
    /// The mouse went down: the field may have got or lost the focus.
    Pointed,
    /// The window manager was asked to close the window.
    Close,
}

impl Input {
    /// A key that is held down moves on; it does not answer the next window, which nobody has read yet.
    fn may_repeat(self) -> bool {
        !matches!(self, Self::Confirm | Self::Press | Self::Cancel)
    }
}

/// What an event means, if anything.
pub(super) fn of(event: Event, status: Status, _: window::Id) -> Option<Input> {
    match event {
        Event::Window(window::Event::CloseRequested) => Some(Input::Close),
        Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => Some(Input::Pointed),
        Event::Keyboard(keyboard::Event::KeyPressed { key, modifiers, repeat, .. }) => {
            key_input(&key, modifiers, status).filter(|input| !repeat || input.may_repeat())
        }
        _ => None,
    }
}

fn key_input(key: &Key, modifiers: keyboard::Modifiers, status: Status) -> Option<Input> {
    match key.as_ref() {
        Key::Named(Named::Tab) if modifiers.shift() => Some(Input::Previous),
        Key::Named(Named::Tab) if modifiers.is_empty() => Some(Input::Next),
        Key::Named(Named::Enter) => Some(Input::Confirm),
        Key::Named(Named::Escape) => Some(Input::Cancel),
        Key::Named(Named::Space) if status == Status::Ignored => Some(Input::Press),
        Key::Named(Named::PageDown) => Some(Input::PageDown),
        Key::Named(Named::PageUp) => Some(Input::PageUp),
        Key::Character("+" | ";" | "=") if modifiers.control() => Some(Input::Larger),
        Key::Character("-") if modifiers.control() => Some(Input::Smaller),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced::keyboard::Modifiers;

    #[test]
    fn space_in_a_field_is_a_character_not_a_press() {
        let space = Key::Named(Named::Space);
        assert_eq!(key_input(&space, Modifiers::empty(), Status::Captured), None);
        assert_eq!(key_input(&space, Modifiers::empty(), Status::Ignored), Some(Input::Press));
    }

    #[test]
    fn enter_and_esc_work_inside_a_field_too() {
        for status in [Status::Captured, Status::Ignored] {
            assert_eq!(
                key_input(&Key::Named(Named::Enter), Modifiers::empty(), status),
                Some(Input::Confirm)
            );
            assert_eq!(
                key_input(&Key::Named(Named::Escape), Modifiers::empty(), status),
                Some(Input::Cancel)
            );
        }
    }

    #[test]
    fn a_key_held_down_answers_once() {
        let held = [Input::Confirm, Input::Press, Input::Cancel];
        assert!(held.iter().all(|input| !input.may_repeat()));
        assert!(Input::Next.may_repeat() && Input::PageDown.may_repeat());
    }

    #[test]
    fn alt_tab_belongs_to_the_window_manager() {
        assert_eq!(key_input(&Key::Named(Named::Tab), Modifiers::ALT, Status::Ignored), None);
        assert_eq!(
            key_input(&Key::Named(Named::Tab), Modifiers::SHIFT, Status::Ignored),
            Some(Input::Previous)
        );
    }
}
