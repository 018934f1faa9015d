//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

/// A crate of the workspace, as far as the rules look at it.
#[derive(Debug)]
pub(crate) struct Member {
    /// Package name.
    pub(crate) name: String,
    /// Directory of its Cargo.toml.
    pub(crate) directory: PathBuf,
    /// Its direct dependencies as written.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One direct dependency.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// Package name.
    pub(crate) name: String,
    /// Whether it is a crate of this workspace.
    pub(crate) ours: bool,
    /// What it is for.
    pub(crate) kind: Kind,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of what is built (normal and build dependencies).
    Product,
    /// For tests only.
    Development,
}

const TESTKIT: &str = "koshin-testkit";
const POLICY: &str = "koshin-policy";
const CONDUCT: &str = "koshin-conduct";
const ISSUANCE: &str = "koshin-issuance";
const APPCONFIG: &str = "koshin-appconfig";
const PROTOCOL: &str = "koshin-protocol";
const SERVER: &str = "koshin-server";
const CLIENT: &str = "koshin";
const DESKTOP: &str = "koshin-desktop";
const SIMULATE: &str = "koshin-simulate";

const PURE: &[&str] = &[POLICY, CONDUCT, ISSUANCE, APPCONFIG, SIMULATE];

/// Per crate: which of ours it may build on. A crate that is not listed has no room in the house yet.
const MAY_USE: &[(&str, &[&str])] = &[
    (POLICY, &[]),
    (CONDUCT, &[POLICY, PROTOCOL]),
    (ISSUANCE, &[POLICY]),
    (APPCONFIG, &[POLICY]),
    (PROTOCOL, &[]),
    (SERVER, &[POLICY, ISSUANCE, PROTOCOL]),
    (CLIENT, &[POLICY, CONDUCT, ISSUANCE, APPCONFIG, PROTOCOL, DESKTOP]),
    (DESKTOP, &[]),
    (SIMULATE, &[POLICY, CONDUCT]),
    (TESTKIT, &[ISSUANCE, PROTOCOL]),
    ("xtask", &[]),
];

/// Foreign crates that a pure crate may not name: they do what the rules forbid.
const BANNED: &[(&str, &str)] = &[
    ("async-std", "runs tasks"),
    ("axum", "serves the network"),
    ("diesel", "reaches a database"),
    ("getrandom", "draws randomness: take random bytes as an argument"),
    ("h2", "speaks to the network"),
    ("hyper", "speaks to the network"),
    ("hyper-util", "speaks to the network"),
    ("libsqlite3-sys", "reaches a database"),
    ("mio", "waits for the network"),
    ("pq-sys", "reaches a database"),
    ("rand", "draws randomness: take random bytes as an argument"),
    ("reqwest", "speaks to the network"),
    ("rustls", "speaks to the network"),
    ("socket2", "opens sockets"),
    ("tempfile", "writes files"),
    ("tokio", "runs tasks, reads the clock and the network"),
    ("tokio-rustls", "speaks to the network"),
    ("tracing-subscriber", "writes logs"),
    ("ureq", "speaks to the network"),
];

/// Of [`BANNED`], those tolerated deep inside a dependency. p12-keystore and the
/// RustCrypto crates draw salts themselves; aws-lc draws nonces. The decision record on
/// purity says so; a pure crate still may not ask for randomness on its own.
const TOLERATED_DEEP: &[&str] = &["getrandom", "rand"];

/// Whether the crate must be free of files, network, environment, clock and randomness.
pub(crate) fn is_pure(name: &str) -> bool {
    PURE.contains(&name)
}

/// What of the scan's forbidden words the crate's sources may name all the same; None: they are not scanned.
pub(crate) fn may_name(name: &str) -> Option<&'static [&'static str]> {
    match name {
        // Windows need a thread beside the work's, and the toolkit wants each frame's time. No files, no network.
        DESKTOP => Some(&["std::thread", "Instant"]),
        // Its program prints what its library has found out.
        SIMULATE => Some(&["print!", "println!"]),
        name => is_pure(name).then_some(&[]),
    }
}

/// Checks the direct dependencies of all members.
pub(crate) fn check_members(members: &[Member]) -> Vec<String> {
    let mut violations = Vec::new();
    for member in members {
        let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == member.name) else {
            violations.push(format!(
                "crate `{}` has no layer: add it to MAY_USE in xtask/src/layers/rules.rs and to ARCHITECTURE.md",
                member.name
            ));
            continue;
        };
        let found =
            member.dependencies.iter().filter_map(|dependency| check_edge(member, may_use, dependency));
        violations.extend(found);
    }
    violations
}

fn check_edge(member: &Member, may_use: &[&str], dependency: &Dependency) -> Option<String> {
    let (from, to) = (&member.name, &dependency.name);
    if !dependency.ours {
        let banned = BANNED.iter().find(|(name, _)| name == to);
        return match (is_pure(from) && dependency.kind == Kind::Product, banned) {
            (true, Some((_, why))) => Some(format!("pure crate `{from}` depends on `{to}`, which {why}")),
            _ => None,
        };
    }
    if to == TESTKIT {
        return (dependency.kind == Kind::Product).then(|| {
            format!("`{from}` builds on `{TESTKIT}`, which is for tests: make it a dev-dependency")
        });
    }
    if matches!((from.as_str(), to.as_str()), (SERVER, CLIENT) | (CLIENT, SERVER)) {
        return Some(format!(
            "`{from}` depends on `{to}`: server and client meet only on the wire and in `{PROTOCOL}`"
        ));
    }
    let allowed = may_use.contains(&to.as_str()) || (dependency.kind == Kind::Development && is_pure(to));
    (!allowed).then(|| {
        let list = if may_use.is_empty() { "none of ours".to_owned() } else { may_use.join(", ") };
        format!("`{from}` depends on `{to}`; its layer may use {list}")
    })
}

