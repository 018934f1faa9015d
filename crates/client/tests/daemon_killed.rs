//! `koshin daemon --once` against a real server: left alone, outside the tenant's hours, and killed at every rename of a
//! renewal and at random moments, then run again. The application always has a certificate that works, in the end the
//! new one.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

use jiff::{SignedDuration, Timestamp};
use koshin::{
    applications::{discover, open},
    daemon::diary::Diary,
    environment::Environment,
    storage::Disk,
};
use koshin_testkit::{ServerInABox, ServerOptions, Terminal, tools};
use std::{
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

const SIGKILL: i32 = 9;
const PROGRAM: &str = env!("CARGO_BIN_EXE_koshin");
/// More renames than a renewal has.
const ENOUGH: usize = 60;

/// So many days before the end a renewal is urgent, and no moment is waited for.
const URGENT: i64 = 10;

/// A PC whose monsiaj has a certificate of the server.
struct Pc {
    home: TempDir,
    old: Terminal,
}

impl Pc {
    fn with_terminal_of(server: &mut ServerInABox, common_name: &str, days_left: i64) -> Self {
        let end = Timestamp::now() + SignedDuration::from_hours(24 * days_left);
        let pc = Self { home: TempDir::new().unwrap(), old: server.issue_until(common_name, end) };
        let bundle = pc.write(".monsiaj/client.p12", &std::fs::read(pc.old.file("p12")).unwrap());
        let url = server.url();
        let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{url}\"\n");
        pc.write(".config/koshin/hosts.toml", hosts.as_bytes());
        let text = format!(
            "monsiaj.config.0.description=uketsuke\nmonsiaj.config.0.authuri={}/rpc/\n\
             monsiaj.config.0.useSSL=true\nmonsiaj.config.0.clientCertificateFile={}\n\
             monsiaj.config.0.clientCertificatePassword={}\n\
             monsiaj.config.0.saveClientCertificatePassword=true\n\
             monsiaj.config.0.caCertificateFile={}\nmonsiaj.current=0\n",
            url.replace(':', "\\:"),
            bundle.display(),
            pc.old.password(),
            pc.old.ca_file().display(),
        );
        pc.write(".monsiaj/monsiaj.jsonrpc.properties", text.as_bytes());
        pc
    }

    fn write(&self, relative: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home.path().join(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn daemon(&self, before: &[&str]) -> Command {
        let words: Vec<&str> = before.iter().copied().chain([PROGRAM, "daemon", "--once"]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // No notices on the desktop of whoever runs the tests.
        let nowhere = format!("unix:path={}/no-bus", self.home.path().display());
        command.env("HOME", self.home.path()).env("LANG", "C.UTF-8").env("DBUS_SESSION_BUS_ADDRESS", nowhere);
        command.stdin(Stdio::null());
        command
    }

    /// The certificate in use, opened as the application would open it.
    fn serial_in_use(&self) -> String {
        let found = discover(&Environment::in_home(self.home.path()));
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let opened = open(&found.places[0], None).expect("the application can open its certificate");
        opened.certificate.serial.to_hex()
    }

    /// Runs the daemon to its end and checks that this terminal is as if nothing had happened.
    fn recovers(&self, server: &ServerInABox, what: &str) {
        let before = self.serial_in_use();
        let output = tools::run(&mut self.daemon(&[]));
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        let new = self.serial_in_use();
        assert_ne!(new, self.old.serial(), "{what}: renewed");
        assert_eq!(server.state_of(&new), "in_use", "{what}");
        assert_eq!(
            server.state_of(&self.old.serial()),
            "superseded",
            "{what}; before the second run: {before}"
        );
        assert_eq!(leftovers(self.home.path()), Vec::<PathBuf>::new(), "{what}");
    }
}

/// Keys and half-written files that nobody needs any more.
fn leftovers(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(leftovers(&path));
        } else if name.ends_with(".koshin-new") || name.ends_with(".koshin-old") || name == "key.pem" {
            found.push(path);
        }
    }
    found
}

/// Every state of the journal, and every file of the switch, comes by a rename.
#[test]
fn killed_before_each_rename() {
    if tools::require("strace").is_none() {
        return;
    }
    let mut server = ServerInABox::start();
    for turn in 1..ENOUGH {
        let pc = Pc::with_terminal_of(&mut server, &format!("client{turn:03}"), URGENT);
        let inject = format!("inject=rename,renameat,renameat2:signal=KILL:when={turn}");
        let strace = [
            "strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=rename,renameat,renameat2",
            "-e",
            &inject,
        ];
        let output = tools::run(&mut pc.daemon(&strace));
        if output.status.success() {
            assert!(turn > 8, "a renewal has more than {turn} renames");
            assert_ne!(pc.serial_in_use(), pc.old.serial(), "the last one was not killed at all");
            return;
        }
        assert_eq!(
            output.status.signal(),
            Some(SIGKILL),
            "{turn}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        pc.recovers(&server, &format!("killed before rename {turn}"));
    }
    panic!("{ENOUGH} renames were not enough");
}

#[test]
fn killed_at_any_moment() {
    let mut server = ServerInABox::start();
    for turn in 0..12_u64 {
        let pc = Pc::with_terminal_of(&mut server, &format!("client{turn:03}"), URGENT);
        let mut child = pc.daemon(&[]).stderr(Stdio::null()).spawn().unwrap();
        // From before the first file to after the last request; primes, so that no rhythm is met.
        thread::sleep(Duration::from_millis(7 + turn * 83));
        child.kill().unwrap();
        child.wait().unwrap();
        pc.serial_in_use();
        pc.recovers(&server, &format!("killed in turn {turn}"));
    }
}

/// The server's window is wider than the application's, and its suggestion long past: the terminal's own moment inside
/// the application's window has passed as well, whichever it is.
#[test]
fn a_quiet_round_asks_the_server_and_renews() {
    let mut server = ServerInABox::start();
    let pc = Pc::with_terminal_of(&mut server, "client001", 20);
    pc.recovers(&server, "a round that nobody disturbs");
    let before = pc.serial_in_use();
    assert!(tools::run(&mut pc.daemon(&[])).status.success());
    assert_eq!(pc.serial_in_use(), before, "the next round finds nothing to do");
}

#[test]
fn outside_the_tenants_hours_it_waits_for_them() {
    let clock = |hours: i64| {
        let then = Timestamp::now() + SignedDuration::from_hours(9 + hours);
        then.strftime("%H:%M").to_string()
    };
    let hours = format!("{}-{}", clock(3), clock(6));
    let mut server = ServerInABox::start_with(ServerOptions {
        configure: Box::new(move |config| {
            let service = config["service"]["default"].as_table_mut().unwrap();
            service.insert("preferred_hours".to_owned(), hours.into());
        }),
        ..ServerOptions::default()
    });
    // In the patient weeks: in the last two months nobody waits for better hours.
    let pc = Pc::with_terminal_of(&mut server, "client001", 75);
    let output = tools::run(&mut pc.daemon(&[]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(pc.serial_in_use(), pc.old.serial());
    let state_dir = Environment::in_home(pc.home.path()).state_dir;
    let next = Diary::load(&Disk, &state_dir).next_at.expect("a next attempt");
    let wait = next.duration_since(Timestamp::now()).as_secs();
    // Its moment is in these hours of one of the days; if not today, the server is asked again tomorrow.
    let (in_its_hours, tomorrow) = (2 * 3_600..=6 * 3_600, 23 * 3_600..=24 * 3_600);
    assert!(in_its_hours.contains(&wait) || tomorrow.contains(&wait), "{wait} s");
}
