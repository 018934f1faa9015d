//! What Koshin knows about a connection, whatever file it was written in.

use secrecy::SecretString;

/// One connection of one application, as its configuration file describes it.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The number that the file gives the connection; 0 where a file holds only one.
    pub index: usize,
    /// The name the user gave it.
    pub description: Option<String>,
    /// Address of the service that the application connects to.
    pub service_url: Option<String>,
    /// Whether the application presents a client certificate on this connection.
    pub uses_client_certificate: bool,
    /// Where the application finds certificate and key.
    pub certificate: CertificateLocation,
    /// The password of the key as found in the file. It may be stale when [`password_saved`](Self::password_saved) is false.
    pub password: Option<SecretString>,
    /// Whether the user lets the application keep the password: only then may a new one be stored.
    pub password_saved: bool,
    /// The file with the CA certificates that the application trusts.
    pub ca_file: Option<String>,
    /// Whether this is the connection that the application opens next.
    pub is_current: bool,
    /// Java system properties that the connection sets (monsiaj only), in the order of the file.
    pub system_properties: Vec<(String, String)>,
    /// The application's own setting of when to ask for renewal, as written (receview only, where its key is known).
    pub confirm_days: Option<String>,
    /// What only Koshin's own list says; present exactly for [`Format::Files`](crate::Format::Files).
    pub files: Option<FilesSettings>,
    /// Why Koshin cannot renew this connection, if it cannot.
    pub unsupported: Option<String>,
}

impl Connection {
    /// A connection of which nothing is known but its number.
    pub(crate) fn new(index: usize) -> Self {
        Self {
            index,
            description: None,
            service_url: None,
            uses_client_certificate: false,
            certificate: CertificateLocation::None,
            password: None,
            password_saved: false,
            ca_file: None,
            is_current: false,
            system_properties: Vec::new(),
            confirm_days: None,
            files: None,
            unsupported: None,
        }
    }
}

/// Where an application finds certificate and private key. Paths are exactly as the application sees them, unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateLocation {
    /// None is configured.
    None,
    /// Both in one PKCS#12 file.
    Pkcs12 {
        /// Path of the PKCS#12 file.
        file: String,
    },
    /// PEM files; the same path twice when both lie in one file.
    Pem {
        /// Path of the certificate.
        certificate: String,
        /// Path of the private key.
        key: String,
    },
}

/// Settings that only Koshin's own `files.toml` has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilesSettings {
    /// A file whose content is the password of the key; it is replaced together with the key.
    pub password_file: Option<String>,
    /// Base URL of the authentication host, where the table of known hosts does not tell it.
    pub renewal_url: Option<String>,
    /// Program and arguments to run after the files were replaced; empty for none.
    pub hook: Vec<String>,
}

/// The files that a connection is to use from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewCertificate<'a> {
    /// One PKCS#12 file.
    Pkcs12 {
        /// Path of the PKCS#12 file, as the application shall see it.
        file: &'a str,
    },
    /// Two PEM files.
    Pem {
        /// Path of the certificate.
        certificate: &'a str,
        /// Path of the private key.
        key: &'a str,
    },
}

/// What happens to the saved password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PasswordEdit<'a> {
    /// It stays as it is, saved or not.
    Keep,
    /// It is replaced. An error where the user chose not to save it: a password is never stored against that choice.
    Replace(&'a str),
}

impl std::fmt::Debug for PasswordEdit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Replace(_) => "Replace([REDACTED])",
        })
    }
}

/// One change to one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit<'a> {
    /// The [`Connection::index`] of the connection to change.
    pub index: usize,
    /// The files it shall use.
    pub certificate: NewCertificate<'a>,
    /// What happens to its saved password.
    pub password: PasswordEdit<'a>,
}
