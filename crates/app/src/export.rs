//! Writing a file for a person: new, private, durable, whole or not at all.

use crate::dto::{Refusal, RefusalCode};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes `bytes` to `path`, which must not exist.
///
/// # Errors
/// `CannotWrite`; then there is no file, or the one that was there before.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let file = create(path).map_err(|error| cannot_write(path, &error))?;
    fill(file, path, bytes).map_err(|error| {
        // Half a file helps nobody; that it may stay is said by the refusal.
        let _ = fs::remove_file(path);
        cannot_write(path, &error)
    })
}

/// Creates a private file; there must be nothing of that name.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn fill(mut file: File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    settle(&file, path)
}

/// Makes what was written durable, and that it is there.
pub(crate) fn settle(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Refusal {
    let details = format!(
        "{} cannot be written ({error}); choose another place or name",
        path.display()
    );
    Refusal::new(RefusalCode::CannotWrite, &details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_private_file_and_never_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.cbor");
        write_new(&path, b"first").unwrap();
        assert_eq!(
            write_new(&path, b"second").unwrap_err().code,
            RefusalCode::CannotWrite
        );
        assert_eq!(fs::read(&path).unwrap(), b"first");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn refuses_a_place_that_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nowhere/audit.cbor");
        assert_eq!(write_new(&path, b"").unwrap_err().code, RefusalCode::CannotWrite);
    }
}
