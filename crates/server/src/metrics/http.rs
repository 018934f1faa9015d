//! Connections, handshakes and requests, as the listeners see them.

use super::{
    histogram::{Histogram, Stopwatch},
    label::{Label, encode_pair, label},
    table::ByLabel,
};
use http::{Method, Response, StatusCode, Uri};
use koshin_protocol::{
    est::{CACERTS_PATH, CSRATTRS_PATH, SIMPLEENROLL_PATH, SIMPLEREENROLL_PATH},
    renewal::CERT_PATH,
};
use prometheus_client::{
    encoding::LabelSetEncoder,
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};
use std::{fmt, io, sync::Arc};

label! {
    /// A listener.
    Side: "listener" {
        /// For terminals.
        Api = "api",
        /// For administrators' browsers and programs.
        Site = "site",
    }
}

label! {
    /// What is asked for, in as many words as there are kinds of work.
    Route: "route" {
        /// `POST /api/cert`
        Renew = "renew",
        /// `GET /api/cert`
        Status = "status",
        /// `GET` of a bundle.
        Bundle = "bundle",
        /// EST `simplereenroll`
        Reenroll = "est-reenroll",
        /// EST `simpleenroll`, with a recovery code.
        Enroll = "est-enroll",
        /// EST `cacerts`
        CaCertificates = "est-cacerts",
        /// EST `csrattrs`
        Attributes = "est-csrattrs",
        /// The demonstration service.
        Demo = "demo",
        /// A page of the site.
        Page = "page",
        /// The administration API.
        AdminApi = "admin-api",
        /// Nothing that this listener has.
        Other = "other",
    }
}

label! {
    /// How a TLS handshake ended.
    HandshakeOutcome: "outcome" {
        /// Well.
        Done = "done",
        /// What the other side offered or presented is not accepted.
        Refused = "refused",
        /// The connection broke off.
        Broken = "broken",
        /// It took longer than the limit.
        TooSlow = "too-slow",
    }
}

impl HandshakeOutcome {
    /// How a handshake ended that failed: rustls wraps its reasons, and the connection's are bare.
    pub fn of(error: &io::Error) -> Self {
        let refused = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
        if refused { Self::Refused } else { Self::Broken }
    }
}

/// The statuses that this server answers with.
const STATUSES: [(u16, &str); 24] = [
    (200, "200"),
    (204, "204"),
    (301, "301"),
    (302, "302"),
    (303, "303"),
    (304, "304"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (408, "408"),
    (409, "409"),
    (410, "410"),
    (413, "413"),
    (415, "415"),
    (421, "421"),
    (422, "422"),
    (429, "429"),
    (431, "431"),
    (500, "500"),
    (501, "501"),
    (503, "503"),
    // Whatever is not listed.
    (0, "other"),
];

/// The status of an answer: its place among [`STATUSES`], or that there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(usize);

impl Status {
    /// The asker went away before there was an answer.
    const NONE: Self = Self(STATUSES.len());

    fn of(status: StatusCode) -> Self {
        let known = STATUSES.iter().position(|(number, _)| *number == status.as_u16());
        Self(known.unwrap_or(STATUSES.len() - 1))
    }
}

impl Label for Status {
    const COUNT: usize = STATUSES.len() + 1;

    fn index(self) -> usize {
        self.0
    }

    fn at(index: usize) -> Self {
        Self(index)
    }

    fn is_expected(self) -> bool {
        STATUSES.get(self.0).is_some_and(|(status, _)| matches!(status, 200 | 500 | 503))
    }

    fn encode(self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        encode_pair("status", STATUSES.get(self.0).map_or("none", |(_, word)| word), encoder)
    }
}

impl Route {
    /// The kind of work that this request asks for.
    fn of(side: Side, method: &Method, path: &str) -> Self {
        if side == Side::Site {
            return if path.starts_with("/api/v1/") { Self::AdminApi } else { Self::Page };
        }
        match path {
            CERT_PATH if method == Method::POST => Self::Renew,
            CERT_PATH => Self::Status,
            SIMPLEREENROLL_PATH => Self::Reenroll,
            SIMPLEENROLL_PATH => Self::Enroll,
            CACERTS_PATH => Self::CaCertificates,
            CSRATTRS_PATH => Self::Attributes,
            _ if path.starts_with("/api/cert/bundle/") => Self::Bundle,
            _ if path.starts_with("/rpc/") => Self::Demo,
            _ => Self::Other,
        }
    }
}

/// What all listeners count. Clones share the numbers.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    connections: ByLabel<Side, Gauge>,
    connections_limit: ByLabel<Side, Gauge>,
    handshakes: ByLabel<(Side, HandshakeOutcome), Counter>,
    handshake_duration: ByLabel<Side, Histogram>,
    requests: ByLabel<(Route, Status), Counter>,
    request_duration: ByLabel<Route, Histogram>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            connections: ByLabel::default(),
            connections_limit: ByLabel::default(),
            handshakes: ByLabel::default(),
            handshake_duration: ByLabel::new(Histogram::of_steps),
            requests: ByLabel::default(),
            request_duration: ByLabel::new(Histogram::of_requests),
        }
    }
}

