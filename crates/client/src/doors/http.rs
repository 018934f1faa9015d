//! One request, one answer: over verified TLS with the client certificate, nothing followed, everything capped.
//!
//! A proxy named by `HTTPS_PROXY` or `ALL_PROXY` is used, `NO_PROXY` excepts hosts from it: clinics have proxies.

use super::{
    Caller, Trust,
    error::{DoorError, NetworkFault},
};
use crate::applications::Credential;
use jiff::{Timestamp, fmt::rfc2822};
use koshin_conduct::clock;
use koshin_issuance::private_key_to_pem;
use koshin_protocol::problem::Problem;
use rustls::{AlertDescription, CertificateError};
use std::{error::Error, io, sync::Arc, time::Duration};
use ureq::{
    Agent, Body,
    http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header},
    tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsConfigBuilder, TlsProvider},
};
use zeroize::Zeroizing;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_HEADERS: usize = 32 * 1024;
/// JSON, problem documents, certificates.
pub(super) const MAX_DOCUMENT: u64 = 64 * 1024;
/// A PKCS#12 file.
pub(super) const MAX_BUNDLE: u64 = 1024 * 1024;

/// A way to send requests with one certificate.
pub(super) struct Http {
    agent: Agent,
    caller: Caller,
}

/// What to send.
pub(super) struct Outgoing<'a> {
    /// For error messages: such as `POST /api/cert`. The URL may hold a secret.
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) url: &'a str,
    pub(super) accept: &'static str,
    pub(super) headers: &'a [(&'static str, &'static str)],
    pub(super) body: Option<Vec<u8>>,
    /// Most bytes of an answer.
    pub(super) limit: u64,
}

/// A header whose value is told to nobody but the server.
#[derive(Clone, Copy)]
pub(super) struct SecretHeader<'a> {
    pub(super) name: &'static str,
    pub(super) value: &'a str,
}

