//! Commands that run around a switch, and what they are told.

use super::{
    install::file_names,
    place::{App, CertificateFiles, Place},
    profiles::LoadedProfile,
};
use serde::{Deserialize, Serialize};
use std::{ffi::OsString, path::Path, time::Duration};

/// A command to run around a switch, without a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables to set beside those of Koshin itself: `KOSHIN_…`. Paths and names, never a password.
    pub environment: Vec<(String, OsString)>,
    /// How long it may run; `None` for the usual limit.
    pub time_limit: Option<Duration>,
}

impl Hook {
    /// The command of these words; `None` for no words.
    pub fn new(words: &[String]) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        Some(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            environment: Vec::new(),
            time_limit: None,
        })
    }
}

/// The commands of one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hooks {
    /// Before any file is replaced.
    pub before: Option<Hook>,
    /// After all are replaced.
    pub after: Option<Hook>,
    /// After all are put back, when `before` or `after` had been started.
    pub undone: Option<Hook>,
}

/// What is said in `KOSHIN_STAGE`.
#[derive(Clone, Copy)]
enum Stage {
    Before,
    After,
    RolledBack,
}

impl Hooks {
    /// The commands of `place` for a switch to `new`; `None` where the files are replaced in place.
    pub(super) fn of(place: &Place, new: Option<&CertificateFiles>) -> Self {
        let Some(profile) = &place.profile else {
            return Self { before: None, after: place.hook.clone(), undone: place.hook.clone() };
        };
        let told =
            |words: &[String], stage| told(words, stage, place, profile, new.unwrap_or(&place.certificate));
        let hooks = &profile.profile.hooks;
        Self {
            before: told(&hooks.before, Stage::Before),
            after: told(&hooks.after, Stage::After),
            undone: told(&hooks.after, Stage::RolledBack),
        }
    }
}

fn told(
    words: &[String],
    stage: Stage,
    place: &Place,
    loaded: &LoadedProfile,
    new: &CertificateFiles,
) -> Option<Hook> {
    let mut hook = Hook::new(words)?;
    hook.time_limit = loaded.profile.hooks.timeout_seconds.map(Duration::from_secs);
    let (old_certificate, old_key) = file_names(&place.certificate)?;
    // After a roll back the old files are those to be used.
    let (certificate, key) = match stage {
        Stage::Before | Stage::After => file_names(new)?,
        Stage::RolledBack => (old_certificate, old_key),
    };
    let app: App = place.app;
    let path = |path: &Path| path.as_os_str().to_owned();
    let environment = [
        ("KOSHIN_APP", app.as_str().into()),
        ("KOSHIN_CONNECTION", place.connection.to_string().into()),
        ("KOSHIN_CONFIG", path(&place.config_path)),
        ("KOSHIN_STAGE", stage.as_str().into()),
        ("KOSHIN_CERTIFICATE", path(certificate)),
        ("KOSHIN_KEY", path(key)),
        ("KOSHIN_OLD_CERTIFICATE", path(old_certificate)),
        ("KOSHIN_OLD_KEY", path(old_key)),
    ];
    hook.environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
    Some(hook)
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::RolledBack => "rolled-back",
        }
    }
}
