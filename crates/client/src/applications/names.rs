//! What each application would call the files of a renewed certificate.

use jiff::Timestamp;
use koshin_appconfig::profile::Stamp;
use koshin_policy::calendar;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// `certificates/yyyyMMddHHmmss` beside the configuration file, in JST, without an extension: the name that monsiaj
/// and glclient2 give to all files of one renewal. A second later for each name that `taken` already knows.
pub(super) fn stamped(config: &Path, now: Timestamp, taken: impl Fn(&Path) -> bool) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new("")).join("certificates");
    let mut second = now.as_second();
    loop {
        let at = Timestamp::from_second(second).unwrap_or(now);
        let stem = folder.join(calendar::in_jst(at).strftime("%Y%m%d%H%M%S").to_string());
        if !taken(&stem) {
            return stem;
        }
        second += 1;
    }
}

/// `.yyyymmdd`, JST, with a counter from the second of a day on: what レセ電ビューア appends to the name of the old
/// file. `taken` says whether a suffix is used already.
pub(super) fn dated_suffix(now: Timestamp, taken: impl Fn(&str) -> bool) -> String {
    let date = calendar::in_jst(now).strftime(".%Y%m%d").to_string();
    let mut suffix = date.clone();
    let mut count = 1;
    while taken(&suffix) {
        count += 1;
        suffix = format!("{date}-{count}");
    }
    suffix
}

/// The stamp of the `attempt`th try (from 0) at `now`: later by a second, or with a counter after the day.
pub(super) fn stamp(now: Timestamp, attempt: u32) -> Stamp {
    let later = Timestamp::from_second(now.as_second() + i64::from(attempt)).unwrap_or(now);
    let day = calendar::in_jst(now).strftime("%Y%m%d").to_string();
    Stamp {
        second: calendar::in_jst(later).strftime("%Y%m%d%H%M%S").to_string(),
        day: if attempt == 0 { day } else { format!("{day}-{}", attempt + 1) },
    }
}

/// `old` with `suffix` in place of the one that an earlier renewal appended.
pub(super) fn with_suffix(old: &Path, suffix: &str) -> PathBuf {
    let name = old.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut renamed = OsString::from(undated(&name));
    renamed.push(suffix);
    old.with_file_name(renamed)
}

/// `path` with `extension` appended, whatever dots it has.
pub(super) fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(extension);
    PathBuf::from(text)
}

/// `client.crt` from `client.crt.20231122` and from `client.crt.20231122-2`.
fn undated(name: &str) -> &str {
    let Some((stem, suffix)) = name.rsplit_once('.') else { return name };
    let (date, count) = suffix.split_once('-').unwrap_or((suffix, "1"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if date.len() == 8 && digits(date) && digits(count) && !stem.is_empty() { stem } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn names_are_made_in_japan() {
        // Half past midnight in Tokyo, still the day before in UTC.
        let now = at("2026-11-21T15:30:05Z");
        let stem = stamped(Path::new("/home/u/.monsiaj/monsiaj.jsonrpc.properties"), now, |_| false);
        assert_eq!(stem, Path::new("/home/u/.monsiaj/certificates/20261122003005"));
        assert_eq!(dated_suffix(now, |_| false), ".20261122");
    }

    #[test]
    fn a_name_in_use_is_passed_over() {
        let now = at("2026-11-21T14:59:59Z");
        let taken = |stem: &Path| stem.ends_with("20261121235959");
        assert!(stamped(Path::new("/c/config.json"), now, taken).ends_with("20261122000000"));
        assert_eq!(dated_suffix(now, |suffix| suffix == ".20261121"), ".20261121-2");
    }

    #[test]
    fn an_earlier_renewals_suffix_is_replaced() {
        for (old, new) in [
            ("client.crt", "client.crt.20261122"),
            ("client.crt.20231122", "client.crt.20261122"),
            ("client.crt.20231122-2", "client.crt.20261122"),
            ("client.crt.2023112", "client.crt.2023112.20261122"),
            ("20231122", "20231122.20261122"),
            (".20231122", ".20231122.20261122"),
            ("client", "client.20261122"),
        ] {
            assert_eq!(with_suffix(Path::new(old), ".20261122"), Path::new(new), "{old}");
        }
    }
}
