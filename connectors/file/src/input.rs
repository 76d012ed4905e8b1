//! Where the bytes come from: a file that may appear, grow, shrink or be replaced, or standard input.
//!
//! Nothing here waits. Files are opened so that a pipe without a writer does not block either; standard input is asked
//! first whether it has something. Reading what a file already holds is a copy from the page cache, so it is done on
//! the task's own thread.
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use crate::error::FileError;
use crate::lines::LineBuffer;

/// The most that one read asks for, and the size of the blocks that lines are slices of.
pub(crate) const BLOCK_BYTES: usize = 256 * 1024;

/// What came of a look at the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// So many bytes more are in the buffer.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The file came to its end for good; what follows starts at byte zero of another one, or of the same made empty.
    Over,
}

/// Standard input, or a file by its path.
pub(crate) enum Input {
    /// Standard input.
    Stdin(File),
    /// A file.
    Path(PathInput),
}

impl Input {
    /// Standard input, read without the buffer that the process keeps for it.
    pub(crate) fn stdin() -> Result<Self, FileError> {
        let own = std::io::stdin().as_fd().try_clone_to_owned();
        let why = |why| FileError::Read { what: "standard input".into(), position: 0, why };
        Ok(Self::Stdin(File::from(own.map_err(why)?)))
    }

    /// Reads what there is, at most a block.
    pub(crate) fn look(&mut self, lines: &mut LineBuffer) -> Result<Look, FileError> {
        match self {
            Self::Stdin(file) => {
                let ready = {
                    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
                    poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&now)).unwrap_or(0) > 0
                };
                if ready { read(file, BLOCK_BYTES, "standard input", lines) } else { Ok(Look::Nothing) }
            }
            Self::Path(input) => input.look(lines),
        }
    }
}

/// A file by its path.
pub(crate) struct PathInput {
    path: PathBuf,
    open: Option<Opened>,
    /// Where to begin in the file that is opened next.
    begin_at: u64,
    /// The path names another file since the last look, and the open one had nothing more.
    replaced: bool,
    told_missing: bool,
}

struct Opened {
    file: File,
    /// Pipes and devices have neither a length nor a position.
    regular: bool,
    id: (u64, u64),
}

impl PathInput {
    pub(crate) fn new(path: &Path, begin_at: u64) -> Self {
        Self { path: path.to_path_buf(), open: None, begin_at, replaced: false, told_missing: false }
    }

    /// Opens the file, if it is there and not open yet; says whether it is open now.
    pub(crate) fn open(&mut self, lines: &mut LineBuffer) -> Result<bool, FileError> {
        if self.open.is_some() {
            return Ok(true);
        }
        let failed = |why| FileError::Open { path: self.path.clone(), why };
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
        let mut file = match OpenOptions::new().read(true).custom_flags(nonblocking).open(&self.path) {
            Ok(file) => file,
            Err(why) if why.kind() == ErrorKind::NotFound => {
                if !std::mem::replace(&mut self.told_missing, true) {
                    tracing::warn!(file = %self.path.display(), "the file is not there yet; waiting for it");
                }
                return Ok(false);
            }
            Err(why) => return Err(failed(why)),
        };
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(FileError::Folder { path: self.path.clone() });
        }
        if about.is_file() && about.len() < self.begin_at {
            tracing::warn!(
                file = %self.path.display(), length = about.len(), position = self.begin_at,
                "the file is shorter than the stored position, so it was cut or replaced; reading it from its beginning"
            );
            self.begin_at = 0;
        }
        if about.is_file() {
            file.seek(SeekFrom::Start(self.begin_at)).map_err(failed)?;
        }
        let regular = !(about.file_type().is_fifo() || about.file_type().is_char_device());
        *lines = lines.restarted(self.begin_at);
        self.open = Some(Opened { file, regular, id: id(&about) });
        (self.begin_at, self.replaced, self.told_missing) = (0, false, false);
        Ok(true)
    }

    fn look(&mut self, lines: &mut LineBuffer) -> Result<Look, FileError> {
        self.open(lines)?;
        let Some(opened) = &mut self.open else { return Ok(Look::Nothing) };
        let (what, position) = (self.path.display().to_string(), lines.read_position());
        if !opened.regular {
            return read(&mut opened.file, BLOCK_BYTES, &what, lines);
        }
        let length = match opened.file.metadata() {
            Ok(about) => about.len(),
            Err(why) => return Err(FileError::Read { what, position, why }),
        };
        if let Some(there) = length.checked_sub(position).filter(|there| *there > 0) {
            self.replaced = false;
            let wanted = usize::try_from(there).unwrap_or(usize::MAX).min(BLOCK_BYTES);
            return read(&mut opened.file, wanted, &what, lines);
        }
        if length < position {
            tracing::warn!(file = what, length, position, "the file was cut; reading it from its beginning");
            self.open = None;
            return Ok(Look::Over);
        }
        self.at_end()
    }

    /// Nothing more in the open file: another one under the same name takes its place, but only at the second look, so
    /// that a writer who still holds the old file may finish.
    fn at_end(&mut self) -> Result<Look, FileError> {
        let now = std::fs::metadata(&self.path).ok().map(|about| id(&about));
        let another = self.open.as_ref().is_some_and(|opened| now.is_some_and(|now| now != opened.id));
        if another && self.replaced {
            tracing::info!(file = %self.path.display(), "the file was replaced; reading the new one");
            self.open = None;
            return Ok(Look::Over);
        }
        self.replaced = another;
        Ok(Look::Nothing)
    }
}

fn id(about: &Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

fn read(file: &mut File, wanted: usize, what: &str, lines: &mut LineBuffer) -> Result<Look, FileError> {
    let position = lines.read_position();
    match lines.fill(wanted, BLOCK_BYTES, |space| file.read(space)) {
        Ok(0) => Ok(Look::Nothing),
        Ok(bytes) => Ok(Look::Bytes(bytes)),
        Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(Look::Nothing),
        Err(why) => Err(FileError::Read { what: what.to_string(), position, why }),
    }
}
