//! Files before and after an edit, byte for byte, in `tests/golden/<application>/<name>.{before,after}.<extension>`.
//!
//! The names say what is nasty about each. To see what Koshin changes in a file, `diff` the two.
#![allow(clippy::unwrap_used)]

use koshin_appconfig::{Edit, Format, NewCertificate, PasswordEdit, edit, read};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const KEEP: PasswordEdit<'_> = PasswordEdit::Keep;

const MONSIAJ: NewCertificate<'_> =
    NewCertificate::Pkcs12 { file: "/home/u/.monsiaj/certificates/20261122161036.p12" };
const MONSIAJ_PASSWORD: PasswordEdit<'_> = PasswordEdit::Replace("New=pass:#2");

const GLCLIENT2: NewCertificate<'_> = NewCertificate::Pem {
    certificate: "/home/u/.glclient/certificates/20261122161950.crt",
    key: "/home/u/.glclient/certificates/20261122161950.pem",
};
const GLCLIENT2_PASSWORD: PasswordEdit<'_> = PasswordEdit::Replace(r#"New"pass\2"#);

const RECEVIEW: NewCertificate<'_> =
    NewCertificate::Pem { certificate: "/home/u/client.crt.20261122", key: "/home/u/client.pem.20261122" };
/// In YAML 1.1 without quotes this is a number of minutes.
const RECEVIEW_PASSWORD: PasswordEdit<'_> = PasswordEdit::Replace("12:30");

/// Name, index of the connection, certificate, password.
type Case = (&'static str, usize, NewCertificate<'static>, PasswordEdit<'static>);

#[test]
fn monsiaj() {
    let windows = NewCertificate::Pkcs12 { file: r"C:\Users\山田 𠮷\.monsiaj\new.p12" };
    check(
        Format::Monsiaj,
        &[
            ("plain", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("crlf", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("shift_jis_comment", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("password_not_saved", 0, MONSIAJ, KEEP),
            ("duplicate_keys", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("continuation_lines", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("separators", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("keys_missing", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("no_newline_at_end", 0, MONSIAJ, KEEP),
            ("backslash_at_end", 0, MONSIAJ, KEEP),
            ("value_missing", 0, MONSIAJ, MONSIAJ_PASSWORD),
            ("second_connection", 10, MONSIAJ, MONSIAJ_PASSWORD),
            ("windows_path", 0, windows, MONSIAJ_PASSWORD),
        ],
    );
}

#[test]
fn glclient2() {
    let windows = NewCertificate::Pem {
        certificate: r"C:\Users\山田\.glclient\new.crt",
        key: r"C:\Users\山田\.glclient\new.pem",
    };
    check(
        Format::Glclient2,
        &[
            ("one_line", 0, GLCLIENT2, GLCLIENT2_PASSWORD),
            ("bom", 0, GLCLIENT2, GLCLIENT2_PASSWORD),
            ("password_not_saved", 0, GLCLIENT2, KEEP),
            ("second_of_three", 1, GLCLIENT2, GLCLIENT2_PASSWORD),
            ("crlf", 1, GLCLIENT2, GLCLIENT2_PASSWORD),
            ("keys_missing_one_line", 0, GLCLIENT2, GLCLIENT2_PASSWORD),
            ("keys_missing_pretty", 0, GLCLIENT2, KEEP),
            ("empty_entry", 0, GLCLIENT2, KEEP),
            ("duplicate_keys", 0, GLCLIENT2, GLCLIENT2_PASSWORD),
            ("windows_path", 0, windows, GLCLIENT2_PASSWORD),
        ],
    );
}

#[test]
fn receview() {
    let windows = NewCertificate::Pem {
        certificate: r"C:\Users\山田\client.crt.20261122",
        key: r"C:\Users\山田\client.pem.20261122",
    };
    check(
        Format::Receview,
        &[
            ("psych", 0, RECEVIEW, RECEVIEW_PASSWORD),
            ("crlf", 0, RECEVIEW, RECEVIEW_PASSWORD),
            ("bom", 0, RECEVIEW, RECEVIEW_PASSWORD),
            ("looks_like_no_text", 0, RECEVIEW, PasswordEdit::Replace("1e5")),
            ("plain_and_single", 0, RECEVIEW, RECEVIEW_PASSWORD),
            ("block_scalars", 0, RECEVIEW, RECEVIEW_PASSWORD),
            ("keys_missing", 0, RECEVIEW, KEEP),
            ("values_missing", 0, RECEVIEW, KEEP),
            ("duplicate_keys", 0, RECEVIEW, RECEVIEW_PASSWORD),
            ("windows_path", 0, windows, RECEVIEW_PASSWORD),
        ],
    );
}

fn check(format: Format, cases: &[Case]) {
    let (folder, extension) = match format {
        Format::Monsiaj => ("monsiaj", "properties"),
        Format::Glclient2 => ("glclient2", "json"),
        Format::Receview | Format::Files => ("receview", "yaml"),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    for &(name, index, certificate, password) in cases {
        let file = |state: &str| folder.join(format!("{name}.{state}.{extension}"));
        let before = contents(&file("before"));
        let edited = edit(format, &before, &Edit { index, certificate, password });
        let edited = edited.unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = contents(&file("after"));
        assert!(
            edited == expected,
            "{name}:\n{}\nexpected:\n{}",
            edited.escape_ascii(),
            expected.escape_ascii()
        );
        others_are_unchanged(format, &before, &edited, index);
    }
    assert_eq!(
        names(&folder),
        cases.iter().map(|case| case.0.to_owned()).collect(),
        "a file that no test uses"
    );
}

/// Everything that an edit doesn't mean must read as before: the other connections whole, and of this one the rest.
fn others_are_unchanged(format: Format, before: &[u8], after: &[u8], edited: usize) {
    let before = read(format, before).unwrap();
    let after = read(format, after).unwrap();
    assert_eq!(before.len(), after.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(
            (&old.description, &old.service_url, old.password_saved, &old.ca_file, old.is_current),
            (&new.description, &new.service_url, new.password_saved, &new.ca_file, new.is_current)
        );
        if old.index != edited {
            assert_eq!(old.certificate, new.certificate);
            let text = |password: &Option<secrecy::SecretString>| {
                password.as_ref().map(|password| password.expose_secret().to_owned())
            };
            assert_eq!(text(&old.password), text(&new.password));
        }
    }
}

fn contents(path: &PathBuf) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.split('.').next().unwrap().to_owned())
        .collect()
}
