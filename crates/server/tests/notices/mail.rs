//! Notices by mail.

use std::time::Duration;

use jiff::SignedDuration;
use koshin_policy::notice::Notice;
use koshin_server::{
    notices::{Setback, bounce::Bounce, text::Language},
    store::{Channel, DeliveryState},
    use_cases::{
        Actor,
        notices::{LEASE, Step, TestMailError},
    },
};
use koshin_testkit::{MailEncryption, MailServer};

use crate::support::{CLINIC, Clinic, at, issued_at, mail_section, morning, suspended};

const SENT: Step = Step::Ended(DeliveryState::Sent);

/// A clinic whose mail server takes what comes; None where there is none to start.
async fn clinic_with_mail() -> Option<(MailServer, Clinic)> {
    let server = MailServer::start(MailEncryption::Plain, None)?;
    let clinic = Clinic::new(&mail_section(&server, MailEncryption::Plain)).await;
    Some((server, clinic))
}

#[tokio::test]
async fn each_recipient_gets_the_notice_in_their_language_once() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("incho@yamada.jp", "ja"), ("office@yamada.jp", "en")]).await.unwrap();
    let now = morning(Notice::Before14);
    assert_eq!(clinic.notices.plan(now).await.unwrap(), 2);
    assert_eq!(clinic.notices.plan(now).await.unwrap(), 0, "planned is planned");
    assert_eq!(clinic.deliver(Channel::Mail, now).await, [SENT, SENT]);
    assert_eq!(clinic.deliver(Channel::Mail, now).await, [], "sent is sent");

    let mails = server.received();
    let to: Vec<_> = mails.iter().map(|mail| mail.to.as_slice()).collect();
    assert_eq!(to, [["incho@yamada.jp"], ["office@yamada.jp"]]);
    let japanese = &mails[0];
    assert!(japanese.content.is_ascii(), "any server on the way can carry it");
    assert_eq!(japanese.from, "koshin@example.jp");
    assert_eq!(japanese.header("Date").as_deref(), Some("Mon, 16 Mar 2026 23:00:00 +0000"));
    assert_eq!(japanese.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    let (subject, body) = decoded(&japanese.content);
    assert_eq!(subject, "【要対応】受付1の証明書を3月31日までに更新してください｜山田医院");
    assert!(body.contains("2026年3月31日（火）23:59に有効期限が切れます（あと14日）"), "{body}");
    let (subject, _) = decoded(&mails[1].content);
    assert_eq!(subject, "[Action required] Renew the certificate of 受付1 by 31 March | 山田医院");
}

