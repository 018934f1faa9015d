//! Promises about accounts that several people, windows or nodes change at the same moment.

use crate::{
    accounts::{administrator, entered, invite, session},
    fixture::{Fixture, event, later},
};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use koshin_server::store::{
    AuditEvent, AuditKind, Location, NewInvitation, NewPasskey, SecondProof, SessionEnd, StoreError,
};
use secrecy::ExposeSecret;
use std::{fmt::Debug, time::Duration};
use tokio::task::JoinHandle;

fn link(token_hash: &str, invited_by: Option<i64>) -> NewInvitation {
    NewInvitation {
        token_hash: token_hash.to_owned(),
        tenant_id: "clinic".to_owned(),
        mail: "taro@example.jp".to_owned(),
        invited_by,
        expires_at: later(72),
    }
}

fn is_conflict<T: Debug>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Conflict(_)))
}

async fn all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// An organisation is never left without anybody, however many close each other's accounts.
pub(crate) async fn of_administrators_who_disable_each_other_one_stays(f: Fixture) {
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(administrator(&f, &format!("person{number}")).await);
    }
    let disable = |id| {
        let store = f.store.clone();
        tokio::spawn(
            async move { store.disable_administrator(id, event(AuditKind::AdministratorDisabled)).await },
        )
    };
    let outcomes = all(ids.into_iter().map(disable).collect()).await;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count(), 7);
    assert_eq!(outcomes.iter().filter(|outcome| is_conflict(outcome)).count(), 1, "{outcomes:?}");
    let list = f.store.administrators("clinic").await.unwrap();
    assert_eq!(list.iter().filter(|row| row.active).count(), 1);
}

pub(crate) async fn what_a_disabled_account_gave_ends_with_it(f: Fixture) {
    let (hanako, taro) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    let invite = |hash, by| f.store.add_invitation(link(hash, by), event(AuditKind::AdministratorInvited));
    let reset = |hash, of, by| f.store.add_reset(link(hash, by), of, event(AuditKind::ResetLinkIssued));
    invite("by hanako", Some(hanako)).await.unwrap();
    invite("by taro", Some(taro)).await.unwrap();
    invite("by the operator", None).await.unwrap();
    reset("of hanako", hanako, Some(taro)).await.unwrap();
    reset("of taro", taro, Some(hanako)).await.unwrap();
    let disabled = event(AuditKind::AdministratorDisabled);
    assert!(f.store.disable_administrator(hanako, disabled).await.unwrap());
    let open = f.store.open_invitations("clinic", crate::fixture::now()).await.unwrap();
    let left: Vec<&str> = open.iter().map(|row| row.token_hash.as_str()).collect();
    assert_eq!(left, ["by taro", "by the operator"]);
    assert!(f.store.invitation("token of taro").await.unwrap().unwrap().used, "the past stays");
    // What hanako sent off before.
    assert!(is_conflict(&invite("late", Some(hanako)).await));
    assert!(is_conflict(&reset("late", taro, Some(hanako)).await));
    assert!(is_conflict(&reset("late", hanako, Some(taro)).await));
}

pub(crate) async fn of_many_reset_links_at_once_one_is_good(f: Fixture) {
    let id = administrator(&f, "hanako").await;
    let issue = |number| {
        let store = f.store.clone();
        let new = link(&format!("r{number}"), None);
        tokio::spawn(async move { store.add_reset(new, id, event(AuditKind::ResetLinkIssued)).await })
    };
    for outcome in all((0..20).map(issue).collect()).await {
        outcome.unwrap();
    }
    let open = f.store.open_invitations("clinic", crate::fixture::now()).await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
}

/// A double click is no failure; a link that was withdrawn meanwhile is refused as such.
pub(crate) async fn of_many_set_ups_at_once_the_last_counts(f: Fixture) {
    f.issue("a1", None).await;
    let id = administrator(&f, "hanako").await;
    f.store.open_half_session(session("s", id)).await.unwrap();
    invite(&f, "t1").await;
    let enrol = |number: u8| {
        let store = f.store.clone();
        tokio::spawn(async move { store.keep_enrolment("t1", entered(&format!("taro{number}"))).await })
    };
    let begin = |number: u8| {
        let store = f.store.clone();
        tokio::spawn(async move { store.begin_ceremony("s", "passkey", vec![number], later(1)).await })
    };
    for outcome in all((0..20).flat_map(|number| [enrol(number), begin(number)]).collect()).await {
        outcome.unwrap();
    }
    assert!(f.store.enrolment("t1").await.unwrap().is_some());
    f.store.withdraw_invitation("t1", event(AuditKind::InvitationWithdrawn)).await.unwrap();
    assert!(is_conflict(&f.store.keep_enrolment("t1", entered("taro")).await));
    f.store.end_session("s", SessionEnd::SignedOut, crate::fixture::now(), None).await.unwrap();
    assert!(is_conflict(&f.store.begin_ceremony("s", "passkey", Vec::new(), later(1)).await));
}

