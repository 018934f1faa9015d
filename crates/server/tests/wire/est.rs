//! EST (RFC 7030) as a device speaks it: OpenSSL makes the key, curl carries it.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::{Engine, engine::general_purpose::STANDARD};
use koshin_testkit::{Client, Response, ServerInABox, Terminal, tools};

use crate::support::{Curl, states};

const REENROLL: &str = "/.well-known/est/simplereenroll";

/// A device: a directory for its key and its request.
pub(crate) struct Device {
    openssl: PathBuf,
    directory: PathBuf,
}

impl Device {
    pub(crate) fn new(terminal: &Terminal) -> Option<Self> {
        Some(Self { openssl: tools::require("openssl")?, directory: terminal.directory.clone() })
    }

    fn openssl(&self, arguments: &[&str]) -> Vec<u8> {
        tools::succeed(Command::new(&self.openssl).args(arguments).current_dir(&self.directory)).stdout
    }

    /// A new key (`genpkey` arguments) and a request for it, DER.
    pub(crate) fn request(&self, key: &[&str], common_name: &str) -> Vec<u8> {
        self.openssl(&[&["genpkey", "-quiet", "-out", "device.key"], key].concat());
        self.request_again(common_name)
    }

    /// A request for the key that is there.
    pub(crate) fn request_again(&self, common_name: &str) -> Vec<u8> {
        let subject = format!("/CN={common_name}");
        self.openssl(&["req", "-new", "-key", "device.key", "-subj", &subject, "-outform", "DER"])
    }

    /// The certificates of an EST answer as PEM, by `openssl pkcs7`.
    pub(crate) fn certificates(&self, body: &[u8]) -> String {
        let der = decode(body);
        std::fs::write(self.directory.join("answer.p7"), der).unwrap();
        String::from_utf8(self.openssl(&["pkcs7", "-inform", "DER", "-in", "answer.p7", "-print_certs"]))
            .unwrap()
    }

    fn public_key(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.openssl(&[arguments, &["-noout", "-pubkey"]].concat())).unwrap()
    }
}

fn decode(body: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).unwrap()
}

pub(crate) fn reenroll(client: &Client, csr: &[u8]) -> Response {
    let headers = [("Content-Type", "application/pkcs10"), ("Content-Transfer-Encoding", "base64")];
    client.request("POST", REENROLL, &headers, STANDARD.encode(csr).as_bytes()).unwrap()
}

pub(crate) const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
const RSA_2048: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

#[test]
fn a_device_renews_with_its_own_key_by_curl() {
    let mut server = ServerInABox::start();
    for (name, key) in [("client001", RSA_2048), ("client002", P256), ("client003", P384)] {
        let terminal = server.issue(name);
        let (Some(device), Some(curl)) = (Device::new(&terminal), Curl::find(&terminal)) else { return };
        let csr = device.request(key, name);
        std::fs::write(terminal.directory.join("request.b64"), STANDARD.encode(&csr)).unwrap();
        let data = format!("@{}", terminal.directory.join("request.b64").display());
        for http in ["--http1.1", "--http2"] {
            let curl = curl.with_pem().with(&[http, "--header", "Content-Type: application/pkcs10"]);
            if http == "--http2" {
                // A second renewal with the same key is refused; the certificate of the first stays.
                let refused = curl.ask(&format!("{}{REENROLL}", server.url()), &["--data-binary", &data]);
                assert_eq!(refused.status, "400", "{}", String::from_utf8_lossy(&refused.body));
                continue;
            }
            let answer = curl.ask(&format!("{}{REENROLL}", server.url()), &["--data-binary", &data]);
            assert_eq!(answer.status, "200", "{}", String::from_utf8_lossy(&answer.body));
            std::fs::write(terminal.directory.join("new.crt"), device.certificates(&answer.body)).unwrap();
        }
        let verify = device.openssl(&["verify", "-purpose", "sslclient", "-CAfile", "ca.crt", "new.crt"]);
        assert!(String::from_utf8(verify).unwrap().contains("OK"));
        let asked = device.public_key(&["req", "-inform", "PEM", "-in", &pem_request(&device)]);
        assert_eq!(device.public_key(&["x509", "-in", "new.crt"]), asked, "{name}: the device's own key");
        // It works, by PEM, and its use confirms it.
        let new =
            ["--cert", "new.crt", "--key", "device.key"].map(|argument| in_directory(&terminal, argument));
        let new: Vec<_> = new.iter().map(String::as_str).collect();
        let status = curl.with(&new).ask(&format!("{}/api/cert", server.url()), &[]);
        assert_eq!(status.status, "200", "{}", String::from_utf8_lossy(&status.body));
        assert_eq!(states(&server, name), ["in_use", "superseded"]);
    }
}

