//! 証明書更新 and 新規発行 by administrators.

use crate::world::{World, after_minutes, now};
use koshin_protocol::problem::ProblemCode;
use koshin_server::{
    store::{AuditEvent, AuditKind, Door, Intent},
    use_cases::{Actor, FieldRefusal, FirstCertificate, IssueRefusal, Prepared, SiteError},
};
use secrecy::{ExposeSecret, SecretString};
use std::{fs, future::poll_fn, pin::Pin, process::Command, sync::Arc, task::Poll};

fn hours(hours: i64) -> jiff::Timestamp {
    after_minutes(60 * hours)
}

fn refusal<T>(result: Result<T, SiteError>) -> Option<IssueRefusal> {
    match result {
        Err(SiteError::Issuing(refusal)) => Some(refusal),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    }
}

impl World {
    async fn state(&self, serial: &str) -> &'static str {
        let peer = self.koshin.store().peer(serial).await.unwrap().unwrap();
        peer.state.as_str()
    }

    async fn in_use(&self, serial: &str) {
        let terminal_id = self.koshin.store().peer(serial).await.unwrap().unwrap().terminal_id;
        let event = AuditEvent::of(AuditKind::CertificateConfirmed, now());
        assert!(self.koshin.store().confirm(serial, terminal_id, now(), event).await.unwrap());
    }

    async fn trail(&self) -> Vec<(String, Option<String>)> {
        let trail = self.koshin.store().audit_trail().await.unwrap();
        trail.into_iter().map(|row| (row.kind, row.actor)).collect()
    }
}

