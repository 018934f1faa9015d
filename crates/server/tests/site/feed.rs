//! The calendar feed over HTTP: no certificate, no cookie, one secret address.

use crate::support::{Browser, SiteInABox, text};
use koshin_testkit::Response;
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Another program's reading of RFC 5545: line ends, folding at 75 octets, nesting, escapes.
const READER: &str = r#"
import json, re, sys
raw = sys.stdin.buffer.read()
assert raw.endswith(b"\r\n"), "the last line has an end"
assert b"\n" not in raw.replace(b"\r\n", b""), "only CRLF"
for line in raw.split(b"\r\n"):
    assert len(line) <= 75, line
    line.decode("utf-8")  # folded between characters
lines = raw.decode("utf-8").replace("\r\n ", "").split("\r\n")[:-1]
root = {"name": None, "properties": [], "parts": []}
stack = [root]
for line in lines:
    name, value = re.fullmatch(r"([A-Z-]+(?:;[A-Z]+=[A-Z]+)*):(.*)", line).groups()
    if name == "BEGIN":
        part = {"name": value, "properties": [], "parts": []}
        stack[-1]["parts"].append(part)
        stack.append(part)
    elif name == "END":
        assert stack.pop()["name"] == value, value
    else:
        text = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
        stack[-1]["properties"].append([name, text])
assert stack == [root], "all that begins ends"
print(json.dumps(root["parts"]))
"#;

fn read(calendar: &[u8]) -> serde_json::Value {
    let mut reader = Command::new("/usr/bin/python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(calendar).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(calendar));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn property<'a>(part: &'a serde_json::Value, name: &str) -> &'a str {
    let all = part["properties"].as_array().unwrap();
    let found = all.iter().find(|pair| pair[0] == name).unwrap_or_else(|| panic!("no {name} in {part}"));
    found[1].as_str().unwrap()
}

/// What a program without a certificate and without cookies gets.
fn fetch(browser: &mut Browser, path: &str, more: &[(&str, &str)]) -> Response {
    browser.cookies.clear();
    browser.send("GET", path, more, "")
}

/// The address that the page shows, without the host.
fn address(page: &str) -> String {
    let (_, rest) = page.split_once("/feed/").unwrap_or_else(|| panic!("no address in {page}"));
    format!("/feed/{}", rest.split('<').next().unwrap())
}

#[test]
fn whoever_has_the_address_reads_the_calendar_until_it_is_revoked() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    // In use from now on: what nobody uses is in no calendar.
    assert_eq!(terminal.client().get("/api/cert").unwrap().status, 200);
    let mut administrator = site.signed_in("clinic", &terminal);
    let page = administrator.get("/notices");
    let shown = administrator.post_from(&page, "/notices/feed", &[]);
    assert_eq!(shown.status, 200, "{}", text(&shown));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let path = address(&text(&shown));
    assert!(!text(&administrator.get("/notices")).contains(&path), "shown once");

    let mut program = site.browser(&terminal, None);
    let feed = fetch(&mut program, &path, &[]);
    assert_eq!((feed.status, feed.header("content-type")), (200, Some("text/calendar; charset=utf-8")));
    assert_eq!(feed.header("cache-control"), Some("private, no-cache"));
    assert_eq!(feed.header("set-cookie"), None);
    let calendar = &read(&feed.body)[0];
    assert_eq!((calendar["name"].as_str(), property(calendar, "VERSION")), (Some("VCALENDAR"), "2.0"));
    let event = &calendar["parts"][0];
    assert_eq!(event["name"], "VEVENT");
    let end = koshin_policy::calendar::jst_date(terminal.facts().not_after);
    assert_eq!(property(event, "DTSTART;VALUE=DATE"), end.strftime("%Y%m%d").to_string());
    assert!(property(event, "SUMMARY").starts_with("端末1の証明書の期限｜"), "{event}");
    assert!(property(event, "DESCRIPTION").contains("CN：client001\n"), "{event}");
    assert!(property(event, "UID").starts_with(&terminal.serial()));
    let alarms: Vec<_> = event["parts"].as_array().unwrap().iter().collect();
    let triggers: Vec<_> = alarms.iter().map(|alarm| property(alarm, "TRIGGER")).collect();
    assert_eq!(triggers, ["-P29DT16H", "-P13DT16H", "-P2DT16H"]);
    assert!(alarms.iter().all(|alarm| alarm["name"] == "VALARM" && property(alarm, "ACTION") == "DISPLAY"));

    let tag = feed.header("etag").unwrap().to_owned();
    let same = fetch(&mut program, &path, &[("If-None-Match", &format!("\"x\", W/{tag}"))]);
    assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(tag.as_str())));
    assert_eq!(fetch(&mut program, &path, &[("If-None-Match", "\"x\"")]).status, 200);

    // What opens nothing is answered alike, whatever it looks like.
    let page = administrator.get("/notices/confirm/feed-close");
    let closed = administrator.post_from(&page, "/notices/feed/close", &[]);
    assert_eq!(closed.status, 303, "{}", text(&closed));
    let gone = fetch(&mut program, &path, &[]);
    assert_eq!((gone.status, gone.header("set-cookie")), (404, None));
    for other in ["/feed/x.ics", "/feed/x", &format!("/feed/{}.ics", "0".repeat(64))] {
        let answer = fetch(&mut program, other, &[]);
        assert_eq!((answer.status, &answer.body), (404, &gone.body), "{other}");
        let kind = |answer: &Response| answer.header("content-type").map(str::to_owned);
        assert_eq!(kind(&answer), kind(&gone), "{other}");
    }
    let token = path.trim_start_matches("/feed/").trim_end_matches(".ics");
    assert_eq!(token.len(), 64);
    assert!(!site.server.log().contains(token), "in no log");
    let trail = site.server.audit();
    assert!(!serde_json::to_string(&trail).unwrap().contains(token), "nor in the trail");
}

#[test]
fn another_address_closes_the_one_before() {
    let mut site = SiteInABox::start();
    let terminal = site.server.issue("client001");
    let mut administrator = site.signed_in("clinic", &terminal);
    let mut open = || {
        let page = administrator.get("/notices");
        address(&text(&administrator.post_from(&page, "/notices/feed", &[])))
    };
    let (first, second) = (open(), open());
    assert_ne!(first, second);
    let mut program = site.browser(&terminal, None);
    assert_eq!(fetch(&mut program, &first, &[]).status, 404);
    let empty = fetch(&mut program, &second, &[]);
    assert_eq!(empty.status, 200);
    assert_eq!(read(&empty.body)[0]["parts"].as_array().unwrap().len(), 0, "no certificate is in use");
}
