//! Finding applications in a home, with everything that can be odd about them.
#![allow(clippy::unwrap_used)]

mod scratch;

use koshin::{
    applications::{App, CertificateFiles, DiscoveryWarning, PlaceWarning, RenewalHostError},
    environment::{Environment, EnvironmentError, Language, Platform},
    exit::ExitCode,
};
use koshin_testkit::TestCa;
use scratch::{Home, at, credential};
use secrecy::ExposeSecret;
use std::{ffi::OsString, path::Path};

fn set_written(path: &Path, seconds: i64) {
    let time = std::time::SystemTime::from(jiff::Timestamp::from_second(seconds).unwrap());
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn an_empty_home_has_no_places_and_no_problems() {
    let found = Home::new().discover();
    assert!(found.places.is_empty() && found.problems.is_empty() && found.warnings.is_empty(), "{found:?}");
}

#[test]
fn all_four_applications_are_found_in_their_own_folders() {
    let home = Home::new();
    let ca = TestCa::new("CA");
    let one = credential(&ca, "client001", at("2027-01-01T00:00:00Z"));
    home.monsiaj(&one, true);
    home.glclient2(&one, false);
    home.receview(&one, Some("1234"));
    home.files(&one);
    let found = home.discover();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let apps: Vec<App> = found.places.iter().map(|place| place.app).collect();
    assert_eq!(apps, App::ALL);

    let [monsiaj, glclient2, receview, files] = &found.places[..] else { panic!("{found:?}") };
    assert_eq!((monsiaj.name.as_str(), monsiaj.connection, monsiaj.is_current), ("Reception", 0, true));
    assert_eq!(monsiaj.certificate, CertificateFiles::Pkcs12(home.path(".monsiaj/old.p12")));
    assert_eq!(monsiaj.password.as_ref().unwrap().expose_secret(), scratch::PASSWORD);
    assert_eq!(monsiaj.renewal_base.as_deref(), Ok("https://auth.cmo.orcamo.jp"));
    assert_eq!(monsiaj.window.in_months(), 2);

    assert!(glclient2.password.is_none() && !glclient2.password_saved);
    let pair = CertificateFiles::Pem {
        certificate: home.path(".glclient/old.crt"),
        key: home.path(".glclient/old.pem"),
    };
    assert_eq!(glclient2.certificate, pair);

    assert_eq!(receview.password.as_ref().unwrap().expose_secret(), "1234");
    assert_eq!(receview.window.in_months(), 3);

    assert_eq!(files.name, "Database");
    assert_eq!(files.renewal_base.as_deref(), Ok("https://auth.example"));
    assert_eq!(files.password_file, Some(home.path("db/client.pass")));
    let hook = files.hook.as_ref().unwrap();
    assert_eq!((hook.program.as_str(), &hook.arguments[..]), ("true", &["now".to_owned()][..]));
}

#[test]
fn a_broken_file_hides_nothing_but_itself() {
    let home = Home::new();
    let one = credential(&TestCa::new("CA"), "client001", at("2027-01-01T00:00:00Z"));
    home.monsiaj(&one, true);
    let broken = [
        (Some(App::Glclient2), home.write(".glclient/config.json", "{\"list\": [")),
        (Some(App::Files), home.write(".config/koshin/files.toml", "[[connection]]\nnmae = \"x\"\n")),
        (None, home.write(".config/koshin/hosts.toml", "[[host]]\nservice = \"*\"\nrenewal = \"x\"\n")),
        (None, home.write(".config/koshin/koshin.toml", "[receview]\nrenewal = 1\n")),
    ];
    let found = home.discover();
    assert_eq!(found.places.len(), 1);
    assert!(found.places[0].renewal_base.is_ok(), "the built-in hosts are still there");
    for (app, path) in broken {
        let problem = found.problems.iter().find(|problem| problem.path == path).unwrap();
        assert_eq!((problem.app, problem.exit_code()), (app, ExitCode::Config), "{problem}");
        assert!(problem.to_string().contains(&*path.to_string_lossy()));
    }
}

#[test]
fn a_folder_where_a_file_should_be_is_told() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".receview/receview.conf")).unwrap();
    let found = home.discover();
    assert_eq!(found.problems.len(), 1);
    assert_eq!(found.problems[0].exit_code(), ExitCode::Storage);
}

