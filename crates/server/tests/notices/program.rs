//! The program itself: its command line, and the job of a running server.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use koshin_testkit::{MailEncryption, MailServer, ServerInABox, ServerOptions};

/// A box that mails through `server` with STARTTLS.
fn box_with(server: &MailServer) -> ServerInABox {
    let (port, ca) = (i64::from(server.port()), server.ca_file().display().to_string());
    ServerInABox::start_with(ServerOptions {
        configure: Box::new(move |config| {
            let mail = toml::toml! {
                server = "localhost"
                encryption = "starttls"
                from = "証明書のお知らせ <koshin@example.jp>"
            };
            config.insert("mail".into(), mail.into());
            config["mail"].as_table_mut().unwrap().insert("port".into(), port.into());
            config["mail"].as_table_mut().unwrap().insert("ca_file".into(), ca.into());
        }),
        ..ServerOptions::default()
    })
}

#[test]
fn a_test_mail_tells_whether_the_settings_are_good() {
    let Some(mut mail) = MailServer::start(MailEncryption::StartTls, None) else { return };
    let server = box_with(&mail);
    let test = |to: &str| {
        let output = server.command(&["notices", "test", "--to", to]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(test("a@b.jp").0, Some(0));
    assert_eq!(mail.received()[0].to, ["a@b.jp"]);
    let (code, said) = test("nobody@b.jp");
    assert_eq!(code, Some(13));
    assert!(said.contains("nobody@b.jp") && said.contains("550"), "{said}");
    mail.stop();
    let (code, said) = test("a@b.jp");
    assert_eq!(code, Some(13));
    assert!(said.contains("localhost") && said.contains("connection"), "{said}");
    server.edit_config(|config| drop(config.remove("mail")));
    let (code, said) = test("a@b.jp");
    assert_eq!(code, Some(10));
    assert!(said.contains("[mail]"), "{said}");
}

#[test]
fn a_running_server_mails_what_is_due_and_the_list_shows_it() {
    let Some(mail) = MailServer::start(MailEncryption::StartTls, None) else { return };
    let mut server = box_with(&mail);
    let recipients = ["notices", "recipients", "clinic", "--mail", "a@b.jp", "--mail", "nobody@b.jp"];
    server.command_succeeds(&recipients);
    assert_eq!(server.command(&["notices", "recipients", "nowhere"]).status.code(), Some(14));
    assert_eq!(server.command(&["notices", "recipients", "clinic", "--mail", "x"]).status.code(), Some(2));
    let in_20_days = Timestamp::now() + SignedDuration::from_hours(20 * 24);
    let terminal = server.issue_until("client001", in_20_days);
    assert_eq!(terminal.client().get("/api/cert").unwrap().status, 200, "in use from now on");

    // What is due is looked for at the start.
    assert_eq!(server.stop(), Some(0));
    server.serve();
    let begin = Instant::now();
    let list = loop {
        let text = server.command_succeeds(&["notices", "list", "--json"]);
        let list: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        if list.len() == 2 && list.iter().all(|delivery| delivery["state"] != "waiting") {
            break list;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "still waiting: {text}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(200));
    };
    let states: Vec<_> = list.iter().map(|delivery| delivery["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["sent", "bounced"]);
    assert!(list[1]["reason"].as_str().unwrap().contains("550"), "{list:#?}");
    assert_eq!(list[0]["notice"], "30");
    let to: Vec<_> = mail.received().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, ["a@b.jp"]);
    assert!(server.command_succeeds(&["notices", "list"]).contains("nobody@b.jp"));
    assert_eq!(server.stop(), Some(0), "it stops in good order");
}