/// Checks that a pure crate does not reach a banned crate through others. The message
/// shows the shortest way there.
pub(crate) fn check_reach(name: &str, graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    if !is_pure(name) {
        return Vec::new();
    }
    let mut came_from = BTreeMap::<&str, &str>::new();
    let mut queue = VecDeque::from([name]);
    while let Some(at) = queue.pop_front() {
        for next in graph.get(at).into_iter().flatten().map(String::as_str) {
            if next != name && !came_from.contains_key(next) {
                came_from.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    BANNED
        .iter()
        .filter(|(banned, _)| !TOLERATED_DEEP.contains(banned))
        // A direct dependency is reported by `check_members`.
        .filter(|(banned, _)| came_from.get(banned).is_some_and(|from| *from != name))
        .map(|(banned, why)| {
            let mut way = vec![*banned];
            while let Some(from) = way.last().and_then(|last| came_from.get(last)) {
                way.push(from);
            }
            way.reverse();
            format!("pure crate `{name}` reaches `{banned}`, which {why}: {}", way.join(" → "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, dependencies: &[(&str, Kind)]) -> Member {
        let ours = |name: &str| MAY_USE.iter().any(|(ours, _)| *ours == name);
        Member {
            name: name.into(),
            directory: PathBuf::new(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency { name: (*name).into(), ours: ours(name), kind: *kind })
                .collect(),
        }
    }

    fn violations(name: &str, dependency: &str, kind: Kind) -> usize {
        check_members(&[member(name, &[(dependency, kind)])]).len()
    }

    #[test]
    fn who_may_use_whom() {
        use Kind::{Development as Dev, Product};
        for (from, to, kind, expected) in [
            (ISSUANCE, POLICY, Product, 0),
            (ISSUANCE, PROTOCOL, Product, 1),
            (POLICY, ISSUANCE, Product, 1),
            (PROTOCOL, POLICY, Product, 1),
            (SERVER, ISSUANCE, Product, 0),
            // What the client does is the client's affair; the simulation lives by both sides' rules, and by no program.
            (SERVER, CONDUCT, Product, 1),
            (CONDUCT, PROTOCOL, Product, 0),
            (SIMULATE, CONDUCT, Product, 0),
            (SIMULATE, CLIENT, Product, 1),
            (SIMULATE, SERVER, Product, 1),
            (SERVER, APPCONFIG, Product, 1),
            (CLIENT, APPCONFIG, Product, 0),
            // Not even for a test: an end-to-end test starts the other program.
            (SERVER, CLIENT, Dev, 1),
            (CLIENT, SERVER, Dev, 1),
            // Windows are the client's only, and know nothing of renewals.
            (CLIENT, DESKTOP, Product, 0),
            (SERVER, DESKTOP, Product, 1),
            (DESKTOP, PROTOCOL, Product, 1),
            (DESKTOP, POLICY, Product, 1),
            (SERVER, TESTKIT, Dev, 0),
            (SERVER, TESTKIT, Product, 1),
            ("xtask", SERVER, Product, 1),
        ] {
            assert_eq!(violations(from, to, kind), expected, "{from} → {to} ({kind:?})");
        }
    }

    #[test]
    fn pure_crates_do_not_name_what_has_effects() {
        assert_eq!(violations(POLICY, "tokio", Kind::Product), 1);
        assert_eq!(violations(ISSUANCE, "getrandom", Kind::Product), 1);
        assert_eq!(violations(APPCONFIG, "tempfile", Kind::Product), 1);
        assert_eq!(violations(APPCONFIG, "tempfile", Kind::Development), 0, "tests may");
        assert_eq!(violations(SERVER, "tokio", Kind::Product), 0, "programs may");
    }

    #[test]
    fn windows_reach_neither_files_nor_the_network() {
        assert_eq!(may_name(POLICY), Some([].as_slice()));
        assert!(
            may_name(DESKTOP)
                .is_some_and(|words| !words.contains(&"std::fs") && !words.contains(&"std::net"))
        );
        assert_eq!(may_name(CLIENT), None);
    }

    #[test]
    fn a_crate_without_a_layer_is_named() {
        let found = check_members(&[member("koshin-novelty", &[])]);
        assert!(found[0].contains("`koshin-novelty` has no layer"), "{found:?}");
    }

    #[test]
    fn the_way_to_a_banned_crate_is_shown() {
        let graph = BTreeMap::from([
            (POLICY.to_owned(), BTreeSet::from(["harmless".to_owned()])),
            ("harmless".to_owned(), BTreeSet::from(["sly".to_owned(), "getrandom".to_owned()])),
            ("sly".to_owned(), BTreeSet::from(["tokio".to_owned()])),
        ]);
        let found = check_reach(POLICY, &graph);
        assert_eq!(found.len(), 1, "salts drawn deep inside are tolerated: {found:?}");
        assert!(found[0].ends_with("koshin-policy → harmless → sly → tokio"), "{found:?}");
        assert!(check_reach(SERVER, &graph).is_empty());
    }
}