/// Whether OpenSSL opens what was downloaded, with the password of the page.
fn opens(world: &World, prepared: &Prepared, zip: &[u8]) {
    for program in ["openssl", "python3"] {
        if koshin_testkit::tools::require(program).is_none() {
            return;
        }
    }
    let folder = world.scratch();
    let file = folder.join("download.zip");
    #[expect(clippy::disallowed_methods, reason = "a torn file is no harm in a test")]
    fs::write(&file, zip).unwrap();
    let run = |command: &mut Command| {
        let output = command.current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let names = run(Command::new("python3").args([
        "-c",
        "import zipfile; z = zipfile.ZipFile('download.zip'); assert z.testzip() is None; z.extractall('.'); \
         print(*z.namelist(), sep='\\n')",
    ]));
    let name = &prepared.common_name;
    for expected in [format!("{name}.p12"), format!("{name}.key"), "ca.crt".to_owned(), "手順.txt".to_owned()]
    {
        assert!(names.lines().any(|name| name == expected), "{expected} in {names}");
    }
    let password = prepared.password.expose_secret();
    let openssl = |arguments: &[&str]| {
        run(Command::new("openssl").args(arguments).env("KOSHIN_TEST_PASSWORD", password))
    };
    let from = ["-in", &format!("{name}.p12"), "-passin", "env:KOSHIN_TEST_PASSWORD"];
    openssl(&[&["pkcs12", "-legacy", "-nodes", "-out", "opened.pem"], &from[..]].concat());
    let of_key =
        openssl(&["pkey", "-in", &format!("{name}.key"), "-passin", "env:KOSHIN_TEST_PASSWORD", "-pubout"]);
    let of_certificate = openssl(&["x509", "-in", &format!("{name}.crt"), "-noout", "-pubkey"]);
    let of_pkcs12 = openssl(&["x509", "-in", "opened.pem", "-noout", "-pubkey"]);
    assert_eq!((&of_key, &of_pkcs12), (&of_certificate, &of_certificate));
    openssl(&["verify", "-CAfile", "ca.crt", "-partial_chain", &format!("{name}.crt")]);
    let key = fs::read_to_string(folder.join(format!("{name}.key"))).unwrap();
    assert!(key.contains("ENCRYPTED"), "{key}");
}

#[tokio::test]
async fn a_renewal_is_downloaded_and_the_old_certificate_works_until_the_new_one_is_used() {
    let world = World::new().await;
    let (koshin, clinic, terminal) =
        (&world.koshin, world.actor("clinic").await, world.terminal_of("clinic").await);
    let old = world.serial_of("clinic");
    world.in_use(&old).await;
    let prepared = koshin.prepare_renewal(&clinic, terminal, now()).await.unwrap();
    assert_eq!(prepared.expires_at, hours(24));
    assert_eq!((world.state(&old).await, world.state(&prepared.serial).await), ("in_use", "issued"));

    for _ in 0..2 {
        let download = koshin.download(&clinic, &prepared.token, hours(1)).await.unwrap();
        assert_eq!(download.name, "client001.zip");
        opens(&world, &prepared, &download.zip);
    }
    assert_eq!(world.state(&prepared.serial).await, "issued", "a download is no first use");
    assert_eq!(koshin.erase_outlived(hours(24)).await.unwrap(), 0, "but it is a delivery");
    world.in_use(&prepared.serial).await;
    assert_eq!(world.state(&old).await, "superseded");
    let over = koshin.download(&clinic, &prepared.token, hours(2)).await;
    assert!(matches!(over, Err(SiteError::NotFound)), "the first use erases it");

    let trail = world.trail().await;
    for kind in ["certificate_renewed", "bundle_downloaded"] {
        let event = trail.iter().find(|(known, _)| known == kind).unwrap();
        assert!(event.1.as_deref().unwrap().starts_with("hanako@clinic"), "{event:?}");
    }
}

#[tokio::test]
async fn a_terminal_whose_certificate_has_expired_or_was_revoked_gets_a_new_one() {
    let world = World::new().await;
    let (koshin, operator) = (&world.koshin, Actor::command_line());
    let (old, terminal) = (world.serial_of("clinic"), world.terminal_of("clinic").await);
    world.in_use(&old).await;
    let four_years_later = hours(4 * 366 * 24);
    let prepared = koshin.prepare_renewal(&operator, terminal, four_years_later).await.unwrap();
    assert!(prepared.not_after > four_years_later);
    koshin.store().revoke(&old, "keyCompromise", now()).await.unwrap();
    let again = koshin.prepare_renewal(&operator, terminal, now()).await.unwrap();
    assert_eq!(world.state(&again.serial).await, "issued");
}

#[tokio::test]
async fn prepared_again_the_earlier_one_ends_and_what_nobody_downloads_ends_with_its_time() {
    let world = World::new().await;
    let (koshin, clinic, terminal) =
        (&world.koshin, world.actor("clinic").await, world.terminal_of("clinic").await);
    let first = koshin.prepare_renewal(&clinic, terminal, now()).await.unwrap();
    let outlook = koshin.renewal_outlook(&clinic, terminal, hours(1)).await.unwrap();
    assert_eq!(outlook.waiting.unwrap().serial, first.serial);
    let second = koshin.prepare_renewal(&clinic, terminal, hours(1)).await.unwrap();
    assert_ne!(first.password.expose_secret(), second.password.expose_secret());
    assert_eq!(
        (world.state(&first.serial).await, world.state(&second.serial).await),
        ("superseded", "issued")
    );
    assert!(matches!(koshin.download(&clinic, &first.token, hours(1)).await, Err(SiteError::NotFound)));
    assert!(koshin.download(&clinic, &SecretString::from(""), hours(1)).await.is_err());

    let late = koshin.download(&clinic, &second.token, hours(25)).await;
    assert!(matches!(late, Err(SiteError::NotFound)));
    assert_eq!(koshin.erase_outlived(hours(25)).await.unwrap(), 1);
    assert_eq!(world.state(&second.serial).await, "never_delivered");
    let outlook = koshin.renewal_outlook(&clinic, terminal, hours(25)).await.unwrap();
    assert_eq!((outlook.waiting, outlook.refusal), (None, None), "it can be prepared again");
}

/// The certificate that opened this very page was handed over and never used by an
/// application: it gives way to its successor all the same only when that works.
#[tokio::test]
async fn whoever_renews_the_terminal_in_front_of_them_stays_signed_in() {
    let world = World::new().await;
    let person = world.person("clinic", "hanako").await;
    let (token, session) = world.session(&person, after_minutes(5)).await;
    let (koshin, terminal) = (&world.koshin, world.terminal_of("clinic").await);
    let mine = world.serial_of("clinic");
    assert_eq!(world.state(&mine).await, "issued", "a visit is no first use");
    let actor = session.actor().unwrap();
    let prepared = koshin.prepare_renewal(&actor, terminal, after_minutes(6)).await.unwrap();
    assert_eq!((world.state(&mine).await, world.state(&prepared.serial).await), ("in_use", "issued"));
    assert!(koshin.site_session(&person.visitor, &token, after_minutes(7)).await.is_ok());
    assert!(koshin.download(&actor, &prepared.token, after_minutes(7)).await.is_ok());

    // Nobody ever came with the other one: it was lost on its way, and gives way at once.
    let (other, lost) = (world.terminal_of("other").await, world.serial_of("other"));
    koshin.prepare_renewal(&Actor::command_line(), other, now()).await.unwrap();
    assert_eq!(world.state(&lost).await, "superseded");
}

#[tokio::test]
async fn two_administrators_at_once_end_with_one_usable_certificate() {
    let world = World::new().await;
    let (koshin, terminal) = (&world.koshin, world.terminal_of("clinic").await);
    let (clinic, operator) = (world.actor("clinic").await, Actor::command_line());
    for _ in 0..3 {
        let (one, other) = tokio::join!(
            koshin.prepare_renewal(&clinic, terminal, now()),
            koshin.prepare_renewal(&operator, terminal, now())
        );
        let made: Vec<Prepared> = [one, other]
            .into_iter()
            .filter_map(|outcome| match outcome {
                Ok(prepared) => Some(prepared),
                Err(SiteError::Issuing(IssueRefusal::InProgress)) => None,
                Err(error) => panic!("{error}"),
            })
            .collect();
        let history = koshin.store().certificates_of(terminal).await.unwrap();
        let usable: Vec<&str> = history
            .iter()
            .filter(|row| row.state.awaits_first_use())
            .map(|row| row.serial.as_str())
            .collect();
        assert_eq!(usable.len(), 1);
        let mut downloads = 0;
        for prepared in &made {
            if koshin.download(&clinic, &prepared.token, now()).await.is_ok() {
                downloads += 1;
                assert_eq!(prepared.serial, usable[0]);
            }
        }
        assert_eq!(downloads, 1, "and whoever got it can download it");
    }
}

#[tokio::test]
async fn a_crash_after_the_intent_leaves_nothing_unknown() {
    let world = World::new().await;
    let (koshin, terminal) = (&world.koshin, world.terminal_of("clinic").await);
    let intend = |serial: &str| Intent {
        serial: serial.to_owned(),
        terminal_id: terminal,
        parent: None,
        door: Door::HandOver,
        key_fingerprint: format!("key-{serial}"),
        not_before: now(),
        not_after: hours(24),
        to_be_signed: b"tbs".to_vec(),
    };
    koshin.store().record_intent(intend("a1"), now()).await.unwrap();
    assert_eq!(koshin.erase_outlived(after_minutes(11)).await.unwrap(), 1);
    assert_eq!(world.state("a1").await, "never_delivered", "the records know how it ended");

    koshin.store().record_intent(intend("a2"), now()).await.unwrap();
    let prepared = koshin.prepare_renewal(&Actor::command_line(), terminal, now()).await.unwrap();
    assert_eq!((world.state("a2").await, world.state(&prepared.serial).await), ("superseded", "issued"));
}

#[tokio::test]
async fn others_get_neither_certificate_nor_download() {
    let world = World::new().await;
    let (koshin, terminal) = (&world.koshin, world.terminal_of("clinic").await);
    let (clinic, vendor, other) =
        (world.actor("clinic").await, world.actor("vendor").await, world.actor("other").await);
    let prepared = koshin.prepare_renewal(&clinic, terminal, now()).await.unwrap();
    for stranger in [&vendor, &other] {
        let renewed = koshin.prepare_renewal(stranger, terminal, now()).await;
        assert!(matches!(renewed, Err(SiteError::NotFound)));
        let asked = koshin.renewal_outlook(stranger, terminal, now()).await;
        assert!(matches!(asked, Err(SiteError::NotFound)));
        let downloaded = koshin.download(stranger, &prepared.token, now()).await;
        assert!(matches!(downloaded, Err(SiteError::NotFound)));
        let many = koshin.prepare_renewals(stranger, &[terminal], now()).await;
        assert!(matches!(many, Err(SiteError::NotFound)));
        let first = koshin.prepare_first(stranger, wish("clinic", "client009"), now()).await;
        assert!(matches!(first, Err(SiteError::NotFound)));
    }
    assert_eq!(world.state(&prepared.serial).await, "issued", "nothing gave way");
    koshin.grant_consent(&clinic, "vendor", now()).await.unwrap();
    assert!(koshin.download(&vendor, &prepared.token, now()).await.is_ok(), "whom the clinic lets in");
    koshin.withdraw_consent(&clinic, "clinic", "vendor", now()).await.unwrap();
    assert!(koshin.download(&vendor, &prepared.token, now()).await.is_err(), "and no longer");
}

#[tokio::test]
async fn what_cannot_be_renewed_is_refused_with_its_reason() {
    let world = World::new().await;
    let (koshin, operator, terminal) =
        (&world.koshin, Actor::command_line(), world.terminal_of("clinic").await);
    let until_2036 = hours(12 * 366 * 24);
    let too_long = koshin.prepare_renewal(&operator, terminal, until_2036).await;
    assert_eq!(refusal(too_long), Some(IssueRefusal::IssuerEndsTooSoon));

    koshin.stop_terminal(&operator, terminal, now()).await.unwrap();
    let stopped = koshin.prepare_renewal(&operator, terminal, now()).await;
    assert_eq!(refusal(stopped), Some(IssueRefusal::Stopped));
    koshin.undo_stop(&operator, terminal, now()).await.unwrap();

    koshin.suspend_tenant(&Actor::command_line(), "clinic", true, now()).await.unwrap();
    let suspended = koshin.prepare_renewal(&operator, terminal, now()).await;
    assert_eq!(refusal(suspended), Some(IssueRefusal::TenantSuspended));
    let first = koshin.prepare_first(&operator, wish("clinic", "client009"), now()).await;
    assert_eq!(refusal(first), Some(IssueRefusal::TenantSuspended));
    assert!(koshin.store().terminal_named("clinic", "client009").await.unwrap().is_none());
    koshin.suspend_tenant(&Actor::command_line(), "clinic", false, now()).await.unwrap();

    let api = koshin.prepare_first(&operator, wish("clinic", "api001"), now()).await.unwrap();
    let again = koshin.prepare_renewal(&operator, api.terminal_id, now()).await.unwrap();
    world.in_use(&again.serial).await;
    let renewed = koshin.prepare_renewal(&operator, api.terminal_id, now()).await;
    assert_eq!(refusal(renewed), Some(IssueRefusal::NotRenewableKind), "it was handed over");
}

fn wish(tenant: &str, common_name: &str) -> FirstCertificate {
    FirstCertificate {
        tenant: tenant.to_owned(),
        common_name: common_name.to_owned(),
        label: "受付9".to_owned(),
        place: " 1階 ".to_owned(),
    }
}

#[tokio::test]
async fn a_first_certificate_makes_its_terminal_known() {
    let world = World::new().await;
    let (koshin, clinic) = (&world.koshin, world.actor("clinic").await);
    let prepared = koshin.prepare_first(&clinic, wish("clinic", " client009 "), now()).await.unwrap();
    let download = koshin.download(&clinic, &prepared.token, now()).await.unwrap();
    opens(&world, &prepared, &download.zip);
    let detail = koshin.certificate_detail(&clinic, &prepared.serial, now()).await.unwrap();
    assert_eq!(
        (detail.terminal.label.as_deref(), detail.terminal.place.as_deref()),
        (Some("受付9"), Some("1階"))
    );
    let kinds: Vec<&str> = detail.timeline.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["terminal_added", "certificate_issued", "bundle_downloaded"]);

    let taken = koshin.prepare_first(&clinic, wish("clinic", "client009"), now()).await;
    assert!(
        matches!(taken, Err(SiteError::CommonNameTaken { terminal_id }) if terminal_id == prepared.terminal_id)
    );
    let field = |result: Result<Prepared, SiteError>| match result {
        Err(SiteError::Field(field)) => field,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    };
    let with = |common_name: &str, label: &str, place: &str| FirstCertificate {
        tenant: "clinic".to_owned(),
        common_name: common_name.to_owned(),
        label: label.to_owned(),
        place: place.to_owned(),
    };
    for (wish, expected) in [
        (with("", "受付", ""), FieldRefusal::CommonName),
        (with("client/1", "受付", ""), FieldRefusal::CommonName),
        (with(&"c".repeat(65), "受付", ""), FieldRefusal::CommonName),
        (with("受付", "受付", ""), FieldRefusal::CommonName),
        (with("server001", "受付", ""), FieldRefusal::Kind),
        (with("client010", "", ""), FieldRefusal::Label),
        (with("client010", "受付", &"長".repeat(65)), FieldRefusal::Place),
    ] {
        assert_eq!(field(koshin.prepare_first(&clinic, wish.clone(), now()).await), expected, "{wish:?}");
    }
    assert!(koshin.store().terminal_named("clinic", "client010").await.unwrap().is_none());
    let nowhere = koshin.prepare_first(&Actor::command_line(), wish("nobody", "client001"), now()).await;
    assert!(matches!(nowhere, Err(SiteError::NotFound)));
}

