//! Whole renewals in scratch homes, with a server that signs: what is asked, what is refused, what is put back.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

mod support;

use koshin::{
    applications::{App, CredentialError},
    doors::{DoorError, NetworkFault},
    prompt::{Answer, Asked, ScriptedPrompt, Step},
    renewal::{
        Failure,
        journal::Journals,
        machine::{Ending, State, Via},
        performer::{Run, Wishes},
        verification::VerificationError,
    },
    storage::{Disk, changes::ChangeError, lock::InstanceLock},
};
use koshin_issuance::{CertificateFacts, read_pkcs12};
use support::{
    PASSWORD, World, agreed, days,
    disk::FaultyDisk,
    new_key, now,
    server::{Script, ScriptedServer, Sends},
};

fn only(runs: Result<Vec<Run>, Failure>) -> Run {
    let mut runs = runs.unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

fn renew(world: &World, server: &ScriptedServer) -> Run {
    only(world.run(&Disk, server, &mut ScriptedPrompt::default(), agreed()))
}

fn state(world: &World) -> State {
    let journals = Journals::new(&Disk, &world.environment.state_dir);
    journals.all().unwrap().0.remove(0).state
}

fn unreachable() -> DoorError {
    let (host, reason) = ("auth.test.example".to_owned(), "connection refused".to_owned());
    DoorError::Network { host, reason, fault: NetworkFault::Connect }
}

fn refused(status: u16) -> DoorError {
    DoorError::Refused { status, problem: None, retry_after: None }
}

#[test]
fn the_user_is_asked_once_and_sees_four_steps() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    let mut prompt = ScriptedPrompt::answering([Answer::Renew]);
    let run = only(world.run(&Disk, &server, &mut prompt, Wishes::default()));

    assert_eq!(run.ending, Ending::Renewed { confirmed: true });
    assert_eq!(run.via, Some(Via::Est));
    assert!(!world.all_old());
    let Asked::Confirm(question) = &prompt.asked()[0] else { panic!("{:?}", prompt.asked()) };
    assert_eq!((question.common_name.as_str(), question.days_left), ("client001", 30));
    let steps = [Step::Connect, Step::Receive, Step::Try, Step::Switch].map(Asked::Progress);
    assert_eq!(prompt.asked()[1..], steps);

    // The server saw one request, one trial, and then the first use.
    let record = server.record.borrow();
    assert_eq!((record.issued.len(), record.confirmed.len()), (1, 1));
    assert_eq!(record.confirmed[0], record.issued[0]);
    assert!(record.trials > 0);
    assert_eq!(state(&world), State::Confirmed);
}

#[test]
fn no_means_no_and_nobody_means_nothing() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    let mut prompt = ScriptedPrompt::answering([Answer::NotToday]);
    let run = only(world.run(&Disk, &server, &mut prompt, Wishes::default()));
    assert_eq!(run.ending, Ending::Declined);

    let run = only(world.run(&Disk, &server, &mut ScriptedPrompt::default(), Wishes::default()));
    assert!(matches!(run.failure, Some(Failure::CannotAsk)), "{run:?}");
    assert!(world.all_old());
    assert_eq!(server.issued(), 0);
}

#[test]
fn before_the_window_nothing_happens_unless_forced() {
    let world = World::of("client001", now() + days(200));
    world.install(&[App::Monsiaj]);
    let server = ScriptedServer::est(&world.ca);
    assert_eq!(renew(&world, &server).ending, Ending::NotDue);
    assert_eq!(server.issued(), 0);

    let forced = Wishes { forced: true, ..agreed() };
    let run = only(world.run(&Disk, &server, &mut ScriptedPrompt::default(), forced));
    assert_eq!(run.ending, Ending::Renewed { confirmed: true });
}

#[test]
fn kinds_and_dates_that_cannot_be_renewed() {
    for (common_name, not_after, ending) in [
        ("api001", now() + days(30), Ending::NotRenewableKind),
        ("backup001", now() + days(30), Ending::NotRenewableKind),
        ("printer", now() + days(30), Ending::UnknownKind),
        ("client001", now() - days(1), Ending::Expired),
    ] {
        let world = World::of(common_name, not_after);
        world.install(&[App::Monsiaj]);
        let server = ScriptedServer::est(&world.ca);
        assert_eq!(renew(&world, &server).ending, ending, "{common_name}");
        assert!(world.all_old());
        assert_eq!(server.issued(), 0);
    }
}

