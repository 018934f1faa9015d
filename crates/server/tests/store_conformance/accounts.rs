//! Promises about administrators, invitations, sessions and consents.

use crate::fixture::{Fixture, event, later, now, tenant};
use jiff::SignedDuration;
use koshin_server::store::{
    Attempt, AuditKind, ConsentQuery, EnrolmentRow, NewInvitation, NewSiteSession, SecondProof, SessionEnd,
    StoreError, Tenant, TenantKind, Used,
};

pub(crate) fn entered(login: &str) -> EnrolmentRow {
    EnrolmentRow {
        login: login.to_owned(),
        name: "山田 花子".to_owned(),
        password_hash: "$argon2id$…".to_owned(),
        totp_sealed: format!("sealed {login}").into_bytes(),
    }
}

pub(crate) async fn invite(f: &Fixture, token_hash: &str) {
    let invitation = NewInvitation {
        token_hash: token_hash.to_owned(),
        tenant_id: "clinic".to_owned(),
        mail: "hanako@example.jp".to_owned(),
        invited_by: None,
        expires_at: later(72),
    };
    f.store.add_invitation(invitation, event(AuditKind::AdministratorInvited)).await.unwrap();
}

async fn finish(f: &Fixture, token_hash: &str, login: &str) -> Result<Used, StoreError> {
    f.store.finish_enrolment(token_hash, entered(login), 100, event(AuditKind::AdministratorEnrolled)).await
}

