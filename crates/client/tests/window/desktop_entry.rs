//! `packaging/linux/koshin.desktop`: the window in the menu. It starts nothing by itself: the timer does the work.

use koshin_testkit::tools;
use std::{fs, path::PathBuf, process::Command};

fn entry() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packaging/linux/koshin.desktop")
}

#[test]
fn the_entry_opens_the_window_and_carries_its_name() {
    let text = fs::read_to_string(entry()).unwrap();
    let has = |line: &str| assert!(text.lines().any(|one| one == line), "{line} is missing");
    has("Exec=koshin window");
    has("Name=Certificate renewal");
    has("Name[ja]=証明書の更新");
    // The same word as the window's class and the file's name, or the task bar shows no icon.
    has(&format!("StartupWMClass={}", koshin::window::APPLICATION_ID));
    assert_eq!(entry().file_stem().unwrap().to_str(), Some(koshin::window::APPLICATION_ID));
    assert!(!text.contains("Autostart"));
}

#[test]
fn the_entry_is_valid() {
    let Some(validator) = tools::require("desktop-file-validate") else { return };
    let output = Command::new(validator).arg(entry()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}
