//! Distinguished names as text.

use std::fmt::Write;

use x509_parser::asn1_rs::{Oid, Tag, ToDer};
use x509_parser::der_parser::oid;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// The last value of an attribute, which is the most specific one, as text.
pub(crate) fn last_attribute(name: &X509Name<'_>, oid: &Oid<'_>) -> Option<String> {
    name.iter_by_oid(oid).last().and_then(attribute_text)
}

/// The name as RFC 4514 writes it: the most specific part first, special characters escaped, attributes without a
/// short name as `oid=#hex`.
pub(crate) fn rfc4514(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> =
        name.iter().map(|rdn| rdn.iter().map(attribute_rfc4514).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

fn attribute_rfc4514(attribute: &AttributeTypeAndValue<'_>) -> String {
    match (short_name(attribute.attr_type()), attribute_text(attribute)) {
        (Some(short), Some(text)) => format!("{short}={}", escape(&text)),
        _ => {
            let value = attribute.attr_value().to_der_vec().unwrap_or_default();
            format!("{}=#{}", attribute.attr_type(), hex::encode(value))
        }
    }
}

/// The table of RFC 4514 section 3.
fn short_name(oid: &Oid<'_>) -> Option<&'static str> {
    let table = [
        (oid!(2.5.4.3), "CN"),
        (oid!(2.5.4.7), "L"),
        (oid!(2.5.4.8), "ST"),
        (oid!(2.5.4.10), "O"),
        (oid!(2.5.4.11), "OU"),
        (oid!(2.5.4.6), "C"),
        (oid!(2.5.4.9), "STREET"),
        (oid!(0.9.2342.19200300.100.1.25), "DC"),
        (oid!(0.9.2342.19200300.100.1.1), "UID"),
    ];
    table.into_iter().find(|(known, _)| known == oid).map(|(_, short)| short)
}

fn attribute_text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let value = attribute.attr_value();
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            std::str::from_utf8(value.data).ok().map(str::to_owned)
        }
        Tag::BmpString if value.data.len() % 2 == 0 => {
            let units: Vec<u16> =
                value.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        // In practice every producer of TeletexString means Latin-1.
        Tag::T61String => Some(value.data.iter().map(|byte| char::from(*byte)).collect()),
        _ => None,
    }
}

/// RFC 4514 section 2.4.
fn escape(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            ' ' if index == 0 || index == last => out.push_str("\\ "),
            '#' if index == 0 => out.push_str("\\#"),
            c if c.is_ascii_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn special_characters_are_escaped_as_in_rfc_4514() {
        for (plain, escaped) in [
            ("client001", "client001"),
            ("さくら医院", "さくら医院"),
            ("Smith, Jones", "Smith\\, Jones"),
            (" leading and trailing ", "\\ leading and trailing\\ "),
            ("#1", "\\#1"),
            ("a\0b", "a\\00b"),
            ("C:\\x", "C:\\\\x"),
        ] {
            assert_eq!(escape(plain), escaped);
        }
    }
}
