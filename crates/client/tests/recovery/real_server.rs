//! The real program against the real server.

use crate::support::World;
use jiff::{SignedDuration, Timestamp};
use koshin::applications::{App, credential, discover};
use koshin_issuance::{CertificateFacts, certificates_from_pem, read_pkcs12};
use koshin_testkit::{ServerInABox, Terminal};
use sha2::{Digest, Sha256};
use std::{
    io::Write,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

/// A home whose applications use the terminal's certificate, and reach the demonstration service of `server`.
fn home(server: &ServerInABox, terminal: &Terminal) -> World {
    let bundle = std::fs::read(terminal.file("p12")).unwrap();
    let bundle = read_pkcs12(&bundle, &terminal.password()).unwrap();
    let mut world = World::new();
    world.key = bundle.key;
    world.certificate = bundle.certificate_der;
    world.write("ca.crt", &std::fs::read(terminal.ca_file()).unwrap());
    world.install(&[App::Monsiaj, App::Receview]);
    let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{}\"\n", server.url());
    world.write(".config/koshin/hosts.toml", hosts.as_bytes());
    let port = server.address().port();
    let here = [
        ("https\\://sms.test.example/", format!("https\\://localhost\\:{port}/")),
        ("https://sms.test.example/", format!("https://localhost:{port}/")),
    ];
    for config in [".monsiaj/monsiaj.jsonrpc.properties", ".receview/receview.conf"] {
        let text = here.iter().fold(world.read(config), |text, (from, to)| text.replace(from, to));
        world.write(config, text.as_bytes());
    }
    world
}

