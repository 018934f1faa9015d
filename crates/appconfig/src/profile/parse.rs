//! From TOML to a [`Profile`].

use super::{
    ConfigSource, Connections, KeyFormat, Keys, NameTemplate, NewFiles, NewNames, PathTemplate, Pkcs12Format,
    Profile, ProfileFormat, ProfileHooks, Source, table::Table,
};
use crate::documents::pointer::escaped;
use crate::{CertificateLocation, ConfigError, Connection, FilesSettings, text};
use toml::de::DeTable;

/// The longest time-out of a hook, in seconds: ten minutes. A renewal holds Koshin's lock meanwhile.
const MAX_TIMEOUT: u64 = 600;

const ROOT_KEYS: &[&str] = &[
    "name",
    "contact",
    "months",
    "renewal_url",
    "service_url",
    "ca",
    "config",
    "keys",
    "certificate",
    "new_files",
    "hook",
];

pub(super) fn parse(bytes: &[u8]) -> Result<Profile, ConfigError> {
    let (text, _) = text::utf8(bytes)?;
    let parsed = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        ConfigError::syntax(text::line_at(text.as_bytes(), start), error.message().to_owned())
    })?;
    let root = Table::root(text, &parsed);
    root.allow(ROOT_KEYS)?;
    let source = source(&root)?;
    Ok(Profile {
        name: root.string("name")?,
        contact: root.string("contact")?,
        months: root.whole_number("months")?.map(|months| months.to_string()),
        renewal_url: root.string("renewal_url")?,
        service_url: root.string("service_url")?,
        ca: path(&root, "ca")?,
        new_files: new_files(&root, &source)?,
        hooks: hooks(&root)?,
        source,
    })
}

fn source(root: &Table<'_>) -> Result<Source, ConfigError> {
    let Some(config) = root.table("config")? else {
        return Err(root.error_at("config", "is missing: [config] says which file names the certificate"));
    };
    config.allow(&["format", "files", "windows_files", "connections", "section"])?;
    let Some(format) = config.word("format", FORMATS)? else {
        return Err(config.error_at("format", "is missing"));
    };
    let Some(format) = format else { return listed(root, &config) };
    if root.has("certificate") {
        return Err(
            root.error_at("certificate", "stands only with format = \"none\"; here [keys] says where it is")
        );
    }
    let files = paths(&config, "files")?;
    let windows_files = paths(&config, "windows_files")?;
    if files.is_empty() && windows_files.is_empty() {
        return Err(
            config.error_at("files", "is missing: a list of paths, of which the first that exists is read")
        );
    }
    let connections = connections(&config, format)?;
    let keys = keys(root, format)?;
    Ok(Source::Config(Box::new(ConfigSource { format, files, windows_files, connections, keys })))
}

/// `None` for files that are replaced in place.
const FORMATS: &[(&str, Option<ProfileFormat>)] = &[
    ("properties", Some(ProfileFormat::Properties)),
    ("json", Some(ProfileFormat::Json)),
    ("yaml", Some(ProfileFormat::Yaml)),
    ("ini", Some(ProfileFormat::Ini)),
    ("curlrc", Some(ProfileFormat::Curlrc)),
    ("env", Some(ProfileFormat::Env)),
    ("none", None),
];

fn connections(config: &Table<'_>, format: ProfileFormat) -> Result<Connections, ConfigError> {
    let section = config.string("section")?;
    if section.is_some() && format != ProfileFormat::Ini {
        return Err(config.error_at("section", "stands only with format = \"ini\""));
    }
    let wanted = config.string("connections")?;
    match (wanted.as_deref(), format) {
        (None | Some("one"), _) => Ok(Connections::One { section }),
        (Some("sections"), ProfileFormat::Ini) if section.is_some() => {
            Err(config.error_at("section", "cannot stand together with connections = \"sections\""))
        }
        (Some("sections"), ProfileFormat::Ini) => Ok(Connections::Sections),
        (Some(pointer), ProfileFormat::Json | ProfileFormat::Yaml) if pointer.starts_with('/') => {
            Ok(Connections::List { pointer: pointer.to_owned() })
        }
        _ => Err(config.error_at(
            "connections",
            "is none of \"one\", \"sections\" (ini), or the JSON pointer of a list, \"/…\" (json, yaml)",
        )),
    }
}

