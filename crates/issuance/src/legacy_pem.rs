//! OpenSSL's traditional PEM encryption: `DEK-Info: AES-256-CBC,<iv>` in the head of the block.
//!
//! The key comes from one round of MD5 over password and salt (EVP_BytesToKey), so it protects badly. It is read, because
//! applications still have such files, and never written.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::private_key::PrivateKeyError;

/// Decrypts the content of a block. `dek_info` is the value of the header: cipher, comma, IV in hexadecimal digits.
pub(crate) fn decrypt(
    dek_info: &str,
    password: &str,
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let malformed =
        || PrivateKeyError::NotAPrivateKey { detail: format!("DEK-Info `{dek_info}` makes no sense") };
    let (cipher, iv) = dek_info.split_once(',').ok_or_else(malformed)?;
    let iv = hex::decode(iv.trim()).map_err(|_| malformed())?;
    // The first eight bytes of the IV are the salt as well.
    let salt: [u8; 8] = iv.get(..8).and_then(|salt| salt.try_into().ok()).ok_or_else(malformed)?;
    let cipher = cipher.trim().to_ascii_uppercase();
    let key_length = match cipher.as_str() {
        "AES-128-CBC" => 16,
        "AES-192-CBC" | "DES-EDE3-CBC" => 24,
        "AES-256-CBC" => 32,
        _ => return Err(PrivateKeyError::Unsupported { what: format!("PEM encryption with {cipher}") }),
    };
    let key = derive_key(password, salt, key_length);
    let plain = match cipher.as_str() {
        "AES-128-CBC" => cbc_decrypt::<Aes128>(&key, &iv, encrypted),
        "AES-192-CBC" => cbc_decrypt::<Aes192>(&key, &iv, encrypted),
        "AES-256-CBC" => cbc_decrypt::<Aes256>(&key, &iv, encrypted),
        _ => cbc_decrypt::<TdesEde3>(&key, &iv, encrypted),
    };
    plain.ok_or_else(malformed)?.ok_or(PrivateKeyError::WrongPassword)
}

/// EVP_BytesToKey with MD5 and one round: D1 = MD5(password ‖ salt), Dn = MD5(Dn-1 ‖ password ‖ salt).
fn derive_key(password: &str, salt: [u8; 8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(48));
    while key.len() < length {
        let previous = key.len().saturating_sub(16);
        let mut hash = Md5::new();
        hash.update(&key[previous..]);
        hash.update(password.as_bytes());
        hash.update(salt);
        key.extend_from_slice(&hash.finalize());
    }
    key.truncate(length);
    key
}

/// `None`: the IV has the wrong length for the cipher. `Some(None)`: the padding is wrong.
fn cbc_decrypt<C>(key: &[u8], iv: &[u8], encrypted: &[u8]) -> Option<Option<Zeroizing<Vec<u8>>>>
where
    C: KeyInit + BlockCipherDecrypt,
{
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    Some(cipher.decrypt_padded_vec::<Pkcs7>(encrypted).ok().map(Zeroizing::new))
}
