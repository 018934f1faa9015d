//! The administration site's use cases, with the clock in the test's hand.
#![allow(clippy::unwrap_used)]

mod accounts;
mod api_tokens;
mod issuing;
mod operators;
mod passkeys;
mod recovery;
mod renewing;
mod terminals;
mod trail;
mod world;

use jiff::SignedDuration;
use koshin_server::{
    store::{ChainBreak, TerminalQuery},
    use_cases::{Actor, InvitationRefusal, SessionEnd, SignInRefusal, SiteError, audit_trail::verify_trail},
};
use secrecy::SecretString;
use world::{PASSWORD, World, after_minutes, now, set_up};

fn refused<T>(result: Result<T, SiteError>) -> Option<SignInRefusal> {
    match result {
        Err(SiteError::SignIn(refusal)) => Some(refusal),
        _ => None,
    }
}

#[tokio::test]
async fn an_invitation_is_good_once_for_72_hours_and_for_its_own_organisation() {
    let world = World::new().await;
    let (koshin, token) = (&world.koshin, world.invited("clinic").await);
    let visitor = world.visitor("clinic").await;
    let refusal = |result: Result<_, SiteError>| match result {
        Err(SiteError::Invitation(refusal)) => Some(refusal),
        _ => None,
    };
    let stranger = world.visitor("other").await;
    let foreign = koshin.invitation(&stranger, &token, now()).await;
    assert_eq!(refusal(foreign), Some(InvitationRefusal::OtherOrganisation));
    let guess = SecretString::from("0".repeat(64));
    assert_eq!(refusal(koshin.invitation(&visitor, &guess, now()).await), Some(InvitationRefusal::Unknown));
    let late = after_minutes(72 * 60);
    assert_eq!(refusal(koshin.invitation(&visitor, &token, late).await), Some(InvitationRefusal::Expired));

    koshin.begin_set_up(&visitor, &token, set_up("hanako"), now()).await.unwrap();
    let wrong = koshin.finish_set_up(&visitor, &token, "abcdef", now()).await;
    assert!(matches!(wrong, Err(SiteError::WrongCode)), "{wrong:?}");
    assert!(koshin.invitation(&visitor, &token, now()).await.is_ok(), "a wrong code uses nothing up");
}

#[tokio::test]
async fn a_sign_in_takes_password_and_code_and_no_code_twice() {
    let world = World::new().await;
    let person = world.person("clinic", "hanako").await;
    let at = after_minutes(5);
    let half = world.password(&person, PASSWORD, at).await.unwrap();
    let session = world.koshin.site_session(&person.visitor, &half, at).await.unwrap();
    assert!(matches!(session.actor(), Err(SiteError::SecondFactorMissing)), "half is nothing");
    let code = person.code(at);
    let whole = world.koshin.check_totp(&person.visitor, &half, &code, at).await.unwrap();
    let ended = world.koshin.site_session(&person.visitor, &half, at).await;
    assert!(matches!(ended, Err(SiteError::SessionEnded(SessionEnd::Unknown))), "a new token: {ended:?}");
    assert!(world.koshin.site_session(&person.visitor, &whole.token, at).await.unwrap().actor().is_ok());

    let half = world.password(&person, PASSWORD, at).await.unwrap();
    let replayed = world.koshin.check_totp(&person.visitor, &half, &code, at).await;
    assert_eq!(refused(replayed), Some(SignInRefusal { locked_until: None }));
}

#[tokio::test]
async fn failures_lock_longer_and_longer_whether_the_account_exists_or_not() {
    let world = World::new().await;
    let mut known = world.person("clinic", "hanako").await;
    let nobody = world::Person { login: "nobody".to_owned(), ..world.person("other", "taro").await };
    for person in [&known, &nobody] {
        for _ in 0..5 {
            let answer = world.password(person, "wrong password 1", after_minutes(1)).await;
            assert_eq!(refused(answer), Some(SignInRefusal { locked_until: None }), "{}", person.login);
        }
        let locked = refused(world.password(person, PASSWORD, after_minutes(1)).await);
        assert_eq!(locked, Some(SignInRefusal { locked_until: Some(after_minutes(2)) }), "{}", person.login);
        assert!(refused(world.password(person, "wrong again 123", after_minutes(2)).await).is_some());
        let locked = refused(world.password(person, PASSWORD, after_minutes(3)).await);
        assert_eq!(locked, Some(SignInRefusal { locked_until: Some(after_minutes(4)) }), "twice as long");
    }
    // A right password is not enough to be forgiven: the code must be right as well.
    let half = world.password(&known, PASSWORD, after_minutes(4)).await.unwrap();
    let wrong = world.koshin.check_totp(&known.visitor, &half, "000000", after_minutes(4)).await;
    assert!(refused(wrong).is_some());
    let locked = refused(world.password(&known, PASSWORD, after_minutes(5)).await);
    assert!(locked.unwrap().locked_until.is_some(), "wrong codes count as well");
    world.session(&known, after_minutes(60)).await;
    known.login = "HANAKO".to_owned();
    assert!(refused(world.password(&known, "wrong password 1", after_minutes(61)).await).is_some());
    assert!(world.password(&known, PASSWORD, after_minutes(61)).await.is_ok(), "a sign-in clears the count");
}

