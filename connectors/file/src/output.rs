//! Where records go: whole lines at the end of a file, or standard output.
//!
//! Several tasks, also of several workers, may share a file. Each batch is appended under the file's advisory lock, so
//! that lines never mix and so that what a failed write left by half can be taken back without touching another's.
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use longshore_api::record::SinkRecord;

use crate::error::FileError;
use crate::sink::write_line;

/// So much is collected before it is written in one call.
const WRITE_BYTES: usize = 1024 * 1024;
/// How long another's lock is waited for before the batch is given back.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// How far back a line end is looked for in a file that does not end in one.
const TAIL_BYTES: u64 = 64 * 1024 * 1024;

/// Something that batches of lines are appended to.
pub(crate) enum Output {
    /// A regular file.
    File(LineFile),
    /// Standard output, a pipe or a device: written to, never locked, cut or synced.
    Stream { stream: Box<dyn Write + Send>, what: String },
}

impl Output {
    pub(crate) fn stdout() -> Self {
        Self::Stream { stream: Box::new(io::stdout()), what: "standard output".into() }
    }

    /// Opens or creates the file and removes a line that somebody killed left unfinished.
    pub(crate) async fn open(path: &Path) -> Result<Self, FileError> {
        let file = open(path)?;
        let about = file.metadata().map_err(|why| FileError::Open { path: path.to_path_buf(), why })?;
        if !about.is_file() {
            return Ok(Self::Stream { stream: Box::new(file), what: path.display().to_string() });
        }
        let file = LineFile { file, id: (about.dev(), about.ino()), path: path.to_path_buf(), unsynced: false };
        file.remove_torn_tail().await?;
        Ok(Self::File(file))
    }

    /// Appends one line per record: all of them, or none and an error.
    pub(crate) async fn append(&mut self, batch: &[SinkRecord], buffer: &mut String) -> Result<(), FileError> {
        match self {
            Self::File(file) => file.append(batch, buffer).await,
            Self::Stream { stream, what } => write_lines(batch, buffer, |lines| stream.write_all(lines))
                .and_then(|()| stream.flush())
                .map_err(|why| FileError::Write { what: what.clone(), why }),
        }
    }

    /// Asks the disk to keep what was appended.
    pub(crate) fn sync(&mut self) -> Result<(), FileError> {
        match self {
            Self::File(file) => file.sync(),
            Self::Stream { .. } => Ok(()),
        }
    }
}

/// A regular file that lines are appended to.
pub(crate) struct LineFile {
    file: File,
    id: (u64, u64),
    path: PathBuf,
    unsynced: bool,
}

impl LineFile {
    async fn append(&mut self, batch: &[SinkRecord], buffer: &mut String) -> Result<(), FileError> {
        self.follow_path()?;
        let _lock = Lock::take(&self.file, &self.path).await?;
        self.unsynced = true;
        append_whole(&mut &self.file, batch, buffer).map_err(|failure| {
            let what = self.path.display().to_string();
            match failure.cut {
                None => FileError::Write { what, why: failure.why },
                Some(cut) => FileError::TakeBack { what, why: failure.why, cut },
            }
        })
    }

