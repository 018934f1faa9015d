//! A server with a site, and visitors of it.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use koshin_testkit::{
    Client, Clock, Identity, Response, ServerInABox, ServerOptions, Terminal, client::ClientOptions,
};
use std::net::SocketAddr;

pub(crate) const PASSWORD: &str = "まいにち 朝の 体操 21回";

/// Resolves to this machine, as every name under `localhost` (RFC 6761, 6.3).
pub(crate) const HOSTNAME: &str = "admin.localhost";

/// A server with a site.
pub(crate) struct SiteInABox {
    pub(crate) server: ServerInABox,
    pub(crate) address: SocketAddr,
    /// The server's clock, where it is not the machine's.
    pub(crate) clock: Option<Clock>,
    /// Whoever is invited next: name and login.
    pub(crate) person: (&'static str, &'static str),
}

impl SiteInABox {
    pub(crate) fn start() -> Self {
        Self::start_in(None, |_| {})
    }

    /// With more in its configuration.
    pub(crate) fn start_with(configure: impl FnOnce(&mut toml::Table) + 'static) -> Self {
        Self::start_in(None, configure)
    }

    /// A server that lives by this clock.
    pub(crate) fn start_by(clock: Option<Clock>) -> Self {
        Self::start_in(clock, |_| {})
    }

    /// By this clock, with more in its configuration.
    pub(crate) fn start_in(clock: Option<Clock>, configure: impl FnOnce(&mut toml::Table) + 'static) -> Self {
        let options = ServerOptions {
            configure: Box::new(move |config| {
                configure(config);
                let mut site = toml::Table::new();
                site.insert("listen".into(), "127.0.0.1:0".into());
                site.insert("hostname".into(), HOSTNAME.into());
                config.insert("site".into(), site.into());
            }),
            environment: clock.as_ref().map(Clock::environment).unwrap_or_default(),
            ..ServerOptions::default()
        };
        let server = ServerInABox::start_with(options);
        let log = server.log();
        let (_, rest) =
            log.split_once("administration site on https://admin.localhost:").expect("the site's address");
        let port = rest.lines().next().and_then(|port| port.trim().parse().ok()).expect("a port");
        Self {
            server,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            clock,
            person: ("山田 太郎", "taro"),
        }
    }

    /// `https://NAME:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("https://{HOSTNAME}:{}", self.address.port())
    }

    /// The code of an authenticator app whose clock is `ahead` of the server's by so many seconds.
    pub(crate) fn code(&self, secret: &str, ahead: u64) -> String {
        let now = self.clock.as_ref().map(|clock| clock.now().as_second().try_into().unwrap());
        now.map_or_else(|| code(secret, ahead), |now: u64| code_at(secret, now + ahead))
    }

    /// A browser with this certificate, or none.
    pub(crate) fn browser(&self, ca: &Terminal, identity: Option<&Identity>) -> Browser {
        let now: Option<Timestamp> = self.clock.as_ref().map(Clock::now);
        let options = ClientOptions { identity, now, ..ClientOptions::default() };
        let client = Client::new(self.address, HOSTNAME, &ca.ca(), &options);
        Browser { client, origin: format!("https://{HOSTNAME}"), cookies: Vec::new(), language: "ja" }
    }

    /// A browser with a terminal's certificate.
    pub(crate) fn browser_of(&self, terminal: &Terminal) -> Browser {
        self.browser(terminal, Some(&terminal.identity()))
    }

    /// An organisation with a terminal.
    pub(crate) fn organisation(&mut self, id: &str, kind: &str, common_name: &str) -> Terminal {
        self.server.command_succeeds(&[
            "tenant",
            "add",
            id,
            "--name",
            &format!("{id}の名前"),
            "--kind",
            kind,
        ]);
        self.server.issue_with(common_name, &["--tenant", id])
    }

    /// The path of a fresh invitation.
    pub(crate) fn invitation(&self, tenant: &str) -> String {
        let link = self.server.command_succeeds(&[
            "admin",
            "invite",
            "--tenant",
            tenant,
            "--mail",
            "taro@example.jp",
        ]);
        link[link.find("/setup/").expect("a link")..].to_owned()
    }

    /// A browser whose owner was invited and has set up an account, with the secret of the app.
    pub(crate) fn enrolled(&self, tenant: &str, terminal: &Terminal) -> (Browser, String) {
        self.enrolled_as(tenant, terminal, self.person.1, self.person.0)
    }

    /// The same for somebody else.
    pub(crate) fn enrolled_as(
        &self,
        tenant: &str,
        terminal: &Terminal,
        login: &str,
        name: &str,
    ) -> (Browser, String) {
        let mut browser = self.browser_of(terminal);
        let path = self.invitation(tenant);
        let form = browser.get(&path);
        assert_eq!(form.status, 200, "{}", text(&form));
        let fields = [("name", name), ("login", login), ("password", PASSWORD), ("again", PASSWORD)];
        let page = browser.post_from(&form, &path, &fields);
        assert_eq!(page.status, 200, "{}", text(&page));
        let secret = secret_of(&text(&page));
        let done = browser.post_from(&page, &format!("{path}/code"), &[("code", &self.code(&secret, 0))]);
        assert_eq!((done.status, done.header("location")), (303, Some("/?ready=1")), "{}", text(&done));
        (browser, secret)
    }

    /// A browser that has entered the right password only.
    pub(crate) fn half_signed_in(&self, tenant: &str, terminal: &Terminal) -> (Browser, String) {
        let (mut browser, secret) = self.enrolled(tenant, terminal);
        let entrance = browser.get("/");
        let fields = [("login", self.person.1), ("password", PASSWORD)];
        let answer = browser.post_from(&entrance, "/login", &fields);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/login/code")),
            "{}",
            text(&answer)
        );
        (browser, secret)
    }

    /// A browser that is signed in.
    pub(crate) fn signed_in(&self, tenant: &str, terminal: &Terminal) -> Browser {
        let (mut browser, secret) = self.half_signed_in(tenant, terminal);
        let page = browser.get("/login/code");
        // The step after the one that set-up has used up.
        let answer = browser.post_from(&page, "/login/code", &[("code", &self.code(&secret, 30))]);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/certificates")),
            "{}",
            text(&answer)
        );
        browser
    }
}

