//! Returned mail as mail servers write it, and what merely looks like it.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

/// As Postfix writes it.
const RETURNED: &str = "Return-Path: <>\r
From: MAILER-DAEMON@mail.example.jp (Mail Delivery System)\r
Subject: Undelivered Mail Returned to Sender\r
To: koshin-bounces@example.jp\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status;\r
\tboundary=\"4C1F\"\r
Message-Id: <20260317000000.4C1F@mail.example.jp>\r
\r
--4C1F\r
Content-Description: Notification\r
Content-Type: text/plain; charset=us-ascii\r
\r
This is the mail system at host mail.example.jp.\r
\r
--4C1F\r
Content-Description: Delivery report\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mail.example.jp\r
Arrival-Date: Tue, 17 Mar 2026 08:00:00 +0900 (JST)\r
\r
Final-Recipient: rfc822; incho@yamada.jp\r
Original-Recipient: rfc822;incho@yamada.jp\r
Action: failed\r
Status: 5.1.1\r
Remote-MTA: dns; mx.yamada.jp\r
Diagnostic-Code: smtp; 550 5.1.1 <incho@yamada.jp>: Recipient address\r
    rejected: User unknown\r
\r
--4C1F\r
Content-Description: Undelivered Message\r
Content-Type: message/rfc822\r
\r
Message-ID: <notice-12-5a01@auth.example.jp>\r
From: koshin@example.jp\r
To: incho@yamada.jp\r
Subject: =?utf-8?b?6KaB5a++5b+c?=\r
\r
...\r
--4C1F--\r
";

fn bounce() -> Bounce {
    Bounce {
        delivery: 12,
        mark: "5a01".to_owned(),
        reason: "550 5.1.1 <incho@yamada.jp>: Recipient address rejected: User unknown".to_owned(),
    }
}

#[test]
fn a_report_of_failure_names_the_mail_and_the_reason() {
    assert_eq!(read(RETURNED.as_bytes()), Ok(bounce()));
    assert_eq!(read(RETURNED.replace("\r\n", "\n").as_bytes()), Ok(bounce()), "as a pipe hands it over");
}

#[test]
fn servers_return_the_headers_only_or_answer_the_mail() {
    let headers_only = RETURNED
        .replace("Content-Type: message/rfc822", "Content-Type: text/rfc822-headers")
        .replace("\r\n\r\n...\r\n", "\r\n\r\n");
    assert_eq!(read(headers_only.as_bytes()), Ok(bounce()));
    let answered = RETURNED
        .replace("Message-ID: <notice-12-5a01@auth.example.jp>\r\n", "")
        .replace("Auto-Submitted:", "In-Reply-To: <notice-12-5a01@auth.example.jp>\r\nAuto-Submitted:");
    assert_eq!(read(answered.as_bytes()), Ok(bounce()));
}

#[test]
fn a_reason_is_one_bounded_line_and_the_status_where_there_is_no_text() {
    let plain = RETURNED.replace("Diagnostic-Code", "X-Diagnostic-Code");
    assert_eq!(read(plain.as_bytes()).unwrap().reason, "5.1.1");
    let long = RETURNED.replace("User unknown", &"x".repeat(2000));
    assert_eq!(read(long.as_bytes()).unwrap().reason.chars().count(), 300);
}

#[test]
fn what_is_no_failure_of_ours_changes_nothing() {
    let table = [
        (String::new(), NoBounce::Unreadable),
        ("Subject: 夏季休業のお知らせ\r\n\r\nただいま休業中です。\r\n".to_owned(), NoBounce::NoReport),
        (RETURNED.replace("Action: failed", "Action: delayed"), NoBounce::NoFailure),
        (RETURNED.replace("Action: failed", "Action: delivered"), NoBounce::NoFailure),
        (RETURNED.replace("Status: 5.1.1", "Status: 4.2.2"), NoBounce::NoFailure),
        (RETURNED.replace("notice-12-5a01", "other-12-5a01"), NoBounce::Foreign),
        (RETURNED.replace("notice-12-5a01", "notice-x-5a01"), NoBounce::Foreign),
        (RETURNED.replace("notice-12-5a01", "notice-12-' OR 1"), NoBounce::Foreign),
        (RETURNED.replace("notice-12-5a01", &format!("notice-12-{}", "5".repeat(41))), NoBounce::Foreign),
    ];
    for (mail, expected) in table {
        assert_eq!(read(mail.as_bytes()), Err(expected), "{mail}");
    }
}

/// What is written into a Message-ID is what is read out of it.
#[test]
fn names_go_there_and_back() {
    for (delivery, serial) in [(1, "5a01"), (i64::MAX, "00ff00ff00ff00ff00ff00ff00ff00ff")] {
        let id = format!("<{}@auth.example.jp>", message_name(delivery, serial));
        assert_eq!(delivery_of(&id), Some((delivery, serial.to_owned())));
    }
}

/// A boundary where the returned mail should begin breaks an assertion that the parser has in
/// programs built for development. Others see no mail of ours in it.
#[test]
fn a_report_that_returns_nothing_first_does_not_end_the_program() {
    let (before, returned) = RETURNED.split_at(RETURNED.rfind("--4C1F\r\n").unwrap());
    let head = &returned[..returned.find("Message-ID").unwrap()];
    let answer = read(format!("{before}{head}{returned}").as_bytes());
    assert_eq!(
        answer.map(|bounce| bounce.delivery),
        if cfg!(debug_assertions) { Err(NoBounce::Unreadable) } else { Err(NoBounce::Foreign) }
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_at_all_end_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&bytes);
    }

    /// Nearly right is harder to read than noise: cut, doubled and overwritten.
    #[test]
    fn nor_does_a_damaged_report(
        damages in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>()), 1..40),
    ) {
        let mut mail = RETURNED.as_bytes().to_vec();
        for (place, kind, byte) in damages {
            if mail.is_empty() {
                break;
            }
            let at = place.index(mail.len());
            match kind {
                0 => mail[at] = byte,
                1 => mail.truncate(at),
                2 => mail.insert(at, byte),
                _ => mail.extend_from_within(at..),
            }
            mail.truncate(1 << 16);
        }
        if let Ok(bounce) = read(&mail) {
            prop_assert!(bounce.reason.chars().count() <= 300);
            prop_assert!(!bounce.reason.contains(['\r', '\n']));
            prop_assert!(bounce.mark.len() <= 40);
        }
    }
}