#[tokio::test]
async fn many_are_one_download_without_those_that_cannot_be_renewed() {
    let world = World::new().await;
    let (koshin, operator, clinic) = (&world.koshin, Actor::command_line(), world.actor("clinic").await);
    let api = koshin.prepare_first(&operator, wish("clinic", "api001"), now()).await.unwrap();
    world.in_use(&api.serial).await;
    let (one, other) = (world.terminal_of("clinic").await, world.terminal_of("other").await);
    let chosen = [one, other, api.terminal_id, one];
    let set = koshin.prepare_renewals(&operator, &chosen, now()).await.unwrap();
    assert_eq!(set.prepared.len(), 2, "each once");
    let left_out: Vec<_> =
        set.left_out.iter().map(|left| (left.terminal.terminal_id, left.refusal)).collect();
    assert_eq!(left_out, [(api.terminal_id, IssueRefusal::NotRenewableKind)]);
    assert_ne!(set.prepared[0].password.expose_secret(), set.prepared[1].password.expose_secret());
    let token = &set.prepared[0].token;
    assert_eq!(token.expose_secret(), set.prepared[1].token.expose_secret());
    let download = koshin.download(&operator, token, now()).await.unwrap();
    assert_eq!(download.name, "certificates-20261122.zip");

    world.in_use(&set.prepared[0].serial).await;
    let rest = koshin.download(&operator, token, now()).await.unwrap();
    assert!(rest.zip.len() < download.zip.len(), "what is in use is there no more");
    let part = koshin.download(&clinic, token, now()).await;
    assert!(matches!(part, Err(SiteError::NotFound)), "what is not all theirs");

    let many: Vec<i64> = (0..51).collect();
    let too_many = koshin.prepare_renewals(&operator, &many, now()).await;
    assert!(matches!(too_many, Err(SiteError::TooMany(50))));
}

