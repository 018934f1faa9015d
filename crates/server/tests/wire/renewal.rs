//! The life of a renewal by today's contract, on both databases.

use koshin_testkit::terminal::{fetch_bundle, open_bundle, path_of};
use koshin_testkit::{Client, Database, Response, ServerInABox, ServerOptions};

use crate::support::{days_from_now, events, serial_of, set_service, states, wait_until};

const TRIAL: (&str, &str) = ("Koshin-Trial", "1");

fn post(client: &Client) -> serde_json::Value {
    let reply = client.post_json("/api/cert", "{}").unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn get_bundle(client: &Client, reply: &serde_json::Value) -> Response {
    client.get(path_of(reply["uri"].as_str().unwrap())).unwrap()
}

#[test]
fn the_first_use_of_the_new_certificate_confirms_it() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let terminal = server.issue("client001");
        let old = terminal.client();
        assert_eq!(old.get("/api/cert").unwrap().json()["state"], "in_use", "{database:?}");

        let reply = post(&old);
        let identity = fetch_bundle(&old, &reply);
        assert_eq!(server.state_of(&serial_of(&identity)), "issued");

        // A trial is answered and confirms nothing.
        let new = terminal.client_as(Some(&identity));
        let trial = new.request("GET", "/api/cert", &[TRIAL], b"").unwrap();
        assert_eq!((trial.status, trial.json()["state"].as_str()), (200, Some("issued")));
        assert_eq!(get_bundle(&old, &reply).status, 200, "it may be fetched again");

        let status = new.get("/api/cert").unwrap();
        assert_eq!((status.status, status.json()["state"].as_str()), (200, Some("in_use")), "{status:?}");
        assert_eq!(states(&server, "client001"), ["in_use", "superseded"]);

        // What follows from it: the bundle is erased, and the old one may not renew any more.
        assert_eq!(get_bundle(&new, &reply).problem(), "bundle-not-found");
        let refused = old.post_json("/api/cert", "{}").unwrap();
        assert_eq!((refused.status, refused.problem().as_str()), (403, "certificate-superseded"));
        assert_eq!(events(&server, "certificate_confirmed"), 2, "the first one and the renewed one");
    }
}

#[test]
fn a_repeat_supersedes_the_renewal_before_it() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let terminal = server.issue("client001");
        let client = terminal.client();
        let first = post(&client);
        let lost = fetch_bundle(&client, &first);
        let second = post(&client);
        assert_ne!(first["uri"], second["uri"]);
        assert_ne!(first["pass"], second["pass"]);

        assert_eq!(get_bundle(&client, &first).status, 404, "{database:?}: the first bundle is gone");
        let refused = terminal.client_as(Some(&lost)).get("/api/cert").unwrap();
        assert_eq!((refused.status, refused.problem().as_str()), (403, "certificate-superseded"));

        let kept = fetch_bundle(&client, &second);
        assert_eq!(terminal.client_as(Some(&kept)).get("/api/cert").unwrap().status, 200);
        assert_eq!(states(&server, "client001"), ["in_use", "superseded", "superseded"]);
    }
}

#[test]
fn a_bundle_is_for_the_terminal_that_asked() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let mine = server.issue("client001").client();
        let neighbour = server.issue("client002").client();
        server.command_succeeds(&["tenant", "add", "other", "--name", "別の医院"]);
        // The same name at another clinic is another terminal.
        let stranger = server.issue_with("client001", &["--tenant", "other"]).client();

        let reply = post(&mine);
        for other in [&neighbour, &stranger] {
            let refused = get_bundle(other, &reply);
            assert_eq!(
                (refused.status, refused.problem().as_str()),
                (404, "bundle-not-found"),
                "{database:?}"
            );
        }
        // The same answer as for a token that never was, so that nothing can be probed.
        let never = neighbour.get("/api/cert/bundle/AAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        assert_eq!(never.body, get_bundle(&neighbour, &reply).body);

        assert_eq!(get_bundle(&mine, &reply).status, 200, "the owner still gets it");
        // Once an hour for each terminal that asks, however often it does.
        assert_eq!(events(&server, "foreign_bundle_requested"), 2);
        let event =
            server.audit().into_iter().rev().find(|event| event["event"] == "foreign_bundle_requested");
        assert_eq!(event.unwrap()["tenant"], "other", "the event names the one who asked");
    }
}

