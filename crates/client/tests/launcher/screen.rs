//! The real program on a real display (Xvfb) against the real server: keys alone renew, and the application finds the new
//! certificate. Needs Xvfb, ImageMagick and xdotool.

use crate::support::{World, days};
use jiff::Timestamp;
use koshin::applications::App;
use koshin_issuance::{CertificateFacts, read_pkcs12};
use koshin_testkit::{ServerInABox, skip::skip};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt as _, EventMask};

/// Class of all windows.
const CLASS: &str = "koshin";

/// A display of its own; gone when dropped.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// `None` where the tools are missing; the test counts as skipped then.
    fn start() -> Option<Self> {
        let there = |tool: &&str| Command::new(tool).arg("-version").output().is_ok();
        if let Some(missing) = ["Xvfb", "import", "xdotool"].iter().find(|tool| !there(tool)) {
            skip(&format!("{missing} is not installed"));
            return None;
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

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY");
        command.stderr(Stdio::null());
        command
    }

    /// What the screen shows.
    fn picture(&self) -> Vec<u8> {
        self.command("import", &["-window", "root", "-depth", "8", "rgb:-"]).output().unwrap().stdout
    }

    fn is_empty(&self) -> bool {
        self.picture().iter().all(|byte| *byte == 0)
    }

    /// Waits until something else is shown than `before`, and for the picture to be complete. Answers it.
    fn after(&self, before: &[u8]) -> Vec<u8> {
        let mut last = self.picture();
        let complete = eventually(|| {
            let now = self.picture();
            let still = now == last;
            last = now;
            still && last != before && last.iter().any(|byte| *byte != 0)
        });
        assert!(complete, "nothing else was shown");
        last
    }

    /// Without a window manager nobody gives the window the focus: it is given here.
    fn press(&self, key: &str) {
        self.xdotool(&["windowfocus", "--sync"]);
        assert!(self.command("xdotool", &["key", key]).status().unwrap().success());
    }

    /// As the cross does in the title bar that a window manager would give the window: ICCCM, 4.2.8.1.
    fn close_window(&self) {
        let found = self.xdotool(&[]);
        let window = String::from_utf8(found.stdout).unwrap().trim().parse().unwrap();
        let (connection, _) = x11rb::connect(Some(&self.name)).unwrap();
        let atom = |name: &str| connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let message = [atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
        let event = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), message);
        connection.send_event(false, window, EventMask::NO_EVENT, event).unwrap().check().unwrap();
    }

    fn xdotool(&self, action: &[&str]) -> Output {
        let words = [&["search", "--onlyvisible", "--class", CLASS], action].concat();
        let output = self.command("xdotool", &words).output().unwrap();
        assert!(output.status.success());
        output
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn eventually(mut happens: impl FnMut() -> bool) -> bool {
    (0..150).any(|_| {
        sleep(Duration::from_millis(200));
        happens()
    })
}

/// A clinic with monsiaj, and the server that renews its certificate.
struct Clinic {
    server: ServerInABox,
    world: World,
    display: Display,
}

impl Clinic {
    fn open() -> Option<Self> {
        let display = Display::start()?;
        let mut server = ServerInABox::start();
        let terminal = server.issue_until("client001", Timestamp::now() + days(30));
        let bundle = std::fs::read(terminal.file("p12")).unwrap();
        let bundle = read_pkcs12(&bundle, &terminal.password()).unwrap();
        let mut world = World::new();
        world.key = bundle.key;
        world.certificate = bundle.certificate_der;
        world.write("ca.crt", &std::fs::read(terminal.ca_file()).unwrap());
        world.install(&[App::Monsiaj]);
        let hosts = format!("[[host]]\nservice = \"localhost\"\nrenewal = \"{}\"\n", server.url());
        world.write(".config/koshin/hosts.toml", hosts.as_bytes());
        let config = ".monsiaj/monsiaj.jsonrpc.properties";
        let here = format!("https\\://localhost\\:{}/", server.address().port());
        let text = world.read(config).replace("https\\://sms.test.example/", &here);
        world.write(config, text.as_bytes());
        Some(Self { server, world, display })
    }

    /// The launcher of an application that copies what it finds to the folder `name`, and ends with 7.
    fn launch(&self, name: &str) -> Launcher<'_> {
        let copy = format!("cp -r ~/.monsiaj ~/{name} && exit 7");
        let child = self
            .display
            .command(env!("CARGO_BIN_EXE_koshin"), &["run", "--app", "monsiaj", "--", "sh", "-c", &copy])
            .env("HOME", self.world.path(""))
            .env("LANG", "C")
            .env("WINIT_X11_SCALE_FACTOR", "1")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Launcher { child, clinic: self, saw: name.to_owned() }
    }
}

