//! What operators do with the service as a whole, and that nobody else can.

use crate::world::{World, after_minutes, now};
use jiff::SignedDuration;
use koshin_issuance::{CertificateFacts, KeyAlgorithm};
use koshin_server::{
    config::PolicySetting,
    store::{
        RevocationChoice, RevocationState, ServicePolicy, TenantChange, TenantKind, TenantQuery,
        TerminalQuery,
    },
    use_cases::{
        Actor, FieldRefusal, HandOver, Koshin, NewTenant, RevocationReason, RevocationRefusal,
        RevocationWish, SiteError,
    },
};

async fn operator(world: &World, login: &str) -> Actor {
    let person = world.person("operator", login).await;
    world.session(&person, after_minutes(5)).await.1.actor().unwrap()
}

fn of(tenant: &str) -> RevocationWish {
    RevocationWish {
        choice: RevocationChoice::Tenant(tenant.to_owned()),
        reason: RevocationReason::KeyCompromise,
    }
}

fn new_tenant(id: &str) -> NewTenant {
    let rest = TenantChange { name: "鈴木医院".to_owned(), service: "default".to_owned(), hours: None };
    NewTenant { id: id.to_owned(), kind: TenantKind::Clinic, rest }
}

async fn key_of_a_new_certificate(koshin: &Koshin, common_name: &str) -> KeyAlgorithm {
    let order = HandOver {
        tenant: "clinic".to_owned(),
        common_name: common_name.to_owned(),
        label: None,
        not_after: None,
    };
    let files = koshin.hand_over(order, now()).await.unwrap();
    let der = pem::parse(&files.certificate).unwrap().into_contents();
    CertificateFacts::from_der(&der).unwrap().key
}

