//! Every state of the windows, reached by a script.

use crate::{
    script::{Does, Played, Scene},
    support::{
        PASSWORD, World, agreed, days,
        disk::{ENOSPC, Fault, FaultyDisk},
        now,
        server::{ScriptedServer, Sends},
    },
};
use jiff::SignedDuration;
use koshin::{
    applications::App,
    daemon::diary::Diary,
    doors::{DoorError, NetworkFault},
    environment::Language,
    exit::ExitCode,
    launcher::{look::Look, memory::Memory},
    prompt::ScriptedPrompt,
    renewal::machine::Ending,
    storage::{Disk, lock::InstanceLock},
};
use koshin_desktop::Icon;
use koshin_protocol::problem::{Problem, ProblemCode};

const STEPS: [&str; 4] = ["1/4", "2/4", "3/4", "4/4"];

fn world() -> World {
    World::with_three_applications()
}

fn offline() -> DoorError {
    DoorError::Network {
        host: "auth.test.example".to_owned(),
        reason: "connection refused".to_owned(),
        fault: NetworkFault::Connect,
    }
}

fn refused(code: ProblemCode) -> DoorError {
    let problem = Problem {
        type_uri: code.type_uri(),
        title: "この証明書は使用停止中です".to_owned(),
        status: code.status(),
        detail: "管理者が3月2日に停止しました。".to_owned(),
        code: code.as_str().to_owned(),
        opens_at: None,
        incident: None,
    };
    DoorError::Refused { status: code.status(), problem: Some(Box::new(problem)), retry_after: None }
}

/// A start at which the server's next answer is this error.
fn failing(world: &World, error: DoorError, answers: &[Does]) -> Played {
    let server = ScriptedServer::est(&world.ca);
    server.script.request_fails.borrow_mut().push(error);
    Scene::new(world, &server).play(answers)
}

fn last_result(world: &World) -> Option<String> {
    let diary = Diary::load(&Disk, &world.environment.state_dir);
    diary.certificates.into_values().find_map(|record| record.last_result).map(|last| last.result)
}

#[test]
fn agreed_renewed_told_and_started() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let played = Scene::new(&world, &server).play(&[Does::Presses("更新"), Does::Presses("閉じる")]);
    let expected = [&["証明書の更新"], &STEPS[..], &["証明書を更新しました", "*"]].concat();
    assert_eq!(played.log, expected);
    assert!(
        played.text(0).contains("uketsuke / default / receview 0の証明書を更新しますか？"),
        "{}",
        played.text(0)
    );
    assert!(played.text(1).contains("新しい有効期限: 2029年11月22日（木）12:00"), "{}", played.text(1));
    assert!(!world.all_old(), "monsiaj was asked about, and the others share its certificate");
    assert_eq!(last_result(&world).as_deref(), Some("renewed"));

    // From now on there is nothing to do.
    let again = Scene::new(&world, &server).play(&[]);
    assert_eq!((again.log, again.attended), (vec!["*".to_owned()], None));
}

#[test]
fn declined_for_today_and_asked_again_tomorrow() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let played = Scene::new(&world, &server).play(&[Does::Presses("今日は更新しない")]);
    assert_eq!(played.log, ["証明書の更新", "*"]);
    assert_eq!(played.attended.unwrap().exit_code, ExitCode::Declined);
    assert!(world.all_old() && server.issued() == 0);

    assert_eq!(Scene::new(&world, &server).play(&[]).log, ["*"]);
    let tomorrow = Scene { now: now() + days(1), ..Scene::new(&world, &server) };
    assert_eq!(tomorrow.play(&[Does::Closes]).log, ["証明書の更新", "*"]);
    let last_week = Scene { now: now() + days(24), ..Scene::new(&world, &server) };
    for _ in 0..2 {
        let notice = last_week.play(&[Does::Presses("あとで")]);
        assert_eq!(notice.log, ["証明書の更新時期です", "*"]);
    }
}

#[test]
fn a_window_closed_before_agreeing_is_not_remembered() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    for _ in 0..2 {
        assert_eq!(Scene::new(&world, &server).play(&[Does::Closes]).log, ["証明書の更新", "*"]);
    }
    assert!(world.all_old());
}

/// During the steps nobody is asked anything: closing the window there changes nothing, and the result is shown.
#[test]
fn a_window_closed_at_the_result_starts_the_application() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let played = Scene::new(&world, &server).play(&[Does::Presses("更新"), Does::Closes]);
    assert_eq!(played.log.last().unwrap(), "*");
    assert!(!world.all_old());
}

