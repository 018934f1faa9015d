//! The administration site of the demonstration: an account that is set up by its real link, and a browser profile
//! that has the certificate of a terminal.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::TENANT;
use super::words::Words;
use crate::scratch_server::ScratchServer;
use crate::test::tools::{find, is_root};

/// Browsers take every name under `localhost` for this machine (RFC 6761, 6.3).
const HOSTNAME: &str = "admin.localhost";
/// The terminal at which the administrator sits.
const TERMINAL: &str = "client010";
const LOGIN: &str = "hanako";
/// The demonstration's own; the server and its account end with it.
const PASSWORD: &str = "asagao no tane 2026";
/// What the entrance says, in either language, to a browser whose certificate it knows.
const ENTRANCE: &str = "name=\"password\"";

/// The account and the profile.
pub(super) struct Site {
    url: String,
    secret: String,
    administrator: PathBuf,
    bundle: PathBuf,
    /// None where the programs are missing that put a certificate into a profile.
    profile: Option<Profile>,
}

/// The configuration of a server with a site on a free port.
pub(super) fn configure(config: &mut toml::Table) -> Result<()> {
    // The port is known before the start, so that links have it.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let listen = toml::Value::from(format!("127.0.0.1:{port}"));
    let section = toml::Table::from_iter([("listen".into(), listen), ("hostname".into(), HOSTNAME.into())]);
    config.insert("site".into(), section.into());
    Ok(())
}

impl Site {
    /// Invites an administrator, who sets up the account with the certificate of a terminal.
    pub(super) fn open(server: &ScratchServer, programs: &Path) -> Result<Self> {
        let url = server.site().context("the server has a site")?.to_owned();
        let directory = server.beside("administrator");
        server.issue(TENANT, TERMINAL, &directory, &["--label", "事務室"])?;
        let bundle = directory.join(format!("{TERMINAL}.p12"));
        let administrator = programs.join("examples/administrator");
        let printed =
            server.command(&["admin", "invite", "--tenant", TENANT, "--mail", "hanako@example.jp"])?;
        let link =
            printed.split_whitespace().find(|word| word.starts_with(&url)).context("an invitation's link")?;
        let secret = run(Command::new(&administrator)
            .args(["set-up", "--site", &url, "--link", link, "--name", "鈴木 花子", "--login", LOGIN])
            .args(["--password", PASSWORD, "--bundle"])
            .arg(&bundle))?;
        let profile = Profile::make(&directory, &bundle, &url)?;
        Ok(Self { url, secret: secret.trim().to_owned(), administrator, bundle, profile })
    }

    /// Looks at the entrance with the certificate: by the browser and its profile where there is one.
    pub(super) fn check(&self) -> Result<()> {
        run(Command::new(&self.administrator)
            .args(["visit", "--site", &self.url, "--bundle"])
            .arg(&self.bundle))?;
        let (Some(profile), Some(browser)) = (&self.profile, find("chromium")) else { return Ok(()) };
        let mut command = Command::new(browser);
        command.env("HOME", &profile.home).env_remove("XDG_DATA_HOME").args(profile.arguments());
        let page = run(command
            .args(["--headless", "--disable-gpu", "--timeout=30000", "--dump-dom"])
            .arg(&self.url))?;
        if !page.contains(ENTRANCE) {
            bail!("the browser's profile does not open the entrance of {}: {page}", self.url);
        }
        Ok(())
    }

    /// Says how to try it.
    pub(super) fn show(&self, words: Words) {
        words.step(
            &format!("システム管理サイト： {}", self.url),
            &format!("The administration site: {}", self.url),
        );
        let show =
            |ja: &str, en: &str, text: &str| words.note(&format!("{ja}： {text}"), &format!("{en}: {text}"));
        show("ログイン名", "login name", LOGIN);
        show("パスワード", "password", PASSWORD);
        show("認証アプリに登録する文字列", "secret for an authenticator app", &self.secret);
        words.note(
            "今の確認コード（30秒ごとに変わります）：",
            "the code of the moment (another every 30 seconds):",
        );
        println!("    {} code {}", self.administrator.display(), self.secret);
        match &self.profile {
            Some(profile) => {
                words.note(
                    "端末「事務室」の証明書が入ったブラウザーを開く：",
                    "open a browser that has a terminal's certificate:",
                );
                println!("    {}", profile.command_line(&self.url));
            }
            None => {
                let (ja, en) = (
                    "ブラウザーに取り込む証明書（パスワードは隣の .pass。libnss3-tools を入れると、準備済みのブラウザーが用意されます）",
                    "certificate to import into a browser (password beside it in .pass; with libnss3-tools installed, a ready profile is made)",
                );
                show(ja, en, &self.bundle.display().to_string());
            }
        }
    }
}

/// A directory for chromium, with the certificate and the CA in it.
struct Profile {
    home: PathBuf,
}

impl Profile {
    fn make(directory: &Path, bundle: &Path, url: &str) -> Result<Option<Self>> {
        if find("certutil").is_none() || find("pk12util").is_none() {
            return Ok(None);
        }
        let home = directory.join("browser");
        let database = home.join(".pki/nssdb");
        fs::create_dir_all(&database)?;
        let database = format!("sql:{}", database.display());
        run(Command::new("certutil").args(["-N", "-d", &database, "--empty-password"]))?;
        let ca = bundle.with_file_name("ca.crt");
        run(Command::new("certutil")
            .args(["-A", "-d", &database, "-n", "Koshin demo", "-t", "C,,", "-i"])
            .arg(ca))?;
        let password = bundle.with_extension("pass");
        run(Command::new("pk12util")
            .args(["-d", &database, "-K", "", "-i"])
            .arg(bundle)
            .arg("-w")
            .arg(password))?;
        // As an administrator's policy lets it: the certificate is shown to this site without a question.
        let chosen = serde_json::json!({ format!("{url},*"): { "setting": { "filters": [{}] } } });
        let preferences = serde_json::json!({
            "profile": { "content_settings": { "exceptions": { "auto_select_certificate": chosen } } },
        });
        fs::create_dir_all(home.join("profile/Default"))?;
        fs::write(home.join("profile/Default/Preferences"), preferences.to_string())?;
        Ok(Some(Self { home }))
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "--no-first-run".to_owned(),
            format!("--user-data-dir={}", self.home.join("profile").display()),
        ];
        if is_root() {
            // Without it, chromium does not start for root.
            arguments.push("--no-sandbox".into());
        }
        arguments
    }

    fn command_line(&self, url: &str) -> String {
        format!("HOME={} XDG_DATA_HOME= chromium {} {url}", self.home.display(), self.arguments().join(" "))
    }
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
