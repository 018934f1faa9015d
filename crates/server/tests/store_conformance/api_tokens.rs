//! Promises about the tokens of the administration API.

use crate::{
    accounts::administrator,
    fixture::{Fixture, event, later, now},
};
use koshin_server::store::{AuditKind, NewApiToken, TenantKind};

pub(crate) async fn add(f: &Fixture, token_hash: &str, administrator_id: i64) {
    let new = NewApiToken {
        tenant_id: "clinic".to_owned(),
        administrator_id,
        token_hash: token_hash.to_owned(),
        beginning: "koshin_01234567".to_owned(),
        name: format!("ツール {token_hash}"),
        scopes: "terminals:read trail:read".to_owned(),
        expires_at: later(24),
    };
    f.store.add_api_token(new, event(AuditKind::ApiTokenMade)).await.unwrap();
}

pub(crate) async fn a_token_is_found_by_its_hash_with_what_it_leans_on(f: Fixture) {
    let maker = administrator(&f, "hanako").await;
    add(&f, "one", maker).await;
    assert!(f.store.token_credentials("another").await.unwrap().is_none());
    let found = f.store.token_credentials("one").await.unwrap().unwrap();
    assert_eq!((found.administrator_id, found.kind), (maker, TenantKind::Clinic));
    let token = &found.token;
    assert_eq!(
        (token.tenant_id.as_str(), token.made_by.as_str(), token.maker_active),
        ("clinic", "hanako", true)
    );
    assert_eq!((token.expires_at, token.last_used_at, token.revoked_at), (later(24), None, None));

    f.store.touch_api_token(token.id, later(1)).await.unwrap();
    let used = f.store.api_token(token.id).await.unwrap().unwrap();
    assert_eq!(used.last_used_at, Some(later(1)));
    // Somebody must be left.
    administrator(&f, "taro").await;
    assert!(f.store.disable_administrator(maker, event(AuditKind::AdministratorDisabled)).await.unwrap());
    let orphan = f.store.token_credentials("one").await.unwrap().unwrap().token;
    assert!(!orphan.maker_active, "it is seen with the account at once");
    assert!(orphan.revoked_at.is_some(), "and does not come back with it");
}

pub(crate) async fn a_token_ends_once_and_stays_in_the_list(f: Fixture) {
    let maker = administrator(&f, "hanako").await;
    add(&f, "one", maker).await;
    add(&f, "two", maker).await;
    let list = f.store.api_tokens("clinic").await.unwrap();
    let names: Vec<_> = list.iter().map(|token| token.name.as_str()).collect();
    assert_eq!(names, ["ツール two", "ツール one"], "the latest first");
    assert!(f.store.revoke_api_token(list[0].id, event(AuditKind::ApiTokenRevoked)).await.unwrap());
    assert!(!f.store.revoke_api_token(list[0].id, event(AuditKind::ApiTokenRevoked)).await.unwrap());
    let list = f.store.api_tokens("clinic").await.unwrap();
    assert_eq!(list.iter().map(|token| token.revoked_at).collect::<Vec<_>>(), [Some(now()), None]);
    let revoked = |row: &&koshin_server::store::AuditRow| row.kind == "api_token_revoked";
    assert_eq!(f.store.audit_trail().await.unwrap().iter().filter(revoked).count(), 1);
    assert!(f.store.api_tokens("other").await.unwrap().is_empty());
}
