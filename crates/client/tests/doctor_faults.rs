//! `koshin doctor` in scratch homes: each fault is found, by its own check, with a remedy in both languages.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

mod support;

use jiff::SignedDuration;
use koshin::{
    applications::App,
    cli::doctor::{as_json, as_text},
    daemon::{
        diary::Diary,
        notify::{Notice, Notifier},
    },
    doctor::{Check, Finding, Health, Practice, examine, exit_code},
    doors::{DoorError, NetworkFault},
    environment::Language,
    exit::ExitCode,
    install::{Target, system::System},
    renewal::performer::Surroundings,
    storage::{Disk, FileSystem, lock::InstanceLock},
};
use koshin_protocol::{problem::Problem, renewal::CertificateStatus};
use support::{
    World, days,
    disk::{EACCES, ENOSPC, FaultyDisk},
    now,
    server::ScriptedServer,
};

struct Nobody;

impl Notifier for Nobody {
    fn show(&self, _: &Notice) -> Result<(), String> {
        panic!("an examination shows nothing")
    }

    fn available(&self) -> Result<(), String> {
        Ok(())
    }
}

struct Systemd;

impl System for Systemd {
    fn run(&self, _: &str, _: &[&str]) -> Result<String, String> {
        Ok(String::new())
    }
}

fn on(disk: &dyn FileSystem, world: &World, server: &ScriptedServer) -> Vec<Finding> {
    let with = Surroundings {
        fs: disk,
        network: server,
        hooks: &world.hooks,
        state_dir: &world.environment.state_dir,
        clock: &now,
    };
    let environment = &world.environment;
    let target = Target { fs: &Disk, system: &Systemd, environment, windows: false };
    examine(Practice { environment, with, notifier: &Nobody, target })
}

fn healthy() -> World {
    let world = World::new();
    world.install(&[App::Monsiaj, App::Receview]);
    let environment = &world.environment;
    Target { fs: &Disk, system: &Systemd, environment, windows: false }
        .install(std::path::Path::new("/usr/bin/koshin"))
        .unwrap();
    let mut diary = Diary::load(&Disk, &environment.state_dir);
    diary.checked_at = Some(now() - SignedDuration::from_mins(9));
    diary.save(&Disk, &environment.state_dir).unwrap();
    world
}

/// The bad findings: the check, and the exit code of the whole.
fn faults(findings: &[Finding]) -> (Vec<Check>, ExitCode) {
    let bad = findings.iter().filter(|finding| finding.health == Health::Bad);
    (bad.map(|finding| finding.check).collect(), exit_code(findings))
}

#[test]
fn a_healthy_pc_could_renew_now_and_nothing_is_changed_by_looking() {
    let world = healthy();
    let server = ScriptedServer::est(&world.ca);
    let before = world.everything();
    let findings = on(&Disk, &world, &server);
    assert_eq!(faults(&findings), (vec![], ExitCode::Ok));
    assert!(findings.iter().all(|finding| finding.health == Health::Good), "{findings:#?}");
    let json: serde_json::Value = serde_json::from_str(&as_json(&findings, now())).unwrap();
    assert_eq!(json["couldRenewNow"], true);
    assert_eq!((server.record.borrow().asked, server.issued()), (1, 0));
    let mut after = world.everything();
    after.retain(|path| !path.ends_with("koshin.lock"));
    let before: Vec<_> = before.into_iter().filter(|path| !path.ends_with("koshin.lock")).collect();
    assert_eq!(after, before);
    assert!(world.all_old());
}

#[test]
fn every_fault_has_its_check_its_exit_code_and_a_remedy() {
    let refused = |code: &str| DoorError::Refused {
        status: 403,
        problem: Some(Box::new(Problem {
            type_uri: format!("urn:koshin:problem:{code}"),
            title: "The certificate was withdrawn".to_owned(),
            status: 403,
            detail: "The administrator withdrew it on 2 March.".to_owned(),
            code: code.to_owned(),
            opens_at: None,
            incident: None,
        })),
        retry_after: None,
    };
    let host = || "auth.test.example".to_owned();
    let network =
        || DoorError::Network { host: host(), reason: "refused".to_owned(), fault: NetworkFault::Connect };
    let table: [(DoorError, Check, ExitCode); 5] = [
        (network(), Check::Server, ExitCode::Network),
        (DoorError::ClockWrong { server: now(), local: now() - days(1) }, Check::Clock, ExitCode::Network),
        (
            DoorError::ServerCertificate { host: host(), reason: "expired".to_owned(), clock_suspect: true },
            Check::Clock,
            ExitCode::Network,
        ),
        (
            DoorError::CertificateRejected { host: host(), alert: "UnknownCA".to_owned() },
            Check::Server,
            ExitCode::Refused,
        ),
        (refused("certificate-revoked"), Check::Permission, ExitCode::Refused),
    ];
    for (error, check, code) in table {
        for language in [Language::Japanese, Language::English] {
            let mut world = healthy();
            world.environment.language = language;
            let server = ScriptedServer::est(&world.ca);
            server.script.status_fails.borrow_mut().push(error.clone());
            let findings = on(&Disk, &world, &server);
            assert_eq!(faults(&findings), (vec![check], code), "{error}");
            let found = findings.iter().find(|finding| finding.check == check).unwrap();
            assert!(found.remedy.as_ref().is_some_and(|remedy| !remedy.is_empty()), "{error}: {found:?}");
            assert!(found.subject.as_ref().unwrap().contains("monsiaj 0"), "{found:?}");
        }
    }
}

