//! A clinic with everything that somebody else could be after: terminals, accounts, links, a
//! consent, tokens, downloads, codes, a proposed revocation.

use crate::{
    records::Records,
    support::{Browser, SiteInABox, form_token, text},
};
use koshin_testkit::Terminal;
use std::collections::HashMap;

/// Its id.
pub(crate) const VICTIM: &str = "other";

/// The clinic, its people, and what stands for the variables of the endpoint table.
pub(crate) struct Victim {
    pub(crate) desk: Terminal,
    /// Signed in.
    pub(crate) taro: Browser,
    /// Signed in, when the account was disabled.
    pub(crate) jiro: Browser,
    /// The proof of his forms.
    pub(crate) jiros_token: String,
    names: HashMap<&'static str, String>,
}

impl Victim {
    /// Lets the vendors `helper` and `closed` in.
    pub(crate) fn settle(site: &mut SiteInABox, records: &mut Records) -> Self {
        for vendor in ["helper", "closed"] {
            site.server.command_succeeds(&["tenant", "add", vendor, "--kind", "vendor"]);
        }
        let desk = site.organisation(VICTIM, "clinic", "client002");
        let target = site.server.issue_with("client010", &["--tenant", VICTIM]);
        site.server.issue_with("client011", &["--tenant", VICTIM]);
        site.person = ("佐々木 次郎", "jiro");
        let mut jiro = site.signed_in(VICTIM, &desk);
        let jiros_token = form_token(&text(&jiro.get("/account")));
        site.enrolled_as(VICTIM, &desk, "hanako", "鈴木 花子");
        site.person = ("山田 太郎", "taro");
        let taro = site.signed_in(VICTIM, &desk);
        let invitation = site.invitation(VICTIM);
        let token = invitation.trim_start_matches("/setup/").to_owned();
        let names = HashMap::from([("serial", target.serial()), ("token", token)]);
        let mut victim = Self { desk, taro, jiro, jiros_token, names };
        victim.number_things(records);
        victim.leave_things_about(records);
        victim
    }

    fn number_things(&mut self, records: &mut Records) {
        let account = |login| {
            format!("SELECT id AS number FROM administrator WHERE tenant_id = 'other' AND login = '{login}'")
        };
        let terminal = |name| format!("SELECT id AS number FROM terminal WHERE common_name = '{name}'");
        for (name, query) in [
            ("id", terminal("client010")),
            ("stopped", terminal("client011")),
            ("taro", account("taro")),
            ("hanako", account("hanako")),
            ("jiro", account("jiro")),
        ] {
            self.names.insert(name, records.number(&query).to_string());
        }
        // No authenticator is asked: its name and its removal need none.
        records.write(&self.fill(
            "INSERT INTO passkey (administrator_id, credential_id, name, credential, created_at) \
             VALUES ({taro}, 'k', '鍵', '{}', 0)",
        ));
    }

    fn leave_things_about(&mut self, records: &mut Records) {
        for vendor in ["helper", "closed"] {
            self.does("/consents", &[("vendor", vendor)]);
        }
        self.does("/administrators/invitations", &[("mail", "open@example.jp")]);
        self.does("/administrators/{jiro}/disable", &[]);
        self.does("/tokens", &[("name", "ツール"), ("days", "30"), ("scope", "terminals:read")]);
        self.does("/notices/webhook", &[("url", "https://hooks.example.jp/koshin")]);
        self.does("/notices/feed", &[]);
        self.does("/terminals/{stopped}/stop", &[]);
        self.does("/terminals/{id}/recovery", &[]);
        let page = self.does("/terminals/{id}/renew", &[]);
        let (_, rest) = page.split_once("/bundle?token=").unwrap();
        self.names.insert("download", rest.split('"').next().unwrap().to_owned());
        records.write("INSERT INTO notice_bounce VALUES ('other', 'taro@example.jp', 'no such user', 0)");
        let open = "SELECT token_hash AS line FROM invitation WHERE mail = 'open@example.jp'";
        self.names.insert("hash", records.lines(open).remove(0));
        for (name, table) in [("passkey", "passkey"), ("api_token", "api_token")] {
            let number = records.number(&format!("SELECT id AS number FROM {table}"));
            self.names.insert(name, number.to_string());
        }
    }

    /// What taro does; the page that answers.
    fn does(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let (page, path) = (self.taro.get("/account"), self.fill(path));
        let answer = self.taro.post_from(&page, &path, fields);
        assert!(matches!(answer.status, 200 | 303), "{path}: {}", text(&answer));
        text(&answer)
    }

    /// An operator chooses the clinic's certificates for a revocation.
    pub(crate) fn is_proposed_for_revocation(&mut self, operator: &mut Browser) {
        let page = operator.get("/revocations/new");
        let fields = [("way", "tenant"), ("tenant", VICTIM), ("reason", "affiliationChanged")];
        let chosen = operator.post_from(&page, "/revocations", &fields);
        let path = chosen.header("location").unwrap();
        self.names.insert("revocation", path.trim_start_matches("/revocations/").to_owned());
    }

    /// A path with what stands for its variables.
    pub(crate) fn fill(&self, path: &str) -> String {
        self.names
            .iter()
            .fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
    }
}
