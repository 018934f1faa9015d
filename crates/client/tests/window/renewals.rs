//! ［今すぐ更新］: what is asked and told, and what the window then shows. The server really signs; whoever sits there is
//! scripted.

use crate::support::{World, days, now, server::ScriptedServer};
use koshin::{
    applications::App,
    cli::{memory::Memory, status::gather},
    daemon::diary::Diary,
    doors::{DoorError, NetworkFault},
    environment::{Environment, Language},
    launcher::memory::Memory as Declined,
    prompt::Windows,
    renewal::performer::Surroundings,
    storage::{Disk, lock::InstanceLock},
    window::{
        jobs,
        view::{Doing, Knowledge, View, view},
    },
};
use koshin_desktop::{Choice, Dialog, Icon, Notice, Progress, Unavailable};
use koshin_policy::calendar;
use secrecy::SecretString;
use std::collections::VecDeque;

/// Presses these buttons, one a dialog; then closes the windows.
#[derive(Default)]
struct Screen {
    presses: VecDeque<usize>,
    /// Into the field of every dialog that has one.
    types: Option<&'static str>,
    texts: Vec<String>,
    titles: Vec<String>,
    steps: Vec<usize>,
}

impl Screen {
    fn pressing(presses: &[usize]) -> Self {
        Self { presses: presses.iter().copied().collect(), ..Self::default() }
    }
}

impl Windows for Screen {
    fn ask(&mut self, dialog: Dialog) -> Result<Choice, Unavailable> {
        let text = self.types.filter(|_| dialog.field.is_some()).map(SecretString::from);
        self.texts.push(format!("{dialog:?}"));
        self.titles.push(dialog.title);
        Ok(match self.presses.pop_front() {
            Some(index) => Choice::Pressed { index, text },
            None => Choice::Closed,
        })
    }

    fn progress(&mut self, progress: Progress) -> Result<(), Unavailable> {
        self.steps.push(progress.current);
        Ok(())
    }
}

fn world() -> World {
    let mut world = World::new();
    world.environment = Environment { language: Language::Japanese, ..world.environment };
    world.install(&[App::Monsiaj, App::Receview]);
    world
}

fn shown(world: &World) -> View {
    let environment = &world.environment;
    let found = koshin::applications::discover(environment);
    let report = gather(found, &Memory::load(&environment.state_dir), now());
    let diary = Diary::load(&Disk, &environment.state_dir);
    view(Knowledge {
        report: &report,
        diary: &diary,
        automatic: false,
        language: environment.language,
        doing: &Doing::Nothing,
        notice: None,
    })
}

fn press(world: &World, server: &ScriptedServer, screen: &mut dyn Windows) -> Option<Notice> {
    let with = Surroundings {
        fs: &Disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &world.environment.state_dir,
        clock: &now,
    };
    jobs::renew(&world.environment, with, &shown(world).cards[0], screen)
}

fn fact(view: &View, label: &str) -> String {
    let facts = &view.status.cards[0].facts;
    facts.iter().find(|fact| fact.label == label).map(|fact| fact.value.clone()).unwrap_or_default()
}

#[test]
fn agreeing_renews_and_the_window_shows_the_new_date() {
    let (world, mut screen) = (world(), Screen::pressing(&[0, 0]));
    let before = shown(&world);
    assert_eq!(before.status.cards[0].actions, ["今すぐ更新"]);
    assert_eq!(fact(&before, "直近の結果"), "まだありません");
    let notice = press(&world, &ScriptedServer::est(&world.ca), &mut screen).unwrap();
    assert_eq!(notice.icon, Icon::Done);
    assert_eq!(screen.titles, ["証明書の更新", "証明書を更新しました"]);
    assert_eq!(screen.steps, [0, 1, 2, 3]);
    let after = shown(&world);
    assert_eq!(&*after.status.title, "正常です");
    assert!(after.status.cards[0].actions.is_empty());
    assert_eq!(fact(&after, "有効期限"), "2029年11月22日（木）12:00");
    assert_eq!(fact(&after, "直近の結果"), "更新しました（2026/11/22 12:00）");
    assert_eq!(fact(&after, "最終接続"), "2026/11/22 12:00");
    assert!(!world.all_old());
}

const CODE: &str = "Y6FN-9WSA-MH4Y";

fn recover(world: &World, server: &ScriptedServer, screen: &mut dyn Windows) -> Option<Notice> {
    let with = Surroundings {
        fs: &Disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &world.environment.state_dir,
        clock: &now,
    };
    jobs::recover(&world.environment, with, &shown(world).cards[0], screen)
}

fn expired() -> (World, ScriptedServer) {
    let mut world = World::of("client001", now() - days(1));
    world.environment = Environment { language: Language::Japanese, ..world.environment };
    world.install(&[App::Monsiaj, App::Receview]);
    world
        .write(".config/koshin/koshin.toml", "[support]\ncontact = \"○○システム 03-0000-0000\"\n".as_bytes());
    let server = ScriptedServer::est(&world.ca);
    server.script.codes.borrow_mut().insert(CODE.to_owned(), None);
    (world, server)
}