    fn sync(&mut self) -> Result<(), FileError> {
        if self.unsynced {
            let what = || self.path.display().to_string();
            self.file.sync_data().map_err(|why| FileError::Sync { what: what(), why })?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Opens the path again where the file was moved away or deleted, as log rotation does; writing on into a file
    /// without a name would lose records in silence.
    fn follow_path(&mut self) -> Result<(), FileError> {
        let here = std::fs::metadata(&self.path).is_ok_and(|about| (about.dev(), about.ino()) == self.id);
        if here {
            return Ok(());
        }
        self.sync()?;
        let failed = |why| FileError::Open { path: self.path.clone(), why };
        let file = open(&self.path)?;
        let about = file.metadata().map_err(failed)?;
        tracing::info!(file = %self.path.display(), "the file was moved or deleted; writing to a new one");
        (self.file, self.id) = (file, (about.dev(), about.ino()));
        Ok(())
    }

    async fn remove_torn_tail(&self) -> Result<(), FileError> {
        let failed = |why| FileError::Open { path: self.path.clone(), why };
        let mut reader = match File::open(&self.path) {
            Ok(reader) => reader,
            Err(why) if why.kind() == ErrorKind::PermissionDenied => {
                tracing::warn!(file = %self.path.display(), "the file may not be read, so an unfinished last line stays");
                return Ok(());
            }
            Err(why) => return Err(failed(why)),
        };
        let _lock = Lock::take(&self.file, &self.path).await?;
        let length = self.file.metadata().map_err(failed)?.len();
        let Some(end) = end_of_last_line(&mut reader, length, TAIL_BYTES).map_err(failed)? else {
            return Err(FileError::NoLines { path: self.path.clone(), scanned: TAIL_BYTES });
        };
        if end < length {
            tracing::warn!(
                file = %self.path.display(), bytes = length - end,
                "the last line was unfinished and is removed; if it was a record, that record comes again"
            );
            self.file.set_len(end).map_err(failed)?;
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    let failed = |why: io::Error| match why.kind() {
        ErrorKind::IsADirectory => FileError::Folder { path: path.to_path_buf() },
        _ => FileError::Open { path: path.to_path_buf(), why },
    };
    OpenOptions::new().append(true).create(true).open(path).map_err(failed)
}

/// The file's advisory lock, until it is dropped.
struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    async fn take(file: &'a File, path: &Path) -> Result<Self, FileError> {
        let (started, mut pause) = (Instant::now(), Duration::from_millis(1));
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                // A file system without locks: one writer is all it can serve, and one writer needs no lock.
                Err(TryLockError::Error(why)) if has_no_locks(&why) => return Ok(Self(file)),
                Err(TryLockError::Error(why)) => return Err(FileError::Open { path: path.to_path_buf(), why }),
                Err(TryLockError::WouldBlock) if started.elapsed() > LOCK_TIMEOUT => {
                    return Err(FileError::Locked { path: path.to_path_buf(), waited_s: LOCK_TIMEOUT.as_secs() });
                }
                Err(TryLockError::WouldBlock) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
            }
        }
    }
}

fn has_no_locks(why: &io::Error) -> bool {
    why.kind() == ErrorKind::Unsupported || why.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Closing the file would let it go as well.
        let _ = self.0.unlock();
    }
}

/// What appending needs of a file; a seam, so that a disk can be full in a test.
trait Appendable {
    fn length(&self) -> io::Result<u64>;
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Appendable for &File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.write_all(lines)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Why nothing was appended, and why a part of it may have stayed behind after all.
struct Failure {
    why: io::Error,
    cut: Option<io::Error>,
}

fn append_whole(to: &mut impl Appendable, batch: &[SinkRecord], buffer: &mut String) -> Result<(), Failure> {
    let before = to.length().map_err(|why| Failure { why, cut: None })?;
    write_lines(batch, buffer, |lines| to.append(lines)).map_err(|why| Failure { why, cut: to.cut(before).err() })
}

/// Hands the lines of a batch on in large pieces, each of whole lines. The buffer is lent, and empty at both ends.
fn write_lines(
    batch: &[SinkRecord],
    buffer: &mut String,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    buffer.clear();
    for record in batch {
        write_line(&record.record.value.value, buffer);
        if buffer.len() >= WRITE_BYTES {
            write(buffer.as_bytes())?;
            buffer.clear();
        }
    }
    if !buffer.is_empty() {
        write(buffer.as_bytes())?;
        buffer.clear();
    }
    // One huge record must not hold its memory for ever.
    buffer.shrink_to(2 * WRITE_BYTES);
    Ok(())
}

/// Where the last whole line of the first `length` bytes ends; `None` when none is found in the last `limit` bytes.
fn end_of_last_line(file: &mut (impl Read + Seek), length: u64, limit: u64) -> io::Result<Option<u64>> {
    let mut piece = vec![0; 64 * 1024];
    let mut to = length;
    while to > 0 {
        if length - to >= limit {
            return Ok(None);
        }
        let from = to.saturating_sub(if to == length { 1 } else { piece.len() as u64 });
        let piece = &mut piece[..usize::try_from(to - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(piece)?;
        if let Some(at) = memchr::memrchr(b'\n', piece) {
            return Ok(Some(from + at as u64 + 1));
        }
        to = from;
    }
    Ok(Some(0))
}

#[cfg(test)]
mod tests;
