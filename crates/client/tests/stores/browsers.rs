//! Browsers' databases: the new certificate is added, and the old one leaves when the server has seen the new one.

use super::{
    bundle, installed, renew, renew_on, run,
    support::{
        self, PASSWORD, World, agreed,
        disk::{Fault, FaultyDisk},
        server::ScriptedServer,
    },
    text,
};
use koshin::{
    applications::{App, CredentialError, Hook},
    doors::{DoorError, NetworkFault},
    prompt::ScriptedPrompt,
    renewal::{
        Failure,
        group::Passwords,
        hook::{HookError, HookRunner},
        machine::Ending,
        performer::{Run, Surroundings},
        session::Session,
    },
    storage::{Disk, lock::LockError},
    stores::nss::{Database, NssError},
};
use koshin_issuance::CertificateFacts;
use std::{cell::RefCell, path::PathBuf};

const CHROMIUM: &str = ".pki/nssdb";

/// A database in `folder` with the old certificate; `primary` is the user's primary password.
fn browser(world: &World, folder: &str, primary: &str) -> Database {
    let password = world.write("import/primary", format!("{primary}\n").as_bytes());
    let transport = world.write("import/transport", format!("{PASSWORD}\n").as_bytes());
    let directory = world.path(folder);
    world.write(&format!("{folder}/.made"), b"");
    let database = format!("sql:{}", directory.display());
    run("certutil", &["-N", "-d", &database, "-f", text(&password)]);
    let file = bundle(world);
    let import = ["-i", text(&file), "-d", &database, "-k", text(&password), "-w", text(&transport)];
    run("pk12util", &import);
    std::fs::remove_dir_all(world.path("import")).unwrap();
    Database::at(&directory).unwrap()
}

/// The terminal's certificates in a database; those of CAs are left out.
fn inside(database: &Database) -> Vec<Vec<u8>> {
    let entries = database.certificates().unwrap().into_iter().map(|entry| entry.certificate_der);
    entries.filter(|der| !CertificateFacts::from_der(der).unwrap().is_ca).collect()
}

fn unreachable() -> DoorError {
    let (host, reason) = ("auth.test.example".to_owned(), "connection refused".to_owned());
    DoorError::Network { host, reason, fault: NetworkFault::Connect }
}

#[test]
fn a_browser_follows_the_application_that_has_the_same_certificate() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let database = browser(&world, CHROMIUM, "");
    let places: Vec<App> = world.places().iter().map(|place| place.app).collect();
    assert_eq!(places, [App::Monsiaj, App::Browser]);

    let server = ScriptedServer::est(&world.ca);
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert_eq!(server.issued(), 1, "one certificate, one renewal");
    let new = server.record.borrow().issued[0].clone();
    assert_eq!(inside(&database), std::slice::from_ref(&new), "the old one has left the picker");
    assert_eq!(world.certificates_in_use(None), [new.clone(), new], "opened with its key, in both places");
    assert_eq!(renew(&world, &server).ending, Ending::NotDue);
}

#[test]
fn the_old_certificate_stays_in_the_browser_until_the_server_has_seen_the_new_one() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let database = browser(&world, CHROMIUM, "");
    let server = ScriptedServer::est(&world.ca);
    server.script.confirm_fails.borrow_mut().push(unreachable());
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: false });
    assert_eq!(inside(&database).len(), 2);
    assert!(inside(&database).contains(&world.certificate));

    assert_eq!(renew(&world, &server).ending, Ending::NotDue);
    assert_eq!(inside(&database), server.record.borrow().issued);
}

#[test]
fn when_one_place_fails_all_keep_the_old_certificate() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    world.install(&[App::Monsiaj, App::Files]);
    let (chromium, firefox) = (browser(&world, CHROMIUM, ""), firefox(&world, ""));
    *world.hooks.failures.borrow_mut() = 1;
    let server = ScriptedServer::est(&world.ca);
    let run = renew(&world, &server);
    assert!(matches!(run.failure, Some(Failure::Hook(_))), "{run:?}");
    assert!(world.all_old());
    for database in [&chromium, &firefox] {
        assert_eq!(inside(database), std::slice::from_ref(&world.certificate));
    }

    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert_eq!(server.issued(), 1, "the staged certificate is used");
    assert_eq!(inside(&chromium), inside(&firefox));
    assert!(!world.all_old());
}

