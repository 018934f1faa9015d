//! Promises about accounts after their set-up: reset links, passkeys, known terminals, and
//! what is remembered between two halves of an exchange.

use crate::{
    accounts::{administrator, entered, invite, session},
    fixture::{Fixture, event, later, now},
};
use jiff::SignedDuration;
use koshin_server::store::{
    AuditKind, NewInvitation, NewPasskey, SecondProof, SessionEnd, StoreError, TrailQuery, Used,
};

fn reset_link(token_hash: &str) -> NewInvitation {
    NewInvitation {
        token_hash: token_hash.to_owned(),
        tenant_id: "clinic".to_owned(),
        mail: "hanako@example.jp".to_owned(),
        invited_by: None,
        expires_at: later(72),
    }
}

fn passkey(administrator_id: i64, credential_id: &str) -> NewPasskey {
    NewPasskey {
        administrator_id,
        credential_id: credential_id.to_owned(),
        name: "鍵".to_owned(),
        credential: "{\"counter\":1}".to_owned(),
    }
}

pub(crate) async fn what_nobody_has_used_is_listed_and_can_be_withdrawn(f: Fixture) {
    let id = administrator(&f, "hanako").await;
    invite(&f, "t1").await;
    f.store.add_reset(reset_link("r1"), id, event(AuditKind::ResetLinkIssued)).await.unwrap();
    let open = f.store.open_invitations("clinic", now()).await.unwrap();
    let listed: Vec<(&str, Option<&str>)> =
        open.iter().map(|row| (row.token_hash.as_str(), row.resets.as_deref())).collect();
    assert_eq!(listed, [("r1", Some("hanako")), ("t1", None)]);
    assert!(f.store.open_invitations("clinic", later(72)).await.unwrap().is_empty(), "over");
    assert!(f.store.open_invitations("other", now()).await.unwrap().is_empty());
    let used = f.store.withdraw_invitation("token of hanako", event(AuditKind::InvitationWithdrawn)).await;
    assert!(!used.unwrap(), "what was used stays in the records");
    assert!(f.store.unused_invitation("r1").await.unwrap().is_some());
    assert!(f.store.withdraw_invitation("r1", event(AuditKind::InvitationWithdrawn)).await.unwrap());
    assert!(!f.store.withdraw_invitation("r1", event(AuditKind::InvitationWithdrawn)).await.unwrap());
    assert!(f.store.unused_invitation("r1").await.unwrap().is_none());
    assert!(f.store.reset_of("r1").await.unwrap().is_none(), "it goes with its invitation");
}

pub(crate) async fn a_reset_replaces_every_way_into_an_account(f: Fixture) {
    f.issue("a1", None).await;
    let id = administrator(&f, "hanako").await;
    f.store.open_half_session(session("half", id)).await.unwrap();
    f.store.add_passkey(passkey(id, "k1"), "half", event(AuditKind::PasskeyAdded)).await.unwrap();
    crate::api_tokens::add(&f, "token", id).await;
    f.store.add_reset(reset_link("r1"), id, event(AuditKind::ResetLinkIssued)).await.unwrap();
    f.store.add_reset(reset_link("r2"), id, event(AuditKind::ResetLinkIssued)).await.unwrap();
    assert!(f.store.invitation("r1").await.unwrap().is_none(), "only the last one is good");
    let mut anew = entered("hanako");
    anew.password_hash = "another".to_owned();
    f.store.keep_enrolment("r2", anew.clone()).await.unwrap();
    let done = f.store.finish_enrolment("r2", anew, 200, event(AuditKind::AdministratorReset)).await;
    assert_eq!(done.unwrap(), Used::Now(id), "the same account");
    let credentials = f.store.credentials("clinic", "hanako").await.unwrap().unwrap();
    assert_eq!((credentials.password_hash.as_str(), credentials.totp_last_step), ("another", 200));
    assert!(f.store.passkeys(id).await.unwrap().is_empty());
    assert!(f.store.site_session("half").await.unwrap().is_none());
    let tokens = f.store.api_tokens("clinic").await.unwrap();
    assert!(!tokens.is_empty() && tokens.iter().all(|token| token.revoked_at.is_some()), "{tokens:?}");
}

