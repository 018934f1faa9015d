//! Accounts after their set-up: invited, closed, set up anew, changed by their owners.

use crate::world::{PASSWORD, Person, World, after_minutes, now, set_up};
use koshin_protocol::problem::ProblemCode;
use koshin_server::{
    store::{AuditRow, TrailQuery},
    use_cases::{
        Actor, InvitationRefusal, Oneself, PasswordRefusal, Session, SessionEnd, SignInRefusal, SiteError,
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use totp_rs::Totp;

const OTHER_PASSWORD: &str = "battery horse correct";

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn oneself<'a>(person: &'a Person, session: &'a Session, token: &'a SecretString) -> Oneself<'a> {
    Oneself { visitor: &person.visitor, session, token }
}

async fn ended(world: &World, person: &Person, token: &SecretString, minute: i64) -> bool {
    let found = world.koshin.site_session(&person.visitor, token, after_minutes(minute)).await;
    matches!(found, Err(SiteError::SessionEnded(SessionEnd::CredentialsChanged)))
}

async fn events(world: &World, kind: &str) -> Vec<AuditRow> {
    let query = TrailQuery { limit: 1000, ..TrailQuery::default() };
    let all = world.koshin.history(&Actor::command_line(), query).await.unwrap();
    all.into_iter().filter(|event| event.kind == kind).collect()
}

#[tokio::test]
async fn an_invitation_is_listed_until_it_is_used_withdrawn_or_over() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, world.actor("clinic").await);
    let token = koshin.invite(&actor, "clinic", "jiro@example.jp", now()).await.unwrap();
    let open = koshin.open_invitations(&actor, "clinic", now()).await.unwrap();
    assert_eq!(open.len(), 1, "hanako's own was used");
    assert_eq!((open[0].mail.as_str(), &open[0].resets), ("jiro@example.jp", &None));
    let over = koshin.open_invitations(&actor, "clinic", after_minutes(72 * 60)).await.unwrap();
    assert!(over.is_empty());

    let hash = &open[0].token_hash;
    for stranger in [world.actor("vendor").await, world.actor("other").await] {
        let listed = koshin.open_invitations(&stranger, "clinic", now()).await;
        assert!(matches!(listed, Err(SiteError::NotFound)), "{listed:?}");
        let withdrawn = koshin.withdraw_invitation(&stranger, hash, now()).await;
        assert!(matches!(withdrawn, Err(SiteError::NotFound)), "{withdrawn:?}");
    }
    koshin.withdraw_invitation(&actor, hash, now()).await.unwrap();
    assert!(matches!(koshin.withdraw_invitation(&actor, hash, now()).await, Err(SiteError::NotFound)));
    let visitor = world.visitor("clinic").await;
    let gone = koshin.invitation(&visitor, &token, now()).await;
    assert!(matches!(gone, Err(SiteError::Invitation(InvitationRefusal::Unknown))), "{gone:?}");
    assert_eq!(events(&world, "invitation_withdrawn").await.len(), 1);
}

