//! Certificates in browsers and Java keystores: renewed together with the applications', or not at all.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

mod support;

use koshin::{
    applications::{App, CredentialError, Place},
    doors::{DoorError, NetworkFault},
    prompt::ScriptedPrompt,
    renewal::{Failure, machine::Ending, performer::Run},
    storage::{Disk, FileSystem, lock::LockError},
    stores::nss::{Database, NssError},
};
use koshin_issuance::{BundleContents, BundleProfile, CertificateFacts, write_pkcs12};
use koshin_testkit::skip::skip;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use support::{
    PASSWORD, World, agreed,
    disk::{Fault, FaultyDisk},
    server::ScriptedServer,
};

const CHROMIUM: &str = ".pki/nssdb";

/// Whether all programs are there; else the test counts as skipped.
fn installed(programs: &[&str]) -> bool {
    let found = |program: &str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|folder| folder.join(program).is_file())
    };
    let missing = programs.iter().find(|program| !found(program));
    if let Some(program) = missing {
        skip(&format!("`{program}` is not installed"));
    }
    missing.is_none()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The world's old certificate as a PKCS#12 file, made by the user and not by Koshin.
fn bundle(world: &World) -> PathBuf {
    let contents = BundleContents {
        friendly_name: "client001",
        key: &world.key,
        certificate_der: &world.certificate,
        chain_der: &[world.ca.certificate().to_vec()],
    };
    let bytes = write_pkcs12(&contents, BundleProfile::Modern, 1000, PASSWORD).unwrap();
    world.write("import/old.p12", &bytes)
}

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

fn renew_on(disk: &dyn FileSystem, world: &World, server: &ScriptedServer, passwords: &[&str]) -> Run {
    let mut prompt = ScriptedPrompt::default().with_passwords(passwords.iter().copied());
    let mut runs = world.run(disk, server, &mut prompt, agreed()).unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

fn renew(world: &World, server: &ScriptedServer) -> Run {
    renew_on(&Disk, world, server, &[])
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

/// A keystore with the old key under `alias`, and a trusted certificate beside it.
fn keystore(world: &World, kind: &str) -> PathBuf {
    let file = world.path(&format!("java/{kind}.ks"));
    world.write("java/pass", format!("{PASSWORD}\n").as_bytes());
    let bundle = bundle(world);
    let (destination, source, password) =
        (text(&file), text(&bundle), text(&world.path("java/pass")).to_owned());
    run(
        "keytool",
        &[
            "-importkeystore",
            "-noprompt",
            "-srckeystore",
            source,
            "-srcstoretype",
            "PKCS12",
            "-srcstorepass:file",
            &password,
            "-srcalias",
            "client001",
            "-destkeystore",
            destination,
            "-deststoretype",
            kind,
            "-deststorepass:file",
            &password,
            "-destalias",
            "uketsuke",
        ],
    );
    let ca = world.path("ca.crt");
    run(
        "keytool",
        &[
            "-importcert",
            "-noprompt",
            "-alias",
            "ca",
            "-file",
            text(&ca),
            "-keystore",
            destination,
            "-storepass:file",
            &password,
        ],
    );
    file
}

#[test]
fn keystores_are_read_back_by_java() {
    if !installed(&["keytool"]) {
        return;
    }
    for kind in ["JKS", "PKCS12"] {
        let world = World::new();
        let file = keystore(&world, kind);
        let list = format!(
            "[[keystore]]\nname = \"予約\"\nfile = \"{}\"\nalias = \"Uketsuke\"\npassword_file = \"{}\"\nca = \"{}\"\n\
             renewal_url = \"https://auth.test.example\"\nhook = [\"restart\", \"yoyaku\"]\n",
            file.display(),
            world.path("java/pass").display(),
            world.path("ca.crt").display(),
        );
        world.write(".config/koshin/keystores.toml", list.as_bytes());
        assert_eq!(world.certificates_in_use(None), std::slice::from_ref(&world.certificate), "{kind}");
        let server = ScriptedServer::est(&world.ca);
        let run_of_koshin = renew(&world, &server);
        assert_eq!(run_of_koshin.ending, Ending::Renewed { confirmed: true }, "{kind}: {run_of_koshin:?}");
        assert_eq!(*world.hooks.ran.borrow(), ["restart yoyaku"]);

        let password = world.path("java/pass");
        let listed =
            run("keytool", &["-list", "-v", "-keystore", text(&file), "-storepass:file", text(&password)]);
        let new = CertificateFacts::from_der(&server.record.borrow().issued[0]).unwrap();
        let serial = new.serial.to_string().to_lowercase();
        assert!(
            listed.to_lowercase().contains(serial.trim_start_matches('0')),
            "{kind}: {serial} in {listed}"
        );
        assert!(listed.contains("Alias name: uketsuke") && listed.contains("PrivateKeyEntry"), "{listed}");
        assert!(listed.contains("Alias name: ca") && listed.contains("trustedCertEntry"), "{listed}");
        // Java itself uses the key: it signs a request with it.
        let arguments =
            ["-certreq", "-alias", "uketsuke", "-keystore", text(&file), "-storepass:file", text(&password)];
        assert!(run("keytool", &arguments).contains("BEGIN NEW CERTIFICATE REQUEST"));
    }
}

#[test]
fn a_keystore_with_another_password_is_left_alone() {
    if !installed(&["keytool"]) {
        return;
    }
    let world = World::new();
    let file = keystore(&world, "JKS");
    let before = std::fs::read(&file).unwrap();
    let list =
        format!("[[keystore]]\nfile = \"{}\"\nrenewal_url = \"https://auth.test.example\"\n", file.display());
    world.write(".config/koshin/keystores.toml", list.as_bytes());
    let server = ScriptedServer::est(&world.ca);
    let run = renew_on(&Disk, &world, &server, &["a", "b", "c"]);
    assert_eq!((run.ending, server.issued()), (Ending::Failed, 0));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let run = renew_on(&Disk, &world, &server, &[PASSWORD]);
    assert_eq!(run.ending, Ending::Renewed { confirmed: true }, "{run:?}");
}

#[test]
fn a_list_with_an_unknown_key_is_told_with_its_file() {
    let world = World::new();
    world.write(".config/koshin/keystores.toml", b"[[keystore]]\nfile = \"/k\"\npasswort = \"x\"\n");
    let found = koshin::applications::discover(&world.environment);
    assert!(found.places.iter().map(|place: &Place| place.app).next().is_none());
    let problem = found.problems[0].to_string();
    assert!(problem.contains("keystores.toml") && problem.contains("passwort"), "{problem}");
}