/// An administrator of "clinic", whatever it takes.
pub(crate) async fn administrator(f: &Fixture, login: &str) -> i64 {
    let token_hash = format!("token of {login}");
    invite(f, &token_hash).await;
    f.store.keep_enrolment(&token_hash, entered(login)).await.unwrap();
    match finish(f, &token_hash, login).await.unwrap() {
        Used::Now(id) => id,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn session(id_hash: &str, administrator_id: i64) -> NewSiteSession {
    NewSiteSession {
        id_hash: id_hash.to_owned(),
        administrator_id,
        certificate_serial: "a1".to_owned(),
        csrf: "csrf".to_owned(),
        created_at: now(),
    }
}

async fn open(f: &Fixture, id: i64, half: &str, full: &str, step: i64) -> bool {
    f.store
        .open_session(
            half,
            session(full, id),
            SecondProof::Code(step),
            Vec::new(),
            event(AuditKind::SignedIn),
        )
        .await
        .unwrap()
}

pub(crate) async fn an_invitation_makes_one_administrator(f: Fixture) {
    invite(&f, "t1").await;
    assert!(finish(&f, "t1", "hanako").await.is_err(), "nothing was entered");
    f.store.keep_enrolment("t1", entered("first")).await.unwrap();
    f.store.keep_enrolment("t1", entered("hanako")).await.unwrap();
    assert!(finish(&f, "t1", "first").await.is_err(), "it was entered anew");
    assert!(matches!(finish(&f, "t1", "hanako").await.unwrap(), Used::Now(_)));
    assert!(f.store.enrolment("t1").await.unwrap().is_none(), "nothing is left behind");
    let late = f.store.keep_enrolment("t1", entered("taro")).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(finish(&f, "t1", "taro").await.unwrap(), Used::Before);
    assert!(f.store.invitation("t1").await.unwrap().unwrap().used);
    assert!(f.store.invitation("t2").await.unwrap().is_none());
    let list = f.store.administrators("clinic").await.unwrap();
    assert_eq!(list.iter().map(|row| row.login.as_str()).collect::<Vec<_>>(), ["hanako"]);
    assert_eq!(list[0].mail, "hanako@example.jp");
}

pub(crate) async fn a_login_is_given_once_in_an_organisation(f: Fixture) {
    administrator(&f, "hanako").await;
    invite(&f, "t2").await;
    f.store.keep_enrolment("t2", entered("hanako")).await.unwrap();
    assert_eq!(finish(&f, "t2", "hanako").await.unwrap(), Used::LoginTaken);
    assert!(!f.store.invitation("t2").await.unwrap().unwrap().used, "another login may be chosen");
}

pub(crate) async fn a_code_opens_one_session_and_ends_its_first_half(f: Fixture) {
    f.issue("a1", None).await;
    let id = administrator(&f, "hanako").await;
    f.store.open_half_session(session("half", id)).await.unwrap();
    assert!(!f.store.site_session("half").await.unwrap().unwrap().second_factor_done);
    assert!(!open(&f, id, "half", "full", 100).await, "the step that proved the set-up is used up");
    assert!(f.store.site_session("half").await.unwrap().is_some(), "another code may follow");
    assert!(open(&f, id, "half", "full", 101).await);
    assert!(f.store.site_session("half").await.unwrap().is_none());
    let row = f.store.site_session("full").await.unwrap().unwrap();
    assert!(row.second_factor_done && row.active && row.certificate_good);
    assert_eq!((row.tenant_id.as_str(), row.kind), ("clinic", TenantKind::Clinic));
    f.store.open_half_session(session("half2", id)).await.unwrap();
    assert!(!open(&f, id, "half2", "replayed", 101).await);
    assert!(!open(&f, id, "full", "again", 102).await, "a whole session is no first half");
}

/// Of the same code sent a hundred times at once, one opens a session.
pub(crate) async fn of_a_hundred_uses_of_a_code_one_counts(f: Fixture) {
    f.issue("a1", None).await;
    let id = administrator(&f, "hanako").await;
    let mut tasks = Vec::new();
    for number in 0..100 {
        let half = format!("half{number}");
        f.store.open_half_session(session(&half, id)).await.unwrap();
        let (store, new) = (f.store.clone(), session(&format!("full{number}"), id));
        tasks.push(tokio::spawn(async move {
            store
                .open_session(&half, new, SecondProof::Code(101), Vec::new(), event(AuditKind::SignedIn))
                .await
                .unwrap()
        }));
    }
    let mut opened = 0;
    for task in tasks {
        opened += usize::from(task.await.unwrap());
    }
    assert_eq!(opened, 1);
}

pub(crate) async fn sessions_end_with_the_account_the_certificate_and_the_terminal(f: Fixture) {
    f.issue("a1", None).await;
    let (hanako, taro) = (administrator(&f, "hanako").await, administrator(&f, "taro").await);
    f.store.open_half_session(session("h", hanako)).await.unwrap();
    f.store.open_half_session(session("t", taro)).await.unwrap();
    assert!(f.store.disable_administrator(hanako, event(AuditKind::AdministratorDisabled)).await.unwrap());
    assert!(f.store.site_session("h").await.unwrap().is_none(), "at once");
    assert!(!f.store.credentials("clinic", "hanako").await.unwrap().unwrap().active);
    let last = f.store.disable_administrator(taro, event(AuditKind::AdministratorDisabled)).await;
    assert!(matches!(last, Err(StoreError::Conflict(_))), "the last one stays: {last:?}");
    assert!(f.store.site_session("t").await.unwrap().is_some());
    f.store.revoke("a1", "keyCompromise", now()).await.unwrap();
    assert!(!f.store.site_session("t").await.unwrap().unwrap().certificate_good);
    f.store.stop_terminal(f.terminal_id, event(AuditKind::TerminalStopped)).await.unwrap();
    assert!(f.store.site_session("t").await.unwrap().is_none());
}

pub(crate) async fn failures_are_counted_before_they_are_judged(f: Fixture) {
    fn after_three(failures: u32) -> Option<SignedDuration> {
        (failures >= 3).then_some(SignedDuration::from_mins(1))
    }
    let subject = || vec![("s".to_owned(), after_three as fn(u32) -> Option<SignedDuration>)];
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = f.store.clone();
            tokio::spawn(async move { store.count_attempt(subject(), now()).await.unwrap() })
        })
        .collect();
    let mut judged = 0;
    for task in tasks {
        judged += usize::from(task.await.unwrap() == Attempt::Counted);
    }
    assert_eq!(judged, 3, "of fifty guesses at once");
    let locked = f.store.count_attempt(subject(), now()).await.unwrap();
    assert_eq!(locked, Attempt::Locked(now() + SignedDuration::from_mins(1)));
    let later = now() + SignedDuration::from_mins(2);
    assert_eq!(f.store.count_attempt(subject(), later).await.unwrap(), Attempt::Counted);
}

