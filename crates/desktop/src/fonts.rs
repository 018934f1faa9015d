//! Which font to draw with.
//!
//! The toolkit's own fallback picks glyphs by the machine's locale: under `LANG=C` Japanese would come out with
//! Chinese shapes, or in a mincho that happens to be first. So a family is chosen by name.

use iced::{
    Font,
    advanced::graphics::text::{
        cosmic_text::{FontSystem, fontdb},
        font_system,
    },
    font,
};

/// Sans-serif families with Japanese shapes, the best first.
const FAMILIES: &[&str] = &[
    "Noto Sans JP",
    "Noto Sans CJK JP",
    "Source Han Sans JP",
    "Source Han Sans",
    "BIZ UDPGothic",
    "Yu Gothic UI",
    "Yu Gothic",
    "Meiryo",
    "Hiragino Sans",
    "IPAexGothic",
    "IPAPGothic",
    "IPAGothic",
    "TakaoPGothic",
    "TakaoGothic",
    "VL PGothic",
    "VL Gothic",
    "MS PGothic",
    "MS Gothic",
];

/// Sans-serif families for a machine without Japanese.
const LATIN_FAMILIES: &[&str] =
    &["Noto Sans", "DejaVu Sans", "Liberation Sans", "Segoe UI", "Arial", "Helvetica"];

/// One character of each kind that a Japanese font must have.
const JAPANESE: &[char] = &['あ', 'ア', '証', '復', '。'];
/// The same for English.
const LATIN: &[char] = &['A', 'g', '0', '…'];

/// The fonts of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fonts {
    pub(crate) body: Font,
    /// Same as `body` where the family has no bold face: better plain than another family's shapes.
    pub(crate) bold: Font,
    /// Whether `body` can write Japanese.
    pub(crate) japanese: bool,
    /// Whether `body` can write anything: a machine may have no font at all.
    pub(crate) latin: bool,
}

impl Fonts {
    /// Reads the names of the system's fonts; some milliseconds at the first call.
    pub(crate) fn find() -> Self {
        let mut system = match font_system().write() {
            Ok(system) => system,
            Err(poisoned) => poisoned.into_inner(),
        };
        let raw = system.raw();
        let japanese = family(raw, FAMILIES, JAPANESE);
        let Some(family) = japanese.or_else(|| family(raw, LATIN_FAMILIES, LATIN)) else {
            return Self { body: Font::DEFAULT, bold: Font::DEFAULT, japanese: false, latin: false };
        };
        let body = Font::with_name(family);
        let has_bold = has(raw.db(), family, |face| face.weight.0 >= 600);
        let bold = if has_bold { Font { weight: font::Weight::Bold, ..body } } else { body };
        Self { body, bold, japanese: japanese.is_some(), latin: true }
    }

    /// Whether all of `words` can be written.
    pub(crate) fn can_write<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> bool {
        let possible = |character| if is_japanese(character) { self.japanese } else { self.latin };
        words.into_iter().all(|word| word.chars().all(possible))
    }

    /// The family's name.
    pub(crate) fn family(&self) -> &'static str {
        match self.body.family {
            font::Family::Name(name) => name,
            _ => "sans-serif",
        }
    }
}

fn has(db: &fontdb::Database, family: &str, wanted: impl Fn(&fontdb::FaceInfo) -> bool) -> bool {
    db.faces().any(|face| face.families.iter().any(|(name, _)| name == family) && wanted(face))
}

/// The first of `listed` that is there, else any with the characters `probes`.
fn family(raw: &mut FontSystem, listed: &[&'static str], probes: &[char]) -> Option<&'static str> {
    listed.iter().copied().find(|name| has(raw.db(), name, |_| true)).or_else(|| any_with(raw, probes))
}

/// Any family with the characters `probes`. The name is leaked: the toolkit wants it forever, and it is looked for once
/// a process.
fn any_with(raw: &mut FontSystem, probes: &[char]) -> Option<&'static str> {
    let faces: Vec<_> = raw
        .db()
        .faces()
        .filter(|face| face.style == fontdb::Style::Normal)
        .filter_map(|face| Some((face.id, face.weight, face.families.first()?.0.clone())))
        .collect();
    let (_, _, name) = faces.into_iter().find(|(id, weight, _)| {
        raw.get_font(*id, *weight).is_some_and(|font| {
            let characters = font.as_swash().charmap();
            probes.iter().all(|probe| characters.map(*probe) != 0)
        })
    })?;
    Some(Box::leak(name.into_boxed_str()))
}

fn is_japanese(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_japanese_font_only_other_words_can_be_written() {
        let fonts = Fonts { body: Font::DEFAULT, bold: Font::DEFAULT, japanese: false, latin: true };
        assert!(fonts.can_write(["Renew the certificate", "E99-7F3A"]));
        for word in ["証明書", "はい", "ログ", "：", "Renew「"] {
            assert!(!fonts.can_write(["Renew", word]), "{word}");
        }
    }

    #[test]
    fn without_any_font_nothing_can_be_written() {
        let fonts = Fonts { body: Font::DEFAULT, bold: Font::DEFAULT, japanese: false, latin: false };
        assert!(!fonts.can_write(["Renew"]));
    }
}
