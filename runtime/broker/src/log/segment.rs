//! One segment: a file of batches named after the first offset it may hold, with a sparse index in
//! memory.
//!
//! Only the newest segment of a log is written to. The index has an entry about every
//! [`INDEX_INTERVAL_BYTES`]; from an entry on, batches are found by walking their headers.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::batch::{BatchHeader, HEADER_BYTES};

/// Distance between index entries in bytes of log.
pub(crate) const INDEX_INTERVAL_BYTES: u64 = 4096;
/// Recovery reads the file in pieces of this size.
const SCAN_BYTES: usize = 1 << 20;
/// Enough of a batch to tell which way a transaction marker went.
const PEEK_BYTES: usize = HEADER_BYTES + 17;

#[derive(Debug)]
pub(crate) struct Segment {
    pub base_offset: i64,
    /// The offset after the last record in the file; the base offset while it is empty.
    pub end_offset: i64,
    pub path: PathBuf,
    pub file: Arc<File>,
    /// Bytes of whole batches in the file.
    pub size: u64,
    /// The newest record's time, -1 while the segment holds none.
    pub max_timestamp: i64,
    /// Where the batch with the newest record lies.
    pub max_timestamp_position: u64,
    /// When the segment was begun, in milliseconds since 1970.
    pub created_ms: i64,
    index: Vec<IndexEntry>,
}

#[derive(Clone, Copy, Debug)]
struct IndexEntry {
    base_offset: i64,
    position: u64,
    /// The newest time among everything in front of this entry.
    max_timestamp_before: i64,
}

/// What [`Segment::recover`] found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub segment: Segment,
    /// Bytes behind the last good batch, now cut off.
    pub cut_bytes: u64,
}

impl Segment {
    /// Begins an empty segment file in `dir`.
    pub(crate) fn create(dir: &Path, base_offset: i64, now_ms: i64) -> io::Result<Segment> {
        let path = dir.join(file_name(base_offset));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Self::empty(path, file, base_offset, now_ms))
    }

    /// Opens a segment file and rebuilds its index, handing every batch's header and first bytes to
    /// `replay` in order. The file is cut behind the last good batch; `verify` also checks checksums.
    pub(crate) fn recover(
        path: &Path,
        base_offset: i64,
        verify: bool,
        mut replay: impl FnMut(&BatchHeader, &[u8]),
    ) -> io::Result<Recovered> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let metadata = file.metadata()?;
        let created_ms = metadata.created().or_else(|_| metadata.modified()).map_or(0, crate::clock::to_ms);
        let mut segment = Self::empty(path.to_path_buf(), file, base_offset, created_ms);
        let mut window = Window::new(Arc::clone(&segment.file), metadata.len());
        while let Some(peek) = window.bytes(segment.size, PEEK_BYTES)? {
            let Ok(header) = BatchHeader::parse(peek) else { break };
            if segment.size + header.size as u64 > metadata.len() || header.base_offset < segment.end_offset {
                break;
            }
            if verify {
                let Some(whole) = window.bytes(segment.size, header.size)? else { break };
                if BatchHeader::parse_whole(whole).is_err() {
                    break;
                }
                replay(&header, whole);
            } else {
                replay(&header, peek);
            }
            segment.added(&header);
        }
        let cut_bytes = metadata.len() - segment.size;
        if cut_bytes > 0 {
            segment.file.set_len(segment.size)?;
        }
        Ok(Recovered { segment, cut_bytes })
    }

    fn empty(path: PathBuf, file: File, base_offset: i64, created_ms: i64) -> Segment {
        Segment {
            base_offset,
            end_offset: base_offset,
            path,
            file: Arc::new(file),
            size: 0,
            max_timestamp: -1,
            max_timestamp_position: 0,
            created_ms,
            index: Vec::new(),
        }
    }

    /// Writes a batch behind the others. After an error the segment is as it was.
    pub(crate) fn append(&mut self, batch: &[u8], header: &BatchHeader) -> io::Result<()> {
        if let Err(error) = self.file.write_all_at(batch, self.size) {
            // A part may have been written; readers never look beyond `size`, recovery would cut it.
            let _ = self.file.set_len(self.size);
            return Err(error);
        }
        self.added(header);
        Ok(())
    }

    fn added(&mut self, header: &BatchHeader) {
        let due = self.index.last().is_none_or(|last| self.size - last.position >= INDEX_INTERVAL_BYTES);
        if due {
            self.index.push(IndexEntry {
                base_offset: header.base_offset,
                position: self.size,
                max_timestamp_before: self.max_timestamp,
            });
        }
        // Markers carry the broker's time, which says nothing about the records.
        if header.max_timestamp > self.max_timestamp && !header.is_control() {
            self.max_timestamp = header.max_timestamp;
            self.max_timestamp_position = self.size;
        }
        self.size += header.size as u64;
        self.end_offset = header.last_offset() + 1;
    }

    /// Where to start walking to find `offset`.
    pub(crate) fn position_before_offset(&self, offset: i64) -> u64 {
        let after = self.index.partition_point(|entry| entry.base_offset <= offset);
        self.index.get(after.saturating_sub(1)).map_or(0, |entry| entry.position)
    }

    /// Where to start walking to find the first batch with a record of `timestamp` or later.
    pub(crate) fn position_before_time(&self, timestamp: i64) -> u64 {
        let after = self.index.partition_point(|entry| entry.max_timestamp_before < timestamp);
        self.index.get(after.saturating_sub(1)).map_or(0, |entry| entry.position)
    }
}

/// The name of the segment file that begins at `base_offset`.
pub(crate) fn file_name(base_offset: i64) -> String {
    format!("{base_offset:020}.log")
}

/// The base offset in a segment file's name; `None` for other files.
pub(crate) fn base_offset_of(name: &str) -> Option<i64> {
    let digits = name.strip_suffix(".log")?;
    if digits.len() == 20 { digits.parse().ok() } else { None }
}

/// A sliding view over a file, for walking forward through it.
pub(crate) struct Window {
    file: Arc<File>,
    end: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    /// A view over the first `end` bytes of `file`.
    pub(crate) fn new(file: Arc<File>, end: u64) -> Window {
        Window { file, end, start: 0, buffer: Vec::new() }
    }

    /// The bytes from `position`: `wanted` of them, or fewer only at the end; `None` at the very end.
    pub(crate) fn bytes(&mut self, position: u64, wanted: usize) -> io::Result<Option<&[u8]>> {
        let available = self.end.saturating_sub(position);
        if available == 0 {
            return Ok(None);
        }
        let wanted = wanted.min(usize::try_from(available).unwrap_or(usize::MAX));
        let inside = position >= self.start && position + wanted as u64 <= self.start + self.buffer.len() as u64;
        if !inside {
            let length = usize::try_from(available).unwrap_or(usize::MAX).min(wanted.max(SCAN_BYTES));
            self.buffer.resize(length, 0);
            self.start = position;
            if let Err(error) = self.file.read_exact_at(&mut self.buffer, position) {
                self.buffer.clear();
                return Err(error);
            }
        }
        let from = (position - self.start) as usize;
        Ok(Some(&self.buffer[from..from + wanted]))
    }
}