pub(crate) async fn a_disabled_account_is_enabled_once(f: Fixture) {
    let id = administrator(&f, "hanako").await;
    administrator(&f, "taro").await;
    let enable = || f.store.enable_administrator(id, event(AuditKind::AdministratorEnabled));
    assert!(!enable().await.unwrap(), "it is active");
    f.store.disable_administrator(id, event(AuditKind::AdministratorDisabled)).await.unwrap();
    let refused = f.store.add_reset(reset_link("r"), id, event(AuditKind::ResetLinkIssued)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "no way around it: {refused:?}");
    assert!(enable().await.unwrap());
    // A link that an earlier version left behind.
    f.store.add_reset(reset_link("r"), id, event(AuditKind::ResetLinkIssued)).await.unwrap();
    f.store.keep_enrolment("r", entered("hanako")).await.unwrap();
    f.sql("UPDATE administrator SET state = 'disabled' WHERE login = 'hanako'");
    assert!(!f.store.reset_of("r").await.unwrap().unwrap().active);
    let event_of = event(AuditKind::AdministratorReset);
    let reset = f.store.finish_enrolment("r", entered("hanako"), 200, event_of).await.unwrap();
    assert_eq!(reset, Used::Disabled, "a closed account stays closed");
    assert!(!f.store.invitation("r").await.unwrap().unwrap().used);
    assert!(enable().await.unwrap());
    assert!(f.store.credentials("clinic", "hanako").await.unwrap().unwrap().active);
}

pub(crate) async fn a_change_ends_all_sessions_but_one(f: Fixture) {
    f.issue("a1", None).await;
    let (hanako, taro) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    let left = async |other: &'static str| {
        let mut left = Vec::new();
        for hash in ["own", other, "colleague"] {
            if f.store.site_session(hash).await.unwrap().is_some() {
                left.push(hash);
            }
        }
        left
    };
    f.store.open_half_session(session("own", hanako)).await.unwrap();
    f.store.open_half_session(session("colleague", taro)).await.unwrap();
    for change in ["password", "authenticator", "passkey", "removed passkey"] {
        f.store.open_half_session(session(change, hanako)).await.unwrap();
        match change {
            "password" => {
                let event = event(AuditKind::PasswordChanged);
                f.store.change_password(hanako, "new".to_owned(), "own", event).await.unwrap();
            }
            "authenticator" => {
                let event = event(AuditKind::AuthenticatorChanged);
                f.store.change_authenticator(hanako, b"new".to_vec(), 300, "own", event).await.unwrap();
            }
            "passkey" => {
                let event = event(AuditKind::PasskeyAdded);
                f.store.add_passkey(passkey(hanako, "k1"), "own", event).await.unwrap();
            }
            _ => {
                let id = f.store.passkeys(hanako).await.unwrap()[0].id;
                let event = event(AuditKind::PasskeyRemoved);
                assert!(f.store.remove_passkey(hanako, id, "own", event).await.unwrap());
            }
        }
        assert_eq!(left(change).await, ["own", "colleague"], "{change}");
    }
    let credentials = f.store.credentials("clinic", "hanako").await.unwrap().unwrap();
    assert_eq!((credentials.password_hash.as_str(), credentials.totp_last_step), ("new", 300));
    assert_eq!(credentials.totp_sealed, b"new");
}

pub(crate) async fn a_passkey_belongs_to_one_account(f: Fixture) {
    f.issue("a1", None).await;
    let (hanako, taro) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    f.store.open_half_session(session("hanako's", hanako)).await.unwrap();
    f.store.open_half_session(session("taro's", taro)).await.unwrap();
    let add = |owner, own| f.store.add_passkey(passkey(owner, "k1"), own, event(AuditKind::PasskeyAdded));
    add(hanako, "hanako's").await.unwrap();
    assert!(matches!(add(taro, "taro's").await, Err(StoreError::Exists(_))));
    let id = f.store.passkeys(hanako).await.unwrap()[0].id;
    assert!(
        !f.store.rename_passkey(taro, id, "x".to_owned(), event(AuditKind::PasskeyRenamed)).await.unwrap()
    );
    assert!(!f.store.remove_passkey(taro, id, "taro's", event(AuditKind::PasskeyRemoved)).await.unwrap());
    let renamed = || event(AuditKind::PasskeyRenamed);
    assert!(f.store.rename_passkey(hanako, id, "受付".to_owned(), renamed()).await.unwrap());
    let trail = f.store.audit_trail().await.unwrap();
    assert_eq!(trail.iter().filter(|row| row.kind == "passkey_renamed").count(), 1, "and not of what failed");
    let counts: Vec<i64> =
        f.store.administrators("clinic").await.unwrap().iter().map(|row| row.passkeys).collect();
    assert_eq!(counts, [1, 0], "by login: hanako, taro");

    f.store.open_half_session(session("half", hanako)).await.unwrap();
    let proof = |id| SecondProof::Passkey { id, credential: "{\"counter\":2}".to_owned() };
    let open = |proof| {
        let new = session("whole", hanako);
        f.store.open_session("half", new, proof, Vec::new(), event(AuditKind::SignedIn))
    };
    assert!(!open(proof(id + 1)).await.unwrap(), "one that was removed meanwhile");
    assert!(open(proof(id)).await.unwrap());
    let row = &f.store.passkeys(hanako).await.unwrap()[0];
    assert_eq!((row.credential.as_str(), row.used_at), ("{\"counter\":2}", Some(now())));
    assert_eq!(row.name, "受付");
}

