//! Promises about what ends with the consent, the account or the organisation that allowed it:
//! recovery codes, certificates that wait to be carried, tokens and sessions.

use crate::{
    accounts::{administrator, session},
    api_tokens,
    fixture::{Fixture, event, later, now, tenant, terminal},
};
use koshin_server::store::{
    AuditEvent, AuditKind, Carried, Intent, NewApiToken, NewBundle, NewRecoveryCode, NewTerminal, OnBehalf,
    SessionEnd, StoreError, Tenant, TenantKind,
};

/// The clinic's hanako and taro, and the vendor's ichiro, whom the clinic lets in.
struct People {
    hanako: i64,
    taro: i64,
    ichiro: i64,
}

impl People {
    async fn of(f: &Fixture) -> Self {
        let vendor = Tenant { kind: TenantKind::Vendor, ..tenant("vendor") };
        f.store.add_tenant(vendor, now(), event(AuditKind::TenantAdded)).await.unwrap();
        let hanako = administrator(f, "hanako").await;
        let (taro, ichiro) = (administrator(f, "taro").await, administrator(f, "ichiro").await);
        f.sql("UPDATE administrator SET tenant_id = 'vendor' WHERE login = 'ichiro'");
        let people = Self { hanako, taro, ichiro };
        people.consent(f).await;
        people
    }

    async fn consent(&self, f: &Fixture) {
        let granted = event(AuditKind::ConsentGranted);
        f.store.grant_consent("clinic", "vendor", self.taro, granted).await.unwrap();
    }

    /// On the word of one of them, for the clinic.
    fn word(&self, administrator_id: i64) -> OnBehalf {
        let consent = (administrator_id == self.ichiro).then(|| ("clinic".to_owned(), "vendor".to_owned()));
        OnBehalf { administrator_id: Some(administrator_id), consent }
    }
}

async fn another_terminal(f: &Fixture, tenant_id: &str, common_name: &str) -> i64 {
    let new = NewTerminal { tenant_id: tenant_id.to_owned(), ..terminal(common_name) };
    f.store.ensure_terminal(new, now()).await.unwrap().id
}

async fn issue(f: &Fixture, hash: &str, terminal_id: i64, by: OnBehalf) -> Result<(), StoreError> {
    let (code_hash, created_by, expires_at) = (hash.to_owned(), String::new(), later(72));
    let new = NewRecoveryCode { terminal_id, code_hash, created_by, by, expires_at };
    f.store.issue_recovery_code(new, event(AuditKind::RecoveryCodeIssued)).await
}

async fn prepare(f: &Fixture, serial: &str, terminal_id: i64, by: OnBehalf) -> Result<(), StoreError> {
    let intent = f.store.record_intent(Intent { terminal_id, ..f.intent(serial) }, now()).await.unwrap();
    let carried = Carried {
        set_hash: format!("set of {serial}"),
        private_key: "encrypted key".to_owned(),
        ca_chain: "ca".to_owned(),
        by,
    };
    let bundle = NewBundle {
        token_hash: format!("bundle-{serial}"),
        pkcs12: b"encrypted".to_vec(),
        expires_at: later(24),
        carried: Some(carried),
    };
    let event = event(AuditKind::CertificateRenewed);
    f.store.record_certificate(intent, b"der".to_vec(), Some(bundle), event).await
}

/// How many bundles are downloaded with this serial's token.
async fn downloads(f: &Fixture, serial: &str) -> usize {
    let event = AuditEvent::of(AuditKind::BundleDownloaded, now());
    f.store.fetch_carried(&format!("set of {serial}"), event).await.unwrap().len()
}

async fn is_open(f: &Fixture, hash: &str) -> bool {
    f.store.recovery_code(hash).await.unwrap().unwrap().code.cancelled_at.is_none()
}

fn is_conflict(outcome: &Result<(), StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Conflict(_)))
}

