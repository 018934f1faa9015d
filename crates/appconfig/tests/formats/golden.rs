//! Files before and after an edit, byte for byte. To see what Koshin changes in a file, `diff` the two.

use crate::cases;
use koshin_appconfig::{Format, edit, read};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;

#[test]
fn monsiaj() {
    check(Format::Monsiaj);
}

#[test]
fn glclient2() {
    check(Format::Glclient2);
}

#[test]
fn receview() {
    check(Format::Receview);
}

fn check(format: Format) {
    let cases = cases::of(format);
    for case in cases {
        let before = case.before(format);
        let edited =
            edit(format, &before, &case.edit()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let expected = case.after(format);
        let (shown, wanted) = (edited.escape_ascii(), expected.escape_ascii());
        assert!(edited == expected, "{}:\n{shown}\nexpected:\n{wanted}", case.name);
        others_are_unchanged(format, &before, &edited, case.edit().index);
        let again = edit(format, &edited, &case.edit()).unwrap();
        let shown = again.escape_ascii();
        assert!(again == edited, "{}: the same edit once more must change nothing:\n{shown}", case.name);
    }
    let used: BTreeSet<String> = cases.iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(names_of_files(format), used, "every golden file belongs to a case");
}

/// Everything that an edit doesn't mean reads as before: the other connections whole, and of this one the rest.
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
            assert_eq!(exposed(&old.password), exposed(&new.password));
        }
    }
}

fn exposed(password: &Option<SecretString>) -> Option<&str> {
    password.as_ref().map(ExposeSecret::expose_secret)
}

fn names_of_files(format: Format) -> BTreeSet<String> {
    std::fs::read_dir(cases::folder(format))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.split('.').next().unwrap().to_owned())
        .collect()
}
