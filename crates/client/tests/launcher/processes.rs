//! The real program without a display: exit codes, signals, two at once.

use crate::support::World;
use koshin::{applications::App, storage::Disk, storage::lock::InstanceLock};
use std::process::{Command, Output, Stdio};

fn run(world: &World, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koshin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(["run", "--app", "monsiaj"]).args(words);
    command.env_clear().env("HOME", world.path("")).env("LANG", "C").env("PATH", path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Nothing is due: the process becomes the application, with its own number, input, output and exit code.
#[test]
fn the_process_becomes_the_application() {
    let world = World::new();
    let child = run(&world, &["--", "sh", "-c", "echo $$ \"$1\"; exit 7", "sh", "a  b"]).spawn().unwrap();
    let number = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{number} a  b\n"));
    assert_eq!(output.status.code(), Some(7));
    assert!(output.stderr.is_empty(), "{}", said(&output));
    assert!(!world.path(".local/state").exists(), "nothing was written");
}

#[test]
fn exit_codes_are_those_of_a_shell() {
    let world = World::new();
    let output = run(&world, &["--", "no-such-program-here"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127), "{}", said(&output));
    let script = world.write("not-executable", b"#!/bin/sh\n");
    let output = run(&world, &["--", script.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(126), "{}", said(&output));
    // Without an application it is Koshin's own.
    assert_eq!(run(&world, &[]).output().unwrap().status.code(), Some(0));
    let output = run(&world, &["--app", "no such app!"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

/// The process is the application, so that a signal needs nobody to hand it on.
#[test]
fn a_signal_reaches_the_application() {
    let world = World::new();
    let script = "trap 'exit 42' TERM; kill -TERM $$; exit 1";
    assert_eq!(run(&world, &["--", "sh", "-c", script]).output().unwrap().status.code(), Some(42));
}

/// Due, nobody to ask, and no server: the application starts all the same.
#[test]
fn without_anybody_to_ask_and_without_a_server() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let output = run(&world, &["--", "sh", "-c", "echo started; exit 3"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("started"), "{}", said(&output));
    assert!(world.all_old());
}

#[test]
fn while_another_process_renews_the_application_starts() {
    let world = World::new();
    world.install(&[App::Monsiaj]);
    let _lock = InstanceLock::take(&Disk, &world.environment.state_dir).unwrap();
    let output = run(&world, &["--", "echo", "started"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "started\n");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

/// A mistake in a setting is no reason to keep anybody from working.
#[test]
fn mistakes_in_settings_start_the_application() {
    let world = World::new();
    world.write(".config/koshin/koshin.toml", b"[support]\ncontcat = \"03\"\n");
    world.write(".monsiaj/monsiaj.jsonrpc.properties", b"\xff\xfe");
    world.write(".local/state/koshin/launcher.json", b"{");
    let output = run(&world, &["--", "echo", "started"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "started\n");
}
