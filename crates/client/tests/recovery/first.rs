//! A PC that has no certificate at all.

use crate::support::{
    World, days,
    disk::{Fault, FaultyDisk},
    now,
    server::ScriptedServer,
};
use koshin::{
    applications::{App, Place, credential, discover},
    cli::{FileFormat, FirstArgs, RecoverArgs, messages::first as words, recover_first::recover_first},
    doors::{DoorError, NetworkFault},
    environment::{Environment, Language},
    exit::ExitCode,
    prompt::{Report, ScriptedPrompt},
    renewal::{
        first::{FirstError, Format, Layout, Obtained, fingerprint_in},
        journal::CertificateNote,
        performer::Surroundings,
    },
    storage::{Disk, FileSystem},
};
use koshin_policy::RecoveryCode;
use koshin_protocol::problem::ProblemCode;
use sha2::{Digest, Sha256};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

const CODE: &str = "Y6FN-9WSA-MH4Y";
const SERVER: &str = "https://auth.test.example";

/// A home without any application, and a server that has issued a code.
fn empty() -> (World, ScriptedServer) {
    let world = World::of("client001", now() - days(1));
    let server = ScriptedServer::est(&world.ca);
    server.script.codes.borrow_mut().insert(CODE.to_owned(), None);
    (world, server)
}

fn arguments(world: &World) -> RecoverArgs {
    let fingerprint = hex::encode(Sha256::digest(world.ca.certificate()));
    let first = FirstArgs { ca_fingerprint: Some(fingerprint), ..FirstArgs::default() };
    RecoverArgs { code: None, app: None, server: Some(SERVER.to_owned()), first }
}

fn run_on(
    world: &World,
    disk: &dyn FileSystem,
    server: &ScriptedServer,
    arguments: &RecoverArgs,
) -> (ExitCode, String) {
    let environment = Environment { language: Language::English, ..world.environment.clone() };
    let with = Surroundings {
        fs: disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &environment.state_dir,
        clock: &now,
    };
    let mut prompt = ScriptedPrompt::default();
    let code = RecoveryCode::parse(CODE).unwrap();
    let at = arguments.server.clone().unwrap();
    let result = recover_first(&code, arguments, &at, &environment, with, &mut prompt);
    (result.exit_code, format!("{:?}", prompt.asked()))
}

fn run(world: &World, server: &ScriptedServer) -> (ExitCode, String) {
    run_on(world, &Disk, server, &arguments(world))
}

/// The only place, as every later run finds it.
fn place(world: &World) -> Place {
    let mut found = discover(&world.environment);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(found.places.len(), 1);
    found.places.remove(0)
}

fn in_use(world: &World) -> Vec<u8> {
    credential::open(&place(world), None).unwrap().certificate.der
}

