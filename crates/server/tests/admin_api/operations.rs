//! What the operations do, and how they refuse what makes no sense.

use crate::world::World;
use koshin_testkit::Response;
use serde_json::Value;

fn good(answer: Response) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

#[test]
fn a_terminal_is_renamed_stopped_and_let_in_again() {
    let mut world = World::start();
    let (id, serial) = (world.target_of("clinic"), world.of("clinic").target.serial());
    let program = world.able_program("clinic");
    let terminal = format!("/terminals/{id}");

    let named = program.send("PUT", &format!("{terminal}/name"), &[], r#"{"label":" 会計 ","place":"2階"}"#);
    assert_eq!((named.status, named.body.len()), (204, 0), "{named:?}");
    let shown = good(program.get(&terminal));
    assert_eq!((&shown["label"], &shown["place"]), (&"会計".into(), &"2階".into()));
    assert_eq!(shown["notAfter"].as_str().map(|end| end.ends_with('Z')), Some(true), "UTC");
    let found = good(program.get("/terminals?search=%E4%BC%9A%E8%A8%88&perPage=1"));
    assert_eq!((&found["total"], &found["terminals"][0]["id"]), (&1.into(), &id.into()));

    let stop = format!("{terminal}/stop");
    let stopped = good(program.send("POST", &stop, &[], ""));
    let until: jiff::Timestamp = stopped["undoUntil"].as_str().unwrap().parse().unwrap();
    assert!(until > jiff::Timestamp::now());
    let again = program.send("POST", &stop, &[], "");
    assert_eq!((again.status, again.problem().as_str()), (409, "terminal-stopped"));
    assert_eq!(good(program.get(&terminal))["state"], "stopped");
    assert_eq!(program.send("DELETE", &stop, &[], "").status, 204);
    let again = program.send("DELETE", &stop, &[], "");
    assert_eq!((again.status, again.problem().as_str()), (409, "terminal-not-stopped"));

    let detail = good(program.get(&format!("/certificates/{serial}")));
    assert_eq!(detail["terminal"]["id"], id);
    assert_eq!(detail["certificate"]["serial"], serial.as_str());
    let kinds: Vec<&str> =
        detail["timeline"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert!(kinds.ends_with(&["terminal_renamed", "terminal_stopped", "stop_undone"]), "{kinds:?}");
    let actor = detail["timeline"].as_array().unwrap().last().unwrap()["actor"].as_str().unwrap();
    assert!(actor.starts_with("token 監視ツール of taro@clinic (administrator "), "{actor}");
}

#[test]
fn a_new_terminal_gets_a_certificate_that_opens_the_api() {
    let mut world = World::start();
    let program = world.able_program("clinic");
    let body = r#"{"commonName":"client200","label":"診察室","place":"2階"}"#;
    let made = program.send("POST", "/terminals", &[], body);
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let again = program.send("POST", "/terminals", &[], body);
    assert_eq!((again.status, again.problem().as_str()), (409, "common-name-taken"));
    let unknown = program.send("POST", "/terminals", &[], r#"{"commonName":"printer","label":"診察室"}"#);
    assert_eq!((unknown.status, unknown.json()["field"].as_str()), (422, Some("commonName")));

    let path = made["downloadPath"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let zip = program.get(&path);
    assert_eq!((zip.status, zip.header("content-type")), (200, Some("application/zip")));
    assert!(zip.body.starts_with(b"PK"), "a zip file");
    let renewed = program.send("POST", &format!("/terminals/{}/renewals", made["terminalId"]), &[], "");
    assert_eq!(renewed.status, 201, "{renewed:?}");
    assert_ne!(renewed.json()["password"], made["password"]);
    assert_eq!(program.get(&path).status, 404, "the later takes the place of the earlier");
}

#[test]
fn lists_come_in_pages_that_miss_nothing() {
    let mut world = World::start();
    for number in 10..14 {
        world.site.server.issue(&format!("client{number:03}"));
    }
    let program = world.able_program("clinic");
    let mut seen = Vec::new();
    for page in 1..=3 {
        let path = format!("/terminals?sort=commonName&order=descending&perPage=2&page={page}");
        let list = good(program.get(&path));
        assert_eq!((&list["total"], &list["page"], &list["perPage"]), (&6.into(), &page.into(), &2.into()));
        let rows = list["terminals"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["commonName"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, ["client013", "client012", "client011", "client010", "client001", "client-clinic"]);

    let (mut before, mut events) = (None, Vec::new());
    loop {
        let from = before.map(|id| format!("&before={id}")).unwrap_or_default();
        let page = good(program.get(&format!("/events?limit=4{from}")));
        events.extend(page["events"].as_array().unwrap().iter().map(|event| event["id"].as_i64().unwrap()));
        match page["nextBefore"].as_i64() {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let whole = good(program.get("/events?limit=1000"));
    assert_eq!(events.len(), whole["events"].as_array().unwrap().len());
    assert!(events.is_sorted_by(|newer, older| newer > older), "newest first, each once: {events:?}");
}

#[test]
fn who_and_how_much_are_told() {
    let mut world = World::start();
    let program = world.able_program("clinic");
    let token = good(program.get("/token"));
    assert_eq!(
        (&token["tenant"], &token["kind"], &token["madeBy"]),
        (&"clinic".into(), &"clinic".into(), &"taro".into())
    );
    assert!(program.token.as_ref().unwrap().starts_with(token["beginning"].as_str().unwrap()));
    let figures = good(program.get("/figures?weeks=4&days=7"));
    assert_eq!(figures["expiriesByWeek"].as_array().map(Vec::len), Some(4));
    assert!(figures["countedAt"].is_null(), "an organisation's own are of this moment");
    assert_eq!(good(program.get("/administrators"))["administrators"][0]["login"], "taro");
    assert_eq!(good(program.get("/consents"))["consents"].as_array().map(Vec::len), Some(0));
}

/// Method, path, headers, body; status, code, field.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str, Option<&'a str>);

#[test]
fn what_makes_no_sense_is_refused_with_its_name() {
    let mut world = World::start();
    let id = world.target_of("clinic");
    let program = world.able_program("clinic");
    let name = format!("/terminals/{id}/name");
    let text = [("Content-Type", "text/plain")];
    let typed = [("Content-Type", "application/json; charset=utf-8")];
    let long = format!(r#"{{"label":"{}"}}"#, "長".repeat(65));
    let huge = format!(r#"{{"label":"{}"}}"#, "x".repeat(70_000));
    let cases: [Case<'_>; 19] = [
        ("GET", "/terminals?page=0", &[], "", 422, "field-rejected", Some("page")),
        ("GET", "/terminals?page=one", &[], "", 422, "field-rejected", Some("page")),
        ("GET", "/terminals?sort=password", &[], "", 422, "field-rejected", Some("sort")),
        ("GET", "/terminals?page=1&page=2", &[], "", 422, "field-rejected", Some("page")),
        ("GET", "/terminals?serach=x", &[], "", 422, "field-rejected", Some("serach")),
        ("GET", "/terminals?search=%00", &[], "", 422, "field-rejected", Some("search")),
        ("PUT", &name, &[], r#"{"place":"1階"}"#, 422, "field-rejected", Some("label")),
        ("PUT", &name, &[], r#"{"label":"  "}"#, 422, "field-rejected", Some("label")),
        ("PUT", &name, &[], r#"{"label":7}"#, 422, "field-rejected", Some("label")),
        ("PUT", &name, &[], r#"{"label":"a\nb"}"#, 422, "field-rejected", Some("label")),
        ("PUT", &name, &[], &long, 422, "field-rejected", Some("label")),
        ("PUT", &name, &[], r#"{"label":"a","owner":"b"}"#, 422, "field-rejected", Some("owner")),
        ("PUT", &name, &[], r#"["label"]"#, 400, "malformed-request", None),
        ("PUT", &name, &typed, "{", 400, "malformed-request", None),
        ("PUT", &name, &[], &huge, 413, "body-too-large", None),
        ("GET", "/terminals/0", &[], "", 404, "not-found", None),
        ("GET", "/terminals/%2e%2e", &[], "", 404, "not-found", None),
        ("GET", "/terminals/%ff", &[], "", 404, "not-found", None),
        ("GET", "/nothing", &[], "", 404, "not-found", None),
    ];
    for (method, path, headers, body, status, code, field) in cases {
        let answer = program.send_exactly(method, path, headers, body);
        let case = format!("{method} {path} {body:.40}: {answer:?}");
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{case}");
        assert_eq!(answer.json()["field"].as_str(), field, "{case}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{case}");
        assert_eq!(answer.header("content-language"), Some("en"), "{case}");
    }
    for headers in [&[][..], &text] {
        let answer = program.send("PUT", &name, headers, "");
        assert_eq!((answer.status, answer.problem().as_str()), (415, "unsupported-media-type"));
    }
    let elsewhere = b"GET /api/v1/token HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let answer = world.of("clinic").browser.raw(elsewhere);
    assert_eq!((answer.status, answer.problem().as_str()), (421, "wrong-host"));
    for (method, path, allowed) in
        [("POST", "/token", "GET"), ("TRACE", "/token", "GET"), ("GET", "/terminals/1/stop", "POST,DELETE")]
    {
        let answer = program.send(method, path, &[], "");
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (405, "method-not-allowed"),
            "{method} {path}"
        );
        let allow = answer.header("allow").unwrap_or_default();
        assert!(allowed.split(',').all(|method| allow.contains(method)), "{allow}");
    }
}