#[test]
fn of_two_glclient2_folders_the_one_written_last_is_used_with_a_warning() {
    let config =
        |name: &str| format!("{{\"list\":[{{\"description\":\"{name}\",\"ssl\":false}}],\"index\":0}}");
    for (old_time, new_time, used) in [(1_000, 2_000, "two"), (2_000, 1_000, "one")] {
        let home = Home::new();
        let one = home.write(".glclient/config.json", config("one"));
        let two = home.write(".glclient2/config.json", config("two"));
        set_written(&one, old_time);
        set_written(&two, new_time);
        let found = home.discover();
        assert_eq!(found.places.len(), 1);
        assert_eq!(found.places[0].name, used);
        assert!(matches!(found.warnings[..], [DiscoveryWarning::TwoFolders { .. }]), "{:?}", found.warnings);
    }
}

#[test]
fn each_glclient2_folder_is_enough() {
    for folder in [".glclient", ".glclient2"] {
        let home = Home::new();
        let config = home.write(&format!("{folder}/config.json"), "{\"list\":[{\"ssl\":false}],\"index\":0}");
        let place = home.only_place();
        assert_eq!(place.config_path, config);
        assert_eq!(place.name, "glclient2 0", "a connection without a name gets one");
    }
}

#[test]
fn a_file_beside_the_jar_wins_over_the_one_in_the_home() {
    let home = Home::new();
    let properties = |name: &str| format!("monsiaj.config.0.description={name}\nmonsiaj.current=0\n");
    home.write(".monsiaj/monsiaj.jsonrpc.properties", properties("home"));
    home.write("jars/monsiaj.jsonrpc.properties", properties("jar"));
    home.write(
        ".config/koshin/koshin.toml",
        format!("[monsiaj]\njar_dirs = [\"/nowhere\", {:?}]\n", home.path("jars")),
    );
    let found = home.discover();
    assert_eq!(found.places.len(), 1);
    assert_eq!(found.places[0].name, "jar");
    assert!(matches!(found.warnings[..], [DiscoveryWarning::BesideJar { .. }]));
    std::fs::remove_file(home.path("jars/monsiaj.jsonrpc.properties")).unwrap();
    assert_eq!(home.only_place().name, "home", "without it the home's file is read");
}

#[test]
fn the_applications_own_settings_are_honoured() {
    let mut home = Home::new();
    let one = credential(&TestCa::new("CA"), "client001", at("2027-01-01T00:00:00Z"));
    let config = home.monsiaj(&one, true);
    let text = std::fs::read_to_string(&config).unwrap();
    home.write(
        ".monsiaj/monsiaj.jsonrpc.properties",
        text + "monsiaj.config.0.systemProperties=monsia.cert_expire_check_monthes=40\\nmonsia.update_cert_api_host=auth.test\n",
    );
    home.glclient2(&one, true);
    home.receview(&one, None);
    home.write(
        ".config/koshin/koshin.toml",
        "[receview]\nmonths = \"soon\"\nrenewal_url = \"https://auth.r/\"\n",
    );
    home.environment.check_months = Some("60".into());
    home.environment.update_cert_api_host = Some("https://auth.gl:8443/".into());
    let found = home.discover();
    let [monsiaj, glclient2, receview] = &found.places[..] else { panic!("{found:?}") };
    assert_eq!((monsiaj.window.in_months(), monsiaj.renewal_base.as_deref()), (40, Ok("https://auth.test")));
    assert_eq!(
        (glclient2.window.in_months(), glclient2.renewal_base.as_deref()),
        (60, Ok("https://auth.gl:8443"))
    );
    assert_eq!((receview.window.in_months(), receview.renewal_base.as_deref()), (3, Ok("https://auth.r")));
    assert!(matches!(receview.warnings[..], [PlaceWarning::Threshold(_)]), "{:?}", receview.warnings);
}

