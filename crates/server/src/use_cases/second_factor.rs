//! The second factor: TOTP (RFC 6238, SHA-1, 6 digits, 30 seconds), and how its secret lies
//! in the records: sealed with a key that is not in the database.

use crate::{
    entropy,
    home::{self, FileError, Home},
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
/// RFC 4226, 4: 160 bits.
const SECRET_BYTES: usize = 20;
/// Name in the list of the person's authenticator.
const ISSUER: &str = "Koshin";
/// What the key for recovery codes is derived for. Another text, another key.
const RECOVERY_LABEL: &[u8] = b"koshin recovery codes, 1";

/// A second factor cannot be read or sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key's file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key's file holds something else.
    #[error("ca/second-factor.key does not hold a key of 32 bytes in hex: put the right file back")]
    Key,
    /// Sealed with another key, or altered.
    #[error(
        "a second factor or a webhook's secret was not sealed with this server's ca/second-factor.key: copy \
         the file from the server where it was set up"
    )]
    Foreign,
    /// The cryptographic library failed.
    #[error("a second factor could not be sealed: the cryptographic library failed")]
    Library,
}

/// The key that seals second factors and the secrets of webhooks and, by a key derived from
/// it, hides recovery codes. All servers on one database need the same one.
#[derive(Clone)]
pub struct SecondFactorKey {
    seal: Arc<LessSafeKey>,
    recovery: hmac::Key,
}

impl std::fmt::Debug for SecondFactorKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecondFactorKey(…)")
    }
}

impl SecondFactorKey {
    /// Reads the key of this server, making it first if there is none.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds something else.
    pub fn load_or_create(home: &Home) -> Result<Self, SealError> {
        let path = home.second_factor_key();
        match home::read(&path) {
            Ok(text) => Self::from_hex(&Zeroizing::new(text)),
            Err(error) if error.is_missing() => {
                let fresh = Zeroizing::new(hex::encode(Zeroizing::new(entropy::bytes::<KEY_BYTES>())));
                // Somebody else may be first; then theirs is the key.
                home::write_private_once(&path, fresh.as_bytes())?;
                Self::from_hex(&Zeroizing::new(home::read(&path)?))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn from_hex(text: &[u8]) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(hex::decode(text.trim_ascii()).map_err(|_| SealError::Key)?);
        let seal = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| SealError::Key)?);
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), RECOVERY_LABEL);
        Ok(Self { seal: Arc::new(seal), recovery: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) })
    }

    /// What the records know a recovery code by, or what tells where a guess came from: of
    /// no use to whoever has a copy of the database alone.
    pub(super) fn hidden(&self, what: &str, secret: &str) -> String {
        let mut context = hmac::Context::with_key(&self.recovery);
        context.update(what.as_bytes());
        context.update(&[0]);
        context.update(secret.as_bytes());
        hex::encode(context.sign())
    }

    /// Seals `secret` for `owner`: nobody can move it to another account.
    pub(super) fn seal(&self, secret: &TotpSecret, owner: &str) -> Result<Vec<u8>, SealError> {
        self.seal_bytes(&secret.0, owner)
    }

    /// Opens what [`Self::seal`] sealed for the same owner.
    pub(super) fn open(&self, sealed: &[u8], owner: &str) -> Result<TotpSecret, SealError> {
        self.open_bytes(sealed, owner).map(TotpSecret)
    }

    /// Seals any secret for `owner`.
    pub(super) fn seal_bytes(&self, secret: &[u8], owner: &str) -> Result<Vec<u8>, SealError> {
        let nonce = entropy::bytes::<NONCE_LEN>();
        let mut sealed = secret.to_vec();
        let tag = self
            .seal
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(owner.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| SealError::Library)?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    /// Opens what [`Self::seal_bytes`] sealed for the same owner.
    pub(super) fn open_bytes(&self, sealed: &[u8], owner: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError::Foreign)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Foreign)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let opened = self
            .seal
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut rest)
            .map_err(|_| SealError::Foreign)?;
        Ok(Zeroizing::new(opened.to_vec()))
    }
}

