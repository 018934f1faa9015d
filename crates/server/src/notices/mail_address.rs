//! The one judge of mail addresses: whoever is invited, added to the settings or written to.
//! What passes here can be written to; what does not, nobody keeps.

use lettre::Address;

/// RFC 5321, 4.5.3.1.3, without the angle brackets.
const MOST_BYTES: usize = 254;

/// An address that mail can be written to: `NAME@HOST` in ASCII, for not every mail server
/// on the way takes another alphabet (RFC 6531).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(Address);

/// It is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no mail address that can be used: write NAME@HOST in ASCII")]
pub struct NoMailAddress;

impl MailAddress {
    /// Reads an address, as it was typed: blanks around it are no part of it.
    ///
    /// # Errors
    /// When mail cannot be written to it.
    pub fn parse(text: &str) -> Result<Self, NoMailAddress> {
        let address = text.trim_matches(' ');
        let plain = address.len() <= MOST_BYTES && address.bytes().all(|byte| byte.is_ascii_graphic());
        let parsed = plain.then(|| address.parse().ok()).flatten();
        parsed.map(Self).ok_or(NoMailAddress)
    }

    /// As it is kept and shown.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// For the SMTP library.
    pub(super) fn into_address(self) -> Address {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_can_be_written_to_passes() {
        for address in ["taro@example.jp", "a.b+c@mail.example.co.jp", "root@localhost", "x_y@[192.0.2.1]"] {
            assert_eq!(MailAddress::parse(address).as_ref().map(MailAddress::as_str), Ok(address));
        }
        assert_eq!(
            MailAddress::parse(" taro@example.jp ").as_ref().map(MailAddress::as_str),
            Ok("taro@example.jp")
        );
    }

    #[test]
    fn what_cannot_be_written_to_does_not() {
        let long = format!("{}@example.jp", "a".repeat(250));
        for nothing in [
            "",
            "yamada",
            "@example.jp",
            "a@",
            "a@b@c",
            "a b@example.jp",
            "院長@example.jp",
            "a@山田.jp",
            "<a@example.jp>",
            "Taro <a@example.jp>",
            "a@example.jp, b@example.jp",
            "a@example.jp\r\nBcc: b@example.jp",
            "a@example.jp\nSubject: x",
            "a\0@example.jp",
            "a@example.jp\r\n",
            "a@example..jp",
            &long,
        ] {
            assert_eq!(MailAddress::parse(nothing), Err(NoMailAddress), "{nothing:?}");
        }
    }

    proptest! {
        /// Nothing that passes can end a line of a header or of the SMTP conversation.
        #[test]
        fn no_address_has_a_second_line(text in "[a-z@.\r\n<> ,;:\"\\\\\u{0}\u{e9}]{0,40}") {
            if let Ok(address) = MailAddress::parse(&text) {
                prop_assert!(!address.as_str().contains(['\r', '\n', '\0', ' ', '<', '>']), "{address:?}");
            }
        }
    }
}
