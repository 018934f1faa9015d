//! `cargo xtask check-layers`: the house rules of ARCHITECTURE.md, held by a program.
//!
//! Three checks: who may depend on whom among our crates, which foreign crates the
//! pure ones may not reach, and which parts of `std` their sources (and the windows') may not name.

mod rules;
mod scan;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use anyhow::Result;
use cargo_metadata::{DependencyKind, Metadata};

use self::rules::{Dependency, Kind, Member};
use crate::workspace;

/// Checks the workspace and prints each violation with its remedy.
pub(crate) fn run() -> Result<ExitCode> {
    let metadata = workspace::metadata(true)?;
    let members = members(&metadata);
    let mut violations = rules::check_members(&members);
    let graph = normal_graph(&metadata);
    for member in &members {
        violations.extend(rules::check_reach(&member.name, &graph));
    }
    let mut files = 0;
    for member in &members {
        let Some(may_name) = rules::may_name(&member.name) else { continue };
        let found = scan::scan_crate(&member.directory.join("src"))?;
        files += found.files;
        let uses = found.uses.into_iter().filter(|found| !may_name.contains(&found.what()));
        violations.extend(uses.map(|found| found.message(&member.name)));
    }
    if violations.is_empty() {
        println!("check-layers: {} crates and {files} scanned source files keep the layers", members.len());
        return Ok(ExitCode::SUCCESS);
    }
    for violation in &violations {
        eprintln!("check-layers: {violation}");
    }
    eprintln!("check-layers: {} violation(s); ARCHITECTURE.md says why the layers are so", violations.len());
    Ok(ExitCode::FAILURE)
}

fn members(metadata: &Metadata) -> Vec<Member> {
    let ours: BTreeSet<_> =
        metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let mut members: Vec<_> = metadata
        .workspace_packages()
        .iter()
        .map(|package| Member {
            name: package.name.to_string(),
            directory: package
                .manifest_path
                .parent()
                .map(|path| path.as_std_path().to_owned())
                .unwrap_or_default(),
            dependencies: package
                .dependencies
                .iter()
                .map(|dependency| Dependency {
                    ours: ours.contains(&dependency.name),
                    name: dependency.name.clone(),
                    kind: match dependency.kind {
                        DependencyKind::Development => Kind::Development,
                        _ => Kind::Product,
                    },
                })
                .collect(),
        })
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    members
}

/// Package name → names of its normal dependencies, features resolved. Versions are
/// merged: a crate that is banned is banned in every version.
fn normal_graph(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let edges = graph.entry(names[&node.id].clone()).or_default();
        let normal = node
            .deps
            .iter()
            .filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        edges.extend(normal.map(|dep| names[&dep.pkg].clone()));
    }
    graph
}
