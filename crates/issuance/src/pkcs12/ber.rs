//! PKCS#12 as NSS writes it (Firefox, `pk12util`): BER with indefinite lengths (X.690 section 8.1.3.6), brought into DER
//! for the library, which reads nothing else.

use der::asn1::ObjectIdentifier;

const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed and primitive.
const CONTEXT_0: u8 = 0xa0;
const IMPLICIT_0: u8 = 0x80;
const INDEFINITE: u8 = 0x80;
/// `data` (RFC 5652 section 4).
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// PKCS#12 nests far less deeply.
const MAX_DEPTH: usize = 24;

struct Element {
    tag: u8,
    /// Already in DER.
    content: Vec<u8>,
}

/// Whether the outermost length is indefinite.
pub(super) fn is_indefinite(bytes: &[u8]) -> bool {
    bytes.starts_with(&[SEQUENCE, INDEFINITE])
}

/// The same file in DER. The MAC goes: it was made over the bytes as they were. So a wrong password shows itself only
/// when the content is decrypted.
pub(super) fn to_der_without_mac(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let file = element(&mut rest, 0)?;
    let children = split(&file.content)?;
    let [version, auth_safe, ..] = children.as_slice() else { return None };
    Some(encode(SEQUENCE, &[encoded(version), encoded(auth_safe)].concat()))
}

/// The elements of content that is in DER already, one level deep.
fn split(mut content: &[u8]) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (&[tag, first], rest) = content.split_first_chunk::<2>()?;
        content = rest;
        let length = length(first, &mut content)?;
        found.push(Element { tag, content: content.split_off(..length)?.to_vec() });
    }
    Some(found)
}

/// Takes one element off the front of `input`.
fn element(input: &mut &[u8], depth: usize) -> Option<Element> {
    let (&[tag, first], rest) = input.split_first_chunk::<2>()?;
    // Tags of several bytes do not occur.
    if depth >= MAX_DEPTH || tag & 0x1f == 0x1f {
        return None;
    }
    *input = rest;
    if first == INDEFINITE {
        return (tag & CONSTRUCTED != 0).then(|| constructed(tag, children_to_end(input, depth)?, depth))?;
    }
    let length = length(first, input)?;
    let content = input.split_off(..length)?;
    if tag & CONSTRUCTED == 0 {
        return Some(Element { tag, content: content.to_vec() });
    }
    let mut inner = content;
    let mut children = Vec::new();
    while !inner.is_empty() {
        children.push(element(&mut inner, depth + 1)?);
    }
    constructed(tag, children, depth)
}

fn length(first: u8, input: &mut &[u8]) -> Option<usize> {
    if first < INDEFINITE {
        return Some(usize::from(first));
    }
    let bytes = input.split_off(..usize::from(first & 0x7f))?;
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
}

fn children_to_end(input: &mut &[u8], depth: usize) -> Option<Vec<Element>> {
    let mut children = Vec::new();
    loop {
        if let Some(rest) = input.strip_prefix(&[0, 0]) {
            *input = rest;
            return Some(children);
        }
        children.push(element(input, depth + 1)?);
    }
}

fn constructed(tag: u8, mut children: Vec<Element>, depth: usize) -> Option<Element> {
    if tag == OCTET_STRING | CONSTRUCTED {
        return Some(Element { tag: OCTET_STRING, content: joined(&children) });
    }
    if tag == SEQUENCE {
        inside_a_sequence(&mut children, depth)?;
    }
    Some(Element { tag, content: children.iter().flat_map(encoded).collect() })
}

/// Two places of CMS (RFC 5652) that only their surroundings tell: the implicitly tagged string of an
/// EncryptedContentInfo, and the BER inside the string of a ContentInfo of the type `data`.
fn inside_a_sequence(children: &mut [Element], depth: usize) -> Option<()> {
    match children {
        [kind, algorithm, content, ..]
            if kind.tag == OBJECT_IDENTIFIER && algorithm.tag == SEQUENCE && content.tag == CONTEXT_0 =>
        {
            let pieces = split(&content.content)?;
            *content = Element { tag: IMPLICIT_0, content: joined(&pieces) };
        }
        [kind, content] if is_data(kind) && content.tag == CONTEXT_0 => {
            let pieces = split(&content.content)?;
            if let [string] = pieces.as_slice()
                && string.tag == OCTET_STRING
                && is_indefinite(&string.content)
            {
                let mut rest = string.content.as_slice();
                let inner = encoded(&element(&mut rest, depth + 1)?);
                content.content = encode(OCTET_STRING, &inner);
            }
        }
        _ => {}
    }
    Some(())
}

fn is_data(kind: &Element) -> bool {
    kind.tag == OBJECT_IDENTIFIER && kind.content == DATA.as_bytes()
}

fn joined(pieces: &[Element]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| piece.content.iter().copied()).collect()
}

fn encoded(element: &Element) -> Vec<u8> {
    encode(element.tag, &element.content)
}

fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = content.len().to_be_bytes();
    let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    match (content.len(), u8::try_from(significant.len())) {
        (0..=0x7f, _) => der.push(significant.first().copied().unwrap_or(0)),
        (_, Ok(count)) => {
            der.push(INDEFINITE | count);
            der.extend(significant);
        }
        (_, Err(_)) => unreachable!("a length has at most eight bytes"),
    }
    der.extend_from_slice(content);
    der
}
