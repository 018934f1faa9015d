//! Escapes of Java properties files: how a value is written in ISO-8859-1 bytes, and read back.

/// Reads the escapes of a key or value. `\uXXXX` is one UTF-16 unit, so characters outside the BMP are two of them; an
/// unpaired surrogate, which only Java can hold, becomes U+FFFD. `None` for a malformed `\uXXXX`, which Java refuses.
pub(crate) fn unescape(bytes: impl IntoIterator<Item = u8>) -> Option<String> {
    let mut units: Vec<u16> = Vec::new();
    let mut bytes = bytes.into_iter();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            // ISO-8859-1 is the first 256 code points of Unicode.
            units.push(u16::from(byte));
            continue;
        }
        match bytes.next() {
            Some(b'u') => units.push(four_hex_digits(&mut bytes)?),
            Some(b't') => units.push(u16::from(b'\t')),
            Some(b'n') => units.push(u16::from(b'\n')),
            Some(b'r') => units.push(u16::from(b'\r')),
            Some(b'f') => units.push(0x0c),
            Some(other) => units.push(u16::from(other)),
            // A backslash before the end of the file stands for nothing.
            None => {}
        }
    }
    Some(String::from_utf16_lossy(&units))
}

fn four_hex_digits(bytes: &mut impl Iterator<Item = u8>) -> Option<u16> {
    (0..4).try_fold(0, |unit, _| {
        let digit = char::from(bytes.next()?).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

/// Writes a value as `java.util.Properties.store` does, so that the application's next save changes nothing.
pub(crate) fn escape_value(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    let mut units = [0; 2];
    for (position, character) in value.chars().enumerate() {
        match character {
            ' ' if position == 0 => written.push_str("\\ "),
            '\t' => written.push_str("\\t"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\u{c}' => written.push_str("\\f"),
            '\\' | '=' | ':' | '#' | '!' => written.extend(['\\', character]),
            ' '..='~' => written.push(character),
            _ => character
                .encode_utf16(&mut units)
                .iter()
                .for_each(|unit| written.push_str(&format!("\\u{unit:04X}"))),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::{escape_value, unescape};

    #[test]
    fn values_are_written_as_java_writes_them() {
        assert_eq!(escape_value("https://h/?a=b#c!"), r"https\://h/?a\=b\#c\!");
        assert_eq!(escape_value(r"C:\Users\山田"), r"C\:\\Users\\\u5C71\u7530");
        assert_eq!(escape_value("  two"), r"\  two");
        assert_eq!(escape_value("𠮷\t"), r"\uD842\uDFB7\t");
    }

    #[test]
    fn escapes_are_read_as_java_reads_them() {
        assert_eq!(unescape(*br"C\:\\Users\\\u5c71\u7530").as_deref(), Some(r"C:\Users\山田"));
        assert_eq!(unescape(*br"\uD842\uDFB7").as_deref(), Some("𠮷"));
        assert_eq!(unescape(*b"caf\xe9").as_deref(), Some("café"));
        assert_eq!(unescape(*br"\q\"), Some("q".into()));
        assert_eq!(unescape(*br"\u12G4"), None);
        assert_eq!(unescape(*br"\u12"), None);
    }
}
