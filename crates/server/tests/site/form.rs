//! Every screen in a real browser: without barriers (WCAG 2.2 AA by axe-core), on a phone and
//! magnified, with large targets and texts, light, and on its own.

use crate::{
    nss, pictures,
    screens::{SCREENS, Screen},
    webdriver::Window,
    world::{Guest, World},
};
use koshin_testkit::skip;
use std::fs;

/// Where `cargo xtask test` has put axe-core's script.
const AXE: &str = "KOSHIN_TEST_AXE";
/// Names of screens, with commas between them: only these are looked at.
const ONLY: &str = "KOSHIN_TEST_SCREENS";
/// A page with all that it loads, uncompressed.
const BYTES: u64 = 100_000;
/// A desktop, and a phone: the width at which WCAG 1.4.10 wants no scrolling to the side.
pub(crate) const WIDTHS: [u32; 2] = [1280, 320];
const HEIGHT: u32 = 900;
/// Of a picture, unless the page is longer.
pub(crate) const PICTURE_HEIGHT: u32 = 300;

#[test]
fn every_screen_of_a_clinic_is_for_everybody_in_both_languages_and_on_a_phone() {
    every_screen_of(&[Guest::Nobody, Guest::Terminal, Guest::Clinic]);
}

/// In a world of their own: at the same time, and untouched by what the clinic does.
#[test]
fn every_screen_of_vendors_and_operators_is_for_everybody_in_both_languages_and_on_a_phone() {
    every_screen_of(&[Guest::Vendor, Guest::Operator]);
}

fn every_screen_of(guests: &[Guest]) {
    if !nss::browsers_are_here() {
        return;
    }
    let Some(world) = World::build() else { return };
    let axe = std::env::var_os(AXE).map(|path| fs::read_to_string(path).unwrap());
    if axe.is_none() {
        skip("axe-core is not at hand: `cargo xtask test` fetches it");
    }
    let mut found = Vec::new();
    for guest in guests {
        let wanted = |screen: &&Screen| screen.guest == *guest && is_wanted(screen.name);
        let mut screens = SCREENS.iter().filter(wanted).peekable();
        if screens.peek().is_none() {
            continue;
        }
        let (_home, window) = world.window(*guest);
        for screen in screens {
            for language in ["ja", "en"] {
                for sentence in look_at(screen, language, &world, &window, axe.as_deref()) {
                    found.push(format!("{} ({language}): {sentence}", screen.name));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}\n{}", found.join("\n"), world.site.server.log());
}

fn is_wanted(name: &str) -> bool {
    std::env::var(ONLY).map_or(true, |only| only.split(',').any(|wanted| wanted == name))
}

/// Everything that is wrong with a screen in a language.
fn look_at(
    screen: &Screen,
    language: &str,
    world: &World,
    window: &Window,
    axe: Option<&str>,
) -> Vec<String> {
    window.resize(WIDTHS[0], HEIGHT, 1);
    window.prefer(language);
    screen.enter(world, window);
    let mut found = Vec::new();
    let shown = window.script("return document.documentElement.lang");
    if shown != language {
        found.push(format!("the page is in {shown}"));
    }
    let bytes = "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
                 .reduce((sum, entry) => sum + entry.decodedBodySize, 0)";
    let bytes = window.script(bytes).as_u64().unwrap();
    if bytes == 0 || bytes > BYTES {
        found.push(format!("{bytes} bytes"));
    }
    // What the browser draws its own fields with comes from nowhere.
    let (url, asked) = (world.site.url(), window.requests());
    found.extend(
        asked
            .iter()
            .filter(|asked| !asked.starts_with(&url) && !asked.starts_with("data:"))
            .map(|asked| format!("asks for {asked}")),
    );
    // As low as the page lets it be.
    window.resize(WIDTHS[0], PICTURE_HEIGHT, 1);
    found.extend(pictures::keep(screen.name, language, window));
    for width in WIDTHS {
        window.resize(width, HEIGHT, 1);
        found.extend(measured(window).into_iter().map(|sentence| format!("at {width} px: {sentence}")));
        // Words change with the language; the rules that depend on the width do not: four looks are three.
        if let Some(axe) = axe.filter(|_| language == "ja" || width == WIDTHS[0]) {
            found.extend(
                barriers(window, axe).into_iter().map(|sentence| format!("at {width} px: {sentence}")),
            );
        }
    }
    // Half the width with two pixels each is the desktop at 200 % (WCAG 1.4.4).
    window.resize(WIDTHS[0] / 2, HEIGHT / 2, 2);
    found.extend(measured(window).into_iter().map(|sentence| format!("at 200 %: {sentence}")));
    found
}

fn measured(window: &Window) -> Vec<String> {
    sentences(&window.script(include_str!("look_over.js")))
}

/// What axe-core finds by the rules of WCAG up to 2.2 AA.
fn barriers(window: &Window, axe: &str) -> Vec<String> {
    let run = "const done = arguments[arguments.length - 1];
        const rules = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
        const say = (rule) => rule.id + ': ' + rule.help + ': ' + rule.nodes.map((node) => node.html.slice(0, 200)
            + ' ' + node.failureSummary).join(' and ');
        axe.run(document, { runOnly: rules, resultTypes: ['violations'] })
            .then((results) => done(results.violations.map(say)), (error) => done(['axe failed: ' + error]));";
    // Once a page: it is long.
    let axe = if window.script("return 'axe' in window") == true { "" } else { axe };
    sentences(&window.script_later(&format!("{axe}\n{run}")))
}

fn sentences(answer: &serde_json::Value) -> Vec<String> {
    let list = answer.as_array().unwrap_or_else(|| panic!("{answer}"));
    list.iter().map(|sentence| sentence.as_str().unwrap().to_owned()).collect()
}