/// A complete answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) retry_after: Option<u64>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Http {
    /// Presents the certificate of `credential`, or none.
    pub(super) fn new(
        trust: &Trust,
        credential: Option<&Credential>,
        caller: Caller,
    ) -> Result<Self, DoorError> {
        Self::with_time_limit(trust, credential, caller, TOTAL_TIMEOUT)
    }

    /// Talks to whoever answers. Nothing that is secret may be sent, and nothing that comes may be believed.
    pub(super) fn with_anybody(caller: Caller) -> Self {
        let tls = Self::tls().disable_verification(true).build();
        Self { agent: Self::agent(tls, TOTAL_TIMEOUT), caller }
    }

    fn with_time_limit(
        trust: &Trust,
        credential: Option<&Credential>,
        caller: Caller,
        total: Duration,
    ) -> Result<Self, DoorError> {
        let presented = credential.map(client_certificate).transpose()?;
        let tls = Self::tls().root_certs(roots(trust)?).client_cert(presented).build();
        Ok(Self { agent: Self::agent(tls, total), caller })
    }

    fn tls() -> TlsConfigBuilder {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        TlsConfig::builder().provider(TlsProvider::Rustls).unversioned_rustls_crypto_provider(provider)
    }

    fn agent(tls: TlsConfig, total: Duration) -> Agent {
        Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEADERS)
            // A connection that the server has closed meanwhile would look like a failure.
            .max_idle_connections(0)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(total))
            .user_agent(concat!("koshin/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .new_agent()
    }

    /// Sends and reads the whole answer, whatever its status. A redirect is an error.
    pub(super) fn exchange(&self, outgoing: Outgoing<'_>) -> Result<Reply, DoorError> {
        self.exchange_with(outgoing, None)
    }

    /// The same with one header more.
    pub(super) fn exchange_with(
        &self,
        outgoing: Outgoing<'_>,
        secret: Option<SecretHeader<'_>>,
    ) -> Result<Reply, DoorError> {
        let Outgoing { name, url, limit, .. } = outgoing;
        let mut response = self.send(outgoing, secret)?;
        self.check_clock(response.headers())?;
        let status = response.status().as_u16();
        let bad = |why: String| DoorError::BadReply { request: name, why };
        if response.status().is_redirection() {
            return Err(bad(format!("it leads elsewhere (status {status}), which is never followed")));
        }
        if let Some(coding) = header_text(response.headers(), header::CONTENT_ENCODING.as_str())
            && !coding.eq_ignore_ascii_case("identity")
        {
            return Err(bad(format!("it is compressed ({coding}), though that was not asked for")));
        }
        let body = response.body_mut().with_config().limit(limit).read_to_vec();
        let body = Zeroizing::new(body.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => bad(format!("it is longer than {limit} bytes")),
            other => transport_error(name, url, &other),
        })?);
        Ok(Reply {
            status,
            content_type: header_text(response.headers(), header::CONTENT_TYPE.as_str())
                .unwrap_or_default()
                .to_owned(),
            retry_after: header_text(response.headers(), header::RETRY_AFTER.as_str())
                .and_then(|text| seconds_until(text, self.caller.now())),
            body,
        })
    }

    /// The status of a HEAD request to an application's service; its clock and its redirects are its own affair.
    pub(super) fn head(&self, url: &str, headers: &[(&'static str, &'static str)]) -> Result<u16, DoorError> {
        let name = "HEAD of the service";
        let outgoing =
            Outgoing { name, method: Method::HEAD, url, accept: "*/*", headers, body: None, limit: 0 };
        let response = self.send(outgoing, None)?;
        Ok(response.status().as_u16())
    }

    fn send(
        &self,
        outgoing: Outgoing<'_>,
        secret: Option<SecretHeader<'_>>,
    ) -> Result<Response<Body>, DoorError> {
        let Outgoing { name, method, url, accept, headers, body, .. } = outgoing;
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::ACCEPT, accept)
            .header(header::ACCEPT_LANGUAGE, self.caller.language.tag());
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        if let Some(SecretHeader { name, value }) = secret {
            // Shown in no message and no log of the library.
            let mut value = HeaderValue::from_str(value)
                .map_err(|error| DoorError::Setup { reason: error.to_string() })?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let unusable =
            |error: ureq::http::Error| DoorError::BadReply { request: name, why: error.to_string() };
        let answer = match body {
            Some(bytes) => self.agent.run(request.body(bytes).map_err(unusable)?),
            None => self.agent.run(request.body(()).map_err(unusable)?),
        };
        answer.map_err(|error| transport_error(name, url, &error))
    }

    fn check_clock(&self, headers: &HeaderMap) -> Result<(), DoorError> {
        let date = header_text(headers, header::DATE.as_str());
        let server = date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        let local = self.caller.now();
        match server {
            Some(server) if clock::is_wrong(server, local) => Err(DoorError::ClockWrong { server, local }),
            _ => Ok(()),
        }
    }
}

impl Reply {
    /// The error that an answer with an unexpected status is.
    pub(super) fn into_failure(self, request: &'static str) -> DoorError {
        let problem = serde_json::from_slice::<Problem>(&self.body).ok().map(Box::new);
        let Self { status, retry_after, .. } = self;
        match status {
            401 | 403 | 429 => DoorError::Refused { status, problem, retry_after },
            400..=599 => DoorError::Server { status, problem, retry_after },
            _ => DoorError::BadReply { request, why: format!("status {status} was not agreed upon") },
        }
    }

    /// The reply, if its status is exactly 200: other successes promise something else.
    pub(super) fn ok(self, request: &'static str) -> Result<Self, DoorError> {
        if self.status == 200 { Ok(self) } else { Err(self.into_failure(request)) }
    }
}

fn roots(trust: &Trust) -> Result<RootCerts, DoorError> {
    let mut anchors: Vec<Certificate<'static>> =
        trust.anchors_der.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    if trust.system_roots {
        let system = rustls_native_certs::load_native_certs();
        anchors.extend(system.certs.iter().map(|der| Certificate::from_der(der).to_owned()));
    }
    if anchors.is_empty() {
        let reason = "no CA certificate is known: set the CA file of the connection".to_owned();
        return Err(DoorError::Setup { reason });
    }
    Ok(RootCerts::new_with_certs(&anchors))
}