/// What an intruder's session still had on its way when the owner set up the account anew.
pub(crate) async fn an_ended_session_changes_no_account(f: Fixture) {
    f.issue("a1", None).await;
    let (hanako, taro) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    f.store.open_half_session(session("own", hanako)).await.unwrap();
    f.store.open_half_session(session("taro's", taro)).await.unwrap();
    let key = |id: &str| NewPasskey {
        administrator_id: hanako,
        credential_id: id.to_owned(),
        name: "鍵".to_owned(),
        credential: "{}".to_owned(),
    };
    f.store.add_passkey(key("k1"), "own", event(AuditKind::PasskeyAdded)).await.unwrap();
    let before = f.store.credentials("clinic", "hanako").await.unwrap().unwrap();
    let id = f.store.passkeys(hanako).await.unwrap()[0].id;
    f.store.end_session("own", SessionEnd::SignedOut, crate::fixture::now(), None).await.unwrap();
    for keep in ["own", "taro's", "never was"] {
        let changed = event(AuditKind::PasswordChanged);
        assert!(is_conflict(&f.store.change_password(hanako, "x".to_owned(), keep, changed).await));
        let changed = event(AuditKind::AuthenticatorChanged);
        assert!(is_conflict(&f.store.change_authenticator(hanako, b"x".to_vec(), 300, keep, changed).await));
        let added = event(AuditKind::PasskeyAdded);
        assert!(is_conflict(&f.store.add_passkey(key("k2"), keep, added).await));
        let removed = event(AuditKind::PasskeyRemoved);
        assert!(is_conflict(&f.store.remove_passkey(hanako, id, keep, removed).await));
    }
    let after = f.store.credentials("clinic", "hanako").await.unwrap().unwrap();
    assert_eq!((before.password_hash, before.totp_sealed), (after.password_hash, after.totp_sealed));
    assert_eq!(f.store.passkeys(hanako).await.unwrap().len(), 1);
}

pub(crate) async fn links_and_terminals_are_forgotten_after_their_time(f: Fixture) {
    f.issue("a1", None).await;
    let id = administrator(&f, "hanako").await;
    f.store.open_half_session(session("half", id)).await.unwrap();
    let signed_in = AuditEvent { common_name: Some("client001".to_owned()), ..event(AuditKind::SignedIn) };
    let proof = SecondProof::Code(101);
    assert!(f.store.open_session("half", session("s", id), proof, Vec::new(), signed_in).await.unwrap());
    invite(&f, "t1").await;
    f.store.keep_enrolment("t1", entered("taro")).await.unwrap();
    assert_eq!(f.store.forget_links_and_terminals(later(71), later(-1)).await.unwrap(), 0);
    assert_eq!(f.store.forget_links_and_terminals(later(72), later(0)).await.unwrap(), 2);
    assert!(f.store.enrolment("t1").await.unwrap().is_none(), "nor what was entered");
    assert!(!f.store.knows_terminal("clinic", "hanako", "client001", later(-1)).await.unwrap());
    assert!(f.store.invitation("token of hanako").await.unwrap().unwrap().used, "the past stays");
}

/// PostgreSQL refuses U+0000 in a text; SQLite finds nothing. The connection is as good as
/// before: whoever sends such a thing does not make the server open a new one each time.
pub(crate) async fn a_text_that_no_database_takes_costs_no_connection(f: Fixture) {
    let answer = f.store.credentials("clinic", "a\0b").await.map(|found| found.is_some());
    match &f.location {
        Location::Sqlite(_) => assert!(matches!(answer, Ok(false)), "{answer:?}"),
        Location::Postgres(_) => assert!(matches!(answer, Err(StoreError::Unable(_))), "{answer:?}"),
    }
    assert!(f.store.tenant("clinic").await.unwrap().is_some());
}

/// Two that wait for each other: PostgreSQL ends one of them with a message in its own
/// language and tells no other sign through the library, so none may be needed.
pub(crate) async fn a_deadlock_is_repeated_in_whatever_language_it_is_told(f: Fixture) {
    let Location::Postgres(url) = &f.location else { return };
    let (hanako, _) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    let mut beside = PgConnection::establish(url.expose_secret()).unwrap();
    // Only the other one looks for deadlocks, and so is the one that is ended.
    beside.batch_execute("SET deadlock_timeout = '1min'; BEGIN").unwrap();
    let hold = format!("UPDATE administrator SET state = state WHERE id = {hanako}");
    beside.batch_execute(&hold).unwrap();
    let store = f.store.clone();
    let disabled = event(AuditKind::AdministratorDisabled);
    let task = tokio::spawn(async move { store.disable_administrator(hanako, disabled).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    // It holds the organisation by now and waits for the account.
    let crossing = "UPDATE tenant SET suspended = suspended WHERE id = 'clinic'; COMMIT";
    tokio::task::spawn_blocking(move || beside.batch_execute(crossing)).await.unwrap().unwrap();
    assert!(task.await.unwrap().unwrap(), "done at the second try");
}
