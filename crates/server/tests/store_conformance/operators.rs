//! Promises about what operators see and decide: tenants, policies, mass revocations.

use crate::{
    accounts::administrator,
    fixture::{Fixture, event, later, now, tenant, terminal},
};
use jiff::SignedDuration;
use koshin_policy::CertificateState;
use koshin_server::store::{
    AuditKind, Chosen, NewRevocation, NewTerminal, RevocationChoice, RevocationHand, RevocationRow,
    RevocationState, Scope, ServicePolicy, Store, Tenant, TenantChange, TenantKind, TenantQuery,
    TerminalQuery,
};

const MANY: u64 = 1000;

fn found(search: &str) -> TenantQuery {
    TenantQuery { search: search.to_owned(), ..TenantQuery::default() }
}

async fn add(f: &Fixture, id: &str, name: &str, kind: TenantKind) {
    let new = Tenant { id: id.to_owned(), name: name.to_owned(), kind, ..tenant(id) };
    f.store.add_tenant(new, now(), event(AuditKind::TenantAdded)).await.unwrap();
}

/// A further terminal of the clinic with a certificate in use.
async fn in_use(f: &Fixture, common_name: &str, serial: &str) {
    let new = NewTerminal { ..terminal(common_name) };
    let terminal_id = f.store.ensure_terminal(new, now()).await.unwrap().id;
    let intent = koshin_server::store::Intent { terminal_id, ..f.intent(serial) };
    let intent = f.store.record_intent(intent, now()).await.unwrap();
    let issued = event(AuditKind::CertificateIssued);
    f.store.record_certificate(intent, b"der".to_vec(), None, issued).await.unwrap();
    f.store.confirm(serial, terminal_id, now(), event(AuditKind::CertificateConfirmed)).await.unwrap();
}

pub(crate) async fn tenants_are_listed_searched_and_counted(f: Fixture) {
    add(&f, "vendor", "ﾎｼｭ株式会社", TenantKind::Vendor).await;
    add(&f, "other", "100%_医院", TenantKind::Clinic).await;
    let grantor = administrator(&f, "hanako").await;
    f.store.grant_consent("clinic", "vendor", grantor, event(AuditKind::ConsentGranted)).await.unwrap();
    in_use(&f, "client002", "b1").await;
    let ids = |query: TenantQuery| {
        let store = f.store.clone();
        async move {
            let page = store.tenants(query, later(24 * 950)).await.unwrap();
            let ids: Vec<String> = page.rows.iter().map(|row| row.tenant.id.clone()).collect();
            (page.total, ids)
        }
    };
    for (search, expected) in [
        ("保守", &[][..]),
        ("ホシュ", &["vendor"]),
        ("ＶＥＮＤＯＲ", &["vendor"]),
        ("%_", &["other"]),
        ("医院", &["other", "clinic"]),
    ] {
        let (total, mut of) = ids(found(search)).await;
        of.sort();
        let mut expected: Vec<&str> = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(of, expected, "{search}");
        assert_eq!(total, expected.len() as u64);
    }
    let vendors = TenantQuery { kind: Some(TenantKind::Vendor), ..TenantQuery::default() };
    assert_eq!(ids(vendors).await.1, ["vendor"]);
    let second = TenantQuery { page: 2, per_page: 2, ..TenantQuery::default() };
    let (total, rest) = ids(second).await;
    assert_eq!((total, rest.len()), (3, 1));
    let clinic = f.store.tenant_row("clinic", later(24 * 950)).await.unwrap().unwrap();
    assert_eq!((clinic.terminals, clinic.expiring, clinic.clinics), (2, 1, 0));
    assert_eq!(f.store.tenant_row("vendor", now()).await.unwrap().unwrap().clinics, 1);
    assert_eq!(f.store.tenant_row("nobody", now()).await.unwrap(), None);
}

pub(crate) async fn a_changed_tenant_is_found_by_its_new_name(f: Fixture) {
    let change = TenantChange {
        name: "佐藤医院".to_owned(),
        service: "other".to_owned(),
        hours: Some("22:00-06:00".to_owned()),
    };
    let changed = event(AuditKind::TenantChanged);
    assert!(f.store.change_tenant("clinic", change.clone(), changed.clone()).await.unwrap());
    assert!(!f.store.change_tenant("nobody", change, changed).await.unwrap());
    for (search, expected) in [("佐藤", 1), ("山田", 0)] {
        let terminals = TerminalQuery { search: search.to_owned(), ..TerminalQuery::default() };
        assert_eq!(f.store.tenants(found(search), now()).await.unwrap().total, expected, "{search}");
        let page = f.store.terminals(Scope::Everything, terminals, now()).await.unwrap();
        assert_eq!(page.total, expected, "the terminals of {search}");
    }
    let row = f.store.tenant_row("clinic", now()).await.unwrap().unwrap();
    assert_eq!((row.tenant.service.as_str(), row.hours.as_deref()), ("other", Some("22:00-06:00")));
    f.issue("a1", None).await;
    let peer = f.store.peer("a1").await.unwrap().unwrap();
    assert_eq!(peer.tenant_hours.as_deref(), Some("22:00-06:00"), "read with each request");
}