/// Of the same answer sent fifty times at once, one meets its challenge.
pub(crate) async fn what_is_remembered_for_an_exchange_is_good_once(f: Fixture) {
    f.issue("a1", None).await;
    let id = administrator(&f, "hanako").await;
    f.store.open_half_session(session("s", id)).await.unwrap();
    let begin = |state: &str| f.store.begin_ceremony("s", "passkey", state.as_bytes().to_vec(), later(1));
    begin("first").await.unwrap();
    begin("second").await.unwrap();
    assert_eq!(f.store.ceremony("s", "passkey", now()).await.unwrap().as_deref(), Some(&b"second"[..]));
    assert_eq!(f.store.ceremony("s", "authenticator", now()).await.unwrap(), None, "another purpose");
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let store = f.store.clone();
        tasks.push(tokio::spawn(async move { store.end_ceremony("s", "passkey", now()).await.unwrap() }));
    }
    let mut met = 0;
    for task in tasks {
        met += usize::from(task.await.unwrap().is_some());
    }
    assert_eq!(met, 1);
    begin("third").await.unwrap();
    assert_eq!(f.store.end_ceremony("s", "passkey", later(1)).await.unwrap(), None, "too late");
    begin("fourth").await.unwrap();
    f.store.end_session("s", SessionEnd::SignedOut, crate::fixture::now(), None).await.unwrap();
    assert_eq!(f.store.ceremony("s", "passkey", now()).await.unwrap(), None, "it ends with its session");
}

pub(crate) async fn a_terminal_is_known_after_a_sign_in_for_a_time(f: Fixture) {
    f.issue("a1", None).await;
    let id = administrator(&f, "hanako").await;
    let ago = |hours| now().checked_sub(SignedDuration::from_hours(hours)).unwrap();
    let known = |login: &'static str, terminal: &'static str, since| {
        f.store.knows_terminal("clinic", login, terminal, since)
    };
    assert!(!known("hanako", "client001", ago(1)).await.unwrap());
    for step in [101, 102] {
        f.store.open_half_session(session(&format!("half{step}"), id)).await.unwrap();
        let event = koshin_server::store::AuditEvent {
            common_name: Some("client001".to_owned()),
            ..event(AuditKind::SignedIn)
        };
        let new = session(&format!("whole{step}"), id);
        let half = format!("half{step}");
        assert!(f.store.open_session(&half, new, SecondProof::Code(step), Vec::new(), event).await.unwrap());
    }
    assert!(known("hanako", "client001", ago(1)).await.unwrap());
    assert!(!known("hanako", "client001", now()).await.unwrap(), "too long ago");
    assert!(!known("hanako", "client002", ago(1)).await.unwrap());
    assert!(!known("taro", "client001", ago(1)).await.unwrap());
}

pub(crate) async fn the_trail_is_narrowed_by_kind_and_time(f: Fixture) {
    administrator(&f, "hanako").await;
    let store = &f.store;
    let of =
        |query: TrailQuery| async move { store.trail(TrailQuery { limit: 100, ..query }).await.unwrap() };
    let invited =
        of(TrailQuery { kind: Some(AuditKind::AdministratorInvited), ..TrailQuery::default() }).await;
    assert_eq!(invited.len(), 1);
    assert!(of(TrailQuery { from: Some(later(1)), ..TrailQuery::default() }).await.is_empty());
    assert!(of(TrailQuery { until: Some(now()), ..TrailQuery::default() }).await.is_empty());
    f.store.link_events().await.unwrap();
    let all = of(TrailQuery { from: Some(now()), until: Some(later(1)), ..TrailQuery::default() }).await;
    let places: Vec<i64> = all.iter().filter_map(|event| event.position).collect();
    let before = f.store.hashes_before(places).await.unwrap();
    for pair in all.windows(2) {
        let (newer, older) = (&pair[0], &pair[1]);
        assert_eq!(before.get(&newer.position.unwrap()), older.hash.as_ref());
    }
    assert_eq!(before[&1], "0".repeat(64), "the first follows nothing");
}
