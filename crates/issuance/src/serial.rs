//! Certificate serial numbers (RFC 5280 section 4.1.2.2).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// RFC 5280: conforming CAs must not use more than 20 octets.
const MAX_BYTES: usize = 20;
/// 2020-01-01T00:00:00Z, in seconds since 1970.
const YEAR_2020: i64 = 1_577_836_800;
/// The first four bytes of a serial that was issued in 2020 or before. Serials of former versions begin with 10.
const FIRST_TIME: i64 = 0x1100_0000;
/// The last time that leaves the number positive.
const LAST_TIME: i64 = 0x7fff_ffff;

/// A positive serial number of at most 20 bytes, ordered by value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Serial(
    /// Big-endian, without leading zeros.
    Vec<u8>,
);

/// Why bytes or text are not a serial number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Zero, or no digits at all.
    #[error("a serial number must be greater than zero")]
    Zero,
    /// The encoded INTEGER has its sign bit set.
    #[error("a serial number must not be negative")]
    Negative,
    /// More than RFC 5280 allows.
    #[error("a serial number has at most {MAX_BYTES} bytes, this one has {0}")]
    TooLong(usize),
    /// Not hexadecimal digits.
    #[error("`{0}` is not a serial number in hexadecimal digits")]
    NotHex(String),
}

impl Serial {
    /// A serial of always 20 bytes: when it was issued, in seconds since 2020 (32 bits), and 128 random bits, which the
    /// caller draws from a CSPRNG. Unguessable and unique by the second part alone.
    ///
    /// The first part tells nothing that notBefore does not, and lets records that are kept in the order of their
    /// serials grow at their end, where random ones would touch a page of the index each (the thought of UUID version 7,
    /// RFC 9562, 5.7). It begins with the byte 11 and never gets to 80 (from 2079 on it stands still): the DER INTEGER is
    /// positive without a padding byte, and no serial is shorter than the others, or written with a leading zero by some
    /// tools and without by others.
    pub fn new(issued_at: Timestamp, random: [u8; 16]) -> Self {
        let seconds = issued_at.as_second().saturating_sub(YEAR_2020).clamp(0, LAST_TIME - FIRST_TIME);
        let time = u32::try_from(FIRST_TIME + seconds).unwrap_or(0x7fff_ffff).to_be_bytes();
        Self([time.as_slice(), random.as_slice()].concat())
    }

    /// An unsigned big-endian number; leading zero bytes are dropped.
    ///
    /// # Errors
    /// Zero, or more than 20 bytes.
    pub fn from_be_bytes(bytes: &[u8]) -> Result<Self, SerialError> {
        let start = bytes.iter().position(|byte| *byte != 0).ok_or(SerialError::Zero)?;
        let significant = &bytes[start..];
        if significant.len() > MAX_BYTES {
            return Err(SerialError::TooLong(significant.len()));
        }
        Ok(Self(significant.to_vec()))
    }

    /// The content of a DER INTEGER, where a set top bit means a negative number.
    pub(crate) fn from_der_integer(content: &[u8]) -> Result<Self, SerialError> {
        if content.first().is_some_and(|byte| byte & 0x80 != 0) {
            return Err(SerialError::Negative);
        }
        Self::from_be_bytes(content)
    }

    /// Big-endian bytes without leading zeros.
    pub fn as_be_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Lower-case hexadecimal, two digits a byte, no prefix: the form used in records and addresses.
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }
}

impl FromStr for Serial {
    type Err = SerialError;

    /// Reads [`Serial::to_hex`] back; upper case and an odd number of digits are understood.
    fn from_str(text: &str) -> Result<Self, SerialError> {
        // A serial has at most 40 digits; a few leading zeros do no harm, a page of text is not a serial.
        if text.len() > 2 * MAX_BYTES + 8 {
            return Err(SerialError::TooLong(text.len().div_ceil(2)));
        }
        let padded = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
        let bytes = hex::decode(padded).map_err(|_| SerialError::NotHex(text.to_owned()))?;
        Self::from_be_bytes(&bytes)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

impl Ord for Serial {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros, the longer number is the greater one.
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Serial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn new_serials_are_positive_of_one_length_and_ordered_by_time() {
        let times = [
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2026-11-23T00:00:00.001Z",
            "9999-12-30T00:00:00Z",
        ];
        for time in times {
            for random in [[0x00; 16], [0xff; 16], [0x80; 16]] {
                let serial = Serial::new(time.parse().unwrap(), random);
                assert_eq!(serial.as_be_bytes().len(), 20);
                assert_eq!(&serial.as_be_bytes()[4..], random, "all random bits are kept");
                assert_eq!(serial.to_hex().parse::<Serial>().unwrap(), serial);
            }
        }
        let last = Serial::new("2026-11-23T00:00:00Z".parse().unwrap(), [0xff; 16]);
        let next = Serial::new("2026-11-23T00:00:01Z".parse().unwrap(), [0x00; 16]);
        assert!(last < next && last.to_hex() < next.to_hex());
    }

    #[test]
    fn text_is_read_leniently_and_written_in_one_form() {
        let serial: Serial = "1A2".parse().unwrap();
        assert_eq!(serial.to_string(), "01a2");
        assert_eq!("000001a2".parse::<Serial>().unwrap(), serial);
        assert_eq!("".parse::<Serial>(), Err(SerialError::Zero));
        assert_eq!("00".parse::<Serial>(), Err(SerialError::Zero));
        assert!(matches!("0x1".parse::<Serial>(), Err(SerialError::NotHex(_))));
        assert!(matches!("日本".parse::<Serial>(), Err(SerialError::NotHex(_))));
        assert!(matches!("1".repeat(42).parse::<Serial>(), Err(SerialError::TooLong(21))));
    }

    #[test]
    fn order_is_by_value() {
        let small: Serial = "ff".parse().unwrap();
        let large: Serial = "0100".parse().unwrap();
        assert!(small < large);
    }

    #[test]
    fn negative_integers_of_foreign_certificates_are_refused() {
        assert_eq!(Serial::from_der_integer(&[0x80]), Err(SerialError::Negative));
        assert_eq!(Serial::from_der_integer(&[0x00, 0x80]).unwrap().to_hex(), "80");
        assert_eq!(Serial::from_der_integer(&[]), Err(SerialError::Zero));
    }
}
