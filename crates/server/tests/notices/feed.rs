//! The calendar feed: private by its token, and revocable.

use koshin_policy::notice::Notice;
use koshin_server::notices::text::Language;
use secrecy::ExposeSecret;

use crate::support::{CLINIC, Clinic, morning};

#[tokio::test]
async fn the_token_opens_the_feed_until_there_is_a_new_one() {
    let clinic = Clinic::new("").await;
    let now = morning(Notice::Before60);
    let open = async |token: &str| clinic.notices.calendar(token, Language::Japanese, now).await.unwrap();
    let first = clinic.notices.new_calendar_token(CLINIC).await.unwrap();
    let feed = open(first.expose_secret()).await.unwrap();
    assert!(feed.contains("DTSTART;VALUE=DATE:20260331\r\n"), "{feed}");
    assert!(feed.contains("SUMMARY:受付1の証明書の期限｜山田医院\r\n"), "{feed}");

    let second = clinic.notices.new_calendar_token(CLINIC).await.unwrap();
    assert!(open(first.expose_secret()).await.is_none(), "the old address is closed");
    assert!(open(second.expose_secret()).await.is_some());
    assert!(open("").await.is_none());
    let kept = clinic.store.notice_settings(CLINIC).await.unwrap().calendar_token_hash.unwrap();
    assert_ne!(kept, second.expose_secret(), "the token itself is not stored");
    // Other settings come and go without touching it.
    clinic.recipients(&[("a@yamada.jp", "ja")]).await.unwrap();
    assert!(open(second.expose_secret()).await.is_some());
}