/// As another program reads it: Python's own parser undoes RFC 2047 and the body's encoding.
fn decoded(content: &str) -> (String, String) {
    use std::io::Write;
    let program = "import email, email.policy, json, sys\n\
                   mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
                   print(json.dumps([mail['Subject'], mail.get_content()]))";
    let mut child = std::process::Command::new("/usr/bin/python3")
        .args(["-c", program])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_connection_is_encrypted_and_logged_in_as_configured() {
    for encryption in [MailEncryption::StartTls, MailEncryption::Tls] {
        let Some(server) = MailServer::start(encryption, Some(("koshin", "pass word"))) else { return };
        let login = "user = \"koshin\"\npassword = \"pass word\"";
        let clinic = Clinic::new(&format!("{}{login}\n", mail_section(&server, encryption))).await;
        let sent =
            clinic.notices.send_test_mail("a@b.jp", Language::Japanese, at("2026-01-01T00:00:00Z")).await;
        sent.unwrap();
        let mail = &server.received()[0];
        assert!(mail.encrypted, "{encryption:?}");
        assert_eq!(mail.user.as_deref(), Some("koshin"), "{encryption:?}");
    }
}

/// Nothing is sent in clear, to a stranger, or without the log-in; and it is not the recipient's fault.
#[tokio::test]
async fn a_server_that_does_not_prove_itself_gets_nothing() {
    let Some(server) = MailServer::start(MailEncryption::StartTls, Some(("koshin", "right"))) else { return };
    let Some(plain) = MailServer::start(MailEncryption::Plain, None) else { return };
    let usual = mail_section(&server, MailEncryption::StartTls);
    let login = "user = \"koshin\"\npassword = \"right\"\n";
    let table = [
        ("STARTTLS", mail_section(&plain, MailEncryption::StartTls)),
        ("connection", mail_section(&server, MailEncryption::Tls)),
        ("STARTTLS", format!("{}{login}", usual.replace("\"localhost\"", "\"127.0.0.1\""))),
        ("STARTTLS", format!("{}{login}", without_ca(&usual))),
        ("user and password", format!("{usual}user = \"koshin\"\npassword = \"wrong\"\n")),
        ("sender", usual.clone()),
    ];
    for (step, section) in table {
        let clinic = Clinic::new(&section).await;
        let now = at("2026-01-01T00:00:00Z");
        let error = clinic.notices.send_test_mail("a@b.jp", Language::Japanese, now).await.unwrap_err();
        let TestMailError::Mail(error) = error else { panic!("{error}") };
        assert_eq!(error.setback(), Setback::ChannelDown, "{error}");
        assert!(error.to_string().contains(step), "{step}: {error}");
        assert!(!error.to_string().contains("wrong"), "no password in {error}");
    }
    assert!(server.received().is_empty() && plain.received().is_empty());
}

fn without_ca(section: &str) -> String {
    section.lines().filter(|line| !line.starts_with("ca_file")).map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn a_refused_address_bounces_visibly_and_a_busy_one_is_tried_again() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    let addresses = ["busy@yamada.jp", "nobody@yamada.jp", "toolarge@yamada.jp", "z@yamada.jp"];
    clinic.recipients(&addresses.map(|address| (address, "ja"))).await.unwrap();
    let now = morning(Notice::Before30);
    clinic.notices.plan(now).await.unwrap();
    let bounced = Step::Ended(DeliveryState::Bounced);
    let steps = clinic.deliver(Channel::Mail, now).await;
    let again = Step::Again(Setback::Later);
    assert_eq!(steps, [again.clone(), bounced, again.clone(), SENT]);
    assert_eq!(server.received().len(), 1, "one address does not keep another from its mail");

    let outcomes = clinic.outcomes().await;
    let states: Vec<_> = outcomes.iter().map(|(state, _)| *state).collect();
    use DeliveryState::{Bounced, Sent, Waiting};
    assert_eq!(
        states,
        [Waiting, Bounced, Waiting, Sent],
        "a mail that is refused says nothing of its address"
    );
    assert!(outcomes[0].1.contains("451"), "{:?}", outcomes[0]);
    assert!(outcomes[1].1.contains("550") && outcomes[1].1.contains("nobody@yamada.jp"), "{:?}", outcomes[1]);
    assert!(outcomes[2].1.contains("552"), "{:?}", outcomes[2]);

    // After a minute again; in a week it is given up, and stays to be seen.
    let minute = SignedDuration::from_mins(1);
    assert_eq!(clinic.deliver(Channel::Mail, now + minute).await, [again.clone(), again]);
    let week = now + SignedDuration::from_hours(7 * 24);
    let failed = Step::Ended(DeliveryState::Failed);
    assert_eq!(clinic.deliver(Channel::Mail, week).await, [failed.clone(), failed]);
    let came_back = clinic.store.bounced_addresses(None).await.unwrap();
    let came_back: Vec<_> = came_back.iter().map(|bounced| bounced.address.as_str()).collect();
    assert_eq!(came_back, ["nobody@yamada.jp"]);
    assert!(clinic.outcomes().await[0].1.contains("451"));
}

#[tokio::test]
async fn while_the_mail_server_is_down_nothing_is_lost() {
    let Some((mut server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("a@yamada.jp", "ja"), ("b@yamada.jp", "ja")]).await.unwrap();
    let now = morning(Notice::Before30);
    clinic.notices.plan(now).await.unwrap();
    server.stop();
    let step = clinic.notices.deliver_one(Channel::Mail, now).await.unwrap();
    assert_eq!(step, Step::Again(Setback::ChannelDown));
    assert!(clinic.outcomes().await[0].1.contains("cannot be used (connection)"));

    server.start_again();
    let later = now + SignedDuration::from_hours(3 * 24);
    assert_eq!(clinic.deliver(Channel::Mail, later).await, [SENT, SENT]);
    assert_eq!(server.received().len(), 2);
}

/// The worst moment: the server has taken the mail, and the record of it is never made.
#[tokio::test]
async fn a_crash_between_sending_and_recording_sends_one_duplicate_and_loses_none() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("silent@yamada.jp", "ja")]).await.unwrap();
    let now = morning(Notice::Before30);
    clinic.notices.plan(now).await.unwrap();
    let crashed = {
        let notices = clinic.notices.clone();
        tokio::spawn(async move { notices.deliver_one(Channel::Mail, now).await })
    };
    while server.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    crashed.abort();
    assert!(crashed.await.is_err(), "it was still waiting for the server's answer");

    // The next process finds the lease, and waits until it has run out.
    let next = clinic.another_node();
    assert_eq!(next.notices.plan(now).await.unwrap(), 0);
    assert_eq!(next.deliver(Channel::Mail, now).await, []);
    let after = now + LEASE;
    let resent = tokio::spawn(async move { next.notices.deliver_one(Channel::Mail, after).await });
    while server.received().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    resent.abort();
    drop(resent.await);
    let mails = server.received();
    let ids: Vec<_> = mails.iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!(ids[0], ids[1], "mail programs know it for a duplicate");
    let mark = &clinic.store.deliveries(None).await.unwrap()[0].mark;
    assert_eq!(ids[0], format!("<notice-1-{mark}@auth.example.jp>"));
}

