//! The program on a real display (Xvfb), against a real server: opened, operated by keys alone, closed. And without a
//! display.

use crate::support::{World, days};
use jiff::Timestamp;
use koshin::applications::App;
use koshin_issuance::read_pkcs12;
use koshin_testkit::{ServerInABox, Terminal, tools};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

/// A display of its own; gone when dropped.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// None after the test was counted as skipped.
    fn start() -> Option<Self> {
        for program in ["Xvfb", "import", "xdotool"] {
            tools::require(program)?;
        }
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1366x900x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Self { server, name: format!(":{}", number.trim()) })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program).args(arguments).env("DISPLAY", &self.name).output().unwrap()
    }

    /// The windows of the program, in the order in which they were opened.
    fn windows(&self) -> Vec<String> {
        let output = self.run("xdotool", &["search", "--onlyvisible", "--class", "koshin"]);
        let mut ids: Vec<u64> =
            String::from_utf8_lossy(&output.stdout).lines().map(|id| id.parse().unwrap()).collect();
        ids.sort_unstable();
        ids.iter().map(u64::to_string).collect()
    }

    /// Without a window manager nobody gives a window the focus: it is given here. A window that is gone by now takes
    /// no key.
    fn press(&self, window: &str, key: &str) {
        if self.run("xdotool", &["windowfocus", window]).status.success()
            && self.windows().iter().any(|one| one == window)
        {
            self.run("xdotool", &["key", key]);
        }
    }

    fn pixels(&self) -> Vec<u8> {
        self.run("import", &["-window", "root", "-depth", "8", "rgb:-"]).stdout
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn koshin(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(arguments).env_clear().env("HOME", world.path("")).env("PATH", path);
    command.env("LANG", "ja_JP.UTF-8").env("WINIT_X11_SCALE_FACTOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A home whose monsiaj uses the terminal's certificate and reaches the demonstration service of `server`.
fn home(server: &ServerInABox, terminal: &Terminal) -> World {
    let bundle = std::fs::read(terminal.file("p12")).unwrap();
    let bundle = read_pkcs12(&bundle, &terminal.password()).unwrap();
    let mut world = World::new();
    world.key = bundle.key;
    world.certificate = bundle.certificate_der;
    world.write("ca.crt", &std::fs::read(terminal.ca_file()).unwrap());
    world.install(&[App::Monsiaj]);
    let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{}\"\n", server.url());
    world.write(".config/koshin/hosts.toml", hosts.as_bytes());
    let service = format!("https\\://localhost\\:{}/", server.address().port());
    let config = ".monsiaj/monsiaj.jsonrpc.properties";
    world.write(config, world.read(config).replace("https\\://sms.test.example/", &service).as_bytes());
    world
}

fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    for _ in 0..150 {
        if happens() {
            return;
        }
        sleep(Duration::from_millis(200));
    }
    panic!("in vain waited for: {what}");
}

#[test]
fn a_certificate_is_renewed_in_the_window_with_the_keyboard() {
    let Some(display) = Display::start() else { return };
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", Timestamp::now() + days(30));
    let world = home(&server, &terminal);
    let mut program = koshin(&world, &["window"]).env("DISPLAY", &display.name).spawn().unwrap();

    eventually("the status window", || display.windows().len() == 1);
    let status = display.windows().remove(0);
    // The focus is on ［今すぐ更新］ of the first card.
    eventually("the question", || {
        display.press(&status, "Return");
        display.windows().len() == 2
    });
    let before = display.pixels();
    let dialog = display.windows().into_iter().find(|window| *window != status).unwrap();
    eventually("the new certificate", || {
        display.press(&dialog, "Return");
        !world.all_old()
    });
    eventually("the end of the dialog", || {
        display.press(&dialog, "Return");
        display.windows() == [status.clone()]
    });
    eventually("the new date", || display.pixels() != before);
    let diary = world.read(".local/state/koshin/unattended.json");
    assert!(diary.contains("renewed"), "{diary}");

    eventually("the end of the program", || {
        display.press(&status, "Escape");
        program.try_wait().unwrap().is_some()
    });
    assert_eq!(program.wait().unwrap().code(), Some(0));
}

#[test]
fn without_a_display_the_status_is_printed() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let output = koshin(&world, &["window"]).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let status = koshin(&world, &["status"]).output().unwrap();
    assert_eq!(said(&output.stdout), said(&status.stdout));
    assert_eq!(
        said(&output.stderr).lines().last(),
        Some("koshin: 画面がないため、ウィンドウの代わりに文字で表示します。")
    );
}
