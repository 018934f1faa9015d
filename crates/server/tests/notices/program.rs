//! The program itself: its command line, and the job of a running server.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use jiff::{SignedDuration, Timestamp};
use koshin_testkit::{MailEncryption, MailServer, ServerInABox, ServerOptions, mail_server::ReceivedMail};
use mail_parser::MessageParser;

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

/// The worst moment, with the real program: killed when the mail server has taken the mail
/// and before anybody wrote that down.
#[test]
fn killed_between_sending_and_recording_it_sends_one_duplicate_and_loses_none() {
    let Some(mail) = MailServer::start(MailEncryption::StartTls, None) else { return };
    let mut server = box_with(&mail);
    let recipients = ["--mail", "silentonce@b.jp", "--mail", "z@b.jp"];
    server.command_succeeds(&[&["notices", "recipients", "clinic"][..], &recipients].concat());
    let in_20_days = Timestamp::now() + SignedDuration::from_hours(20 * 24);
    let terminal = server.issue_until("client001", in_20_days);
    assert_eq!(terminal.client().get("/api/cert").unwrap().status, 200, "in use from now on");
    assert_eq!(server.stop(), Some(0));
    server.serve();
    let count = |to: &str| mail.received().iter().filter(|mail| mail.to == [to]).count();
    wait_for("the first mail", || count("silentonce@b.jp") == 1);
    server.kill();
    assert_eq!(states(&server), ["waiting", "waiting"], "taken, and not written down");

    // The next process leaves alone what may be under way, and sends the rest.
    server.serve();
    wait_for("the second mail", || states(&server) == ["waiting", "sent"]);
    assert_eq!((count("silentonce@b.jp"), count("z@b.jp")), (1, 1));
    server.kill();
    run_out_of_leases(&server);
    server.serve();
    wait_for("the duplicate", || states(&server) == ["sent", "sent"]);
    assert_eq!((count("silentonce@b.jp"), count("z@b.jp")), (2, 1));
    let ids: Vec<_> =
        mail.received().iter().filter(|mail| mail.to != ["z@b.jp"]).map(|m| m.header("Message-ID")).collect();
    assert_eq!(ids[0], ids[1], "mail programs know it for a duplicate");

    assert_eq!(server.stop(), Some(0));
    server.serve();
    assert_eq!(server.stop(), Some(0));
    assert_eq!(mail.received().len(), 3, "sent is sent");
}

/// The same for what has happened: it was recorded with the event, and is sent with what was
/// known then.
#[test]
fn killed_between_sending_and_recording_it_tells_an_event_once_more_and_loses_none() {
    let Some(mail) = MailServer::start(MailEncryption::StartTls, None) else { return };
    let mut server = box_with(&mail);
    let recipients = ["--mail", "silentonce@b.jp", "--mail", "z@b.jp"];
    server.command_succeeds(&[&["notices", "recipients", "clinic"][..], &recipients].concat());
    server.issue("client001");
    assert_eq!(server.stop(), Some(0));
    let code = server.command_succeeds(&["recovery-code", "--tenant", "clinic", "--cn", "client001"]);
    assert_eq!(states(&server), ["waiting", "waiting"], "there with the code");
    server.serve();
    let count = |to: &str| mail.received().iter().filter(|mail| mail.to == [to]).count();
    wait_for("the first mail", || count("silentonce@b.jp") == 1);
    server.kill();
    assert_eq!(states(&server), ["waiting", "waiting"], "taken, and not written down");
    run_out_of_leases(&server);
    server.serve();
    wait_for("both mails", || states(&server) == ["sent", "sent"]);
    assert_eq!((count("silentonce@b.jp"), count("z@b.jp")), (2, 1));
    let mails = mail.received();
    let twice: Vec<_> = mails.iter().filter(|mail| mail.to != ["z@b.jp"]).collect();
    assert_eq!(twice[0].header("Message-ID"), twice[1].header("Message-ID"));
    let words = |mail: &ReceivedMail| {
        let parsed = MessageParser::default().parse(mail.content.as_bytes()).unwrap();
        (parsed.subject().unwrap().to_owned(), parsed.body_text(0).unwrap().into_owned())
    };
    assert_eq!(words(twice[0]), words(twice[1]), "the same words, whenever they are sent");
    assert!(words(twice[0]).0.contains("復旧コードが発行されました"), "{:?}", words(twice[0]));
    assert!(!words(twice[0]).1.contains(code.trim()), "never the code itself");
    assert_eq!(server.stop(), Some(0));
}

fn states(server: &ServerInABox) -> Vec<String> {
    let text = server.command_succeeds(&["notices", "list", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    list.iter().map(|delivery| delivery["state"].as_str().unwrap().to_owned()).collect()
}

fn wait_for(what: &str, mut come: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !come() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// As if ten minutes had passed. The server does not run.
fn run_out_of_leases(server: &ServerInABox) {
    let path = server.directory().join("koshin.db");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    connection.batch_execute("UPDATE outbox SET leased_until = 1 WHERE leased_until IS NOT NULL").unwrap();
}

/// As the mail server's alias hands it over.
#[test]
fn a_returned_mail_ends_the_writing_to_its_address_until_somebody_has_looked() {
    let Some(mail) = MailServer::start(MailEncryption::StartTls, None) else { return };
    let mut server = box_with(&mail);
    server.command_succeeds(&["notices", "recipients", "clinic", "--mail", "former@b.jp"]);
    let in_20_days = Timestamp::now() + SignedDuration::from_hours(20 * 24);
    let terminal = server.issue_until("client001", in_20_days);
    assert_eq!(terminal.client().get("/api/cert").unwrap().status, 200);
    assert_eq!(server.stop(), Some(0));
    server.serve();
    wait_for("the mail", || states(&server) == ["sent"]);

    let taken = &mail.received()[0];
    let report = format!(
        "From: MAILER-DAEMON@b.jp\nTo: koshin@example.jp\nSubject: failure notice\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nYour mail could not be delivered.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; b.jp\n\n\
         Final-Recipient: rfc822; former@b.jp\nAction: failed\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1 User unknown\n\n\
         --b\nContent-Type: message/rfc822\n\n{}\n--b--\n",
        taken.content.replace("\r\n", "\n")
    );
    let pipe = |input: &str| piped(&server, input);
    let (code, said) = pipe("Subject: 休業のお知らせ\n\n8月は休みます。\n");
    assert_eq!(code, Some(0), "a mail that tells nothing is not returned in its turn: {said}");
    let (code, said) = pipe(&report.replace("notice-1-", "notice-2-"));
    assert!(code == Some(0) && said.contains("nothing was changed"), "{said}");
    let huge = format!("{report}{}", "x".repeat(3 << 20));
    let (code, said) = pipe(&huge);
    assert!(code == Some(0) && said.contains("former@b.jp"), "{said}");
    assert_eq!(states(&server), ["bounced"]);
    assert!(server.command_succeeds(&["notices", "list"]).contains("550 5.1.1 User unknown"));
    assert!(server.audit().iter().any(|event| event["event"] == "address_bounced"));

    // Records that are out of reach: the mail server keeps the mail (sysexits, EX_TEMPFAIL).
    server.kill();
    let database = server.directory().join("koshin.db");
    std::fs::rename(&database, server.directory().join("aside")).unwrap();
    std::fs::create_dir(&database).unwrap();
    assert_eq!(piped(&server, &report).0, Some(75));
}

/// `koshin-server notices bounce` with this on its standard input.
fn piped(server: &ServerInABox, input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(koshin_testkit::server::server_program())
        .arg("--dir")
        .arg(server.directory())
        .args(["notices", "bounce"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}
