//! Which parts of the world a crate's sources name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::source;

/// What a scan of one crate found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// How many files were read.
    pub(crate) files: usize,
    /// The forbidden uses.
    pub(crate) uses: Vec<Use>,
}

/// A forbidden use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Use {
    file: PathBuf,
    line: usize,
    what: String,
}

impl Use {
    /// What is named, as `std::fs`.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// One line for the terminal, clickable in editors.
    pub(crate) fn message(&self, crate_name: &str) -> String {
        format!(
            "{}:{}: `{crate_name}` names `{}`, which its layer forbids; take what it needs as an argument instead",
            self.file.display(),
            self.line,
            self.what
        )
    }
}

/// Modules of `std` that reach the world.
const STD_MODULES: &[&str] = &["env", "fs", "io::stdin", "io::stdout", "net", "os", "process", "thread"];

/// Parts of those modules that are only words for data.
const HARMLESS: &[&str] = &["net::IpAddr", "net::Ipv4Addr", "net::Ipv6Addr", "net::AddrParseError"];

/// Other words: clocks, and macros that print.
const WORDS: &[&str] =
    &["SystemTime", "Instant", "Timestamp::now", "Zoned::now", "println!", "eprintln!", "print!", "eprint!"];

/// Scans all product sources under `directory`.
pub(crate) fn scan_crate(directory: &Path) -> Result<Found> {
    let mut found = Found::default();
    scan_directory(directory, &mut found)?;
    Ok(found)
}

fn scan_directory(directory: &Path, found: &mut Found) -> Result<()> {
    let mut files = Vec::new();
    let mut directories = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            directories.push(path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    directories.sort();
    let mut sources = Vec::new();
    let mut test_only = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let (code, modules) = source::blank_test_items(&source::blank_comments_and_literals(&text));
        for module in modules {
            test_only.extend(module_paths(&file, &module));
        }
        sources.push((file, code));
    }
    for (file, code) in sources.into_iter().filter(|(file, _)| !test_only.contains(file)) {
        found.files += 1;
        found.uses.extend(forbidden(&code).into_iter().map(|(line, what)| Use {
            file: file.clone(),
            line,
            what,
        }));
    }
    for directory in directories.into_iter().filter(|path| !test_only.contains(path)) {
        // `mod tests;` of a file `x.rs` may lie in `x/tests.rs`: its parent says so.
        let inner_tests: Vec<_> =
            test_only.iter().filter(|path| path.starts_with(&directory)).cloned().collect();
        let mut inner = Found::default();
        scan_directory(&directory, &mut inner)?;
        inner.uses.retain(|found| !inner_tests.contains(&found.file));
        found.files += inner.files;
        found.uses.extend(inner.uses);
    }
    Ok(())
}

/// Where the file or directory of `mod name;` in `file` may lie.
fn module_paths(file: &Path, name: &str) -> Vec<PathBuf> {
    let directory = file.parent().unwrap_or(Path::new(""));
    let stem = file.file_stem().unwrap_or_default();
    let own = if stem == "lib" || stem == "mod" || stem == "main" {
        directory.into()
    } else {
        directory.join(stem)
    };
    // The last: `#[path = "name.rs"] mod name;` beside the file.
    vec![own.join(format!("{name}.rs")), own.join(name), directory.join(format!("{name}.rs"))]
}

/// The forbidden words in blanked code, with their lines.
fn forbidden(code: &str) -> Vec<(usize, String)> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("std::").filter(|(at, _)| starts_word(code, *at)) {
        let rest = &code[at + "std::".len()..];
        for module in named_modules(rest) {
            found.insert((at, format!("std::{module}")));
        }
    }
    for word in WORDS {
        for (at, _) in code.match_indices(word).filter(|(at, _)| starts_word(code, *at)) {
            let after = code[at + word.len()..].chars().next();
            if word.ends_with('!') || !after.is_some_and(is_word) {
                found.insert((at, (*word).to_owned()));
            }
        }
    }
    found.into_iter().map(|(at, what)| (source::line_of(code, at), what)).collect()
}

/// Which of [`STD_MODULES`] the path after `std::` names: one, or several in `{…}` groups.
fn named_modules(rest: &str) -> BTreeSet<&'static str> {
    let mut paths = Vec::new();
    expand(rest, "", &mut paths);
    let under = |path: &str, head: &str| {
        path.strip_prefix(head).is_some_and(|after| !after.chars().next().is_some_and(is_word))
    };
    paths
        .iter()
        .filter(|path| !HARMLESS.iter().any(|harmless| under(path, harmless)))
        .filter_map(|path| STD_MODULES.iter().copied().find(|module| under(path, module)))
        .collect()
}

/// Expands `a::{b, c::d}` to `a::b` and `a::c::d`; answers what stands after the path.
fn expand<'a>(rest: &'a str, prefix: &str, paths: &mut Vec<String>) -> &'a str {
    let end = rest.find(|c: char| !is_word(c) && c != ':').unwrap_or(rest.len());
    let path = format!("{prefix}{}", &rest[..end]);
    let Some(mut group) = rest[end..].strip_prefix('{') else {
        paths.push(path);
        return &rest[end..];
    };
    loop {
        group = group.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        match group.strip_prefix('}') {
            Some(after) => return after,
            None if group.is_empty() => return group,
            None => {
                let after = expand(group, &path, paths);
                // `name as other` and anything unexpected: on to the next item.
                let next = after.find([',', '}']).unwrap_or(after.len());
                group = &after[next..];
            }
        }
    }
}

fn starts_word(code: &str, at: usize) -> bool {
    !code[..at].chars().next_back().is_some_and(is_word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(code: &str) -> Vec<String> {
        forbidden(code).into_iter().map(|(_, what)| what).collect()
    }

    #[test]
    fn paths_and_groups_are_seen() {
        assert_eq!(what("std::fs::read(p)"), ["std::fs"]);
        assert_eq!(
            what("use std::{collections::BTreeMap, env as e, net::{IpAddr, TcpStream}};"),
            ["std::env", "std::net"]
        );
        assert_eq!(what("let t = std::time::SystemTime::now();"), ["SystemTime"]);
        assert_eq!(what("jiff::Timestamp::now()"), ["Timestamp::now"]);
        assert_eq!(what("println!(x)"), ["println!"]);
    }

    #[test]
    fn harmless_neighbours_are_not() {
        assert!(what("use std::time::Duration; std::fmt::Write; let environment = 1;").is_empty());
        assert!(what("use std::net::IpAddr; use std::{fmt, net::{Ipv4Addr, Ipv6Addr}};").is_empty());
        assert!(what("mystd::fs::x(); std::envelope(); InstantNoodles::new()").is_empty());
    }

    #[test]
    fn a_crate_is_scanned_without_its_test_files() {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("inside")).expect("a directory");
            fs::write(path, text).expect("a file");
        };
        write("lib.rs", "mod plan;\n#[cfg(test)]\nmod table;\n");
        write(
            "plan.rs",
            "// std::fs is fine here\n#[cfg(test)]\nmod tests;\nfn f() { std::process::exit(1) }\n",
        );
        write("plan/tests.rs", "fn t() { std::fs::read(x) }");
        write("table.rs", "fn t() { std::env::var(x) }");
        let found = scan_crate(directory.path()).expect("the scan");
        assert_eq!(found.uses.len(), 1, "{found:?}");
        assert_eq!((found.uses[0].line, found.uses[0].what.as_str()), (4, "std::process"));
    }
}
