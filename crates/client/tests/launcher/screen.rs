//! The real program on a real display (Xvfb) against the real server: keys alone renew, and the application finds the new
//! certificate. Needs Xvfb and xdotool.

use crate::support::{World, days};
use jiff::Timestamp;
use koshin::applications::App;
use koshin_issuance::{CertificateFacts, read_pkcs12};
use koshin_testkit::{Display, ServerInABox, display::Shot};
use std::{
    path::Path,
    process::{Child, Stdio},
    thread::sleep,
    time::Duration,
};

/// Class of all windows.
const CLASS: &str = "koshin";

/// Waits until something else is shown than `before`, and for the picture to be complete. Answers it.
fn after(display: &Display, before: Option<&Shot>) -> Shot {
    let mut last = display.screen();
    let complete = eventually(|| {
        let now = display.screen();
        let still = now == last;
        last = now;
        still && Some(&last) != before && !display.is_empty()
    });
    assert!(complete, "nothing else was shown");
    last
}

/// The only window.
fn window(display: &Display) -> u32 {
    let windows = display.windows(CLASS);
    assert_eq!(windows.len(), 1, "windows");
    windows[0]
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
        let display = Display::start(1366, 900)?;
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
            .command(env!("CARGO_BIN_EXE_koshin"))
            .args(["run", "--app", "monsiaj", "--", "sh", "-c", &copy])
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
    let display = &clinic.display;
    let first = clinic.launch("first");
    let question = after(display, None);
    assert!(!clinic.launch("second").found_a_new_certificate(), "the second does not wait for the first");
    assert!(!first.has_started_its_application());
    assert_eq!(display.screen(), question, "and opens no window");

    display.press(window(display), "Return");
    assert!(eventually(|| !clinic.world.all_old()));
    assert!(!first.has_started_its_application(), "it waits for the result to be read");
    assert!(eventually(|| confirmed(&clinic)));
    after(display, Some(&question));
    display.press(window(display), "Return");
    assert!(first.found_a_new_certificate());
    assert!(display.is_empty(), "no window is left");
    assert_eq!(clinic.server.certificates().len(), 2, "one renewal");
}

#[test]
fn the_window_is_closed_in_each_step() {
    let Some(clinic) = Clinic::open() else { return };
    let display = &clinic.display;
    // The question: the application starts with the old certificate.
    let first = clinic.launch("first");
    after(display, None);
    display.close(window(display));
    assert!(!first.found_a_new_certificate());

    // The steps: they go on, and their result is shown.
    let second = clinic.launch("second");
    let question = after(display, None);
    clinic.server.signal("STOP");
    display.press(window(display), "Return");
    after(display, Some(&question));
    display.close(window(display));
    assert!(eventually(|| display.is_empty()));
    assert!(clinic.world.all_old() && !second.has_started_its_application());
    clinic.server.signal("CONT");
    after(display, None);
    assert!(!clinic.world.all_old() && !second.has_started_its_application());

    // The result: the application starts.
    display.close(window(display));
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
    let Some(display) = Display::start(1366, 900) else { return };
    let world = World::new();
    let mut child = display
        .command(env!("CARGO_BIN_EXE_koshin"))
        .args(["run", "--app", "monsiaj", "--", "/no/such/program"])
        .env("HOME", world.path(""))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    after(&display, None);
    display.press(window(&display), "Return");
    assert!(eventually(|| child.try_wait().unwrap().is_some()), "it does not end");
    assert_eq!(child.wait().unwrap().code(), Some(127));
}
