//! The text of a terminal that is searched: its names, each on a line, and the serial of its certificate on the last.
//!
//! The names change when somebody renames something. The serial changes with each first use of a certificate, and then
//! nothing else does: what is indexed are the names alone.

use super::super::folding::fold;

/// Letters of a terminal that are searched.
const LONGEST: usize = 600;

/// The names as they are searched.
pub(in super::super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(fold).collect::<Vec<_>>().join("\n")
}

/// The text of these names and this certificate.
pub(in super::super) fn with_serial(names: &str, serial: Option<&str>) -> String {
    let Some(serial) = serial else { return names.chars().take(LONGEST).collect() };
    let rest = LONGEST.saturating_sub(serial.chars().count() + 1);
    let names: String = names.chars().take(rest).collect();
    format!("{names}\n{}", fold(serial))
}

/// The names of a text that this certificate stands in.
pub(in super::super) fn without_serial<'a>(text: &'a str, serial: Option<&str>) -> &'a str {
    let stripped = serial.and_then(|serial| text.strip_suffix(&*fold(serial))?.strip_suffix('\n'));
    stripped.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_what_they_are_whatever_certificate_comes() {
        let names = names(["受付１", "CLIENT001"]);
        assert_eq!(names, "受付1\nclient001");
        for serial in [None, Some("4AF0"), Some("00")] {
            assert_eq!(without_serial(&with_serial(&names, serial), serial), names, "{serial:?}");
        }
        assert_eq!(with_serial(&names, Some("4AF0")), "受付1\nclient001\n4af0");
    }

    #[test]
    fn a_serial_is_whole_however_long_the_names_are() {
        let names = "長".repeat(LONGEST * 2);
        let text = with_serial(&names, Some("4af0"));
        assert_eq!(text.chars().count(), LONGEST);
        assert!(text.ends_with("長\n4af0"));
        assert_eq!(with_serial(&names, None).chars().count(), LONGEST);
    }

    #[test]
    fn a_text_of_another_certificate_or_of_none_is_all_names() {
        assert_eq!(without_serial("受付\n4af0", Some("4af1")), "受付\n4af0");
        assert_eq!(without_serial("受付", None), "受付");
        assert_eq!(without_serial("", Some("4af0")), "");
    }
}