#[tokio::test]
async fn sessions_end_by_time_by_the_certificate_and_by_the_account() {
    let world = World::new().await;
    let (hanako, taro) = (world.person("clinic", "hanako").await, world.person("clinic", "taro").await);
    let (koshin, begin) = (&world.koshin, 5);
    let (token, _) = world.session(&hanako, after_minutes(begin)).await;
    let end = |result: Result<_, SiteError>| match result {
        Err(SiteError::SessionEnded(end)) => Some(end),
        _ => None,
    };
    let stranger = world.visitor("other").await;
    let stolen = koshin.site_session(&stranger, &token, after_minutes(begin)).await;
    assert_eq!(end(stolen), Some(SessionEnd::OtherCertificate));
    // Somebody who works all day is sent away after twelve hours.
    for minute in (begin..begin + 12 * 60).step_by(25) {
        assert!(
            koshin.site_session(&hanako.visitor, &token, after_minutes(minute)).await.is_ok(),
            "{minute}"
        );
    }
    let old = koshin.site_session(&hanako.visitor, &token, after_minutes(begin + 12 * 60)).await;
    assert_eq!(end(old), Some(SessionEnd::TooOld));

    let day = 24 * 60;
    let (token, _) = world.session(&hanako, after_minutes(day)).await;
    let idle = koshin.site_session(&hanako.visitor, &token, after_minutes(day + 30)).await;
    assert_eq!(end(idle), Some(SessionEnd::Idle));

    let (token, session) = world.session(&hanako, after_minutes(day + 40)).await;
    let (other, colleague) = world.session(&taro, after_minutes(day + 40)).await;
    let actor = colleague.actor().unwrap();
    koshin.disable_administrator(&actor, session.administrator_id, after_minutes(day + 41)).await.unwrap();
    let disabled = koshin.site_session(&hanako.visitor, &token, after_minutes(day + 41)).await;
    assert_eq!(end(disabled), Some(SessionEnd::AccountDisabled));
    let itself = koshin.disable_administrator(&actor, colleague.administrator_id, after_minutes(day + 41));
    assert!(matches!(itself.await, Err(SiteError::LastAdministrator)));

    koshin.store().revoke(&world.serial_of("clinic"), "keyCompromise", now()).await.unwrap();
    let revoked = koshin.site_session(&taro.visitor, &other, after_minutes(day + 42)).await;
    assert_eq!(end(revoked), Some(SessionEnd::CertificateEnded));
}

/// Every use case that touches a terminal, by everybody, to everybody's terminal.
#[tokio::test]
async fn nobody_reaches_a_foreign_tenant() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let clinic = world.actor("clinic").await;
    koshin.grant_consent(&clinic, "vendor", now()).await.unwrap();
    let actors = [clinic, world.actor("vendor").await, world.actor("operator").await];
    let may = [["clinic"].as_slice(), &["clinic", "vendor"], &["clinic", "other", "vendor", "operator"]];
    for (actor, allowed) in actors.iter().zip(may) {
        for tenant in ["clinic", "other", "vendor", "operator"] {
            let (id, serial) = (world.terminal_of(tenant).await, world.serial_of(tenant));
            let query = TerminalQuery { tenant: Some(tenant.to_owned()), ..TerminalQuery::default() };
            let answers = [
                koshin.terminals(actor, query.clone(), now()).await.map(drop),
                koshin.all_terminals(actor, query, now()).await.map(drop),
                koshin.certificate_detail(actor, &serial, now()).await.map(drop),
                koshin.rename_terminal(actor, id, "受付2", "2階", now()).await,
                koshin.stop_terminal(actor, id, now()).await.map(drop),
            ];
            for (number, answer) in answers.iter().enumerate() {
                if allowed.contains(&tenant) {
                    assert!(answer.is_ok(), "{actor:?} to {tenant}, {number}: {answer:?}");
                } else {
                    assert!(matches!(answer, Err(SiteError::NotFound)), "{actor:?} to {tenant}: {answer:?}");
                }
            }
            if allowed.contains(&tenant) {
                koshin.undo_stop(&actors[2], id, now()).await.unwrap();
            }
        }
        let page = koshin.terminals(actor, TerminalQuery::default(), now()).await.unwrap();
        let seen: Vec<&str> = page.rows.iter().map(|row| row.tenant_id.as_str()).collect();
        assert_eq!(seen.len(), allowed.len(), "{seen:?}");
        assert!(seen.iter().all(|tenant| allowed.contains(tenant)), "{seen:?}");
    }
    // A vendor stops, but does not undo; it sees nothing of the clinic's people or trail.
    let (vendor, id) = (&actors[1], world.terminal_of("clinic").await);
    koshin.stop_terminal(vendor, id, now()).await.unwrap();
    assert!(matches!(koshin.undo_stop(vendor, id, now()).await, Err(SiteError::Forbidden)));
    assert!(matches!(koshin.administrators(vendor, "clinic").await, Err(SiteError::Forbidden)));
    let trail = koshin.audit_page(vendor, Some("clinic"), None, 10).await;
    assert!(matches!(trail, Err(SiteError::Forbidden)), "{trail:?}");
    koshin.withdraw_consent(&actors[0], "clinic", "vendor", now()).await.unwrap();
    let gone = koshin.certificate_detail(vendor, &world.serial_of("clinic"), now()).await;
    assert!(matches!(gone, Err(SiteError::NotFound)), "at once: {gone:?}");
}