fn koshin(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(arguments).env_clear().env("HOME", world.path("")).env("LANG", "C").env("PATH", path);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(world: &World, arguments: &[&str], typed: &str) -> Output {
    let mut child = koshin(world, arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn last_week() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(7 * 24)
}

fn code(server: &ServerInABox, cn: &str) -> String {
    server.command_succeeds(&["recovery-code", "--tenant", "clinic", "--cn", cn]).trim().to_owned()
}

fn serial_in_use(world: &World) -> String {
    CertificateFacts::from_der(&world.certificates_in_use(None)[0]).unwrap().serial.to_hex()
}

#[test]
fn a_code_brings_an_expired_terminal_back() {
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", last_week());
    let world = home(&server, &terminal);
    let refused = run(&world, &["renew", "--yes"], "");
    assert_eq!(refused.status.code(), Some(12), "{}", said(&refused));
    let mistyped = run(&world, &["recover", "0000-0000-0001"], "");
    assert!(said(&mistyped).contains("typing error"), "{}", said(&mistyped));
    let wrong = run(&world, &["recover", "0000-0000-0000"], "");
    assert_eq!(wrong.status.code(), Some(11), "{}", said(&wrong));
    assert!(said(&wrong).contains("The recovery code is wrong"), "{}", said(&wrong));
    assert!(world.all_old());

    // Typed, in small letters and without hyphens; nothing of it stands in the arguments.
    let code = code(&server, "client001");
    let typed = format!("{}\n", code.to_lowercase().replace('-', ""));
    let recovered = run(&world, &["recover"], &typed);
    assert_eq!(recovered.status.code(), Some(0), "{}", said(&recovered));
    assert!(!world.all_old());
    assert!(world.open_to_others().is_empty(), "{:?}", world.open_to_others());
    let new = serial_in_use(&world);
    assert_eq!(server.state_of(&new), "in_use");
    assert!(!said(&recovered).contains(&code), "a code is told nobody");

    let again = run(&world, &["recover", &code], "");
    assert_eq!(again.status.code(), Some(11), "{}", said(&again));
    assert!(said(&again).contains("has been used"), "{}", said(&again));
    assert_eq!(serial_in_use(&world), new);
}

/// A PC of which nothing is known, and the arguments that the administration site would show.
fn new_pc(server: &ServerInABox, terminal: &Terminal) -> (World, [String; 4]) {
    let ca = std::fs::read(terminal.ca_file()).unwrap();
    let ca = certificates_from_pem(&ca).unwrap();
    let fingerprint = hex::encode(Sha256::digest(ca.last().unwrap()));
    (World::new(), ["--server".to_owned(), server.url(), "--ca-fingerprint".to_owned(), fingerprint])
}

fn first(code: &str, arguments: &[String; 4]) -> Vec<String> {
    let [a, b, c, d] = arguments.clone();
    vec!["recover".to_owned(), code.to_owned(), a, b, c, d]
}

fn as_str(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// What the list of a new PC leads to.
fn first_in_use(world: &World) -> String {
    let found = discover(&world.environment);
    let opened = credential::open(&found.places[0], None).unwrap();
    opened.certificate.serial.to_hex()
}

#[test]
fn a_new_pc_gets_its_first_certificate() {
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", last_week());
    let (world, arguments) = new_pc(&server, &terminal);
    let code = code(&server, "client001");
    let nothing = run(&world, &["recover", &code], "");
    assert_eq!(nothing.status.code(), Some(16), "{}", said(&nothing));
    assert!(said(&nothing).contains("--server"), "{}", said(&nothing));
    // This PC does not know the CA, and nobody has told it the fingerprint.
    let unknown = run(&world, &["recover", &code, "--server", &server.url()], "");
    assert_eq!(unknown.status.code(), Some(13), "{}", said(&unknown));
    assert!(said(&unknown).contains("--ca-fingerprint"), "{}", said(&unknown));

    let received = run(&world, &as_str(&first("-", &arguments)), &format!("{code}\n"));
    assert_eq!(received.status.code(), Some(0), "{}", said(&received));
    assert!(said(&received).contains("koshin-client001"), "{}", said(&received));
    assert!(!said(&received).contains(&code), "a code is told nobody");
    assert_eq!(server.state_of(&first_in_use(&world)), "in_use");
    let status = run(&world, &["status", "--online"], "");
    assert_eq!(status.status.code(), Some(0), "{}", said(&status));
    assert!(said(&status).contains("client001"), "{}", said(&status));
    // Without --server it is an argument too many.
    let usage = run(&world, &["recover", &code, "--directory", "x"], "");
    assert_eq!(usage.status.code(), Some(2), "{}", said(&usage));
}

/// Killed after 0, 100, 200, … ms, until one run gets through. Each time the same code brings the certificate.
#[test]
fn a_new_pc_killed_at_any_time() {
    let mut server = ServerInABox::start();
    for (round, pause) in (0..).map(|round| (round, Duration::from_millis(100 * round))) {
        let name = format!("client{round:03}");
        let terminal = server.issue_until(&name, last_week());
        let (world, arguments) = new_pc(&server, &terminal);
        let asked = first(&code(&server, &name), &arguments);
        let mut child = koshin(&world, &as_str(&asked)).spawn().unwrap();
        thread::sleep(pause);
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut next = run(&world, &as_str(&asked), "");
        // The server still works for the one that was killed, and says so.
        while said(&next).contains("under way") {
            thread::sleep(Duration::from_millis(200));
            next = run(&world, &as_str(&asked), "");
        }
        assert_eq!(next.status.code(), Some(0), "killed after {pause:?}: {}", said(&next));
        assert_eq!(server.state_of(&first_in_use(&world)), "in_use", "killed after {pause:?}");
        if ended {
            break;
        }
    }
}

#[test]
fn while_the_server_is_down_nothing_is_used_up() {
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", last_week());
    let world = home(&server, &terminal);
    let code = code(&server, "client001");
    server.kill();
    let down = run(&world, &["recover", &code], "");
    assert_eq!(down.status.code(), Some(13), "{}", said(&down));
    assert!(world.all_old());
    server.serve();
    // Another port, as it may be; the applications are told.
    let world = home(&server, &terminal);
    let recovered = run(&world, &["recover", &code], "");
    assert_eq!(recovered.status.code(), Some(0), "{}", said(&recovered));
}

/// Killed after 0, 150, 300, … ms, until one run gets through. Each time the same code brings the terminal back.
#[test]
fn killed_at_any_time() {
    let mut server = ServerInABox::start();
    for (round, pause) in (0..).map(|round| (round, Duration::from_millis(150 * round))) {
        let name = format!("client{round:03}");
        let terminal = server.issue_until(&name, last_week());
        let world = home(&server, &terminal);
        let code = code(&server, &name);
        let mut child = koshin(&world, &["recover", &code]).spawn().unwrap();
        thread::sleep(pause);
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(world.certificates_in_use(None).len(), 2, "killed after {pause:?}: the files are whole");

        let next = run(&world, &["recover", &code], "");
        let renewed = !world.all_old();
        assert!(renewed, "killed after {pause:?}: {}", said(&next));
        assert_eq!(server.state_of(&serial_in_use(&world)), "in_use", "killed after {pause:?}");
        if ended {
            break;
        }
    }
}
