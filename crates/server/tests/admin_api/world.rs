//! A server with organisations, each with a terminal, an administrator and tokens.

use crate::support::{Browser, HOSTNAME, SiteInABox, text};
use koshin_server::{admin_api::operations::Operation, store::TenantKind, use_cases::ApiScope};
use koshin_testkit::{Client, Identity, Response, Terminal, client::ClientOptions};

/// Where the API lies.
pub(crate) const PREFIX: &str = koshin_server::admin_api::PREFIX;

/// An organisation with two terminals and somebody who is signed in.
pub(crate) struct Organisation {
    pub(crate) id: &'static str,
    pub(crate) kind: TenantKind,
    /// The terminal that things are done to: it may be stopped.
    pub(crate) target: Terminal,
    /// The terminal from which programs and people ask.
    pub(crate) desk: Terminal,
    pub(crate) browser: Browser,
}

/// A clinic, another clinic, a vendor and an operator.
pub(crate) struct World {
    pub(crate) site: SiteInABox,
    pub(crate) organisations: Vec<Organisation>,
}

/// What operations are performed on.
pub(crate) struct Things {
    pub(crate) terminal_id: i64,
    pub(crate) serial: String,
    /// A prepared certificate's.
    pub(crate) download: String,
    /// A mass revocation that the operators' program has prepared.
    pub(crate) revocation_id: i64,
}

/// An organisation in which nobody has signed in: it may be suspended.
pub(crate) const GUEST: &str = "guest";

/// Something that speaks to the API, with whatever certificate and token.
pub(crate) struct Program {
    client: Client,
    pub(crate) token: Option<String>,
}

impl World {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// With more in the server's configuration.
    pub(crate) fn start_with(configure: impl FnOnce(&mut toml::Table) + 'static) -> Self {
        let mut site = SiteInABox::start_with(configure);
        site.server.command_succeeds(&["tenant", "add", GUEST, "--name", "客"]);
        let mut targets = vec![("clinic", TenantKind::Clinic, site.server.issue("client001"))];
        for (id, kind, common_name) in [
            ("other", TenantKind::Clinic, "client002"),
            ("vendor", TenantKind::Vendor, "client003"),
            ("operator", TenantKind::Operator, "client004"),
        ] {
            targets.push((id, kind, site.organisation(id, kind.as_str(), common_name)));
        }
        let mut organisations = Vec::new();
        for (id, kind, target) in targets {
            let desk = site.server.issue_with(&format!("client-{id}"), &["--tenant", id]);
            let browser = site.signed_in(id, &desk);
            organisations.push(Organisation { id, kind, target, desk, browser });
        }
        Self { site, organisations }
    }

    pub(crate) fn of(&mut self, id: &str) -> &mut Organisation {
        self.organisations.iter_mut().find(|organisation| organisation.id == id).unwrap()
    }

    /// A program of the organisation with a token for these scopes.
    pub(crate) fn program(&mut self, id: &str, scopes: &[ApiScope]) -> Program {
        let organisation = self.of(id);
        let token = organisation.make_token("監視ツール", scopes);
        let identity = organisation.desk.identity();
        self.with(Some(&identity), Some(token))
    }

    /// A program with a token for everything that the organisation's administrators may.
    pub(crate) fn able_program(&mut self, id: &str) -> Program {
        let kind = self.of(id).kind;
        self.program(id, &ApiScope::open_to(kind))
    }

    /// A program with this certificate and this token.
    pub(crate) fn with(&self, identity: Option<&Identity>, token: Option<String>) -> Program {
        let options = ClientOptions { identity, ..ClientOptions::default() };
        let ca = self.organisations[0].desk.ca();
        Program { client: Client::new(self.site.address, HOSTNAME, &ca, &options), token }
    }

    /// The identifier of an organisation's target.
    pub(crate) fn target_of(&mut self, id: &str) -> i64 {
        let program = self.program(id, &[ApiScope::TerminalsRead]);
        let serial = self.of(id).target.serial();
        let list = program.get(&format!("/terminals?search={serial}")).json();
        list["terminals"][0]["id"].as_i64().unwrap()
    }
}

