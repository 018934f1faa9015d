//! The manual's pictures of the screens: made by `cargo xtask pictures`, and all there.

use crate::{screens::SCREENS, webdriver::Window};
use koshin_server::site::endpoints;
use koshin_testkit::picture::with_fewer_colours;
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

fn file(name: &str, language: &str) -> PathBuf {
    docs().join("images/site").join(language).join(format!("{name}.png"))
}

/// Makes a picture of what the window shows, if pictures are to be made.
pub(crate) fn keep(name: &str, language: &str, window: &Window) {
    if std::env::var_os(MAKE).is_none() {
        return;
    }
    // What is drawn by lot would make another picture each time.
    window.script(include_str!("same_each_time.js"));
    let file = file(name, language);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let description = window.script("return document.title + ' ' + document.querySelector('main').innerText");
    let picture = with_fewer_colours(&window.picture(), description.as_str().unwrap());
    fs::write(file, picture).unwrap();
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
            let file = file(screen.name, language);
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
