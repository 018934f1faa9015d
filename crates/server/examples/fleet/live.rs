//! Terminals that can really connect: their certificates are signed by the server's issuing CA.

use std::{ops::Range, path::Path};

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::{KeyAlgorithm, PrivateKey, PublicKey, SigningIssuer, Subject, Template, plan};
use koshin_policy::Validity;
use koshin_server::authority::Authority;
use koshin_server::entropy;
use koshin_server::home::Home;
use serde_json::{Value, json};

use crate::tenant::Tenant;

/// Keys that the terminals share: another for each would take hours, and costs the server the same.
const KEYS: usize = 16;
/// The applications of today have such keys.
const ALGORITHM: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A certificate as the records know it.
pub(crate) struct Signed {
    pub(crate) serial: String,
    pub(crate) der: Vec<u8>,
    pub(crate) not_after: i64,
}

/// Terminals of the fleet that follow each other.
pub(crate) struct Live {
    /// The number of the first.
    first: u32,
    keys: Vec<PrivateKey>,
    signed: Vec<Signed>,
    chain: Vec<Vec<u8>>,
}

impl Live {
    /// Makes keys, and one certificate for each of the terminals with these numbers.
    pub(crate) fn prepare(server: &Path, numbers: Range<u32>, now: Timestamp) -> Result<Self> {
        let authority = Authority::load(&Home::new(server))?;
        let keys = (0..KEYS).map(|_| entropy::private_key(ALGORITHM)).collect::<Result<Vec<_>, _>>()?;
        let public = keys
            .iter()
            .map(|key| PublicKey::from_spki_der(&key.public_key_spki_der()))
            .collect::<Result<Vec<_>, _>>()?;
        // In use for two years and ten months: the time in which terminals renew.
        let validity = Validity { not_before: now - DAY * 1035, not_after: now + DAY * 60 };
        let sign = |number: u32| -> Result<Signed> {
            let subject = Subject {
                common_name: format!("client{number}"),
                organization: Some(format!("t{}", Tenant::of(number).number())),
                organizational_unit: None,
            };
            let template = Template::Client { subject: &subject };
            let key = &public[number as usize % KEYS];
            let issuer = SigningIssuer::Issuer(authority.issuer());
            let plan = plan(template, issuer, key, entropy::serial(validity.not_before), validity)?;
            let (serial, not_after) = (plan.serial().to_hex(), plan.validity().not_after.as_second());
            Ok(Signed { serial, der: authority.sign(plan)?, not_after })
        };
        let first = numbers.start;
        let signed = numbers.map(sign).collect::<Result<Vec<_>>>()?;
        Ok(Self { first, keys, signed, chain: authority.chain() })
    }

    /// That of the terminal with this number, if it is live.
    pub(crate) fn certificate(&self, number: u32) -> Option<&Signed> {
        number.checked_sub(self.first).and_then(|place| self.signed.get(place as usize))
    }

    /// What the load generator reads: `chain` is the issuing CA and the root, `key` counts in `keys` (PKCS#8); all in
    /// base64.
    pub(crate) fn file(&self) -> Value {
        let text = |bytes: &[u8]| STANDARD.encode(bytes);
        let terminals = (self.first..).zip(&self.signed).map(|(number, signed)| {
            let key = number as usize % KEYS;
            json!({ "cn": format!("client{number}"), "key": key, "certificate": text(&signed.der) })
        });
        json!({
            "chain": self.chain.iter().map(|der| text(der)).collect::<Vec<_>>(),
            "keys": self.keys.iter().map(|key| text(key.pkcs8_der())).collect::<Vec<_>>(),
            "terminals": terminals.collect::<Vec<_>>(),
        })
    }
}
