//! Reading batches out of segments without holding the partition's lock.
//!
//! A plan is made under the lock and names a file, a place and limits; carrying it out only reads.
//! Files that retention or compaction take away meanwhile stay readable through the open handle.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::batch::{BatchHeader, HEADER_BYTES};
use super::records;
use super::segment::{INDEX_INTERVAL_BYTES, Window};

/// Batches to read: from the one that holds `from` up to `limit`, at most `max_bytes` of them.
#[derive(Debug)]
pub(crate) struct ReadPlan {
    pub(super) file: Arc<File>,
    pub(super) position: u64,
    /// Bytes of whole batches in the file.
    pub(super) end: u64,
    pub(super) from: i64,
    /// Batches from this offset on are not read.
    pub(super) limit: i64,
}

impl ReadPlan {
    /// An upper bound of what carrying out the plan reads for `max_bytes`.
    pub(crate) fn cost_bytes(&self, max_bytes: usize) -> usize {
        usize::try_from(self.end - self.position).unwrap_or(usize::MAX).min(max_bytes)
    }

    /// Reads the batches. With `at_least_one`, the first batch comes whole even beyond `max_bytes`.
    pub(crate) fn read(&self, max_bytes: usize, at_least_one: bool) -> io::Result<Bytes> {
        let mut length = self.cost_bytes(max_bytes.saturating_add(INDEX_INTERVAL_BYTES as usize));
        loop {
            let mut buffer = BytesMut::zeroed(length);
            self.file.read_exact_at(&mut buffer, self.position)?;
            match self.select(&buffer, max_bytes, at_least_one) {
                Selection::Range(from, to) => return Ok(buffer.freeze().slice(from..to)),
                // The first batch alone is larger than the buffer; its size is known now.
                Selection::NeedsBytes(wanted) if self.position + wanted as u64 <= self.end => length = wanted,
                Selection::NeedsBytes(_) => return Ok(Bytes::new()),
            }
        }
    }

    fn select(&self, buffer: &[u8], max_bytes: usize, at_least_one: bool) -> Selection {
        let (mut at, mut first) = (0, None);
        while at < buffer.len() {
            let begun = first.unwrap_or(at);
            let Ok(header) = BatchHeader::parse(&buffer[at..]) else {
                let cut_off = buffer.len() - at < HEADER_BYTES;
                return partial(begun, at, at + HEADER_BYTES, cut_off && first.is_none() && at_least_one);
            };
            if header.base_offset >= self.limit {
                break;
            }
            if header.last_offset() < self.from {
                at += header.size;
                continue;
            }
            let wanted_anyway = first.is_none() && at_least_one;
            if at + header.size - begun > max_bytes && !wanted_anyway {
                break;
            }
            if at + header.size > buffer.len() {
                return partial(begun, at, at + header.size, first.is_none() && at_least_one);
            }
            first = Some(begun);
            at += header.size;
        }
        match first {
            Some(first) => Selection::Range(first, at),
            // Everything in the buffer lay before `from`: the wanted batch begins right behind it.
            None if at >= buffer.len() && at_least_one => Selection::NeedsBytes(at + HEADER_BYTES),
            None => Selection::Range(0, 0),
        }
    }
}

enum Selection {
    Range(usize, usize),
    NeedsBytes(usize),
}

fn partial(begun: usize, at: usize, wanted: usize, needed: bool) -> Selection {
    if needed { Selection::NeedsBytes(wanted) } else { Selection::Range(begun, at) }
}

/// A look-up by time: walk the batches from `position` for the first record of `timestamp` or later.
#[derive(Debug)]
pub(crate) struct TimeLookup {
    pub(super) file: Arc<File>,
    pub(super) position: u64,
    pub(super) end: u64,
    pub(super) timestamp: i64,
    /// Records before this offset are gone for clients.
    pub(super) start_offset: i64,
}

impl TimeLookup {
    /// The offset and time of the record, if there is one in this segment.
    pub(crate) fn find(&self) -> io::Result<Option<(i64, i64)>> {
        let mut window = Window::new(Arc::clone(&self.file), self.end);
        let mut position = self.position;
        while let Some(peek) = window.bytes(position, HEADER_BYTES)? {
            let Ok(header) = BatchHeader::parse(peek) else { break };
            if header.max_timestamp >= self.timestamp && !header.is_control() {
                let Some(batch) = window.bytes(position, header.size)? else { break };
                if let Some(found) = self.find_in(&header, batch) {
                    return Ok(Some(found));
                }
            }
            position += header.size as u64;
        }
        Ok(None)
    }

    fn find_in(&self, header: &BatchHeader, batch: &[u8]) -> Option<(i64, i64)> {
        let Ok(unpacked) = records::unpack(header, batch) else {
            // A codec that cannot be read here: the batch's own time is the best answer.
            return Some((header.base_offset, header.max_timestamp));
        };
        records::walk(&unpacked)
            .map_while(Result::ok)
            .map(|record| {
                let own = header.base_timestamp + record.timestamp_delta;
                let time = if header.has_append_time() { header.max_timestamp } else { own };
                (header.base_offset + i64::from(record.offset_delta), time)
            })
            .find(|(offset, time)| *time >= self.timestamp && *offset >= self.start_offset)
    }
}
