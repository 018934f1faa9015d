//! The live terminals of a fleet, as `koshin-server`'s example `fleet` writes them, ready to connect.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use koshin_issuance::{PrivateKey, create_csr};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;

/// The server's name in its certificate.
pub(crate) const HOST: &str = "localhost";

/// A fleet's terminals, and what they share.
pub(crate) struct Fleet {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    /// The issuing CA, which is sent with each certificate.
    issuing: CertificateDer<'static>,
    keys: Vec<Arc<dyn SigningKey>>,
    terminals: Vec<Terminal>,
}

/// One that can connect.
pub(crate) struct Terminal {
    /// Its common name.
    pub(crate) name: String,
    key: usize,
    certificate: CertificateDer<'static>,
}

impl Fleet {
    /// Reads `count` terminals of the file, from the one with the number `first`.
    pub(crate) fn read(file: &Path, first: usize, count: usize) -> Result<Self> {
        let value: Value = serde_json::from_slice(&fs::read(file)?)?;
        // Without the post-quantum hybrid, like the figures of the peers.
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
        let chain = list(&value, "chain")?.iter().map(certificate).collect::<Result<Vec<_>>>()?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(chain.clone());
        let key = |value: &Value| -> Result<Arc<dyn SigningKey>> {
            let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(bytes(value)?));
            Ok(provider.key_provider.load_private_key(der)?)
        };
        let keys = list(&value, "keys")?.iter().map(key).collect::<Result<Vec<_>>>()?;
        let terminals = list(&value, "terminals")?
            .get(first..first + count)
            .context("the fleet has fewer terminals")?
            .iter()
            .map(|value| terminal(value, keys.len()))
            .collect::<Result<Vec<_>>>()?;
        let issuing = chain.into_iter().next().context("the file has no issuing CA")?;
        Ok(Self { provider: provider.into(), roots: roots.into(), issuing, keys, terminals })
    }

    /// They, in the order of the file.
    pub(crate) fn terminals(&self) -> &[Terminal] {
        &self.terminals
    }

    /// The TLS side of one of them. Nothing is ever resumed.
    pub(crate) fn tls(&self, terminal: &Terminal) -> Result<Arc<ClientConfig>> {
        let chain = vec![terminal.certificate.clone(), self.issuing.clone()];
        let pair = CertifiedKey::new(chain, Arc::clone(&self.keys[terminal.key]));
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.roots))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// The body of an EST renewal with a new P-256 key. The key itself is thrown away: nobody uses the certificate.
pub(crate) fn csr(name: &str) -> Result<String> {
    let key = rcgen::KeyPair::generate()?.serialize_der();
    let key = PrivateKey::from_pkcs8_der(key.into())?;
    Ok(STANDARD.encode(create_csr(&key, name, None)?))
}

fn terminal(value: &Value, keys: usize) -> Result<Terminal> {
    let key = value["key"].as_u64().and_then(|key| usize::try_from(key).ok()).filter(|key| *key < keys);
    Ok(Terminal {
        name: value["cn"].as_str().context("a terminal has no name")?.to_owned(),
        key: key.context("a terminal has no key")?,
        certificate: certificate(&value["certificate"])?,
    })
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    value[name].as_array().with_context(|| format!("the file has no {name}"))
}

fn certificate(value: &Value) -> Result<CertificateDer<'static>> {
    Ok(CertificateDer::from(bytes(value)?))
}

fn bytes(value: &Value) -> Result<Vec<u8>> {
    Ok(STANDARD.decode(value.as_str().context("not a text")?)?)
}
