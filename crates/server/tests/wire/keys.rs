//! A herd at the legacy door of a server that has no key in stock.

use std::sync::Barrier;
use std::thread;

use koshin_testkit::{Response, ServerInABox, ServerOptions, Terminal};

use crate::support::{set_service, wait_until};

/// More terminals than a server lets wait for RSA-3072 keys when a request may take a second, so that nobody is to
/// wait longer than half of it: two or three for each processor.
fn more_than_can_wait() -> usize {
    6 + 5 * thread::available_parallelism().map_or(1, usize::from)
}

fn all_at_once(terminals: &[Terminal]) -> Vec<Response> {
    let barrier = Barrier::new(terminals.len());
    let renew = |terminal: &Terminal| {
        let client = terminal.client();
        barrier.wait();
        client.post_json("/api/cert", "{}").unwrap()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = terminals.iter().map(|terminal| scope.spawn(|| renew(terminal))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn who_finds_the_queue_full_is_told_when_to_come_back_and_nothing_is_recorded() {
    // The first certificates have keys that are quick to make.
    let mut server = ServerInABox::start_with(ServerOptions {
        configure: Box::new(|config| set_service(config, "legacy_key", "p-256")),
        ..ServerOptions::default()
    });
    let terminals: Vec<_> =
        (0..more_than_can_wait()).map(|number| server.issue(&format!("client{number:03}"))).collect();
    server.kill();
    server.edit_config(|config| {
        set_service(config, "legacy_key", "rsa-3072");
        let limits = toml::Table::from_iter([("request_seconds".to_owned(), 1.into())]);
        config.insert("limits".into(), limits.into());
    });
    server.serve();

    let replies = all_at_once(&terminals);
    let certificates = server.certificates();
    let of = |terminal: &Terminal| {
        certificates.iter().filter(|certificate| certificate["cn"] == terminal.common_name.as_str()).count()
    };
    let mut untouched = 0;
    for (terminal, reply) in terminals.iter().zip(&replies) {
        if reply.status == 200 {
            assert_eq!(of(terminal), 2, "the old certificate and the new one");
            continue;
        }
        assert_eq!((reply.status, reply.problem().as_str()), (503, "overloaded"));
        let seconds: u32 = reply.header("retry-after").expect("when to come back").parse().unwrap();
        assert!((1..=300).contains(&seconds), "{seconds}");
        untouched += usize::from(of(terminal) == 1);
    }
    assert!(untouched > 0, "nothing is recorded for who was sent away at once");
    // A renewal that had its key when its second was over goes on to its end.
    wait_until("every intent has its end", || {
        server.certificates().iter().all(|certificate| certificate["state"] != "pending")
    });
}
