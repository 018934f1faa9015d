//! Several renewals at once, for which connections they are, and when to come back.

use crate::world::World;
use koshin_server::use_cases::ApiScope;

/// Whether a zip without compression has this text in it.
fn has(zip: &[u8], text: &str) -> bool {
    zip.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn several_are_renewed_at_once_and_the_others_are_named() {
    let mut world = World::start();
    let other = world.things_of("other").terminal_id;
    let id = world.target_of("clinic");
    let program = world.able_program("clinic");
    let stopped = program.send("POST", "/terminals", &[], r#"{"commonName":"client201","label":"廊下"}"#);
    let stopped = stopped.json()["terminalId"].as_i64().unwrap();
    assert_eq!(program.send("POST", &format!("/terminals/{stopped}/stop"), &[], "").status, 200);

    let both = format!(r#"{{"terminals":[{stopped},{id},{id}]}}"#);
    let answer = program.send("POST", "/renewals", &[], &both);
    assert_eq!(answer.status, 200, "{answer:?}");
    let set = answer.json();
    assert_eq!(set["prepared"].as_array().map(Vec::len), Some(1), "each once");
    assert_eq!(set["prepared"][0]["terminalId"], id);
    let left = &set["leftOut"][0];
    assert_eq!((&left["terminalId"], &left["code"]), (&stopped.into(), &"terminal-stopped".into()));
    let path = set["prepared"][0]["downloadPath"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    assert!(program.get(path).body.starts_with(b"PK"));

    let foreign = program.send("POST", "/renewals", &[], &format!(r#"{{"terminals":[{id},{other}]}}"#));
    assert_eq!((foreign.status, foreign.problem().as_str()), (404, "not-found"));
    let many: Vec<String> = (1..=51).map(|id: i64| id.to_string()).collect();
    for wrong in [String::new(), many.join(","), "1.5".to_owned(), "\"1\"".to_owned()] {
        let answer = program.send("POST", "/renewals", &[], &format!(r#"{{"terminals":[{wrong}]}}"#));
        assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some("terminals")), "{wrong}");
    }
}

#[test]
fn a_certificate_says_for_which_connections_it_is() {
    let mut world = World::start();
    let (id, serial) = (world.target_of("clinic"), world.of("clinic").target.serial());
    let program = world.able_program("clinic");
    let renew = format!("/terminals/{id}/renewals");
    assert_eq!(program.send("POST", &renew, &[], "").json()["hosts"], serde_json::json!([]));

    let hosts = r#"{"hosts":["WebORCA.cloud.example","db.cloud.example:5432"]}"#;
    let operator = world.able_program("operator");
    assert_eq!(operator.send("PUT", "/services/default/policy", &[], hosts).status, 204);
    let expected = serde_json::json!(["weborca.cloud.example", "db.cloud.example:5432"]);
    assert_eq!(program.get(&format!("/certificates/{serial}")).json()["hosts"], expected);
    let prepared = program.send("POST", &renew, &[], "").json();
    assert_eq!(prepared["hosts"], expected);
    let path = prepared["downloadPath"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    let zip = program.get(path);
    assert!(has(&zip.body, "■ 接続先") && has(&zip.body, "・db.cloud.example:5432\r\n"), "the guide says it");
}

#[test]
fn whoever_renews_too_often_is_told_when_to_come_back() {
    let mut world = World::start_with(|config| {
        let service = config["service"]["default"].as_table_mut().unwrap();
        service.insert("unused_renewals_per_day".into(), 1.into());
    });
    let id = world.target_of("clinic");
    let program = world.program("clinic", &[ApiScope::CertificatesIssue]);
    let renew = format!("/terminals/{id}/renewals");
    let mut answer = program.send("POST", &renew, &[], "");
    for _ in 0..2 {
        answer = program.send("POST", &renew, &[], "");
    }
    assert_eq!((answer.status, answer.problem().as_str()), (429, "renewal-quota"));
    assert_eq!(answer.header("retry-after"), Some("3600"));
}
