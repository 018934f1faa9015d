//! Against a server that does what the test says.

use crate::support::{
    World, days,
    disk::{Fault, FaultyDisk},
    now,
    server::ScriptedServer,
};
use koshin::{
    applications::App,
    cli::{recover::recover_all, renew_view::RunResult},
    doors::{DoorError, NetworkFault},
    environment::{Environment, Language},
    exit::ExitCode,
    prompt::ScriptedPrompt,
    renewal::{
        journal::Journals,
        machine::{State, Via},
        performer::Surroundings,
    },
    storage::{Disk, FileSystem},
};
use koshin_policy::RecoveryCode;
use koshin_protocol::problem::ProblemCode;

const CODE: &str = "Y6FN-9WSA-MH4Y";
const LATER_CODE: &str = "1000-0000-0007";

/// Three applications share a certificate that expired yesterday; the server has issued two codes.
fn expired() -> (World, ScriptedServer) {
    let world = World::of("client001", now() - days(1));
    world.install(&[App::Monsiaj, App::Glclient2, App::Receview]);
    let server = ScriptedServer::est(&world.ca);
    for code in [CODE, LATER_CODE] {
        server.script.codes.borrow_mut().insert(code.to_owned(), None);
    }
    (world, server)
}

fn recover_on(
    world: &World,
    disk: &dyn FileSystem,
    server: &ScriptedServer,
    code: &str,
) -> (RunResult, String) {
    let environment = Environment { language: Language::English, ..world.environment.clone() };
    let with = Surroundings {
        fs: disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &environment.state_dir,
        clock: &now,
    };
    let mut prompt = ScriptedPrompt::default();
    let code = RecoveryCode::parse(code).unwrap();
    let result = recover_all(&code, None, &environment, with, &mut prompt);
    (result, format!("{:?}", prompt.asked()))
}

fn recover(world: &World, server: &ScriptedServer, code: &str) -> (RunResult, String) {
    recover_on(world, &Disk, server, code)
}

fn interrupted() -> DoorError {
    DoorError::Network {
        host: "auth.test.example".to_owned(),
        reason: "the connection broke".to_owned(),
        fault: NetworkFault::Interrupted,
    }
}

fn journal_state(world: &World) -> (State, Option<Via>) {
    let (all, _) = Journals::new(&Disk, &world.environment.state_dir).all().unwrap();
    all.into_iter().next().map(|journal| (journal.state, journal.via)).unwrap()
}

#[test]
fn all_places_are_switched_and_the_server_is_told() {
    let (world, server) = expired();
    let (result, told) = recover(&world, &server, CODE);
    assert_eq!(result.exit_code, ExitCode::Ok, "{told}");
    assert!(told.contains("Renewed"), "{told}");
    assert!(!world.all_old());
    assert_eq!(world.certificates_in_use(None).len(), 3);
    let record = server.record.borrow();
    assert_eq!((record.issued.len(), record.trials > 0, record.confirmed.len()), (1, true, 1));
    assert_eq!(journal_state(&world), (State::Confirmed, Some(Via::Recovery)));
}

/// The code is used up at the server, and this PC has nothing but its key.
#[test]
fn a_lost_reply_is_asked_for_again_with_the_same_key() {
    let (world, server) = expired();
    server.script.reply_lost.borrow_mut().push(interrupted());
    let (result, _) = recover(&world, &server, CODE);
    assert_eq!(result.exit_code, ExitCode::Network);
    assert!(world.all_old());
    assert_eq!(journal_state(&world), (State::Requested, Some(Via::Recovery)));
    // A renewal without a code in between, as the timer does, takes nothing away.
    let run = world.run(&Disk, &server, &mut ScriptedPrompt::default(), crate::support::agreed()).unwrap();
    assert_eq!(format!("{:?}", run[0].ending), "Expired");
    assert_eq!(journal_state(&world), (State::Requested, Some(Via::Recovery)));
    let (result, told) = recover(&world, &server, CODE);
    assert_eq!(result.exit_code, ExitCode::Ok, "{told}");
    assert_eq!(server.issued(), 1, "one certificate");
    assert!(!world.all_old());
}

