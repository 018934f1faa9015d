//! Paths and names with placeholders. Never with variables of the environment: a path must mean the same to a person,
//! to a scheduled task and to the test.

use std::path::{Path, PathBuf};

/// A path that may begin with `~`, `{home}` or `{config}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate(String);

/// What the placeholders of a path stand for.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// `~` and `{home}`: the user's home.
    pub home: &'a Path,
    /// `{config}`: where applications keep their settings (`~/.config`; `%APPDATA%` on Windows).
    pub config: &'a Path,
}

impl PathTemplate {
    /// Accepts a path as a profile may write it.
    ///
    /// # Errors
    /// What is wrong with it, to stand after the key's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        no_variables(text)?;
        let (_, rest) = split_root(text);
        match rest.find(['{', '}']) {
            None if text.starts_with('~') && !rest.is_empty() && !rest.starts_with(['/', '\\']) => {
                Err("begins with the home of another user, which is not looked for: write the path"
                    .to_owned())
            }
            None => Ok(Self(text.to_owned())),
            Some(_) => {
                Err("has an unknown placeholder: known are ~, {home} and {config}, at its beginning"
                    .to_owned())
            }
        }
    }

    /// The path. One that does not begin with a placeholder is as written.
    pub fn expand(&self, places: Places<'_>) -> PathBuf {
        let (root, rest) = split_root(&self.0);
        let rest = rest.trim_start_matches(['/', '\\']);
        match root {
            Root::Home => places.home.join(rest),
            Root::Config => places.config.join(rest),
            Root::None => PathBuf::from(&self.0),
        }
    }
}

enum Root {
    Home,
    Config,
    None,
}

fn split_root(text: &str) -> (Root, &str) {
    let roots = [("~", Root::Home), ("{home}", Root::Home), ("{config}", Root::Config)];
    for (word, root) in roots {
        if let Some(rest) = text.strip_prefix(word) {
            return (root, rest);
        }
    }
    (Root::None, text)
}

fn no_variables(text: &str) -> Result<(), String> {
    let windows = text.split('%').count() > 2;
    if text.contains('$') || windows {
        return Err("names a variable of the environment, which is not looked at: use ~, {home} or {config}"
            .to_owned());
    }
    Ok(())
}

/// The name of a new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameTemplate {
    /// `{old}.{yyyymmdd}`: the old file's name with the date appended, in the old file's folder.
    BesideOld,
    /// A path in which the time stands; relative ones begin in the folder of the settings.
    Pattern(String),
}

/// The time in names, in JST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// `yyyyMMddHHmmss`.
    pub second: String,
    /// `yyyymmdd`, with a counter from the second file of a day on: `yyyymmdd-2`.
    pub day: String,
}

const SECOND: &str = "{yyyyMMddHHmmss}";
const DAY: &str = "{yyyymmdd}";

impl NameTemplate {
    /// Accepts a name as a profile may write it.
    ///
    /// # Errors
    /// What is wrong with it, to stand after the key's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "{old}.{yyyymmdd}" {
            return Ok(Self::BesideOld);
        }
        if text.contains("{old}") {
            return Err("uses {old} otherwise than as {old}.{yyyymmdd}".to_owned());
        }
        if !text.contains(SECOND) && !text.contains(DAY) {
            return Err(format!(
                "has neither {SECOND} nor {DAY}, so it would overwrite the file before it; to replace files in \
                 place, leave [new_files] names out"
            ));
        }
        PathTemplate::parse(&text.replace(SECOND, "0").replace(DAY, "0"))?;
        Ok(Self::Pattern(text.to_owned()))
    }

    /// The path for `stamp`; `None` for [`Self::BesideOld`], which depends on the old file.
    pub fn expand(&self, stamp: &Stamp, places: Places<'_>) -> Option<PathBuf> {
        let Self::Pattern(text) = self else { return None };
        let text = text.replace(SECOND, &stamp.second).replace(DAY, &stamp.day);
        Some(PathTemplate(text).expand(places))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLACES: fn() -> Places<'static> =
        || Places { home: Path::new("/home/u"), config: Path::new("/home/u/.config") };

    #[test]
    fn paths_begin_in_the_home_or_in_the_settings() {
        for (written, meant) in [
            ("~/.curlrc", "/home/u/.curlrc"),
            ("{home}/.curlrc", "/home/u/.curlrc"),
            ("{config}/app/x.conf", "/home/u/.config/app/x.conf"),
            ("/etc/a~b", "/etc/a~b"),
            ("relative", "relative"),
        ] {
            assert_eq!(PathTemplate::parse(written).unwrap().expand(PLACES()), Path::new(meant), "{written}");
        }
    }

    #[test]
    fn variables_strange_placeholders_and_other_homes_are_refused() {
        for wrong in ["$HOME/x", "%APPDATA%\\x", "/a/{config}/b", "{user}/x", "~root/x"] {
            assert!(PathTemplate::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_hold_the_time() {
        let stamp = Stamp { second: "20261122161036".into(), day: "20261122".into() };
        let name = NameTemplate::parse("certificates/{yyyyMMddHHmmss}.crt").unwrap();
        assert_eq!(name.expand(&stamp, PLACES()).unwrap(), Path::new("certificates/20261122161036.crt"));
        assert_eq!(NameTemplate::parse("{old}.{yyyymmdd}"), Ok(NameTemplate::BesideOld));
        for wrong in ["client.crt", "{old}-{yyyymmdd}", "{cn}-{yyyymmdd}", "$X/{yyyymmdd}"] {
            assert!(NameTemplate::parse(wrong).is_err(), "{wrong}");
        }
    }
}
