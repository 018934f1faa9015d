//! Webhooks: a notice as signed JSON, posted once, redirected never.

use super::{Setback, address::is_public};
use crate::{
    config::WebhookConfig,
    home::{self, FileError},
};
use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, ServerName};
use secrecy::{ExposeSecret, SecretString};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// For everything from the name's look-up to the head of the answer.
const LIMIT: Duration = Duration::from_secs(15);
/// Seconds since 1970 at which the request was signed. Receivers refuse old ones.
pub const TIMESTAMP_HEADER: &str = "koshin-timestamp";
/// `sha256=` and the hex HMAC-SHA256 of `TIMESTAMP.BODY` under the shared secret.
pub const SIGNATURE_HEADER: &str = "koshin-signature";
/// The delivery's identifier, the same for each attempt: receivers know a duplicate by it.
pub const DELIVERY_HEADER: &str = "koshin-delivery";

/// The configuration's webhook section cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookSetupError {
    /// The file of CA certificates.
    #[error("webhook.ca_file: {0}")]
    CaFile(#[from] FileError),
    /// Not certificates.
    #[error("webhook.ca_file: {0}")]
    Certificates(String),
    /// The TLS library refuses.
    #[error("TLS for webhooks cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A webhook was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The URL cannot be used.
    #[error("the webhook's URL cannot be used: {0}")]
    Url(#[from] UrlError),
    /// The name is unknown.
    #[error("the webhook's host {host} was not found: {reason}")]
    Resolve {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The name leads to a private address.
    #[error("the webhook's host {0} has no public address, and the configuration allows no other")]
    PrivateAddress(String),
    /// No connection, no TLS, no HTTP.
    #[error("the webhook's receiver {host} cannot be reached ({step}): {reason}")]
    Connection {
        /// The host.
        host: String,
        /// At which step.
        step: &'static str,
        /// Why.
        reason: String,
    },
    /// The time is up.
    #[error("the webhook's receiver {0} did not answer in time")]
    TimedOut(String),
    /// A redirect. It is not followed: what was allowed is the URL that was set.
    #[error("the webhook's receiver redirects ({0}), which is not followed: set the final URL")]
    Redirected(StatusCode),
    /// 410: the receiver wants no more.
    #[error("the webhook's receiver says that it is gone (410)")]
    Gone,
    /// Any other answer that is not a success.
    #[error("the webhook's receiver answered {0}")]
    Status(StatusCode),
}

impl WebhookError {
    /// What it means for the next attempt. Each receiver stands alone.
    pub fn setback(&self) -> Setback {
        match self {
            Self::Url(_) | Self::Gone => Setback::Refused,
            _ => Setback::Later,
        }
    }
}

/// Why a URL is none for webhooks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not https.
    #[error("write https://HOST/PATH; only https is allowed")]
    Scheme,
    /// A name and password in it would show up in logs.
    #[error("leave user and password out of the URL")]
    Credentials,
    /// An address that only this server can reach.
    #[error("it names a private address, and the configuration allows no such webhook")]
    PrivateAddress,
    /// Longer than any that is meant.
    #[error("it is too long")]
    TooLong,
    /// No URL at all.
    #[error("it is no absolute URL; write https://HOST/PATH")]
    Syntax,
}

/// A URL that webhooks may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    uri: Uri,
    host: String,
    port: u16,
    tls: bool,
}

impl WebhookUrl {
    /// Checks a URL. `http` is allowed for this machine only, and only where the operator
    /// allows private addresses.
    ///
    /// # Errors
    /// When the URL is none, or not https.
    pub fn parse(text: &str, private_addresses: bool) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::Syntax)?;
        let authority = uri.authority().ok_or(UrlError::Syntax)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let loopback = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if loopback && private_addresses => false,
            Some(_) => return Err(UrlError::Scheme),
            None => return Err(UrlError::Syntax),
        };
        // Names are judged when they are resolved; an address can be judged now.
        if !private_addresses && host.parse().is_ok_and(|address| !is_public(address)) {
            return Err(UrlError::PrivateAddress);
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { host, port, tls, uri })
    }
}

/// Scheme and host of a URL, without what only its owner should know: many receivers have
/// their secret in the path.
pub fn origin(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let parts = uri.as_ref().and_then(|uri| uri.scheme_str().zip(uri.host()));
    parts.map_or_else(String::new, |(scheme, host)| format!("{scheme}://{host}"))
}