impl HttpMetrics {
    /// Those of one listener, which holds at most `connections` at a time.
    pub fn of(&self, side: Side, connections: usize) -> ListenerMetrics {
        self.connections_limit.of(side).set(i64::try_from(connections).unwrap_or(i64::MAX));
        ListenerMetrics { all: Arc::new(self.clone()), side }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "connections_limit",
            "Connections that a listener holds at a time; more wait to be accepted",
            self.connections_limit.clone(),
        );
        registry.register("tls_handshakes", "TLS handshakes, by how they ended", self.handshakes.clone());
        registry.register_with_unit(
            "tls_handshake_duration",
            "Time of a TLS handshake that ended well, the other side's included",
            Unit::Seconds,
            self.handshake_duration.clone(),
        );
        registry.register(
            "http_requests",
            "Requests, by what was asked for and the status of the answer; none: the asker had gone",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "From the head of a request to the head of its answer",
            Unit::Seconds,
            self.request_duration.clone(),
        );
    }
}

/// What one listener counts.
#[derive(Debug, Clone)]
pub struct ListenerMetrics {
    all: Arc<HttpMetrics>,
    side: Side,
}

impl ListenerMetrics {
    /// A connection was accepted; it is open for as long as this lives.
    pub fn connection(&self) -> OpenConnection {
        let open = self.all.connections.of(self.side).clone();
        open.inc();
        OpenConnection(open)
    }

    /// A handshake that began with `begun` ended so.
    pub fn handshake(&self, outcome: HandshakeOutcome, begun: Stopwatch) {
        self.all.handshakes.of((self.side, outcome)).inc();
        if outcome == HandshakeOutcome::Done {
            self.all.handshake_duration.of(self.side).observe(begun.elapsed());
        }
    }

    /// A request has arrived.
    pub fn request(&self, method: &Method, uri: &Uri) -> OpenRequest {
        let route = Route::of(self.side, method, uri.path());
        OpenRequest { all: Arc::clone(&self.all), route, begun: Stopwatch::start(), status: Status::NONE }
    }
}

/// An open connection.
#[derive(Debug)]
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A request on its way. One that is dropped without an answer had nobody who waited for it.
#[derive(Debug)]
pub struct OpenRequest {
    all: Arc<HttpMetrics>,
    route: Route,
    begun: Stopwatch,
    status: Status,
}

impl OpenRequest {
    /// This is the answer.
    pub fn answered<B>(mut self, response: Response<B>) -> Response<B> {
        self.status = Status::of(response.status());
        self.all.request_duration.of(self.route).observe(self.begun.elapsed());
        response
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.all.requests.of((self.route, self.status)).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_belongs_to_one_kind_of_work() {
        let table = [
            (Side::Api, "POST", "/api/cert", Route::Renew),
            (Side::Api, "GET", "/api/cert", Route::Status),
            (Side::Api, "GET", "/api/cert/bundle/AbC", Route::Bundle),
            (Side::Api, "POST", "/.well-known/est/simplereenroll", Route::Reenroll),
            (Side::Api, "POST", "/.well-known/est/simpleenroll", Route::Enroll),
            (Side::Api, "GET", "/.well-known/est/cacerts", Route::CaCertificates),
            (Side::Api, "GET", "/.well-known/est/csrattrs", Route::Attributes),
            (Side::Api, "POST", "/rpc/", Route::Demo),
            (Side::Api, "GET", "/wp-login.php", Route::Other),
            (Side::Site, "GET", "/api/v1/terminals", Route::AdminApi),
            (Side::Site, "GET", "/certificates", Route::Page),
        ];
        for (side, method, path, expected) in table {
            let method = method.parse().expect("a method");
            assert_eq!(Route::of(side, &method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_status_that_nobody_thought_of_is_counted_as_other() {
        let metrics = HttpMetrics::default();
        let listener = metrics.of(Side::Api, 10);
        let ask = || listener.request(&Method::GET, &Uri::from_static("/api/cert"));
        let answer = |status| Response::builder().status(status).body(()).expect("a response");
        let _ = ask().answered(answer(200));
        let _ = ask().answered(answer(418));
        drop(ask());
        let count = |status| metrics.requests.of((Route::Status, status)).get();
        assert_eq!((count(Status::of(StatusCode::OK)), count(Status(STATUSES.len() - 1))), (1, 1));
        assert_eq!(count(Status::NONE), 1, "one went away");
        assert_eq!(metrics.request_duration.of(Route::Status).count(), 2);
    }
}
