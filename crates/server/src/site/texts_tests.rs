//! The words are there, in both languages, and used.

use super::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Keys that are put together: the beginning, and what may follow.
const COMPOSED: [&str; 25] = [
    "trouble-",
    "state-",
    "event-",
    "role-",
    "column-",
    "life-",
    "funnel-",
    "attention-",
    "scope-",
    "token-state-",
    "delivery-",
    "test-",
    "notice-day-",
    "operators-done-",
    "tenant-kind-",
    "tenant-suspend-",
    "tenant-resume-",
    "policy-",
    "reason-",
    "result-",
    "session-ended-",
    "told-",
    "revocation-state-",
    "revocation-way-",
    "search-state-",
];

/// Every key with the things that its text puts in.
fn keys(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut current = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if !line.starts_with(' ') {
            current = line.split('=').next().unwrap_or_default().trim().to_owned();
            assert!(found.insert(current.clone(), BTreeSet::new()).is_none(), "{current} is there twice");
        }
        let inside = line.split("{ $").skip(1).filter_map(|rest| rest.split([' ', '}']).next());
        found.get_mut(&current).expect("a key comes first").extend(inside.map(str::to_owned));
    }
    found
}

fn texts_of(directory: &Path, into: &mut String) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts_of(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "html") {
            into.push_str(&fs::read_to_string(&path).expect("a text file"));
        }
    }
}

#[test]
fn both_languages_say_the_same_things_about_the_same_things() {
    let (japanese, english) = (keys(source(Language::Japanese).1), keys(source(Language::English).1));
    assert_eq!(japanese, english);
}

#[test]
fn no_key_is_without_its_text_and_no_text_without_use() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    texts_of(&root.join("src/site"), &mut code);
    texts_of(&root.join("templates"), &mut code);
    let known = keys(source(Language::Japanese).1);
    for call in [".say(\"", ".with(\"", ".with_two(\"", ".titled(\""] {
        for key in code.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(known.contains_key(key), "{call}{key}\") has no text");
        }
    }
    for key in known.keys() {
        let hint = key.strip_suffix("-hint").is_some_and(|of| code.contains(&format!("\"{of}\"")));
        let composed = hint || COMPOSED.iter().any(|start| key.starts_with(start));
        assert!(composed || code.contains(&format!("\"{key}\"")), "nobody says {key}");
    }
}

#[test]
fn every_kind_of_event_has_words() {
    for texts in [&*JAPANESE, &*ENGLISH] {
        for kind in crate::store::AuditKind::ALL {
            let key = format!("event-{}", kind.as_str().replace('_', "-"));
            assert!(texts.has(&key), "{key} in {}", texts.tag());
        }
    }
}

#[test]
fn every_text_can_be_said() {
    for language in [Language::Japanese, Language::English] {
        for (key, names) in keys(source(language).1) {
            let mut arguments = FluentArgs::new();
            for name in &names {
                arguments.set(name.as_str(), 3);
            }
            let texts = Texts::of(language);
            let message = texts.bundle.get_message(&key).and_then(|message| message.value()).expect("a text");
            let mut errors = Vec::new();
            texts.bundle.format_pattern(message, Some(&arguments), &mut errors);
            assert!(errors.is_empty(), "{key}: {errors:?}");
        }
    }
}

#[test]
fn numbers_and_names_are_put_in_without_marks() {
    let (japanese, english) = (Texts::of(Language::Japanese), Texts::of(Language::English));
    assert_eq!(japanese.with("days-left", "days", 12), "残り12日");
    assert_eq!(english.with("days-left", "days", 1), "1 day left");
    assert_eq!(english.with("days-left", "days", 12), "12 days left");
    let terminal = ("terminal", FluentValue::from("受付1"));
    let said = japanese.with_two("confirmed-terminal", terminal, ("until", "2026/03/31".into()));
    assert_eq!(said, "確認済みの端末：受付1（2026/03/31まで）");
}
