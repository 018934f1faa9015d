//! `koshin install` and `uninstall` in scratch homes, with a systemd that only writes down what it was told.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

use koshin::{
    environment::{Environment, Language},
    install::{Mechanism, Target, system::System, units},
    storage::Disk,
};
use koshin_testkit::tools;
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Answers with success unless it was told to fail, and remembers every command.
#[derive(Default)]
struct Script {
    fails: Option<&'static str>,
    said: RefCell<Vec<String>>,
}

impl System for Script {
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let line = std::iter::once(&program).chain(arguments).copied().collect::<Vec<_>>().join(" ");
        self.said.borrow_mut().push(line);
        match self.fails {
            Some(why) => Err(why.to_owned()),
            None if program == "whoami" => Ok(r#""clinic\reception","S-1-5-21-1-2-3-1001""#.to_owned()),
            None => Ok("no".to_owned()),
        }
    }
}

const PROGRAM: &str = "/opt/koshin and friends/100%/koshin";

fn target<'a>(environment: &'a Environment, system: &'a Script) -> Target<'a> {
    Target { fs: &Disk, system, environment, windows: false }
}

fn files(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn a_timer_is_installed_once_and_removed_completely() {
    let home = TempDir::new().unwrap();
    let environment = Environment::in_home(home.path());
    let system = Script::default();
    let target = target(&environment, &system);
    let first = target.install(Path::new(PROGRAM)).unwrap();
    assert_eq!((first.mechanism, first.changed, first.lingers), (Mechanism::SystemdTimer, true, Some(false)));
    assert_eq!(target.installed(), Some(Mechanism::SystemdTimer));
    let said = system.said.borrow().clone();
    assert!(said.contains(&"systemctl --user daemon-reload".to_owned()));
    assert!(said.contains(&"systemctl --user enable --now koshin.timer".to_owned()));

    let again = target.install(Path::new(PROGRAM)).unwrap();
    assert!(!again.changed, "nothing to write the second time");
    let moved = target.install(Path::new("/usr/bin/koshin")).unwrap();
    assert!(moved.changed, "the program lies elsewhere now");

    assert_eq!(target.uninstall().unwrap().len(), 2);
    assert_eq!(files(home.path()), Vec::<PathBuf>::new());
    assert_eq!(target.uninstall().unwrap(), Vec::<PathBuf>::new(), "removing twice is removing once");
    assert_eq!(target.installed(), None);
}

#[test]
fn without_a_session_bus_it_starts_at_log_in() {
    let home = TempDir::new().unwrap();
    let environment = Environment::in_home(home.path());
    let system = Script { fails: Some("Failed to connect to bus: No medium found"), ..Script::default() };
    let target = target(&environment, &system);
    let installed = target.install(Path::new(PROGRAM)).unwrap();
    assert_eq!(installed.mechanism, Mechanism::Autostart);
    let said = koshin::cli::messages::install::installed(Language::English, &installed);
    assert!(said.contains("No medium found") && said.contains("loginctl enable-linger"), "{said}");
    let entry = std::fs::read_to_string(home.path().join(".config/autostart/koshin.desktop")).unwrap();
    assert!(entry.contains("Exec=\"/opt/koshin and friends/100%%/koshin\" --lang en daemon\n"), "{entry}");

    // Later there is a bus: the timer takes over, and nothing runs twice.
    let system = Script::default();
    let target = Target { system: &system, ..target };
    assert_eq!(target.install(Path::new(PROGRAM)).unwrap().mechanism, Mechanism::SystemdTimer);
    assert!(!home.path().join(".config/autostart/koshin.desktop").exists());
}

#[test]
fn what_the_installing_shell_knew_the_timer_knows() {
    let mut environment = Environment::in_home(Path::new("/home/受付"));
    environment.language = Language::Japanese;
    environment.check_months = Some("3".to_owned());
    environment.update_cert_api_host = Some("https://auth.example".to_owned());
    environment.config_dir = "/srv/etc/koshin".into();
    let text = units::service(Path::new(PROGRAM), &environment);
    for line in [
        "ExecStart=\"/opt/koshin and friends/100%%/koshin\" --lang ja daemon --once",
        "Environment=\"XDG_CONFIG_HOME=/srv/etc\"",
        "Environment=\"GLCLIENT_CERT_EXPIRE_CHECK_MONTHES=3\"",
        "Environment=\"GLCLIENT_UPDATE_CERT_API_HOST=https://auth.example\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("XDG_STATE_HOME"), "the usual folder needs no mention");
}

#[test]
fn an_unwritable_home_is_said_so() {
    let home = TempDir::new().unwrap();
    // A file where a folder is needed fails for everybody, root included.
    std::fs::write(home.path().join(".config"), "").unwrap();
    let environment = Environment::in_home(home.path());
    let system = Script::default();
    let failure = target(&environment, &system).install(Path::new(PROGRAM)).unwrap_err();
    assert_eq!(failure.exit_code().number(), 15, "{failure}");
}

#[test]
fn on_windows_the_task_scheduler_is_told() {
    let home = TempDir::new().unwrap();
    let environment = Environment::in_home(home.path());
    let system = Script::default();
    let target = Target { windows: true, ..target(&environment, &system) };
    let installed = target.install(Path::new(r"C:\Program Files\Koshin\koshin.exe")).unwrap();
    assert_eq!(installed.mechanism, Mechanism::TaskScheduler);
    let said = system.said.borrow().clone();
    assert!(
        said.iter().any(|line| line.starts_with(r"schtasks /Create /TN \Koshin\Renew /XML ")),
        "{said:?}"
    );
    let file = std::fs::read(&installed.files[0]).unwrap();
    assert_eq!(file[..2], [0xff, 0xfe], "UTF-16, as schtasks wants it");
    let units: Vec<u16> = file.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let xml = String::from_utf16(&units).unwrap();
    assert!(xml.contains("<UserId>S-1-5-21-1-2-3-1001</UserId>"), "{xml}");
    assert_eq!(target.uninstall().unwrap(), installed.files);
}

/// systemd's own opinion of what is installed.
#[test]
fn systemd_understands_the_units() {
    if tools::require("systemd-analyze").is_none() {
        return;
    }
    let home = TempDir::new().unwrap();
    let mut environment = Environment::in_home(home.path());
    environment.update_cert_api_host = Some("https://auth.example".to_owned());
    let system = Script::default();
    // A program that exists: verify looks for it.
    let program = home.path().join("a folder").join("koshin");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    std::fs::copy("/bin/true", &program).unwrap();
    let installed = target(&environment, &system).install(&program).unwrap();
    let runtime = home.path().join("run");
    std::fs::create_dir(&runtime).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--user", "--man=no"]).args(&installed.files);
    verify.env("HOME", home.path()).env("XDG_RUNTIME_DIR", &runtime);
    let output = tools::run(&mut verify);
    let said = tools::describe(&verify, &output);
    let about_ours = |line: &&str| line.contains("koshin.service:") || line.contains("koshin.timer:");
    assert_eq!(said.lines().filter(about_ours).collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(output.status.success(), "{said}");

    // Every quarter of an hour, by systemd's own reading.
    let calendar = tools::run(Command::new("systemd-analyze").args(["calendar", "*:0/15"]));
    let said = String::from_utf8_lossy(&calendar.stdout).into_owned();
    assert!(said.contains("*-*-* *:00/15:00"), "{said}");
}