/// Somebody was given another code after the reply was lost: the staged key is another certificate's.
#[test]
fn another_code_brings_a_certificate_for_another_key() {
    let (world, server) = expired();
    server.script.reply_lost.borrow_mut().push(interrupted());
    recover(&world, &server, CODE);
    server.script.request_fails.borrow_mut().push(server.script.refusal(ProblemCode::KeyRejected));
    let (result, told) = recover(&world, &server, LATER_CODE);
    assert_eq!(result.exit_code, ExitCode::Ok, "{told}");
    assert_eq!(server.issued(), 2);
    assert!(!world.all_old());
}

/// What was got for the code is kept, whatever happens on this PC.
#[test]
fn a_switch_that_fails_is_made_up_for_by_the_next_run_without_a_code() {
    let (world, server) = expired();
    let disk = FaultyDisk::dying_at("rename", "receview.conf");
    let (result, told) = recover_on(&world, &disk, &server, CODE);
    assert_eq!(result.exit_code, ExitCode::Storage, "{told}");
    world.run(&Disk, &server, &mut ScriptedPrompt::default(), crate::support::agreed()).unwrap();
    assert!(!world.all_old());
    assert_eq!((server.issued(), server.record.borrow().codes.len()), (1, 1));
}

/// The power goes at every single operation on the disk; the same code brings the terminal back each time.
#[test]
fn the_power_may_go_at_any_time() {
    let (world, server) = expired();
    let healthy = FaultyDisk::healthy();
    recover_on(&world, &healthy, &server, CODE);
    let begun = healthy.position_of("create", "key.pem.koshin-new").unwrap_or(1).saturating_sub(5);
    for at in begun..=healthy.operations() {
        let (world, server) = expired();
        let disk = FaultyDisk::new(at, Fault::PowerCut);
        let survived = FaultyDisk::power(|| recover_on(&world, &disk, &server, CODE));
        assert!(survived.is_none() || !disk.fired(), "{at}");
        assert_eq!(world.certificates_in_use(None).len(), 3, "{}: the files are whole", disk.chosen());
        let (_, told) = recover(&world, &server, CODE);
        assert!(!world.all_old(), "{}: {told}", disk.chosen());
        assert_eq!(server.issued(), 1, "{}: {told}", disk.chosen());
    }
}

#[test]
fn each_refusal_is_told_in_the_servers_words_and_changes_nothing() {
    for code in [
        ProblemCode::RecoveryCodeExpired,
        ProblemCode::RecoveryCodeUsed,
        ProblemCode::RecoveryAttempts,
        ProblemCode::RecoveryCodeForeign,
        ProblemCode::CertificateRevoked,
    ] {
        let (world, server) = expired();
        server.script.request_fails.borrow_mut().push(server.script.refusal(code));
        let (result, told) = recover(&world, &server, CODE);
        assert_eq!(result.exit_code, ExitCode::Refused, "{told}");
        assert!(told.contains("サーバーの言葉") || told.contains("stopped"), "{code:?}: {told}");
        assert!(world.all_old());
        assert_eq!(
            recover(&world, &server, CODE).0.exit_code,
            ExitCode::Ok,
            "{code:?}: and the code is good yet"
        );
    }
}

#[test]
fn without_a_certificate_there_is_nothing_to_recover() {
    let world = World::of("client001", now() - days(1));
    let server = ScriptedServer::est(&world.ca);
    let (result, told) = recover(&world, &server, CODE);
    assert_eq!(result.exit_code, ExitCode::Config);
    assert!(told.contains("koshin recover --server"), "{told}");
    let world = World::of("api001", now() - days(1));
    world.install(&[App::Monsiaj]);
    let (result, told) = recover(&world, &server, CODE);
    assert_eq!(result.exit_code, ExitCode::Config, "{told}");
    assert!(server.record.borrow().codes.is_empty(), "no code is tried for what is never renewed");
}