#[test]
fn both_ways_of_renewal_serve_every_application() {
    for via in [Via::Est, Via::Legacy] {
        for app in App::ALL {
            let world = World::new();
            world.install(&[app]);
            let server = ScriptedServer::est(&world.ca);
            let wishes = Wishes { via: Some(via), ..agreed() };
            let run = only(world.run(&Disk, &server, &mut ScriptedPrompt::default(), wishes));
            assert_eq!(run.ending, Ending::Renewed { confirmed: true }, "{app} {via:?}: {run:?}");
            assert_eq!(run.via, Some(via));
            assert!(!world.all_old());
            assert!(world.open_to_others().is_empty(), "{app} {via:?}: {:?}", world.open_to_others());
        }
    }
}

/// Whatever is wrong with what the server sends, it is not installed, and not kept for another try either.
#[test]
fn a_wrong_certificate_from_the_server() {
    let check = |sends: Sends, est: bool, expected: &dyn Fn(&Failure) -> bool| {
        let world = World::with_three_applications();
        let server = ScriptedServer::new(&world.ca, Script { est, sends, ..Script::default() });
        let run = renew(&world, &server);
        assert_eq!(run.ending, Ending::Failed, "{sends:?}");
        let failure = run.failure.unwrap();
        assert!(expected(&failure), "{sends:?}: {failure}");
        assert_eq!(failure.exit_code().number(), 14, "{sends:?} is the server's fault");
        assert!(world.all_old());
        assert_eq!(server.record.borrow().trials, 0, "{sends:?} was tried on the wire");
        assert!(matches!(state(&world), State::RolledBack { keeps_certificate: false, .. }), "{sends:?}");
    };
    use VerificationError as V;
    let is = |matches: fn(&V) -> bool| move |failure: &Failure| matches!(failure, Failure::Verification(error) if matches(error));
    for est in [true, false] {
        check(Sends::OtherCommonName, est, &is(|e| matches!(e, V::OtherSubject { attribute: "CN", .. })));
        check(Sends::OtherOrganization, est, &is(|e| matches!(e, V::OtherSubject { attribute: "O", .. })));
        check(Sends::Expired, est, &is(|e| matches!(e, V::Expired(_))));
        check(Sends::FromTheFuture, est, &is(|e| matches!(e, V::NotYetValid(_))));
        check(Sends::EndsBeforeTheOld, est, &is(|e| matches!(e, V::NotLater { .. })));
        check(Sends::ForServers, est, &is(|e| matches!(e, V::NotForClients)));
        check(Sends::OfAForeignCa, est, &is(|e| matches!(e, V::Untrusted(_))));
    }
    check(Sends::OtherKey, true, &is(|e| matches!(e, V::OtherKey)));
    check(Sends::WrongPassword, false, &|failure| matches!(failure, Failure::Bundle(_)));
    check(Sends::HalfABundle, false, &|failure| matches!(failure, Failure::Bundle(_)));
}

#[test]
fn a_certificate_that_the_server_then_refuses_is_thrown_away() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    server.script.trial_fails.borrow_mut().push(refused(403));
    let run = renew(&world, &server);
    assert_eq!(run.ending, Ending::Failed);
    assert!(world.all_old());

    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert_eq!(server.issued(), 2, "the refused one is not tried again");
}

#[test]
fn a_certificate_that_could_not_be_tried_is_kept_for_the_next_run() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    server.script.trial_fails.borrow_mut().push(unreachable());
    let run = renew(&world, &server);
    assert_eq!(run.failure.unwrap().exit_code().number(), 13);
    assert!(world.all_old());
    assert!(matches!(state(&world), State::RolledBack { keeps_certificate: true, .. }));

    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert_eq!(server.issued(), 1, "no endless reissue");
}

