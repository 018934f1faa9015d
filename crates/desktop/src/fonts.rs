//! Which font to draw with.
//!
//! The toolkit's own fallback picks glyphs by the machine's locale: under `LANG=C` Japanese would come out with
//! Chinese shapes, or in a mincho that happens to be first. So a family is chosen by name.

use iced::{
    Font,
    advanced::graphics::text::{cosmic_text::fontdb, font_system},
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

/// One character of each kind that a Japanese font must have.
const PROBES: &[char] = &['あ', 'ア', '証', '復', '。'];

/// The fonts of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fonts {
    pub(crate) body: Font,
    /// Same as `body` where the family has no bold face: better plain than another family's shapes.
    pub(crate) bold: Font,
    /// Whether `body` can write Japanese.
    pub(crate) japanese: bool,
}

impl Fonts {
    /// Reads the names of the system's fonts; some milliseconds at the first call.
    pub(crate) fn find() -> Self {
        let mut system = match font_system().write() {
            Ok(system) => system,
            Err(poisoned) => poisoned.into_inner(),
        };
        let raw = system.raw();
        let listed = FAMILIES.iter().copied().find(|name| has(raw.db(), name, |_| true));
        let Some(family) = listed.or_else(|| any_japanese(raw)) else {
            return Self {
                body: Font::DEFAULT,
                bold: Font { weight: font::Weight::Bold, ..Font::DEFAULT },
                japanese: false,
            };
        };
        let body = Font::with_name(family);
        let has_bold = has(raw.db(), family, |face| face.weight.0 >= 600);
        let bold = if has_bold { Font { weight: font::Weight::Bold, ..body } } else { body };
        Self { body, bold, japanese: true }
    }

    /// Whether all of `words` can be written.
    pub(crate) fn can_write<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> bool {
        self.japanese || !words.into_iter().any(|word| word.chars().any(is_japanese))
    }
}

fn has(db: &fontdb::Database, family: &str, wanted: impl Fn(&fontdb::FaceInfo) -> bool) -> bool {
    db.faces().any(|face| face.families.iter().any(|(name, _)| name == family) && wanted(face))
}

/// Any family with the characters of [`PROBES`]. The name is leaked: the toolkit wants it forever, and it is looked
/// for once a process.
fn any_japanese(raw: &mut iced::advanced::graphics::text::cosmic_text::FontSystem) -> Option<&'static str> {
    let faces: Vec<_> = raw
        .db()
        .faces()
        .filter(|face| face.style == fontdb::Style::Normal)
        .filter_map(|face| Some((face.id, face.weight, face.families.first()?.0.clone())))
        .collect();
    let (_, _, name) = faces.into_iter().find(|(id, weight, _)| {
        raw.get_font(*id, *weight).is_some_and(|font| {
            let characters = font.as_swash().charmap();
            PROBES.iter().all(|probe| characters.map(*probe) != 0)
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
        let fonts = Fonts { body: Font::DEFAULT, bold: Font::DEFAULT, japanese: false };
        assert!(fonts.can_write(["Renew the certificate", "E99-7F3A"]));
        for word in ["証明書", "はい", "ログ", "：", "Renew「"] {
            assert!(!fonts.can_write(["Renew", word]), "{word}");
        }
    }
}
