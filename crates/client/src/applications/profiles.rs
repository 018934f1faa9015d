//! Applications by profile: `profiles/NAME.toml` in Koshin's own settings, and those of the whole PC.

use super::{
    connections::{self, Surroundings},
    hosts::{self, RenewalHostError, https_uri},
    place::{
        App, CertificateFiles, ConfigProblem, ConfigProblemReason, Discovery, DiscoveryWarning, Place,
        PlaceWarning,
    },
    profile_name::ProfileName,
    reading, thresholds,
};
use crate::environment::{Environment, Platform};
use koshin_appconfig::{
    Connection,
    profile::{
        ConfigSource, NameTemplate, NewNames, PathTemplate, Places, Profile, Source, Stamp, read_profile,
    },
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A profile with what its paths stand for.
#[derive(Debug, Clone)]
pub struct LoadedProfile {
    /// Its name.
    pub name: ProfileName,
    /// Its file.
    pub path: PathBuf,
    /// What it says.
    pub profile: Profile,
    home: PathBuf,
    config_home: PathBuf,
}

/// Finds the places of every profile. One with an error is a problem and hides nothing but itself.
pub(super) fn discover(around: &Surroundings<'_>, found: &mut Discovery) {
    for (name, path) in files(around.environment) {
        match load(name, &path, around.environment) {
            Ok(loaded) => places(&Arc::new(loaded), around, found),
            Err(reason) => found.problems.push(ConfigProblem { app: Some(App::Profile(name)), path, reason }),
        }
    }
}

/// Profiles by name; the user's own counts before that of the PC.
fn files(environment: &Environment) -> BTreeMap<ProfileName, PathBuf> {
    let mut files = BTreeMap::new();
    for directory in [&environment.system_config_dir, &environment.config_dir] {
        let listed = std::fs::read_dir(directory.join("profiles")).into_iter().flatten().flatten();
        for path in listed.map(|entry| entry.path()) {
            let named = path.extension().is_some_and(|extension| extension == "toml");
            let name = path.file_stem().and_then(|stem| stem.to_str()).and_then(ProfileName::new);
            if let Some(name) = name.filter(|_| named) {
                files.insert(name, path);
            }
        }
    }
    files
}

fn load(
    name: ProfileName,
    path: &Path,
    environment: &Environment,
) -> Result<LoadedProfile, ConfigProblemReason> {
    let bytes = reading::read(path).map_err(|error| ConfigProblemReason::Unreadable(Arc::new(error)))?;
    let config_home = environment.config_dir.parent().unwrap_or(&environment.config_dir);
    Ok(LoadedProfile {
        name,
        path: path.to_owned(),
        profile: Profile::parse(&bytes)?,
        home: environment.home.clone(),
        config_home: config_home.to_owned(),
    })
}

fn places(loaded: &Arc<LoadedProfile>, around: &Surroundings<'_>, found: &mut Discovery) {
    match &loaded.profile.source {
        Source::Listed(list) => {
            let place = |connection: &Connection| place(loaded, &loaded.path, connection.clone(), around);
            found.places.extend(list.iter().map(place));
        }
        Source::Config(source) => {
            let candidates = loaded.config_files(source);
            match candidates.iter().find(|path| path.exists()) {
                Some(path) => read_config(loaded, source, path, around, found),
                None => found.warnings.push(DiscoveryWarning::NothingToRead {
                    profile: loaded.path.clone(),
                    files: candidates,
                }),
            }
        }
    }
}

fn read_config(
    loaded: &Arc<LoadedProfile>,
    source: &ConfigSource,
    path: &Path,
    around: &Surroundings<'_>,
    found: &mut Discovery,
) {
    let problem =
        |reason| ConfigProblem { app: Some(App::Profile(loaded.name)), path: path.to_owned(), reason };
    let bytes = match reading::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return found.problems.push(problem(ConfigProblemReason::Unreadable(Arc::new(error)))),
    };
    match read_profile(source, &bytes) {
        Ok(reading) => {
            found.problems.extend(reading.errors.into_iter().map(|error| problem(error.into())));
            let place = |connection| place(loaded, path, connection, around);
            found.places.extend(reading.connections.into_iter().map(place));
        }
        Err(error) => found.problems.push(problem(error.into())),
    }
}

