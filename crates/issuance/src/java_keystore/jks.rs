//! JKS: a list of entries and a SHA-1 over the password and all of it. Certificates lie in clear, keys under a key
//! stream of SHA-1 sums. Weak, but it is what the files out there are; their owner decides about better ones.

use super::{KeystoreAccess, KeystoreError, KeystoreUpdate, choose};
use crate::{CertificateFacts, pkcs12::Pkcs12, private_key::PrivateKey};
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use zeroize::Zeroizing;

/// The first bytes.
pub(super) const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const VERSION: u32 = 2;
const KEY_ENTRY: u32 = 1;
const TRUSTED_ENTRY: u32 = 2;
/// Goes into the sum over the file, after the password.
const WHITENER: &[u8] = b"Mighty Aphrodite";
const SUM: usize = 20;
/// EncryptedPrivateKeyInfo's AlgorithmIdentifier: 1.3.6.1.4.1.42.2.17.1.1 with NULL.
const PROTECTION: &[u8] = b"\x30\x0e\x06\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01\x05\x00";

/// An entry: where its bytes are, and of a key what is in it.
struct Entry<'a> {
    alias: &'a str,
    bytes: &'a [u8],
    key: Option<KeyParts<'a>>,
}

struct KeyParts<'a> {
    protected: &'a [u8],
    chain: Vec<&'a [u8]>,
}

pub(super) fn certificate(bytes: &[u8], alias: Option<&str>) -> Result<CertificateFacts, KeystoreError> {
    let entries = entries(bytes)?;
    let (_, key) = chosen(&entries, alias)?;
    facts(key)
}

pub(super) fn read(bytes: &[u8], access: &KeystoreAccess<'_>) -> Result<Pkcs12, KeystoreError> {
    let entries = entries(bytes)?;
    let (entry, parts) = chosen(&entries, access.alias)?;
    let body = bytes.len() - SUM;
    if sum(access.password, &[WHITENER, &bytes[..body]]) != bytes[body..] {
        return Err(KeystoreError::WrongPassword);
    }
    let key = PrivateKey::from_pkcs8_der(unprotect(parts.protected, key_password(access))?)?;
    let certificate = facts(parts)?;
    if !key.matches(&certificate) {
        return Err(KeystoreError::Damaged("the certificate does not belong to the key"));
    }
    Ok(Pkcs12 {
        friendly_name: Some(entry.alias.to_owned()),
        key,
        certificate_der: certificate.der,
        chain_der: parts.chain.iter().skip(1).map(|der| der.to_vec()).collect(),
    })
}

pub(super) fn replace(
    bytes: &[u8],
    access: &KeystoreAccess<'_>,
    update: &KeystoreUpdate<'_>,
) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let entries = entries(bytes)?;
    let (chosen, _) = chosen(&entries, access.alias)?;
    let mut file = Zeroizing::new([&MAGIC[..], &VERSION.to_be_bytes(), &length(entries.len())].concat());
    for entry in &entries {
        if entry.alias == chosen.alias {
            file.extend_from_slice(&new_entry(chosen.alias, access, update));
        } else {
            file.extend_from_slice(entry.bytes);
        }
    }
    let sum = sum(access.password, &[WHITENER, &file]);
    file.extend_from_slice(&sum);
    Ok(file)
}

fn key_password<'a>(access: &KeystoreAccess<'a>) -> &'a str {
    access.key_password.unwrap_or(access.password)
}

fn chosen<'a, 'b>(
    entries: &'b [Entry<'a>],
    alias: Option<&str>,
) -> Result<(&'b Entry<'a>, &'b KeyParts<'a>), KeystoreError> {
    let keys: Vec<_> = entries.iter().filter_map(|entry| Some((entry, entry.key.as_ref()?))).collect();
    let position = choose(keys.iter().map(|(entry, _)| entry.alias), alias)?;
    Ok(keys[position])
}

fn facts(key: &KeyParts<'_>) -> Result<CertificateFacts, KeystoreError> {
    let first = key.chain.first().ok_or(KeystoreError::Damaged("a key has no certificate"))?;
    CertificateFacts::from_der(first).map_err(|_| KeystoreError::Damaged("a certificate cannot be read"))
}

