//! A service with clinics, a vendor and an operator, on one fixed day: what the screens are
//! looked at and pictured with.

use crate::{
    nss,
    support::{Browser, SiteInABox, text},
    webdriver::{Window, WindowOptions},
};
use jiff::{SignedDuration, Timestamp};
use koshin_testkit::{Client, Clock, Terminal, client::ClientOptions, terminal::fetch_bundle};
use std::collections::HashMap;
use tempfile::TempDir;

/// The day, a Friday morning in Japan. To be moved before the certificates end that are issued on it.
const TODAY: &str = "2026-11-20T00:30:00Z";
/// How long the service has been running.
const AGE: SignedDuration = SignedDuration::from_hours(330 * 24);

/// Who looks at a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Guest {
    /// Somebody whose browser has no certificate.
    Nobody,
    /// Somebody before signing in.
    Terminal,
    /// An administrator of the clinic.
    Clinic,
    /// An administrator of the vendor that the clinic lets in.
    Vendor,
    /// An administrator of the service itself.
    Operator,
}

/// The terminals of the clinic: common name, 端末名, days to the end of the certificate on [`TODAY`].
const TERMINALS: [(&str, &str, i64); 6] = [
    ("client002", "受付2", 40),
    ("client003", "診察室", 9),
    ("client004", "レセプト室", -3),
    ("client005", "検査室", 400),
    ("db001", "集計サーバー", 100),
    ("api001", "予約システム", 300),
];

/// The service.
pub(crate) struct World {
    pub(crate) site: SiteInABox,
    terminals: HashMap<String, Terminal>,
    /// What stands for `{name}` in addresses.
    names: HashMap<&'static str, String>,
    /// The sessions of the administrators, by organisation.
    cookies: HashMap<&'static str, Vec<(String, String)>>,
}

impl World {
    /// Builds it; None where clocks cannot be set.
    pub(crate) fn build() -> Option<Self> {
        let today: Timestamp = TODAY.parse().unwrap();
        let mut site = SiteInABox::start_in(Some(Clock::at(today - AGE)?), |config| {
            let hosts = ["weborca.cloud.example", "db.cloud.example:5432"];
            let hosts: Vec<toml::Value> = hosts.into_iter().map(toml::Value::from).collect();
            config["service"]["default"].as_table_mut().unwrap().insert("hosts".into(), hosts.into());
        });
        let mut terminals = HashMap::new();
        for (tenant, kind, name) in [
            ("himawari", "clinic", "ひまわり医院"),
            ("ajisai", "clinic", "あじさい診療所"),
            ("minato", "vendor", "みなと保守サービス"),
            ("asahi", "vendor", "あさひシステム"),
            ("cloud", "operator", "クラウド運営センター"),
        ] {
            site.server.command_succeeds(&["tenant", "add", tenant, "--name", name, "--kind", kind]);
        }
        for (tenant, common_name, label) in [
            ("himawari", "client001", "受付1"),
            ("ajisai", "client001", "受付"),
            ("minato", "client001", "サポート窓口"),
            ("cloud", "client001", "運用端末"),
        ] {
            let terminal = site.server.issue_with(common_name, &["--tenant", tenant, "--label", label]);
            terminals.insert(tenant.to_owned(), terminal);
        }
        for (common_name, label, days) in TERMINALS {
            let end = (today + SignedDuration::from_hours(24 * days)).to_string();
            let more = ["--tenant", "himawari", "--label", label, "--not-after", &end];
            terminals.insert(common_name.to_owned(), site.server.issue_with(common_name, &more));
        }
        let mut world = Self { site, terminals, names: HashMap::new(), cookies: HashMap::new() };
        world.live(today);
        Some(world)
    }