#[test]
fn offline_the_application_starts_at_once_and_the_dialog_stays() {
    let world = world();
    let played = failing(&world, offline(), &[Does::Presses("更新"), Does::Closes]);
    assert_eq!(played.log, ["証明書の更新", "1/4", "2/4", "*", "証明書を更新できませんでした"]);
    let text = played.text(1);
    assert!(text.contains("インターネットに接続できません"), "{text}");
    assert!(text.contains("今の証明書は2026年12月22日（火）まで使えます"), "{text}");
    assert_eq!(played.labels(1), ["もう一度更新", "閉じる"]);
    assert_eq!(last_result(&world).as_deref(), Some("failed"));
    assert!(world.all_old());
}

#[test]
fn renewed_again_beside_the_application_which_starts_only_once() {
    let world = world();
    let answers = [Does::Presses("更新"), Does::Presses("もう一度更新"), Does::Presses("閉じる")];
    let played = failing(&world, offline(), &answers);
    let expected = [
        &["証明書の更新", "1/4", "2/4", "*", "証明書を更新できませんでした"],
        &STEPS[..],
        &["証明書を更新しました"],
    ];
    assert_eq!(played.log, expected.concat());
    assert!(played.text(2).contains("開き直してください"), "{}", played.text(2));
    assert_eq!(played.attended.unwrap().exit_code, ExitCode::Ok);
    assert!(!world.all_old());
}

/// The old file stays beside the new one, and somebody else may use a copy of it: it is still the old certificate.
#[test]
fn the_old_file_is_not_taken_for_the_new_certificate() {
    let world = world();
    let old = std::fs::read(world.path(".monsiaj/client.p12")).unwrap();
    let server = ScriptedServer::est(&world.ca);
    Scene::new(&world, &server).play(&[Does::Presses("更新"), Does::Presses("閉じる")]);
    let memory = Memory::load(&Disk, &world.environment.state_dir);
    let remembered = memory.certificate_in(&koshin::storage::changes::digest(&old));
    assert!(remembered.is_none_or(|note| note.not_after < now() + days(90)), "{remembered:?}");
}

/// A 復旧コード for it can never be.
#[test]
fn an_expired_api_certificate_is_not_asked_for_a_recovery_code() {
    let world = World::of("api001", now() - days(1));
    world.install(&[App::Monsiaj]);
    let server = ScriptedServer::est(&world.ca);
    let played = Scene::new(&world, &server).play(&[Does::Presses("閉じる")]);
    assert_eq!(played.log, ["この証明書は更新できません", "*"]);
    assert_eq!(Scene::new(&world, &server).play(&[]).log, ["*"]);
}

/// A terminal whose certificate expired yesterday, and a server that has issued a code.
fn expired() -> (World, ScriptedServer) {
    let world = World::of("client001", now() - days(1));
    world.install(&[App::Monsiaj]);
    world.write(".config/koshin/koshin.toml", "[support]\ncontact = \"○○システム 03-0000\"\n".as_bytes());
    let server = ScriptedServer::est(&world.ca);
    server.script.codes.borrow_mut().insert(GOOD_CODE.to_owned(), None);
    (world, server)
}

/// As it is written, and as somebody types it.
const GOOD_CODE: &str = "Y6FN-9WSA-MH4Y";
const TYPED: &str = "ｙ6fn 9wsa mh4y";
const EXPIRED: &str = "証明書の有効期限が切れています";

fn error_of(played: &Played, index: usize) -> String {
    played.dialogs[index].field.as_ref().unwrap().error.clone().unwrap()
}

#[test]
fn expired_asks_for_a_recovery_code_and_names_the_contact() {
    let (world, server) = expired();
    let scene = Scene::new(&world, &server);
    let given_up = scene.play(&[Does::Presses("閉じる")]);
    assert_eq!(given_up.log, [EXPIRED, "*"]);
    assert!(given_up.text(0).contains("連絡先: ○○システム 03-0000"), "{}", given_up.text(0));
    assert_eq!(given_up.attended.unwrap().exit_code, ExitCode::Expired);

    let played = scene.play(&[Does::Types("0000"), Does::Types(TYPED), Does::Presses("閉じる")]);
    let expected = [&[EXPIRED, EXPIRED], &STEPS[..], &["証明書を更新しました", "*"]].concat();
    assert_eq!(played.log, expected);
    assert!(error_of(&played, 1).contains("打ち間違い"), "{}", error_of(&played, 1));
    assert_eq!(server.record.borrow().codes, [GOOD_CODE], "a typing error is told without the server");
    assert_eq!(played.attended.unwrap().exit_code, ExitCode::Ok);
    assert!(!world.all_old());
    assert_eq!(last_result(&world).as_deref(), Some("renewed"));
    assert_eq!(Scene::new(&world, &server).play(&[]).log, ["*"], "and is asked nothing any more");
}