fn entries(bytes: &[u8]) -> Result<Vec<Entry<'_>>, KeystoreError> {
    let end = bytes.len().checked_sub(SUM);
    let body =
        end.and_then(|end| bytes.get(MAGIC.len()..end)).ok_or(KeystoreError::Damaged("it ends early"))?;
    let mut reader = Reader(body);
    if reader.u32()? != VERSION {
        return Err(KeystoreError::UnknownKind);
    }
    let count = reader.u32()?;
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(reader.entry()?);
    }
    if reader.0.is_empty() { Ok(entries) } else { Err(KeystoreError::Damaged("something follows its end")) }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], KeystoreError> {
        self.0.split_off(..count).ok_or(KeystoreError::Damaged("it ends early"))
    }

    fn u32(&mut self) -> Result<u32, KeystoreError> {
        Ok(self.take(4)?.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
    }

    /// Bytes after their length in 32 bits.
    fn bytes(&mut self) -> Result<&'a [u8], KeystoreError> {
        let count = self.u32()?;
        self.take(usize::try_from(count).map_err(|_| KeystoreError::Damaged("a length"))?)
    }

    /// Java's modified UTF-8 differs only in NUL and beyond the BMP: such an alias is refused as damaged.
    fn text(&mut self) -> Result<&'a str, KeystoreError> {
        let count = self.take(2)?.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        std::str::from_utf8(self.take(count)?).map_err(|_| KeystoreError::Damaged("an alias"))
    }

    fn certificate(&mut self) -> Result<&'a [u8], KeystoreError> {
        self.text()?;
        self.bytes()
    }

    fn entry(&mut self) -> Result<Entry<'a>, KeystoreError> {
        let before = self.0;
        let kind = self.u32()?;
        let alias = self.text()?;
        self.take(8)?;
        let key = match kind {
            KEY_ENTRY => {
                let protected = self.bytes()?;
                let count = self.u32()?;
                let mut chain = Vec::new();
                for _ in 0..count {
                    chain.push(self.certificate()?);
                }
                Some(KeyParts { protected, chain })
            }
            TRUSTED_ENTRY => {
                self.certificate()?;
                None
            }
            _ => return Err(KeystoreError::Damaged("an unknown kind of entry")),
        };
        Ok(Entry { alias, bytes: &before[..before.len() - self.0.len()], key })
    }
}

fn new_entry(alias: &str, access: &KeystoreAccess<'_>, update: &KeystoreUpdate<'_>) -> Zeroizing<Vec<u8>> {
    let contents = &update.contents;
    let mut entry = Zeroizing::new(KEY_ENTRY.to_be_bytes().to_vec());
    push_text(&mut entry, alias);
    entry.extend_from_slice(&update.now_millis.to_be_bytes());
    push_bytes(&mut entry, &protect(contents.key.pkcs8_der(), key_password(access), update.salt));
    let chain = std::iter::once(contents.certificate_der).chain(contents.chain_der.iter().map(Vec::as_slice));
    entry.extend_from_slice(&length(1 + contents.chain_der.len()));
    for der in chain {
        push_text(&mut entry, "X.509");
        push_bytes(&mut entry, der);
    }
    entry
}

fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).expect("keys and certificates are short").to_be_bytes()
}

fn push_bytes(entry: &mut Vec<u8>, bytes: &[u8]) {
    entry.extend_from_slice(&length(bytes.len()));
    entry.extend_from_slice(bytes);
}

fn push_text(entry: &mut Vec<u8>, text: &str) {
    let count = u16::try_from(text.len()).expect("an alias came with a length of 16 bits");
    entry.extend_from_slice(&count.to_be_bytes());
    entry.extend_from_slice(text.as_bytes());
}

fn sum(password: &str, parts: &[&[u8]]) -> [u8; SUM] {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(&wide(password));
    parts.iter().for_each(|part| context.update(part));
    let mut sum = [0; SUM];
    sum.copy_from_slice(context.finish().as_ref());
    sum
}

/// Passwords as Java's characters, big endian.
fn wide(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

/// Adds or removes the key stream.
fn stream(bytes: &[u8], password: &str, salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut block = sum(password, &[salt]);
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len()));
    for chunk in bytes.chunks(SUM) {
        out.extend(chunk.iter().zip(block).map(|(byte, key)| byte ^ key));
        block = sum(password, &[&block]);
    }
    out
}

/// `salt, key under the stream, sum of the key` as an EncryptedPrivateKeyInfo.
fn protect(key: &[u8], password: &str, salt: [u8; SUM]) -> Vec<u8> {
    let protected = [&salt[..], &stream(key, password, &salt), &sum(password, &[key])].concat();
    let string = der(0x04, &protected);
    der(0x30, &[PROTECTION, &string].concat())
}

fn unprotect(info: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let inside = |tag, bytes| content(tag, bytes).ok_or(KeystoreError::Damaged("a key's protection"));
    let after = inside(0x30, info)?.strip_prefix(PROTECTION);
    let protected = inside(0x04, after.ok_or(KeystoreError::Damaged("a key's protection is unknown"))?)?;
    let (salt, rest) = protected.split_at_checked(SUM).ok_or(KeystoreError::Damaged("a key is cut off"))?;
    let end = rest.len().checked_sub(SUM).ok_or(KeystoreError::Damaged("a key is cut off"))?;
    let key = stream(&rest[..end], password, salt);
    if sum(password, &[&key]) == rest[end..] { Ok(key) } else { Err(KeystoreError::WrongPassword) }
}

/// The content of a DER element of the kind `tag` that fills `bytes`. Lengths as Java writes them: up to 64 KiB.
fn content(tag: u8, bytes: &[u8]) -> Option<&[u8]> {
    let (&[found, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, content) = match first {
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), &rest[2..]),
        short => (usize::from(short), rest),
    };
    (found == tag && length == content.len()).then_some(content)
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u16::try_from(content.len()).expect("a private key is shorter than 64 KiB") {
        length @ 0..=0x7f => bytes.push(length.to_be_bytes()[1]),
        length @ 0x80..=0xff => bytes.extend([0x81, length.to_be_bytes()[1]]),
        length => {
            bytes.push(0x82);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}
