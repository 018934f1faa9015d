//! `[service.…]`: the services and their policies, and what operators may change of them on
//! the administration site. Both are held against the same rules.

use super::hosts::hosts;
use crate::store::ServicePolicy;
use jiff::{SignedDuration, civil::Time};
use koshin_issuance::{BundleProfile, KeyAlgorithm};
use koshin_policy::{KindRules, PatternError, PreferredHours, RenewalRules, ValidityRules, kind::KindRule};
use serde::Deserialize;

/// A hundred years: more is a typing error.
const MAX_WINDOW_DAYS: u32 = 36_525;

/// Iterations of key derivation in a PKCS#12, where its service says nothing else: docs/decisions/0043. More than one,
/// which the format leaves out.
const DEFAULT_PKCS12_ITERATIONS: u32 = 10;

/// A service (日レセクラウド …) and its policy.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name for people.
    pub name: String,
    /// With whom its certificates are shown: DNS names, some with `:port`; may be empty.
    pub hosts: Vec<String>,
    /// What may be renewed, and when.
    pub renewal: RenewalRules,
    /// How long new certificates live.
    pub validity: ValidityRules,
    /// When its tenants like to be renewed unattended.
    pub hours: PreferredHours,
    /// Encryption of PKCS#12 bundles.
    pub bundle_profile: BundleProfile,
    /// Iterations of key derivation in bundles. The password has 130 random bits and needs no stretching, and every
    /// application opens files of few iterations: docs/decisions/0043.
    pub bundle_iterations: u32,
    /// Kind of the keys that the legacy door makes.
    pub legacy_key: KeyAlgorithm,
    /// Unused renewals of one terminal in 24 hours beyond which it is told to stop.
    pub unused_renewals_per_day: u64,
    /// The words that all this was read from.
    section: ServiceSection,
}

/// A setting that operators may change on the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicySetting {
    /// `max_remaining_days`
    Window,
    /// `preferred_hours`
    Hours,
    /// `pkcs12`
    Profile,
    /// `pkcs12_iterations`
    Iterations,
    /// `legacy_key`
    LegacyKey,
    /// `hosts`
    Hosts,
}

impl PolicySetting {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Hosts, Self::Window, Self::Hours, Self::Profile, Self::Iterations, Self::LegacyKey];

    /// The words that it can have, if those are few.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Profile => &["compatible", "modern"],
            Self::LegacyKey => &["rsa-2048", "rsa-3072", "p-256"],
            Self::Hosts | Self::Window | Self::Hours | Self::Iterations => &[],
        }
    }

    /// What `policy` says of it, in the words of the file; hosts with a space between them.
    pub fn word_in(self, policy: &ServicePolicy) -> Option<String> {
        match self {
            Self::Hosts => policy.hosts.as_ref().map(|hosts| hosts.join(" ")),
            Self::Window => policy.max_remaining_days.map(|days| days.to_string()),
            Self::Hours => policy.preferred_hours.clone(),
            Self::Profile => policy.pkcs12.clone(),
            Self::Iterations => policy.pkcs12_iterations.map(|number| number.to_string()),
            Self::LegacyKey => policy.legacy_key.clone(),
        }
    }

    /// Its key in `koshin-server.toml`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Window => "max_remaining_days",
            Self::Hours => "preferred_hours",
            Self::Profile => "pkcs12",
            Self::Iterations => "pkcs12_iterations",
            Self::LegacyKey => "legacy_key",
            Self::Hosts => "hosts",
        }
    }
}

/// A setting that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("service.{service}.{key}: {problem}")]
pub struct PolicyProblem {
    /// The service.
    pub service: String,
    /// The key in the file.
    pub key: &'static str,
    /// What is wrong, and what to write instead.
    pub problem: String,
}

impl PolicyProblem {
    /// The setting, if it is one that operators may change.
    pub fn setting(&self) -> Option<PolicySetting> {
        PolicySetting::ALL.into_iter().find(|setting| setting.key() == self.key)
    }
}

impl From<PolicyProblem> for (String, String) {
    fn from(problem: PolicyProblem) -> Self {
        (format!("service.{}.{}", problem.service, problem.key), problem.problem)
    }
}

impl Service {
    /// The service `id` with what operators changed, by the rules of the file.
    ///
    /// # Errors
    /// The first setting that cannot be meant.
    pub fn changed(&self, id: &str, policy: &ServicePolicy) -> Result<Self, PolicyProblem> {
        let mut section = self.section.clone();
        let ServicePolicy {
            hosts,
            max_remaining_days,
            preferred_hours,
            pkcs12,
            pkcs12_iterations,
            legacy_key,
        } = policy.clone();
        put(&mut section.hosts, hosts);
        put(&mut section.max_remaining_days, max_remaining_days);
        put(&mut section.preferred_hours, preferred_hours);
        put(&mut section.pkcs12, pkcs12);
        put(&mut section.pkcs12_iterations, pkcs12_iterations);
        put(&mut section.legacy_key, legacy_key);
        section.check(id)
    }

