//! Japanese lines that break between phrases.
//!
//! Japanese has no spaces, so a line may break inside a word (「くだ／さい」). Text is cut where a phrase most likely
//! ends, at punctuation and after particles before a word in other letters, and never inside brackets; the pieces flow
//! like words. A rough rule on purpose: a cut too few costs a ragged edge, and a cut too many a break that plain
//! wrapping would have made anyway.

/// The pieces of a text, in order and complete.
pub(super) fn phrases(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous = None;
    let mut brackets = 0_usize;
    for (at, character) in text.char_indices() {
        if brackets == 0 && previous.is_some_and(|previous| ends_between(previous, character)) {
            pieces.push(&text[start..at]);
            start = at;
        }
        match character {
            '（' => brackets += 1,
            '）' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        previous = Some(character);
    }
    pieces.push(&text[start..]);
    pieces
}

/// Whether a text is worth cutting.
pub(super) fn is_japanese(text: &str) -> bool {
    text.chars().any(|character| is_kana(character) || is_kanji(character))
}

fn ends_between(before: char, after: char) -> bool {
    if is_closing(after) {
        return false;
    }
    matches!(before, '、' | '。' | '，' | '．' | '！' | '？' | '：')
        || matches!(before, ' ' | '\u{3000}')
        || is_particle(before) && !is_hiragana(after)
        || is_kana(before) && after == '（'
}

/// The last characters of を, は, から, まで, して …; not き, け, し and the like, which stand inside 受け取り.
fn is_particle(character: char) -> bool {
    matches!(character, 'を' | 'は' | 'が' | 'に' | 'で' | 'と' | 'も' | 'の' | 'へ' | 'か' | 'て' | 'ら')
}

fn is_closing(character: char) -> bool {
    matches!(
        character,
        '、' | '。' | '，' | '．' | '！' | '？' | '」' | '』' | '）' | '：' | 'ー' | '…' | '～'
    )
}

fn is_hiragana(character: char) -> bool {
    matches!(character, '\u{3041}'..='\u{309f}')
}

fn is_kana(character: char) -> bool {
    matches!(character, '\u{3041}'..='\u{30ff}')
}

fn is_kanji(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> String {
        phrases(text).join("/")
    }

    #[test]
    fn phrases_end_at_punctuation_and_after_particles() {
        assert_eq!(
            cut("途中で電源が切れても、今の証明書は使えます。"),
            "途中で/電源が/切れても、/今の/証明書は/使えます。"
        );
        assert_eq!(
            cut("LANケーブルかWi-Fiを確認して、やり直してください。"),
            "LANケーブルか/Wi-Fiを/確認して、/やり直してください。"
        );
    }

    #[test]
    fn what_stands_in_brackets_stays_together() {
        assert_eq!(cut("0852-00-0000（平日 9:00～17:30）"), "0852-00-0000（平日 9:00～17:30）");
        assert_eq!(cut("できませんでした（3月7日 12:10）"), "できませんでした/（3月7日 12:10）");
        assert_eq!(cut("（月、火）まで"), "（月、火）まで");
    }

    #[test]
    fn words_with_kana_inside_stay_whole() {
        for word in
            ["受け取り", "切り替え", "やり直してください。", "もう一度更新してください。", "3月31日（火）"]
        {
            assert_eq!(cut(word), word);
        }
    }

    #[test]
    fn nothing_is_lost() {
        for text in ["", "。", "サーバー： 例", "「はい」と「いいえ」", "CNがapi…の証明書は更新対象外です。"]
        {
            assert_eq!(phrases(text).concat(), text);
        }
    }
}
