//! Hooks around a switch: what they are told, and what follows when one fails.

use crate::support::{World, agreed, server::ScriptedServer};
use koshin::{
    applications::Hook,
    prompt::ScriptedPrompt,
    renewal::{
        Failure,
        group::Passwords,
        hook::{HookError, HookRunner},
        machine::Ending,
        performer::{Run, Surroundings},
        session::Session,
    },
    storage::Disk,
};
use koshin_issuance::{certificate_to_pem, private_key_to_pem};
use std::cell::RefCell;

/// Notes program, stage and the certificate in the file named by the variables; fails at one stage.
struct Told<'a> {
    world: &'a World,
    fails_at: &'static str,
    ran: RefCell<Vec<String>>,
}

impl HookRunner for Told<'_> {
    fn run(&self, hook: &Hook) -> Result<(), HookError> {
        let value = |name: &str| {
            let found = hook.environment.iter().find(|(known, _)| *known == name);
            found.unwrap_or_else(|| panic!("{name} is missing")).1.to_str().unwrap().to_owned()
        };
        let stage = value("KOSHIN_STAGE");
        let old = self.world.read("app.ini").contains("client.crt");
        let state = if old { "old" } else { "new" };
        self.ran.borrow_mut().push(format!("{} {stage} {state}", hook.program));
        assert_eq!((value("KOSHIN_APP"), value("KOSHIN_CONNECTION")), ("app".to_owned(), "0".to_owned()));
        assert!(value("KOSHIN_OLD_CERTIFICATE").ends_with("tls/client.crt"));
        assert!(value("KOSHIN_OLD_KEY").ends_with("tls/client.key"));
        assert_eq!(value("KOSHIN_CERTIFICATE").ends_with("20261122120000.crt"), stage != "rolled-back");
        assert_eq!(value("KOSHIN_KEY").ends_with("20261122120000.key"), stage != "rolled-back");
        assert!(value("KOSHIN_CONFIG").ends_with("app.ini"));
        if stage == self.fails_at {
            return Err(HookError::TimedOut { program: hook.program.clone(), seconds: 7 });
        }
        Ok(())
    }
}

fn world() -> World {
    let world = World::new();
    let crt = world.write("tls/client.crt", certificate_to_pem(&world.certificate).as_bytes());
    let key = world.write("tls/client.key", private_key_to_pem(&world.key).as_bytes());
    world.write("app.ini", format!("cert = {}\nkey = {}\n", crt.display(), key.display()).as_bytes());
    world.write(
        ".config/koshin/profiles/app.toml",
        b"renewal_url = \"https://auth.test.example\"\nca = \"~/ca.crt\"\n\
          [config]\nformat = \"ini\"\nfiles = [\"~/app.ini\"]\n[keys]\ncertificate = \"cert\"\nkey = \"key\"\n\
          [new_files]\ncertificate = \"{yyyyMMddHHmmss}.crt\"\nkey = \"{yyyyMMddHHmmss}.key\"\n\
          [hook]\nbefore = [\"stop\", \"app\"]\nafter = [\"start\", \"app\"]\ntimeout_seconds = 7\n",
    );
    world
}

fn renew(world: &World, fails_at: &'static str) -> (Run, Vec<String>) {
    let hooks = Told { world, fails_at, ran: RefCell::default() };
    let server = ScriptedServer::est(&world.ca);
    let with = Surroundings {
        fs: &Disk,
        network: &server,
        hooks: &hooks,
        state_dir: &world.environment.state_dir,
        clock: &crate::support::now,
    };
    let mut prompt = ScriptedPrompt::default();
    let mut passwords = Passwords::new(&mut prompt, None);
    let session = Session::begin(&world.environment, |_| true, with, &mut passwords).unwrap();
    let run = session.renew(&session.groups[0], agreed(), with, &mut passwords);
    (run, hooks.ran.into_inner())
}

#[test]
fn hooks_run_before_and_after_the_files_are_replaced() {
    let world = world();
    let (run, ran) = renew(&world, "never");
    assert_eq!(run.ending, Ending::Renewed { confirmed: true }, "{run:?}");
    assert_eq!(ran, ["stop before old", "start after new"]);
}

/// What the first hook had begun is ended by the second, and nothing was ever switched.
#[test]
fn when_the_hook_before_fails_nothing_is_switched() {
    let world = world();
    let (run, ran) = renew(&world, "before");
    assert!(matches!(run.failure, Some(Failure::Hook(HookError::TimedOut { seconds: 7, .. }))), "{run:?}");
    assert_eq!(ran, ["stop before old", "start rolled-back old"]);
    assert!(world.all_old());
    assert!(!world.path("20261122120000.crt").exists());
    let (run, _) = renew(&world, "never");
    assert_eq!(run.ending, Ending::Renewed { confirmed: true }, "the good certificate was kept: {run:?}");
}

/// Killed while the program that made room is stopped: it comes back although no renewal is possible now.
#[test]
fn a_program_that_made_room_comes_back_after_a_crash() {
    struct Dies<'a>(Told<'a>);

    impl HookRunner for Dies<'_> {
        fn run(&self, hook: &Hook) -> Result<(), HookError> {
            self.0.run(hook)?;
            std::panic::resume_unwind(Box::new("the power is cut"))
        }
    }

    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let dies = Dies(Told { world: &world, fails_at: "never", ran: RefCell::default() });
    let mut with = Surroundings {
        fs: &Disk,
        network: &server,
        hooks: &dies,
        state_dir: &world.environment.state_dir,
        clock: &crate::support::now,
    };
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut prompt = ScriptedPrompt::default();
        let mut passwords = Passwords::new(&mut prompt, None);
        let session = Session::begin(&world.environment, |_| true, with, &mut passwords).unwrap();
        session.renew(&session.groups[0], agreed(), with, &mut passwords)
    }));
    assert!(died.is_err());
    assert_eq!(*dies.0.ran.borrow(), ["stop before old"]);

    let lives = Told { world: &world, fails_at: "never", ran: RefCell::default() };
    with.hooks = &lives;
    for found in [1, 0] {
        let mut prompt = ScriptedPrompt::default();
        let mut passwords = Passwords::new(&mut prompt, None);
        let session = Session::begin(&world.environment, |_| true, with, &mut passwords).unwrap();
        assert_eq!(session.recovered, found);
        assert_eq!(*lives.ran.borrow(), ["start rolled-back old"], "once");
    }
}

#[test]
fn when_the_hook_after_fails_the_old_files_are_back_and_it_runs_again() {
    let world = world();
    let before = world.read("app.ini");
    let (run, ran) = renew(&world, "after");
    assert!(matches!(run.failure, Some(Failure::Hook(_))), "{run:?}");
    assert_eq!(ran, ["stop before old", "start after new", "start rolled-back old"]);
    assert_eq!(world.read("app.ini"), before);
    assert!(world.all_old());
}
