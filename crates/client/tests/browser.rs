//! A real browser with a certificate that Koshin renewed opens a page of a real server.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use jiff::{SignedDuration, Timestamp};
use koshin_testkit::{ServerInABox, Terminal, skip::skip};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

fn installed(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|folder| folder.join(program).is_file())
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", said(&output.stdout), said(&output.stderr));
    said(&output.stdout)
}

/// The user's browser: the terminal's certificate imported by hand, the CA trusted.
fn import(home: &Path, terminal: &Terminal) {
    let folder = home.join(".pki/nssdb");
    fs::create_dir_all(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    let password = home.join("password");
    fs::write(&password, terminal.password()).unwrap();
    let empty = home.join("empty");
    fs::write(&empty, "\n").unwrap();
    run(Command::new("certutil").args(["-N", "-d", &database, "--empty-password"]));
    run(Command::new("pk12util")
        .args(["-d", &database, "-i"])
        .arg(terminal.file("p12"))
        .arg("-w")
        .arg(&password)
        .arg("-k")
        .arg(&empty));
    for (index, der) in terminal.ca().iter().enumerate() {
        let file = home.join(format!("ca{index}.der"));
        fs::write(&file, der).unwrap();
        let name = format!("ca{index}");
        run(Command::new("certutil")
            .args(["-A", "-d", &database, "-n", &name, "-t", "C,,", "-i"])
            .arg(&file));
    }
    fs::remove_file(password).unwrap();
}

/// What the page shows. The browser chooses its certificate by itself, as an administrator's policy lets it.
fn page(home: &Path, url: &str) -> String {
    let profile = home.join("profile");
    let preferences = serde_json::json!({ "profile": { "content_settings": { "exceptions": {
        "auto_select_certificate": { format!("{url},*"): { "setting": { "filters": [{}] } } }
    } } } });
    let _ = fs::remove_dir_all(&profile);
    fs::create_dir_all(profile.join("Default")).unwrap();
    fs::write(profile.join("Default/Preferences"), preferences.to_string()).unwrap();
    let mut browser = Command::new("chromium");
    browser
        .env("HOME", home)
        .env_remove("XDG_DATA_HOME")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--timeout=30000", "--dump-dom"])
        .arg(format!("{url}/rpc/"));
    run(&mut browser)
}

fn koshin(home: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
    command
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME");
    run(command.args(arguments))
}

/// Serial numbers in use, as `koshin status` knows them.
fn serials(home: &Path) -> Vec<String> {
    let status: serde_json::Value = serde_json::from_str(&koshin(home, &["status", "--json"])).unwrap();
    let connections = status["connections"].as_array().unwrap().clone();
    connections.iter().map(|one| one["certificate"]["serial"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn chromium_opens_the_page_with_the_renewed_certificate() {
    for program in ["chromium", "certutil", "pk12util"] {
        if !installed(program) {
            return skip(&format!("`{program}` is not installed"));
        }
    }
    let mut server = ServerInABox::start();
    let terminal = server.issue_until("client001", Timestamp::now() + SignedDuration::from_hours(24 * 30));
    let scratch = tempfile::tempdir().unwrap();
    let home = scratch.path();
    import(home, &terminal);
    let settings = home.join(".config/koshin");
    fs::create_dir_all(&settings).unwrap();
    let ca = terminal.ca_file();
    let text = format!("[browsers]\nrenewal_url = \"{}\"\nca = \"{}\"\n", server.url(), ca.display());
    fs::write(settings.join("koshin.toml"), text).unwrap();

    let old = serials(home);
    assert_eq!(old.len(), 1);
    let shown = page(home, &server.url());
    assert!(shown.contains(&old[0]), "before: {} in {shown}\n{}", old[0], server.log());

    koshin(home, &["renew", "--yes"]);
    let new = serials(home);
    assert_eq!(new.len(), 1, "the old one has left the picker");
    assert_ne!(new, old);
    let shown = page(home, &server.url());
    assert!(shown.contains(&new[0]) && !shown.contains(&old[0]), "after: {} in {shown}", new[0]);
}
