//! The edited files, read with the libraries that the applications use: Java's `Properties`, a JSON reader of another
//! kin, and Ruby's Psych. Where one is not installed its test says so and skips.

use crate::cases;
use koshin_appconfig::{Edit, Format, NewCertificate, PasswordEdit, edit};
use koshin_testkit::skip;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Paths and passwords that some format could take for something else.
const NASTY_TEXTS: [&str; 28] = [
    r"C:\Users\山田 𠮷\new.p12",
    "/home/u/it's \"new\".p12",
    " leading",
    "trailing ",
    "#hash",
    "!bang",
    "a=b:c",
    "no",
    "true",
    "~",
    "null",
    "12:30",
    "12:30:45",
    "1e5",
    "1.5e+3",
    "0123",
    "0x1F",
    "0b11",
    "1_000",
    ".inf",
    "2026-11-22",
    "2026-11-22 10:00:00 +09:00",
    ":symbol",
    "<<",
    "- x",
    "a: b #c",
    "tab\tnewline\ncontrol\u{1}\u{7f}\u{85}\u{2028}\u{feff}",
    "\u{1F600}\u{FFFD}é",
];

#[test]
fn java_reads_what_was_written_and_would_write_the_same() {
    let before = b"monsiaj.config.0.saveClientCertificatePassword=true\nother=kept\n";
    let key = |name: &str| format!("monsiaj.config.0.{name}");
    let (file_key, password_key) = (key("clientCertificateFile"), key("clientCertificatePassword"));
    let edited = NASTY_TEXTS.map(|text| {
        let change = Edit {
            index: 0,
            certificate: NewCertificate::Pkcs12 { file: text },
            password: PasswordEdit::Replace(text),
        };
        edit(Format::Monsiaj, before, &change).unwrap()
    });
    let Some(read) = ask_java(&edited) else { return };
    for ((text, file), words) in NASTY_TEXTS.iter().zip(&edited).zip(read) {
        assert_eq!(words.len(), 4 * 3, "four properties");
        for property in words.chunks_exact(3) {
            let [key, value, stored] = property else { unreachable!("chunks of three") };
            if *key == file_key || *key == password_key {
                assert_eq!(value, text);
            }
            let lines = String::from_utf8(file.clone()).unwrap();
            assert!(lines.lines().any(|line| line == stored), "Java would write {stored}");
        }
    }
}

#[test]
fn java_sees_only_the_intended_changes_in_the_golden_files() {
    let cases = cases::of(Format::Monsiaj);
    let files: Vec<_> =
        cases.iter().flat_map(|case| [case.before(Format::Monsiaj), case.after(Format::Monsiaj)]).collect();
    let Some(read) = ask_java(&files) else { return };
    for (case, pair) in cases.iter().zip(read.chunks_exact(2)) {
        let values = |words: &[String]| -> BTreeMap<String, String> {
            words.chunks_exact(3).map(|property| (property[0].clone(), property[1].clone())).collect()
        };
        let change = case.edit();
        let NewCertificate::Pkcs12 { file } = change.certificate else { panic!("monsiaj takes PKCS#12") };
        let key = |name: &str| format!("monsiaj.config.{}.{name}", change.index);
        let mut expected = values(&pair[0]);
        expected.insert(key("clientCertificateFile"), file.to_owned());
        if let PasswordEdit::Replace(password) = change.password {
            expected.insert(key("clientCertificatePassword"), password.to_owned());
        }
        assert_eq!(values(&pair[1]), expected, "{}", case.name);
    }
}

pub(crate) fn ask_java(files: &[Vec<u8>]) -> Option<Vec<Vec<String>>> {
    // To run a source file takes the compiler, which a mere JRE doesn't have.
    let modules = Command::new("java").arg("--list-modules").output();
    if modules.is_ok_and(|output| !String::from_utf8_lossy(&output.stdout).contains("jdk.compiler")) {
        skip("java is here, but no JDK");
        return None;
    }
    ask("java", &["ReadProperties.java"], files)
}

#[test]
fn python_reads_the_json_that_was_written() {
    let before = br#"{"list":[{"certpassword":"p","savecertpassword":true,"other":1.50}],"index":0}"#;
    let keys = ["list.0.certfile", "list.0.certkeyfile", "list.0.certpassword"];
    nasty_texts_read_back(Format::Glclient2, before, &keys, ask_python);
}

