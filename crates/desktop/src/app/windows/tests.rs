#![allow(clippy::unwrap_used)]

use super::*;
use crate::model::{Card, Field, Icon};
use secrecy::ExposeSecret;
use std::sync::mpsc::{Receiver, channel};
use zeroize::Zeroizing;

/// An application of which no window is really opened: what it tells the work is looked at.
fn app() -> App {
    let fonts = Fonts { body: iced::Font::DEFAULT, bold: iced::Font::DEFAULT, japanese: true, latin: true };
    let settings = Settings::new("Renewal", "koshin");
    App { settings, fonts, dialog: None, status: None, zoom: 0 }
}

type Answers = Receiver<Result<Choice, Unavailable>>;

fn ask(app: &mut App, dialog: Dialog) -> (window::Id, Answers) {
    let (reply, answers) = channel();
    let _ = app.update(Message::Request(Request::Ask(dialog, reply)));
    (app.dialog.as_ref().unwrap().id, answers)
}

fn keys(app: &mut App, id: window::Id, inputs: impl IntoIterator<Item = Input>) {
    for input in inputs {
        let _ = app.update(Message::Input(id, input));
    }
}

fn pressed(answers: &Answers) -> (usize, Option<String>) {
    match answers.try_recv().unwrap() {
        Ok(Choice::Pressed { index, text }) => (index, text.map(|text| text.expose_secret().to_owned())),
        other => panic!("{other:?}"),
    }
}

fn question() -> Dialog {
    Dialog::new(Icon::Question, "Renewal").paragraph("Renew?").primary("Renew").cancel("Not today")
}

fn progress() -> Progress {
    Progress::new("Renewing", ["Connecting", "Switching"])
}

#[test]
fn enter_presses_the_default_button_and_the_window_waits_for_what_follows() {
    let mut app = app();
    let (id, answers) = ask(&mut app, question());
    keys(&mut app, id, [Input::Confirm]);
    assert_eq!(pressed(&answers), (0, None));

    keys(&mut app, id, [Input::Confirm, Input::Press]);
    assert!(answers.try_recv().is_err(), "nothing can be pressed twice");
    assert!(app.dialog.is_some());

    let (opened, _) = channel();
    let _ = app.update(Message::Request(Request::Progress(progress(), Arc::default(), opened)));
    assert_eq!(app.dialog.as_ref().unwrap().id, id, "the steps are shown in the same window");
}

#[test]
fn esc_is_the_harmless_choice_and_closes() {
    let mut app = app();
    let (id, answers) = ask(&mut app, question());
    keys(&mut app, id, [Input::Cancel]);
    assert_eq!(pressed(&answers), (1, None));
    assert!(app.dialog.is_none());
}

#[test]
fn tab_goes_round_and_enter_presses_what_has_the_focus() {
    let mut app = app();
    let (id, answers) = ask(&mut app, question());
    keys(&mut app, id, [Input::Next, Input::Next, Input::Previous, Input::Confirm]);
    assert_eq!(pressed(&answers), (1, None));
}

#[test]
fn closing_the_window_is_no_answer() {
    let mut app = app();
    let (id, answers) = ask(&mut app, question());
    keys(&mut app, id, [Input::Close]);
    assert!(matches!(answers.try_recv().unwrap(), Ok(Choice::Closed)));
}

#[test]
fn a_second_question_takes_the_place_of_the_first() {
    let mut app = app();
    let (first, answers) = ask(&mut app, question());
    let (second, _later) = ask(&mut app, question());
    assert_eq!(first, second);
    assert!(matches!(answers.try_recv().unwrap(), Ok(Choice::Closed)));
}