    /// All settings that operators may change, as they are.
    pub fn in_full(&self) -> ServicePolicy {
        let section = &self.section;
        ServicePolicy {
            hosts: Some(self.hosts.clone()),
            max_remaining_days: Some(section.max_remaining_days),
            preferred_hours: Some(section.preferred_hours.clone()),
            pkcs12: Some(section.pkcs12.clone()),
            pkcs12_iterations: Some(section.pkcs12_iterations),
            legacy_key: Some(section.legacy_key.clone()),
        }
    }

    /// A setting as [`PolicySetting::word_in`] writes it.
    pub fn setting(&self, setting: PolicySetting) -> String {
        setting.word_in(&self.in_full()).unwrap_or_default()
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The words of a `[service.…]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ServiceSection {
    name: String,
    hosts: Vec<String>,
    max_remaining_days: u32,
    validity_years: i16,
    add_remaining: bool,
    backdate_minutes: u16,
    preferred_hours: String,
    pkcs12: String,
    pkcs12_iterations: u32,
    legacy_key: String,
    unused_renewals_per_day: u64,
    kinds: Option<Vec<KindRule>>,
}

impl Default for ServiceSection {
    fn default() -> Self {
        Self {
            name: String::new(),
            hosts: Vec::new(),
            max_remaining_days: RenewalRules::DEFAULT_MAX_REMAINING_DAYS,
            validity_years: 3,
            add_remaining: false,
            backdate_minutes: 5,
            preferred_hours: String::new(),
            pkcs12: "compatible".to_owned(),
            pkcs12_iterations: DEFAULT_PKCS12_ITERATIONS,
            legacy_key: "rsa-2048".to_owned(),
            unused_renewals_per_day: koshin_policy::quota::DEFAULT_UNUSED_PER_DAY,
            kinds: None,
        }
    }
}

impl ServiceSection {
    /// As the file's reader wants its problems: key and what is wrong.
    pub(super) fn read(self, id: &str) -> Result<Service, (String, String)> {
        Ok(self.check(id)?)
    }

    fn check(self, id: &str) -> Result<Service, PolicyProblem> {
        let wrong = |key, problem: String| PolicyProblem { service: id.to_owned(), key, problem };
        let section = self.clone();
        let kinds = match self.kinds {
            Some(rules) => {
                KindRules::new(rules).map_err(|error: PatternError| wrong("kinds", error.to_string()))?
            }
            None => KindRules::default(),
        };
        if self.max_remaining_days > MAX_WINDOW_DAYS {
            return Err(wrong("max_remaining_days", format!("write a number from 0 to {MAX_WINDOW_DAYS}")));
        }
        if self.unused_renewals_per_day == 0 {
            return Err(wrong("unused_renewals_per_day", "with 0 nothing could ever be renewed".to_owned()));
        }
        if !(1..=30).contains(&self.validity_years) {
            return Err(wrong("validity_years", "write a number from 1 to 30".to_owned()));
        }
        if !(1..=1_000_000).contains(&self.pkcs12_iterations) {
            return Err(wrong("pkcs12_iterations", "write a number from 1 to 1000000".to_owned()));
        }
        Ok(Service {
            name: if self.name.is_empty() { id.to_owned() } else { self.name },
            hosts: hosts(&self.hosts).map_err(|problem| wrong("hosts", problem))?,
            renewal: RenewalRules { max_remaining_days: self.max_remaining_days, kinds },
            validity: ValidityRules {
                years: self.validity_years,
                add_remaining: self.add_remaining,
                backdate: SignedDuration::from_mins(i64::from(self.backdate_minutes)),
            },
            hours: preferred_hours(&self.preferred_hours)
                .ok_or_else(|| wrong("preferred_hours", "write for example \"22:00-06:00\"".to_owned()))?,
            bundle_profile: self
                .pkcs12
                .parse()
                .map_err(|_| wrong("pkcs12", "write \"compatible\" or \"modern\"".to_owned()))?,
            bundle_iterations: self.pkcs12_iterations,
            legacy_key: legacy_key(&self.legacy_key).ok_or_else(|| {
                wrong("legacy_key", "write \"rsa-2048\", \"rsa-3072\" or \"p-256\"".to_owned())
            })?,
            unused_renewals_per_day: self.unused_renewals_per_day,
            section,
        })
    }
}

fn legacy_key(word: &str) -> Option<KeyAlgorithm> {
    match word {
        "rsa-2048" => Some(KeyAlgorithm::Rsa { bits: 2048 }),
        "rsa-3072" => Some(KeyAlgorithm::Rsa { bits: 3072 }),
        "p-256" => Some(KeyAlgorithm::P256),
        _ => None,
    }
}

/// Reads `HH:MM-HH:MM`; empty is the whole day, `None` is neither.
pub fn preferred_hours(text: &str) -> Option<PreferredHours> {
    if text.is_empty() {
        return Some(PreferredHours::WHOLE_DAY);
    }
    let (from, to) = text.split_once('-')?;
    let time = |text: &str| text.trim().parse::<Time>().ok();
    Some(PreferredHours { from: time(from)?, to: time(to)? })
}
