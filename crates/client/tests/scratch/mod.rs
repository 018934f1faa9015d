//! A scratch home with applications in it, and certificates to put there.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "shared by several test programs"
)]

use jiff::Timestamp;
use koshin::{
    applications::{Credential, Discovery, Place, discover},
    environment::Environment,
};
use koshin_issuance::{
    BundleContents, BundleProfile, CertificateFacts, PrivateKey, certificate_to_pem, encrypt_private_key_pem,
    private_key_to_pem, write_pkcs12,
};
use koshin_testkit::{TestCa, ca::LeafOptions};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// The password of everything that these tests protect.
pub const PASSWORD: &str = "old password";

/// An instant written as in RFC 3339.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A certificate with this common name and end, from `ca`, which stands in its chain.
pub fn credential(ca: &TestCa, common_name: &str, not_after: Timestamp) -> Credential {
    let mut options = LeafOptions::client(common_name);
    options.not_before = at("2023-01-01T00:00:00Z");
    options.not_after = not_after;
    let identity = ca.issue(&options);
    let key = PrivateKey::from_pkcs8_der(Zeroizing::new(identity.key.secret_der().to_vec())).unwrap();
    let certificate = CertificateFacts::from_der(&identity.chain[0]).unwrap();
    Credential { key, certificate, chain_der: vec![identity.chain[1].to_vec()] }
}

/// The credential as a PKCS#12 file.
pub fn pkcs12(credential: &Credential, password: &str) -> Vec<u8> {
    let contents = BundleContents {
        friendly_name: "client001",
        key: &credential.key,
        certificate_der: &credential.certificate.der,
        chain_der: &credential.chain_der,
    };
    write_pkcs12(&contents, BundleProfile::Compatible, 2048, password).unwrap().to_vec()
}

/// The key as PEM: encrypted with the password, or in clear.
pub fn key_pem(credential: &Credential, password: Option<&str>) -> String {
    let pem = match password {
        Some(password) => encrypt_private_key_pem(&credential.key, password, [1; 16], [2; 16]).unwrap(),
        None => private_key_to_pem(&credential.key),
    };
    pem.to_string()
}

/// The certificate as PEM.
pub fn certificate_pem(credential: &Credential) -> String {
    certificate_to_pem(&credential.certificate.der)
}

/// A home that vanishes at the end of the test.
pub struct Home {
    folder: TempDir,
    /// Its surroundings, to be changed at will.
    pub environment: Environment,
}

impl Home {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let environment = Environment::in_home(folder.path());
        Self { folder, environment }
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn discover(&self) -> Discovery {
        discover(&self.environment)
    }

    /// The only place that there is.
    pub fn only_place(&self) -> Place {
        let found = self.discover();
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!(found.places.len(), 1, "{:?}", found.places);
        found.places.into_iter().next().unwrap()
    }

    /// What of `text` is the home's own path, as `~`.
    pub fn hide(&self, text: &str) -> String {
        text.replace(&*self.folder.path().to_string_lossy(), "~")
    }

    /// monsiaj with one connection and its certificate.
    pub fn monsiaj(&self, credential: &Credential, saved: bool) -> PathBuf {
        let bundle = self.write(".monsiaj/old.p12", pkcs12(credential, PASSWORD));
        let password = if saved { "old\\ password" } else { "" };
        self.write(
            ".monsiaj/monsiaj.jsonrpc.properties",
            format!(
                "#monsiaj setting\n\
                 monsiaj.config.0.description=Reception\n\
                 monsiaj.config.0.authuri=https\\://sms.orca.orcamo.jp/rpc/\n\
                 monsiaj.config.0.useSSL=true\n\
                 monsiaj.config.0.clientCertificateFile={}\n\
                 monsiaj.config.0.clientCertificatePassword={password}\n\
                 monsiaj.config.0.saveClientCertificatePassword={saved}\n\
                 monsiaj.current=0\n",
                escaped(&bundle)
            ),
        )
    }

    /// glclient2 with one connection and its certificate.
    pub fn glclient2(&self, credential: &Credential, saved: bool) -> PathBuf {
        let certificate = self.write(".glclient/old.crt", certificate_pem(credential));
        let key = self.write(".glclient/old.pem", key_pem(credential, Some(PASSWORD)));
        let password = if saved { PASSWORD } else { "" };
        let config = serde_json::json!({"list": [{
            "description": "Ward", "authuri": "https://sms.qkn.orcamo.jp/rpc/", "ssl": true, "cafile": "",
            "certfile": certificate, "certkeyfile": key, "certpassword": password, "savecertpassword": saved,
        }], "index": 0});
        self.write(".glclient/config.json", config.to_string())
    }

    /// The viewer and its certificate.
    pub fn receview(&self, credential: &Credential, phrase: Option<&str>) -> PathBuf {
        let certificate = self.write("certs/client.crt", certificate_pem(credential));
        let key = self.write("certs/client.pem", key_pem(credential, Some(PASSWORD)));
        let phrase = phrase.unwrap_or_default();
        self.write(
            ".receview/receview.conf",
            format!(
                "---\nsetting_version: 2.1.18\napi_host: https://sms.ikn.orcamo.jp:443\napi_mode: true\n\
                 api_crt: \"{}\"\napi_pem: \"{}\"\napi_phrase: '{phrase}'\n",
                certificate.display(),
                key.display()
            ),
        )
    }

    /// A list of files with one entry: PEM, encrypted, its password in a file.
    pub fn files(&self, credential: &Credential) -> PathBuf {
        let certificate = self.write("db/client.crt", certificate_pem(credential));
        let key = self.write("db/client.key", key_pem(credential, Some(PASSWORD)));
        let password = self.write("db/client.pass", format!("{PASSWORD}\n"));
        self.write(
            ".config/koshin/files.toml",
            format!(
                "[[connection]]\nname = \"Database\"\ncertificate = {certificate:?}\nkey = {key:?}\n\
                 password_file = {password:?}\nrenewal_url = \"https://auth.example/\"\nhook = [\"true\", \"now\"]\n"
            ),
        )
    }
}

/// A path as a `.properties` file writes it.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "\\\\").replace(':', "\\:").replace(' ', "\\ ")
}
