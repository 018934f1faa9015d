//! Why a configuration file could not be read or edited.

/// Why a configuration file could not be read or edited.
///
/// No variant carries a value from the file, because any value may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is not written in the format of its application, which could not read it either.
    #[error("line {line}: {reason}")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The value of a key cannot be used.
    #[error("line {line}: {key}: {reason}")]
    Value {
        /// Line, counted from 1.
        line: usize,
        /// The key, with the names of what surrounds it.
        key: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// JSON, YAML and TOML are UTF-8; in another encoding (Shift_JIS, say) no edit would be safe.
    #[error(
        "line {line}: the file is not UTF-8 text; save it as UTF-8 or change it in the application itself"
    )]
    NotUtf8 {
        /// Line of the first byte that is not UTF-8, counted from 1.
        line: usize,
    },
    /// The connection to edit is not in the file.
    #[error("the file has no connection {index}")]
    NoSuchConnection {
        /// The number asked for.
        index: usize,
    },
    /// The connection cannot be renewed by Koshin.
    #[error("connection {index} cannot be renewed: {reason}")]
    Unsupported {
        /// The connection's number.
        index: usize,
        /// Why not.
        reason: String,
    },
    /// A new password was to be stored although the user chose not to save it.
    #[error(
        "connection {index} does not save its password, so the new password must not be written into the file"
    )]
    PasswordNotSaved {
        /// The connection's number.
        index: usize,
    },
    /// The application loads another kind of file than the edit offers.
    #[error("connection {index} of {application} takes {wanted}")]
    WrongCertificateKind {
        /// The connection's number.
        index: usize,
        /// The application's name.
        application: &'static str,
        /// What it loads.
        wanted: &'static str,
    },
    /// `files.toml` is never edited: the files it names are replaced where they lie.
    #[error("this list of files is only read; the files that it names are replaced in place")]
    ReadOnly,
    /// The edited file, read again, was not what was intended. Nothing may be written.
    #[error("the edited file does not read back as intended ({reason}), so it was not used")]
    Verification {
        /// Which key differs.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn syntax(line: usize, reason: impl Into<String>) -> Self {
        Self::Syntax { line, reason: reason.into() }
    }

    pub(crate) fn value(line: usize, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value { line, key: key.into(), reason: reason.into() }
    }
}
