//! What a request may take: bytes, time, connections.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use koshin_testkit::{ServerInABox, ServerOptions, tools};

use crate::support::wait_until;

/// A server with short limits, so that tests see them pass.
fn impatient() -> ServerInABox {
    ServerInABox::start_with(ServerOptions {
        configure: Box::new(|config| {
            // A body has the time of a head; which of two equal times ends first would be chance.
            let limits = [
                ("handshake_seconds", 1),
                ("header_seconds", 1),
                ("idle_seconds", 1),
                ("request_seconds", 3),
            ]
            .map(|(key, seconds)| (key.to_owned(), toml::Value::from(seconds)));
            config.insert("limits".into(), toml::Table::from_iter(limits).into());
        }),
        ..ServerOptions::default()
    })
}

/// Whether the peer closes before a generous time has passed.
fn closes(stream: &mut impl Read) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

#[test]
fn a_long_body_is_refused_and_costs_no_certificate() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let long = format!("{{\"filler\":\"{}\"}}", "x".repeat(100_000));
    let reply = terminal.client().post_json("/api/cert", &long).unwrap();
    assert_eq!((reply.status, reply.problem().as_str()), (413, "body-too-large"));
    let reply =
        terminal.client().request("POST", "/.well-known/est/simplereenroll", &[], long.as_bytes()).unwrap();
    assert_eq!(reply.status, 413);
    assert_eq!(server.certificates().len(), 1);
}

#[test]
fn a_long_head_is_refused() {
    let mut server = ServerInABox::start();
    let client = server.issue("client001").client();
    let long = "x".repeat(200_000);
    let reply = client.request("GET", "/api/cert", &[("X-Filler", &long)], b"");
    assert!(reply.as_ref().map_or(true, |reply| (400..500).contains(&reply.status)), "{reply:?}");
    assert_eq!(client.get("/api/cert").unwrap().status, 200, "the server goes on");
}

#[test]
fn a_silent_tcp_connection_is_closed() {
    let server = impatient();
    let mut tcp = TcpStream::connect(server.address()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert!(closes(&mut tcp), "no handshake came, and the connection stayed open");
}

#[test]
fn slow_heads_are_cut_off() {
    let mut server = impatient();
    let mut stream = server.issue("client001").client().connect().unwrap();
    stream.sock.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"GET /api/cert HTTP/1.1\r\nHost: h\r\nX-Slow: ").unwrap();
    assert!(closes(&mut stream), "half a head came, and the connection stayed open");
}

#[test]
fn slow_bodies_are_cut_off_and_issue_nothing() {
    let mut server = impatient();
    let mut stream = server.issue("client001").client().connect().unwrap();
    stream.sock.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"POST /api/cert HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{").unwrap();
    let reply = koshin_testkit::client::read_response(&mut stream).unwrap();
    assert_eq!((reply.status, reply.problem().as_str()), (408, "request-timeout"));
    assert_eq!(server.certificates().len(), 1);
}

#[test]
fn more_connections_than_allowed_wait_and_are_not_lost() {
    let mut server = ServerInABox::start_with(ServerOptions {
        configure: Box::new(|config| {
            let limits = toml::Table::from_iter([("connections".to_owned(), 2.into())]);
            config.insert("limits".into(), limits.into());
        }),
        ..ServerOptions::default()
    });
    let client = server.issue("client001").client();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(client.get("/api/cert").unwrap().status, 200));
        }
    });
}

/// An h2 client may keep a connection open without ever asking for anything.
#[test]
fn an_idle_h2_connection_is_closed() {
    let mut server = impatient();
    let terminal = server.issue("client001");
    let url = format!("localhost:{}", server.address().port());
    let Some(openssl) = tools::require("openssl") else { return };
    let mut idle = Command::new(openssl)
        .args(["s_client", "-connect", &url, "-alpn", "h2", "-quiet", "-no_ign_eof", "-CAfile"])
        .arg(terminal.file("ca"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the server ends the connection", || idle.try_wait().unwrap().is_some());
}