impl World {
    /// An organisation's target, with a certificate that waits to be downloaded.
    pub(crate) fn things_of(&mut self, id: &str) -> Things {
        let (terminal_id, serial) = (self.target_of(id), self.of(id).target.serial());
        let program = self.program(id, &[ApiScope::CertificatesIssue]);
        let prepared = program.send("POST", &format!("/terminals/{terminal_id}/renewals"), &[], "");
        assert_eq!(prepared.status, 201, "{prepared:?}");
        let path = prepared.json()["downloadPath"].as_str().unwrap().to_owned();
        let download = path.rsplit('/').next().unwrap().to_owned();
        let operator = self.program("operator", &[ApiScope::RevocationsPrepare]);
        let list = operator.send("POST", "/revocations", &[], PREPARED);
        assert_eq!(list.status, 201, "{list:?}");
        let revocation_id = list.json()["id"].as_i64().unwrap();
        Things { terminal_id, serial, download, revocation_id }
    }
}

impl Organisation {
    /// Makes a token on the page, as a person does.
    pub(crate) fn make_token(&mut self, name: &str, scopes: &[ApiScope]) -> String {
        let form = self.browser.get("/tokens");
        assert_eq!(form.status, 200, "{}", text(&form));
        let mut fields = vec![("name", name), ("days", "30")];
        fields.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        let page = self.browser.post_from(&form, "/tokens", &fields);
        assert_eq!(page.status, 200, "{}", text(&page));
        shown_token(&text(&page))
    }
}

impl Program {
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], "")
    }

    /// Sends JSON, with the token that this program has.
    pub(crate) fn send(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Response {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("Accept-Language", "en")];
        headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        headers.extend_from_slice(more);
        self.client.request(method, &format!("{PREFIX}{path}"), &headers, body.as_bytes()).unwrap()
    }

    /// As [`Self::send`]; a header that is given takes the place of the usual one.
    pub(crate) fn send_exactly(
        &self,
        method: &str,
        path: &str,
        given: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let bearer = format!("Bearer {}", self.token.clone().unwrap_or_default());
        let usual =
            [("Accept-Language", "en"), ("Authorization", &bearer), ("Content-Type", "application/json")];
        let kept = usual.into_iter().filter(|(name, _)| !given.iter().any(|(own, _)| own == name));
        let headers: Vec<_> = kept.chain(given.iter().copied()).collect();
        self.client.request(method, &format!("{PREFIX}{path}"), &headers, body.as_bytes()).unwrap()
    }

    /// A request for this operation on these things, in the right form.
    pub(crate) fn perform(&self, operation: &Operation, things: &Things) -> Response {
        let path = operation.path.replace("{terminalId}", &things.terminal_id.to_string());
        let path = path.replace("{serial}", &things.serial).replace("{download}", &things.download);
        let path = path.replace("{revocationId}", &things.revocation_id.to_string());
        let path = path.replace("{tenantId}", GUEST).replace("{service}", "default");
        assert!(!path.contains('{'), "{}: say what stands in its path", operation.path);
        self.send(operation.method.as_str(), &path, &[], &body_of(operation.id, things))
    }
}

/// A mass revocation to be prepared.
const PREPARED: &str = r#"{"tenant":"other","reason":"superseded"}"#;

/// The body that an operation takes.
fn body_of(operation: &str, things: &Things) -> String {
    let body = match operation {
        "renewTerminals" => return format!(r#"{{"terminals":[{}]}}"#, things.terminal_id),
        "setNotices" => {
            r#"{"mail":true,"administrators":true,"language":"ja","unattended":false,
                "recipients":[{"address":"soumu@example.jp","language":"en"}]}"#
        }
        "addTenant" => r#"{"id":"newcomer","kind":"clinic","name":"新しい医院","service":"default"}"#,
        "changeTenant" => r#"{"name":"客の医院","service":"default","hours":"22:00-06:00"}"#,
        "setServicePolicy" => r#"{"hosts":["weborca.cloud.example"]}"#,
        "prepareRevocation" => PREPARED,
        "addTerminal" => r#"{"commonName":"client-new","label":"新しい端末"}"#,
        "renameTerminal" => r#"{"label":"受付1","place":"1階"}"#,
        _ => "",
    };
    body.to_owned()
}

/// The token that the page shows once.
pub(crate) fn shown_token(page: &str) -> String {
    let shown = page.split_once("id=\"secret\"").and_then(|(_, rest)| rest.split_once('>'));
    let (_, rest) = shown.unwrap_or_else(|| panic!("no token in {page}"));
    rest.split('<').next().unwrap().to_owned()
}
