//! Files that are replaced as a whole: a crash leaves the old content or the new, never a mixture.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;

/// Files with this suffix are leftovers of an interrupted write and may be removed.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";

/// Replaces `path` by `content`: written beside it, forced to disk, then renamed.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY_SUFFIX);
    let temporary = Path::new(&name);
    let mut file = File::create(temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(temporary, path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Forces a directory's entries (new, renamed and removed files) to disk.
pub(crate) fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Reads a file that holds one number; `None` when it does not exist.
pub(crate) fn read_number(path: &Path) -> io::Result<Option<i64>> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no number", path.display()));
            text.trim().parse().map(Some).map_err(invalid)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn write_number(path: &Path, number: i64) -> io::Result<()> {
    replace_file(path, format!("{number}\n").as_bytes())
}

/// Takes the lock file of a data directory; `None` when another process (or broker) holds it. The lock
/// lasts as long as the returned file and goes with the process, however that ends.
pub(crate) fn lock_directory(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
