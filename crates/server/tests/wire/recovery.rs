//! `simpleenroll` with a recovery code, as the network sees it.

use crate::{
    est::{Device, P256},
    support::{days_from_now, events, states},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use koshin_testkit::{Client, MailEncryption, MailServer, Response, ServerInABox, ServerOptions, Terminal};
use mail_parser::MessageParser;
use std::time::{Duration, Instant};

const ENROLL: &str = "/.well-known/est/simpleenroll";

/// A server with a terminal whose certificate has expired, and a device at it.
struct Scene {
    server: ServerInABox,
    terminal: Terminal,
    device: Device,
}

impl Scene {
    fn new() -> Option<Self> {
        let mut server = ServerInABox::start();
        let terminal = server.issue_until("client001", days_from_now(-3));
        let device = Device::new(&terminal)?;
        Some(Self { server, terminal, device })
    }

    fn code(&self) -> String {
        let code =
            self.server.command_succeeds(&["recovery-code", "--tenant", "clinic", "--cn", "client001"]);
        code.trim().to_owned()
    }
}

/// A box that mails through `mail`.
fn mailing(mail: &MailServer) -> ServerInABox {
    let port = i64::from(mail.port());
    ServerInABox::start_with(ServerOptions {
        configure: Box::new(move |config| {
            let mail = toml::toml! {
                server = "localhost"
                encryption = "none"
                from = "koshin@example.jp"
            };
            config.insert("mail".into(), mail.into());
            config["mail"].as_table_mut().unwrap().insert("port".into(), port.into());
        }),
        ..ServerOptions::default()
    })
}

/// Whoever answers for the clinic hears that a code was used, for what, and from where.
#[test]
fn the_use_of_a_code_is_told_at_once() {
    let Some(mail) = MailServer::start(MailEncryption::Plain, None) else { return };
    let mut server = mailing(&mail);
    server.command_succeeds(&["notices", "recipients", "clinic", "--mail", "a@b.jp"]);
    let terminal = server.issue_until("client001", days_from_now(-3));
    let Some(device) = Device::new(&terminal) else { return };
    let scene = Scene { server, terminal, device };
    let code = scene.code();
    let csr = scene.device.request(P256, "client001");
    let answer = enroll(&scene.terminal.client_as(None), &code, &csr);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    // The mail about the issue is sent with it: both waited.
    let begin = Instant::now();
    while mail.received().len() < 2 {
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", mail.received());
        std::thread::sleep(Duration::from_millis(100));
    }
    let words: Vec<(String, String)> = mail
        .received()
        .iter()
        .map(|mail| {
            let parsed = MessageParser::default().parse(mail.content.as_bytes()).unwrap();
            (parsed.subject().unwrap().to_owned(), parsed.body_text(0).unwrap().into_owned())
        })
        .collect();
    let used = words.iter().find(|(subject, _)| subject.contains("復旧コードが使われました")).unwrap();
    assert!(used.0.contains("端末1の"), "{used:?}");
    assert!(used.1.contains("接続元：127.0.0.1"), "{used:?}");
    assert!(words.iter().all(|(_, body)| !body.contains(&code)), "{words:?}");
}

pub(crate) fn enroll(client: &Client, code: &str, csr: &[u8]) -> Response {
    let credentials = format!("Basic {}", STANDARD.encode(format!("recovery:{code}")));
    let headers = [
        ("Authorization", credentials.as_str()),
        ("Content-Type", "application/pkcs10"),
        ("Content-Transfer-Encoding", "base64"),
    ];
    client.request("POST", ENROLL, &headers, STANDARD.encode(csr).as_bytes()).unwrap()
}

fn refusal(answer: &Response) -> (u16, String) {
    (answer.status, answer.problem())
}

fn no(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn a_code_stands_in_for_an_expired_certificate_or_for_none() {
    for presented in [true, false] {
        let Some(scene) = Scene::new() else { return };
        let identity = scene.terminal.identity();
        let client = scene.terminal.client_as(presented.then_some(&identity));
        let code = scene.code();
        let csr = scene.device.request(P256, "client001");
        // As somebody types it who has read it from a screen.
        let typed = code.to_lowercase().replace('-', " ");
        let answer = enroll(&client, &typed, &csr);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let pem = scene.device.certificates(&answer.body);
        assert!(pem.contains("CN = client001") || pem.contains("CN=client001"), "{pem}");
        assert_eq!(states(&scene.server, "client001"), ["issued", "superseded"]);
        let events =
            [events(&scene.server, "recovery_code_issued"), events(&scene.server, "certificate_recovered")];
        assert_eq!(events, [1, 1]);
        let trail = serde_json::to_string(&scene.server.audit()).unwrap();
        assert!(!trail.contains(&code) && !scene.server.log().contains(&code), "a code is in no record");
    }
}

#[test]
fn a_lost_reply_is_given_again_and_a_code_is_good_for_one_key() {
    let Some(scene) = Scene::new() else { return };
    let client = scene.terminal.client_as(None);
    let code = scene.code();
    let csr = scene.device.request(P256, "client001");
    let first = enroll(&client, &code, &csr);
    assert_eq!(first.status, 200, "{}", String::from_utf8_lossy(&first.body));
    // The same key in another request, as after a crash of the client.
    let again = enroll(&client, &code, &scene.device.request_again("client001"));
    assert_eq!((again.status, &again.body), (200, &first.body), "the same certificate");
    let other = enroll(&client, &code, &scene.device.request(P256, "client001"));
    assert_eq!(refusal(&other), no(403, "recovery-code-used"));
    assert_eq!(events(&scene.server, "certificate_recovered"), 1);
    assert_eq!(events(&scene.server, "recovery_refused"), 1);
}

#[test]
fn what_is_no_good_code_is_told_apart() {
    let Some(mut scene) = Scene::new() else { return };
    let client = scene.terminal.client_as(None);
    let csr = scene.device.request(P256, "client001");
    let code = scene.code();
    let challenge = Some("Basic realm=\"Koshin recovery\", charset=\"UTF-8\"");

    let none = client.request("POST", ENROLL, &[], STANDARD.encode(&csr).as_bytes()).unwrap();
    assert_eq!(
        (refusal(&none), none.header("www-authenticate")),
        (no(401, "recovery-code-required"), challenge)
    );
    let mistyped = enroll(&client, "0000-0000-0001", &csr);
    assert_eq!(refusal(&mistyped), no(401, "recovery-code-mistyped"));
    let wrong = enroll(&client, "0000-0000-0000", &csr);
    assert_eq!(
        (refusal(&wrong), wrong.header("www-authenticate")),
        (no(401, "recovery-code-wrong"), challenge)
    );

    let later = scene.code();
    assert_eq!(
        refusal(&enroll(&client, &code, &csr)),
        no(403, "recovery-code-expired"),
        "a newer one was issued"
    );
    let other = scene.device.request(P256, "client002");
    assert_eq!(refusal(&enroll(&client, &later, &other)), no(400, "csr-subject-mismatch"));
    assert_eq!(refusal(&enroll(&client, &later, b"no request")), no(400, "csr-invalid"));

    let foreign = scene.server.issue("client002");
    let answer = enroll(&foreign.client(), &later, &csr);
    assert_eq!(refusal(&answer), no(403, "recovery-code-foreign"));
    scene.server.command_succeeds(&["tenant", "suspend", "clinic"]);
    assert_eq!(refusal(&enroll(&client, &later, &csr)), no(403, "tenant-suspended"));
    scene.server.command_succeeds(&["tenant", "resume", "clinic"]);
    let good = enroll(&client, &later, &csr);
    assert_eq!(good.status, 200, "nothing of it has used the code up: {good:?}");
}

#[test]
fn whoever_guesses_is_stopped_and_typing_errors_are_free() {
    let Some(scene) = Scene::new() else { return };
    let client = scene.terminal.client_as(None);
    let csr = scene.device.request(P256, "client001");
    let code = scene.code();
    for _ in 0..20 {
        assert_eq!(refusal(&enroll(&client, "0000-0000-0001", &csr)), no(401, "recovery-code-mistyped"));
    }
    let wrong = |_: &i32| {
        let answer = refusal(&enroll(&client, "0000-0000-0000", &csr));
        answer == no(401, "recovery-code-wrong")
    };
    let judged = (0..21).take_while(wrong).count();
    assert!((10..=20).contains(&judged), "ten, or more if an hour ended meanwhile: {judged}");
    let stopped = enroll(&client, "0000-0000-0000", &csr);
    assert_eq!(refusal(&stopped), no(429, "recovery-attempts"));
    let wait: u32 = stopped.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    assert_eq!(refusal(&enroll(&client, &code, &csr)), no(429, "recovery-attempts"), "nothing is judged");
    assert!(events(&scene.server, "recovery_refused") <= 2, "told once an hour");
}

#[test]
fn the_command_says_what_it_is_about() {
    let Some(mut scene) = Scene::new() else { return };
    let issue = |cn: &str| scene.server.command(&["recovery-code", "--tenant", "clinic", "--cn", cn]);
    let unknown = issue("client009");
    assert_eq!(unknown.status.code(), Some(14), "{unknown:?}");
    drop(scene.server.issue("api001"));
    let kind = scene.server.command(&["recovery-code", "--tenant", "clinic", "--cn", "api001"]);
    assert_eq!(kind.status.code(), Some(14), "{kind:?}");
    assert!(String::from_utf8_lossy(&kind.stderr).contains("not renewed by terminals"), "{kind:?}");
}
