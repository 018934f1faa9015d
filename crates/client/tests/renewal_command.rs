//! What `koshin renew` says and answers, in both languages and as JSON; and the program itself, killed and doubled.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests ask the clock and write their own files")]

mod support;

use koshin::{
    applications::App,
    cli::{
        RenewArgs,
        messages::prompts,
        renew::renew_all,
        renew_view::{self, RunResult},
    },
    doors::{DoorError, NetworkFault},
    environment::{Environment, Language},
    prompt::{Answer, Asked, PasswordRequest, Prompt, Question, Report, ScriptedPrompt, Step},
    renewal::{
        machine::Ending,
        performer::{Surroundings, Wishes},
    },
    storage::{Disk, FileSystem},
};
use secrecy::SecretString;
use std::{
    cell::Cell,
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
};
use support::{
    World, days,
    disk::{ENOSPC, FaultyDisk},
    now,
    server::{Script, ScriptedServer, Sends},
};

fn arguments() -> RenewArgs {
    RenewArgs {
        app: None,
        connection: None,
        yes: false,
        force: false,
        via: None,
        password_stdin: false,
        json: false,
    }
}

/// Everything that a person at the terminal reads, questions and answers included, and the exit code.
fn told(
    world: &World,
    server: &ScriptedServer,
    disk: &dyn FileSystem,
    language: Language,
    arguments: &RenewArgs,
    answers: &[Answer],
) -> (String, RunResult) {
    let environment = Environment { language, ..world.environment.clone() };
    let with = Surroundings {
        fs: disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &environment.state_dir,
        clock: &now,
    };
    let mut prompt = ScriptedPrompt::answering(answers.iter().copied());
    let result = renew_all(arguments, &environment, with, &mut prompt, None);
    let lines = prompt.asked().iter().map(|asked| match asked {
        Asked::Confirm(question) => prompts::question(language, question),
        Asked::Password(request) => prompts::password(language, request),
        Asked::Progress(step) => prompts::progress(language, *step),
        Asked::Report(report) => prompts::report(language, report),
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    text.push_str(&format!("\n(exit code {})", result.exit_code.number()));
    (text.replace(&*world.path("").to_string_lossy(), "~/"), result)
}

/// A scene in both languages.
fn in_both_languages(play: impl Fn(Language) -> String) -> String {
    format!("{}\n\n-----\n\n{}", play(Language::Japanese), play(Language::English))
}

fn renewal(prepare: impl Fn(&World, &ScriptedServer), answers: &[Answer]) -> String {
    in_both_languages(|language| {
        let world = World::with_three_applications();
        let server = ScriptedServer::est(&world.ca);
        prepare(&world, &server);
        told(&world, &server, &Disk, language, &arguments(), answers).0
    })
}

#[test]
fn a_renewal() {
    insta::assert_snapshot!(renewal(|_, _| (), &[Answer::Renew]));
}

#[test]
fn a_refusal_by_the_user() {
    insta::assert_snapshot!(renewal(|_, _| (), &[Answer::NotToday]));
}

#[test]
fn nobody_to_ask() {
    insta::assert_snapshot!(renewal(|_, _| (), &[]));
}

#[test]
fn no_network() {
    let cut = |_: &World, server: &ScriptedServer| {
        let (host, reason) = ("auth.test.example".to_owned(), "connection refused".to_owned());
        let fault = NetworkFault::Connect;
        server.script.request_fails.borrow_mut().push(DoorError::Network { host, reason, fault });
    };
    insta::assert_snapshot!(renewal(cut, &[Answer::Renew]));
}

#[test]
fn kinds_and_dates() {
    insta::assert_snapshot!(in_both_languages(|language| {
        let scene = |(common_name, left): &(&str, i32)| {
            let world = World::of(common_name, now() + days(*left));
            world.install(&[App::Monsiaj]);
            let server = ScriptedServer::est(&world.ca);
            told(&world, &server, &Disk, language, &arguments(), &[]).0
        };
        let scenes = [("client001", 200), ("api001", 30), ("printer", 30), ("client001", -1)];
        scenes.iter().map(scene).collect::<Vec<_>>().join("\n\n")
    }));
}

#[test]
fn a_wrong_answer_of_the_server() {
    insta::assert_snapshot!(in_both_languages(|language| {
        let world = World::with_three_applications();
        let script = Script { est: true, sends: Sends::OtherCommonName, ..Script::default() };
        let server = ScriptedServer::new(&world.ca, script);
        told(&world, &server, &Disk, language, &arguments(), &[Answer::Renew]).0
    }));
}

#[test]
fn a_full_disk() {
    insta::assert_snapshot!(in_both_languages(|language| {
        let world = World::with_three_applications();
        let server = ScriptedServer::est(&world.ca);
        // The trial whether there is room, before anything is asked for.
        let disk = FaultyDisk::healthy();
        told(&world, &server, &disk, language, &arguments(), &[Answer::NotToday]);
        let disk = FaultyDisk::new(disk.operations() + 3, ENOSPC);
        let (text, _) = told(&world, &server, &disk, language, &arguments(), &[Answer::Renew]);
        assert_eq!(server.issued(), 0, "nothing was asked for");
        text
    }));
}

#[test]
fn a_failing_hook() {
    insta::assert_snapshot!(in_both_languages(|language| {
        let world = World::new();
        world.install(&[App::Files]);
        *world.hooks.failures.borrow_mut() = 1;
        let server = ScriptedServer::est(&world.ca);
        told(&world, &server, &Disk, language, &arguments(), &[Answer::Renew]).0
    }));
}

#[test]
fn a_connection_that_is_not_there() {
    insta::assert_snapshot!(in_both_languages(|language| {
        let world = World::with_three_applications();
        let server = ScriptedServer::est(&world.ca);
        let arguments = RenewArgs { connection: Some(7), ..arguments() };
        told(&world, &server, &Disk, language, &arguments, &[]).0
    }));
}

/// Somebody who leaves the question on the screen, and answers it two days later.
struct Slow<'a> {
    days_gone: &'a Cell<i32>,
}

impl Prompt for Slow<'_> {
    fn confirm(&mut self, _: &Question) -> Answer {
        self.days_gone.set(2);
        Answer::Renew
    }

    fn password(&mut self, _: &PasswordRequest) -> Option<SecretString> {
        None
    }

    fn progress(&mut self, _: Step) {}

    fn report(&mut self, _: &Report) {}
}

