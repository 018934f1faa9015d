//! The whole table of the decision.

use crate::support::{days, now};
use jiff::{SignedDuration, Timestamp};
use koshin::launcher::{
    decision::{Action, Seen, decide},
    memory::Memory,
};
use koshin_policy::calendar::jst_date;

fn certificate(common_name: &str, left: SignedDuration) -> Seen {
    let not_after = now() + left;
    Seen::Certificate {
        sha256: "ab".to_owned(),
        common_name: common_name.to_owned(),
        not_after,
        opens: not_after - days(90),
        begun: false,
        in_use: true,
    }
}

fn begun(seen: Seen) -> Seen {
    match seen {
        Seen::Certificate { sha256, common_name, not_after, opens, .. } => {
            Seen::Certificate { sha256, common_name, not_after, opens, begun: true, in_use: true }
        }
        other => other,
    }
}

/// A connection that the application does not open.
fn unused(seen: Seen) -> Seen {
    match seen {
        Seen::Certificate { sha256, common_name, not_after, opens, begun, .. } => {
            Seen::Certificate { sha256, common_name, not_after, opens, begun, in_use: false }
        }
        other => other,
    }
}

fn locked() -> Seen {
    Seen::Locked { key: "/home/u/client.p12".to_owned() }
}

fn unreadable(in_use: bool) -> Seen {
    Seen::Unreadable { key: "config 0".to_owned(), in_use }
}

fn declined(seen: &Seen, at: Timestamp) -> Memory {
    let mut memory = Memory::default();
    memory.decline(seen.key(), jst_date(at));
    memory
}

fn told(seen: &Seen, at: Timestamp) -> Memory {
    let mut memory = Memory::default();
    memory.tell(seen.key(), jst_date(at));
    memory
}

#[test]
fn the_table() {
    let nothing = |_: &Seen| Memory::default();
    let said_no = |seen: &Seen| declined(seen, now());
    let was_told = |seen: &Seen| told(seen, now());
    type Row<'a> = (&'a str, Seen, &'a dyn Fn(&Seen) -> Memory, Action);
    use Action::{Attend, Start};
    let rows: &[Row<'_>] = &[
        ("not due", certificate("client001", days(91)), &nothing, Start),
        ("due", certificate("client001", days(90)), &nothing, Attend),
        ("due, declined today", certificate("client001", days(8)), &said_no, Start),
        ("the last week, declined today", certificate("client001", days(7)), &said_no, Attend),
        ("due, hopeless and told today", certificate("client001", days(30)), &was_told, Start),
        ("the last week, hopeless and told", certificate("client001", days(7)), &was_told, Attend),
        ("the last second", certificate("client001", SignedDuration::ZERO), &said_no, Attend),
        ("expired", certificate("client001", days(-1)), &nothing, Attend),
        ("expired, declined today", certificate("client001", days(-1)), &said_no, Attend),
        ("expired, told today", certificate("client001", days(-1)), &was_told, Attend),
        ("expired and not in use", unused(certificate("client001", days(-1))), &nothing, Attend),
        ("expired and not in use, told today", unused(certificate("client001", days(-1))), &was_told, Start),
        ("api, expired, told today", certificate("api001", days(-1)), &was_told, Start),
        ("api, not due", certificate("api001", days(91)), &nothing, Start),
        ("api, due", certificate("api001", days(30)), &nothing, Attend),
        ("api, told today", certificate("api001", days(3)), &was_told, Start),
        ("interrupted, declined", begun(certificate("client001", days(30))), &said_no, Attend),
        ("interrupted, not due", begun(certificate("client001", days(200))), &nothing, Attend),
        ("password and date unknown", locked(), &nothing, Attend),
        ("password unknown, declined today", locked(), &said_no, Start),
        ("unreadable", unreadable(true), &nothing, Attend),
        ("unreadable, told today", unreadable(true), &was_told, Start),
        ("unreadable, and never opened", unreadable(false), &nothing, Start),
    ];
    for (name, seen, memory, expected) in rows {
        assert_eq!(decide(seen, &memory(seen), now()), *expected, "{name}");
    }
}

/// 今日は更新しない ends at midnight in Japan, which is 15:00 UTC.
#[test]
fn the_next_day_begins_at_midnight_in_japan() {
    let seen = certificate("client001", days(30));
    let evening: Timestamp = "2026-11-22T14:59:59Z".parse().unwrap();
    let memory = declined(&seen, evening);
    assert_eq!(decide(&seen, &memory, evening), Action::Start);
    let midnight: Timestamp = "2026-11-22T15:00:00Z".parse().unwrap();
    assert_eq!(decide(&seen, &memory, midnight), Action::Attend);
}

/// What was said of one certificate is not said of another.
#[test]
fn an_answer_is_about_one_certificate() {
    let memory = declined(&locked(), now());
    assert_eq!(decide(&certificate("client001", days(30)), &memory, now()), Action::Attend);
}
