//! What Prometheus and balancers are told: the numbers are those of what was done, and programs
//! can read them.

use crate::{
    est::{Device, P256, reenroll},
    recovery::enroll,
    support::{days_from_now, set_service, wait_until},
};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use koshin_testkit::{
    Database, Response, ServerInABox, ServerOptions, client::read_response, skip, terminal::path_of, tools,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::Write,
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
};

/// A Python that has prometheus_client; `cargo xtask test` makes one.
const PYTHON: &str = "KOSHIN_TEST_SCHEMATHESIS_PYTHON";
const ANNOUNCED: &str = "koshin-server: metrics on http://";
const OPENMETRICS: &str = "application/openmetrics-text";

/// A server that can be asked how it is, with room for so many keys in its pool.
fn watched_with_pool(database: Database, keys: i64) -> ServerInABox {
    ServerInABox::start_with(ServerOptions {
        database,
        configure: Box::new(move |config| {
            for (section, key, value) in
                [("metrics", "listen", toml::Value::from("127.0.0.1:0")), ("keys", "pool", keys.into())]
            {
                config.insert(section.into(), toml::Table::from_iter([(key.to_owned(), value)]).into());
            }
        }),
        ..ServerOptions::default()
    })
}

/// The same without a pool: each key is made when it is needed.
fn watched(database: Database) -> ServerInABox {
    watched_with_pool(database, 0)
}

fn ask(server: &ServerInABox, path: &str, accept: &str) -> Response {
    let log = server.log();
    let line = log.lines().filter_map(|line| line.strip_prefix(ANNOUNCED)).next_back().unwrap();
    let address: SocketAddr = line.trim_end_matches("/metrics").parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    read_response(&mut stream).unwrap()
}

/// Every sample, by its name with its labels.
struct Samples(BTreeMap<String, f64>);

impl Samples {
    fn of(server: &ServerInABox) -> Self {
        let text = String::from_utf8(ask(server, "/metrics", "*/*").body).unwrap();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        Self(
            samples
                .map(|line| line.rsplit_once(' ').unwrap())
                .map(|(series, value)| (series.to_owned(), value.parse().unwrap()))
                .collect(),
        )
    }

    fn get(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} among {:#?}", self.0.keys()))
    }

    /// The labels of the counter's series that have counted anything, with what they have.
    fn counted(&self, name: &str) -> Vec<(&str, f64)> {
        let prefix = format!("{name}{{");
        let all = self.0.iter().filter(|(_, value)| **value != 0.0);
        all.filter_map(|(series, value)| Some((series.strip_prefix(&prefix)?.strip_suffix('}')?, *value)))
            .collect()
    }
}

