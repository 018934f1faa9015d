//! Reading files of foreign origin: never without a limit.

use std::{fs::File, io, io::Read, path::Path};

/// No configuration, certificate or key is longer than this, in bytes.
pub(crate) const MAX_FILE: u64 = 1024 * 1024;

/// The content of a file of at most [`MAX_FILE`] bytes.
///
/// # Errors
/// What the operating system says, or `FileTooLarge`.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Like [`read`]; `None` when there is no such file.
///
/// # Errors
/// As for [`read`].
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
