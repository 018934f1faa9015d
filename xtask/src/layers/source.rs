//! Rust sources with what is not product code blanked out.
//!
//! Not a parser: enough of the lexical grammar to tell code from comments, literals and
//! test modules. Blanked characters become spaces, so that offsets and lines stay.

/// The source with comments and literals' contents blanked.
pub(crate) fn blank_comments_and_literals(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if starts_raw_string(bytes, at) => raw_string_end(bytes, at),
            b'\'' => char_end(bytes, at),
            _ => at,
        };
        blank(&mut out, at, end);
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("whole characters were replaced by ASCII spaces")
}

/// The code without its `#[cfg(test)]` items, and the names of the modules that lie in
/// files of their own for tests only. Takes blanked code.
pub(crate) fn blank_test_items(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.as_bytes().to_vec();
    let mut modules = Vec::new();
    let mut from = 0;
    while let Some(found) = code[from..].find(MARK) {
        let start = from + found;
        let item = &code[start + MARK.len()..];
        let end = start + MARK.len() + item_end(item);
        let text = &code[start + MARK.len()..end];
        if let (Some(name), true) = (module_name(text), text.ends_with(';')) {
            modules.push(name.to_owned());
        }
        blank(&mut out, start, end);
        from = end;
    }
    (String::from_utf8(out).expect("whole characters were replaced by ASCII spaces"), modules)
}

/// The line that an offset lies in, from 1.
pub(crate) fn line_of(source: &str, offset: usize) -> usize {
    source[..offset].matches('\n').count() + 1
}

fn blank(out: &mut [u8], start: usize, end: usize) {
    for byte in out.iter_mut().take(end).skip(start).filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `r"` or `r#…"`, and not the end of an identifier or a raw identifier (`r#type`).
fn starts_raw_string(bytes: &[u8], at: usize) -> bool {
    let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    // `br"` and `cr"`: the prefix is a word of one letter.
    let prefixed = at > 0 && matches!(bytes[at - 1], b'b' | b'c');
    let after = bytes[at + 1..].iter().find(|byte| **byte != b'#');
    (!in_word || prefixed) && after == Some(&b'"')
}

fn raw_string_end(bytes: &[u8], start: usize) -> usize {
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = start + hashes + 2;
    bytes
        .get(body..)
        .and_then(|rest| rest.windows(close.len()).position(|window| window == close))
        .map_or(bytes.len(), |length| body + length + close.len())
}

/// The end of a character literal; a lifetime is left as it is.
fn char_end(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start + 1) == Some(&b'\\') {
        let close = bytes.get(start + 3..).and_then(|rest| rest.iter().position(|byte| *byte == b'\''));
        return close.map_or(bytes.len(), |length| start + 4 + length);
    }
    // A literal holds one character, of up to four bytes.
    let close = bytes.iter().skip(start + 2).take(4).position(|byte| *byte == b'\'');
    let one_char = |length: usize| {
        std::str::from_utf8(&bytes[start + 1..start + 2 + length]).is_ok_and(|text| text.chars().count() == 1)
    };
    close.filter(|length| one_char(*length)).map_or(start, |length| start + 3 + length)
}

/// Where an item ends: at the `;` of a declaration or at the brace that closes its body.
fn item_end(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in item.bytes().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && byte == b'}' {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

fn module_name(item: &str) -> Option<&str> {
    let mut words = item.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.find(|word| *word == "mod")?;
    words.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        let source =
            "let a = \"std::fs\"; // std::net\n/* std::env /* nested */ */ let b = r#\"std::fs \"q\" \"#;";
        let code = blank_comments_and_literals(source);
        assert_eq!(code.len(), source.len());
        assert!(!code.contains("std::"), "{code}");
        assert!(code.contains("let a =") && code.contains("let b ="), "{code}");
    }

    #[test]
    fn lifetimes_and_characters_are_told_apart() {
        let source = "fn f<'a>(x: &'a str) { g('\"', '\\'', '受', 'a'); std::fs::read(x); }";
        let code = blank_comments_and_literals(source);
        assert!(code.contains("<'a>(x: &'a str)"), "{code}");
        assert!(code.contains("std::fs::read(x)"), "{code}");
    }

    #[test]
    fn test_items_are_blanked_and_test_files_named() {
        let code = "fn f() {}\n#[cfg(test)]\nmod tests { fn g() { std::fs::read(x) } }\n\
                    #[cfg(test)]\nmod table;\nfn h() { std::env::var(x) }";
        let (left, modules) = blank_test_items(code);
        assert!(!left.contains("std::fs"), "{left}");
        assert!(left.contains("std::env"), "{left}");
        assert_eq!(modules, ["table"]);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!(line_of("a\nb\nc", 0), 1);
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }
}