#[tokio::test]
async fn after_the_duplicate_the_notice_is_recorded_and_never_sent_again() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("a@yamada.jp", "ja")]).await.unwrap();
    let now = morning(Notice::Before30);
    clinic.notices.plan(now).await.unwrap();
    // Leased by a process that is no more; whether it had sent, nobody knows.
    clinic.store.lease_delivery(Channel::Mail, "dead", now, now + LEASE).await.unwrap().unwrap();
    let next = clinic.another_node();
    assert_eq!(next.deliver(Channel::Mail, now + LEASE).await, [SENT]);
    for hours in 1..48 {
        let later = now + LEASE + SignedDuration::from_hours(hours);
        next.notices.plan(later).await.unwrap();
        assert_eq!(next.deliver(Channel::Mail, later).await, []);
    }
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn of_two_nodes_one_sends() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    let addresses: Vec<String> = (0..12).map(|number| format!("r{number:02}@yamada.jp")).collect();
    let pairs: Vec<_> = addresses.iter().map(|address| (address.as_str(), "ja")).collect();
    clinic.recipients(&pairs).await.unwrap();
    let (now, other) = (morning(Notice::Before30), clinic.another_node());
    let (one, two) = tokio::join!(clinic.notices.plan(now), other.notices.plan(now));
    assert_eq!(one.unwrap() + two.unwrap(), 12);
    tokio::join!(clinic.deliver(Channel::Mail, now), other.deliver(Channel::Mail, now));
    let mut to: Vec<_> = server.received().into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, addresses);
}

#[tokio::test]
async fn once_the_renewal_is_in_use_the_notices_stop() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("a@yamada.jp", "ja")]).await.unwrap();
    clinic.notices.plan(morning(Notice::Before30)).await.unwrap();
    clinic.certificate("5a02", "client001", Some("5a01")).await;
    assert_eq!(clinic.deliver(Channel::Mail, morning(Notice::Before30)).await, []);
    assert_eq!(clinic.outcomes().await[0].0, DeliveryState::Stopped);
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn who_was_removed_gets_nothing_even_if_it_was_planned() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("former@yamada.jp", "ja")]).await.unwrap();
    let now = morning(Notice::Before30);
    clinic.notices.plan(now).await.unwrap();
    clinic.recipients(&[("new@yamada.jp", "ja")]).await.unwrap();
    assert_eq!(clinic.deliver(Channel::Mail, now).await, [Step::Ended(DeliveryState::Stopped)]);
    clinic.notices.plan(now).await.unwrap();
    clinic.deliver(Channel::Mail, now).await;
    let to: Vec<_> = server.received().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, ["new@yamada.jp"]);
}

/// What was planned while it looked after the clinic is none of its business any more.
#[tokio::test]
async fn an_organisation_that_looks_after_the_clinic_no_more_gets_nothing() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("own@yamada.jp", "ja")]).await.unwrap();
    clinic.operator("operator").await;
    let now = morning(Notice::Before3);
    assert_eq!(clinic.notices.plan(now).await.unwrap(), 2);
    clinic.store.suspend_tenant("operator", true, suspended()).await.unwrap();
    let steps = clinic.deliver(Channel::Mail, now).await;
    assert_eq!(steps, [SENT, Step::Ended(DeliveryState::Stopped)]);
    assert!(clinic.outcomes().await[1].1.contains("looks after the clinic no more"));

    // Nor does anybody hear of a clinic that is suspended itself.
    let next = morning(Notice::Before1);
    assert_eq!(clinic.notices.plan(next).await.unwrap(), 1);
    clinic.store.suspend_tenant(CLINIC, true, suspended()).await.unwrap();
    assert_eq!(clinic.deliver(Channel::Mail, next).await, [Step::Ended(DeliveryState::Stopped)]);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn addresses_that_are_none_are_not_kept() {
    let clinic = Clinic::new("").await;
    for address in
        ["", "yamada", "a b@yamada.jp", "a@yamada.jp\r\nBcc: b@x.jp", "院長@yamada.jp", "a@山田.jp"]
    {
        assert!(clinic.recipients(&[(address, "ja")]).await.is_err(), "{address:?}");
    }
    let nobody =
        clinic.notices.of(&Actor::command_line(), "nobody").await.unwrap().close_feed(issued_at()).await;
    assert!(nobody.is_err(), "no such clinic");
    assert!(clinic.store.notice_settings(CLINIC).await.unwrap().recipients.is_empty());
}