#[test]
fn a_request_that_fails_leaves_no_key_behind() {
    for failure in
        [unreachable(), refused(403), DoorError::Server { status: 503, problem: None, retry_after: Some(5) }]
    {
        let world = World::with_three_applications();
        let server = ScriptedServer::est(&world.ca);
        server.script.request_fails.borrow_mut().push(failure);
        assert_eq!(renew(&world, &server).ending, Ending::Failed);
        assert!(world.all_old());
        assert!(!world.everything().iter().any(|path| path.ends_with("key.pem")));
        assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    }
}

#[test]
fn a_switch_that_the_server_was_not_told_of_is_a_success_and_is_told_later() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    server.script.confirm_fails.borrow_mut().push(unreachable());
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: false });
    assert!(!world.all_old());
    assert_eq!(state(&world), State::Switched);

    assert_eq!(renew(&world, &server).ending, Ending::NotDue);
    assert_eq!(server.record.borrow().confirmed.len(), 1);
    assert_eq!(state(&world), State::Confirmed);
}

#[test]
fn a_failing_hook_puts_every_place_back() {
    let world = World::new();
    world.install(&[App::Monsiaj, App::Files]);
    let before = world.read("tls/client.key");
    *world.hooks.failures.borrow_mut() = 1;
    let server = ScriptedServer::est(&world.ca);
    let run = renew(&world, &server);
    assert!(matches!(run.failure, Some(Failure::Hook(_))), "{run:?}");
    assert!(world.all_old());
    assert_eq!(world.read("tls/client.key"), before);
    // Told of the new files, and then of the old ones again.
    assert_eq!(*world.hooks.ran.borrow(), ["reload stunnel", "reload stunnel"]);

    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert_eq!(server.issued(), 1);
}

/// The application saves its configuration while the renewal is at it.
#[test]
fn a_configuration_changed_meanwhile_is_left_alone() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    let config = world.path(".receview/receview.conf");
    let disk = FaultyDisk::beside(".monsiaj.jsonrpc.properties.koshin-old", move || {
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace("api_mode: true", "api_mode: false")).unwrap();
    });
    let run = only(world.run(&disk, &server, &mut ScriptedPrompt::default(), agreed()));
    let Some(Failure::Change(ChangeError::ChangedMeanwhile(path))) = run.failure else { panic!("{run:?}") };
    assert!(path.ends_with("receview.conf"));
    assert!(world.all_old(), "the other applications were put back");
    assert!(world.read(".receview/receview.conf").contains("api_mode: false"));

    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert!(world.read(".receview/receview.conf").contains("api_mode: false"));
}

