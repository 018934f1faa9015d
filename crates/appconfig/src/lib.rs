//! The configuration files of the applications that Koshin renews certificates for: bytes and an edit in, bytes out.
//!
//! Koshin changes files that belong to other programs. Three rules follow, and every format here keeps them:
//!
//! 1. **Splice, never re-serialise.** Only the bytes of the values that must change are replaced, so comments, order,
//!    line endings, unknown keys and bytes in a foreign encoding survive byte for byte.
//! 2. **Read what the application reads.** Duplicate keys, escapes and line continuations are resolved as the
//!    application's own library resolves them; the occurrence that is edited is the one that is in effect.
//! 3. **Trust nothing, not even ourselves.** Each edit parses its own output and compares: exactly the intended values
//!    changed, or there is an error and nobody writes anything.
//!
//! The crate is pure: no files, no clock, no environment. Paths are the strings the application sees, unescaped.
//!
//! ```
//! use koshin_appconfig::{edit, read, CertificateLocation, Edit, Format, NewCertificate, PasswordEdit};
//!
//! let before = b"monsiaj.config.0.clientCertificateFile=C\\:\\\\old.p12\nmonsiaj.current=0\n";
//! let connections = read(Format::Monsiaj, before)?;
//! assert_eq!(connections[0].certificate, CertificateLocation::Pkcs12 { file: r"C:\old.p12".into() });
//!
//! let change = Edit {
//!     index: 0,
//!     certificate: NewCertificate::Pkcs12 { file: r"C:\new.p12" },
//!     password: PasswordEdit::Keep,
//! };
//! let after = edit(Format::Monsiaj, before, &change)?;
//! assert_eq!(after, b"monsiaj.config.0.clientCertificateFile=C\\:\\\\new.p12\nmonsiaj.current=0\n");
//! # Ok::<(), koshin_appconfig::ConfigError>(())
//! ```

mod documents;
mod error;
mod files;
mod files_entry;
mod formats;
mod model;
pub mod profile;
mod splice;
mod text;

pub use error::ConfigError;
pub use files_entry::{FilesEntry, add_files_entry};
pub use formats::receview::ReceviewKeys;
pub use model::{CertificateLocation, Connection, Edit, FilesSettings, NewCertificate, PasswordEdit};

use formats::{glclient2, monsiaj, receview};

/// Which application a configuration file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// ORCAMOクライアント (monsiaj): `monsiaj.jsonrpc.properties`, Java properties.
    Monsiaj,
    /// glclient2: `config.json`, written by json-c.
    Glclient2,
    /// レセ電ビューア (jma-receview): `receview.conf`, YAML written by Ruby's Psych, with the keys of [`ReceviewKeys::default`].
    Receview,
    /// Koshin's own `files.toml`: a list of PEM or PKCS#12 files that are replaced where they lie.
    /// Nothing in it is edited; see [`add_files_entry`].
    Files,
}

/// The connections that a configuration file describes, in the order of their numbers.
///
/// # Errors
/// When the file is not what the application itself could read, or a value that Koshin needs has the wrong type. The
/// error names line and key where it can, and never a value: values may be passwords.
pub fn read(format: Format, bytes: &[u8]) -> Result<Vec<Connection>, ConfigError> {
    match format {
        Format::Monsiaj => monsiaj::read(bytes),
        Format::Glclient2 => glclient2::read(bytes),
        Format::Receview => receview::read(bytes, &ReceviewKeys::default()),
        Format::Files => files::read(bytes),
    }
}

/// The same file with one connection pointed at a new certificate, byte-identical outside the edited values.
///
/// # Errors
/// As for [`read`]; when the connection does not exist or cannot be renewed; when the certificate is not of the kind
/// that the application loads; when the password is to be replaced though the user chose not to save it; and when the
/// result, read again, is not exactly what was intended.
pub fn edit(format: Format, bytes: &[u8], edit: &Edit<'_>) -> Result<Vec<u8>, ConfigError> {
    match format {
        Format::Monsiaj => monsiaj::edit(bytes, edit),
        Format::Glclient2 => glclient2::edit(bytes, edit),
        Format::Receview => receview::edit(bytes, edit, &ReceviewKeys::default()),
        Format::Files => Err(ConfigError::ReadOnly),
    }
}

/// [`read`] for レセ電ビューア with other key names than the default ones.
///
/// # Errors
/// As for [`read`].
pub fn read_receview(bytes: &[u8], keys: &ReceviewKeys) -> Result<Vec<Connection>, ConfigError> {
    receview::read(bytes, keys)
}

/// [`edit`] for レセ電ビューア with other key names than the default ones.
///
/// # Errors
/// As for [`edit`].
pub fn edit_receview(bytes: &[u8], edit: &Edit<'_>, keys: &ReceviewKeys) -> Result<Vec<u8>, ConfigError> {
    receview::edit(bytes, edit, keys)
}
