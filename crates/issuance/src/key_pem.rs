//! Private keys as PEM text, as applications keep them on disk.

use der::asn1::OctetStringRef;
use der::{Decode, Encode};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, pkcs5};
use zeroize::Zeroizing;

use crate::facts::encode_pem;
use crate::legacy_pem;
use crate::private_key::{PrivateKey, PrivateKeyError};

/// OpenSSL's own default for PKCS#8. More would not help: the password of an application's key is either random or
/// stands in the file next to it.
const PBKDF2_ITERATIONS: u32 = 2048;
/// A key file that asks for more than this was made to waste time.
const MAX_PBKDF2_ITERATIONS: u32 = 5_000_000;
const MAX_SCRYPT_BYTES: u64 = 256 << 20;
const MAX_SCRYPT_PARALLELIZATION: u16 = 16;

/// The key as `ENCRYPTED PRIVATE KEY`: PKCS#8, PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA256 (RFC 8018), which OpenSSL 3,
/// Ruby and libcurl read. `salt` and `iv` come from a CSPRNG and are used once.
///
/// # Errors
/// Only when the library fails.
pub fn encrypt_private_key_pem(
    key: &PrivateKey,
    password: &str,
    salt: [u8; 16],
    iv: [u8; 16],
) -> Result<Zeroizing<String>, PrivateKeyError> {
    let failed = |what: String| PrivateKeyError::Unsupported { what };
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ITERATIONS, &salt, iv)
        .map_err(|error| failed(error.to_string()))?;
    let encrypted = parameters
        .encrypt(password.as_bytes(), key.pkcs8_der())
        .map_err(|error| failed(error.to_string()))?;
    let encrypted_data = OctetStringRef::new(&encrypted).map_err(|error| failed(error.to_string()))?;
    let der = EncryptedPrivateKeyInfoRef { encryption_algorithm: parameters.into(), encrypted_data }
        .to_der()
        .map_err(|error| failed(error.to_string()))?;
    Ok(Zeroizing::new(encode_pem("ENCRYPTED PRIVATE KEY", &der)))
}

/// The key as unencrypted `PRIVATE KEY` (PKCS#8): only for an application that had it so.
pub fn private_key_to_pem(key: &PrivateKey) -> Zeroizing<String> {
    Zeroizing::new(encode_pem("PRIVATE KEY", key.pkcs8_der()))
}

/// Reads the first private key of a PEM text; other blocks (certificates, parameters) are passed over.
///
/// Understood are PKCS#8, plain and with PBES2; PKCS#1 and SEC 1, plain and with OpenSSL's traditional encryption
/// (`DEK-Info`: AES-128/192/256-CBC, DES-EDE3-CBC). A password that is not needed is ignored.
///
/// # Errors
/// [`PrivateKeyError::PasswordRequired`] and [`PrivateKeyError::WrongPassword`] tell the caller whether to ask (again).
/// An encrypted key that was damaged shows as a wrong password: the formats cannot tell.
pub fn read_private_key_pem(pem: &[u8], password: Option<&str>) -> Result<PrivateKey, PrivateKeyError> {
    let blocks = pem::parse_many(pem)
        .map_err(|error| PrivateKeyError::NotAPrivateKey { detail: error.to_string() })?;
    let block = blocks.into_iter().find(|block| block.tag().ends_with("PRIVATE KEY")).ok_or_else(|| {
        PrivateKeyError::NotAPrivateKey { detail: "the text holds no private key".to_owned() }
    })?;
    let label = block.tag().to_owned();
    let dek_info = block.headers().get("DEK-Info").map(str::to_owned);
    let der = Zeroizing::new(block.into_contents());

    match (label.as_str(), dek_info) {
        ("ENCRYPTED PRIVATE KEY", _) => {
            let plain = decrypt_pkcs8(&der, password.ok_or(PrivateKeyError::PasswordRequired)?)?;
            after_decryption(plain)
        }
        ("RSA PRIVATE KEY" | "EC PRIVATE KEY" | "PRIVATE KEY", Some(dek_info)) => {
            let password = password.ok_or(PrivateKeyError::PasswordRequired)?;
            after_decryption(legacy_pem::decrypt(&dek_info, password, &der)?)
        }
        ("RSA PRIVATE KEY" | "EC PRIVATE KEY" | "PRIVATE KEY", None) => PrivateKey::from_pkcs8_der(der),
        (other, _) => Err(PrivateKeyError::Unsupported { what: other.to_owned() }),
    }
}

fn decrypt_pkcs8(der: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let info = EncryptedPrivateKeyInfoRef::from_der(der)
        .map_err(|error| PrivateKeyError::NotAPrivateKey { detail: error.to_string() })?;
    if let Some(parameters) = info.encryption_algorithm.pbes2() {
        check_cost(&parameters.kdf)?;
    }
    match info.encryption_algorithm.decrypt(password.as_bytes(), info.encrypted_data.as_bytes()) {
        Ok(plain) => Ok(Zeroizing::new(plain)),
        Err(pkcs5::Error::DecryptFailed) => Err(PrivateKeyError::WrongPassword),
        Err(error) => Err(PrivateKeyError::Unsupported { what: error.to_string() }),
    }
}

fn check_cost(kdf: &pbes2::Kdf) -> Result<(), PrivateKeyError> {
    let acceptable = match kdf {
        pbes2::Kdf::Pbkdf2(parameters) => parameters.iteration_count <= MAX_PBKDF2_ITERATIONS,
        pbes2::Kdf::Scrypt(parameters) => {
            let bytes = parameters.cost_parameter.saturating_mul(128 * u64::from(parameters.block_size));
            bytes <= MAX_SCRYPT_BYTES && parameters.parallelization <= MAX_SCRYPT_PARALLELIZATION
        }
        _ => true,
    };
    if acceptable {
        Ok(())
    } else {
        Err(PrivateKeyError::Unsupported { what: "a key derivation that would take too long".to_owned() })
    }
}

/// One wrong password in 256 leaves padding that looks right; then the bytes are no key.
fn after_decryption(plain: Zeroizing<Vec<u8>>) -> Result<PrivateKey, PrivateKeyError> {
    PrivateKey::from_pkcs8_der(plain).map_err(|error| match error {
        PrivateKeyError::NotAPrivateKey { .. } => PrivateKeyError::WrongPassword,
        other => other,
    })
}