#[test]
fn an_empty_field_is_asked_for_again_but_can_be_cancelled() {
    let dialog = question().field(Field::masked("Password", "Show"));
    let mut app = app();
    let (id, answers) = ask(&mut app, dialog);
    keys(&mut app, id, [Input::Confirm]);
    assert!(answers.try_recv().is_err());

    let typed = Zeroizing::new("secret".to_owned());
    let _ = app.update(Message::Act(id, Act::Typed(typed)));
    keys(&mut app, id, [Input::Confirm]);
    assert_eq!(pressed(&answers), (0, Some("secret".into())));
    assert!(app.dialog.as_ref().unwrap().pane.typed.is_empty(), "the secret is not kept");
}

#[test]
fn space_shows_the_characters_of_a_masked_field() {
    let mut app = app();
    let (id, _answers) = ask(&mut app, question().field(Field::masked("Password", "Show")));
    keys(&mut app, id, [Input::Next, Input::Press]);
    assert!(app.dialog.as_ref().unwrap().pane.revealed);
}

#[test]
fn closing_the_steps_is_reported_and_the_result_opens_a_new_window() {
    let mut app = app();
    let closed = Arc::new(AtomicBool::new(false));
    let (opened, _) = channel();
    let _ = app.update(Message::Request(Request::Progress(progress(), Arc::clone(&closed), opened)));
    let id = app.dialog.as_ref().unwrap().id;
    keys(&mut app, id, [Input::Cancel, Input::Confirm]);
    assert!(app.dialog.is_some() && !closed.load(Ordering::Acquire), "Esc leaves work under way in view");

    keys(&mut app, id, [Input::Close]);
    assert!(closed.load(Ordering::Acquire));
    let _ = app.update(Message::Request(Request::Step(1)));
    assert!(app.dialog.is_none(), "a step does not bring the window back");
    let (result, _answers) = ask(&mut app, question());
    assert_ne!(result, id);
}

#[test]
fn the_result_taking_the_steps_place_is_not_the_person_closing_them() {
    let mut app = app();
    let closed = Arc::new(AtomicBool::new(false));
    let (opened, _) = channel();
    let _ = app.update(Message::Request(Request::Progress(progress(), Arc::clone(&closed), opened)));
    let (_, _answers) = ask(&mut app, question());
    assert!(!closed.load(Ordering::Acquire));
}

#[test]
fn the_status_window_tells_what_was_pressed_and_stays() {
    let mut app = app();
    let (events, heard) = channel();
    let (opened, _) = channel();
    let _ = app.update(Message::Request(Request::Status(status(2), events, opened)));
    let id = app.status.as_ref().unwrap().id;
    keys(&mut app, id, [Input::Next, Input::Confirm, Input::Next, Input::Press]);
    assert_eq!(
        heard.try_iter().collect::<Vec<_>>(),
        [StatusEvent::Card { card: 1, action: 0 }, StatusEvent::Action(0)]
    );

    let _ = app.update(Message::Request(Request::Refresh(status(0))));
    keys(&mut app, id, [Input::Confirm, Input::Cancel]);
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [StatusEvent::Action(0), StatusEvent::Closed]);
}

fn status(cards: usize) -> Status {
    let card = Card {
        title: "Reception".into(),
        subtitle: String::new(),
        icon: Icon::Done,
        state: "Good".into(),
        life: None,
        facts: vec![],
        actions: vec!["Renew".into()],
    };
    Status {
        icon: Icon::Done,
        title: "Good".into(),
        paragraphs: vec![],
        notice: None,
        cards: vec![card; cards],
        actions: vec!["Back up".into()],
    }
}

#[test]
fn without_a_japanese_font_nobody_is_shown_boxes() {
    let mut app = app();
    app.fonts.japanese = false;
    let (reply, answers) = channel();
    let dialog = Dialog::new(Icon::Question, "証明書の更新").close("閉じる");
    let _ = app.update(Message::Request(Request::Ask(dialog, reply)));
    assert_eq!(answers.try_recv().unwrap().unwrap_err(), Unavailable::NoFont);
    assert!(app.dialog.is_none());
}
