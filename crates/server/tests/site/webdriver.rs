//! A browser that a test drives: chromium by chromedriver (W3C WebDriver and, for what that
//! does not know, Chrome's own protocol through it).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use koshin_testkit::client::read_response;
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// The name of an element in WebDriver's JSON (W3C WebDriver, 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long a search waits for the page on which its element is, in milliseconds.
const PATIENCE: u32 = 20_000;

/// How a browser is started.
#[derive(Clone)]
pub(crate) struct WindowOptions {
    /// The tags of `Accept-Language`.
    pub(crate) language: &'static str,
    /// Whether pages may run scripts.
    pub(crate) scripts: bool,
    /// Whether any server's certificate will do: where the server's clock is not this machine's.
    pub(crate) any_server: bool,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self { language: "ja", scripts: true, any_server: false }
    }
}

/// A window of a browser of its own; it closes when dropped.
pub(crate) struct Window {
    driver: Child,
    port: u16,
    session: String,
    downloads: PathBuf,
}

impl Window {
    /// Opens chromium with the home directory `home`; for `url` it chooses its certificate itself.
    pub(crate) fn open(home: &Path, url: &str) -> Self {
        Self::open_with(home, url, &WindowOptions::default())
    }

    /// Opens chromium as told.
    pub(crate) fn open_with(home: &Path, url: &str, options: &WindowOptions) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).env("HOME", home).env_remove("XDG_DATA_HOME");
        let driver =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut window = Self { driver, port, session: String::new(), downloads: home.join("downloads") };
        window.wait_for_driver();
        let wanted = json!({
            "acceptInsecureCerts": options.any_server,
            "goog:chromeOptions": chromium(url, options),
            "goog:loggingPrefs": { "performance": "ALL" },
        });
        let session = window.ask("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        window.session = session["sessionId"].as_str().unwrap_or_else(|| panic!("{session}")).to_owned();
        // A click does not wait for the page that it leads to; a search for what is there does.
        window.command("timeouts", &json!({ "implicit": PATIENCE }));
        let folder = window.downloads.display().to_string();
        window.chrome("Browser.setDownloadBehavior", &json!({ "behavior": "allow", "downloadPath": folder }));
        window
    }

    /// Goes to an address, as typed by the user.
    pub(crate) fn go(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    /// Types into the field with this id, after what is there.
    pub(crate) fn type_into(&self, id: &str, text: &str) {
        let element = self.find(&format!("#{id}"));
        self.command(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Clicks the first thing that the CSS selector finds.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.find(selector);
        let answer = self.command(&format!("element/{element}/click"), &json!({}));
        assert!(answer.is_null(), "{selector}: {answer}");
    }

    /// Clicks a form's button and waits until its page has gone: the answer may look the same.
    pub(crate) fn submit(&self, selector: &str) {
        let element = self.find(selector);
        self.command(&format!("element/{element}/click"), &json!({}));
        for _ in 0..200 {
            if self.read(&format!("element/{element}/name"))["error"].is_string() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{selector} leads nowhere: {}", self.page());
    }

    /// Clicks what the CSS selector finds and what reads exactly so.
    pub(crate) fn click_text(&self, selector: &str, text: &str) {
        self.find(selector);
        let found = self.command("elements", &json!({ "using": "css selector", "value": selector }));
        let found = found.as_array().cloned().unwrap_or_default();
        let elements = found.iter().filter_map(|element| element[ELEMENT].as_str());
        let read = |element: &&str| self.read(&format!("element/{element}/text")) == text;
        let element = elements.into_iter().find(read);
        let element = element.unwrap_or_else(|| panic!("no {text} at {selector} in {}", self.page()));
        self.command(&format!("element/{element}/click"), &json!({}));
    }

    /// What the page shows, as HTML, once it has what the CSS selector finds.
    pub(crate) fn page_with(&self, selector: &str) -> String {
        self.find(selector);
        self.page()
    }

    /// What the page shows, as HTML.
    pub(crate) fn page(&self) -> String {
        self.read("source").as_str().unwrap_or_default().to_owned()
    }

    /// The text that somebody reads at what the CSS selector finds.
    pub(crate) fn text_of(&self, selector: &str) -> String {
        let element = self.find(selector);
        self.read(&format!("element/{element}/text")).as_str().unwrap_or_default().to_owned()
    }

    /// The result of a script's `return`. It runs beside the page's own content policy.
    pub(crate) fn script(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The result that a script hands to its last argument, a function.
    pub(crate) fn script_later(&self, script: &str) -> Value {
        self.command("execute/async", &json!({ "script": script, "args": [] }))
    }

    /// The window's inner width and height in CSS pixels, with so many device pixels each: at
    /// 2, half the width is what a page has when the user zooms to 200 %.
    pub(crate) fn resize(&self, width: u32, height: u32, pixels: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": pixels, "mobile": false });
        self.chrome("Emulation.setDeviceMetricsOverride", &size);
    }

    /// From now on the browser's user prefers this language.
    pub(crate) fn prefer(&self, language: &str) {
        let agent = self.script("return navigator.userAgent");
        self.chrome(
            "Emulation.setUserAgentOverride",
            &json!({ "userAgent": agent, "acceptLanguage": language }),
        );
    }

    /// The whole page as PNG, below the window's edge, too.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let shot = self.chrome("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        BASE64_STANDARD.decode(shot["data"].as_str().unwrap_or_else(|| panic!("{shot}"))).unwrap()
    }

    /// The browser's user has this cookie of the site whose page is shown.
    pub(crate) fn remember(&self, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "path": "/", "secure": true, "httpOnly": true });
        let answer = self.command("cookie", &json!({ "cookie": cookie }));
        assert!(answer.is_null(), "{answer}");
    }

    /// The file with this end of its name, once it has been downloaded.
    pub(crate) fn download(&self, end: &str) -> PathBuf {
        for _ in 0..300 {
            let files = std::fs::read_dir(&self.downloads).into_iter().flatten().flatten();
            if let Some(found) =
                files.map(|file| file.path()).find(|path| path.to_string_lossy().ends_with(end))
            {
                return found;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("no {end} comes from {}", self.page());
    }

    /// The addresses that have been asked for since the last call, by pages and by the user.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = self.command("se/log", &json!({ "type": "performance" }));
        let lines = log.as_array().unwrap_or_else(|| panic!("{log}")).iter();
        let messages = lines.filter_map(|line| serde_json::from_str::<Value>(line["message"].as_str()?).ok());
        let asked = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        asked
            .filter_map(|message| Some(message["message"]["params"]["request"]["url"].as_str()?.to_owned()))
            .collect()
    }

    /// Plugs in a security key that has its user's consent to everything (W3C `WebAuthn`, 11).
    pub(crate) fn plug_in_security_key(&self) {
        let key = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "isUserConsenting": true,
        });
        let answer = self.command("webauthn/authenticator", &key);
        assert!(answer.is_string(), "{answer}");
    }

    /// A command of Chrome's own protocol.
    pub(crate) fn chrome(&self, name: &str, parameters: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }

    fn find(&self, selector: &str) -> String {
        let found = self.command("element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT]
            .as_str()
            .unwrap_or_else(|| panic!("no {selector}: {found} in {}", self.page()))
            .to_owned()
    }

    fn command(&self, name: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{name}", self.session), body)
    }

    fn read(&self, name: &str) -> Value {
        self.ask("GET", &format!("/session/{}/{name}", self.session), &Value::Null)
    }

    /// A failure is an answer with `error` in it: what it means is for the caller.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_to_ask(method, path, body).expect("an answer of chromedriver")
    }

    fn try_to_ask(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        Ok(read_response(&mut stream)?.json()["value"].take())
    }

    fn wait_for_driver(&self) {
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("chromedriver does not listen");
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Already gone, perhaps; nothing is left to be done then.
        let _ = self.try_to_ask("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// What chromedriver is to start: as the user's own browser, but for its certificate, which it
/// chooses as an administrator's policy lets it.
fn chromium(url: &str, options: &WindowOptions) -> Value {
    let certificate = json!({ format!("{url},*"): { "setting": { "filters": [{}] } } });
    let mut preferences = json!({
        "intl.accept_languages": options.language,
        "profile.content_settings.exceptions.auto_select_certificate": certificate,
    });
    if !options.scripts {
        preferences["profile.managed_default_content_settings.javascript"] = 2.into();
    }
    json!({
        "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
        ],
        "prefs": preferences,
    })
}
