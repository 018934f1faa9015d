//! A real browser, with a certificate of its own and without.

use crate::support::{HOSTNAME, SiteInABox};
use koshin_testkit::{Terminal, tools};
use std::{fs, path::Path, process::Command};

/// What a user does by hand: the certificate imported, the CA trusted.
fn import(home: &Path, terminal: &Terminal, certificate: bool) {
    let folder = home.join(".pki/nssdb");
    fs::create_dir_all(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    tools::succeed(Command::new("certutil").args(["-N", "-d", &database, "--empty-password"]));
    if certificate {
        let empty = home.join("empty");
        fs::write(&empty, "\n").unwrap();
        let mut command = Command::new("pk12util");
        command.args(["-d", &database, "-i"]).arg(terminal.file("p12"));
        tools::succeed(command.arg("-w").arg(terminal.file("pass")).arg("-k").arg(&empty));
    }
    for (index, der) in terminal.ca().iter().enumerate() {
        let (name, file) = (format!("ca{index}"), home.join(format!("ca{index}.der")));
        fs::write(&file, der).unwrap();
        let mut command = Command::new("certutil");
        tools::succeed(command.args(["-A", "-d", &database, "-n", &name, "-t", "C,,", "-i"]).arg(&file));
    }
}

/// What the page shows. The browser chooses its certificate by itself, as an administrator's
/// policy lets it.
fn page(home: &Path, url: &str) -> String {
    let profile = home.join("profile");
    let preferences = serde_json::json!({ "profile": { "content_settings": { "exceptions": {
        "auto_select_certificate": { format!("{url},*"): { "setting": { "filters": [{}] } } }
    } } } });
    fs::create_dir_all(profile.join("Default")).unwrap();
    fs::write(profile.join("Default/Preferences"), preferences.to_string()).unwrap();
    let mut browser = Command::new("chromium");
    browser
        .env("HOME", home)
        .env_remove("XDG_DATA_HOME")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"])
        .args(["--lang=ja", "--accept-lang=ja", "--timeout=30000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("{url}/"));
    tools::stdout(&tools::succeed(&mut browser))
}

#[test]
fn chromium_shows_the_entrance_with_a_certificate_and_help_without() {
    for program in ["chromium", "certutil", "pk12util"] {
        if tools::require(program).is_none() {
            return;
        }
    }
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let url = format!("https://{HOSTNAME}:{}", site.address.port());
    for (certificate, expected) in [(true, "確認済みの端末：端末1"), (false, "証明書が選ばれていません")]
    {
        let home = tempfile::tempdir().unwrap();
        import(home.path(), &terminal, certificate);
        let shown = page(home.path(), &url);
        assert!(shown.contains(expected), "{expected} in {shown}\n{}", site.server.log());
    }
}