/// What keeps cookies and sends forms.
pub(crate) struct Browser {
    client: Client,
    pub(crate) origin: String,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) language: &'static str,
}

impl Browser {
    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, &[], "")
    }

    /// Sends a form of the page `from`, with the proof that the page carries.
    pub(crate) fn post_from(&mut self, from: &Response, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = form_token(&text(from));
        let fields = [&[("token", token.as_str())], fields].concat();
        self.post(path, &fields)
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let origin = self.origin.clone();
        self.send("POST", path, &[("Origin", &origin)], &encoded(fields))
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Response {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("Cookie", cookies.as_str()), ("Accept-Language", self.language)];
        headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        headers.extend_from_slice(more);
        let answer = self.client.request(method, path, &headers, body.as_bytes()).unwrap();
        self.keep_cookies(&answer);
        answer
    }

    /// A connection after its handshake, with nothing asked.
    pub(crate) fn connect(&self) -> koshin_testkit::client::TlsStream {
        self.client.connect().unwrap()
    }

    /// Bytes exactly as given.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Response {
        self.client.raw(bytes).unwrap()
    }

    fn keep_cookies(&mut self, answer: &Response) {
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

pub(crate) fn text(answer: &Response) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The title of a page, which is its heading, too.
pub(crate) fn heading(answer: &Response) -> String {
    let page = text(answer);
    let (_, rest) = page.split_once("<h1>").unwrap_or_else(|| panic!("no heading: {} {page}", answer.status));
    rest.split("</h1>").next().unwrap().to_owned()
}

/// The code of an authenticator app whose clock is `ahead` by so many seconds (RFC 6238).
pub(crate) fn code(secret: &str, ahead: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    code_at(secret, now + ahead)
}

/// The same at a second since 1970.
fn code_at(secret: &str, second: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &base32(secret));
    let tag = hmac::sign(&key, &(second / 30).to_be_bytes());
    let start = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[start..start + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// RFC 4648, 6, without padding.
fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            other => panic!("{other} in a secret"),
        };
        (bits, count) = ((bits << 5) | u32::from(value), count + 5);
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 255).unwrap());
        }
    }
    bytes
}

/// The proof that the forms of a page carry.
pub(crate) fn form_token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap_or_else(|| panic!("no form in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

pub(crate) fn secret_of(page: &str) -> String {
    let (_, rest) = page.split_once("class=\"mono card\">").expect("the secret for those who cannot scan");
    rest.split('<').next().unwrap().replace(' ', "")
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&")
}
