//! `cargo xtask check-licences`: deny.toml's rules on licences, banned crates and sources,
//! held also where cargo-deny is not installed.
//!
//! It reads the same file, so that the rules stand in one place. cargo-deny does more
//! (advisories, duplicate versions); what both do must come out the same.

use std::collections::BTreeSet;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use cargo_metadata::Package;

use crate::workspace;

/// Checks every locked package, and prints the violations.
pub(crate) fn run() -> Result<ExitCode> {
    let path = workspace::root().join("deny.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let rules = Rules::parse(&text).with_context(|| format!("{} is not as expected", path.display()))?;
    let metadata = workspace::metadata(true)?;
    let built = built_packages()?;
    let packages: Vec<_> =
        metadata.packages.iter().map(Facts::of).filter(|facts| built.contains(&facts.id())).collect();
    let violations: Vec<_> = packages.iter().flat_map(|package| rules.check(package)).collect();
    for violation in &violations {
        eprintln!("check-licences: {violation}");
    }
    if violations.is_empty() {
        println!("check-licences: {} packages keep the rules of deny.toml", packages.len());
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("check-licences: {} violation(s)", violations.len());
    Ok(ExitCode::FAILURE)
}

/// `name version` of the packages that a build on some platform takes in. Both the lock file
/// and `cargo metadata` name more: optional dependencies that no feature of ours asks for.
fn built_packages() -> Result<BTreeSet<String>> {
    let arguments = ["tree", "--workspace", "--locked", "--target", "all", "--edges", "all"];
    let output = workspace::cargo().args(arguments).args(["--prefix", "none", "--format", "{p}"]).output()?;
    if !output.status.success() {
        bail!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let lines = String::from_utf8(output.stdout).context("`cargo tree` printed something else than UTF-8")?;
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
    };
    Ok(lines.lines().filter_map(package).collect())
}

/// The part of deny.toml that is checked here.
#[derive(Debug, Default)]
struct Rules {
    allowed: BTreeSet<String>,
    /// (crate, licence) pairs that are allowed beyond the list.
    exceptions: BTreeSet<(String, String)>,
    banned: BTreeSet<String>,
    registries: Vec<String>,
}

/// What the rules look at in a package.
struct Facts {
    name: String,
    version: String,
    licence: Option<String>,
    /// None: a path in this workspace.
    source: Option<String>,
}

impl Facts {
    fn id(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    fn of(package: &Package) -> Self {
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            source: package.source.as_ref().map(|source| source.repr.clone()),
        }
    }
}

impl Rules {
    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse()?;
        let strings = |section: &str, key: &str| -> Vec<String> {
            let list =
                table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
            list.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let tables = |section: &str, key: &str| -> Vec<&toml::Value> {
            let list =
                table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
            list.into_iter().flatten().collect()
        };
        let mut rules = Self {
            allowed: strings("licenses", "allow").into_iter().collect(),
            registries: strings("sources", "allow-registry"),
            ..Self::default()
        };
        for exception in tables("licenses", "exceptions") {
            let name = exception
                .get("crate")
                .and_then(toml::Value::as_str)
                .context("an exception without `crate`")?;
            let allow = exception
                .get("allow")
                .and_then(toml::Value::as_array)
                .context("an exception without `allow`")?;
            let pairs = allow.iter().filter_map(toml::Value::as_str);
            rules.exceptions.extend(pairs.map(|licence| (name.to_owned(), licence.to_owned())));
        }
        for ban in tables("bans", "deny") {
            let name = ban.get("crate").and_then(toml::Value::as_str).context("a ban without `crate`")?;
            rules.banned.insert(name.to_owned());
        }
        Ok(rules)
    }

    fn check(&self, package: &Facts) -> Vec<String> {
        let mut violations = Vec::new();
        let Facts { name, version, licence, source } = package;
        match licence {
            None => violations.push(format!("{name} {version} names no licence")),
            Some(expression) if !self.allows(name, expression) => violations
                .push(format!("{name} {version} is under `{expression}`, which deny.toml does not allow")),
            Some(_) => {}
        }
        if self.banned.contains(name) {
            violations.push(format!("{name} {version} is banned by deny.toml, which says why"));
        }
        if let Some(source) = source
            && !self.registries.iter().any(|registry| source.ends_with(registry.as_str()))
        {
            violations.push(format!("{name} {version} comes from {source}, which deny.toml does not allow"));
        }
        violations
    }

    fn allows(&self, name: &str, expression: &str) -> bool {
        let one = |licence: &str| {
            self.allowed.contains(licence) || self.exceptions.contains(&(name.to_owned(), licence.to_owned()))
        };
        // Before SPDX expressions, crates wrote `MIT/Apache-2.0` and meant OR.
        satisfied(&expression.replace('/', " OR "), &one).unwrap_or(false)
    }
}

/// Whether an SPDX expression can be satisfied with the licences that `allowed` accepts;
/// None when it is not one. `A WITH B` counts as one licence of that name.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    let value = alternatives(&mut words, allowed)?;
    words.is_empty().then_some(value)
}

fn alternatives(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = conjunction(words, allowed)?;
    while words.last() == Some(&"OR") {
        words.pop();
        value |= conjunction(words, allowed)?;
    }
    Some(value)
}

fn conjunction(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = licence(words, allowed)?;
    while words.last() == Some(&"AND") {
        words.pop();
        value &= licence(words, allowed)?;
    }
    Some(value)
}

fn licence(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    match words.pop()? {
        "(" => {
            let value = alternatives(words, allowed)?;
            (words.pop()? == ")").then_some(value)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        name if words.last() == Some(&"WITH") => {
            words.pop();
            Some(allowed(&format!("{name} WITH {}", words.pop()?)))
        }
        name => Some(allowed(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
        exceptions = [{ crate = "ucd", allow = ["Unicode-3.0"] }]
        [bans]
        deny = [{ crate = "openssl", reason = "aws-lc does it" }]
        [sources]
        allow-registry = ["https://registry.example/index"]
    "#;

    fn check(name: &str, licence: Option<&str>, source: Option<&str>) -> usize {
        let rules = Rules::parse(DENY).expect("the rules");
        let facts = Facts {
            name: name.into(),
            version: "1.0.0".into(),
            licence: licence.map(str::to_owned),
            source: source.map(str::to_owned),
        };
        rules.check(&facts).len()
    }

    #[test]
    fn expressions() {
        for (expression, expected) in [
            ("MIT", 0),
            ("GPL-3.0-only", 1),
            ("MIT OR GPL-3.0-only", 0),
            ("MIT AND GPL-3.0-only", 1),
            ("MIT/Apache-2.0", 0),
            ("(MIT OR GPL-3.0-only) AND Apache-2.0", 0),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", 0),
            ("GPL-2.0-only WITH LLVM-exception", 1),
            // AND binds closer than OR.
            ("GPL-3.0-only OR MIT AND Apache-2.0", 0),
            ("MIT OR", 1),
            ("Unicode-3.0", 1),
        ] {
            assert_eq!(check("some", Some(expression), None), expected, "{expression}");
        }
        assert_eq!(check("ucd", Some("Unicode-3.0"), None), 0, "an exception is for one crate");
        assert_eq!(check("some", None, None), 1, "no licence is no permission");
    }

    #[test]
    fn bans_and_sources() {
        assert_eq!(check("openssl", Some("MIT"), None), 1);
        assert_eq!(check("some", Some("MIT"), Some("registry+https://registry.example/index")), 0);
        assert_eq!(check("some", Some("MIT"), Some("git+https://git.example/some")), 1);
    }
}