fn in_directory(terminal: &Terminal, argument: &str) -> String {
    if argument.starts_with("--") {
        argument.into()
    } else {
        terminal.directory.join(argument).display().to_string()
    }
}

/// The device's request again, as a PEM file.
fn pem_request(device: &Device) -> String {
    device.openssl(&["req", "-new", "-key", "device.key", "-subj", "/CN=any", "-out", "request.pem"]);
    "request.pem".into()
}

#[test]
fn ca_certificates_are_for_everybody_and_attributes_say_which_key_to_make() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let Some(device) = Device::new(&terminal) else { return };
    let anybody = terminal.client_as(None);
    let reply = anybody.get("/.well-known/est/cacerts").unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/pkcs7-mime; smime-type=certs-only"));
    assert_eq!(
        device.certificates(&reply.body).matches("BEGIN CERTIFICATE").count(),
        2,
        "root and issuing CA"
    );

    let reply = terminal.client().get("/.well-known/est/csrattrs").unwrap();
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/csrattrs")));
    std::fs::write(device.directory.join("attributes.der"), decode(&reply.body)).unwrap();
    let parsed = device.openssl(&["asn1parse", "-inform", "DER", "-in", "attributes.der"]);
    assert!(String::from_utf8(parsed).unwrap().contains("rsaEncryption"));

    let refused = anybody.request("POST", REENROLL, &[], b"").unwrap();
    assert_eq!((refused.status, refused.problem().as_str()), (401, "certificate-required"));
}

#[test]
fn weak_keys_are_refused() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let Some(device) = Device::new(&terminal) else { return };
    let client = terminal.client();
    let rsa = |bits: &'static str| ["-algorithm", "RSA", "-pkeyopt", bits];
    let exponent_3 =
        ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"];
    let p521 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"];
    let cases: [(&str, &[&str]); 5] = [
        ("RSA of 1024 bits", &rsa("rsa_keygen_bits:1024")),
        ("RSA of 2047 bits", &rsa("rsa_keygen_bits:2047")),
        ("exponent 3", &exponent_3),
        ("P-521", &p521),
        ("Ed25519", &["-algorithm", "ED25519"]),
    ];
    for (what, key) in cases {
        let reply = reenroll(&client, &device.request(key, "client001"));
        assert_eq!(reply.status, 400, "{what}: {reply:?}");
        assert!(["key-rejected", "csr-invalid"].contains(&reply.problem().as_str()), "{what}: {reply:?}");
    }
    assert_eq!(server.certificates().len(), 1, "nothing was issued");
}

#[test]
fn a_request_must_be_whole_its_own_and_for_the_same_name() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let Some(device) = Device::new(&terminal) else { return };
    let client = terminal.client();
    let good = device.request(P256, "client001");

    let reply = reenroll(&client, &device.request_again("client002"));
    assert_eq!(reply.problem(), "csr-subject-mismatch");

    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(reenroll(&client, &forged).problem(), "csr-invalid", "another signature");
    assert_eq!(reenroll(&client, &good[..good.len() - 1]).problem(), "csr-invalid", "cut");
    assert_eq!(
        reenroll(&client, &[&good[..], b"more"].concat()).problem(),
        "csr-invalid",
        "more than a request"
    );
    assert_eq!(reenroll(&client, b"").problem(), "csr-invalid", "nothing");
    let reply = client.request("POST", REENROLL, &[], b"***").unwrap();
    assert_eq!(reply.problem(), "malformed-request", "no base64");
    assert_eq!(server.certificates().len(), 1, "nothing was issued");

    // RFC 7030 lets lines break anywhere, and RFC 8951 lets senders forget the encoding's header.
    let lines: Vec<u8> = STANDARD.encode(&good).bytes().flat_map(|byte| [byte, b'\r', b'\n']).collect();
    assert_eq!(client.request("POST", REENROLL, &[], &lines).unwrap().status, 200);
}

#[test]
fn a_repeat_by_est_supersedes_like_the_other_door() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let Some(device) = Device::new(&terminal) else { return };
    let client = terminal.client();
    assert_eq!(reenroll(&client, &device.request(P256, "client001")).status, 200);
    assert_eq!(client.post_json("/api/cert", "{}").unwrap().status, 200);
    assert_eq!(reenroll(&client, &device.request(P256, "client001")).status, 200);
    assert_eq!(states(&server, "client001"), ["in_use", "issued", "superseded", "superseded"]);
}

#[test]
fn the_answer_is_one_certificate_that_openssl_reads() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("db001");
    let Some(device) = Device::new(&terminal) else { return };
    let reply = reenroll(&terminal.client(), &device.request(P256, "db001"));
    let printed = device.certificates(&reply.body);
    assert_eq!(printed.matches("BEGIN CERTIFICATE").count(), 1);
    assert!(
        Path::new(&device.directory.join("answer.p7")).exists() && printed.contains("CN = db001"),
        "{printed}"
    );
}