/// The secret that an authenticator shares with this server.
pub(super) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// A fresh one.
    pub(super) fn fresh() -> Self {
        Self(Zeroizing::new(Zeroizing::new(entropy::bytes::<SECRET_BYTES>()).to_vec()))
    }

    /// The step of `code` if it is right at `now`, or one step of 30 seconds early or late.
    pub(super) fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let code: String = code.chars().filter(|character| !character.is_whitespace()).collect();
        let step = self.totp("").check(&code, u64::try_from(now.as_second()).ok()?)?;
        i64::try_from(step).ok()
    }

    /// What an authenticator reads from a QR code.
    pub(super) fn uri(&self, account: &str) -> SecretString {
        let uri = self.totp(account).to_url();
        SecretString::from(uri.expect("a login is not empty and has no colon"))
    }

    /// What a person types into an authenticator without a camera.
    pub(super) fn base32(&self) -> SecretString {
        SecretString::from(self.totp("").secret().to_base32())
    }

    fn totp(&self, account: &str) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(1)
            .with_step_duration(30)
            .with_secret(self.0.to_vec())
            .with_issuer(Some(ISSUER))
            .with_account_name(account)
            .build_noncompliant()
    }
}

/// Whether a secret string is what it is compared with, told in one time.
pub(super) fn same_secret(one: &SecretString, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.expose_secret().as_bytes(), other.as_bytes())
        .is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret(Zeroizing::new(b"12345678901234567890".to_vec()))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// RFC 6238, appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc_and_good_for_a_step_before_and_after() {
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let step = second / 30;
            assert_eq!(secret().step_of(code, at(second)), Some(step), "{second}");
            assert_eq!(secret().step_of(code, at(second + 30)), Some(step), "a slow clock");
            assert_eq!(secret().step_of(code, at(second + 90)), None, "too late");
        }
        assert_eq!(secret().step_of("287 082", at(59)), Some(1), "as authenticators show it");
        for nonsense in ["", "28708", "2870822", "28708x", "二八七〇八二"] {
            assert_eq!(secret().step_of(nonsense, at(59)), None, "{nonsense:?}");
        }
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_and_with_its_key_only() {
        let directory = tempfile::tempdir().unwrap();
        crate::home::create_private_dir(&directory.path().join("ca")).unwrap();
        let home = Home::new(directory.path());
        let key = SecondFactorKey::load_or_create(&home).unwrap();
        let sealed = key.seal(&secret(), "clinic\nhanako").unwrap();
        assert!(!sealed.windows(20).any(|part| part == secret().0.as_slice()));
        let again = SecondFactorKey::load_or_create(&home).unwrap();
        assert_eq!(*again.open(&sealed, "clinic\nhanako").unwrap().0, *secret().0);
        assert!(matches!(again.open(&sealed, "clinic\ntaro"), Err(SealError::Foreign)));
        assert!(matches!(again.open(&sealed[1..], "clinic\nhanako"), Err(SealError::Foreign)));
        let other = SecondFactorKey::from_hex(&[b'0'; 64]).unwrap();
        assert!(matches!(other.open(&sealed, "clinic\nhanako"), Err(SealError::Foreign)));
        assert!(matches!(SecondFactorKey::from_hex(b"short"), Err(SealError::Key)));
    }

    #[test]
    fn what_is_hidden_is_known_again_with_the_same_key_and_purpose_only() {
        let key = |digit: u8| SecondFactorKey::from_hex(&[digit; 64]).unwrap();
        let hidden = key(b'1').hidden("code", "0000-0000-0000");
        assert_eq!(hidden, key(b'1').hidden("code", "0000-0000-0000"));
        assert_ne!(hidden, key(b'2').hidden("code", "0000-0000-0000"));
        assert_ne!(hidden, key(b'1').hidden("source", "0000-0000-0000"));
        assert_ne!(hidden, key(b'1').hidden("code", "0000-0000-0001"));
    }
}
