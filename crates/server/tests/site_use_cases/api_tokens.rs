//! Tokens: never more than their maker may, never longer than their maker is there.

use crate::world::{World, after_minutes, now};
use jiff::{SignedDuration, Timestamp};
use koshin_server::{
    store::TerminalQuery,
    use_cases::{Actor, ApiCaller, ApiScope, FieldRefusal, SiteError, TokenWish},
};
use secrecy::SecretString;

fn wish(scopes: &[ApiScope], days: u32) -> TokenWish {
    TokenWish { name: "監視ツール".to_owned(), scopes: scopes.to_vec(), days }
}

async fn token(world: &World, actor: &Actor, scopes: &[ApiScope], days: u32) -> SecretString {
    world.koshin.make_api_token(actor, wish(scopes, days), now()).await.unwrap().token
}

async fn caller(
    world: &World,
    organisation: &str,
    token: &SecretString,
    at: Timestamp,
) -> Result<ApiCaller, SiteError> {
    world.koshin.api_caller(&world.visitor(organisation).await, token, at).await
}

fn refused<T>(result: Result<T, SiteError>) -> bool {
    matches!(result, Err(SiteError::TokenRefused))
}

#[tokio::test]
async fn a_token_acts_for_its_maker_within_its_scopes() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let maker = world.actor("clinic").await;
    let token = token(&world, &maker, &[ApiScope::TerminalsRead], 30).await;
    let actor = caller(&world, "clinic", &token, now()).await.unwrap().actor;
    let page = koshin.terminals(&actor, TerminalQuery::default(), now()).await.unwrap();
    assert_eq!(page.total, 1, "its own organisation's");

    let terminal = world.terminal_of("clinic").await;
    let lacks = |result: Result<(), SiteError>, scope| {
        assert!(matches!(result, Err(SiteError::ScopeMissing(missing)) if missing == scope), "{result:?}")
    };
    lacks(koshin.rename_terminal(&actor, terminal, "a", "", now()).await, ApiScope::TerminalsWrite);
    lacks(koshin.stop_terminal(&actor, terminal, now()).await.map(drop), ApiScope::TerminalsWrite);
    lacks(koshin.audit_page(&actor, None, None, 1).await.map(drop), ApiScope::TrailRead);
    lacks(koshin.administrators(&actor, "clinic").await.map(drop), ApiScope::OrganisationRead);
    let foreign = world.terminal_of("other").await;
    let answer = koshin.rename_terminal(&actor, foreign, "a", "", now()).await;
    assert!(matches!(answer, Err(SiteError::NotFound)), "what is foreign does not exist: {answer:?}");

    for forbidden in [
        koshin.invite(&actor, "clinic", "a@example.jp", now()).await.map(drop),
        koshin.grant_consent(&actor, "vendor", now()).await,
        koshin.make_api_token(&actor, wish(&[ApiScope::TrailRead], 1), now()).await.map(drop),
    ] {
        assert!(
            matches!(forbidden, Err(SiteError::Forbidden)),
            "people and programs are let in by people: {forbidden:?}"
        );
    }
}

#[tokio::test]
async fn a_token_without_sight_of_terminals_sees_none_by_any_way() {
    let world = World::new().await;
    for organisation in ["clinic", "vendor", "operator"] {
        let maker = world.actor(organisation).await;
        let token = token(&world, &maker, &[ApiScope::TrailRead], 30).await;
        let actor = caller(&world, organisation, &token, now()).await.unwrap().actor;
        let koshin = &world.koshin;
        let serial = world.serial_of(organisation);
        for answer in [
            koshin.terminals(&actor, TerminalQuery::default(), now()).await.map(drop),
            koshin.all_terminals(&actor, TerminalQuery::default(), now()).await.map(drop),
            koshin.certificate_detail(&actor, &serial, now()).await.map(drop),
            koshin.expiries_by_week(&actor, 1, now()).await.map(drop),
            koshin.failure_reasons(&actor, now(), now()).await.map(drop),
            koshin.funnel(&actor, now(), now()).await.map(drop),
        ] {
            assert!(
                matches!(answer, Err(SiteError::ScopeMissing(ApiScope::TerminalsRead))),
                "{organisation}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_maker_and_by_hand() {
    let world = World::new().await;
    let koshin = &world.koshin;
    let maker = world.actor("clinic").await;
    let scopes = [ApiScope::TerminalsRead];
    let short = token(&world, &maker, &scopes, 1).await;
    let day = now() + SignedDuration::from_hours(24);
    assert!(caller(&world, "clinic", &short, day - SignedDuration::from_secs(1)).await.is_ok());
    assert!(refused(caller(&world, "clinic", &short, day).await));

    let long = token(&world, &maker, &scopes, 365).await;
    assert!(refused(caller(&world, "other", &long, now()).await), "with another organisation's certificate");
    assert!(refused(caller(&world, "clinic", &SecretString::from(""), now()).await));
    let listed = koshin.api_tokens(&maker).await.unwrap();
    koshin.revoke_api_token(&maker, listed[0].id, now()).await.unwrap();
    assert!(refused(caller(&world, "clinic", &long, now()).await), "revoked");

    let orphan = token(&world, &maker, &scopes, 365).await;
    assert!(caller(&world, "clinic", &orphan, now()).await.is_ok());
    world.person("clinic", "saburo").await;
    let accounts = koshin.administrators(&Actor::command_line(), "clinic").await.unwrap();
    let hanako = accounts.iter().find(|account| account.login == "hanako").unwrap();
    koshin.disable_administrator(&Actor::command_line(), hanako.id, after_minutes(6)).await.unwrap();
    assert!(
        refused(caller(&world, "clinic", &orphan, after_minutes(7)).await),
        "its maker's account is disabled"
    );
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_makes_no_token() {
    let world = World::new().await;
    let maker = world.actor("clinic").await;
    let scopes = &[ApiScope::TerminalsRead];
    let nameless = TokenWish { name: " ".to_owned(), ..wish(scopes, 30) };
    for (wish, expected) in [
        (nameless, FieldRefusal::Name),
        (wish(&[], 30), FieldRefusal::Scopes),
        (wish(scopes, 0), FieldRefusal::Life),
        (wish(scopes, 366), FieldRefusal::Life),
    ] {
        let answer = world.koshin.make_api_token(&maker, wish, now()).await;
        assert!(matches!(answer, Err(SiteError::Field(field)) if field == expected), "{answer:?}");
    }
    let nobody = world.koshin.make_api_token(&Actor::command_line(), wish(scopes, 30), now()).await;
    assert!(nobody.is_err(), "a token is somebody's");
    assert!(world.koshin.api_tokens(&maker).await.unwrap().is_empty());
}