/// The user deletes a connection while the question waits, and the others move up: no certificate goes into the entry
/// that now has the number of the one it was made for.
#[test]
fn connections_that_moved_meanwhile_are_left_alone() {
    let world = World::new();
    world.install(&[App::Glclient2]);
    let path = ".glclient/config.json";
    let text = world.read(path);
    let two = text
        .replace("}],", r#"},{"description":"ward","authuri":"https://ward.example/rpc/","ssl":false}],"#);
    world.write(path, two.as_bytes());
    let moved = two.replace(r#""ssl":true"#, r#""ssl":false"#);
    let config = world.path(path);
    let disk = FaultyDisk::beside(".koshin-probe", {
        let moved = moved.clone();
        move || std::fs::write(&config, moved).unwrap()
    });
    let server = ScriptedServer::est(&world.ca);
    let run = only(world.run(&disk, &server, &mut ScriptedPrompt::default(), agreed()));
    let Some(Failure::Change(ChangeError::ChangedMeanwhile(changed))) = run.failure else {
        panic!("{run:?}")
    };
    assert!(changed.ends_with("config.json"));
    assert_eq!(world.read(path), moved);
    assert!(server.record.borrow().confirmed.is_empty());
}

/// Two connections of one file with the same certificate: both edits must be in the file at the end.
#[test]
fn two_connections_in_one_configuration() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let path = ".monsiaj/monsiaj.jsonrpc.properties";
    let text = world.read(path);
    let second: String =
        text.lines().filter(|line| line.contains(".0.")).map(|l| l.replace(".0.", ".1.") + "\n").collect();
    world.write(path, (text + &second).as_bytes());
    assert_eq!(world.places().len(), 2);
    let server = ScriptedServer::est(&world.ca);
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert!(!world.all_old());
    assert_eq!(server.issued(), 1, "one certificate, one renewal");
    let files: Vec<_> = world.places().into_iter().map(|place| place.certificate).collect();
    assert_ne!(files[0], files[1], "each has its own password, so each has its own file");
}

/// The first certificate's new file takes the name of this second, so that of the second certificate's first place
/// is a second later: a name that the other place must not get too.
#[test]
fn names_given_to_one_place_are_not_given_to_the_next() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let path = ".monsiaj/monsiaj.jsonrpc.properties";
    let text = world.read(path);
    let (mut other, key, end) = (World::new(), new_key(), now() + days(30));
    other.certificate = world.ca.client(&key, "client002", None, end - days(1000), end);
    other.key = key;
    other.install(&[App::Monsiaj]);
    world.write(".monsiaj/other.p12", &std::fs::read(other.path(".monsiaj/client.p12")).unwrap());
    let another = |number: &str| -> String {
        let lines = text.lines().filter(|line| line.contains(".0."));
        lines.map(|line| line.replace(".0.", number).replace("client.p12", "other.p12") + "\n").collect()
    };
    world.write(path, (text.clone() + &another(".1.") + &another(".2.")).as_bytes());
    let server = ScriptedServer::est(&world.ca);
    let runs = world.run(&Disk, &server, &mut ScriptedPrompt::default(), agreed()).unwrap();
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.ending == Ending::Renewed { confirmed: true }), "{runs:?}");
    let in_use = world.certificates_in_use(None);
    assert!(
        in_use[0] != in_use[1] && in_use[1] == in_use[2],
        "each place opens its own, with its own password"
    );
}

#[test]
fn a_password_that_is_not_saved_is_asked_for_and_never_stored() {
    let world = World::new();
    world.install_monsiaj(false);
    let server = ScriptedServer::legacy(&world.ca);
    let mut prompt = ScriptedPrompt::answering([Answer::Renew]).with_passwords(["wrong", PASSWORD]);
    let run = only(world.run(&Disk, &server, &mut prompt, Wishes::default()));
    assert_eq!(run.ending, Ending::Renewed { confirmed: true });
    let again: Vec<bool> = prompt
        .asked()
        .iter()
        .filter_map(|asked| match asked {
            Asked::Password(request) => Some(request.previous_was_wrong),
            _ => None,
        })
        .collect();
    assert_eq!(again, [false, true]);

    // The user types the same password at the application's next start.
    assert_ne!(world.certificates_in_use(Some(PASSWORD))[0], world.certificate);
    for path in world.everything().into_iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(&path).unwrap();
        let holds = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
        assert!(!holds, "{} holds the password", path.display());
        assert!(path.extension().is_none_or(|extension| extension != "pass"), "{}", path.display());
    }
}

#[test]
fn a_password_that_nobody_knows() {
    let world = World::new();
    world.install_monsiaj(false);
    let mut prompt = ScriptedPrompt::default().with_passwords(["a", "b", "c", PASSWORD]);
    let gathered = koshin::renewal::group::gather(
        world.places(),
        Vec::new(),
        |_| true,
        &mut koshin::renewal::group::Passwords::new(&mut prompt, None),
    );
    assert!(matches!(gathered.unreadable[0].1, CredentialError::WrongPassword { .. }));
    assert_eq!(prompt.asked().len(), 3, "three attempts and no more");
}

#[test]
fn the_second_of_two_runs_is_told_that_another_is_at_it() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    let first = InstanceLock::take(&Disk, &world.environment.state_dir).unwrap();
    let second = world.run(&Disk, &server, &mut ScriptedPrompt::default(), agreed());
    let failure = second.unwrap_err();
    assert!(failure.to_string().starts_with("another renewal is running"), "{failure}");
    assert_eq!(server.issued(), 0);
    drop(first);
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
}

