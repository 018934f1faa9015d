//! The calendar feed: private by its token, and revocable.

use koshin_policy::notice::Notice;
use koshin_server::use_cases::Feed;
use secrecy::ExposeSecret;

use crate::support::{CLINIC, Clinic, issued_at, morning};

#[tokio::test]
async fn the_token_opens_the_feed_until_there_is_a_new_one_or_none() {
    let clinic = Clinic::new("").await;
    let now = morning(Notice::Before60);
    let open = async |token: &str| clinic.notices.feed(token, now).await.unwrap();
    let first = clinic.settings().await.open_feed(issued_at()).await.unwrap();
    let Feed::Calendar(feed) = open(first.expose_secret()).await else { panic!("a calendar") };
    assert!(feed.contains("DTSTART;VALUE=DATE:20260331\r\n"), "{feed}");
    assert!(feed.contains("SUMMARY:受付1の証明書の期限｜山田医院\r\n"), "{feed}");

    let second = clinic.settings().await.open_feed(issued_at()).await.unwrap();
    assert_eq!(open(first.expose_secret()).await, Feed::Unknown, "the old address is closed");
    assert!(matches!(open(second.expose_secret()).await, Feed::Calendar(_)));
    for nothing in ["", "0", &"0".repeat(64), &"x".repeat(64)] {
        assert_eq!(open(nothing).await, Feed::Unknown, "{nothing:?}");
    }
    let kept = clinic.store.notice_settings(CLINIC).await.unwrap().calendar_token_hash.unwrap();
    assert_ne!(kept, second.expose_secret(), "the token itself is not stored");
    assert_eq!(open(&kept).await, Feed::Unknown, "nor does what is stored open anything");
    // Other settings come and go without touching it.
    clinic.recipients(&[("a@yamada.jp", "ja")]).await.unwrap();
    assert!(matches!(open(second.expose_secret()).await, Feed::Calendar(_)));

    clinic.settings().await.close_feed(issued_at()).await.unwrap();
    assert_eq!(open(second.expose_secret()).await, Feed::Unknown);
}

/// Calendars ask again and again: what has not changed is the same text, all day.
#[tokio::test]
async fn the_feed_stays_the_same_all_day_and_is_read_so_often_an_hour() {
    let clinic = Clinic::new("").await;
    let now = morning(Notice::Before60);
    let token = clinic.settings().await.open_feed(issued_at()).await.unwrap();
    let at = async |now| clinic.notices.feed(token.expose_secret(), now).await.unwrap();
    let first = at(now).await;
    assert_eq!(at(now + jiff::SignedDuration::from_hours(10)).await, first);
    let mut reads = 0;
    while matches!(at(now + jiff::SignedDuration::from_hours(20)).await, Feed::Calendar(_)) {
        reads += 1;
        assert!(reads < 10_000, "there is no bound");
    }
    assert!(matches!(at(now + jiff::SignedDuration::from_hours(21)).await, Feed::Calendar(_)));
}
