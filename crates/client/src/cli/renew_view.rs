//! The result of `koshin renew` as JSON. Scripts read it: fields are added, never renamed.

use crate::{
    applications::Place,
    exit::ExitCode,
    prompt::Explanation,
    renewal::{
        group::Group,
        machine::{Ending, Via},
        performer::Run,
    },
};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// What a run did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// One entry for each certificate.
    pub groups: Vec<GroupResult>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
    /// The program's exit code.
    #[serde(serialize_with = "number")]
    pub exit_code: ExitCode,
}

impl Default for RunResult {
    fn default() -> Self {
        Self { groups: Vec::new(), warnings: Vec::new(), exit_code: ExitCode::Ok }
    }
}

/// What became of one certificate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupResult {
    /// Where it lives.
    pub places: Vec<PlaceResult>,
    /// Its common name, if it could be read.
    pub common_name: Option<String>,
    /// `renewed`, `not-due`, `declined`, `refused`, `expired` or `failed`.
    pub result: &'static str,
    /// Last instant of the certificate that was there before.
    pub not_after: Option<Timestamp>,
    /// Last instant of the new one.
    pub new_not_after: Option<Timestamp>,
    /// `est` or `legacy`, as soon as that was decided.
    pub via: Option<&'static str>,
    /// Whether the server knows of the switch.
    pub confirmed: Option<bool>,
    /// Why it was not renewed, and what to do.
    pub message: Option<String>,
    /// What the exit code would be if this were the only certificate.
    #[serde(serialize_with = "number")]
    pub exit_code: ExitCode,
}

/// One place.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceResult {
    /// monsiaj, glclient2, receview, files or the name of a profile.
    pub app: String,
    /// Its number in the application's file.
    pub connection: usize,
    /// What the user calls it.
    pub name: String,
}

impl GroupResult {
    pub(super) fn new(group: &Group, run: &Run, exit_code: ExitCode, why: Option<&Explanation>) -> Self {
        let confirmed = match run.ending {
            Ending::Renewed { confirmed } => Some(confirmed),
            _ => None,
        };
        Self {
            places: group.places.iter().map(place).collect(),
            common_name: Some(group.certificate.common_name.clone()),
            result: word(run.ending),
            not_after: Some(group.certificate.not_after),
            new_not_after: run.new.as_ref().map(|new| new.not_after),
            via: run.via.map(|via| match via {
                Via::Est => "est",
                Via::Legacy => "legacy",
                Via::Recovery => "recovery",
            }),
            confirmed,
            message: why.map(one_line),
            exit_code,
        }
    }

    pub(super) fn unreadable(at: &Place, exit_code: ExitCode, why: &Explanation) -> Self {
        Self {
            places: vec![place(at)],
            common_name: None,
            result: word(Ending::Failed),
            not_after: None,
            new_not_after: None,
            via: None,
            confirmed: None,
            message: Some(one_line(why)),
            exit_code,
        }
    }
}

fn place(place: &Place) -> PlaceResult {
    PlaceResult { app: place.app.to_string(), connection: place.connection, name: place.name.clone() }
}

fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Renewed { .. } => "renewed",
        Ending::NotDue => "not-due",
        Ending::Declined => "declined",
        Ending::NotRenewableKind | Ending::UnknownKind => "refused",
        Ending::Expired => "expired",
        Ending::NotYetValid | Ending::Failed => "failed",
    }
}

/// An explanation as one line.
pub(crate) fn one_line(explanation: &Explanation) -> String {
    let Explanation { title, lines, .. } = explanation;
    std::iter::once(title).chain(lines).map(String::as_str).collect::<Vec<_>>().join(" | ")
}

/// The result as one JSON object, indented.
pub fn json(result: &RunResult) -> String {
    serde_json::to_string_pretty(result).expect("strings and numbers are JSON")
}

fn number<S: Serializer>(code: &ExitCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(code.number())
}