/// Polls it once: whether it has begun and not ended.
async fn has_begun<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

/// Those that the server has no time for are named, and can be tried again.
#[tokio::test]
async fn many_do_not_fail_for_one_that_the_server_has_no_time_for() {
    let world = World::new().await;
    let hanako = world.person("clinic", "hanako").await;
    // Nobody waits there: beyond its processors all are sent away.
    let busy = Arc::new(world.busy_node());
    let guess = |number: usize| {
        let (busy, visitor) = (Arc::clone(&busy), hanako.visitor.clone());
        let (login, password) = (format!("nobody{number}"), SecretString::from("a guess at it 1"));
        Box::pin(async move { busy.check_password(&visitor, &login, password, now()).await.map(drop) })
    };
    // Each takes its place when it is first polled, and keeps it until it is polled to its end: all are taken.
    let places = std::thread::available_parallelism().unwrap().get();
    let mut guesses: Vec<_> = (0..places).map(guess).collect();
    for guess in &mut guesses {
        assert!(has_begun(guess).await, "it looks at a password");
    }
    let one_more = guess(places).await;
    assert!(
        matches!(&one_more, Err(SiteError::UseCase(error)) if error.code() == ProblemCode::Overloaded),
        "{one_more:?}"
    );

    let chosen = [world.terminal_of("clinic").await, world.terminal_of("other").await];
    let set = busy.prepare_renewals(&Actor::command_line(), &chosen, now()).await.unwrap();
    assert!(set.prepared.is_empty());
    let left_out: Vec<_> = set.left_out.iter().map(|left| left.refusal).collect();
    assert_eq!(left_out, [IssueRefusal::Busy, IssueRefusal::Busy]);

    for guess in guesses {
        assert!(matches!(guess.await, Err(SiteError::SignIn(_))), "nobody has that name");
    }
    let set = busy.prepare_renewals(&Actor::command_line(), &chosen, now()).await.unwrap();
    assert_eq!((set.prepared.len(), set.left_out.len()), (2, 0), "now it has time");
}

#[tokio::test]
async fn a_stop_says_who_and_until_when_it_can_be_undone() {
    let world = World::new().await;
    let (koshin, clinic) = (&world.koshin, world.actor("clinic").await);
    let (terminal, serial) = (world.terminal_of("clinic").await, world.serial_of("clinic"));
    let until = koshin.stop_terminal(&clinic, terminal, now()).await.unwrap();
    let stop = koshin.certificate_detail(&clinic, &serial, now()).await.unwrap().stop.unwrap();
    assert_eq!((stop.at, stop.undo_until), (now(), Some(until)));
    assert!(stop.by.unwrap().starts_with("hanako@clinic"));
    let late = koshin.certificate_detail(&clinic, &serial, until).await.unwrap().stop.unwrap();
    assert_eq!(late.undo_until, None);
}
