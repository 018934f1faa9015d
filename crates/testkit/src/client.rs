//! HTTP/1.1 over mTLS, byte by byte as the test wants it. A new connection per request.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::Resumption;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::ca::Identity;

/// No request of a test takes longer; a server that hangs fails the test instead.
const LIMIT: Duration = Duration::from_secs(60);

/// A TLS connection as the kit makes them.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A client with one identity and one server.
#[derive(Debug, Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    host: String,
    address: SocketAddr,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, with chunks joined.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The code of a problem document; empty when it has none.
    pub fn problem(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// How a client behaves in TLS.
#[derive(Debug, Default)]
pub struct ClientOptions<'a> {
    /// None: no client certificate.
    pub identity: Option<&'a Identity>,
    /// None: TLS 1.2 and 1.3.
    pub version: Option<&'static SupportedProtocolVersion>,
    /// Only this key exchange, without the post-quantum hybrid: for figures that compare with others.
    pub x25519_only: bool,
    /// When it is, for the server's certificate; None: by this machine's clock.
    pub now: Option<Timestamp>,
}

/// A clock that stands still.
#[derive(Debug)]
struct StandingClock(UnixTime);

impl TimeProvider for StandingClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl Client {
    /// A client of the server at `address`, which proves itself as `host` by a chain to `ca`.
    ///
    /// # Panics
    /// When the identity cannot be used in TLS.
    pub fn new(
        address: SocketAddr,
        host: &str,
        ca: &[CertificateDer<'static>],
        options: &ClientOptions<'_>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(ca.iter().cloned());
        let versions = options.version.map_or(rustls::ALL_VERSIONS.to_vec(), |version| vec![version]);
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        if options.x25519_only {
            provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
        }
        let clock: Arc<dyn TimeProvider> = match options.now {
            None => Arc::new(DefaultTimeProvider),
            Some(now) => Arc::new(StandingClock(UnixTime::since_unix_epoch(Duration::from_secs(
                now.as_second().try_into().expect("a time since 1970"),
            )))),
        };
        let builder = ClientConfig::builder_with_details(provider.into(), clock)
            .with_protocol_versions(&versions)
            .expect("versions that the library has")
            .with_root_certificates(roots);
        let mut config = match options.identity {
            None => builder.with_no_client_auth(),
            // Not checked against each other: a test may send a certificate with another's key.
            Some(identity) => {
                let provider = crate::provider();
                let key =
                    provider.key_provider.load_private_key(identity.key.clone_key()).expect("a usable key");
                let pair = CertifiedKey::new(identity.chain.clone(), key);
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair)))
            }
        };
        config.resumption = Resumption::disabled();
        Self::with_config(address, host, Arc::new(config))
    }

    /// A client whose TLS side was made elsewhere; thousands of clients can share what is costly to make.
    ///
    /// # Panics
    /// When `host` is no host name.
    pub fn with_config(address: SocketAddr, host: &str, config: Arc<ClientConfig>) -> Self {
        let name = ServerName::try_from(host.to_owned()).expect("a host name");
        Self { config, name, host: host.to_owned(), address }
    }

    /// `GET path`.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn get(&self, path: &str) -> io::Result<Response> {
        self.request("GET", path, &[], b"")
    }

    /// `POST path` with a JSON body, as today's applications do.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn post_json(&self, path: &str, body: &str) -> io::Result<Response> {
        let headers = [("Content-Type", "application/json"), ("Accept", "application/json")];
        self.request("POST", path, &headers, body.as_bytes())
    }

    /// Any request. `Host`, `Connection: close` and `Content-Length` are added.
    ///
    /// # Errors
    /// When the connection fails, or the answer is not HTTP.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        let mut message = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        for (name, value) in headers {
            message.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" {
            message.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        message.push_str("\r\n");
        let mut stream = self.connect()?;
        stream.write_all(&[message.as_bytes(), body].concat())?;
        read_response(&mut stream)
    }

    /// Bytes exactly as given, and the answer.
    ///
    /// # Errors
    /// When the connection fails, or the answer is not HTTP.
    pub fn raw(&self, bytes: &[u8]) -> io::Result<Response> {
        let mut stream = self.connect()?;
        stream.write_all(bytes)?;
        read_response(&mut stream)
    }

    /// A connection after its handshake. In TLS 1.3 a refused client certificate shows at the first read.
    ///
    /// # Errors
    /// When TCP or TLS fails.
    pub fn connect(&self) -> io::Result<TlsStream> {
        let mut tcp = TcpStream::connect_timeout(&self.address, LIMIT)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(LIMIT))?;
        tcp.set_write_timeout(Some(LIMIT))?;
        let mut tls =
            ClientConnection::new(self.config.clone(), self.name.clone()).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(StreamOwned::new(tls, tcp))
    }
}

/// Reads one answer.
///
/// # Errors
/// When the connection fails, or ends before the answer does.
pub fn read_response(stream: &mut impl Read) -> io::Result<Response> {
    let mut bytes = Vec::new();
    loop {
        if let Some(response) = parse(&bytes, false)? {
            return Ok(response);
        }
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            // The peer closed without TLS's good-bye: the lengths below tell whether something is missing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !bytes.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    parse(&bytes, true)?.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut"))
}

fn parse(bytes: &[u8], ended: bool) -> io::Result<Option<Response>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let start = match head.parse(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
        httparse::Status::Complete(start) => start,
        httparse::Status::Partial => return Ok(None),
    };
    let status = head.code.unwrap_or_default();
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|header| (header.name.to_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let find = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let rest = &bytes[start..];
    let body = if matches!(status, 204 | 304) {
        Some(Vec::new())
    } else if find("transfer-encoding") == Some("chunked") {
        dechunk(rest)?
    } else if let Some(length) = find("content-length").and_then(|length| length.parse::<usize>().ok()) {
        rest.get(..length).map(<[u8]>::to_vec)
    } else {
        ended.then(|| rest.to_vec())
    };
    Ok(body.map(|body| Response { status, headers, body }))
}

fn dechunk(mut rest: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((start, 0))) => return Ok(rest.get(start..).map(|_| body)),
            Ok(httparse::Status::Complete((start, size))) => {
                let end = start + usize::try_from(size).unwrap_or(usize::MAX - start - 2);
                let Some(chunk) = rest.get(start..end) else { return Ok(None) };
                body.extend_from_slice(chunk);
                let Some(next) = rest.get(end + 2..) else { return Ok(None) };
                rest = next;
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "a bad chunk size")),
        }
    }
}