#[test]
fn what_nobody_fetched_is_erased_and_ends_as_never_delivered() {
    for database in Database::all() {
        let mut server = ServerInABox::start_with(ServerOptions {
            database: database.clone(),
            configure: Box::new(|config| {
                let bundle = toml::Table::from_iter([("lifetime_seconds".to_owned(), 3.into())]);
                config.insert("bundle".into(), bundle.into());
            }),
            ..ServerOptions::default()
        });
        let (left_alone, fetched) = (server.issue("client001").client(), server.issue("client002").client());
        let reply = post(&left_alone);
        // On a busy machine three seconds may be too short; then it is tried again.
        let mut bundle = (post(&fetched), String::new());
        wait_until("a bundle is fetched in its life", || {
            let got = get_bundle(&fetched, &bundle.0);
            if got.status == 200 {
                let identity = open_bundle(&got.body, bundle.0["pass"].as_str().unwrap());
                bundle.1 = serial_of(&identity);
            } else {
                bundle.0 = post(&fetched);
            }
            got.status == 200
        });

        wait_until("the certificate has ended", || {
            states(&server, "client001") == ["in_use", "never_delivered"]
        });
        assert!(events(&server, "bundle_erased") >= 1, "{database:?}");
        assert_eq!(get_bundle(&left_alone, &reply).problem(), "bundle-not-found", "{database:?}");
        let status = left_alone.get("/api/cert").unwrap().json();
        assert_eq!(status["renewable"], true, "the old one goes on, and may renew");
        // A bundle that was fetched may be installed somewhere: its certificate stays good.
        assert_eq!(server.state_of(&bundle.1), "issued");
    }
}

#[test]
fn status_says_what_may_be_done_and_when() {
    // Not the demonstration's window: three calendar months, as in production.
    let mut server = ServerInABox::start_with(ServerOptions {
        configure: Box::new(|config| set_service(config, "max_remaining_days", 93)),
        ..ServerOptions::default()
    });
    let fresh = server.issue_until("client001", days_from_now(400)).client();
    let status = fresh.get("/api/cert").unwrap().json();
    assert_eq!(
        (status["renewable"].as_bool(), status["reason"].as_str()),
        (Some(false), Some("renewal-too-early"))
    );
    assert!(status["reasonText"].as_str().unwrap().contains("から更新できます"), "{status}");
    let refused = fresh.post_json("/api/cert", "{}").unwrap();
    assert_eq!((refused.status, refused.problem().as_str()), (403, "renewal-too-early"));
    assert_eq!(refused.json()["opensAt"], status["window"]["start"], "both doors name the same moment");

    let due = server.issue_until("db001", days_from_now(92)).client();
    let status = due.get("/api/cert").unwrap().json();
    assert_eq!((status["renewable"].as_bool(), status["est"].as_bool()), (Some(true), Some(true)));
    assert_eq!(status["window"]["end"], status["notAfter"]);
    let inside = status["window"]["start"].as_str() <= status["suggestedAt"].as_str()
        && status["suggestedAt"].as_str() <= status["window"]["end"].as_str();
    assert!(inside, "{status}");
    post(&due);
}

#[test]
fn subject_and_tenant_come_from_the_records_and_not_from_the_body() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let client = terminal.client();
    let reply = client.post_json("/api/cert", r#"{"cn":"client002","tenant":"other"}"#).unwrap();
    assert_eq!(reply.status, 200, "more keys do no harm, and no good");
    let identity = fetch_bundle(&client, &reply.json());
    let facts = koshin_issuance::CertificateFacts::from_der(&identity.chain[0]).unwrap();
    let old = terminal.facts();
    assert_eq!((facts.common_name, facts.organization), (old.common_name, old.organization));
    assert_ne!(facts.spki_sha256, old.spki_sha256, "a new key at each renewal");
}