/// A profile of Firefox as a snap has it.
fn firefox(world: &World, primary: &str) -> Database {
    let folder = "snap/firefox/common/.mozilla/firefox";
    let text = "[Install4F96D1932A9F858E]\nDefault=ab12.default\n\n[Profile0]\nName=default\nIsRelative=1\nPath=ab12.default\n\n[General]\nVersion=2\n";
    world.write(&format!("{folder}/profiles.ini"), text.as_bytes());
    browser(world, &format!("{folder}/ab12.default"), primary)
}

#[test]
fn firefox_with_a_primary_password() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let database = firefox(&world, "himawari");
    let names: Vec<String> = world.places().into_iter().map(|place| place.name).collect();
    assert_eq!(names, ["uketsuke", "Firefox default: client001"]);

    let server = ScriptedServer::est(&world.ca);
    let run = renew_on(&Disk, &world, &server, &["tanpopo", "asagao", "sumire"]);
    assert_eq!(run.ending, Ending::Failed);
    assert_eq!(run.failure.unwrap().exit_code().number(), 16);
    assert_eq!(server.issued(), 0, "nothing is asked for that could not be saved");
    assert_eq!(inside(&database), std::slice::from_ref(&world.certificate));

    let run = renew_on(&Disk, &world, &server, &["tanpopo", "himawari"]);
    assert_eq!(run.ending, Ending::Renewed { confirmed: true }, "{run:?}");
    assert_eq!(inside(&database), server.record.borrow().issued);
    let held = find(&world.everything(), b"himawari");
    assert!(held.is_empty(), "the password was written to {held:?}");
}

fn find(paths: &[PathBuf], needle: &[u8]) -> Vec<PathBuf> {
    let holds = |path: &&PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle)
    };
    paths.iter().filter(holds).cloned().collect()
}

/// The power is cut at every write that the renewal makes between the browser and the end.
#[test]
fn a_crash_between_the_places_is_put_right_by_the_next_run() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let counting = FaultyDisk::healthy();
    let world = World::new();
    world.install(&[App::Monsiaj]);
    browser(&world, CHROMIUM, "");
    renew_on(&counting, &world, &ScriptedServer::est(&world.ca), &[]);
    let switched = counting.position_of("rename", "monsiaj.jsonrpc.properties").unwrap();
    // Before the first journal of the switch, around each rename, and around the end.
    for at in (switched - 14..counting.operations()).step_by(5) {
        let world = World::new();
        world.install(&[App::Monsiaj]);
        let database = browser(&world, CHROMIUM, "");
        let server = ScriptedServer::est(&world.ca);
        let disk = FaultyDisk::new(at, Fault::PowerCut);
        let cut = FaultyDisk::power(|| renew_on(&disk, &world, &server, &[]));
        assert!(cut.is_none(), "operation {at} was not reached");
        let runs = run_again(&world, &server);
        assert!(runs.iter().all(|run| run.failure.is_none()), "cut at {at} ({}): {runs:?}", disk.chosen());
        let new = server.record.borrow().issued.last().unwrap().clone();
        assert_eq!(
            world.certificates_in_use(None),
            [new.clone(), new.clone()],
            "cut at {at}: {}",
            disk.chosen()
        );
        assert_eq!(inside(&database), [new], "cut at {at}: {}", disk.chosen());
    }
}

/// A program that another test is just starting holds the dead run's lock for an instant.
fn run_again(world: &World, server: &ScriptedServer) -> Vec<Run> {
    loop {
        match world.run(&Disk, server, &mut ScriptedPrompt::default(), agreed()) {
            Err(Failure::Lock(LockError::Busy(_))) => std::thread::yield_now(),
            runs => return runs.unwrap(),
        }
    }
}

#[test]
fn a_certificate_that_only_the_browser_has() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    let database = browser(&world, CHROMIUM, "");
    let server = ScriptedServer::est(&world.ca);
    let runs = world.run(&Disk, &server, &mut ScriptedPrompt::default(), agreed()).unwrap();
    assert!(runs.is_empty(), "nobody has said who renews it: {runs:?}");
    assert!(world.places()[0].only_follows());

    let ca = world.path("ca.crt");
    let settings = format!(
        "[browsers]\nrenewal_url = \"https://auth.test.example\"\nissuer = \"Test CA\"\nca = \"{}\"\n",
        ca.display()
    );
    world.write(".config/koshin/koshin.toml", settings.as_bytes());
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert_eq!(inside(&database), server.record.borrow().issued);
}