/// A notice to be posted.
pub struct OutgoingWebhook<'a> {
    /// Where to.
    pub url: &'a str,
    /// The shared secret.
    pub secret: &'a SecretString,
    /// The delivery's identifier.
    pub id: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Posts webhooks.
#[derive(Clone)]
pub struct WebhookSender {
    private_addresses: bool,
    tls: TlsConnector,
}

impl WebhookSender {
    /// Prepares TLS with the system's roots, or those of the configured file.
    ///
    /// # Errors
    /// When the CA file cannot be used.
    pub fn new(config: &WebhookConfig) -> Result<Self, WebhookSetupError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(match &config.ca_file {
            Some(path) => certificates(&home::read(path)?)?,
            None => rustls_native_certs::load_native_certs().certs,
        });
        let tls = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { private_addresses: config.private_addresses, tls: Arc::new(tls).into() })
    }

    /// Posts one notice; any 2xx is a success.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn send(&self, webhook: &OutgoingWebhook<'_>, now: Timestamp) -> Result<(), WebhookError> {
        let url = WebhookUrl::parse(webhook.url, self.private_addresses)?;
        let request = request(&url, webhook, now)?;
        let status = timeout(LIMIT, self.post(&url, request))
            .await
            .map_err(|_| WebhookError::TimedOut(url.host.clone()))??;
        match status {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => Err(WebhookError::Redirected(status)),
            StatusCode::GONE => Err(WebhookError::Gone),
            status => Err(WebhookError::Status(status)),
        }
    }

    async fn post(
        &self,
        url: &WebhookUrl,
        request: Request<Full<Bytes>>,
    ) -> Result<StatusCode, WebhookError> {
        let stream = connect(url, &self.addresses(url).await?).await?;
        if !url.tls {
            return exchange(url, stream, request).await;
        }
        let name = ServerName::try_from(url.host.clone()).map_err(|error| broken(url, "name", &error))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| broken(url, "TLS", &error))?;
        exchange(url, stream, request).await
    }

    /// The addresses that may be connected to.
    async fn addresses(&self, url: &WebhookUrl) -> Result<Vec<SocketAddr>, WebhookError> {
        let found = lookup_host((url.host.as_str(), url.port))
            .await
            .map_err(|error| WebhookError::Resolve { host: url.host.clone(), reason: error.to_string() })?;
        let allowed: Vec<_> =
            found.filter(|address| self.private_addresses || is_public(address.ip())).collect();
        if allowed.is_empty() { Err(WebhookError::PrivateAddress(url.host.clone())) } else { Ok(allowed) }
    }
}

/// The value of [`SIGNATURE_HEADER`].
pub fn signature(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{timestamp}.").as_bytes());
    context.update(body);
    format!("sha256={}", hex::encode(context.sign()))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, WebhookSetupError> {
    let found = koshin_issuance::certificates_from_pem(pem)
        .map_err(|error| WebhookSetupError::Certificates(error.to_string()))?;
    Ok(found.into_iter().map(CertificateDer::from).collect())
}

fn request(
    url: &WebhookUrl,
    webhook: &OutgoingWebhook<'_>,
    now: Timestamp,
) -> Result<Request<Full<Bytes>>, WebhookError> {
    let timestamp = now.as_second();
    let path = url.uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = url.uri.authority().map_or(url.host.as_str(), |authority| authority.as_str());
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, concat!("koshin-server/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, "application/json")
        .header(DELIVERY_HEADER, &webhook.id)
        .header(TIMESTAMP_HEADER, timestamp)
        .header(SIGNATURE_HEADER, signature(webhook.secret, timestamp, &webhook.body))
        .body(Full::new(Bytes::from(webhook.body.clone())))
        .map_err(|_| WebhookError::Url(UrlError::Syntax))
}

async fn connect(url: &WebhookUrl, addresses: &[SocketAddr]) -> Result<TcpStream, WebhookError> {
    TcpStream::connect(addresses).await.map_err(|error| broken(url, "connection", &error))
}

/// Sends the request and reads the head of the answer; the body is of no interest.
async fn exchange(
    url: &WebhookUrl,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, WebhookError> {
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| broken(url, "HTTP", &error))?;
    // The connection is worked on beside the request, and ends with it whatever happens.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let answer = sender.send_request(request).await;
    Ok(answer.map_err(|error| broken(url, "HTTP", &error))?.status())
}

fn broken(url: &WebhookUrl, step: &'static str, error: &dyn std::fmt::Display) -> WebhookError {
    WebhookError::Connection { host: url.host.clone(), step, reason: error.to_string() }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
