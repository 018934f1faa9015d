//! Certificates in browsers and Java keystores: renewed together with the applications', or not at all.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

#[path = "../support/mod.rs"]
mod support;

mod browsers;
mod keystores;

use koshin::{
    prompt::ScriptedPrompt,
    renewal::performer::Run,
    storage::{Disk, FileSystem},
};
use koshin_issuance::{BundleContents, BundleProfile, write_pkcs12};
use koshin_testkit::skip::skip;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use support::{PASSWORD, World, agreed, server::ScriptedServer};

/// Whether all programs are there; else the test counts as skipped.
fn installed(programs: &[&str]) -> bool {
    let found = |program: &str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|folder| folder.join(program).is_file())
    };
    let missing = programs.iter().find(|program| !found(program));
    if let Some(program) = missing {
        skip(&format!("`{program}` is not installed"));
    }
    missing.is_none()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The world's old certificate as a PKCS#12 file, made by the user and not by Koshin.
fn bundle(world: &World) -> PathBuf {
    let contents = BundleContents {
        friendly_name: "client001",
        key: &world.key,
        certificate_der: &world.certificate,
        chain_der: &[world.ca.certificate().to_vec()],
    };
    let bytes = write_pkcs12(&contents, BundleProfile::Modern, 1000, PASSWORD).unwrap();
    world.write("import/old.p12", &bytes)
}

fn renew_on(disk: &dyn FileSystem, world: &World, server: &ScriptedServer, passwords: &[&str]) -> Run {
    let mut prompt = ScriptedPrompt::default().with_passwords(passwords.iter().copied());
    let mut runs = world.run(disk, server, &mut prompt, agreed()).unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

fn renew(world: &World, server: &ScriptedServer) -> Run {
    renew_on(&Disk, world, server, &[])
}