#[test]
fn a_code_that_helps_nobody_is_told_in_the_dialog_and_another_may_be_typed() {
    let (world, server) = expired();
    server.script.request_fails.borrow_mut().extend([
        offline(),
        refused(ProblemCode::CertificateRevoked),
        refused(ProblemCode::RecoveryAttempts),
        DoorError::Server { status: 404, problem: None, retry_after: None },
    ]);
    let answers = [Does::Types(TYPED), Does::Types(TYPED), Does::Types(TYPED), Does::Types(TYPED)];
    let wrong = [Does::Types("0000-0000-0000"), Does::Presses("閉じる")];
    let played = Scene::new(&world, &server).play(&[&answers[..], &wrong[..]].concat());
    for (index, words) in [
        (1, "まだ対応していません"),
        (2, "この証明書は使用停止中です"),
        (3, "使用停止中です"),
        (4, "インターネットに接続できません"),
        (5, "recovery-code-wrong"),
    ] {
        let error = error_of(&played, index);
        assert!(error.contains(words), "{index}: {error}");
    }
    assert!(world.all_old(), "everything is as before");
    let again = Scene::new(&world, &server).play(&[Does::Types(TYPED), Does::Closes]);
    assert!(again.log.contains(&"証明書を更新しました".to_owned()), "{:?}", again.log);
}

#[test]
fn an_api_certificate_is_told_once_a_day_before_the_application() {
    let world = World::of("api001", now() + days(30));
    world.install(&[App::Monsiaj]);
    let server = ScriptedServer::est(&world.ca);
    let scene = Scene::new(&world, &server);
    let played = scene.play(&[Does::Presses("閉じる")]);
    assert_eq!(played.log, ["この証明書は更新できません", "*"]);
    assert!(played.text(0).contains("client…の証明書をダウンロード"), "{}", played.text(0));
    assert_eq!(scene.play(&[]).log, ["*"]);
    let tomorrow = Scene { now: now() + days(1), ..scene };
    assert_eq!(tomorrow.play(&[Does::Closes]).log, ["この証明書は更新できません", "*"]);
}

#[test]
fn a_wrong_clock_and_an_unexpected_error_can_be_tried_again() {
    let clock = DoorError::ClockWrong { server: now(), local: now() + SignedDuration::from_hours(9) };
    let world = self::world();
    let played = failing(&world, clock, &[Does::Presses("更新"), Does::Closes]);
    assert_eq!(played.log.last().unwrap(), "パソコンの日時がずれています");
    assert_eq!(played.labels(1), ["もう一度更新", "閉じる"]);

    let server = ScriptedServer::new(
        &world.ca,
        crate::support::server::Script { sends: Sends::HalfABundle, ..Default::default() },
    );
    let played = Scene::new(&world, &server).play(&[Does::Presses("更新"), Does::Closes]);
    let text = played.text(1);
    assert!(text.starts_with("予期しないエラーが発生しました") && text.contains("番号: E14"), "{text}");
}

#[test]
fn a_certificate_that_was_stopped_is_not_tried_again_today() {
    let world = world();
    let played = failing(
        &world,
        refused(ProblemCode::CertificateRevoked),
        &[Does::Presses("更新"), Does::Presses("閉じる")],
    );
    assert_eq!(played.log, ["証明書の更新", "1/4", "2/4", "*", "この証明書は使用停止中です"]);
    assert_eq!((played.labels(1), played.dialogs[1].icon), (vec!["閉じる"], Icon::Error));
    assert!(!played.text(1).contains("まで使えます"), "it cannot be used any more: {}", played.text(1));
    assert_eq!(last_result(&world).as_deref(), Some("refused"));
    let server = ScriptedServer::est(&world.ca);
    assert_eq!(Scene::new(&world, &server).play(&[]).log, ["*"]);
}

#[test]
fn suspended_by_the_server_in_its_own_words() {
    let world = world();
    let error = refused(ProblemCode::TenantSuspended);
    let played = failing(&world, error, &[Does::Presses("更新"), Does::Closes]);
    assert!(played.text(1).contains("管理者が3月2日に停止しました。"), "{}", played.text(1));
}