#[test]
fn a_question_may_stay_on_the_screen_for_days() {
    let world = World::with_three_applications();
    // Its certificate begins tomorrow: after the question was put, before it was answered.
    let script = Script { est: true, sends: Sends::FromTheFuture, ..Script::default() };
    let server = ScriptedServer::new(&world.ca, script);
    let days_gone = Cell::new(0);
    let clock = || now() + days(days_gone.get());
    let mut prompt = Slow { days_gone: &days_gone };
    let runs = world.run_by(&clock, &Disk, &server, &mut prompt, Wishes::default()).unwrap();
    assert_eq!(runs[0].ending, Ending::Renewed { confirmed: true }, "{runs:?}");
}

#[test]
fn a_service_that_answers_nobody_is_told_in_the_users_language_and_not_into_the_json() {
    let played = |language, json| {
        let world = World::with_three_applications();
        let script = Script { est: true, service_silent: true, ..Script::default() };
        let server = ScriptedServer::new(&world.ca, script);
        told(
            &world,
            &server,
            &Disk,
            language,
            &RenewArgs { yes: true, json, ..arguments() },
            &[Answer::Renew],
        )
        .0
    };
    assert!(played(Language::Japanese, false).contains("接続テストをしていません"));
    assert!(played(Language::English, false).contains("was not tried there"));
    assert!(
        !played(Language::English, true).contains("sms.test.example"),
        "{}",
        played(Language::English, true)
    );
}

