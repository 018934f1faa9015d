//! What operators' programs do: tenants, services, notices, and the lists of 一括失効.

use crate::{
    records::Records,
    support::text,
    world::{GUEST, Program, World},
};
use koshin_server::use_cases::ApiScope;
use serde_json::{Value, json};

fn good(program: &Program, path: &str) -> Value {
    let answer = program.get(path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

#[test]
fn tenants_are_added_changed_suspended_and_let_in_again() {
    let mut world = World::start();
    let operator = world.able_program("operator");
    let body = r#"{"id":"山田/医院","kind":"clinic","name":"山田医院","service":"default","hours":""}"#;
    assert_eq!(operator.send("POST", "/tenants", &[], body).status, 204);
    let again = operator.send("POST", "/tenants", &[], body);
    assert_eq!((again.status, again.problem().as_str()), (409, "tenant-exists"));
    let path = "/tenants/%E5%B1%B1%E7%94%B0%2F%E5%8C%BB%E9%99%A2";
    let shown = good(&operator, path);
    assert_eq!(
        (&shown["name"], &shown["hours"], &shown["kind"]),
        (&json!("山田医院"), &Value::Null, &json!("clinic"))
    );
    let change = r#"{"name":"山田クリニック","service":"default","hours":"22:00-06:00"}"#;
    assert_eq!(operator.send("PUT", path, &[], change).status, 204);
    let found = good(&operator, "/tenants?search=%E5%B1%B1%E7%94%B0&kind=clinic&perPage=1");
    assert_eq!((&found["total"], &found["tenants"][0]["hours"]), (&json!(1), &json!("22:00-06:00")));

    for (body, field) in [
        (r#"{"name":"a","service":"nowhere"}"#, "service"),
        (r#"{"name":"a","service":"default","hours":"9時"}"#, "hours"),
        (r#"{"name":"  ","service":"default"}"#, "name"),
        (r#"{"service":"default"}"#, "name"),
    ] {
        let answer = operator.send("PUT", path, &[], body);
        assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some(field)), "{body}");
    }
    assert_eq!(operator.send("PUT", "/tenants/nobody", &[], change).status, 404);

    let suspension = format!("/tenants/{GUEST}/suspension");
    assert_eq!(operator.send("POST", &suspension, &[], "").status, 204);
    assert_eq!(good(&operator, &format!("/tenants/{GUEST}"))["suspended"], true);
    assert_eq!(operator.send("DELETE", &suspension, &[], "").status, 204);
    assert_eq!(good(&operator, &format!("/tenants/{GUEST}"))["suspended"], false);
    let own = operator.send("POST", "/tenants/operator/suspension", &[], "");
    assert_eq!((own.status, own.problem().as_str()), (409, "own-organisation"));
    numbers_over_all_organisations_say_of_when_they_are(&world, &operator);
}

fn numbers_over_all_organisations_say_of_when_they_are(world: &World, operator: &Program) {
    const COUNTED: [&str; 3] = ["/figures", "/terminals", "/tenants"];
    for path in COUNTED {
        assert_eq!(good(operator, path)["countedAt"], Value::Null, "few are counted each time: {path}");
    }
    // So high a number makes it look as if there were many.
    Records::open(&world.site.server.directory().join("koshin.db")).write(
        "INSERT INTO terminal (id, tenant_id, common_name, created_at, search_text) \
         VALUES (9000, 'clinic', 'client9000', 0, 'client9000')",
    );
    for path in COUNTED {
        let counted = good(operator, path)["countedAt"].clone();
        let at: jiff::Timestamp = counted.as_str().unwrap_or_default().parse().unwrap();
        assert_eq!(good(operator, path)["countedAt"], counted, "kept: {path}");
        assert!(at <= jiff::Timestamp::now(), "{path}");
    }
}

#[test]
fn a_policy_takes_the_place_of_the_files_and_gives_way_to_it_again() {
    let mut world = World::start();
    let operator = world.able_program("operator");
    let before = good(&operator, "/services/default");
    assert_eq!((&before["policy"]["hosts"], &before["changed"]), (&json!([]), &json!({})));
    let policy = r#"{"hosts":["Weborca.example"],"maxRemainingDays":120,"preferredHours":"22:00-06:00"}"#;
    assert_eq!(operator.send("PUT", "/services/default/policy", &[], policy).status, 204);
    let after = good(&operator, "/services/default");
    assert_eq!(after["policy"]["pkcs12"], before["policy"]["pkcs12"], "as the file says");
    assert_eq!(
        after["changed"],
        json!({ "hosts": ["weborca.example"], "maxRemainingDays": 120, "preferredHours": "22:00-06:00" })
    );
    assert!(after["changedBy"].as_str().unwrap().contains("taro@operator"), "{after}");
    assert_eq!(good(&operator, "/services")["services"][0], after);
    for (body, field) in [
        (r#"{"hosts":["192.0.2.1"]}"#, "hosts"),
        (r#"{"hosts":["日医.example"]}"#, "hosts"),
        (r#"{"hosts":["a.example","A.example"]}"#, "hosts"),
        (r#"{"hosts":[]}"#, "hosts"),
        (r#"{"maxRemainingDays":-1}"#, "maxRemainingDays"),
        (r#"{"preferredHours":"late"}"#, "preferredHours"),
        (r#"{"pkcs12":"des"}"#, "pkcs12"),
        (r#"{"legacyKey":7}"#, "legacyKey"),
    ] {
        let answer = operator.send("PUT", "/services/default/policy", &[], body);
        assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some(field)), "{body}");
    }
    assert_eq!(operator.send("PUT", "/services/nowhere/policy", &[], "{}").status, 404);
    assert_eq!(operator.send("PUT", "/services/default/policy", &[], "{}").status, 204);
    assert_eq!(good(&operator, "/services/default")["changed"], json!({}));
    let authority = good(&operator, "/authority");
    assert_eq!((&authority["alarm"], authority["own"].as_array().map(Vec::len)), (&json!(false), Some(2)));
}

#[test]
fn who_gets_mail_is_read_and_set() {
    let mut world = World::start();
    let clinic = world.able_program("clinic");
    let before = good(&clinic, "/notices");
    assert_eq!(
        (&before["tenant"], &before["mail"], &before["recipients"]),
        (&json!("clinic"), &json!(true), &json!([]))
    );
    let wish = |address: &str| {
        json!({
            "mail": true, "administrators": false, "language": "en", "unattended": true,
            "recipients": [{ "address": address, "language": "ja" }],
        })
        .to_string()
    };
    assert_eq!(clinic.send("PUT", "/notices", &[], &wish("soumu@example.jp")).status, 204);
    let after = good(&clinic, "/notices");
    assert_eq!(after["recipients"], json!([{ "address": "soumu@example.jp", "language": "ja" }]));
    assert_eq!(
        (&after["administrators"], &after["language"], &after["unattended"]),
        (&json!(false), &json!("en"), &json!(true))
    );
    let wrong = clinic.send("PUT", "/notices", &[], &wish("nobody"));
    assert_eq!((wrong.status, wrong.json()["field"].as_str()), (422, Some("recipients")));
    let foreign = clinic.send("PUT", "/notices?tenant=other", &[], &wish("soumu@example.jp"));
    assert_eq!(foreign.status, 404);
    let operator = world.able_program("operator");
    assert_eq!(good(&operator, "/notices?tenant=clinic"), after);
}

#[test]
fn what_was_told_of_an_event_is_listed() {
    let mut world = World::start_with(|config| {
        // Nobody listens there: what is to be mailed waits.
        let mail =
            toml::toml! { server = "127.0.0.1" port = 1 encryption = "none" from = "koshin@example.jp" };
        config.insert("mail".to_owned(), mail.into());
    });
    let clinic = world.able_program("clinic");
    let terminal = world.target_of("clinic");
    let issued = clinic.send("POST", &format!("/terminals/{terminal}/recovery-code"), &[], "");
    assert_eq!(issued.status, 201, "{issued:?}");
    let listed = good(&clinic, "/notices/deliveries");
    // The newest first; before it, the invitation of the clinic's administrator.
    let told = &listed["deliveries"][0];
    assert_eq!(
        (&told["notice"], &told["channel"], &told["endedAt"]),
        (&json!("recovery-code-issued"), &json!("mail"), &json!(null))
    );
    assert!(!listed.to_string().contains("/setup/"), "no link either: {listed}");
    let code = issued.json()["code"].as_str().unwrap().to_owned();
    assert!(!listed.to_string().contains(&code), "the code is told to whoever issued it alone");
    let foreign = clinic.get("/notices/deliveries?tenant=other");
    assert_eq!(foreign.status, 404);
    let operator = world.able_program("operator");
    assert_eq!(good(&operator, "/notices/deliveries?tenant=clinic")["deliveries"][0]["id"], told["id"]);
}

#[test]
fn a_program_prepares_a_mass_revocation_and_people_propose_and_approve_it() {
    let mut world = World::start();
    let operator = world.able_program("operator");
    let before = world.site.server.audit().len();
    let body = r#"{"tenant":"other","reason":"keyCompromise"}"#;
    let prepared = operator.send("POST", "/revocations", &[], body);
    assert_eq!(prepared.status, 201, "{prepared:?}");
    let prepared = prepared.json();
    let path = format!("/revocations/{}", prepared["id"]);
    assert_eq!(prepared["proposePath"], path.as_str());
    let shown = good(&operator, &path);
    assert_eq!(
        (&shown["revocation"]["state"], &shown["tenants"][0]["tenant"]),
        (&json!("chosen"), &json!("other"))
    );
    assert!(shown["certificates"].as_array().unwrap().len() >= 2);
    for step in ["propose", "approve", "refuse", "cancel", "proposal", "approval"] {
        assert_eq!(operator.send("POST", &format!("{path}/{step}"), &[], "").status, 404, "{step}");
    }
    assert_eq!(world.site.server.audit().len(), before, "nothing has been revoked");

    // Its maker proposes it, with both factors.
    let browser = &mut world.of("operator").browser;
    let page = browser.get(&path);
    assert!(text(&page).contains("/propose"), "{}", text(&page));
    let proposed = browser.post_from(&page, &format!("{path}/propose"), &[("sure", "yes")]);
    assert_eq!(proposed.status, 303);
    assert_eq!(good(&operator, "/revocations")["revocations"][0]["state"], "proposed");

    for (body, field) in [
        (r#"{"reason":"superseded"}"#, "tenant"),
        (r#"{"tenant":"other","serials":["0a"],"reason":"superseded"}"#, "serials"),
        (r#"{"serials":["0a"],"reason":"superseded"}"#, "serials"),
        (
            r#"{"issuedFrom":"yesterday","issuedBefore":"2026-01-01T00:00:00Z","reason":"superseded"}"#,
            "issuedFrom",
        ),
        (r#"{"issuedFrom":"2026-01-01T00:00:00Z","reason":"superseded"}"#, "issuedBefore"),
        (r#"{"tenant":"other","reason":"stolen"}"#, "reason"),
    ] {
        let answer = operator.send("POST", "/revocations", &[], body);
        assert_eq!((answer.status, answer.json()["field"].as_str()), (422, Some(field)), "{body}");
    }
    let nothing = operator.send("POST", "/revocations", &[], r#"{"tenant":"guest","reason":"superseded"}"#);
    assert_eq!((nothing.status, nothing.problem().as_str()), (409, "nothing-to-revoke"));
    let clinic = world.program("clinic", &[ApiScope::TerminalsRead]);
    assert_eq!(clinic.get("/revocations").problem(), "insufficient-scope");
}

#[test]
fn a_vendor_sees_a_terminal_and_none_of_the_clinics_people() {
    let mut world = World::start();
    let serial = world.of("clinic").desk.serial();
    let clinic = &mut world.of("clinic").browser;
    let question = clinic.get("/consents/new?vendor=vendor");
    assert_eq!(clinic.post_from(&question, "/consents", &[("vendor", "vendor")]).status, 303);
    let path = format!("/certificates/{serial}");
    let own = world.able_program("clinic").get(&path);
    assert!(String::from_utf8_lossy(&own.body).contains("signed_in"), "its own people see it");
    for program in [world.able_program("vendor"), world.program("clinic", &[ApiScope::TerminalsRead])] {
        let detail = good(&program, &path);
        assert_eq!(detail["certificate"]["serial"], serial.as_str());
        let timeline = detail["timeline"].as_array().unwrap();
        assert!(!timeline.is_empty(), "what happened to the terminal");
        let said = detail["timeline"].to_string();
        assert!(!said.contains("signed_in") && !said.contains("taro"), "{said}");
    }
}