#[tokio::test]
async fn a_reset_link_replaces_everything_by_which_the_account_was_entered() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, world.actor("clinic").await);
    let mut taro = world.person("clinic", "taro").await;
    let (token, session) = world.session(&taro, after_minutes(6)).await;
    let id = session.administrator_id;
    let own = koshin.reset_administrator(&session.actor().unwrap(), id, now()).await;
    assert!(matches!(own, Err(SiteError::Forbidden)), "not around one's own password: {own:?}");
    let foreign = koshin.reset_administrator(&world.actor("other").await, id, now()).await;
    assert!(matches!(foreign, Err(SiteError::NotFound)), "{foreign:?}");

    let earlier = koshin.reset_administrator(&actor, id, now()).await.unwrap();
    let link = koshin.reset_administrator(&actor, id, now()).await.unwrap();
    let refused = koshin.invitation(&taro.visitor, &earlier, now()).await;
    assert!(matches!(refused, Err(SiteError::Invitation(InvitationRefusal::Unknown))), "only the last one");
    let open = koshin.open_invitations(&actor, "clinic", now()).await.unwrap();
    assert_eq!(open[0].resets.as_deref(), Some("taro"));
    let info = koshin.invitation(&taro.visitor, &link, now()).await.unwrap();
    assert_eq!(info.resets.map(|account| account.login).as_deref(), Some("taro"));
    assert!(!ended(&world, &taro, &token, 7).await, "nothing ends before the link is used");

    let mut chosen = set_up("somebody else");
    chosen.password = secret(OTHER_PASSWORD);
    let enrolment = koshin.begin_set_up(&taro.visitor, &link, chosen, after_minutes(8)).await.unwrap();
    let app = Totp::from_url_unchecked(enrolment.otpauth_uri.expose_secret()).unwrap();
    let before = std::mem::replace(&mut taro.authenticator, app);
    koshin.finish_set_up(&taro.visitor, &link, &taro.code(after_minutes(8)), after_minutes(8)).await.unwrap();
    assert!(ended(&world, &taro, &token, 8).await);
    assert!(world.password(&taro, PASSWORD, after_minutes(9)).await.is_err(), "the old password");
    let half = world.password(&taro, OTHER_PASSWORD, after_minutes(9)).await.unwrap();
    let old = before.generate(u64::try_from(after_minutes(9).as_second()).unwrap()).to_string();
    assert!(koshin.check_totp(&taro.visitor, &half, &old, after_minutes(9)).await.is_err(), "the old app");
    let code = taro.code(after_minutes(9));
    koshin.check_totp(&taro.visitor, &half, &code, after_minutes(9)).await.unwrap();
    let again = koshin.begin_set_up(&taro.visitor, &link, set_up("taro"), after_minutes(9)).await;
    assert!(matches!(again, Err(SiteError::Invitation(InvitationRefusal::Used))), "{again:?}");
    let list = koshin.administrators(&actor, "clinic").await.unwrap();
    assert_eq!(list.len(), 2, "no account was added: {list:?}");
    assert_eq!(events(&world, "administrator_reset").await.len(), 1);
}

#[tokio::test]
async fn a_disabled_account_is_closed_until_it_is_enabled_and_cannot_be_reset() {
    let world = World::new().await;
    let (koshin, actor) = (&world.koshin, world.actor("clinic").await);
    let taro = world.person("clinic", "taro").await;
    let id = world.session(&taro, after_minutes(6)).await.1.administrator_id;
    assert!(matches!(koshin.enable_administrator(&actor, id, now()).await, Err(SiteError::NotFound)));
    let own = world.session(&taro, after_minutes(7)).await.1.actor().unwrap();
    let link = koshin.reset_administrator(&actor, id, now()).await.unwrap();
    koshin.disable_administrator(&actor, id, now()).await.unwrap();
    let refused = koshin.invitation(&taro.visitor, &link, now()).await;
    assert!(matches!(refused, Err(SiteError::Invitation(InvitationRefusal::Unknown))), "{refused:?}");
    let late = koshin.invite(&own, "clinic", "jiro@example.jp", now()).await;
    assert!(matches!(late, Err(SiteError::SessionEnded(SessionEnd::AccountDisabled))), "{late:?}");
    assert!(world.password(&taro, PASSWORD, after_minutes(10)).await.is_err());
    assert!(matches!(koshin.reset_administrator(&actor, id, now()).await, Err(SiteError::NotFound)));
    let stranger = world.actor("vendor").await;
    assert!(matches!(koshin.enable_administrator(&stranger, id, now()).await, Err(SiteError::NotFound)));
    koshin.enable_administrator(&actor, id, now()).await.unwrap();
    assert!(world.password(&taro, PASSWORD, after_minutes(20)).await.is_ok());

    // A link that was left behind by an earlier version says at once that it is good for nothing.
    let link = koshin.reset_administrator(&actor, id, now()).await.unwrap();
    koshin.begin_set_up(&taro.visitor, &link, set_up("taro"), now()).await.unwrap();
    world.sql("UPDATE administrator SET state = 'disabled' WHERE login = 'taro'");
    let refusals = [
        koshin.invitation(&taro.visitor, &link, now()).await.map(drop),
        koshin.begin_set_up(&taro.visitor, &link, set_up("taro"), now()).await.map(drop),
        koshin.finish_set_up(&taro.visitor, &link, "000000", now()).await,
    ];
    for refusal in refusals {
        let disabled = matches!(refusal, Err(SiteError::Invitation(InvitationRefusal::Disabled)));
        assert!(disabled, "{refusal:?}");
    }
}