/// Checks beforehand what the HTTP library would panic about.
fn client_certificate(credential: &Credential) -> Result<ClientCert, DoorError> {
    use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(credential.key.pkcs8_der()));
    rustls::crypto::aws_lc_rs::sign::any_supported_type(&der)
        .map_err(|error| DoorError::Setup { reason: format!("the key: {error}") })?;
    if !credential.key.matches(&credential.certificate) {
        return Err(DoorError::Setup { reason: "the key does not belong to the certificate".to_owned() });
    }
    let ders = std::iter::once(&credential.certificate.der).chain(&credential.chain_der);
    let chain: Vec<_> = ders.map(|der| Certificate::from_der(der).to_owned()).collect();
    // The library takes a key in DER only with a type that it keeps to itself.
    let key = PrivateKey::from_pem(private_key_to_pem(&credential.key).as_bytes())
        .map_err(|error| DoorError::Setup { reason: format!("the key: {error}") })?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

/// `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3).
fn seconds_until(text: &str, now: Timestamp) -> Option<u64> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(seconds);
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(u64::try_from(date.duration_since(now).as_secs()).unwrap_or(0))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What the HTTP library's error means for people.
fn transport_error(request: &'static str, url: &str, error: &ureq::Error) -> DoorError {
    let host = host_of(url);
    let network = |fault, reason: String| DoorError::Network { host: host.clone(), reason, fault };
    match error {
        ureq::Error::Rustls(error) => tls_error(host, error),
        ureq::Error::Io(error) => match in_chain(error) {
            Some(tls) => tls_error(host, tls),
            None => network(io_fault(error.kind()), error.to_string()),
        },
        ureq::Error::HostNotFound => network(NetworkFault::NoSuchHost, "its name has no address".to_owned()),
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            network(NetworkFault::ConnectTimeout, error.to_string())
        }
        ureq::Error::Timeout(_) => network(NetworkFault::Timeout, error.to_string()),
        ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            network(NetworkFault::Connect, error.to_string())
        }
        ureq::Error::BodyStalled => network(NetworkFault::Interrupted, error.to_string()),
        ureq::Error::Tls(reason) => DoorError::Setup { reason: (*reason).to_owned() },
        // Their messages quote the address, which may be a secret.
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => {
            DoorError::BadReply { request, why: "it leads to an address that is not usable".to_owned() }
        }
        other => DoorError::BadReply { request, why: other.to_string() },
    }
}

fn in_chain(error: &io::Error) -> Option<&rustls::Error> {
    let mut next: Option<&(dyn Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(inner) = next {
        if let Some(tls) = inner.downcast_ref() {
            return Some(tls);
        }
        next = inner.source();
    }
    None
}

fn io_fault(kind: io::ErrorKind) -> NetworkFault {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock,
    };
    match kind {
        TimedOut | WouldBlock => NetworkFault::Timeout,
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => NetworkFault::Interrupted,
        _ => NetworkFault::Connect,
    }
}

fn tls_error(host: String, error: &rustls::Error) -> DoorError {
    match error {
        rustls::Error::InvalidCertificate(fault) => {
            DoorError::ServerCertificate { host, reason: fault.to_string(), clock_suspect: by_dates(fault) }
        }
        rustls::Error::AlertReceived(alert) if about_our_certificate(*alert) => {
            DoorError::CertificateRejected { host, alert: format!("{alert:?}") }
        }
        other => DoorError::Network { host, reason: other.to_string(), fault: NetworkFault::Handshake },
    }
}

fn by_dates(fault: &CertificateError) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(fault, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
}

fn about_our_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::CertificateRequired
            | Alert::HandshakeFailure
    )
}

/// Only the host: the rest of a URL may be a secret.
pub(super) fn host_of(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    uri.as_ref().and_then(Uri::host).unwrap_or("the server").to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
mod tests;