pub(crate) async fn a_policy_is_kept_replaced_and_forgotten_with_its_event(f: Fixture) {
    let changed = |actor: &str| koshin_server::store::AuditEvent {
        actor: Some(actor.to_owned()),
        ..event(AuditKind::ServicePolicyChanged)
    };
    let first = ServicePolicy { max_remaining_days: Some(40), ..ServicePolicy::default() };
    let second = ServicePolicy {
        pkcs12: Some("modern".to_owned()),
        hosts: Some(["weborca.cloud.example", "db.example:5432"].map(str::to_owned).to_vec()),
        ..ServicePolicy::default()
    };
    for (policy, by) in [(&first, "hanako"), (&second, "taro")] {
        f.store.set_service_policy("default", policy.clone(), changed(by)).await.unwrap();
        let rows = f.store.service_policies().await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((&rows[0].policy, rows[0].changed_by.as_str()), (policy, by));
    }
    f.store.set_service_policy("default", ServicePolicy::default(), changed("taro")).await.unwrap();
    assert_eq!(f.store.service_policies().await.unwrap(), []);
    let trail = f.store.audit_trail().await.unwrap();
    assert_eq!(trail.iter().filter(|row| row.kind == "service_policy_changed").count(), 3);
}

fn by(administrator_id: i64) -> RevocationHand {
    RevocationHand { administrator_id, name: format!("operator {administrator_id}") }
}

async fn choose(f: &Fixture, choice: RevocationChoice, chooser: i64, mark: &str) -> Chosen {
    let new = NewRevocation {
        words: "in words".to_owned(),
        reason: "keyCompromise".to_owned(),
        by: by(chooser),
        at: now(),
        mark: mark.to_owned(),
    };
    f.store.choose_revocation(choice, new, MANY).await.unwrap()
}

/// The clinic's certificates, chosen and proposed by `proposer`.
async fn proposed(f: &Fixture, proposer: i64, mark: &str) -> i64 {
    let Chosen::Recorded(id) = choose(f, RevocationChoice::Tenant("clinic".to_owned()), proposer, mark).await
    else {
        panic!("nothing to revoke");
    };
    let event = event(AuditKind::RevocationProposed);
    assert!(f.store.propose_revocation(id, proposer, RevocationState::Proposed, event).await.unwrap());
    id
}

async fn revocation(store: &Store, id: i64) -> RevocationRow {
    store.revocation(id).await.unwrap().unwrap()
}

pub(crate) async fn a_choice_fixes_exactly_its_certificates(f: Fixture) {
    let operator = administrator(&f, "hanako").await;
    for number in 0..4 {
        in_use(&f, &format!("client10{number}"), &format!("c{number}")).await;
    }
    f.store.revoke("c3", "unspecified", now()).await.unwrap();
    let serials = |of: &[&str]| RevocationChoice::Serials(of.iter().map(|&of| of.to_owned()).collect());
    let unknown = choose(&f, serials(&["c0", "ffff"]), operator, "m1").await;
    assert_eq!(unknown, Chosen::Unknown(vec!["ffff".to_owned()]));
    assert_eq!(choose(&f, serials(&["c3"]), operator, "m2").await, Chosen::Nothing, "revoked before");
    let nobody = RevocationChoice::Tenant("nobody".to_owned());
    assert_eq!(choose(&f, nobody, operator, "m3").await, Chosen::Nothing);
    let before = RevocationChoice::IssuedBetween(later(-2), now());
    assert_eq!(choose(&f, before, operator, "m4").await, Chosen::Nothing, "the end does not belong to it");

    let issued = RevocationChoice::IssuedBetween(now(), later(1));
    for (choice, expected) in
        [(serials(&["c0", "c3"]), 1), (RevocationChoice::Tenant("clinic".to_owned()), 3), (issued.clone(), 3)]
    {
        let mark = format!("{choice:?}");
        let Chosen::Recorded(id) = choose(&f, choice, operator, &mark).await else { panic!("{mark}") };
        let row = revocation(&f.store, id).await;
        assert_eq!((row.total, row.state), (expected, RevocationState::Chosen), "{mark}");
        let hits = f.store.revocation_hits(id, 2).await.unwrap();
        let clinic = ("clinic".to_owned(), "山田医院".to_owned(), expected);
        assert_eq!(hits.tenants, [clinic], "{mark}");
        assert_eq!(hits.certificates.len() as u64, expected.min(2), "as many as were asked for");
    }
    let few = NewRevocation {
        words: String::new(),
        reason: "unspecified".to_owned(),
        by: by(operator),
        at: now(),
        mark: "m5".to_owned(),
    };
    assert_eq!(f.store.choose_revocation(issued, few, 2).await.unwrap(), Chosen::TooMany(3));
}