async fn trail_of(f: &Fixture, kind: AuditKind) -> Vec<(Option<String>, Option<String>)> {
    let trail = f.store.audit_trail().await.unwrap();
    let of_kind = trail.into_iter().filter(|row| row.kind == kind.as_str());
    of_kind.map(|row| (row.common_name, row.serial)).collect()
}

pub(crate) async fn what_a_vendor_left_open_ends_with_the_consent(f: Fixture) {
    let people = People::of(&f).await;
    let (second, own) = (
        another_terminal(&f, "clinic", "client002").await,
        another_terminal(&f, "vendor", "client009").await,
    );
    issue(&f, "clinic's", f.terminal_id, people.word(people.taro)).await.unwrap();
    issue(&f, "vendor's", second, people.word(people.ichiro)).await.unwrap();
    let at_home = OnBehalf { administrator_id: Some(people.ichiro), consent: None };
    issue(&f, "at home", own, at_home.clone()).await.unwrap();
    prepare(&f, "a1", f.terminal_id, people.word(people.taro)).await.unwrap();
    prepare(&f, "b1", second, people.word(people.ichiro)).await.unwrap();
    prepare(&f, "c1", own, at_home).await.unwrap();
    let withdrawn = event(AuditKind::ConsentWithdrawn);
    assert!(f.store.withdraw_consent("clinic", "vendor", withdrawn).await.unwrap());
    assert!(is_open(&f, "clinic's").await && is_open(&f, "at home").await, "what is their own goes on");
    assert!(!is_open(&f, "vendor's").await);
    assert_eq!((downloads(&f, "a1").await, downloads(&f, "c1").await), (1, 1));
    assert_eq!(downloads(&f, "b1").await, 0);
    assert_eq!(f.row("b1").await.state.as_str(), "never_delivered", "nobody has it");
    let of_second = |serial: Option<&str>| (Some("client002".to_owned()), serial.map(str::to_owned));
    assert_eq!(trail_of(&f, AuditKind::RecoveryCodeCancelled).await, [of_second(None)]);
    assert_eq!(trail_of(&f, AuditKind::BundleErased).await, [of_second(Some("b1"))]);
    // What was on its way.
    assert!(is_conflict(&issue(&f, "late", second, people.word(people.ichiro)).await));
    assert!(is_conflict(&prepare(&f, "b2", second, people.word(people.ichiro)).await));
}

pub(crate) async fn what_an_account_left_open_ends_with_it(f: Fixture) {
    let people = People::of(&f).await;
    let second = another_terminal(&f, "clinic", "client002").await;
    issue(&f, "hanako's", f.terminal_id, people.word(people.hanako)).await.unwrap();
    issue(&f, "taro's", second, people.word(people.taro)).await.unwrap();
    prepare(&f, "a1", f.terminal_id, people.word(people.hanako)).await.unwrap();
    assert_eq!(downloads(&f, "a1").await, 1);
    let disabled = event(AuditKind::AdministratorDisabled);
    assert!(f.store.disable_administrator(people.hanako, disabled).await.unwrap());
    assert!(!is_open(&f, "hanako's").await && is_open(&f, "taro's").await);
    assert_eq!(downloads(&f, "a1").await, 0);
    assert_eq!(f.row("a1").await.state.as_str(), "issued", "what was downloaded may be installed");
    assert!(is_conflict(&issue(&f, "late", f.terminal_id, people.word(people.hanako)).await));
    assert!(is_conflict(&prepare(&f, "a2", f.terminal_id, people.word(people.hanako)).await));
}

/// A code that has run out is not ended once more, however long ago that was.
pub(crate) async fn what_has_run_out_is_left_alone(f: Fixture) {
    let people = People::of(&f).await;
    issue(&f, "old", f.terminal_id, people.word(people.ichiro)).await.unwrap();
    let withdrawn = AuditEvent { at: later(73), ..event(AuditKind::ConsentWithdrawn) };
    assert!(f.store.withdraw_consent("clinic", "vendor", withdrawn).await.unwrap());
    assert!(is_open(&f, "old").await && trail_of(&f, AuditKind::RecoveryCodeCancelled).await.is_empty());
}