#[test]
fn what_the_server_would_not_renew() {
    let world = healthy();
    let server = ScriptedServer::est(&world.ca);
    *server.script.status.borrow_mut() = Some(CertificateStatus {
        cn: "client001".to_owned(),
        label: None,
        serial: "01".to_owned(),
        state: "in_use".to_owned(),
        not_after: now() + days(30),
        renewable: false,
        reason: Some("tenant-suspended".to_owned()),
        reason_text: Some("The tenant is suspended".to_owned()),
        window: None,
        suggested_at: None,
        preferred_hours: None,
        est: true,
    });
    let findings = on(&Disk, &world, &server);
    assert_eq!(faults(&findings), (vec![Check::Permission], ExitCode::Refused));
    assert!(as_text(&findings, Language::English).contains("The tenant is suspended"));
}

#[test]
fn a_full_disk_and_a_locked_folder_are_found_before_a_renewal_meets_them() {
    let world = healthy();
    let server = ScriptedServer::est(&world.ca);
    let counted = FaultyDisk::healthy();
    on(&counted, &world, &server);
    for (folder, check) in [(".receview", Check::Files), (".local/state/koshin", Check::OwnFolder)] {
        let probe = counted.position_of("create", &format!("{folder}/.koshin-probe")).unwrap();
        for (fault, word) in [(ENOSPC, "The disk is full"), (EACCES, "may not write to")] {
            let findings = on(&FaultyDisk::new(probe, fault), &world, &server);
            assert_eq!(faults(&findings), (vec![check], ExitCode::Storage), "{findings:#?}");
            let found = findings.iter().find(|one| one.check == check).unwrap();
            assert!(found.text.contains(word), "{found:?}");
        }
    }
}

#[test]
fn passwords_kinds_dates_hosts_and_configurations() {
    let locked = World::new();
    locked.install_monsiaj(false);
    let server = ScriptedServer::est(&locked.ca);
    let findings = on(&Disk, &locked, &server);
    assert_eq!(faults(&findings), (vec![Check::Certificate], ExitCode::Config), "{findings:#?}");

    for (common_name, not_after, code) in [
        ("api001", now() + days(30), ExitCode::Refused),
        ("printer", now() + days(30), ExitCode::Refused),
        ("client001", now() - days(1), ExitCode::Expired),
    ] {
        let world = World::of(common_name, not_after);
        world.install(&[App::Monsiaj]);
        let server = ScriptedServer::est(&world.ca);
        let findings = on(&Disk, &world, &server);
        assert_eq!(faults(&findings), (vec![Check::Renewable], code), "{common_name}");
        assert_eq!(server.record.borrow().asked, 0, "nothing to ask about {common_name}");
    }

    let unmapped = healthy();
    unmapped.write(".config/koshin/hosts.toml", b"");
    let findings = on(&Disk, &unmapped, &ScriptedServer::est(&unmapped.ca));
    assert_eq!(faults(&findings), (vec![Check::Host], ExitCode::Config));

    let broken = healthy();
    broken.write(".glclient/config.json", b"{");
    let findings = on(&Disk, &broken, &ScriptedServer::est(&broken.ca));
    assert_eq!(faults(&findings), (vec![Check::Configuration], ExitCode::Config));
}

#[test]
fn a_timer_that_is_missing_or_silent_is_a_warning() {
    let missing = World::new();
    missing.install(&[App::Monsiaj]);
    let findings = on(&Disk, &missing, &ScriptedServer::est(&missing.ca));
    let timer = |findings: &[Finding]| findings.iter().find(|one| one.check == Check::Timer).unwrap().clone();
    assert_eq!(timer(&findings).remedy.as_deref(), Some("Run koshin install."));
    assert_eq!(exit_code(&findings), ExitCode::Ok, "a person can still renew");

    let silent = healthy();
    let mut diary = Diary::load(&Disk, &silent.environment.state_dir);
    diary.checked_at = Some(now() - days(5));
    diary.save(&Disk, &silent.environment.state_dir).unwrap();
    let found = timer(&on(&Disk, &silent, &ScriptedServer::est(&silent.ca)));
    assert_eq!(found.health, Health::Warning);
    assert!(found.text.starts_with("Unattended renewal has not run since"), "{found:?}");
}

#[test]
fn nothing_is_tried_while_another_renewal_runs() {
    let world = healthy();
    let _lock = InstanceLock::take(&Disk, &world.environment.state_dir).unwrap();
    let server = ScriptedServer::est(&world.ca);
    let findings = on(&Disk, &world, &server);
    assert_eq!((findings.len(), findings[0].health), (1, Health::Warning));
    assert_eq!(server.record.borrow().asked, 0);
}

#[test]
fn a_pc_without_certificates_is_not_called_healthy() {
    let world = World::new();
    let findings = on(&Disk, &world, &ScriptedServer::est(&world.ca));
    assert_eq!(exit_code(&findings), ExitCode::Ok);
    assert!(as_text(&findings, Language::English).ends_with("There is no certificate to renew.\n"));
    let json: serde_json::Value = serde_json::from_str(&as_json(&findings, now())).unwrap();
    assert_eq!(json["couldRenewNow"], false);
}

#[test]
fn both_forms_of_the_report() {
    let mut world = healthy();
    world.environment.language = Language::Japanese;
    world.write(".config/koshin/hosts.toml", b"");
    let findings = on(&Disk, &world, &ScriptedServer::est(&world.ca));
    let text = as_text(&findings, Language::Japanese);
    assert!(
        text.contains("× 異常")
            && text.contains("対処：")
            && text.contains("更新できない原因が1件あります。"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&as_json(&findings, now())).unwrap();
    assert_eq!((&json["couldRenewNow"], &json["exitCode"]), (&false.into(), &16.into()));
    let checks: Vec<&str> =
        json["findings"].as_array().unwrap().iter().map(|one| one["check"].as_str().unwrap()).collect();
    assert!(checks.contains(&"renewal-host") && checks.contains(&"own-folder"), "{checks:?}");
}