fn names(world: &World, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(world.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn interrupted() -> DoorError {
    let (host, reason) = ("auth.test.example".to_owned(), "the connection broke".to_owned());
    DoorError::Network { host, reason, fault: NetworkFault::Interrupted }
}

#[test]
fn files_are_written_tried_and_known_from_then_on() {
    let (world, server) = empty();
    let (code, told) = run(&world, &server);
    assert_eq!(code, ExitCode::Ok, "{told}");
    assert_eq!(names(&world, "koshin-client001"), ["ca.crt", "client001.p12", "client001.pass"]);
    for path in ["koshin-client001", "koshin-client001/client001.p12", "koshin-client001/client001.pass"] {
        let mode = fs::metadata(world.path(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
    let place = place(&world);
    assert_eq!((place.app, place.name.as_str()), (App::Files, "client001"));
    assert_eq!(place.renewal_base.as_deref().ok(), Some(SERVER));
    let record = server.record.borrow();
    assert_eq!(record.issued, [in_use(&world)]);
    assert_eq!((record.asked, record.confirmed.len()), (1, 1), "tried, then used");
    assert!(!told.contains(CODE), "a code is told nobody");
    drop(record);

    // The same code again finds everything done.
    let (code, told) = run(&world, &server);
    assert_eq!(code, ExitCode::Ok, "{told}");
    assert!(told.contains("was received before"), "{told}");
    assert_eq!(server.issued(), 1);
}

/// What was written is renewed like any other certificate.
#[test]
fn the_first_certificate_is_followed_by_a_second() {
    let (world, server) = empty();
    run(&world, &server);
    let first = in_use(&world);
    let wishes = koshin::renewal::performer::Wishes { forced: true, agreed: true, ..Default::default() };
    let later = world.run(&Disk, &server, &mut ScriptedPrompt::default(), wishes);
    assert!(later.is_ok(), "{later:?}");
    assert_ne!(in_use(&world), first, "{later:?}");
}

#[test]
fn the_application_or_the_user_says_which_files() {
    let (world, server) = empty();
    let asked = RecoverArgs { app: Some(App::Receview), ..arguments(&world) };
    assert_eq!(run_on(&world, &Disk, &server, &asked).0, ExitCode::Ok);
    let files = ["ca.crt", "client001.crt", "client001.pass", "client001.pem"];
    assert_eq!(names(&world, "koshin-client001"), files);
    in_use(&world);

    let (world, server) = empty();
    let folder = world.path("here/new");
    let first =
        FirstArgs { directory: Some(folder), format: Some(FileFormat::P12), ..arguments(&world).first };
    let asked = RecoverArgs { app: Some(App::Receview), first, ..arguments(&world) };
    assert_eq!(run_on(&world, &Disk, &server, &asked).0, ExitCode::Ok);
    assert_eq!(names(&world, "here/new"), ["ca.crt", "client001.p12", "client001.pass"]);
}

/// Whoever is not known to be the right server is told no code, and what is on the disk is never written over.
#[test]
fn what_is_wrong_is_found_before_the_code_is_sent() {
    let (world, server) = empty();
    let with = |first: FirstArgs| RecoverArgs { first, ..arguments(&world) };
    let of = |fingerprint: &str| {
        with(FirstArgs { ca_fingerprint: Some(fingerprint.to_owned()), ..FirstArgs::default() })
    };
    fs::create_dir(world.path("mine")).unwrap();
    let mine = FirstArgs { directory: Some(world.path("mine")), ..arguments(&world).first };
    let no_ca = FirstArgs { ca: Some(world.path("no-such-file")), ..FirstArgs::default() };
    let http = RecoverArgs { server: Some("http://auth.test.example".to_owned()), ..arguments(&world) };
    for (asked, code, why) in [
        (of(&"00".repeat(32)), ExitCode::Network, "fingerprint"),
        (of("00"), ExitCode::Config, "64"),
        (with(mine), ExitCode::Config, "exists already"),
        (with(no_ca), ExitCode::Config, "no such file"),
        (http, ExitCode::Config, "https"),
    ] {
        let (ended, told) = run_on(&world, &Disk, &server, &asked);
        assert_eq!(ended, code, "{told}");
        assert!(told.contains(why), "{why}: {told}");
    }
    world.write(".config/koshin/files.toml", b"[[connection]]\nnmae = 1\n");
    assert_eq!(run(&world, &server).0, ExitCode::Config);
    assert_eq!(world.read(".config/koshin/files.toml"), "[[connection]]\nnmae = 1\n");
    assert!(server.record.borrow().codes.is_empty(), "no code was sent");
    assert!(names(&world, "mine").is_empty());
}

#[test]
fn a_ca_file_will_do_as_well_as_a_fingerprint() {
    let (world, server) = empty();
    let first = FirstArgs { ca: Some(world.path("ca.crt")), ..FirstArgs::default() };
    let asked = RecoverArgs { first, ..arguments(&world) };
    assert_eq!(run_on(&world, &Disk, &server, &asked).0, ExitCode::Ok);
    in_use(&world);
}

#[test]
fn a_folder_of_the_same_name_is_left_alone() {
    let (world, server) = empty();
    world.write("koshin-client001/mine.txt", b"mine");
    assert_eq!(run(&world, &server).0, ExitCode::Ok);
    assert_eq!(names(&world, "koshin-client001"), ["mine.txt"]);
    assert_eq!(names(&world, "koshin-client001-2").len(), 3);
}

#[test]
fn a_lost_reply_is_asked_for_again_with_the_same_key() {
    let (world, server) = empty();
    server.script.reply_lost.borrow_mut().push(interrupted());
    assert_eq!(run(&world, &server).0, ExitCode::Network);
    assert!(!world.path("koshin-client001").exists());
    let (code, told) = run(&world, &server);
    assert_eq!(code, ExitCode::Ok, "{told}");
    assert_eq!(server.issued(), 1, "one certificate");
}

#[test]
fn a_wrong_code_leaves_nothing_behind() {
    let (world, server) = empty();
    server.script.request_fails.borrow_mut().push(server.script.refusal(ProblemCode::RecoveryCodeWrong));
    assert_eq!(run(&world, &server).0, ExitCode::Refused);
    assert!(names(&world, ".local/state/koshin/first").is_empty());
    assert!(!world.path("koshin-client001").exists());
    assert!(!world.path(".config/koshin/files.toml").exists());
}

/// A server that does not accept its own certificate has not done its work: nothing is written.
#[test]
fn a_certificate_that_is_not_accepted_is_not_written() {
    let (world, server) = empty();
    server.script.status_fails.borrow_mut().push(interrupted());
    assert_eq!(run(&world, &server).0, ExitCode::Network);
    assert!(!world.path("koshin-client001").exists());
    assert_eq!(run(&world, &server).0, ExitCode::Ok);
    assert_eq!(server.issued(), 1);
}

/// The power goes at every single operation on the disk; the same code brings the same certificate each time.
#[test]
fn the_power_may_go_at_any_time() {
    let (world, server) = empty();
    let healthy = FaultyDisk::healthy();
    run_on(&world, &healthy, &server, &arguments(&world));
    for at in 1..=healthy.operations() {
        let (world, server) = empty();
        let disk = FaultyDisk::new(at, Fault::PowerCut);
        FaultyDisk::power(|| run_on(&world, &disk, &server, &arguments(&world)));
        if world.path("koshin-client001").exists() {
            assert_eq!(names(&world, "koshin-client001").len(), 3, "{}: all files or none", disk.chosen());
        }
        let (code, told) = run(&world, &server);
        assert_eq!(code, ExitCode::Ok, "{}: {told}", disk.chosen());
        assert_eq!(server.issued(), 1, "{}: {told}", disk.chosen());
        assert_eq!(server.record.borrow().issued, [in_use(&world)], "{}", disk.chosen());
        assert!(!world.path("koshin-client001-2").exists(), "{}", disk.chosen());
        assert!(!world.path(".koshin-client001.koshin-new").exists(), "{}", disk.chosen());
    }
}

fn told(language: Language, format: Format, app: Option<App>, again: bool) -> String {
    let folder = PathBuf::from("/home/u/koshin-client001");
    let obtained = Obtained {
        certificate: CertificateNote {
            sha256: String::new(),
            common_name: "client001".to_owned(),
            serial: String::new(),
            not_after: now() + days(1000),
        },
        layout: Layout { folder, name: "client001".to_owned(), format },
        confirmed: again,
        again,
    };
    words::obtained(language, &obtained, app)
}

#[test]
fn the_words() {
    for (language, name) in [(Language::Japanese, "japanese"), (Language::English, "english")] {
        let mut texts = vec![
            told(language, Format::Pkcs12, None, true),
            told(language, Format::Pem, Some(App::Receview), false),
        ];
        let file = || PathBuf::from("/home/u/x");
        for error in [
            FirstError::Server("http://a".to_owned()),
            FirstError::Fingerprint(fingerprint_in("x").unwrap_err()),
            FirstError::OtherCa { server: SERVER.to_owned() },
            FirstError::CaFile { path: file(), reason: "there is no such file".to_owned() },
            FirstError::FolderExists(file()),
            FirstError::PathNotText(file()),
        ] {
            let report =
                Report::NotRenewed { name: "koshin".to_owned(), explanation: words::first(language, &error) };
            texts.push(koshin::cli::messages::prompts::report(language, &report));
        }
        insta::assert_snapshot!(format!("first_certificate_in_{name}"), texts.join("\n\n"));
    }
}
