//! A user's home with the certificate that the browser is to show, as imported by hand.

use koshin_testkit::{Terminal, tools};
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

/// The programs of every test with a browser.
const PROGRAMS: [&str; 4] = ["chromium", "chromedriver", "certutil", "pk12util"];

/// Whether browsers can be driven here; otherwise the test has been counted as skipped.
pub(crate) fn browsers_are_here() -> bool {
    PROGRAMS.iter().all(|program| tools::require(program).is_some())
}

/// A home that trusts the CA of `terminal`, without any certificate of its own.
pub(crate) fn home(ca: &Terminal) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".pki/nssdb")).unwrap();
    certutil(home.path(), &["-N", "--empty-password"]);
    for (index, der) in ca.ca().iter().enumerate() {
        let file = home.path().join(format!("ca{index}.der"));
        fs::write(&file, der).unwrap();
        let (name, file) = (format!("ca{index}"), file.display().to_string());
        certutil(home.path(), &["-A", "-n", &name, "-t", "C,,", "-i", &file]);
    }
    home
}

/// A home with this terminal's certificate.
pub(crate) fn home_of(terminal: &Terminal) -> TempDir {
    let home = home(terminal);
    import(home.path(), &terminal.file("p12"), &terminal.password());
    home
}

/// Imports a bundle as its user does, with the password that came with it.
pub(crate) fn import(home: &Path, bundle: &Path, password: &str) {
    tools::succeed(
        Command::new("pk12util")
            .args(["-d", &database(home), "-K", ""])
            .arg("-i")
            .arg(bundle)
            .args(["-W", password]),
    );
}

fn certutil(home: &Path, arguments: &[&str]) {
    tools::succeed(Command::new("certutil").args(["-d", &database(home)]).args(arguments));
}

fn database(home: &Path) -> String {
    format!("sql:{}", home.join(".pki/nssdb").display())
}