struct Launcher<'a> {
    child: Child,
    clinic: &'a Clinic,
    saw: String,
}

impl Launcher<'_> {
    fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn has_started_its_application(&self) -> bool {
        self.clinic.world.path(&self.saw).exists()
    }

    /// Waits for the end, which is the application's. Whether it found another certificate than the first.
    fn found_a_new_certificate(mut self) -> bool {
        assert!(eventually(|| !self.runs()), "it does not end");
        assert_eq!(self.child.wait().unwrap().code(), Some(7));
        let world = &self.clinic.world;
        let file = "monsiaj.jsonrpc.properties";
        let saw = world.read(&format!("{}/{file}", self.saw));
        assert!(saw.contains("clientCertificateFile"), "{saw}");
        // The copy names the files of the original.
        let named = saw.lines().find_map(|line| line.split_once("clientCertificateFile=")).unwrap().1;
        assert!(Path::new(&named.replace('\\', "")).exists(), "{named}");
        !named.ends_with("/client.p12")
    }
}

impl Drop for Launcher<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn enter_renews_while_a_second_launcher_starts_its_application_at_once() {
    let Some(clinic) = Clinic::open() else { return };
    let first = clinic.launch("first");
    let question = clinic.display.after(&[]);
    assert!(!clinic.launch("second").found_a_new_certificate(), "the second does not wait for the first");
    assert!(!first.has_started_its_application());
    assert_eq!(clinic.display.picture(), question, "and opens no window");

    clinic.display.press("Return");
    assert!(eventually(|| !clinic.world.all_old()));
    assert!(!first.has_started_its_application(), "it waits for the result to be read");
    assert!(eventually(|| confirmed(&clinic)));
    let result = clinic.display.after(&question);
    clinic.display.press("Return");
    assert!(first.found_a_new_certificate());
    assert!(clinic.display.is_empty(), "no window is left: {} bytes", result.len());
    assert_eq!(clinic.server.certificates().len(), 2, "one renewal");
}

#[test]
fn the_window_is_closed_in_each_step() {
    let Some(clinic) = Clinic::open() else { return };
    // The question: the application starts with the old certificate.
    let first = clinic.launch("first");
    clinic.display.after(&[]);
    clinic.display.close_window();
    assert!(!first.found_a_new_certificate());

    // The steps: they go on, and their result is shown.
    let second = clinic.launch("second");
    let question = clinic.display.after(&[]);
    clinic.server.signal("STOP");
    clinic.display.press("Return");
    clinic.display.after(&question);
    clinic.display.close_window();
    assert!(eventually(|| clinic.display.is_empty()));
    assert!(clinic.world.all_old() && !second.has_started_its_application());
    clinic.server.signal("CONT");
    clinic.display.after(&[]);
    assert!(!clinic.world.all_old() && !second.has_started_its_application());

    // The result: the application starts.
    clinic.display.close_window();
    assert!(second.found_a_new_certificate());
}

/// The renewal's last word to the server.
fn confirmed(clinic: &Clinic) -> bool {
    let new = CertificateFacts::from_der(&clinic.world.certificates_in_use(None)[0]).unwrap();
    clinic.server.state_of(&new.serial.to_hex()) == "in_use"
}

/// A click has no terminal: a shortcut that is wrong is told in a window.
#[test]
fn a_wrong_shortcut_says_so() {
    let Some(display) = Display::start() else { return };
    let world = World::new();
    let mut child = display
        .command(env!("CARGO_BIN_EXE_koshin"), &["run", "--app", "monsiaj", "--", "/no/such/program"])
        .env("HOME", world.path(""))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    display.after(&[]);
    display.press("Return");
    assert!(eventually(|| child.try_wait().unwrap().is_some()), "it does not end");
    assert_eq!(child.wait().unwrap().code(), Some(127));
}