#[tokio::test]
async fn nobody_but_operators_does_anything_to_the_service() {
    let world = World::new().await;
    let koshin = &world.koshin;
    for organisation in ["clinic", "vendor", "operator"] {
        let actor = world.actor(organisation).await;
        let change = new_tenant("x").rest;
        let answers = [
            koshin.tenants(&actor, TenantQuery::default(), now()).await.map(drop),
            koshin.tenant(&actor, "clinic", now()).await.map(drop),
            koshin.add_tenant(&actor, new_tenant("new"), now()).await,
            koshin.change_tenant(&actor, "clinic", change, now()).await,
            koshin.suspend_tenant(&actor, "other", true, now()).await,
            koshin.service_views(&actor).await.map(drop),
            koshin.set_service_policy(&actor, "default", ServicePolicy::default(), now()).await,
            koshin.authority_view(&actor, now()).await.map(drop),
            koshin.search_everything(&actor, "受付", now()).await.map(drop),
            koshin.revocations(&actor).await.map(drop),
            koshin.choose_revocation(&actor, of("clinic"), now()).await.map(drop),
        ];
        for (number, answer) in answers.iter().enumerate() {
            if organisation == "operator" {
                assert!(answer.is_ok(), "{number}: {answer:?}");
            } else {
                let forbidden = matches!(answer, Err(SiteError::Forbidden));
                assert!(forbidden, "{organisation}, {number}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_tenant_is_added_changed_and_suspended_but_never_the_operators_own() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, operator(&world, "hanako").await);
    koshin.add_tenant(&actor, new_tenant("jp00001"), now()).await.unwrap();
    let taken = koshin.add_tenant(&actor, new_tenant("jp00001"), now()).await;
    assert!(matches!(taken, Err(SiteError::TenantExists)), "{taken:?}");
    let change = |name: &str, service: &str, hours: &str| TenantChange {
        name: name.to_owned(),
        service: service.to_owned(),
        hours: Some(hours.to_owned()),
    };
    for (wrong, field) in [
        (change(" ", "default", ""), FieldRefusal::TenantName),
        (change("鈴木", "nowhere", ""), FieldRefusal::Service),
        (change("鈴木", "default", "25:00-26:00"), FieldRefusal::Hours),
    ] {
        let answer = koshin.change_tenant(&actor, "jp00001", wrong, now()).await;
        assert!(matches!(answer, Err(SiteError::Field(refused)) if refused == field), "{answer:?}");
    }
    for id in ["", " x", &"x".repeat(65), "a\nb"] {
        let answer = koshin.add_tenant(&actor, new_tenant(id), now()).await;
        assert!(matches!(answer, Err(SiteError::Field(FieldRefusal::TenantId))), "{id:?}: {answer:?}");
    }
    let good = change("鈴木クリニック", "default", "22:00-06:00");
    koshin.change_tenant(&actor, "jp00001", good, now()).await.unwrap();
    let tenant = koshin.tenant(&actor, "jp00001", now()).await.unwrap();
    assert_eq!(tenant.row.tenant.name, "鈴木クリニック");
    assert_eq!(tenant.row.hours.as_deref(), Some("22:00-06:00"));

    koshin.suspend_tenant(&actor, "clinic", true, now()).await.unwrap();
    assert!(koshin.store().peer(&world.serial_of("clinic")).await.unwrap().unwrap().tenant_suspended);
    koshin.suspend_tenant(&actor, "clinic", false, now()).await.unwrap();
    let own = koshin.suspend_tenant(&actor, "operator", true, now()).await;
    assert!(matches!(own, Err(SiteError::OwnOrganisation)), "nobody could undo it: {own:?}");
    let nobody = koshin.suspend_tenant(&actor, "nobody", true, now()).await;
    assert!(matches!(nobody, Err(SiteError::NotFound)), "{nobody:?}");
    let trail = koshin.audit_page(&actor, None, None, 50).await.unwrap();
    let changed = trail.iter().find(|row| row.kind == "tenant_changed").unwrap();
    assert!(changed.detail.contains("鈴木医院") && changed.detail.contains("22:00-06:00"), "{changed:?}");
    let suspended = trail.iter().find(|row| row.kind == "tenant_suspended").unwrap();
    assert!(suspended.actor.as_deref().unwrap().starts_with("hanako@operator"), "{suspended:?}");
}

#[tokio::test]
async fn a_policy_is_in_force_here_at_once_and_on_other_nodes_after_they_have_read_it() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, operator(&world, "hanako").await);
    let other_node = world.another_node();
    assert_eq!(key_of_a_new_certificate(koshin, "client010").await, KeyAlgorithm::Rsa { bits: 2048 });
    let policy = ServicePolicy {
        legacy_key: Some("p-256".to_owned()),
        // As the file says: follows the file.
        pkcs12: Some("compatible".to_owned()),
        ..ServicePolicy::default()
    };
    koshin.set_service_policy(&actor, "default", policy, now()).await.unwrap();
    assert_eq!(key_of_a_new_certificate(koshin, "client011").await, KeyAlgorithm::P256);
    assert_eq!(key_of_a_new_certificate(&other_node, "client012").await, KeyAlgorithm::Rsa { bits: 2048 });
    other_node.refresh_services().await.unwrap();
    assert_eq!(key_of_a_new_certificate(&other_node, "client013").await, KeyAlgorithm::P256);

    let view = koshin.service_view(&actor, "default").await.unwrap();
    assert_eq!(view.policy.pkcs12, None, "not kept, since it is the file's");
    let key = view.settings.iter().find(|view| view.setting == PolicySetting::LegacyKey).unwrap();
    assert_eq!((key.default.as_str(), key.changed.as_deref()), ("rsa-2048", Some("p-256")));

    koshin.set_service_policy(&actor, "default", ServicePolicy::default(), now()).await.unwrap();
    assert_eq!(key_of_a_new_certificate(koshin, "client014").await, KeyAlgorithm::Rsa { bits: 2048 });
    let trail = koshin.audit_page(&actor, None, None, 50).await.unwrap();
    let details: Vec<&str> = trail
        .iter()
        .filter(|row| row.kind == "service_policy_changed")
        .map(|row| row.detail.as_str())
        .collect();
    assert_eq!(
        details,
        [
            "service default: legacy_key = \"p-256\" becomes as the file says",
            "service default: as the file says becomes legacy_key = \"p-256\"",
        ]
    );
}

/// The rules are those of the file.
#[tokio::test]
async fn a_policy_that_cannot_be_meant_is_refused_by_its_setting() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, operator(&world, "hanako").await);
    let none = ServicePolicy::default;
    for (policy, setting) in [
        (ServicePolicy { max_remaining_days: Some(36_526), ..none() }, PolicySetting::Window),
        (ServicePolicy { preferred_hours: Some("late".to_owned()), ..none() }, PolicySetting::Hours),
        (ServicePolicy { pkcs12: Some("des".to_owned()), ..none() }, PolicySetting::Profile),
        (ServicePolicy { pkcs12_iterations: Some(0), ..none() }, PolicySetting::Iterations),
        (ServicePolicy { legacy_key: Some("rsa-512".to_owned()), ..none() }, PolicySetting::LegacyKey),
        (ServicePolicy { hosts: Some(vec!["https://a.example".to_owned()]), ..none() }, PolicySetting::Hosts),
    ] {
        let answer = koshin.set_service_policy(&actor, "default", policy, now()).await;
        let Err(SiteError::Policy(problem)) = answer else { panic!("{setting:?}: {answer:?}") };
        assert_eq!(problem.setting(), Some(setting));
    }
    assert_eq!(koshin.service_view(&actor, "default").await.unwrap().policy, none());
    let nowhere = koshin.set_service_policy(&actor, "nowhere", none(), now()).await;
    assert!(matches!(nowhere, Err(SiteError::NotFound)), "{nowhere:?}");
}