/// Whoever stole a key may have renewed with it long before anybody noticed.
pub(crate) async fn a_choice_takes_what_waits_behind_it_and_what_was_replaced(f: Fixture) {
    let operator = administrator(&f, "hanako").await;
    f.issue("a1", None).await;
    f.confirm("a1").await;
    f.issue("a2", Some("a1")).await;
    f.confirm("a2").await;
    f.issue("a3", Some("a2")).await;
    let of = |serial: &str| RevocationChoice::Serials(vec![serial.to_owned()]);
    let cases = [(of("a2"), 2), (of("a3"), 1), (RevocationChoice::Tenant("clinic".to_owned()), 3)];
    for (choice, expected) in cases {
        let mark = format!("{choice:?}");
        let Chosen::Recorded(id) = choose(&f, choice, operator, &mark).await else { panic!("{mark}") };
        assert_eq!(revocation(&f.store, id).await.total, expected, "{mark}");
    }
}

pub(crate) async fn who_revokes_alone_is_counted(f: Fixture) {
    let (first, second) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    in_use(&f, "client100", "c0").await;
    let alone = |since| f.store.revoked_alone_since(first, since);
    let id = proposed(&f, first, "m1").await;
    assert_eq!(alone(later(-1)).await.unwrap(), 0, "it waits for somebody");
    let approved = event(AuditKind::RevocationApproved);
    let to = RevocationState::Approved;
    assert!(f.store.decide_revocation(id, to, by(second), later(-24), approved).await.unwrap());
    assert_eq!(alone(later(-1)).await.unwrap(), 0, "somebody else approved");
    let Chosen::Recorded(id) =
        choose(&f, RevocationChoice::Serials(vec!["c0".to_owned()]), first, "m2").await
    else {
        panic!("nothing to revoke");
    };
    let event = event(AuditKind::RevocationProposed);
    assert!(f.store.propose_revocation(id, first, RevocationState::Approved, event).await.unwrap());
    assert_eq!((alone(later(-1)).await.unwrap(), alone(later(1)).await.unwrap()), (1, 0));
    assert_eq!(f.store.revoked_alone_since(second, later(-1)).await.unwrap(), 0);
}

pub(crate) async fn a_proposal_is_decided_once_and_in_its_time(f: Fixture) {
    let (first, second) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    in_use(&f, "client100", "c0").await;
    let id = proposed(&f, first, "m1").await;
    let again = event(AuditKind::RevocationProposed);
    let twice = f.store.propose_revocation(id, first, RevocationState::Proposed, again.clone()).await;
    assert!(!twice.unwrap(), "proposed once");
    let decide = |id, to, since| {
        let (store, event) = (f.store.clone(), event(AuditKind::RevocationApproved));
        async move { store.decide_revocation(id, to, by(second), since, event).await.unwrap() }
    };
    assert!(!decide(id, RevocationState::Approved, now()).await, "its time is over");
    assert!(decide(id, RevocationState::Refused, later(-24)).await);
    assert!(!decide(id, RevocationState::Approved, later(-24)).await, "what was refused stays refused");
    let row = revocation(&f.store, id).await;
    assert_eq!((row.state, row.decided_by), (RevocationState::Refused, Some(by(second))));
    assert_eq!(f.store.carry_out_revocations(10, true, now()).await.unwrap(), None, "nothing was approved");

    let late = proposed(&f, first, "m2").await;
    let Chosen::Recorded(left) = choose(&f, RevocationChoice::Tenant("clinic".to_owned()), first, "m3").await
    else {
        panic!("chosen");
    };
    let foreign = f.store.propose_revocation(left, second, RevocationState::Proposed, again).await;
    assert!(!foreign.unwrap(), "somebody else's choice");
    assert_eq!(f.store.outlive_revocations(later(-1), later(-1), now()).await.unwrap(), 0);
    assert_eq!(f.store.outlive_revocations(now(), later(1), later(24)).await.unwrap(), 1);
    assert_eq!(revocation(&f.store, late).await.state, RevocationState::Outlived);
    assert!(f.store.revocation(left).await.unwrap().is_none(), "never proposed, and forgotten");
    assert_eq!(f.row("c0").await.state, CertificateState::InUse);
}