/// The old files stay, and a copy of each replaced configuration is kept.
#[test]
fn what_was_there_before_can_be_had_again() {
    let world = World::with_three_applications();
    let before = world.read(".monsiaj/monsiaj.jsonrpc.properties");
    renew(&world, &ScriptedServer::legacy(&world.ca));
    let old = read_pkcs12(&std::fs::read(world.path(".monsiaj/client.p12")).unwrap(), PASSWORD).unwrap();
    assert_eq!(old.certificate_der, world.certificate);
    let copies: Vec<_> = world
        .everything()
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("/backups/") && path.is_file())
        .collect();
    assert_eq!(copies.len(), 4, "three configurations and a manifest: {copies:?}");
    let kept = copies.iter().any(|path| std::fs::read_to_string(path).unwrap() == before);
    assert!(kept, "the configuration of monsiaj as it was");
}

/// Somebody restores the old files after a renewal: that is a renewal like any other, not a finished one.
#[test]
fn old_files_restored_by_hand_are_renewed_again() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let server = ScriptedServer::est(&world.ca);
    renew(&world, &server);
    world.install(&[App::Monsiaj]);
    assert!(world.all_old());
    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert!(!world.all_old());
    assert_eq!(server.issued(), 2);
}

/// A certificate was received in time but could not be installed before the old one expired.
#[test]
fn a_staged_certificate_saves_an_expired_terminal() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    server.script.trial_fails.borrow_mut().push(unreachable());
    assert_eq!(renew(&world, &server).ending, Ending::Failed);
    let later = now() + days(40);
    let run = only(world.run_at(later, &Disk, &server, &mut ScriptedPrompt::default(), agreed()));
    assert_eq!(run.ending, Ending::Renewed { confirmed: true });
    let in_use = world.certificates_in_use(None);
    assert!(CertificateFacts::from_der(&in_use[0]).unwrap().not_after > later);
}

/// A journal that cannot be read is told of; it hinders neither its own certificate's places nor others.
#[test]
fn a_damaged_journal_is_reported_and_another_certificate_renews() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    world.write(".local/state/koshin/renewals/0123456789abcdef/journal.json", b"{\"version\": 9");
    let journals = Journals::new(&Disk, &world.environment.state_dir);
    let (recovered, failures) = koshin::renewal::recovery::recover(&Disk, &journals, &world.hooks, now());
    assert_eq!((recovered, failures.len()), (0, 1));
    assert!(failures[0].to_string().contains("0123456789abcdef/journal.json"), "{}", failures[0]);
    assert_eq!(renew(&world, &ScriptedServer::est(&world.ca)).ending, Ending::Renewed { confirmed: true });
}

/// The disk dies in the middle of a switch and stays dead: the old files cannot be put back, which is said, and the
/// next run, on a disk that works, does it.
#[test]
fn a_switch_that_could_not_be_undone_is_said_and_undone_by_the_next_run() {
    let world = World::with_three_applications();
    let server = ScriptedServer::est(&world.ca);
    let disk = FaultyDisk::dying_at("rename", "receview.conf");
    let run = only(world.run(&disk, &server, &mut ScriptedPrompt::default(), agreed()));
    assert!(matches!(run.failure, Some(Failure::NotPutBack { .. })), "{run:?}");
    assert_eq!(
        world.certificates_in_use(None).len(),
        3,
        "each application works, though not with the same one"
    );
    assert!(matches!(state(&world), State::Switching));

    assert_eq!(renew(&world, &server).ending, Ending::Renewed { confirmed: true });
    assert!(!world.all_old());
    assert_eq!(server.issued(), 1);
}

#[test]
fn an_unknown_renewal_host_is_said_before_anybody_is_asked() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    world.write(".config/koshin/hosts.toml", b"");
    let mut prompt = ScriptedPrompt::answering([Answer::Renew]);
    let run = only(world.run(&Disk, &ScriptedServer::est(&world.ca), &mut prompt, Wishes::default()));
    let failure = run.failure.unwrap();
    assert!(failure.to_string().contains("hosts.toml"), "it names the file to extend: {failure}");
    assert_eq!(failure.exit_code().number(), 16);
    assert!(prompt.asked().is_empty());
}