/// An attempt that this server could not judge was nobody's guess.
#[tokio::test]
async fn a_failure_of_the_server_locks_nobody_out() {
    let world = World::new().await;
    let hanako = world.person("clinic", "hanako").await;
    let half = world.password(&hanako, PASSWORD, after_minutes(5)).await.unwrap();
    world.sql("ALTER TABLE administrator RENAME COLUMN totp_last_step TO away");
    for _ in 0..6 {
        let unjudged = [
            world.password(&hanako, PASSWORD, after_minutes(5)).await.map(drop),
            world.koshin.check_totp(&hanako.visitor, &half, "000000", after_minutes(5)).await.map(drop),
        ];
        for outcome in unjudged {
            assert!(matches!(outcome, Err(SiteError::UseCase(_))), "{outcome:?}");
        }
    }
    world.sql("ALTER TABLE administrator RENAME COLUMN away TO totp_last_step");
    world.session(&hanako, after_minutes(5)).await;
}

/// Nor does one that it had no place for.
#[tokio::test]
async fn an_overloaded_server_locks_nobody_out() {
    let world = World::new().await;
    let hanako = world.person("clinic", "hanako").await;
    // Nobody waits there: beyond its processors all are sent away.
    let busy = Arc::new(world.busy_node());
    let places = std::thread::available_parallelism().unwrap().get();
    let attempt = |login: String| {
        let (busy, visitor) = (Arc::clone(&busy), hanako.visitor.clone());
        tokio::spawn(async move {
            busy.check_password(&visitor, &login, secret("a guess at it 1"), after_minutes(1)).await
        })
    };
    // In this order, on one thread: the first have taken all places when the others come.
    let first: Vec<_> = (0..places).map(|number| attempt(format!("nobody{number}"))).collect();
    let sent_away: Vec<_> = (0..8).map(|_| attempt("hanako".to_owned())).collect();
    for task in sent_away {
        match task.await.unwrap() {
            Err(SiteError::UseCase(error)) => assert_eq!(error.code(), ProblemCode::Overloaded),
            other => panic!("{:?}", other.map(|session| session.expires_at)),
        }
    }
    for task in first {
        assert!(matches!(task.await.unwrap(), Err(SiteError::SignIn(_))), "these were judged");
    }
    assert!(world.password(&hanako, PASSWORD, after_minutes(1)).await.is_ok(), "not one of eight counts");
}

/// A form that was sent before the owner ended every session.
#[tokio::test]
async fn a_session_that_has_ended_meanwhile_changes_nothing() {
    let world = World::new().await;
    let hanako = world.person("clinic", "hanako").await;
    let (token, session) = world.session(&hanako, after_minutes(5)).await;
    let me = oneself(&hanako, &session, &token);
    world.koshin.sign_out(&token, after_minutes(6)).await.unwrap();
    let late = world.koshin.change_password(me, secret(PASSWORD), secret(OTHER_PASSWORD), after_minutes(6));
    let late = late.await;
    assert!(matches!(late, Err(SiteError::SessionEnded(_))), "{late:?}");
    let late = world.koshin.begin_authenticator(me, secret(PASSWORD), after_minutes(6)).await;
    assert!(matches!(late, Err(SiteError::SessionEnded(_))), "{late:?}");
    assert!(world.password(&hanako, PASSWORD, after_minutes(7)).await.is_ok());
}

#[tokio::test]
async fn a_password_is_changed_with_the_present_one_and_ends_the_other_sessions() {
    let world = World::new().await;
    let hanako = world.person("clinic", "hanako").await;
    let (other, _) = world.session(&hanako, after_minutes(5)).await;
    let (token, session) = world.session(&hanako, after_minutes(6)).await;
    let me = oneself(&hanako, &session, &token);
    let at = after_minutes(7);
    let change = |present, new| world.koshin.change_password(me, secret(present), secret(new), at);
    let wrong = change("a guess at it 1", OTHER_PASSWORD).await;
    assert!(matches!(wrong, Err(SiteError::SignIn(SignInRefusal { locked_until: None }))), "{wrong:?}");
    let short = change(PASSWORD, "short").await;
    assert!(matches!(short, Err(SiteError::Password(PasswordRefusal::TooShort))), "{short:?}");
    assert!(!ended(&world, &hanako, &other, 7).await, "nothing was changed");
    change(PASSWORD, OTHER_PASSWORD).await.unwrap();
    assert!(ended(&world, &hanako, &other, 7).await);
    assert!(!ended(&world, &hanako, &token, 7).await, "one's own goes on");
    assert!(world.password(&hanako, PASSWORD, after_minutes(8)).await.is_err());
    assert!(world.password(&hanako, OTHER_PASSWORD, after_minutes(8)).await.is_ok());
    assert_eq!(events(&world, "password_changed").await.len(), 1);
}