#[test]
fn a_missing_database_or_password_is_told_and_nothing_else() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    let database = browser(&world, CHROMIUM, "himawari");
    let facts = CertificateFacts::from_der(&world.certificate).unwrap();
    let error = database.export(&facts, Some(&"tanpopo".into())).unwrap_err();
    assert!(matches!(error, NssError::Password { .. }), "{error}");
    assert!(Database::at(&world.path("nowhere")).is_none());
    std::fs::write(database.certificates_file(), b"not a database").unwrap();
    assert!(database.certificates().is_err());
}

/// The key lies on a card, say, or does not leave the browser: where another place has it, the browser goes along.
#[test]
fn a_browser_that_keeps_the_key_to_itself() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    world.write(".pki/nssdb/.made", b"");
    let database = format!("sql:{}", world.path(CHROMIUM).display());
    run("certutil", &["-N", "-d", &database, "--empty-password"]);
    let certificate = world.write("only.der", &world.certificate);
    run("certutil", &["-A", "-d", &database, "-n", "client001", "-t", ",,", "-i", text(&certificate)]);
    let settings = "[browsers]\nrenewal_url = \"https://auth.test.example\"\n";
    world.write(".config/koshin/koshin.toml", settings.as_bytes());
    let server = ScriptedServer::est(&world.ca);
    let alone = renew(&world, &server);
    let failure = alone.failure.unwrap();
    assert!(matches!(failure, Failure::Credential(CredentialError::KeyNotExportable { .. })), "{failure}");
    assert_eq!(server.issued(), 0);

    world.install(&[App::Monsiaj]);
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    let new = server.record.borrow().issued[0].clone();
    assert_eq!(world.certificates_in_use(None), [new.clone(), new], "now the browser has the key as well");
}

/// Its database was damaged while the application was renewed. Mended, it turns out to have the old certificate.
#[test]
fn a_browser_that_only_follows_catches_up() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let (chromium, firefox) = (browser(&world, CHROMIUM, ""), firefox(&world, ""));
    let good = std::fs::read(chromium.certificates_file()).unwrap();
    std::fs::write(chromium.certificates_file(), b"not a database").unwrap();
    let server = ScriptedServer::est(&world.ca);
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: false });
    assert_eq!(inside(&firefox).len(), 2, "the old one stays where it is");

    std::fs::write(chromium.certificates_file(), good).unwrap();
    let runs = world.run(&Disk, &server, &mut ScriptedPrompt::default(), agreed()).unwrap();
    assert!(runs.iter().any(|run| run.ending == Ending::Renewed { confirmed: true }), "{runs:?}");
    let issued = server.record.borrow().issued.clone();
    assert_eq!((issued.len(), &server.record.borrow().confirmed), (1, &issued));
    assert_eq!(inside(&chromium), issued);
    assert_eq!(inside(&firefox), issued, "and the other browser is freed from the old one as well");
}

/// A program that damages the browser's database, fails, and must be told when the old files are back.
struct Vandal<'a> {
    database: &'a Database,
    ran: RefCell<usize>,
}

impl HookRunner for Vandal<'_> {
    fn run(&self, hook: &Hook) -> Result<(), HookError> {
        *self.ran.borrow_mut() += 1;
        if *self.ran.borrow() > 1 {
            return Ok(());
        }
        std::fs::write(self.database.certificates_file(), b"not a database").unwrap();
        Err(HookError::TimedOut { program: hook.program.clone(), seconds: 1 })
    }
}

#[test]
fn programs_are_told_of_the_old_files_although_a_browser_resists() {
    if !installed(&["certutil", "pk12util"]) {
        return;
    }
    let world = World::new();
    world.install(&[App::Files]);
    let database = browser(&world, CHROMIUM, "");
    let good = std::fs::read(database.certificates_file()).unwrap();
    let (server, hooks) =
        (ScriptedServer::est(&world.ca), Vandal { database: &database, ran: RefCell::new(0) });
    let with = Surroundings {
        fs: &Disk,
        network: &server,
        hooks: &hooks,
        state_dir: &world.environment.state_dir,
        clock: &support::now,
    };
    let mut prompt = ScriptedPrompt::default();
    let mut passwords = Passwords::new(&mut prompt, None);
    let session = Session::begin(&world.environment, |_| true, with, &mut passwords).unwrap();
    let run = session.renew(&session.groups[0], agreed(), with, &mut passwords);
    drop(session);
    assert!(matches!(run.failure, Some(Failure::Hook(_))), "the first failure is the cause: {run:?}");
    assert_eq!(*hooks.ran.borrow(), 2);

    std::fs::write(database.certificates_file(), good).unwrap();
    assert!(world.all_old());
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert_eq!(inside(&database), server.record.borrow().issued);
}