    /// What happened in the service up to `today`.
    fn live(&mut self, today: Timestamp) {
        self.move_to(today - AGE + SignedDuration::from_hours(2));
        for name in [
            "himawari",
            "ajisai",
            "minato",
            "cloud",
            "client002",
            "client003",
            "client004",
            "client005",
            "db001",
        ] {
            let answer = self.client(name).get("/api/cert").unwrap();
            assert_eq!(answer.status, 200, "{name} is in use");
        }
        self.move_to(today - SignedDuration::from_hours(50));
        // Renewed, and the new certificate has not been seen yet.
        let renewed = self.client("db001").post_json("/api/cert", "{}").unwrap();
        assert_eq!(renewed.status, 200);
        fetch_bundle(&self.client("db001"), &renewed.json());
        // Its kind of certificate is not renewed in this way: an attempt that failed.
        assert_ne!(self.client("api001").post_json("/api/cert", "{}").unwrap().status, 200);
        self.move_to(today);
        let certificate = self.terminals["client002"].serial();
        for (tenant, name, login) in [
            ("himawari", "山田 太郎", "taro"),
            ("minato", "高橋 一郎", "ichiro"),
            ("cloud", "佐藤 恵", "megumi"),
        ] {
            self.site.person = (name, login);
            let mut browser = self.site.signed_in(tenant, &self.terminals[tenant]);
            if tenant == "himawari" {
                let question = browser.get("/consents/new?vendor=minato");
                let granted = browser.post_from(&question, "/consents", &[("vendor", "minato")]);
                assert_eq!(granted.status, 303, "the clinic lets the vendor in");
                let id = terminal_of(&mut browser, &certificate);
                self.names.insert("id", id);
                let form = browser.get("/tokens");
                let fields = [("name", "監視ツール"), ("days", "90"), ("scope", "terminals:read")];
                assert_eq!(browser.post_from(&form, "/tokens", &fields).status, 200);
                self.names.insert("api_token", "1".to_owned());
                let stopped = self.terminals["client005"].serial();
                stop(&mut browser, &stopped);
                self.names.insert("stopped", stopped);
            }
            if tenant == "cloud" {
                propose_revocation(&mut browser);
            }
            self.cookies.insert(tenant, browser.cookies);
        }
        self.names.insert("serial", certificate);
        self.site.enrolled_as("himawari", &self.terminals["himawari"], "hanako", "鈴木 花子");
        // Accounts are numbered as they are set up: the clinic's, the vendor's, the operator's, this one.
        self.names.insert("account", "4".to_owned());
        let fixed =
            [("tenant", "himawari"), ("service", "default"), ("revocation", "1"), ("name", "feed-renew")];
        for (name, value) in fixed {
            self.names.insert(name, value.to_owned());
        }
        let invitation = self.site.invitation("himawari");
        self.names.insert("token", invitation.trim_start_matches("/setup/").to_owned());
    }

    fn move_to(&mut self, now: Timestamp) {
        self.site.clock.as_mut().expect("a clock of its own").set(now);
    }

    fn client(&self, name: &str) -> Client {
        let terminal = &self.terminals[name];
        let now = self.site.clock.as_ref().map(Clock::now);
        terminal.client_with(&ClientOptions {
            identity: Some(&terminal.identity()),
            now,
            ..ClientOptions::default()
        })
    }

    /// An address of a table's row, on this server.
    pub(crate) fn address(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for (name, value) in &self.names {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        assert!(!path.contains('{'), "what stands for the variable in {path}?");
        format!("{}{path}", self.site.url())
    }

    /// A browser of this guest, signed in if the guest is.
    pub(crate) fn window(&self, guest: Guest) -> (TempDir, Window) {
        let tenant = match guest {
            Guest::Nobody | Guest::Terminal | Guest::Clinic => "himawari",
            Guest::Vendor => "minato",
            Guest::Operator => "cloud",
        };
        let terminal = &self.terminals[tenant];
        let home = if guest == Guest::Nobody { nss::home(terminal) } else { nss::home_of(terminal) };
        // By the day of this machine the server's own certificate may have ended.
        let options = WindowOptions { any_server: true, ..WindowOptions::default() };
        let window = Window::open_with(home.path(), &self.site.url(), &options);
        if !matches!(guest, Guest::Nobody | Guest::Terminal) {
            window.go(&self.address("/"));
            for (name, value) in &self.cookies[tenant] {
                window.remember(name, value);
            }
        }
        (home, window)
    }
}

/// The number of the terminal to which this certificate belongs.
fn terminal_of(browser: &mut Browser, serial: &str) -> String {
    let page = text(&browser.get(&format!("/certificates/{serial}")));
    let id = page.split("href=\"/terminals/").nth(1).and_then(|rest| rest.split('/').next());
    id.expect("the terminal's number").to_owned()
}

/// 使用停止 of the terminal with this certificate.
fn stop(browser: &mut Browser, serial: &str) {
    let path = format!("/terminals/{}/stop", terminal_of(browser, serial));
    let question = browser.get(&path);
    assert_eq!(browser.post_from(&question, &path, &[]).status, 303, "it is stopped");
}

/// The first mass revocation, which waits for a second operator.
fn propose_revocation(browser: &mut Browser) {
    let form = browser.get("/revocations/new");
    let choice = [("way", "tenant"), ("tenant", "himawari"), ("reason", "affiliationChanged")];
    let chosen = browser.post_from(&form, "/revocations", &choice);
    assert_eq!(chosen.header("location"), Some("/revocations/1"));
    let page = browser.get("/revocations/1");
    let proposed = browser.post_from(&page, "/revocations/1/propose", &[("sure", "yes")]);
    assert_eq!(proposed.status, 303, "it is proposed");
}