#[tokio::test]
async fn a_stop_is_undone_within_24_hours_or_never() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, Actor::command_line());
    let id = world.terminal_of("clinic").await;
    let until = koshin.stop_terminal(&actor, id, now()).await.unwrap();
    assert_eq!(until, now() + SignedDuration::from_hours(24));
    assert!(matches!(koshin.stop_terminal(&actor, id, now()).await, Err(SiteError::AlreadyStopped)));
    koshin.undo_stop(&actor, id, after_minutes(24 * 60 - 1)).await.unwrap();
    assert!(matches!(koshin.undo_stop(&actor, id, now()).await, Err(SiteError::NotStopped)));
    koshin.stop_terminal(&actor, id, now()).await.unwrap();
    assert!(matches!(koshin.undo_stop(&actor, id, until).await, Err(SiteError::UndoTooLate)));
    assert_eq!(koshin.finish_stops(until).await.unwrap(), 1);
}

/// The timeline and the trail say who it was.
#[tokio::test]
async fn what_administrators_do_is_recorded_with_their_names() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, world.actor("clinic").await);
    koshin.rename_terminal(&actor, world.terminal_of("clinic").await, "受付9", "", now()).await.unwrap();
    let detail = koshin.certificate_detail(&actor, &world.serial_of("clinic"), now()).await.unwrap();
    let last = detail.timeline.last().unwrap();
    assert_eq!(last.kind, "terminal_renamed");
    assert!(last.actor.as_deref().unwrap().starts_with("hanako@clinic"), "{last:?}");
    assert_eq!((detail.terminal.label.as_deref(), detail.terminal.place), (Some("受付9"), None));
    let kinds: Vec<String> = koshin
        .audit_page(&actor, None, None, 100)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| row.tenant_id.as_deref() == Some("clinic"))
        .map(|row| row.kind)
        .collect();
    for kind in ["administrator_invited", "administrator_enrolled", "signed_in", "terminal_renamed"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind} in {kinds:?}");
    }
}

/// Whoever rules the database can cut off its end; the directory remembers.
#[tokio::test]
async fn the_end_of_the_trail_is_kept_outside_the_database() {
    let world = World::new().await;
    world.koshin.keep_chain_head(&world.home, now()).await.unwrap();
    let before = std::fs::read(world.home.audit_head()).unwrap();
    world.invited("clinic").await;
    let report = verify_trail(world.koshin.store(), &world.home, now()).await.unwrap();
    assert_eq!(report.broken, None);
    assert!(world.koshin.store().count_without_place().await.unwrap() > 0, "a check gives no places");
    world.koshin.keep_chain_head(&world.home, now()).await.unwrap();
    let report = verify_trail(world.koshin.store(), &world.home, now()).await.unwrap();
    assert_eq!(report.broken, None);
    assert_eq!(world.koshin.store().count_without_place().await.unwrap(), 0);
    let kept = std::fs::read_to_string(world.home.audit_head()).unwrap();
    assert_ne!(kept.as_bytes(), before);

    let longer = kept.replace(&format!("{}", report.head.position), "4000");
    #[expect(clippy::disallowed_methods, reason = "a torn file is no harm in a test")]
    std::fs::write(world.home.audit_head(), longer).unwrap();
    let report = verify_trail(world.koshin.store(), &world.home, now()).await.unwrap();
    assert!(matches!(report.broken, Some(ChainBreak::Truncated { kept: 4000, .. })), "{report:?}");
    assert!(
        world.koshin.keep_chain_head(&world.home, now()).await.is_err(),
        "what was kept is not overwritten"
    );
}
