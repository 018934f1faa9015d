//! The manual's pictures of the screens: made by `cargo xtask pictures`, and all there. Beside each is what somebody reads
//! on it: so a test knows a picture that no longer shows what the site does.

use crate::{screens::SCREENS, webdriver::Window};
use koshin_server::site::endpoints;
use koshin_testkit::picture::with_fewer_colours;
use qrcodegen::{QrCode, QrCodeEcc};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Set by `cargo xtask pictures`: then the pictures are made again.
const MAKE: &str = "KOSHIN_MAKE_PICTURES";
/// A manual is looked at over slow lines, too.
const BYTES: u64 = 150_000;
/// GET rows that are no screens, or that passkeys.rs looks at: browsers give no passkeys to a site
/// whose certificate has ended by their clock, as it has in the world of the screens.
const NO_SCREENS: [&str; 7] = [
    "/assets/{name}",
    "/language/{tag}",
    "/certificates.csv",
    "/history.csv",
    "/feed/{name}",
    "/login/passkey",
    "/account/passkeys/{passkey}/remove",
];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn file(name: &str, language: &str, end: &str) -> PathBuf {
    docs().join("images/site").join(language).join(format!("{name}.{end}"))
}

/// Makes a picture of what the window shows, if pictures are to be made. Otherwise the picture that is there must show
/// the same words: what is wrong with it.
pub(crate) fn keep(name: &str, language: &str, window: &Window) -> Option<String> {
    // What is drawn by lot would make another picture each time.
    window.script(&format!("const sample = {};\n{}", sample_code(), include_str!("same_each_time.js")));
    let words = window.script(include_str!("visible_text.js"));
    let words = words.as_str().unwrap();
    let beside = file(name, language, "txt");
    if std::env::var_os(MAKE).is_none() {
        let pictured = fs::read_to_string(&beside).unwrap_or_default();
        return (pictured != words).then(|| {
            let (old, new) = first_difference(&pictured, words);
            format!("the picture shows {old:?}, the page {new:?}: `cargo xtask pictures` makes it again")
        });
    }
    fs::create_dir_all(beside.parent().unwrap()).unwrap();
    fs::write(&beside, words).unwrap();
    fs::write(file(name, language, "png"), with_fewer_colours(&window.picture(), words)).unwrap();
    None
}

/// A QR code that opens nothing, for pictures: its side, and the path of its dark modules, with the light ones around.
fn sample_code() -> serde_json::Value {
    let text = "見本です。読み取っても何も起きません。/ This is a sample: scanning it does nothing.";
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
    let cells = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark = cells.filter(|(x, y)| code.get_module(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + 4, y + 4)).collect();
    serde_json::json!({ "side": code.size() + 8, "dark": path })
}

/// The first line in which two texts differ, of each; empty where a text has ended.
fn first_difference<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let (mut ones, mut others) = (one.lines(), other.lines());
    loop {
        match (ones.next(), others.next()) {
            (Some(one), Some(other)) if one == other => {}
            (one, other) => return (one.unwrap_or_default(), other.unwrap_or_default()),
        }
    }
}

#[test]
fn every_page_is_a_screen_and_every_screen_has_its_pictures() {
    let passed: BTreeSet<_> = SCREENS.iter().flat_map(|screen| screen.passes()).collect();
    let pages = endpoints::all()
        .filter(|endpoint| endpoint.method == http::Method::GET)
        .map(|endpoint| endpoint.path);
    let missing: Vec<_> = pages.filter(|path| !NO_SCREENS.contains(path) && !passed.contains(path)).collect();
    assert!(missing.is_empty(), "pages without a row in screens.rs: {missing:?}");

    for screen in SCREENS {
        for language in ["ja", "en"] {
            let file = file(screen.name, language, "png");
            let length = fs::metadata(&file).map(|file| file.len()).unwrap_or_default();
            assert!(length > 0, "{}: `cargo xtask pictures` makes it", file.display());
            assert!(length < BYTES, "{}: {length} bytes", file.display());
        }
    }
}

#[test]
fn every_picture_of_the_manual_is_there() {
    for language in ["ja", "en"] {
        let manual = docs().join(language).join("administrator-manual.md");
        let text = fs::read_to_string(&manual).unwrap();
        let mut shown = 0;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if Path::new(link).extension().is_some_and(|extension| extension == "png") {
                shown += 1;
                assert!(manual.parent().unwrap().join(link).is_file(), "{link} in {}", manual.display());
            }
        }
        assert!(shown > 5, "{} has pictures", manual.display());
    }
}
