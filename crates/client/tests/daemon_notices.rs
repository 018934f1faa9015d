//! Notices reach a real session bus, and a missing one hinders nothing.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

mod support;

use koshin::storage::{Disk, lock::InstanceLock};
use koshin_testkit::tools;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
};
use support::{World, days};
use zbus::{blocking::connection, zvariant::OwnedValue};

/// A bus of our own.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn start() -> Option<Self> {
        tools::require("dbus-daemon")?;
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { daemon, address: address.trim().to_owned() })
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What a desktop does with notices.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<(String, String)>>>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Screen {
    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    fn notify(
        &self,
        app_name: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        _actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        assert_eq!((app_name.as_str(), hints.contains_key("urgency")), ("Koshin", true));
        self.0.lock().unwrap().push((summary, body));
        1
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("a test".to_owned(), "Koshin".to_owned(), "1".to_owned(), "1.2".to_owned())
    }
}

/// A certificate whose password is not saved: something to tell, and no network needed.
fn world() -> World {
    let world = World::of("client001", jiff::Timestamp::now() + days(20));
    world.install_monsiaj(false);
    world
}

fn koshin(world: &World, bus: &str, arguments: &[&str]) -> Output {
    let home = world.environment.home.clone();
    let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
    command.args(arguments).env_clear().env("HOME", home).env("LANG", "ja_JP.UTF-8");
    command.env("DBUS_SESSION_BUS_ADDRESS", bus).stdin(Stdio::null());
    tools::run(&mut command)
}

#[test]
fn a_notice_reaches_the_desktop_once() {
    let Some(bus) = Bus::start() else { return };
    let screen = Screen::default();
    let _desktop = connection::Builder::address(bus.address.as_str())
        .unwrap()
        .name("org.freedesktop.Notifications")
        .unwrap()
        .serve_at("/org/freedesktop/Notifications", screen.clone())
        .unwrap()
        .build()
        .unwrap();
    let world = world();
    for _ in 0..2 {
        let output = koshin(&world, &bus.address, &["daemon", "--once"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let shown = screen.0.lock().unwrap().clone();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].1.contains("パスワードが保存されていない"), "{shown:?}");
}

#[test]
fn without_a_desktop_the_log_has_it_and_nothing_fails() {
    let world = world();
    let nowhere = format!("unix:path={}", world.path("no-bus").display());
    let output = koshin(&world, &nowhere, &["daemon", "--once"]);
    assert!(output.status.success());
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        log.contains("パスワードが保存されていない") && log.contains("デスクトップに通知できません"),
        "{log}"
    );
    let diary = koshin::daemon::diary::Diary::load(&Disk, &world.environment.state_dir);
    let record = diary.certificates.values().next().unwrap();
    assert!(record.told.is_empty(), "what nobody has seen is told again");
}

#[test]
fn a_second_daemon_ends_at_once_and_hinders_no_renewal() {
    let world = world();
    let first = InstanceLock::take_daemon(&Disk, &world.environment.state_dir).unwrap();
    let nowhere = format!("unix:path={}", world.path("no-bus").display());
    let second = koshin(&world, &nowhere, &["daemon"]);
    assert!(second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("koshin daemon はすでに動いています。"));
    // A timer's round, or a person, renews all the same.
    let round = koshin(&world, &nowhere, &["daemon", "--once"]);
    assert!(String::from_utf8_lossy(&round.stderr).contains("パスワードが保存されていない"));
    drop(first);
}
