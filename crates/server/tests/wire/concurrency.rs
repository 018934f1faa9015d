//! A hundred at once.

use std::sync::Barrier;
use std::thread;

use koshin_testkit::terminal::{open_bundle, path_of};
use koshin_testkit::{Database, Response, ServerInABox, Terminal};

use crate::est::{Device, P256, reenroll};
use crate::support::states;

const MANY: usize = 100;

/// The same request from `MANY` connections at the same time.
fn all_at_once(ask: impl Fn() -> Response + Sync) -> Vec<Response> {
    let barrier = Barrier::new(MANY);
    thread::scope(|scope| {
        let start = || {
            barrier.wait();
            ask()
        };
        let threads: Vec<_> = (0..MANY).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Of the certificates that came out of it, how many still work.
pub(crate) fn usable(terminal: &Terminal, replies: &[Response]) -> usize {
    let client = terminal.client();
    let mut usable = 0;
    for reply in replies.iter().filter(|reply| reply.status == 200) {
        let reply = reply.json();
        let bundle = client.get(path_of(reply["uri"].as_str().unwrap())).unwrap();
        if bundle.status == 200 {
            let identity = open_bundle(&bundle.body, reply["pass"].as_str().unwrap());
            let trial = terminal.client_as(Some(&identity)).request(
                "GET",
                "/api/cert",
                &[("Koshin-Trial", "1")],
                b"",
            );
            usable += usize::from(trial.unwrap().status == 200);
        }
    }
    usable
}

#[test]
fn a_hundred_posts_with_one_certificate_leave_exactly_one_usable_one() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let terminal = server.issue("client001");
        let client = terminal.client();
        let replies = all_at_once(|| client.post_json("/api/cert", "{}").unwrap());
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            assert_eq!(
                (reply.status, reply.problem().as_str()),
                (409, "renewal-in-progress"),
                "{database:?}"
            );
            assert!(reply.header("retry-after").is_some(), "{reply:?}");
        }
        assert_eq!(usable(&terminal, &replies), 1, "{database:?}");
        let states = states(&server, "client001");
        assert_eq!(states.iter().filter(|state| *state == "issued").count(), 1, "{database:?}: {states:?}");
        assert!(!states.contains(&"pending".to_owned()), "{database:?}: {states:?}");
        assert_eq!(
            terminal.client().get("/api/cert").unwrap().json()["renewable"],
            true,
            "the old one goes on"
        );
    }
}

/// The short way of a renewal by EST, and the long one behind it, under each other's feet.
#[test]
fn many_renewals_by_est_with_one_certificate_leave_exactly_one() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let terminal = server.issue("client001");
        let Some(device) = Device::new(&terminal) else { return };
        let requests: Vec<_> = (0..12).map(|_| device.request(P256, "client001")).collect();
        let (client, barrier) = (terminal.client(), Barrier::new(requests.len()));
        let ask = |request: &[u8]| {
            barrier.wait();
            reenroll(&client, request)
        };
        let replies: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = requests.iter().map(|request| scope.spawn(|| ask(request))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            assert_eq!(
                (reply.status, reply.problem().as_str()),
                (409, "renewal-in-progress"),
                "{database:?}"
            );
        }
        let mut states = states(&server, "client001");
        states.retain(|state| state != "superseded");
        assert!(replies.iter().any(|reply| reply.status == 200), "{database:?}: {replies:?}");
        assert_eq!(states, ["in_use", "issued"], "{database:?}");
    }
}

#[test]
fn a_hundred_first_uses_confirm_once() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let terminal = server.issue("client001");
        let new = terminal.client_as(Some(&terminal.renew_as(&terminal.identity())));
        let replies = all_at_once(|| new.get("/api/cert").unwrap());
        for reply in &replies {
            assert_eq!((reply.status, reply.json()["state"].as_str()), (200, Some("in_use")), "{reply:?}");
        }
        assert_eq!(states(&server, "client001"), ["in_use", "superseded"], "{database:?}");
    }
}

#[test]
fn renewal_and_first_use_at_the_same_time_never_leave_a_terminal_without() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let terminal = server.issue("client001");
        let old_identity = terminal.identity();
        let new_identity = terminal.renew_as(&old_identity);
        let (old, new) = (terminal.client_as(Some(&old_identity)), terminal.client_as(Some(&new_identity)));
        // The application starts with the new certificate while a retry with the old one is still on its way.
        let (post, first_use) = thread::scope(|scope| {
            let post = scope.spawn(|| old.post_json("/api/cert", "{}").unwrap());
            let first_use = scope.spawn(|| new.get("/api/cert").unwrap());
            (post.join().unwrap(), first_use.join().unwrap())
        });
        let working = if first_use.status == 200 { &new } else { &old };
        let status = working.get("/api/cert").unwrap();
        assert_eq!(status.json()["renewable"], true, "{database:?}: {post:?} {first_use:?} {status:?}");
    }
}
