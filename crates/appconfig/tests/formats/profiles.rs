//! Files before and after an edit by a profile, byte for byte, and what must not be edited on a guess.

use koshin_appconfig::{
    Edit, NewCertificate, PasswordEdit,
    profile::{ConfigSource, Profile, Source, edit_profile, read_profile},
};
use std::path::Path;

const NEW: NewCertificate<'_> = NewCertificate::Pem { certificate: "/new/2026.crt", key: "/new/2026.key" };

fn source(config: &str, keys: [&str; 3]) -> ConfigSource {
    let [certificate, key, password] = keys;
    let text = format!(
        "[config]\nfiles = [\"~/x\"]\n{config}\n[keys]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\npassword = \"{password}\"\n"
    );
    match Profile::parse(text.as_bytes()).unwrap().source {
        Source::Config(source) => *source,
        Source::Listed(_) => panic!("a file is read"),
    }
}

fn golden(name: &str, state: &str, extension: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden_profiles");
    std::fs::read(folder.join(format!("{name}.{state}.{extension}"))).unwrap()
}

#[test]
fn only_the_values_of_one_connection_change() {
    const TLS: [&str; 3] = ["/tls/cert", "/tls/key", "/pass"];
    let sections = "format = \"ini\"\nconnections = \"sections\"";
    let cases = [
        ("pg_service", "conf", sections, ["sslcert", "sslkey", "sslpassword"], 1, true),
        ("stunnel", "conf", sections, ["cert", "key", "pass"], 0, false),
        ("curlrc", "conf", "format = \"curlrc\"", ["cert", "key", "pass"], 0, true),
        ("env", "conf", "format = \"env\"", ["CERT", "KEY", "PASS"], 0, true),
        (
            "nested",
            "json",
            "format = \"json\"\nconnections = \"/servers\"",
            ["/tls/cert", "/tls/key", "/tls/pass"],
            1,
            true,
        ),
        ("slashes", "json", "format = \"json\"", ["/tls/cert", "/tls/key", "/tls/pass"], 0, true),
        ("nested", "yaml", "format = \"yaml\"\nconnections = \"/servers\"", TLS, 0, true),
        ("plain", "properties", "format = \"properties\"", ["tls.cert", "tls.key", "tls.pass"], 0, true),
    ];
    for (name, extension, config, keys, index, password) in cases {
        let source = source(config, keys);
        let password = if password { PasswordEdit::Replace("New=pass#2") } else { PasswordEdit::Keep };
        let edit = Edit { index, certificate: NEW, password };
        let (before, after) = (golden(name, "before", extension), golden(name, "after", extension));
        let edited = edit_profile(&source, &before, &edit).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (shown, wanted) = (edited.escape_ascii(), after.escape_ascii());
        assert!(edited == after, "{name}.{extension}:\n{shown}\nexpected:\n{wanted}");
        assert!(
            edit_profile(&source, &edited, &edit).unwrap() == edited,
            "{name}: once more changes nothing"
        );
    }
}

#[test]
fn what_cannot_be_known_is_an_error_with_its_line() {
    let cases = [
        (
            "format = \"ini\"",
            "cert = a\nkey = b\ncert = c\n",
            "line 3: cert: is set in line 1 too: keep one of them",
        ),
        ("format = \"env\"", "cert=$HOME/a\nkey=b\n", "line 1: cert: is computed by the shell"),
        ("format = \"env\"", "x=1\ncert='a\n", "line 2: cert: has no closing quote"),
        (
            "format = \"yaml\"",
            "a: &c x\ncert: *c\nkey: b\n",
            "line 2: /cert: is an element of a list, an alias",
        ),
        ("format = \"yaml\"", "cert: &c x\nkey: *c\n", "line 1: /cert: is an anchored value, not a text"),
        ("format = \"json\"", "{\n\"cert\": 7}", "line 2: /cert: is not a text"),
    ];
    for (config, text, expected) in cases {
        let reading = read_profile(&source(config, ["cert", "key", "pass"]), text.as_bytes()).unwrap();
        let told: Vec<String> = reading.errors.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].starts_with(expected), "{text}: {told:?}");
    }
}

#[test]
fn a_password_that_is_not_in_the_file_is_not_put_there() {
    let source = source("format = \"ini\"", ["cert", "key", "pass"]);
    let edit = Edit { index: 0, certificate: NEW, password: PasswordEdit::Replace("x") };
    assert!(edit_profile(&source, b"cert = a\nkey = b\n", &edit).is_err());
    let pkcs12 =
        Edit { certificate: NewCertificate::Pkcs12 { file: "/x" }, password: PasswordEdit::Keep, ..edit };
    assert!(edit_profile(&source, b"cert = a\nkey = b\n", &pkcs12).is_err());
}