/// Scripts read this: fields are added, never renamed.
#[test]
fn the_json_keeps_its_shape() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    let arguments = RenewArgs { yes: true, json: true, ..arguments() };
    let (text, result) = told(&world, &server, &Disk, Language::English, &arguments, &[]);
    assert!(!text.contains("renewed"), "with --json nothing but JSON is said: {text}");
    insta::assert_snapshot!(renew_view::json(&result));
}

/// A world that the real program can be sent to: certificate and clock are of today, the server is `address`.
fn world_of_today(address: &str) -> World {
    let world = World::of("client001", jiff::Timestamp::now() + days(30));
    world.install(&[App::Monsiaj]);
    let hosts = format!("[[host]]\nservice = \"sms.test.example\"\nrenewal = \"https://{address}\"\n");
    world.write(".config/koshin/hosts.toml", hosts.as_bytes());
    world
}

fn koshin(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
    command.args(arguments).env_clear().env("HOME", world.path("")).env("LANG", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A run that hangs at a server that accepts connections and says nothing.
fn hanging_run(world: &World, server: &TcpListener) -> Child {
    let child = koshin(world, &["renew", "--yes"]).spawn().unwrap();
    // It has the lock, and has read the certificate, when it connects.
    server.accept().map(std::mem::forget).unwrap();
    child
}

#[test]
fn two_processes_at_once_and_one_of_them_killed() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let world = world_of_today(&server.local_addr().unwrap().to_string());
    let mut first = hanging_run(&world, &server);

    let second = koshin(&world, &["renew", "--yes"]).output().unwrap();
    assert_eq!(second.status.code(), Some(15), "{}", said(&second));
    assert!(said(&second).contains("Another renewal is running"), "{}", said(&second));

    // The lock ends with its process, however that ends.
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(world.all_old());
    drop(server);
    let third = koshin(&world, &["renew", "--yes"]).output().unwrap();
    assert_eq!(third.status.code(), Some(13), "{}", said(&third));
    assert!(world.all_old());
}

#[test]
fn a_password_from_standard_input_and_an_unattended_run_without_one() {
    use std::io::Write;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let world = world_of_today(&closed);
    world.install_monsiaj(false);
    let without = koshin(&world, &["renew", "--yes"]).output().unwrap();
    assert_eq!(without.status.code(), Some(16), "{}", said(&without));
    assert!(said(&without).contains("--password-stdin"), "the remedy is named: {}", said(&without));

    let with = |password: &str| {
        let mut child =
            koshin(&world, &["renew", "--yes", "--password-stdin"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let wrong = with("wrong\n");
    assert_eq!(wrong.status.code(), Some(16), "{}", said(&wrong));
    let right = with(&format!("{}\n", support::PASSWORD));
    assert_eq!(right.status.code(), Some(13), "the certificate is open, the server is not: {}", said(&right));
}

#[test]
fn the_help_names_what_goes_together() {
    let world = world_of_today("127.0.0.1:1");
    for language in ["ja", "en"] {
        let mut help = koshin(&world, &["renew", "--help"]);
        let output = help.env("LANG", format!("{language}_JP.UTF-8")).output().unwrap();
        let text = said(&output);
        let (_, help) = text.split_once("--password-stdin").unwrap();
        let (help, _) = help.split_once("--json").unwrap();
        assert!(help.contains("--yes"), "{text}");
    }
}

#[test]
fn backup_and_restore_as_commands() {
    let world = world_of_today("127.0.0.1:1");
    let backup = world.path("backup").to_string_lossy().into_owned();
    let made = koshin(&world, &["backup", &backup]).output().unwrap();
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    assert_eq!(koshin(&world, &["backup", &backup]).output().unwrap().status.code(), Some(15));
    world.write(".monsiaj/client.p12", b"damaged");
    let restored = koshin(&world, &["restore", &backup]).output().unwrap();
    assert_eq!(restored.status.code(), Some(0), "{}", said(&restored));
    assert!(said(&restored).starts_with("1 files were restored."), "{}", said(&restored));
    assert!(world.all_old());
}
