//! `kill -9` at any moment under load: what was acknowledged is there, nothing is half done.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use koshin_issuance::{PrivateKey, create_csr, read_certs_only};
use koshin_testkit::ca::Identity;
use koshin_testkit::{Database, Response, ServerInABox, Terminal};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::support::{serial_of, wait_until};

const ROUNDS: usize = 8;
const TERMINALS: usize = 4;

/// A terminal that renews with its newest certificate, again and again, and remembers what it was given.
pub(crate) struct Renewing {
    pub(crate) terminal: Terminal,
    pub(crate) current: Identity,
    pub(crate) acknowledged: Vec<String>,
}

/// Why a renewal brought nothing.
pub(crate) enum Setback {
    /// No answer came.
    Connection,
    /// This one did.
    Answer(Response),
}

impl From<io::Error> for Setback {
    fn from(_: io::Error) -> Self {
        Self::Connection
    }
}

/// An answer that is a success, or why it is none.
fn good(answer: Response) -> Result<Response, Setback> {
    if answer.status == 200 { Ok(answer) } else { Err(Setback::Answer(answer)) }
}

impl Renewing {
    pub(crate) fn new(terminal: Terminal) -> Self {
        Self { current: terminal.identity(), terminal, acknowledged: Vec::new() }
    }

    fn until(&mut self, killed: &AtomicBool, count: &AtomicUsize) {
        while !killed.load(Ordering::Relaxed) {
            if self.renew().is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// One renewal; by turns, so that both doors are open when the power goes.
    pub(crate) fn renew(&mut self) -> Result<(), Setback> {
        let by_contract = self.acknowledged.len().is_multiple_of(4);
        let identity = if by_contract { self.by_contract()? } else { self.by_est()? };
        self.acknowledged.push(serial_of(&identity));
        self.current = identity;
        Ok(())
    }

    fn by_est(&self) -> Result<Identity, Setback> {
        let key = rcgen::KeyPair::generate().unwrap().serialize_der();
        let private = PrivateKey::from_pkcs8_der(Zeroizing::new(key.clone())).unwrap();
        let csr = create_csr(&private, &self.terminal.common_name, None).unwrap();
        let client = self.terminal.client_as(Some(&self.current));
        let headers = [("Content-Type", "application/pkcs10")];
        let body = STANDARD.encode(csr);
        let reply =
            good(client.request("POST", "/.well-known/est/simplereenroll", &headers, body.as_bytes())?)?;
        let text: Vec<u8> = reply.body.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let certificates = read_certs_only(&STANDARD.decode(text).unwrap()).unwrap();
        let chain = std::iter::once(CertificateDer::from(certificates[0].clone()));
        Ok(Identity {
            chain: chain.chain(self.current.chain.iter().skip(1).cloned()).collect(),
            key: PrivatePkcs8KeyDer::from(key).into(),
        })
    }

    fn by_contract(&self) -> Result<Identity, Setback> {
        let client = self.terminal.client_as(Some(&self.current));
        let reply = good(client.post_json("/api/cert", "{}")?)?.json();
        let uri = koshin_testkit::terminal::path_of(reply["uri"].as_str().unwrap());
        let bundle = good(client.get(uri)?)?;
        Ok(koshin_testkit::terminal::open_bundle(&bundle.body, reply["pass"].as_str().unwrap()))
    }
}

#[test]
fn kill_9_under_load_loses_nothing_that_was_acknowledged() {
    for database in Database::all() {
        let mut server = ServerInABox::start_on(&database);
        let mut all: Vec<_> =
            (0..TERMINALS).map(|number| Renewing::new(server.issue(&format!("client{number:03}")))).collect();
        for round in 0..ROUNDS {
            let (killed, count) = (AtomicBool::new(false), AtomicUsize::new(0));
            thread::scope(|scope| {
                for renewing in &mut all {
                    scope.spawn(|| renewing.until(&killed, &count));
                }
                // Under load, whatever the machine's pace; and then at any moment of a renewal.
                wait_until("renewals go through", || count.load(Ordering::Relaxed) > round);
                thread::sleep(some_moment());
                server.kill();
                killed.store(true, Ordering::Relaxed);
            });
            server.serve();
            check_invariants(&server, &all, &format!("{database:?}, round {round}"));
        }
    }
}

/// From at once to a tenth of a second: before, within and after a renewal.
fn some_moment() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Duration::from_millis(u64::from(now.subsec_micros() % 100))
}

/// What was acknowledged is in the records, no terminal has two new certificates, and each can
/// go on with the newest that it was given.
pub(crate) fn check_invariants(server: &ServerInABox, all: &[Renewing], when: &str) {
    let records = server.certificates();
    let state_of: BTreeMap<_, _> = records
        .iter()
        .map(|record| (record["serial"].as_str().unwrap(), record["state"].as_str().unwrap()))
        .collect();
    for renewing in all {
        let name = &renewing.terminal.common_name;
        for serial in &renewing.acknowledged {
            let state = state_of.get(serial.as_str());
            assert!(
                matches!(state, Some(&("issued" | "in_use" | "superseded"))),
                "{when}: {serial} of {name} was acknowledged and is now {state:?}"
            );
        }
        let unused = records.iter().filter(|record| {
            record["cn"] == name.as_str() && matches!(record["state"].as_str(), Some("issued" | "pending"))
        });
        assert!(unused.count() <= 1, "{when}: {name} has several unused certificates: {records:#?}");
        // Whatever the crash cut off, the terminal can go on with what it has, and renew again.
        let client = renewing.terminal.client_as(Some(&renewing.current));
        let status = client.request("GET", "/api/cert", &[("Koshin-Trial", "1")], b"").unwrap();
        assert_eq!(
            (status.status, status.json()["renewable"].as_bool()),
            (200, Some(true)),
            "{when}: {status:?}"
        );
    }
}
