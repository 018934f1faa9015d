//! Every operation, everybody who may come, every scope: the whole table, so that none is
//! forgotten.

use crate::{records::Records, world::World};
use koshin_server::{admin_api::operations, use_cases::ApiScope};

#[test]
fn every_operation_needs_its_scope_and_no_other() {
    let mut world = World::start();
    for id in ["clinic", "vendor", "operator"] {
        let things = world.things_of(id);
        let kind = world.of(id).kind;
        let open = ApiScope::open_to(kind);
        let single: Vec<_> =
            open.iter().map(|scope| (*scope, world.program(id, std::slice::from_ref(scope)))).collect();
        for operation in operations::all() {
            let case =
                |scope: ApiScope| format!("{} {} by {id} with {scope:?}", operation.method, operation.path);
            for (scope, program) in &single {
                let answer = program.perform(operation, &things);
                if operation.scope.is_none_or(|needed| needed == *scope) {
                    assert!((200..300).contains(&answer.status), "{}: {answer:?}", case(*scope));
                    continue;
                }
                assert_eq!(
                    (answer.status, answer.problem().as_str()),
                    (403, "insufficient-scope"),
                    "{}",
                    case(*scope)
                );
                let challenge = answer.header("www-authenticate").unwrap();
                let needed = operation.scope.unwrap().as_str();
                assert!(
                    challenge.contains(&format!("error=\"insufficient_scope\", scope=\"{needed}\"")),
                    "{challenge}"
                );
            }
        }
    }
}

#[test]
fn without_a_good_certificate_and_a_good_token_of_one_organisation_nothing_opens() {
    let mut world = World::start();
    let things = world.things_of("clinic");
    let token = world.able_program("clinic").token.unwrap();
    let own = world.of("clinic").desk.identity();
    let revoked = world.site.server.issue("client005");
    world.site.server.command_succeeds(&["revoke", &revoked.serial(), "--reason", "key-compromise"]);
    let stranger = world.of("other").desk.identity();
    let guess = format!("koshin_{}", "0".repeat(64));
    let visitors = [
        ("no certificate", world.with(None, Some(token.clone())), 401, "certificate-required"),
        ("no token", world.with(Some(&own), None), 401, "token-required"),
        ("another's certificate", world.with(Some(&stranger), Some(token.clone())), 401, "token-invalid"),
        ("a guessed token", world.with(Some(&own), Some(guess)), 401, "token-invalid"),
        (
            "a token of another service",
            world.with(Some(&own), Some("ghp_0123".to_owned())),
            401,
            "token-invalid",
        ),
        (
            "a revoked certificate",
            world.with(Some(&revoked.identity()), Some(token)),
            403,
            "certificate-revoked",
        ),
    ];
    for (visitor, program, status, code) in visitors {
        for operation in operations::all() {
            let answer = program.perform(operation, &things);
            let case = format!("{} {} with {visitor}", operation.method, operation.path);
            assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{case}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{case}");
            assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{case}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{case}");
        }
    }
}

#[test]
fn what_belongs_to_others_does_not_exist() {
    let mut world = World::start();
    let things = world.things_of("other");
    let serial = world.of("other").desk.serial();
    let mut records = Records::open(&world.site.server.directory().join("koshin.db"));
    for id in ["clinic", "vendor", "operator"] {
        let (program, operator) = (world.able_program(id), id == "operator");
        let before = records.dump();
        for operation in operations::all().filter(|operation| operation.path.contains('{')) {
            let answer = program.perform(operation, &things);
            let case = format!("{} {} by {id}: {answer:?}", operation.method, operation.path);
            if operation.open_to(world.of(id).kind) {
                assert_eq!(answer.status == 404, !operator, "{case}");
            } else {
                assert_eq!(answer.problem(), "insufficient-scope", "{case}");
            }
        }
        assert_eq!(records.dump() != before, operator, "a refusal changes nothing: {id}");
        for list in ["/terminals", "/administrators", "/events", "/notices", "/notices/deliveries"] {
            let answer = program.get(&format!("{list}?tenant=other"));
            assert_eq!(answer.status, if operator { 200 } else { 404 }, "{list} by {id}: {answer:?}");
        }
        let all = String::from_utf8(program.get("/terminals").body).unwrap();
        assert_eq!(all.contains(&serial), operator, "{id}");
        assert!(all.contains(&world.of(id).desk.serial()), "{id} sees its own");
    }
}

#[test]
fn a_browsers_session_opens_nothing_here() {
    let mut world = World::start();
    let browser = &mut world.of("clinic").browser;
    let answer = browser.send("GET", "/api/v1/terminals", &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (401, "token-required"));
    assert!(answer.header("access-control-allow-origin").is_none());
    assert!(answer.header("set-cookie").is_none());
}
