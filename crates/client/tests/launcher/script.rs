//! A person by script, and everything that happens around them in its order.

use crate::support::{World, server::ScriptedServer};
use jiff::Timestamp;
use koshin::{
    applications::App,
    dialogs,
    environment::{Environment, Language},
    launcher::{
        attend::{Attended, Launch, attend},
        decision::Action,
        look::Look,
        person::Person,
    },
    prompt::{DesktopPrompt, Windows},
    renewal::performer::Surroundings,
    storage::FileSystem,
};
use koshin_desktop::{Choice, Dialog, Progress, Unavailable};
use std::{cell::RefCell, collections::VecDeque, rc::Rc};

/// What the person does with a dialog.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    /// Presses the button with this label.
    Presses(&'static str),
    /// Types this and presses the first button.
    Types(&'static str),
    /// Closes the window.
    Closes,
}

/// Windows that answer by script and write down what they showed.
struct Scripted<'a> {
    answers: VecDeque<Does>,
    log: Rc<RefCell<Vec<String>>>,
    dialogs: Rc<RefCell<Vec<Dialog>>>,
    display: bool,
    meanwhile: &'a dyn Fn(),
}

impl Windows for Scripted<'_> {
    fn ask(&mut self, dialog: Dialog) -> Result<Choice, Unavailable> {
        if !self.display {
            return Err(Unavailable::NoDisplay);
        }
        self.log.borrow_mut().push(dialog.title.clone());
        self.dialogs.borrow_mut().push(dialog.clone());
        (self.meanwhile)();
        Ok(match self.answers.pop_front() {
            Some(Does::Presses(label)) => {
                let index = dialog.buttons.iter().position(|button| button.label == label);
                let index = index.unwrap_or_else(|| panic!("no {label} in {:?}", dialog.buttons));
                Choice::Pressed { index, text: None }
            }
            Some(Does::Types(text)) => {
                assert!(dialog.field.is_some(), "{} has no field", dialog.title);
                Choice::Pressed { index: dialogs::YES, text: Some(text.into()) }
            }
            Some(Does::Closes) => Choice::Closed,
            None => panic!("nobody expected {:?}", dialogs::as_text(&dialog)),
        })
    }

    fn progress(&mut self, progress: Progress) -> Result<(), Unavailable> {
        assert!(self.display);
        self.log.borrow_mut().push(format!("{}/{}", progress.current + 1, progress.steps.len()));
        Ok(())
    }
}

/// A launcher's surroundings.
pub(crate) struct Scene<'a> {
    pub world: &'a World,
    pub server: &'a ScriptedServer,
    pub disk: &'a dyn FileSystem,
    pub now: Timestamp,
    pub app: App,
    pub language: Language,
    pub display: bool,
    /// Happens while a dialog is open.
    pub meanwhile: &'a dyn Fn(),
}

/// What happened.
pub(crate) struct Played {
    /// Titles of dialogs, steps as `1/4`, and `*` when the application starts.
    pub log: Vec<String>,
    pub dialogs: Vec<Dialog>,
    /// `None` when nothing was due.
    pub attended: Option<Attended>,
}

impl Played {
    pub(crate) fn text(&self, index: usize) -> String {
        dialogs::as_text(&self.dialogs[index])
    }

    pub(crate) fn labels(&self, index: usize) -> Vec<&str> {
        self.dialogs[index].buttons.iter().map(|button| button.label.as_str()).collect()
    }
}

impl<'a> Scene<'a> {
    pub(crate) fn new(world: &'a World, server: &'a ScriptedServer) -> Self {
        Self {
            world,
            server,
            disk: &koshin::storage::Disk,
            now: crate::support::now(),
            app: App::Monsiaj,
            language: Language::Japanese,
            display: true,
            meanwhile: &|| (),
        }
    }

    /// One start of the application.
    pub(crate) fn play(&self, answers: &[Does]) -> Played {
        let environment = Environment { language: self.language, ..self.world.environment.clone() };
        let (log, dialogs) = (Rc::<RefCell<Vec<String>>>::default(), Rc::<RefCell<Vec<Dialog>>>::default());
        let look = Look::at(&environment, self.app);
        let mut attended = None;
        if look.action(self.now) == Action::Attend {
            let mut windows = Scripted {
                answers: answers.iter().cloned().collect(),
                log: Rc::clone(&log),
                dialogs: Rc::clone(&dialogs),
                display: self.display,
                meanwhile: self.meanwhile,
            };
            let clock = || self.now;
            let with = Surroundings {
                fs: self.disk,
                network: self.server,
                hooks: &self.world.hooks,
                state_dir: &environment.state_dir,
                clock: &clock,
            };
            let launch = Launch { environment: &environment, app: self.app, with };
            let person = Person::new(self.language, DesktopPrompt::new(self.language, &mut windows), None);
            attended = Some(attend(launch, look, &person, &mut || log.borrow_mut().push("*".to_owned())));
            drop(person);
            assert!(windows.answers.is_empty(), "not asked any more: {:?}", windows.answers);
        }
        // As the program does, unless it runs beside already.
        if !log.borrow().iter().any(|event| event == "*") {
            log.borrow_mut().push("*".to_owned());
        }
        Played { log: log.take(), dialogs: dialogs.take(), attended }
    }
}