#[test]
fn python_sees_only_the_intended_changes_in_the_golden_files() {
    // Python's reader is strict: the files with comments, which json-c tolerates, are not for it.
    let strict = |name: &str| !["second_of_three", "crlf", "keys_missing_pretty"].contains(&name);
    only_intended_changes(Format::Glclient2, strict, ask_python, |index, name| {
        format!("list.{index}.{name}")
    });
}

fn ask_python(files: &[Vec<u8>]) -> Option<Vec<Vec<String>>> {
    ask("python3", &["read_json.py"], files)
}

#[test]
fn psych_reads_the_yaml_that_was_written() {
    let before = b"---\napi_crt: a\napi_pem: \"b\"\napi_phrase: 'p'\nother: 12:30\n";
    nasty_texts_read_back(Format::Receview, before, &["api_crt", "api_pem", "api_phrase"], ask_psych);
}

#[test]
fn psych_sees_only_the_intended_changes_in_the_golden_files() {
    only_intended_changes(Format::Receview, |_| true, ask_psych, |_, name| name.to_owned());
}

pub(crate) fn ask_psych(files: &[Vec<u8>]) -> Option<Vec<Vec<String>>> {
    ask("ruby", &["read_yaml.rb"], files)
}

/// One answer, a list of words, for each file; `None` where the program is not installed.
type Ask = fn(&[Vec<u8>]) -> Option<Vec<Vec<String>>>;

/// Each nasty text as certificate, key and password must come back as that text, and as a text.
fn nasty_texts_read_back(format: Format, before: &[u8], keys: &[&str; 3], ask: Ask) {
    let edited = NASTY_TEXTS.map(|text| {
        let change = Edit {
            index: 0,
            certificate: NewCertificate::Pem { certificate: text, key: text },
            password: PasswordEdit::Replace(text),
        };
        edit(format, before, &change).unwrap()
    });
    let Some(read) = ask(&edited) else { return };
    for (text, words) in NASTY_TEXTS.iter().zip(read) {
        let values = values(&words);
        for key in keys {
            assert_eq!(values[*key], format!("text {text}"), "{key}");
        }
    }
}

/// Between `before` and `after` of each golden file the library sees the new values, and nothing else that is new.
fn only_intended_changes(
    format: Format,
    wanted: impl Fn(&str) -> bool,
    ask: Ask,
    key: impl Fn(usize, &str) -> String,
) {
    let cases: Vec<_> = cases::of(format).iter().filter(|case| wanted(case.name)).collect();
    let files: Vec<_> = cases.iter().flat_map(|case| [case.before(format), case.after(format)]).collect();
    let [certificate_key, key_key, password_key] = match format {
        Format::Glclient2 => ["certfile", "certkeyfile", "certpassword"],
        _ => ["api_crt", "api_pem", "api_phrase"],
    };
    let Some(read) = ask(&files) else { return };
    for (case, pair) in cases.iter().zip(read.chunks_exact(2)) {
        let change = case.edit();
        let NewCertificate::Pem { certificate, key: key_file } = change.certificate else { panic!("PEM") };
        let mut expected = values(&pair[0]);
        let mut expect = |name, text: &str| expected.insert(key(change.index, name), format!("text {text}"));
        expect(certificate_key, certificate);
        expect(key_key, key_file);
        if let PasswordEdit::Replace(password) = change.password {
            expect(password_key, password);
        }
        assert_eq!(values(&pair[1]), expected, "{}", case.name);
    }
}

pub(crate) fn values(words: &[String]) -> BTreeMap<String, String> {
    words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// Hands files to a program in `tests/foreign`, one a line in hexadecimal digits, and takes one line of words for each.
fn ask(program: &str, arguments: &[&str], files: &[Vec<u8>]) -> Option<Vec<Vec<String>>> {
    let started = Command::new(program)
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            skip(&format!("{program} cannot be run here ({error})"));
            return None;
        }
    };
    let lines: String = files.iter().map(|file| to_hex(file) + "\n").collect();
    let mut input = child.stdin.take().unwrap();
    // Beside the reading: answers that nobody takes would stop the program, and it us.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} failed");
    let answers: Vec<Vec<String>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.split(',').map(from_hex).collect())
        .collect();
    assert_eq!(answers.len(), files.len(), "one line for each file");
    Some(answers)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(word: &str) -> String {
    let bytes = word
        .as_bytes()
        .chunks_exact(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}