/// One certificate a part, the program ending after each.
pub(crate) async fn a_mass_revocation_goes_on_after_a_crash_until_everything_has_ended(f: Fixture) {
    let (first, second) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    for number in 0..3 {
        in_use(&f, &format!("client10{number}"), &format!("c{number}")).await;
    }
    f.issue("a1", None).await;
    f.confirm("a1").await;
    let id = proposed(&f, first, "m1").await;
    // Between proposal and approval: one terminal renews, one is revoked.
    f.issue("a2", Some("a1")).await;
    f.confirm("a2").await;
    f.store.revoke("c0", "unspecified", now()).await.unwrap();
    let approved = event(AuditKind::RevocationApproved);
    let to = RevocationState::Approved;
    assert!(f.store.decide_revocation(id, to, by(second), later(-24), approved).await.unwrap());

    let mut parts = 0;
    loop {
        let reopened = Store::open(&f.location).unwrap();
        let done =
            reopened.carry_out_revocations(1, true, now() + SignedDuration::from_secs(parts)).await.unwrap();
        let Some(done) = done else { break };
        parts += i64::try_from(done).unwrap();
        let state = revocation(&reopened, id).await.state;
        assert_eq!(state == RevocationState::Done, done == 0, "{state:?} after {parts} parts");
    }
    let row = revocation(&f.store, id).await;
    assert_eq!((row.state, row.total, row.revoked, row.already), (RevocationState::Done, 4, 3, 1));
    assert!(f.states().await.iter().all(|(_, state)| *state == "revoked"), "{:?}", f.states().await);
    let trail = f.store.audit_trail().await.unwrap();
    let of = |serial: &str| {
        let found = trail
            .iter()
            .find(|row| row.kind == "certificate_revoked" && row.serial.as_deref() == Some(serial));
        found.unwrap().clone()
    };
    let hands = format!("operator {first}, approved by operator {second}");
    assert_eq!(of("a2").actor.as_deref(), Some(hands.as_str()), "what was renewed from it ends, too");
    assert_eq!(of("c1").detail, format!("reason keyCompromise, mass revocation {id}"));
    let done = trail.iter().find(|row| row.kind == "revocation_done").unwrap();
    assert!(done.detail.contains("3 of 4 certificates revoked, 1 had been before"), "{}", done.detail);
    f.store.link_events().await.unwrap();
    assert_eq!(f.store.verify_chain(None).await.unwrap().broken, None);
}

/// Two nodes carry it out at the same time.
pub(crate) async fn of_two_that_carry_out_each_certificate_ends_once(f: Fixture) {
    let (first, second) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    for number in 0..20 {
        in_use(&f, &format!("client1{number:02}"), &format!("c{number:02}")).await;
    }
    let id = proposed(&f, first, "m1").await;
    let approved = event(AuditKind::RevocationApproved);
    let to = RevocationState::Approved;
    f.store.decide_revocation(id, to, by(second), later(-24), approved).await.unwrap();
    let carry = |store: Store| async move {
        while store.carry_out_revocations(3, true, now()).await.unwrap().is_some() {}
    };
    tokio::join!(
        tokio::spawn(carry(f.store.clone())),
        tokio::spawn(carry(Store::open(&f.location).unwrap()))
    )
    .0
    .unwrap();
    while f.store.carry_out_revocations(3, true, now()).await.unwrap().is_some() {}
    let row = revocation(&f.store, id).await;
    assert_eq!((row.state, row.revoked + row.already), (RevocationState::Done, 20));
    let trail = f.store.audit_trail().await.unwrap();
    let count = |kind: &str| trail.iter().filter(|row| row.kind == kind).count();
    assert_eq!((count("certificate_revoked"), count("revocation_done")), (20, 1));
}

pub(crate) async fn people_and_serials_are_found_and_nothing_is_interpreted(f: Fixture) {
    administrator(&f, "hanako").await;
    in_use(&f, "client100", "c0ffee").await;
    for (words, expected) in [("HANAKO", 1), ("hanako@EXAMPLE", 1), ("山田", 1), ("%", 0), ("taro", 0)] {
        let people = f.store.find_administrators(words, 20).await.unwrap();
        assert_eq!(people.len(), expected, "{words}");
    }
    for (digits, expected) in [("c0ff", 1), ("c0ffee", 1), ("c0f0", 0), ("0ffe", 0)] {
        let certificates = f.store.find_certificates(digits, 20).await.unwrap();
        assert_eq!(certificates.len(), expected, "{digits}");
    }
    f.store.revoke("c0ffee", "unspecified", now()).await.unwrap();
    let found = f.store.find_certificates("c0", 20).await.unwrap();
    assert_eq!((found[0].state, found[0].tenant_id.as_str()), (CertificateState::Revoked, "clinic"));
}
