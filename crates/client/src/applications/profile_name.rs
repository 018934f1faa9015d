//! The name of a profile: the word that stands for an application that Koshin knows only from a file.

use std::fmt;

/// At most so many bytes.
const MAX: usize = 32;

/// Lower-case letters, digits, `-` and `_`, beginning with a letter: the file's name without `.toml`. Kept inline, so
/// that [`App`](super::App) stays a small value that is copied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileName {
    bytes: [u8; MAX],
    length: u8,
}

impl ProfileName {
    /// `text` as a name; `None` when it has another form, or is the name of an application that is built in.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte);
        let begins = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        let built_in = super::App::ALL.iter().chain(&super::App::STORES).any(|app| app.as_str() == text);
        if !begins || built_in || text.len() > MAX || !text.as_bytes().iter().all(allowed) {
            return None;
        }
        let mut bytes = [0; MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("only ASCII is accepted")
    }
}

impl fmt::Debug for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::ProfileName;

    #[test]
    fn names_are_words_that_no_application_has() {
        assert_eq!(ProfileName::new("nginx-2").expect("a name").as_str(), "nginx-2");
        for wrong in ["", "-a", "2a", "Nginx", "a.b", "a/b", "monsiaj", "files", &"a".repeat(33)] {
            assert_eq!(ProfileName::new(wrong), None, "{wrong}");
        }
    }
}
