//! `koshin doctor`: whether every certificate could be renewed now, and what to do if not.

use super::{DoctorArgs, install, messages::doctor as words};
use crate::{
    daemon::notify::Desktop,
    doctor::{Finding, Health, Practice, examine, exit_code},
    environment::{Environment, Language},
    exit::ExitCode,
    this_pc::with_surroundings,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Runs the command.
pub fn run(arguments: &DoctorArgs, environment: &Environment, now: Timestamp) -> ExitCode {
    let target = install::target(environment);
    let findings = with_surroundings(environment, |with| {
        examine(Practice { environment, with, notifier: &Desktop, target })
    });
    if arguments.json {
        println!("{}", as_json(&findings, now));
    } else {
        print!("{}", as_text(&findings, environment.language));
    }
    exit_code(&findings)
}

/// A line for each finding, its remedy below it, and the verdict.
pub fn as_text(findings: &[Finding], language: Language) -> String {
    let mut text = String::new();
    for finding in findings {
        text.push_str(words::health(language, finding.health));
        text.push_str("  ");
        if let Some(subject) = &finding.subject {
            text.push_str(&printable(subject));
            text.push_str(super::messages::pick(language, "：", ": "));
        }
        text.push_str(&printable(&finding.text));
        text.push('\n');
        if let Some(remedy) = &finding.remedy {
            text.push_str("         ");
            text.push_str(words::remedy_prefix(language));
            text.push_str(&printable(remedy));
            text.push('\n');
        }
    }
    let bad = findings.iter().filter(|finding| finding.health == Health::Bad).count();
    let bad = (bad > 0 || could_renew(findings)).then_some(bad);
    text.push('\n');
    text.push_str(&words::verdict(language, bad));
    text.push('\n');
    text
}

/// One JSON object. Its members are stable: more may come, none goes.
pub fn as_json(findings: &[Finding], now: Timestamp) -> String {
    let list: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "check": finding.check.as_str(),
                "health": finding.health.as_str(),
                "subject": finding.subject,
                "text": finding.text,
                "remedy": finding.remedy,
            })
        })
        .collect();
    let code = exit_code(findings);
    let document = json!({
        "now": now,
        "couldRenewNow": could_renew(findings),
        "findings": list,
        "exitCode": code.number(),
    });
    format!("{document:#}")
}

/// There is a certificate, it was examined, and nothing is bad.
fn could_renew(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.subject.is_some())
        && findings.iter().all(|finding| finding.health != Health::Bad)
}

/// Names come from files and servers: no control characters reach the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
