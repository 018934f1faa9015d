//! Requests from thousands of terminals at once: tokio's sockets, one answer at a time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use koshin_testkit::Response;
use koshin_testkit::client::read_response;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::fleet::HOST;

/// A connection after its handshake.
pub(crate) async fn connect(address: SocketAddr, tls: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
    TlsConnector::from(tls).connect(name, tcp).await
}

/// One request and its answer, on an open connection.
pub(crate) async fn ask(
    stream: &mut TlsStream<TcpStream>,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> io::Result<Response> {
    let length = body.len();
    let message = format!(
        "{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(message.as_bytes()).await?;
    let mut bytes = Vec::new();
    loop {
        let read = stream.read_buf(&mut bytes).await?;
        match read_response(&mut bytes.as_slice()) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && read > 0 => {}
            answer => return answer,
        }
    }
}