#[tokio::test]
async fn hosts_of_a_service_are_kept_in_one_form_and_told_with_its_certificates() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, operator(&world, "hanako").await);
    let hosts = |hosts: &[&str]| ServicePolicy {
        hosts: Some(hosts.iter().map(|&host| host.to_owned()).collect()),
        ..ServicePolicy::default()
    };
    let clinic = world.actor("clinic").await;
    let foreign = koshin.set_service_policy(&clinic, "default", hosts(&["a.example"]), now()).await;
    assert!(matches!(foreign, Err(SiteError::NotFound | SiteError::Forbidden)), "{foreign:?}");

    koshin
        .set_service_policy(&actor, "default", hosts(&["WebORCA.example", "db:5432"]), now())
        .await
        .unwrap();
    let view = koshin.service_view(&actor, "default").await.unwrap();
    let expected = ["weborca.example", "db:5432"].map(str::to_owned).to_vec();
    assert_eq!(
        (view.policy.hosts.as_ref(), view.in_force().hosts),
        (Some(&expected), Some(expected.clone()))
    );
    let serial = world.serial_of("clinic");
    assert_eq!(koshin.certificate_detail(&clinic, &serial, now()).await.unwrap().hosts, expected);
    let prepared = koshin.prepare_renewal(&clinic, world.terminal_of("clinic").await, now()).await.unwrap();
    assert_eq!(prepared.hosts, expected);
    let trail = koshin.audit_page(&actor, None, None, 50).await.unwrap();
    let changed = trail.iter().find(|row| row.kind == "service_policy_changed").unwrap();
    assert!(changed.detail.ends_with("hosts = \"weborca.example db:5432\""), "{}", changed.detail);

    koshin.set_service_policy(&actor, "default", hosts(&[]), now()).await.unwrap();
    assert_eq!(koshin.service_view(&actor, "default").await.unwrap().policy, ServicePolicy::default());
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, SiteError>) -> RevocationRefusal {
    match answer {
        Err(SiteError::Revocation(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_operators_revoke_what_one_cannot() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let (first, second) = (operator(&world, "hanako").await, operator(&world, "taro").await);
    key_of_a_new_certificate(koshin, "client010").await;
    // The second account has to be three days old.
    let later = |minutes: i64| after_minutes(4 * 24 * 60 + minutes);
    let at = later(10);
    let id = koshin.choose_revocation(&first, of("clinic"), at).await.unwrap();
    let unseen = koshin.revocation(&second, id).await;
    assert!(matches!(unseen, Err(SiteError::NotFound)), "not proposed: {unseen:?}");
    assert_eq!(refusal(koshin.approve_revocation(&first, id, at).await), RevocationRefusal::Over);
    koshin.propose_revocation(&first, id, at).await.unwrap();
    assert_eq!(koshin.carry_out_revocations(at).await.unwrap(), None, "nobody approved");

    let own = koshin.revocation(&first, id).await.unwrap();
    assert_eq!((own.needs_second, own.own, own.may_decide, own.row.total), (true, true, false, 2));
    assert_eq!(refusal(koshin.approve_revocation(&first, id, at).await), RevocationRefusal::SecondNeeded);
    let machine = koshin.approve_revocation(&Actor::command_line(), id, at).await;
    assert_eq!(refusal(machine), RevocationRefusal::SecondNeeded);
    assert!(matches!(koshin.cancel_revocation(&second, id, at).await, Err(SiteError::Forbidden)));
    let late = later(10 + 24 * 60);
    assert_eq!(refusal(koshin.approve_revocation(&second, id, late).await), RevocationRefusal::Over);

    assert!(koshin.revocation(&second, id).await.unwrap().may_decide);
    koshin.approve_revocation(&second, id, later(20)).await.unwrap();
    assert_eq!(refusal(koshin.cancel_revocation(&first, id, at).await), RevocationRefusal::Over);
    while koshin.carry_out_revocations(later(21)).await.unwrap().is_some() {}
    let done = koshin.revocation(&first, id).await.unwrap().row;
    assert_eq!((done.state, done.revoked), (RevocationState::Done, 2));
    let peer = koshin.store().peer(&world.serial_of("clinic")).await.unwrap().unwrap();
    assert_eq!(peer.state.as_str(), "revoked");
    let trail = koshin.audit_page(&first, None, None, 50).await.unwrap();
    let approved = trail.iter().find(|row| row.kind == "revocation_approved").unwrap();
    assert!(approved.actor.as_deref().unwrap().starts_with("taro@operator"), "{approved:?}");
    assert!(approved.detail.contains("proposed by hanako@operator"), "{approved:?}");
}

/// Or one operator could invite the second one, or take its account over by a reset link.
#[tokio::test]
async fn an_account_that_was_made_less_than_three_days_before_decides_nothing() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let first = operator(&world, "hanako").await;
    let invited = operator(&world, "jiro").await;
    key_of_a_new_certificate(koshin, "client010").await;
    let soon = after_minutes(3 * 24 * 60 - 1);
    let id = koshin.choose_revocation(&first, of("clinic"), soon).await.unwrap();
    koshin.propose_revocation(&first, id, soon).await.unwrap();
    assert!(!koshin.revocation(&invited, id).await.unwrap().may_decide);
    for answer in [
        koshin.approve_revocation(&invited, id, soon).await,
        koshin.refuse_revocation(&invited, id, soon).await,
    ] {
        assert_eq!(refusal(answer), RevocationRefusal::SecondNeeded);
    }
    koshin.cancel_revocation(&first, id, soon).await.unwrap();
    assert_eq!(koshin.revocation(&first, id).await.unwrap().row.state, RevocationState::Cancelled);

    let settled = after_minutes(4 * 24 * 60);
    let id = koshin.choose_revocation(&first, of("clinic"), settled).await.unwrap();
    koshin.propose_revocation(&first, id, settled).await.unwrap();
    assert!(koshin.revocation(&invited, id).await.unwrap().may_decide);
}

/// Else a script would revoke everything, one by one.
#[tokio::test]
async fn one_operator_revokes_a_few_a_day_alone() {
    let world = World::new().await;
    let (koshin, first) = (&world.koshin, operator(&world, "hanako").await);
    for number in 0..6 {
        key_of_a_new_certificate(koshin, &format!("client01{number}")).await;
    }
    let query = TerminalQuery { tenant: Some("clinic".to_owned()), per_page: 50, ..TerminalQuery::default() };
    let page = koshin.terminals(&first, query, now()).await.unwrap();
    let serials: Vec<String> = page.rows.into_iter().filter_map(|row| row.serial).collect();
    for (place, serial) in serials.into_iter().take(6).enumerate() {
        let wish = RevocationWish {
            choice: RevocationChoice::Serials(vec![serial]),
            reason: RevocationReason::KeyCompromise,
        };
        let id = koshin.choose_revocation(&first, wish, now()).await.unwrap();
        let needs_second = koshin.revocation(&first, id).await.unwrap().needs_second;
        assert_eq!(needs_second, place >= 5, "the {place}th");
        koshin.propose_revocation(&first, id, now()).await.unwrap();
        let state = koshin.revocation(&first, id).await.unwrap().row.state;
        let expected = if needs_second { RevocationState::Proposed } else { RevocationState::Approved };
        assert_eq!(state, expected);
    }
}

#[tokio::test]
async fn one_certificate_needs_one_operator_and_an_hour_ends_what_nobody_proposed() {
    let world = World::new().await;
    let (koshin, first) = (&world.koshin, operator(&world, "hanako").await);
    let id = koshin.choose_revocation(&first, of("other"), now()).await.unwrap();
    assert!(!koshin.revocation(&first, id).await.unwrap().needs_second);
    koshin.propose_revocation(&first, id, now()).await.unwrap();
    while koshin.carry_out_revocations(now()).await.unwrap().is_some() {}
    assert_eq!(koshin.revocation(&first, id).await.unwrap().row.revoked, 1);
    assert_eq!(
        refusal(koshin.choose_revocation(&first, of("other"), now()).await),
        RevocationRefusal::Nothing
    );

    let left = koshin.choose_revocation(&first, of("clinic"), now()).await.unwrap();
    koshin.outlive_revocations(after_minutes(120)).await.unwrap();
    assert!(matches!(koshin.revocation(&first, left).await, Err(SiteError::NotFound)));
}

#[tokio::test]
async fn the_ca_is_to_be_rolled_over_90_days_before_it_issues_no_full_length_any_more() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, operator(&world, "hanako").await);
    let view = koshin.authority_view(&actor, now()).await.unwrap();
    assert!(!view.alarm);
    assert_eq!(view.years, 3);
    assert_eq!(view.own.len(), 1, "no site is configured");
    let days = |days: i64| SignedDuration::from_hours(days * 24);
    for (at, alarm) in [(view.full_until - days(91), false), (view.full_until - days(90), true)] {
        assert_eq!(koshin.authority_view(&actor, at).await.unwrap().alarm, alarm, "{at}");
    }
    let one_second = SignedDuration::from_secs(1);
    assert!(koshin_policy::calendar::add_years(view.full_until, 3) <= view.issuing.not_after + one_second);
}

#[tokio::test]
async fn one_field_finds_tenants_terminals_serials_and_people() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, operator(&world, "hanako").await);
    let search = |words: &str| {
        let (koshin, actor, words) = (koshin.clone(), actor.clone(), words.to_owned());
        async move {
            let found = koshin.search_everything(&actor, &words, now()).await.unwrap();
            let all = [&found.tenants.len(), &found.terminals.len(), &found.administrators.len()];
            (all.map(|count| *count), found.certificates.len())
        }
    };
    assert_eq!(search("").await, ([0, 0, 0], 0));
    assert_eq!(search("vendorの").await, ([1, 1, 0], 0), "a terminal is found by its tenant, too");
    assert_eq!(search("受付1").await, ([0, 4, 0], 0));
    assert_eq!(search("hanako").await, ([0, 0, 1], 0));
    let serial = world.serial_of("clinic").to_uppercase();
    assert_eq!(search(&serial[..20]).await, ([0, 1, 0], 1), "the time of issue and the first random digits");
    assert_eq!(search(&serial).await, ([0, 1, 0], 1));
}