pub(crate) async fn a_consent_lets_one_vendor_see_one_clinic_until_it_is_withdrawn(f: Fixture) {
    let vendor = Tenant { kind: TenantKind::Vendor, ..tenant("vendor") };
    f.store.add_tenant(vendor, now(), event(AuditKind::TenantAdded)).await.unwrap();
    let id = administrator(&f, "hanako").await;
    let granted = || f.store.grant_consent("clinic", "vendor", id, event(AuditKind::ConsentGranted));
    assert!(f.store.clinics_of("vendor").await.unwrap().is_empty());
    granted().await.unwrap();
    assert!(matches!(granted().await, Err(StoreError::Exists(_))));
    assert_eq!(f.store.clinics_of("vendor").await.unwrap(), ["clinic"]);
    assert!(f.store.consents_to("clinic", "vendor").await.unwrap());
    assert!(!f.store.consents_to("vendor", "clinic").await.unwrap(), "it has a direction");
    let withdrawn = || f.store.withdraw_consent("clinic", "vendor", event(AuditKind::ConsentWithdrawn));
    assert!(withdrawn().await.unwrap());
    assert!(!withdrawn().await.unwrap());
    assert!(!f.store.consents_to("clinic", "vendor").await.unwrap());
    assert_eq!(f.store.consent("clinic", "vendor").await.unwrap(), None);
    assert_eq!(f.store.vendors("clinic").await.unwrap().len(), 1, "it can be let in again");
    granted().await.unwrap();
    assert_eq!(f.store.vendors("clinic").await.unwrap(), []);
    let given = f.store.consent("clinic", "vendor").await.unwrap().unwrap();
    assert_eq!((given.vendor_name.is_empty(), given.withdrawn_at), (false, None));
    assert_eq!(f.store.consent("vendor", "clinic").await.unwrap(), None);
    let of = |tenant: Option<&str>, ended, page, per_page| {
        f.store.consents(ConsentQuery { tenant: tenant.map(str::to_owned), ended, page, per_page })
    };
    let all = of(Some("vendor"), None, 1, 50).await.unwrap();
    assert_eq!((all.rows.len(), all.total), (2, 2), "the past stays");
    assert_eq!(all.rows[0], given, "the latest first");
    assert_eq!(of(None, Some(false), 0, 1).await.unwrap().rows, [given]);
    let ended = of(Some("clinic"), Some(true), 1, 50).await.unwrap();
    assert!(ended.total == 1 && ended.rows[0].withdrawn_at.is_some());
    let second = of(None, None, 2, 1).await.unwrap();
    assert_eq!((second.rows, second.total), (ended.rows, 2));
    assert_eq!(of(Some("other"), None, 1, 50).await.unwrap().total, 0);
}

/// Whoever still believes in a session is told why it is over, for a day.
pub(crate) async fn an_ended_session_says_why(f: Fixture) {
    f.issue("a1", None).await;
    let hanako = administrator(&f, "hanako").await;
    let end = async |id: &'static str| f.store.session_end(id).await.unwrap();
    assert_eq!(end("never was").await, SessionEnd::Unknown);
    for id in ["out", "kept", "elsewhere", "half"] {
        f.store.open_half_session(session(id, hanako)).await.unwrap();
    }
    assert!(f.store.end_session("out", SessionEnd::SignedOut, now(), None).await.unwrap());
    assert!(!f.store.end_session("out", SessionEnd::Idle, now(), None).await.unwrap(), "once");
    assert_eq!(end("out").await, SessionEnd::SignedOut, "the first reason is kept");
    f.sql("UPDATE site_session SET second_factor_at = created_at WHERE id_hash <> 'half'");
    let changed = event(AuditKind::PasswordChanged);
    f.store.change_password(hanako, "new".to_owned(), "kept", changed).await.unwrap();
    for id in ["elsewhere", "half"] {
        assert_eq!(end(id).await, SessionEnd::CredentialsChanged, "{id}");
    }
    assert_eq!(end("kept").await, SessionEnd::Unknown, "it goes on");

    f.store.open_half_session(session("half2", hanako)).await.unwrap();
    let forget = |opened, unused, ended| f.store.forget_sessions(opened, unused, ended, later(1));
    assert_eq!(forget(later(-12), now(), now()).await.unwrap(), 0);
    assert_eq!(forget(later(-11), later(1), now()).await.unwrap(), 2);
    assert_eq!((end("kept").await, end("half2").await), (SessionEnd::Idle, SessionEnd::Unfinished));
    f.store.open_half_session(session("old", hanako)).await.unwrap();
    f.sql("UPDATE site_session SET second_factor_at = created_at");
    assert_eq!(forget(later(1), later(1), later(1)).await.unwrap(), 1);
    assert_eq!(end("old").await, SessionEnd::TooOld);
    assert_eq!(end("out").await, SessionEnd::Unknown, "forgotten after a day");
}