fn keys(root: &Table<'_>, format: ProfileFormat) -> Result<Keys, ConfigError> {
    let Some(table) = root.table("keys")? else {
        return Err(root.error_at("keys", "is missing: [keys] says under which names the file keeps what"));
    };
    table.allow(&["certificate", "key", "pkcs12", "password", "ca", "service_url", "name"])?;
    // In JSON and YAML a plain name is the pointer to a member of the outermost object.
    let tree = matches!(format, ProfileFormat::Json | ProfileFormat::Yaml);
    let key = |name: &str| {
        let written = table.string(name)?;
        Ok::<_, ConfigError>(written.map(|text| if tree { pointer(&text) } else { text }))
    };
    let keys = Keys {
        certificate: key("certificate")?,
        key: key("key")?,
        pkcs12: key("pkcs12")?,
        password: key("password")?,
        ca: key("ca")?,
        service_url: key("service_url")?,
        name: key("name")?,
    };
    match (&keys.certificate, &keys.key, &keys.pkcs12) {
        (None, None, None) => {
            Err(table.error_at("certificate", "is missing: certificate and key, or pkcs12"))
        }
        (None, Some(_), _) => Err(table.error_at("key", "needs certificate beside it")),
        _ => Ok(keys),
    }
}

fn pointer(text: &str) -> String {
    if text.starts_with('/') { text.to_owned() } else { format!("/{}", escaped(text)) }
}

fn listed(root: &Table<'_>, config: &Table<'_>) -> Result<Source, ConfigError> {
    for key in ["files", "windows_files", "connections", "section"] {
        if config.has(key) {
            return Err(config.error_at(key, "cannot stand with format = \"none\", which reads no file"));
        }
    }
    if root.has("keys") {
        return Err(root.error_at("keys", "cannot stand with format = \"none\", which reads no file"));
    }
    let tables = root.tables("certificate")?;
    if tables.is_empty() {
        return Err(root
            .error_at("certificate", "is missing: with format = \"none\", [[certificate]] lists the files"));
    }
    tables
        .iter()
        .enumerate()
        .map(|(index, table)| certificate(table, index))
        .collect::<Result<_, _>>()
        .map(Source::Listed)
}

fn certificate(table: &Table<'_>, index: usize) -> Result<Connection, ConfigError> {
    table.allow(&[
        "name",
        "certificate",
        "key",
        "pkcs12",
        "password_file",
        "ca",
        "service_url",
        "renewal_url",
    ])?;
    let file = |key: &str| {
        let text = table.string(key)?;
        path(table, key)?;
        Ok::<_, ConfigError>(text)
    };
    let location = match (file("certificate")?, file("key")?, file("pkcs12")?) {
        (Some(certificate), Some(key), None) => CertificateLocation::Pem { certificate, key },
        (Some(certificate), None, None) => CertificateLocation::Pem { key: certificate.clone(), certificate },
        (None, None, Some(file)) => CertificateLocation::Pkcs12 { file },
        (None, Some(_), _) => return Err(table.error_at("key", "needs certificate beside it")),
        (None, None, None) => {
            return Err(table.error_at("certificate", "is missing: certificate and key, or pkcs12"));
        }
        (Some(_), _, Some(_)) => {
            return Err(table.error_at("pkcs12", "cannot stand together with certificate; make two entries"));
        }
    };
    let password_file = file("password_file")?;
    Ok(Connection {
        description: table.string("name")?,
        service_url: table.string("service_url")?,
        uses_client_certificate: true,
        certificate: location,
        password_saved: password_file.is_some(),
        ca_file: file("ca")?,
        is_current: true,
        files: Some(FilesSettings {
            password_file,
            renewal_url: table.string("renewal_url")?,
            hook: Vec::new(),
        }),
        ..Connection::new(index)
    })
}

