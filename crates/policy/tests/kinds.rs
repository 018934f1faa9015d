//! Patterns of common names.

use koshin_policy::{
    KindRules, PatternError,
    kind::{Kind, KindRule},
};

fn rules(patterns: &[(&str, bool)]) -> Result<KindRules, PatternError> {
    KindRules::new(
        patterns
            .iter()
            .map(|(pattern, renewable)| KindRule { pattern: (*pattern).to_owned(), renewable: *renewable })
            .collect(),
    )
}

#[test]
fn a_star_stands_for_any_run_and_the_first_match_decides() {
    let rules = rules(&[("client*-old", false), ("client*", true), ("*x*y", true), ("exact", true)])
        .expect("good patterns");
    let table = [
        ("client001", Kind::Renewable),
        ("client", Kind::Renewable),
        ("client001-old", Kind::NotRenewable),
        ("client-old", Kind::NotRenewable),
        ("exact", Kind::Renewable),
        ("exact1", Kind::Unknown),
        ("1x2y", Kind::Renewable),
        ("xy", Kind::Renewable),
        ("yx", Kind::Unknown),
        ("xyz", Kind::Unknown),
        ("受付x受付y", Kind::Renewable),
        ("", Kind::Unknown),
    ];
    for (name, expected) in table {
        assert_eq!(rules.kind_of(name), expected, "{name}");
    }
}

#[test]
fn a_pattern_cannot_allow_everything_by_mistake() {
    assert_eq!(rules(&[("a*", true), ("", true)]), Err(PatternError::Empty { index: 2 }));
    assert_eq!(rules(&[("**", false)]), Err(PatternError::MatchesAll { index: 1 }));
}
