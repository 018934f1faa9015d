//! The program on a real display (Xvfb), against a real server: opened, operated by keys alone, closed. And without a
//! display.

use crate::support::{World, days};
use jiff::Timestamp;
use koshin::applications::App;
use koshin_issuance::read_pkcs12;
use koshin_testkit::{Display, ServerInABox, Terminal};
use std::{
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

/// Class of all windows.
const CLASS: &str = "koshin";

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
    let Some(display) = Display::start(1366, 900) else { return };
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", Timestamp::now() + days(30));
    let world = home(&server, &terminal);
    let mut program = koshin(&world, &["window"]).env("DISPLAY", display.name()).spawn().unwrap();

    eventually("the status window", || display.windows(CLASS).len() == 1);
    let status = display.windows(CLASS).remove(0);
    // The focus is on ［今すぐ更新］ of the first card.
    eventually("the question", || {
        display.press(status, "Return");
        display.windows(CLASS).len() == 2
    });
    let before = display.screen();
    let dialog = display.windows(CLASS).into_iter().find(|window| *window != status).unwrap();
    eventually("the new certificate", || {
        display.press(dialog, "Return");
        !world.all_old()
    });
    eventually("the end of the dialog", || {
        display.press(dialog, "Return");
        display.windows(CLASS) == [status]
    });
    eventually("the new date", || display.screen() != before);
    let diary = world.read(".local/state/koshin/unattended.json");
    assert!(diary.contains("renewed"), "{diary}");

    eventually("the end of the program", || {
        display.press(status, "Escape");
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
