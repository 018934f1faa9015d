//! URLs, signatures, and what is refused before a connection is made.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn only_https_is_a_webhook_except_on_this_machine_where_allowed() {
    use UrlError::{Credentials, PrivateAddress, Scheme, Syntax};
    let table = [
        ("https://hooks.example.jp/koshin?x=1", false, Ok(("hooks.example.jp", 443))),
        ("https://hooks.example.jp:8443", false, Ok(("hooks.example.jp", 8443))),
        ("https://[2606:4700::1]/x", false, Ok(("2606:4700::1", 443))),
        ("http://hooks.example.jp/", true, Err(Scheme)),
        ("http://localhost:8080/", true, Ok(("localhost", 8080))),
        ("http://localhost:8080/", false, Err(Scheme)),
        ("ftp://hooks.example.jp/", true, Err(Scheme)),
        ("https://user:secret@hooks.example.jp/", false, Err(Credentials)),
        ("/path", false, Err(Syntax)),
        ("hooks.example.jp", false, Err(Syntax)),
        ("", false, Err(Syntax)),
        ("https://10.0.0.8/", false, Err(PrivateAddress)),
        ("https://10.0.0.8/", true, Ok(("10.0.0.8", 443))),
        ("https://169.254.169.254/latest/meta-data", false, Err(PrivateAddress)),
        ("https://[::ffff:127.0.0.1]/", false, Err(PrivateAddress)),
    ];
    for (text, private, expected) in table {
        let parsed = WebhookUrl::parse(text, private);
        let parsed = parsed.as_ref().map(|url| (url.host.as_str(), url.port)).map_err(Clone::clone);
        assert_eq!(parsed, expected, "{text}");
    }
}

/// Receivers compute the same: `printf '%s.%s' 1774000000 '{}' | openssl dgst -sha256 -hmac secret`.
#[test]
fn the_signature_covers_time_and_body() {
    let secret = SecretString::from("secret");
    let signed = signature(&secret, 1_774_000_000, b"{}");
    assert_eq!(signed, "sha256=3a25100cee4473f3aac28fdd620db1008f53b6358ec63e7d58f4a3b1036ad62a");
    assert_ne!(signed, signature(&secret, 1_774_000_001, b"{}"), "an old request cannot be sent again");
    assert_ne!(signed, signature(&secret, 1_774_000_000, b"{ }"));
}

#[tokio::test]
async fn private_addresses_are_not_connected_to() {
    let sender = WebhookSender::new(&WebhookConfig::default()).unwrap();
    let secret = SecretString::from("secret");
    // The second is an address, too, as resolvers read it.
    for url in ["https://localhost:1/", "https://2130706433:1/"] {
        let webhook = OutgoingWebhook { url, secret: &secret, id: "1".to_owned(), body: b"{}".to_vec() };
        let error = sender.send(&webhook, Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert!(matches!(error, WebhookError::PrivateAddress(_)), "{url}: {error}");
        assert_eq!(error.setback(), Setback::Later, "a name may lead elsewhere tomorrow");
    }
}