#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let healthy = FaultyDisk::healthy();
    drop(Scene { disk: &healthy, ..Scene::new(&world, &server) }.play(&[Does::Closes]));
    let disk = FaultyDisk::new(healthy.operations() + 20, ENOSPC);
    let played =
        Scene { disk: &disk, ..Scene::new(&world, &server) }.play(&[Does::Presses("更新"), Does::Closes]);
    assert!(disk.fired(), "{:?}", played.log);
    assert_eq!(played.log.last().unwrap(), "新しい証明書を保存できませんでした", "{}", disk.chosen());
    assert!(played.text(1).contains("ディスクの空きが足りません"), "{}", played.text(1));
    assert!(world.all_old());
}

/// What was agreed to once is finished without a question, and before the application reads half of it.
#[test]
fn a_renewal_that_the_power_cut_interrupted_is_finished_first() {
    let rehearsal = world();
    let healthy = FaultyDisk::healthy();
    let mut nobody = ScriptedPrompt::default();
    let server = ScriptedServer::est(&rehearsal.ca);
    rehearsal.run(&healthy, &server, &mut nobody, agreed()).unwrap();
    let at = healthy.position_of("rename", "monsiaj.jsonrpc.properties").unwrap();

    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let disk = FaultyDisk::new(at, Fault::PowerCut);
    assert!(FaultyDisk::power(|| world.run(&disk, &server, &mut nobody, agreed())).is_none());
    let played = Scene::new(&world, &server).play(&[Does::Presses("閉じる")]);
    assert_eq!(played.log, ["3/4", "4/4", "証明書を更新しました", "*"]);
    assert!(!world.all_old());
}

/// Where not even the lock can be taken, nobody is asked for an agreement that leads nowhere.
#[test]
fn a_read_only_home_is_told_beside_the_application() {
    let world = world();
    let before = world.everything();
    let server = ScriptedServer::est(&world.ca);
    let disk = FaultyDisk::read_only();
    let played = Scene { disk: &disk, ..Scene::new(&world, &server) }.play(&[Does::Presses("閉じる")]);
    assert_eq!(played.log, ["*", "新しい証明書を保存できませんでした"]);
    assert!(played.text(0).contains("権限がありません"), "{}", played.text(0));
    assert!(world.all_old() && server.issued() == 0);
    assert_eq!(world.everything(), before);
}

#[test]
fn while_another_renewal_runs_the_application_starts_without_a_window() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let lock = InstanceLock::take(&Disk, &world.environment.state_dir).unwrap();
    assert_eq!(Scene::new(&world, &server).play(&[]).log, ["*"]);
    drop(lock);
    assert_eq!(Scene::new(&world, &server).play(&[Does::Closes]).log, ["証明書の更新", "*"]);
}

/// The question was left open over night: the daemon renews as ever, and the answer finds nothing to do.
#[test]
fn an_open_question_keeps_nobody_from_renewing() {
    let world = world();
    let (server, daemons) = (ScriptedServer::est(&world.ca), ScriptedServer::est(&world.ca));
    let meanwhile = || {
        let mut prompt = ScriptedPrompt::default();
        let runs = world.run(&Disk, &daemons, &mut prompt, agreed()).unwrap();
        assert!(runs.iter().all(|run| run.ending == Ending::Renewed { confirmed: true }), "{runs:?}");
    };
    let played =
        Scene { meanwhile: &meanwhile, ..Scene::new(&world, &server) }.play(&[Does::Presses("更新")]);
    assert_eq!(played.log, ["証明書の更新", "*"]);
    assert!(server.record.borrow().issued.is_empty());
    assert!(!world.all_old());
}

/// The certificate can be read, and its key needs a password that only the person knows, and does not type now.
#[test]
fn a_password_that_is_not_typed_declines_the_renewal() {
    let world = World::new();
    world.install(&[App::Glclient2]);
    let config = world.read(".glclient/config.json");
    let config =
        config.replace(PASSWORD, "").replace("\"savecertpassword\":true", "\"savecertpassword\":false");
    world.write(".glclient/config.json", config.as_bytes());
    let server = ScriptedServer::est(&world.ca);
    let scene = Scene { app: App::Glclient2, ..Scene::new(&world, &server) };
    let played = scene.play(&[Does::Presses("更新"), Does::Presses("今日は更新しない")]);
    assert_eq!(played.log, ["証明書の更新", "証明書のパスワード", "*"]);
    assert_eq!(scene.play(&[]).log, ["*"]);
}

