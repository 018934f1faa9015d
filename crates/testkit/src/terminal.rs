//! A certificate as `koshin-server issue` hands it out.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use koshin_issuance::{CertificateFacts, read_pkcs12};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::ca::Identity;
use crate::client::{Client, ClientOptions};
use crate::tools;

/// A terminal's files and how to reach its server.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// The common name, which is also the stem of the files.
    pub common_name: String,
    /// The directory with the files.
    pub directory: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
}

impl Terminal {
    /// The same terminal, which finds its server at another address.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// One of its files: `p12`, `crt`, `pem`, `pass`.
    pub fn file(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.common_name))
    }

    /// The CA certificates, root first.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.join("ca.crt")
    }

    /// The password of its `.p12` and `.pem`.
    pub fn password(&self) -> String {
        tools::read_line(&self.file("pass"))
    }

    /// The certificates of [`Self::ca_file`].
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn ca(&self) -> Vec<CertificateDer<'static>> {
        certificates(&self.ca_file())
    }

    /// Certificate and key out of the PKCS#12.
    ///
    /// # Panics
    /// When the bundle cannot be opened.
    pub fn identity(&self) -> Identity {
        let bytes = std::fs::read(self.file("p12")).expect("the terminal's bundle");
        open_bundle(&bytes, &self.password())
    }

    /// What its certificate says.
    ///
    /// # Panics
    /// When it is not a certificate.
    pub fn facts(&self) -> CertificateFacts {
        let pem = std::fs::read(self.file("crt")).expect("the terminal's certificate");
        CertificateFacts::from_pem(&pem).expect("a certificate")
    }

    /// The serial number, lower-case hex.
    pub fn serial(&self) -> String {
        self.facts().serial.to_hex()
    }

    /// A client with this terminal's certificate.
    pub fn client(&self) -> Client {
        self.client_as(Some(&self.identity()))
    }

    /// A client of the same server with another identity, or none.
    pub fn client_as(&self, identity: Option<&Identity>) -> Client {
        self.client_with(&ClientOptions { identity, ..ClientOptions::default() })
    }

    /// A client of the same server that behaves as told.
    pub fn client_with(&self, options: &ClientOptions<'_>) -> Client {
        Client::new(self.address, &self.host, &self.ca(), options)
    }

    /// A new identity by today's contract: POST, GET, open the bundle. The old one stays in the files.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn renew_as(&self, identity: &Identity) -> Identity {
        let client = self.client_as(Some(identity));
        let reply = client.post_json("/api/cert", "{}").expect("an answer to the POST");
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        fetch_bundle(&client, &reply.json())
    }
}

/// Fetches and opens the bundle that a `POST /api/cert` announced.
///
/// # Panics
/// When the server refuses, or the bundle cannot be opened.
pub fn fetch_bundle(client: &Client, reply: &serde_json::Value) -> Identity {
    let uri = reply["uri"].as_str().expect("a uri");
    let bundle = client.get(path_of(uri)).expect("an answer to the GET");
    assert_eq!(bundle.status, 200, "{}", String::from_utf8_lossy(&bundle.body));
    open_bundle(&bundle.body, reply["pass"].as_str().expect("a pass"))
}

/// The path and query of an absolute https URI.
///
/// # Panics
/// When it is not one.
pub fn path_of(uri: &str) -> &str {
    let rest = uri.strip_prefix("https://").unwrap_or_else(|| panic!("not https: {uri}"));
    &rest[rest.find('/').unwrap_or_else(|| panic!("no path: {uri}"))..]
}

/// Certificate, chain and key of a PKCS#12.
///
/// # Panics
/// When it cannot be opened.
pub fn open_bundle(bytes: &[u8], password: &str) -> Identity {
    let bundle = read_pkcs12(bytes, password).expect("a PKCS#12 with this password");
    // The root stays at home: the server has it.
    let chain = std::iter::once(bundle.certificate_der)
        .chain(bundle.chain_der.into_iter().filter(|der| !is_root(der)));
    Identity {
        chain: chain.map(CertificateDer::from).collect(),
        key: PrivatePkcs8KeyDer::from(bundle.key.pkcs8_der().to_vec()).into(),
    }
}

fn is_root(der: &[u8]) -> bool {
    CertificateFacts::from_der(der).is_ok_and(|facts| facts.subject_rfc4514() == facts.issuer_rfc4514())
}

/// The certificates in a PEM file.
///
/// # Panics
/// When it cannot be read.
pub fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    let pem = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let ders = koshin_issuance::certificates_from_pem(&pem).expect("certificates");
    ders.into_iter().map(CertificateDer::from).collect()
}