fn place(
    loaded: &Arc<LoadedProfile>,
    config: &Path,
    connection: Connection,
    around: &Surroundings<'_>,
) -> Place {
    let profile = &loaded.profile;
    let mut warnings = Vec::new();
    let listed = connection.files.clone();
    let mut path = |text: &str| match &listed {
        Some(_) => loaded.expand(text),
        None => connections::absolute(config, text, &mut warnings),
    };
    let certificate = connections::certificate_files(&connection, &mut path);
    let own_ca = connection.ca_file.as_deref().map(&mut path);
    let password_file = listed.as_ref().and_then(|listed| listed.password_file.as_deref()).map(&mut path);
    let (window, nonsense) = thresholds::profile(profile.months.as_deref());
    warnings.extend(nonsense.map(PlaceWarning::from));
    let service = connection.service_url.clone().or_else(|| profile.service_url.clone());
    let service_url = service.filter(|url| https_uri(url).is_some());
    let title = profile.name.as_deref().unwrap_or(loaded.name.as_str());
    Place {
        app: App::Profile(loaded.name),
        connection: connection.index,
        name: connection.description.map_or_else(|| title.to_owned(), |own| format!("{title} {own}")),
        config_path: config.to_owned(),
        renewal_base: renewal_base(
            loaded,
            listed.and_then(|listed| listed.renewal_url),
            service_url.as_deref(),
            around,
        ),
        service_url,
        certificate,
        password: connection.password.filter(|_| connection.password_saved),
        password_saved: connection.password_saved,
        password_file,
        ca_file: own_ca.or_else(|| profile.ca.as_ref().map(|ca| ca.expand(loaded.places()))),
        window,
        warnings,
        hook: None,
        is_current: connection.is_current,
        unsupported: connection.unsupported,
        receview_keys: Arc::clone(&around.keys),
        profile: Some(Arc::clone(loaded)),
    }
}

fn renewal_base(
    loaded: &LoadedProfile,
    own: Option<String>,
    service_url: Option<&str>,
    around: &Surroundings<'_>,
) -> Result<String, RenewalHostError> {
    if let Some(url) = own.or_else(|| loaded.profile.renewal_url.clone()) {
        return hosts::explicit_base("renewal_url", &url);
    }
    let setting = || format!("renewal_url in {}", loaded.path.display());
    let service = service_url.ok_or_else(|| RenewalHostError::NoAddress { setting: setting() })?;
    around.hosts.base_for(service, false)
}

impl LoadedProfile {
    /// Whether the files of a certificate are replaced where they lie.
    pub(super) fn is_in_place(&self) -> bool {
        self.profile.new_files.names.is_none()
    }

    fn places(&self) -> Places<'_> {
        Places { home: &self.home, config: &self.config_home }
    }

    fn expand(&self, text: &str) -> PathBuf {
        let template = PathTemplate::parse(text);
        let path = template.map_or_else(|_| PathBuf::from(text), |template| template.expand(self.places()));
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    fn config_files(&self, source: &ConfigSource) -> Vec<PathBuf> {
        let own = Platform::CURRENT == Platform::Windows && !source.windows_files.is_empty();
        let files = if own { &source.windows_files } else { &source.files };
        let beside = self.path.parent().unwrap_or(Path::new(""));
        files.iter().map(|file| beside.join(file.expand(self.places()))).collect()
    }

    /// Where the files that follow those at `old` shall lie. `None` when the profile has no name for one of them.
    pub(super) fn successor(
        &self,
        names: &NewNames,
        old: &CertificateFiles,
        config: &Path,
        stamp: &Stamp,
    ) -> Option<CertificateFiles> {
        let path = |template: &Option<NameTemplate>, old: &Path| {
            let own = template.as_ref()?.expand(stamp, self.places());
            Some(match own {
                Some(path) => config.parent().unwrap_or(Path::new("")).join(path),
                None => super::names::with_suffix(old, &format!(".{}", stamp.day)),
            })
        };
        match old {
            CertificateFiles::None | CertificateFiles::Store(_) => None,
            CertificateFiles::Pkcs12(file) => path(&names.pkcs12, file).map(CertificateFiles::Pkcs12),
            CertificateFiles::Pem { certificate, key } => {
                let new = path(&names.certificate, certificate)?;
                let key = if certificate == key { new.clone() } else { path(&names.key, key)? };
                Some(CertificateFiles::Pem { certificate: new, key })
            }
        }
    }
}