#[test]
fn a_connection_without_an_address_says_what_to_set() {
    let home = Home::new();
    home.write(".monsiaj/monsiaj.jsonrpc.properties", "monsiaj.config.3.description=x\nmonsiaj.current=3\n");
    let place = home.only_place();
    assert_eq!(place.connection, 3);
    assert_eq!(place.certificate, CertificateFiles::None);
    let Err(RenewalHostError::NoAddress { setting }) = &place.renewal_base else { panic!("{place:?}") };
    assert!(setting.contains("authuri"));
}

#[test]
fn a_relative_path_lies_beside_its_configuration_and_is_told() {
    let home = Home::new();
    home.write(
        ".receview/receview.conf",
        "---\napi_host: https://sms.orca.orcamo.jp\napi_crt: client.crt\napi_pem: client.pem\n",
    );
    let place = home.only_place();
    let folder = home.path(".receview");
    let pair =
        CertificateFiles::Pem { certificate: folder.join("client.crt"), key: folder.join("client.pem") };
    assert_eq!(place.certificate, pair);
    assert!(place.warnings.iter().all(|warning| matches!(warning, PlaceWarning::RelativePath { .. })));
    assert_eq!(place.warnings.len(), 2);
}

fn environment(platform: Platform, variables: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
    Environment::from_vars(platform, |name| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn the_folders_follow_the_platform() {
    let unix = environment(Platform::Unix, &[("HOME", "/home/u"), ("LANG", "ja_JP.UTF-8")]).unwrap();
    assert_eq!(unix.config_dir, Path::new("/home/u/.config/koshin"));
    assert_eq!(unix.state_dir, Path::new("/home/u/.local/state/koshin"));
    assert_eq!(unix.language, Language::Japanese);

    let xdg = [("HOME", "/home/u"), ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "relative/is/ignored")];
    let xdg = environment(Platform::Unix, &xdg).unwrap();
    assert_eq!(xdg.config_dir, Path::new("/c/koshin"));
    assert_eq!(xdg.state_dir, Path::new("/home/u/.local/state/koshin"));
    assert_eq!(xdg.language, Language::English);

    let windows = [("USERPROFILE", r"C:\Users\u"), ("APPDATA", r"C:\Users\u\AppData\Roaming")];
    let windows = environment(Platform::Windows, &windows).unwrap();
    assert_eq!(windows.home, Path::new(r"C:\Users\u"));
    assert_eq!(windows.config_dir, Path::new(r"C:\Users\u\AppData\Roaming").join("koshin"));
    assert_eq!(windows.language, Language::Japanese, "the terminals stand in Japan");
}

#[test]
fn a_home_that_is_missing_or_relative_is_refused() {
    assert!(matches!(environment(Platform::Unix, &[]), Err(EnvironmentError::NoHome { variable: "HOME" })));
    assert!(matches!(
        environment(Platform::Unix, &[("HOME", "u")]),
        Err(EnvironmentError::RelativeHome { variable: "HOME", .. })
    ));
    assert!(matches!(
        environment(Platform::Windows, &[("HOME", "/home/u")]),
        Err(EnvironmentError::NoHome { variable: "USERPROFILE" })
    ));
}

#[test]
fn the_language_is_the_strongest_locale_variable() {
    for (variables, expected) in [
        (&[("HOME", "/h"), ("LANG", "en_US.UTF-8"), ("LC_ALL", "ja_JP.UTF-8")][..], Language::Japanese),
        (&[("HOME", "/h"), ("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C")], Language::English),
        (&[("HOME", "/h"), ("LANG", "ja"), ("LC_ALL", "")], Language::Japanese),
    ] {
        assert_eq!(environment(Platform::Unix, variables).unwrap().language, expected, "{variables:?}");
    }
}
