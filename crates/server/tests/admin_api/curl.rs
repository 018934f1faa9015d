//! The commands of docs/admin-api.md, run as they stand there.

use crate::{support::HOSTNAME, world::World};
use koshin_testkit::tools;
use std::process::Command;

#[test]
fn the_guides_commands_work() {
    if tools::require("curl").is_none() || tools::require("jq").is_none() {
        return;
    }
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/admin-api.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let commands: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let mut world = World::start();
    let site = format!("https://{HOSTNAME}:{}", world.site.address.port());
    let script = commands
        .join("\n")
        .replace("https://admin.example.jp:8444", &site)
        .replace("client001", "client-clinic");
    assert!(script.contains(&site), "{script}");

    let token = world.able_program("clinic").token.unwrap();
    let directory = world.of("clinic").desk.directory.clone();
    // A refusal ends the script.
    std::fs::write(directory.join(".curlrc"), "fail-with-body\nsilent\nshow-error\n").unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script])
        .env("TOKEN", token)
        .env("HOME", &directory)
        .current_dir(&directory);
    let output = tools::succeed(&mut bash);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("\"madeBy\":\"taro\"") && said.contains("\"attention\":"), "{said}");
    assert!(std::fs::read(directory.join("certificate.zip")).unwrap().starts_with(b"PK"));
    let renamed = world.able_program("clinic").get("/terminals/1").json();
    assert_eq!((&renamed["label"], &renamed["place"]), (&"受付1".into(), &"1階".into()));
}
