//! What the documents promise is what the programs have.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "documents/metrics.rs"]
mod metrics;

use koshin_protocol::problem::ProblemCode;

fn document(name: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    std::fs::read_to_string(format!("{path}{name}")).unwrap()
}

#[test]
fn every_problem_code_is_documented_with_its_status() {
    let text = document("docs/problem-codes.md");
    for code in ProblemCode::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status());
        assert!(text.contains(&row), "docs/problem-codes.md has no row {row}");
    }
    let rows = text.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, ProblemCode::ALL.len(), "docs/problem-codes.md has rows for codes that do not exist");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for name in [
        "README.md",
        "README.ja.md",
        "CONTRIBUTING.md",
        "docs/README.md",
        "docs/server.md",
        "docs/api.md",
        "docs/admin-api.md",
        "docs/notices.md",
        "docs/metrics.md",
        "docs/client.md",
        "docs/problem-codes.md",
        "docs/ja/README.md",
    ] {
        let text = document(name);
        let directory = std::path::Path::new(name).parent().unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#']).next().unwrap();
            if target.is_empty() || target.starts_with("https://") {
                continue;
            }
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
            let path = std::path::Path::new(root).join(directory).join(target);
            assert!(path.exists(), "{name} links to {target}, which is not there");
        }
    }
}