fn new_files(root: &Table<'_>, source: &Source) -> Result<NewFiles, ConfigError> {
    let Some(table) = root.table("new_files")? else { return Ok(NewFiles::default()) };
    table.allow(&["certificate", "key", "pkcs12", "key_format", "pkcs12_format"])?;
    let name = |key: &str| match table.string(key)? {
        None => Ok(None),
        Some(text) => NameTemplate::parse(&text).map(Some).map_err(|reason| table.error_at(key, &reason)),
    };
    let names = NewNames { certificate: name("certificate")?, key: name("key")?, pkcs12: name("pkcs12")? };
    let in_place = names == NewNames::default();
    match source {
        Source::Listed(_) if !in_place => {
            let first = ["certificate", "key", "pkcs12"].into_iter().find(|key| table.has(key));
            let reason = "cannot stand with format = \"none\": nobody would be told of the new name";
            return Err(table.error_at(first.unwrap_or("certificate"), reason));
        }
        Source::Config(config) if !in_place => complete(&table, &names, &config.keys)?,
        _ => {}
    }
    let key_formats = [("as-before", KeyFormat::AsBefore), ("pem", KeyFormat::Pem), ("der", KeyFormat::Der)];
    let pkcs12_formats = [("compatible", Pkcs12Format::Compatible), ("modern", Pkcs12Format::Modern)];
    Ok(NewFiles {
        names: (!in_place).then_some(names),
        key_format: table.word("key_format", &key_formats)?.unwrap_or_default(),
        pkcs12_format: table.word("pkcs12_format", &pkcs12_formats)?.unwrap_or_default(),
    })
}

/// Each kind of file that the settings may name needs a name for its successor.
fn complete(table: &Table<'_>, names: &NewNames, keys: &Keys) -> Result<(), ConfigError> {
    let pairs = [
        ("certificate", keys.certificate.is_some(), names.certificate.is_some()),
        ("key", keys.key.is_some(), names.key.is_some()),
        ("pkcs12", keys.pkcs12.is_some(), names.pkcs12.is_some()),
    ];
    for (key, used, named) in pairs {
        if used && !named {
            return Err(table.error_at(key, "is missing, although [keys] names it"));
        }
        if named && !used {
            return Err(table.error_at(key, "has no key of this kind in [keys]"));
        }
    }
    Ok(())
}

fn hooks(root: &Table<'_>) -> Result<ProfileHooks, ConfigError> {
    let Some(table) = root.table("hook")? else { return Ok(ProfileHooks::default()) };
    table.allow(&["before", "after", "timeout_seconds"])?;
    let timeout_seconds = table.whole_number("timeout_seconds")?;
    if timeout_seconds.is_some_and(|seconds| !(1..=MAX_TIMEOUT).contains(&seconds)) {
        return Err(table.error_at("timeout_seconds", "is not between 1 and 600"));
    }
    Ok(ProfileHooks { before: table.strings("before")?, after: table.strings("after")?, timeout_seconds })
}

fn path(table: &Table<'_>, key: &str) -> Result<Option<PathTemplate>, ConfigError> {
    match table.string(key)? {
        None => Ok(None),
        Some(text) => PathTemplate::parse(&text).map(Some).map_err(|reason| table.error_at(key, &reason)),
    }
}

fn paths(table: &Table<'_>, key: &str) -> Result<Vec<PathTemplate>, ConfigError> {
    let parse = |text: String| PathTemplate::parse(&text).map_err(|reason| table.error_at(key, &reason));
    table.strings(key)?.into_iter().map(parse).collect()
}
