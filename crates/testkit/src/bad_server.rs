//! An mTLS server that answers what the test scripts, byte by byte.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::CertificateDer;

use crate::ca::{LeafOptions, TestCa};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The head as sent, lines and all.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the client presented a certificate, and which.
    pub certificate: Option<CertificateDer<'static>>,
}

/// What the server sends, and how the connection ends.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Bytes on the TLS connection.
    pub bytes: Vec<u8>,
    /// What follows them.
    pub end: End,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In good order.
    Close,
    /// Without TLS's good-bye, as when a line is cut.
    Cut,
    /// Not at all, as long as the server lives.
    Stall,
}

impl Reply {
    /// A well-formed answer.
    pub fn http(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        Self::raw([head.as_bytes(), body].concat())
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::http(status, "application/json", body.to_string())
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self::raw(format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ))
    }

    /// Bytes as they are.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), end: End::Close }
    }

    /// The same, but only the first bytes of it, and then the line is cut.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.bytes.truncate(bytes);
        self.end = End::Cut;
        self
    }

    /// The same, but only the first bytes of it, and then silence.
    #[must_use]
    pub fn stall_after(mut self, bytes: usize) -> Self {
        self.bytes.truncate(bytes);
        self.end = End::Stall;
        self
    }
}

/// A running server; it ends when dropped.
pub struct BadServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
}

struct Shared<F> {
    config: Arc<ServerConfig>,
    script: F,
    requests: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
}

impl BadServer {
    /// Starts a server on a free port, with a certificate for `localhost` and 127.0.0.1 from
    /// `own_ca`, that asks for client certificates of `client_roots` and answers each request by `script`.
    ///
    /// # Panics
    /// When no port is free, or a certificate cannot be used.
    pub fn start<F>(own_ca: &TestCa, client_roots: &[CertificateDer<'static>], script: F) -> Self
    where
        F: Fn(&Request) -> Reply + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Shared {
            config: server_config(own_ca, client_roots),
            script,
            requests: Arc::clone(&requests),
            ended: Arc::clone(&ended),
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.ended.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A client that gives up, or refuses the certificate, is part of the test.
                thread::spawn(move || drop(shared.answer(stream)));
            }
        });
        Self { address, requests, ended }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// What has been asked so far.
    ///
    /// # Panics
    /// When the script panicked.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the requests").clone()
    }
}

impl Drop for BadServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the acceptor, which then sees that it has ended.
        let _ = TcpStream::connect(self.address);
    }
}

impl<F: Fn(&Request) -> Reply> Shared<F> {
    fn answer(&self, tcp: TcpStream) -> io::Result<()> {
        tcp.set_read_timeout(Some(Duration::from_secs(30)))?;
        let tls = ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, tcp);
        let request = read_request(&mut stream)?;
        self.requests.lock().map_err(|_| io::Error::other("a panic elsewhere"))?.push(request.clone());
        let reply = (self.script)(&request);
        stream.write_all(&reply.bytes)?;
        stream.flush()?;
        match reply.end {
            End::Close => {
                stream.conn.send_close_notify();
                stream.conn.complete_io(&mut stream.sock)?;
            }
            End::Cut => {}
            End::Stall => {
                while !self.ended.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(50));
                }
            }
        }
        Ok(())
    }
}

fn server_config(own_ca: &TestCa, client_roots: &[CertificateDer<'static>]) -> Arc<ServerConfig> {
    let mut options = LeafOptions::server("localhost");
    options.names.push("127.0.0.1".into());
    let identity = own_ca.issue(&options);
    let builder = ServerConfig::builder_with_provider(crate::provider())
        .with_safe_default_protocol_versions()
        .expect("the default versions");
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(client_roots.iter().cloned());
    let builder = if roots.is_empty() {
        builder.with_no_client_auth()
    } else {
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), crate::provider());
        builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().expect("a verifier"))
    };
    let mut config = builder.with_single_cert(identity.chain, identity.key).expect("a usable certificate");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn read_request(stream: &mut StreamOwned<ServerConnection, TcpStream>) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let start = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        read_more(stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..start]).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    while bytes.len() < start + length {
        read_more(stream, &mut bytes)?;
    }
    let mut words = head.split_whitespace().map(str::to_owned);
    Ok(Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        body: bytes[start..].to_vec(),
        certificate: stream.conn.peer_certificates().and_then(|chain| chain.first().cloned()),
        head,
    })
}

fn read_more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => {
            bytes.extend_from_slice(&buffer[..length]);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Client, ClientOptions};

    #[test]
    fn the_script_decides_and_the_request_is_kept() {
        let ca = TestCa::new("Test CA");
        let identity = ca.issue(&LeafOptions::client("client001"));
        let roots = [ca.certificate().clone()];
        let server = BadServer::start(&ca, &roots, |request| match request.path.as_str() {
            "/json" => Reply::json(201, &serde_json::json!({"odd": true})),
            "/cut" => Reply::http(200, "text/html", "<html>proxy</html>").cut_after(90),
            _ => Reply::redirect("https://elsewhere.example/"),
        });
        let options = ClientOptions { identity: Some(&identity), ..ClientOptions::default() };
        let client = Client::new(server.address(), "localhost", &roots, &options);

        let reply = client.post_json("/json", "{}").expect("an answer");
        assert_eq!((reply.status, reply.json()["odd"].as_bool()), (201, Some(true)));
        assert!(client.get("/cut").is_err(), "a cut answer is an error");
        let redirect = client.get("/").expect("an answer");
        assert_eq!(redirect.header("location"), Some("https://elsewhere.example/"));

        let requests = server.requests();
        assert_eq!((requests[0].method.as_str(), requests[0].body.as_slice()), ("POST", &b"{}"[..]));
        assert_eq!(requests[0].certificate.as_ref(), identity.chain.first());
    }
}
