//! What docs/metrics.md, the dashboard and the alerts say of metrics is what is exported.

use super::document;
use jiff::Timestamp;
use koshin_issuance::KeyAlgorithm;
use koshin_server::{
    metrics::{Format, Job, Metrics, OwnCertificateKind, RenewalDoor, render},
    store::{Census, TerminalState, WEEKS_AHEAD},
    use_cases::{KeyLevel, audit_trail::TrailCheck},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All that a server can say, after everything has been read once.
fn exported() -> String {
    let (metrics, now) = (Metrics::default(), Timestamp::UNIX_EPOCH);
    metrics.renewals.begin(RenewalDoor::Est).ended(Ok(())).unwrap();
    let algorithm = KeyAlgorithm::Rsa { bits: 2048 };
    metrics.key_pool.set(&KeyLevel {
        algorithm,
        keys: 1,
        capacity: 2,
        waiting: 0,
        made: 1,
        used: 0,
        turned_away: 0,
    });
    metrics.jobs.ended(Job::EraseOutlived, Ok::<(), ()>(())).unwrap();
    let census = Census { expiring: [1; WEEKS_AHEAD], terminals: vec![(TerminalState::Valid, 1)] };
    metrics.records.set_census(&census);
    metrics.records.set_notices(&[], now);
    metrics.records.set_end(OwnCertificateKind::IssuingCa, Some(now));
    metrics.records.set_trail(&TrailCheck { at: now, found: Ok(1) });
    render(&metrics.registry(now), Format::Prometheus).unwrap()
}

/// The labels of each metric, `le` apart.
fn metrics(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut found: BTreeMap<String, BTreeSet<String>> =
        kinds.map(|(name, _)| (name.to_owned(), BTreeSet::new())).collect();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, labels)) = line.split_once('{') else { continue };
        let family = found.keys().find(|family| is_sample_of(name, family)).unwrap().clone();
        let labels = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
        found.get_mut(&family).unwrap().extend(labels.filter(|label| label != "le"));
    }
    found
}

fn is_sample_of(name: &str, family: &str) -> bool {
    let suffix = name.strip_prefix(family);
    suffix.is_some_and(|suffix| ["", "_bucket", "_sum", "_count"].contains(&suffix))
}

/// Names of metrics in a query or a rule.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("koshin_") || word.starts_with("process_"))
}

#[test]
fn every_metric_is_documented_with_its_labels_and_no_other() {
    let text = document("docs/metrics.md");
    let rows = text.lines().filter(|line| line.starts_with("| `koshin_") || line.starts_with("| `process_"));
    let documented: BTreeMap<String, BTreeSet<String>> = rows
        .map(|row| {
            let mut columns = row.split('|').map(str::trim).skip(1);
            let name = columns.next().unwrap().trim_matches('`').to_owned();
            let labels = columns.next().unwrap().split(", ").filter(|label| !label.is_empty());
            (name, labels.map(|label| label.trim_matches('`').to_owned()).collect())
        })
        .collect();
    assert_eq!(documented, metrics(&exported()));
}

#[test]
fn the_dashboard_asks_only_for_what_is_exported() {
    let known = metrics(&exported());
    let dashboard: Value = serde_json::from_str(&document("docs/grafana/koshin.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let (mut ids, mut cells, mut asked) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: another panel has its number");
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for (x, y) in
            (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
        {
            assert!(x < 24 && cells.insert((x, y)), "{title} lies over another panel, or outside");
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            for name in names(query) {
                let found = known.keys().find(|family| is_sample_of(name, family));
                asked.insert(found.unwrap_or_else(|| panic!("{title}: no {name} is exported")).clone());
            }
        }
    }
    for name in known.keys().filter(|name| name.contains("expiring") || name.contains("key_pool_keys")) {
        assert!(asked.contains(name), "nobody on call would see {name}");
    }
}

#[test]
fn every_alert_asks_for_what_is_exported_and_says_what_to_do() {
    let (rules, text, known) =
        (document("docs/grafana/alerts.yml"), document("docs/metrics.md"), metrics(&exported()));
    for name in names(&rules) {
        assert!(known.keys().any(|family| is_sample_of(name, family)), "no {name} is exported");
    }
    let alerts: BTreeSet<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let entries = text.lines().filter(|line| line.starts_with("- **"));
    let described: BTreeSet<&str> = entries
        .flat_map(|line| line.split("**").skip(1).step_by(2))
        .filter(|word| word.starts_with("Koshin"))
        .collect();
    assert!(alerts.len() > 10, "{alerts:?}");
    assert_eq!(alerts, described);
}
