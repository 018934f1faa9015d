//! The golden files and the edit that leads from each `before` to its `after`.

use koshin_appconfig::{Edit, Format, NewCertificate, PasswordEdit};
use std::path::PathBuf;

/// One pair of files in `tests/golden/<application>/<name>.{before,after}.<extension>`.
pub(crate) struct Case {
    /// What is nasty about the file.
    pub(crate) name: &'static str,
    index: usize,
    certificate: NewCertificate<'static>,
    password: PasswordEdit<'static>,
}

impl Case {
    pub(crate) fn edit(&self) -> Edit<'static> {
        Edit { index: self.index, certificate: self.certificate, password: self.password }
    }

    pub(crate) fn before(&self, format: Format) -> Vec<u8> {
        self.contents(format, "before")
    }

    pub(crate) fn after(&self, format: Format) -> Vec<u8> {
        self.contents(format, "after")
    }

    fn contents(&self, format: Format, state: &str) -> Vec<u8> {
        let extension = match format {
            Format::Monsiaj => "properties",
            Format::Glclient2 => "json",
            Format::Receview => "yaml",
            Format::Files => "toml",
        };
        let path = folder(format).join(format!("{}.{state}.{extension}", self.name));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Where the golden files of a format lie.
pub(crate) fn folder(format: Format) -> PathBuf {
    let application = match format {
        Format::Monsiaj => "monsiaj",
        Format::Glclient2 => "glclient2",
        Format::Receview => "receview",
        Format::Files => "files",
    };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(application)
}

/// All cases of a format.
pub(crate) fn of(format: Format) -> &'static [Case] {
    match format {
        Format::Monsiaj => MONSIAJ_CASES,
        Format::Glclient2 => GLCLIENT2_CASES,
        Format::Receview => RECEVIEW_CASES,
        Format::Files => &[],
    }
}

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

const MONSIAJ_ON_WINDOWS: NewCertificate<'_> =
    NewCertificate::Pkcs12 { file: r"C:\Users\山田 𠮷\.monsiaj\new.p12" };

const MONSIAJ_CASES: &[Case] = &[
    Case { name: "plain", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "crlf", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "shift_jis_comment", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "password_not_saved", index: 0, certificate: MONSIAJ, password: KEEP },
    Case { name: "duplicate_keys", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "continuation_lines", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "separators", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "keys_missing", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "no_newline_at_end", index: 0, certificate: MONSIAJ, password: KEEP },
    Case { name: "backslash_at_end", index: 0, certificate: MONSIAJ, password: KEEP },
    Case { name: "lone_backslash_at_end", index: 0, certificate: MONSIAJ, password: KEEP },
    Case { name: "value_missing", index: 0, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "second_connection", index: 10, certificate: MONSIAJ, password: MONSIAJ_PASSWORD },
    Case { name: "windows_path", index: 0, certificate: MONSIAJ_ON_WINDOWS, password: MONSIAJ_PASSWORD },
];

const GLCLIENT2_ON_WINDOWS: NewCertificate<'_> = NewCertificate::Pem {
    certificate: r"C:\Users\山田\.glclient\new.crt",
    key: r"C:\Users\山田\.glclient\new.pem",
};

const GLCLIENT2_CASES: &[Case] = &[
    Case { name: "one_line", index: 0, certificate: GLCLIENT2, password: GLCLIENT2_PASSWORD },
    Case { name: "bom", index: 0, certificate: GLCLIENT2, password: GLCLIENT2_PASSWORD },
    Case { name: "password_not_saved", index: 0, certificate: GLCLIENT2, password: KEEP },
    Case { name: "second_of_three", index: 1, certificate: GLCLIENT2, password: GLCLIENT2_PASSWORD },
    Case { name: "crlf", index: 1, certificate: GLCLIENT2, password: GLCLIENT2_PASSWORD },
    Case { name: "keys_missing_one_line", index: 0, certificate: GLCLIENT2, password: GLCLIENT2_PASSWORD },
    Case { name: "keys_missing_pretty", index: 0, certificate: GLCLIENT2, password: KEEP },
    Case { name: "empty_entry", index: 0, certificate: GLCLIENT2, password: KEEP },
    Case { name: "duplicate_keys", index: 0, certificate: GLCLIENT2, password: GLCLIENT2_PASSWORD },
    Case { name: "windows_path", index: 0, certificate: GLCLIENT2_ON_WINDOWS, password: GLCLIENT2_PASSWORD },
];

const RECEVIEW_ON_WINDOWS: NewCertificate<'_> = NewCertificate::Pem {
    certificate: r"C:\Users\山田\client.crt.20261122",
    key: r"C:\Users\山田\client.pem.20261122",
};

const RECEVIEW_CASES: &[Case] = &[
    Case { name: "psych", index: 0, certificate: RECEVIEW, password: RECEVIEW_PASSWORD },
    Case { name: "crlf", index: 0, certificate: RECEVIEW, password: RECEVIEW_PASSWORD },
    Case { name: "bom", index: 0, certificate: RECEVIEW, password: RECEVIEW_PASSWORD },
    Case {
        name: "looks_like_no_text",
        index: 0,
        certificate: RECEVIEW,
        password: PasswordEdit::Replace("1e5"),
    },
    Case { name: "plain_and_single", index: 0, certificate: RECEVIEW, password: RECEVIEW_PASSWORD },
    Case { name: "block_scalars", index: 0, certificate: RECEVIEW, password: RECEVIEW_PASSWORD },
    Case { name: "keys_missing", index: 0, certificate: RECEVIEW, password: KEEP },
    Case { name: "values_missing", index: 0, certificate: RECEVIEW, password: KEEP },
    Case { name: "duplicate_keys", index: 0, certificate: RECEVIEW, password: RECEVIEW_PASSWORD },
    Case { name: "windows_path", index: 0, certificate: RECEVIEW_ON_WINDOWS, password: RECEVIEW_PASSWORD },
];