/// Two clicks: the second start does not ask again, and does not wait for the answer either.
#[test]
fn while_another_launcher_asks_the_application_starts_without_a_window() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let _other = InstanceLock::take_launcher(&Disk, &world.environment.state_dir).unwrap();
    assert_eq!(Scene::new(&world, &server).play(&[]).log, ["*"]);
    assert!(world.all_old());
}

#[test]
fn a_password_is_asked_for_and_then_the_date_is_known() {
    let world = World::of("client001", now() + days(200));
    world.install_monsiaj(false);
    let server = ScriptedServer::est(&world.ca);
    let scene = Scene::new(&world, &server);

    let no = scene.play(&[Does::Presses("今日は更新しない")]);
    assert_eq!(no.log, ["証明書のパスワード", "*"]);
    assert_eq!(scene.play(&[]).log, ["*"], "nobody wants to be asked twice a day");

    let tomorrow = Scene { now: now() + days(1), ..scene };
    let played = tomorrow.play(&[Does::Types("wrong"), Does::Types("Oldpass-1")]);
    assert_eq!(played.log, ["証明書のパスワード", "証明書を開けません", "*"]);
    assert_eq!(played.dialogs[1].field.as_ref().unwrap().error.as_deref(), Some("パスワードが違います。"));

    // 170 days later it is due. Until then nobody is asked, and nothing is opened.
    let next = Scene { now: now() + days(2), ..Scene::new(&world, &server) };
    assert_eq!(next.play(&[]).log, ["*"]);
    let due = Scene { now: now() + days(170), ..Scene::new(&world, &server) };
    let played = due.play(&[Does::Types("Oldpass-1"), Does::Presses("更新"), Does::Closes]);
    assert_eq!(played.log[..3], ["証明書のパスワード", "証明書の更新", "1/4"]);
}

#[test]
fn three_wrong_passwords_are_a_failure_that_can_be_tried_again() {
    let world = World::new();
    world.install_monsiaj(false);
    let server = ScriptedServer::est(&world.ca);
    let wrong = [Does::Types("a"), Does::Types("b"), Does::Types("c"), Does::Presses("閉じる")];
    let played = Scene::new(&world, &server).play(&wrong);
    assert_eq!(played.log[3..], ["*", "証明書を開けません"]);
    assert_eq!(played.labels(3), ["もう一度更新", "閉じる"]);
}

/// What a password protects is not opened again as long as nobody has changed it.
#[test]
fn what_was_opened_once_is_remembered_by_its_content() {
    let world = World::of("client001", now() + days(200));
    world.install(&[App::Monsiaj]);
    let first = Look::at(&world.environment, App::Monsiaj);
    assert!(first.learnt);
    first.memory.save(&Disk, &world.environment.state_dir).unwrap();
    assert!(!Look::at(&world.environment, App::Monsiaj).learnt);
    let text = world.read(".local/state/koshin/launcher.json");
    assert!(!text.contains("Oldpass-1") && text.contains("client001"), "{text}");
    assert_eq!(Memory::load(&Disk, &world.environment.state_dir), first.memory);
    assert!(world.open_to_others().is_empty());
}

#[test]
fn without_a_display_and_a_terminal_nobody_is_asked() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let played = Scene { display: false, ..Scene::new(&world, &server) }.play(&[]);
    assert_eq!(played.log, ["*"]);
    assert!(played.attended.unwrap().nobody && world.all_old());
}

#[test]
fn an_application_without_certificates_starts() {
    let world = World::new();
    let server = ScriptedServer::est(&world.ca);
    for app in App::ALL {
        assert_eq!(Scene { app, ..Scene::new(&world, &server) }.play(&[]).log, ["*"], "{app}");
    }
    world.write(".monsiaj/monsiaj.jsonrpc.properties", b"\xff\x00 not a file of monsiaj");
    assert_eq!(Scene::new(&world, &server).play(&[]).log, ["*"]);
}

#[test]
fn all_of_it_in_english() {
    let world = world();
    let server = ScriptedServer::est(&world.ca);
    let scene = Scene { language: Language::English, ..Scene::new(&world, &server) };
    let played = scene.play(&[Does::Presses("Renew"), Does::Presses("Close")]);
    assert_eq!(played.log[0], "Certificate renewal");
    assert_eq!(played.log[5..], ["The certificate was renewed", "*"]);
}