#[test]
fn an_expired_certificate_comes_back_by_a_code() {
    let (world, server) = expired();
    let before = shown(&world);
    assert_eq!(before.status.cards[0].actions, ["復旧コードを入力する"]);
    let mut screen = Screen { types: Some("y6fn9wsamh4y"), ..Screen::pressing(&[0, 0]) };
    let notice = recover(&world, &server, &mut screen).unwrap();
    assert_eq!(notice.icon, Icon::Done);
    assert_eq!(screen.titles, ["証明書の有効期限が切れています", "証明書を更新しました"]);
    assert!(screen.texts[0].contains("○○システム"), "{}", screen.texts[0]);
    let after = shown(&world);
    assert_eq!(&*after.status.title, "正常です");
    assert!(after.status.cards[0].actions.is_empty());
    assert_eq!(fact(&after, "直近の結果"), "更新しました（2026/11/22 12:00）");
    assert!(!world.all_old());
}

#[test]
fn a_code_that_is_not_typed_or_wrong_changes_nothing() {
    let (world, server) = expired();
    let mut screen = Screen { types: Some("0000"), ..Screen::pressing(&[0, 1]) };
    assert_eq!(recover(&world, &server, &mut screen), None);
    assert!(screen.texts[1].contains("打ち間違い"), "{}", screen.texts[1]);
    assert!(server.record.borrow().codes.is_empty());
    assert!(world.all_old());
}

/// For what no code is issued, none is asked for.
#[test]
fn an_expired_api_certificate_has_no_button() {
    let world = World::of("api001", now() - days(1));
    world.install(&[App::Monsiaj]);
    assert!(shown(&world).status.cards[0].actions.is_empty());
}

/// It may stay open over night.
#[test]
fn an_open_question_keeps_nobody_from_renewing() {
    struct Watched<'a>(Screen, &'a World);

    impl Windows for Watched<'_> {
        fn ask(&mut self, dialog: Dialog) -> Result<Choice, Unavailable> {
            InstanceLock::take(&Disk, &self.1.environment.state_dir).unwrap();
            self.0.ask(dialog)
        }

        fn progress(&mut self, progress: Progress) -> Result<(), Unavailable> {
            self.0.progress(progress)
        }
    }

    let world = world();
    let mut screen = Watched(Screen::pressing(&[0, 0]), &world);
    press(&world, &ScriptedServer::est(&world.ca), &mut screen).unwrap();
    assert_eq!(screen.0.titles, ["証明書の更新", "証明書を更新しました"]);
    assert!(!world.all_old());
}

#[test]
fn saying_no_changes_nothing_and_holds_for_the_day() {
    let (world, mut screen) = (world(), Screen::pressing(&[1]));
    let before = shown(&world);
    assert_eq!(press(&world, &ScriptedServer::est(&world.ca), &mut screen), None);
    assert_eq!(shown(&world), before);
    let memory = Declined::load(&Disk, &world.environment.state_dir);
    let key = before.cards[0].sha256.as_ref().unwrap();
    assert_eq!(memory.not_today(key), Some(calendar::jst_date(now())));
}

#[test]
fn a_failure_is_told_and_tried_again_without_a_second_question() {
    let (world, mut screen) = (world(), Screen::pressing(&[0, 0, 0]));
    let server = ScriptedServer::est(&world.ca);
    let (host, reason) = ("auth.test.example".to_owned(), "connection refused".to_owned());
    let fault = NetworkFault::Connect;
    server.script.request_fails.borrow_mut().push(DoorError::Network { host, reason, fault });
    let notice = press(&world, &server, &mut screen).unwrap();
    assert_eq!(screen.titles[0], "証明書の更新");
    assert_eq!(screen.titles[2], "証明書を更新しました");
    assert_eq!(screen.titles.len(), 3, "{:?}", screen.titles);
    assert_eq!(notice.icon, Icon::Done);
}

#[test]
fn a_failure_stays_in_the_window_with_its_reason() {
    let (world, mut screen) = (world(), Screen::pressing(&[0, 1]));
    let server = ScriptedServer::est(&world.ca);
    let (host, reason) = ("auth.test.example".to_owned(), "connection refused".to_owned());
    let fault = NetworkFault::Connect;
    server.script.request_fails.borrow_mut().push(DoorError::Network { host, reason, fault });
    let notice = press(&world, &server, &mut screen).unwrap();
    assert_eq!(notice.icon, Icon::Warning);
    let view = shown(&world);
    let result = fact(&view, "直近の結果");
    assert!(result.starts_with("更新できませんでした（2026/11/22 12:00）："), "{result}");
    assert!(!result.contains(" | "), "{result}");
    assert_eq!(view.status.cards[0].actions, ["今すぐ更新"]);
    assert!(world.all_old());
}

#[test]
fn while_another_program_renews_the_window_says_so() {
    let (world, mut screen) = (world(), Screen::pressing(&[0, 1]));
    let _lock = InstanceLock::take(&Disk, &world.environment.state_dir).unwrap();
    let notice = press(&world, &ScriptedServer::est(&world.ca), &mut screen).unwrap();
    assert_eq!(notice.icon, Icon::Warning);
    assert!(notice.text.contains("ほかの更新が実行中です"), "{}", notice.text);
}

#[test]
fn what_another_program_has_renewed_is_seen_at_the_next_look() {
    let world = world();
    let before = shown(&world);
    assert_eq!(&*before.status.title, "更新時期です");
    let mut nobody = koshin::prompt::ScriptedPrompt::default();
    let server = ScriptedServer::est(&world.ca);
    world.run(&Disk, &server, &mut nobody, crate::support::agreed()).unwrap();
    let after = shown(&world);
    assert_eq!(&*after.status.title, "正常です");
    assert_ne!(before.status, after.status, "so it is drawn again");
    assert_eq!(after.status.cards[0].life.as_ref().unwrap().to, "2029/11/22");
    assert_eq!(shown(&world).status, after.status, "and then no more");
}