#[test]
fn every_request_of_a_terminal_is_counted_once_as_what_it_was() {
    for database in Database::all() {
        let mut server = watched(database);
        let [one, two, refused] = ["client001", "client002", "api001"].map(|name| server.issue(name));
        let expired = server.issue_until("client003", days_from_now(-3));
        let (Some(device), Some(recovering)) = (Device::new(&two), Device::new(&expired)) else { return };

        let reply = one.client().post_json("/api/cert", "{}").unwrap();
        assert_eq!(one.client().get(path_of(reply.json()["uri"].as_str().unwrap())).unwrap().status, 200);
        let csr = device.request(P256, "client002");
        assert_eq!(reenroll(&two.client(), &csr).status, 200);
        assert_eq!(reenroll(&two.client(), &csr).problem(), "key-rejected", "a key has one certificate");
        assert_eq!(refused.client().post_json("/api/cert", "{}").unwrap().problem(), "not-renewable-kind");
        let code = server.command_succeeds(&["recovery-code", "--tenant", "clinic", "--cn", "client003"]);
        let csr = recovering.request(P256, "client003");
        assert_eq!(enroll(&expired.client(), code.trim(), &csr).status, 200);
        assert_eq!(one.client().get("/wp-login.php").unwrap().status, 404);

        let samples = Samples::of(&server);
        assert_eq!(
            samples.counted("koshin_renewals_total"),
            [
                (r#"door="est",outcome="issued""#, 1.0),
                (r#"door="est",outcome="key-rejected""#, 1.0),
                (r#"door="legacy",outcome="issued""#, 1.0),
                (r#"door="legacy",outcome="not-renewable-kind""#, 1.0),
                (r#"door="recovery",outcome="issued""#, 1.0),
            ]
        );
        assert_eq!(
            samples.counted("koshin_http_requests_total"),
            [
                (r#"route="bundle",status="200""#, 1.0),
                (r#"route="est-enroll",status="200""#, 1.0),
                (r#"route="est-reenroll",status="200""#, 1.0),
                (r#"route="est-reenroll",status="400""#, 1.0),
                (r#"route="other",status="404""#, 1.0),
                (r#"route="renew",status="200""#, 1.0),
                (r#"route="renew",status="403""#, 1.0),
            ]
        );
        assert_eq!(
            samples.counted("koshin_tls_handshakes_total"),
            [(r#"listener="api",outcome="done""#, 7.0)],
            "the testkit opens a connection for each"
        );
        for door in ["legacy", "est", "recovery"] {
            let issued = samples.get(&format!("koshin_renewal_duration_seconds_count{{door=\"{door}\"}}"));
            assert_eq!(issued, 1.0, "{door}");
        }
        assert!(samples.counted("koshin_store_errors_total").is_empty());
        assert_eq!(samples.get("koshin_renewals_admitted"), 0.0, "all are done");
    }
}

#[test]
fn what_the_server_cannot_do_is_counted_by_its_problem_code() {
    let mut server = watched(Database::Sqlite);
    let client = server.issue("client001").client();
    server.stop();
    // No certificate of twenty years ends before its CA, which has fifteen.
    server.edit_config(|config| set_service(config, "validity_years", 20));
    server.serve();
    let reply = client.post_json("/api/cert", "{}").unwrap();
    assert_eq!((reply.status, reply.problem().as_str()), (503, "issuer-unavailable"));
    let samples = Samples::of(&server);
    assert_eq!(
        samples.counted("koshin_renewals_total"),
        [(r#"door="legacy",outcome="issuer-unavailable""#, 1.0)]
    );
    assert_eq!(samples.get(r#"koshin_http_requests_total{route="renew",status="503"}"#), 1.0);
    assert_eq!(samples.get(r#"koshin_renewal_duration_seconds_count{door="legacy"}"#), 0.0);
}

#[test]
fn the_records_are_read_and_their_writer_tells_its_groups() {
    let mut server = watched(Database::Sqlite);
    server.issue_until("client001", days_from_now(1));
    let soon = server.issue_until("client002", days_from_now(10));
    assert_eq!(soon.client().get("/api/cert").unwrap().status, 200, "the first use is a write");
    server.stop();
    server.serve();
    wait_until("the first census", || !Samples::of(&server).counted("koshin_terminals").is_empty());
    let samples = Samples::of(&server);
    let expiring = |week| samples.get(&format!("koshin_certificates_expiring{{week=\"{week}\"}}"));
    assert_eq!((expiring(0), expiring(1), expiring(2), expiring(12)), (1.0, 1.0, 0.0, 0.0));
    let states = samples.counted("koshin_terminals");
    assert_eq!(states, [(r#"state="soon""#, 1.0), (r#"state="unused""#, 1.0)]);
    assert_eq!(samples.get(r#"koshin_notices_waiting{channel="mail"}"#), 0.0);

    for task in ["read-records", "follow-policies", "link-trail", "plan-notices"] {
        let rounds = |outcome| {
            let series = format!("koshin_job_rounds_total{{task=\"{task}\",outcome=\"{outcome}\"}}");
            Samples::of(&server).get(&series)
        };
        wait_until(task, || rounds("done") >= 1.0);
        assert_eq!(rounds("failed"), 0.0, "{task}");
    }

    // The start of the server wrote: the sum of all groups is what was written.
    let (groups, written) =
        (samples.get("koshin_store_group_size_count"), samples.get("koshin_store_group_size_sum"));
    assert!(groups >= 1.0 && written >= groups, "{groups} groups of {written}");
    assert_eq!(samples.get("koshin_store_commit_duration_seconds_count"), groups);
    let ends = |certificate| {
        let name = "koshin_certificate_not_after_timestamp_seconds";
        samples.get(&format!("{name}{{certificate=\"{certificate}\"}}"))
    };
    assert!(ends("server") < ends("issuing-ca") && ends("issuing-ca") < ends("root-ca"));
    assert!(samples.get("process_resident_memory_bytes") > 1e6);
    assert!(samples.get("process_cpu_seconds_total") > 0.0);
}

#[test]
fn the_key_pool_tells_how_full_it_is_and_what_was_taken() {
    let mut server = watched_with_pool(Database::Sqlite, 2);
    let client = server.issue("client001").client();
    let of_pool = |server: &ServerInABox, what: &str| {
        Samples::of(server).get(&format!("koshin_key_pool_{what}{{algorithm=\"rsa-2048\"}}"))
    };
    wait_until("a full pool", || of_pool(&server, "keys") == 2.0);
    assert_eq!((of_pool(&server, "capacity"), of_pool(&server, "used_total")), (2.0, 0.0));
    assert_eq!(client.post_json("/api/cert", "{}").unwrap().status, 200);
    assert_eq!(of_pool(&server, "used_total"), 1.0);
    wait_until("the pool is full again", || of_pool(&server, "keys") == 2.0);
    assert_eq!((of_pool(&server, "made_total"), of_pool(&server, "turned_away_total")), (3.0, 0.0));
}

#[test]
fn a_balancer_is_told_to_go_elsewhere_when_the_records_fail_and_when_the_server_stops() {
    let mut server = watched(Database::Sqlite);
    let client = server.issue("client001").client();
    let told = |server: &ServerInABox, path| {
        let answer = ask(server, path, "*/*");
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    assert_eq!(told(&server, "/healthz"), (200, "alive\n".to_owned()));
    assert_eq!(told(&server, "/readyz"), (200, "ready\n".to_owned()));

    let database = server.directory().join("koshin.db");
    let mut records = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    records.batch_execute("ALTER TABLE tenant RENAME TO lost").unwrap();
    let failed = (503, "the records are out of reach\n".to_owned());
    wait_until("the failure is noticed", || told(&server, "/readyz") == failed);
    assert_eq!(told(&server, "/healthz").0, 200, "a restart would not help");
    records.batch_execute("ALTER TABLE lost RENAME TO tenant").unwrap();
    wait_until("the records are back", || told(&server, "/readyz").0 == 200);

    let mut open = client.connect().unwrap();
    open.write_all(b"POST /api/cert HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{").unwrap();
    assert_eq!(client.get("/api/cert").unwrap().status, 200, "the server has the head of the other");
    server.signal("TERM");
    wait_until("no new connections", || client.connect().is_err());
    assert_eq!(told(&server, "/readyz"), (503, "stopping\n".to_owned()));
    open.write_all(b"}").unwrap();
    assert_eq!(read_response(&mut open).unwrap().status, 200, "what was begun is finished");
    drop(open);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn both_formats_are_read_by_the_library_that_prometheus_maintains() {
    let Some(python) = std::env::var_os(PYTHON) else {
        skip("prometheus_client is not installed: `cargo xtask test` installs it");
        return;
    };
    let mut server = watched(Database::Sqlite);
    let terminal = server.issue("client001");
    assert_eq!(terminal.client().post_json("/api/cert", "{}").unwrap().status, 200);
    let read = |accept: &str| -> (String, Vec<Value>) {
        let answer = ask(&server, "/metrics", accept);
        let media_type = answer.header("content-type").unwrap().to_owned();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/parse_metrics.py");
        let mut command = Command::new(&python);
        command.args([script, &media_type]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&answer.body).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", tools::describe(&command, &output));
        (media_type, serde_json::from_slice(&output.stdout).unwrap())
    };
    let (plain_type, plain) = read("*/*");
    let (open_type, open) = read(OPENMETRICS);
    assert!(plain_type.starts_with("text/plain; version=0.0.4"), "{plain_type}");
    assert!(open_type.starts_with("application/openmetrics-text; version=1.0.0"), "{open_type}");
    for families in [&plain, &open] {
        let family = |name: &str| families.iter().find(|family| family["name"] == name).unwrap();
        assert_eq!(family("koshin_renewals")["type"], "counter");
        assert_eq!(family("koshin_renewal_duration_seconds")["type"], "histogram");
        assert_eq!(family("koshin_connections")["type"], "gauge");
        let issued =
            family("koshin_renewals")["samples"].as_array().unwrap().iter().find(|sample| {
                sample["labels"] == serde_json::json!({ "door": "legacy", "outcome": "issued" })
            });
        assert_eq!(issued.unwrap()["value"], 1.0);
        for family in families.iter() {
            assert_ne!(family["documentation"], "", "{family}");
            assert_ne!(family["type"], "unknown", "{family}");
        }
    }
}
