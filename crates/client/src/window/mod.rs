//! `koshin window`: every certificate on this PC, and the buttons to renew, to back up and to ask for help.
//!
//! - [`cards`]: one certificate, from what is known of it; [`view`]: the whole window. Both are pure.
//! - [`support_info`]: the text for the vendor, pure.
//! - [`jobs`]: what the buttons begin; [`folders`]: where a backup goes.
//!
//! The window reads the disk anew every quarter of a minute, so that it also shows what a timer or an application's
//! start has renewed. It never takes the focus, and ends when it is closed and what it has begun has ended.

pub mod cards;
pub mod folders;
pub mod jobs;
pub mod support_info;
pub mod view;

use crate::{
    cli::messages::window as words,
    environment::{Environment, Language},
    prompt::OnDesktop,
    this_pc::with_surroundings,
};
use koshin_desktop::{Desktop, Icon, Notice, StatusEvent, StatusWindow, Unavailable};
use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, Scope},
    time::Duration,
};
use view::{Action, Behind, Doing, Knowledge, View, view};

/// By which desktops find the window's entry and icon: `packaging/linux/koshin.desktop`.
pub const APPLICATION_ID: &str = "koshin";
/// How often the disk is read.
const REFRESH: Duration = Duration::from_secs(15);
/// While something is being done, its end is looked for so often.
const TICK: Duration = Duration::from_millis(200);
/// So many ticks make a [`REFRESH`].
const TICKS: u128 = REFRESH.as_millis() / TICK.as_millis();

/// Shows the window until it is closed and what was begun in it has ended.
///
/// # Errors
/// No window can be shown here.
pub fn open(desktop: &Desktop, environment: &Environment) -> Result<(), Unavailable> {
    match open_in(desktop, environment) {
        // Better English than no window.
        Err(Unavailable::NoFont) if environment.language == Language::Japanese => {
            let english = Environment { language: Language::English, ..environment.clone() };
            open_in(desktop, &english)
        }
        result => result,
    }
}

fn open_in(desktop: &Desktop, environment: &Environment) -> Result<(), Unavailable> {
    let mut shown = look(environment, &Doing::Nothing, None);
    let window = desktop.status(shown.status.clone())?;
    thread::scope(|scope| {
        let (ended, endings) = channel();
        let jobs = Jobs { scope, desktop, environment, ended };
        watch(&window, &jobs, &endings, &mut shown);
        // Gone at once; the scope waits for what still runs, whose dialogs have a window of their own.
        drop(window);
    });
    Ok(())
}

fn look(environment: &Environment, doing: &Doing, notice: Option<&Notice>) -> View {
    let (report, diary, mechanism) = jobs::look(environment);
    let language = environment.language;
    view(Knowledge {
        report: &report,
        diary: &diary,
        automatic: mechanism.is_some(),
        language,
        doing,
        notice,
    })
}

/// Until the window is closed.
fn watch(
    window: &StatusWindow<'_>,
    jobs: &Jobs<'_, '_>,
    endings: &Receiver<Option<Notice>>,
    shown: &mut View,
) {
    let (mut doing, mut notice) = (Doing::Nothing, None);
    let mut ticks = 0;
    loop {
        let busy = doing != Doing::Nothing;
        let event = window.next_event(Some(if busy { TICK } else { REFRESH }));
        match event.and_then(|event| meaning(shown, event)) {
            Some(Meaning::Close) => return,
            Some(Meaning::Begin(job)) if !busy => {
                doing = jobs.begin(*job);
                notice = None;
            }
            _ => {}
        }
        if let Ok(told) = endings.try_recv() {
            (doing, notice) = (Doing::Nothing, told);
        } else if busy && event.is_none() {
            ticks += 1;
            if ticks < TICKS {
                continue;
            }
        }
        ticks = 0;
        let newer = look(jobs.environment, &doing, notice.as_ref());
        // What is the same is not drawn again.
        if newer.status != shown.status {
            window.refresh(newer.status.clone());
        }
        *shown = newer;
    }
}

/// What can be begun.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Job {
    Renew(Behind),
    Recover(Behind),
    BackUp,
    CopySupport,
}

/// What was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    Begin(Box<Job>),
    Close,
}

impl Meaning {
    fn begin(job: Job) -> Self {
        Self::Begin(Box::new(job))
    }
}

fn meaning(shown: &View, event: StatusEvent) -> Option<Meaning> {
    match event {
        StatusEvent::Closed => Some(Meaning::Close),
        StatusEvent::Card { card, .. } => {
            let behind = shown.cards.get(card)?.clone();
            match (behind.target, behind.recovery) {
                (Some(_), _) => Some(Meaning::begin(Job::Renew(behind))),
                (None, Some(_)) => Some(Meaning::begin(Job::Recover(behind))),
                (None, None) => None,
            }
        }
        StatusEvent::Action(index) => Some(match shown.actions.get(index)? {
            Action::BackUp => Meaning::begin(Job::BackUp),
            Action::CopySupport => Meaning::begin(Job::CopySupport),
            Action::Close => Meaning::Close,
        }),
    }
}

/// Begins jobs.
struct Jobs<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    desktop: &'env Desktop,
    environment: &'env Environment,
    ended: Sender<Option<Notice>>,
}

impl Jobs<'_, '_> {
    fn begin(&self, job: Job) -> Doing {
        let doing = match &job {
            Job::Renew(behind) => Doing::Renewing(behind.name.clone()),
            Job::Recover(behind) => Doing::Recovering(behind.name.clone()),
            Job::BackUp => Doing::BackingUp,
            Job::CopySupport => Doing::Examining,
        };
        let (desktop, environment) = (self.desktop, self.environment);
        let ended = self.ended.clone();
        self.scope.spawn(move || {
            let told = match job {
                Job::Renew(behind) => {
                    let mut windows = OnDesktop::new(desktop);
                    let told = with_surroundings(environment, |with| {
                        jobs::renew(environment, with, &behind, &mut windows)
                    });
                    desktop.close();
                    told
                }
                Job::Recover(behind) => {
                    let mut windows = OnDesktop::new(desktop);
                    let told = with_surroundings(environment, |with| {
                        jobs::recover(environment, with, &behind, &mut windows)
                    });
                    desktop.close();
                    told
                }
                Job::BackUp => Some(jobs::back_up(environment)),
                Job::CopySupport => {
                    desktop.copy(jobs::support(environment));
                    Some(Notice { icon: Icon::Done, text: words::copied(environment.language).to_owned() })
                }
            };
            // Whoever has closed the window does not listen any more.
            let _ = ended.send(told);
        });
        doing
    }
}