#[tokio::test]
async fn an_authenticator_is_changed_once_the_new_one_is_proved() {
    let world = World::new().await;
    let mut hanako = world.person("clinic", "hanako").await;
    let (other, _) = world.session(&hanako, after_minutes(5)).await;
    let (token, session) = world.session(&hanako, after_minutes(6)).await;
    let koshin = &world.koshin;
    let me = oneself(&hanako, &session, &token);
    let nothing = koshin.finish_authenticator(me, "123456", after_minutes(7)).await;
    assert!(matches!(nothing, Err(SiteError::NotFound)), "{nothing:?}");
    let wrong = koshin.begin_authenticator(me, secret("a guess at it 1"), after_minutes(7)).await;
    assert!(matches!(wrong, Err(SiteError::SignIn(_))));
    let enrolment = koshin.begin_authenticator(me, secret(PASSWORD), after_minutes(7)).await.unwrap();
    let app = Totp::from_url_unchecked(enrolment.otpauth_uri.expose_secret()).unwrap();
    let code = app.generate(u64::try_from(after_minutes(8).as_second()).unwrap()).to_string();
    let wrong = koshin.finish_authenticator(me, "abcdef", after_minutes(8)).await;
    assert!(matches!(wrong, Err(SiteError::WrongCode)), "{wrong:?}");
    let late = koshin.finish_authenticator(me, &code, after_minutes(22)).await;
    assert!(matches!(late, Err(SiteError::NotFound)), "{late:?}");
    koshin.finish_authenticator(me, &code, after_minutes(8)).await.unwrap();
    assert!(ended(&world, &hanako, &other, 8).await && !ended(&world, &hanako, &token, 8).await);

    let half = world.password(&hanako, PASSWORD, after_minutes(9)).await.unwrap();
    let old =
        koshin.check_totp(&hanako.visitor, &half, &hanako.code(after_minutes(9)), after_minutes(9)).await;
    assert!(old.is_err(), "the old app is good for nothing");
    hanako.authenticator = app;
    let code = hanako.code(after_minutes(9));
    koshin.check_totp(&hanako.visitor, &half, &code, after_minutes(9)).await.unwrap();
}

/// Guessing at one terminal locks the account there and at terminals where its owner never
/// was, but not where they sign in every day.
#[tokio::test]
async fn nobody_is_locked_out_by_somebody_elses_guesses() {
    let world = World::new().await;
    let hanako = world.person("clinic", "hanako").await;
    world.session(&hanako, after_minutes(5)).await;
    let elsewhere = world.visitor_at("clinic", "client002").await;
    let guesser =
        Person { visitor: elsewhere, login: "hanako".to_owned(), ..world.person("other", "x-1").await };
    for _ in 0..5 {
        assert!(world.password(&guesser, "wrong password 1", after_minutes(6)).await.is_err());
    }
    let locked = world.password(&guesser, PASSWORD, after_minutes(6)).await;
    assert!(matches!(locked, Err(SiteError::SignIn(SignInRefusal { locked_until: Some(_) }))), "{locked:?}");
    assert!(world.password(&hanako, PASSWORD, after_minutes(6)).await.is_ok(), "at her own terminal");
    world.session(&hanako, after_minutes(8)).await;
    assert!(world.password(&guesser, PASSWORD, after_minutes(8)).await.is_ok(), "a sign-in clears both");
}

/// People type passwords into the wrong field; nobody reads them in the trail.
#[tokio::test]
async fn a_login_that_nobody_has_is_not_written_down() {
    let world = World::new().await;
    let hanako = world.person("clinic", "hanako").await;
    let typo = Person { login: PASSWORD.to_owned(), visitor: hanako.visitor.clone(), ..hanako };
    assert!(world.password(&typo, "hanako", after_minutes(1)).await.is_err());
    let refused = events(&world, "sign_in_refused").await;
    assert_eq!(refused.len(), 1);
    assert!(!refused[0].detail.contains(PASSWORD), "{:?}", refused[0]);
}