#[tokio::test]
async fn without_a_mail_server_nothing_waits_for_one() {
    let clinic = Clinic::new("").await;
    clinic.recipients(&[("a@yamada.jp", "ja")]).await.unwrap();
    assert_eq!(clinic.notices.plan(morning(Notice::Before30)).await.unwrap(), 0);
}

#[tokio::test]
async fn nothing_more_is_written_to_an_address_that_bounced_until_somebody_has_looked() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    clinic.recipients(&[("nobody@yamada.jp", "ja"), ("z@yamada.jp", "ja")]).await.unwrap();
    let first = morning(Notice::Before30);
    clinic.notices.plan(first).await.unwrap();
    let bounced = Step::Ended(DeliveryState::Bounced);
    assert_eq!(clinic.deliver(Channel::Mail, first).await, [bounced, SENT]);
    let second = morning(Notice::Before14);
    assert_eq!(clinic.notices.plan(second).await.unwrap(), 1, "to the other one only");
    assert_eq!(clinic.deliver(Channel::Mail, second).await, [SENT]);

    // An administrator says that it is good: it is asked, and this time nobody knows it again.
    let restore =
        async || clinic.settings().await.restore_address("nobody@yamada.jp", issued_at()).await.unwrap();
    assert!(restore().await);
    assert!(!restore().await, "once");
    let third = morning(Notice::Before7);
    assert_eq!(clinic.notices.plan(third).await.unwrap(), 2);
    // What had been planned when a mail came back is not sent either.
    let taken = clinic.store.deliveries(Some(DeliveryState::Sent)).await.unwrap();
    let bounce = Bounce {
        delivery: taken[0].id,
        mark: taken[0].mark.clone(),
        reason: "550 5.1.1 User unknown".to_owned(),
    };
    let address = clinic.notices.take_back(bounce, third).await.unwrap();
    assert_eq!(address.as_deref(), Some("z@yamada.jp"));
    let stopped = Step::Ended(DeliveryState::Stopped);
    assert_eq!(clinic.deliver(Channel::Mail, third).await, [Step::Ended(DeliveryState::Bounced), stopped]);
    assert_eq!(server.received().len(), 2);
}

/// A mail server that does not answer holds up the mail and nothing else: neither the
/// webhooks nor the records, in which renewals are written meanwhile.
#[tokio::test]
async fn a_herd_of_notices_behind_a_silent_mail_server_holds_up_nobody() {
    let Some((server, clinic)) = clinic_with_mail().await else { return };
    let addresses: Vec<String> = (0..20).map(|number| format!("silent{number:02}@yamada.jp")).collect();
    let pairs: Vec<_> = addresses.iter().map(|address| (address.as_str(), "ja")).collect();
    clinic.recipients(&pairs).await.unwrap();
    for number in 0..40 {
        clinic.certificate(&format!("6b{number:02}"), &format!("client1{number:02}"), None).await;
    }
    let now = morning(Notice::Before30);
    assert_eq!(clinic.notices.plan(now).await.unwrap(), 41 * 20);
    let held_up = {
        let notices = clinic.notices.clone();
        tokio::spawn(async move { notices.deliver_one(Channel::Mail, now).await })
    };
    while server.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A renewal, from its intent to its first use, while the mail hangs and 819 others wait.
    clinic.certificate("7c01", "client001", Some("5a01")).await;
    let webhook = clinic.notices.deliver_one(Channel::Webhook, now).await.unwrap();
    assert_eq!(webhook, Step::Idle, "the other channel is looked after meanwhile");
    assert!(!held_up.is_finished());
    held_up.abort();
    let stopped = clinic.store.stop_needless_deliveries(now).await.unwrap();
    assert_eq!(stopped, 19, "all of the renewed terminal's but the one under way");
}