pub(crate) async fn what_an_organisation_left_open_ends_with_its_suspension(f: Fixture) {
    let people = People::of(&f).await;
    let second = another_terminal(&f, "clinic", "client002").await;
    issue(&f, "clinic's", f.terminal_id, people.word(people.taro)).await.unwrap();
    issue(&f, "vendor's", second, people.word(people.ichiro)).await.unwrap();
    prepare(&f, "a1", f.terminal_id, people.word(people.taro)).await.unwrap();
    prepare(&f, "b1", second, people.word(people.ichiro)).await.unwrap();
    f.store.open_half_session(session("taro", people.taro)).await.unwrap();
    f.store.open_half_session(session("ichiro", people.ichiro)).await.unwrap();
    api_tokens::add(&f, "clinic's", people.taro).await;
    let token = |hash: &str| NewApiToken {
        tenant_id: "vendor".to_owned(),
        administrator_id: people.ichiro,
        token_hash: hash.to_owned(),
        beginning: "koshin_01234567".to_owned(),
        name: hash.to_owned(),
        scopes: "terminals:read".to_owned(),
        expires_at: later(24),
    };
    f.store.add_api_token(token("vendor's"), event(AuditKind::ApiTokenMade)).await.unwrap();
    assert!(f.suspend("vendor", true).await);

    let late = f.store.add_api_token(token("late"), event(AuditKind::ApiTokenMade)).await;
    assert!(is_conflict(&late), "{late:?}");
    assert!(is_conflict(&issue(&f, "late", second, people.word(people.ichiro)).await));
    assert!(is_conflict(&prepare(&f, "b2", second, people.word(people.ichiro)).await));
    // It is over for good: nothing comes back with the organisation.
    assert!(f.suspend("vendor", false).await);
    assert!(is_open(&f, "clinic's").await && !is_open(&f, "vendor's").await);
    assert_eq!((downloads(&f, "a1").await, downloads(&f, "b1").await), (1, 0));
    assert!(f.store.api_tokens("vendor").await.unwrap().iter().all(|token| token.revoked_at.is_some()));
    assert!(f.store.api_tokens("clinic").await.unwrap().iter().all(|token| token.revoked_at.is_none()));
    assert!(f.store.site_session("ichiro").await.unwrap().is_none());
    assert_eq!(f.store.session_end("ichiro").await.unwrap(), SessionEnd::AccountDisabled);
    assert!(f.store.site_session("taro").await.unwrap().is_some());
    issue(&f, "again", second, people.word(people.ichiro)).await.unwrap();
}

/// Whatever order two transactions come in: nothing is left open by who is suspended.
pub(crate) async fn nothing_is_left_open_during_a_suspension(f: Fixture) {
    let people = People::of(&f).await;
    let mut tasks = Vec::new();
    for number in 0..20 {
        let (store, by) = (f.store.clone(), people.word(people.ichiro));
        let terminal_id = another_terminal(&f, "clinic", &format!("client1{number:02}")).await;
        let code_hash = format!("h{number}");
        tasks.push(tokio::spawn(async move {
            let new = NewRecoveryCode {
                terminal_id,
                code_hash,
                created_by: String::new(),
                by,
                expires_at: later(72),
            };
            drop(store.issue_recovery_code(new, event(AuditKind::RecoveryCodeIssued)).await);
        }));
    }
    assert!(f.suspend("vendor", true).await);
    for task in tasks {
        task.await.unwrap();
    }
    for number in 0..20 {
        let code = f.store.recovery_code(&format!("h{number}")).await.unwrap();
        assert!(code.is_none_or(|found| found.code.cancelled_at.is_some()), "{number} is open");
    }
}
