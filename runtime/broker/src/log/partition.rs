//! The log of one partition: appending, finding what to read, beginning new segments.
//!
//! Guarantees: offsets are given in order without gaps (compaction may open some later); a batch that
//! was answered with an offset is in the file; after a failed write the log is as before and answers
//! `KAFKA_STORAGE_ERROR` until writing works again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use tracing::{info, warn};

use super::batch::{self, BatchFault, BatchHeader};
use super::producers::{AbortedTransaction, Producers, Verdict};
use super::reading::{ReadPlan, TimeLookup};
use super::records;
use super::segment::{self, Recovered, Segment};
use crate::storage;
use crate::topics::config::LogSettings;

/// Where an append landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub base_offset: i64,
    /// The time of the append when records carry it, else -1.
    pub append_time_ms: i64,
}

#[derive(Debug)]
pub(crate) struct PartitionLog {
    pub(super) dir: PathBuf,
    /// In order; the last one is written to.
    pub(super) segments: Vec<Segment>,
    start_offset: i64,
    pub(super) producers: Producers,
    pub(super) settings: LogSettings,
    /// Everything before this offset was compacted already.
    pub(super) cleaned_offset: i64,
    /// Closed segments that may not be on the disk yet.
    unsynced_closed: Vec<Arc<File>>,
    /// Whether the newest segment has something that may not be on the disk yet.
    unsynced: bool,
    write_failed: bool,
}

impl PartitionLog {
    /// Opens the log in `dir`, creating it when absent; cuts off a torn tail.
    pub(crate) fn open(dir: &Path, settings: LogSettings, now_ms: i64) -> io::Result<PartitionLog> {
        std::fs::create_dir_all(dir)?;
        let mut files = segment_files(dir)?;
        files.sort_unstable();
        let mut log = PartitionLog {
            dir: dir.to_path_buf(),
            segments: Vec::with_capacity(files.len() + 1),
            start_offset: 0,
            producers: Producers::default(),
            settings,
            cleaned_offset: 0,
            unsynced_closed: Vec::new(),
            unsynced: false,
            write_failed: false,
        };
        let newest = files.last().copied();
        for base_offset in files {
            log.load_segment(base_offset, Some(base_offset) == newest, now_ms)?;
        }
        if log.segments.is_empty() {
            log.segments.push(Segment::create(dir, 0, now_ms)?);
        }
        let kept = storage::read_number(&dir.join(START_OFFSET_FILE))?.unwrap_or(0);
        log.start_offset = log.segments[0].base_offset.max(kept).min(log.next_offset());
        Ok(log)
    }

    fn load_segment(&mut self, base_offset: i64, newest: bool, now_ms: i64) -> io::Result<()> {
        let path = self.dir.join(segment::file_name(base_offset));
        if self.segments.last().is_some_and(|before| base_offset < before.end_offset) {
            // Compaction wrote these records into the segment before and was stopped half-way.
            info!(file = %path.display(), "removing a segment that compaction had replaced");
            return std::fs::remove_file(path);
        }
        let producers = &mut self.producers;
        let Recovered { segment, cut_bytes } =
            Segment::recover(&path, base_offset, newest, |header, bytes| replay(producers, header, bytes, now_ms))?;
        if cut_bytes > 0 {
            warn!(file = %path.display(), cut_bytes, "cut an incomplete end off a segment");
        }
        self.segments.push(segment);
        Ok(())
    }

    /// The first offset that clients may read.
    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset that the next record gets; on a single node also the high watermark.
    pub(crate) fn next_offset(&self) -> i64 {
        self.active().end_offset
    }

    /// The first offset that is part of an open transaction, or the end.
    pub(crate) fn stable_offset(&self) -> i64 {
        self.producers.first_open_offset().unwrap_or_else(|| self.next_offset())
    }

    pub(crate) fn producers(&self) -> &Producers {
        &self.producers
    }

    /// Forgets producers silent since `oldest_ms`.
    pub(crate) fn expire_producers(&mut self, oldest_ms: i64) {
        self.producers.expire(oldest_ms);
    }

    /// Puts a changed topic configuration into force.
    pub(crate) fn configure(&mut self, settings: LogSettings) {
        self.settings = settings;
    }

    /// Appends the batch that a producer sent; requests have carried exactly one for a partition since
    /// message format v2.
    pub(crate) fn append(&mut self, bytes: &[u8], now_ms: i64) -> Result<Appended, ResponseError> {
        let mut header = self.check(bytes)?;
        if let Verdict::Duplicate(base_offset) = self.producers.judge(&header)? {
            return Ok(Appended { base_offset, append_time_ms: -1 });
        }
        self.roll_if_full(bytes.len() as u64, now_ms)?;
        let mut batch = bytes.to_vec();
        let mut append_time_ms = -1;
        if self.settings.append_time {
            batch::stamp_append_time(&mut batch, now_ms);
            header.max_timestamp = now_ms;
            append_time_ms = now_ms;
        }
        header.base_offset = self.next_offset();
        batch::place(&mut batch, header.base_offset);
        self.write(&batch, &header)?;
        self.producers.appended(&header, now_ms);
        Ok(Appended { base_offset: header.base_offset, append_time_ms })
    }

    /// Ends a producer's transaction here with a marker. Does nothing when none is open.
    pub(crate) fn end_transaction(
        &mut self,
        producer: (i64, i16),
        commit: bool,
        now_ms: i64,
    ) -> Result<(), ResponseError> {
        let (producer_id, producer_epoch) = producer;
        if !self.producers.is_open(producer_id) {
            return Ok(());
        }
        let mut marker = batch::transaction_marker(producer_id, producer_epoch, commit, now_ms).to_vec();
        batch::place(&mut marker, self.next_offset());
        let Ok(header) = BatchHeader::parse(&marker) else { return Err(ResponseError::UnknownServerError) };
        self.write(&marker, &header)?;
        self.producers.ended(&header, commit, now_ms);
        Ok(())
    }

    /// What to read for a fetch from `from`; `None` when there is nothing (yet) before `limit`.
    pub(crate) fn plan_read(&self, from: i64, limit: i64) -> Option<ReadPlan> {
        if from >= limit {
            return None;
        }
        let at = self.segments.partition_point(|segment| segment.end_offset <= from);
        let segment = self.segments.get(at).filter(|segment| segment.base_offset < limit)?;
        Some(ReadPlan {
            file: Arc::clone(&segment.file),
            position: segment.position_before_offset(from),
            end: segment.size,
            from,
            limit,
        })
    }

    /// Where to look for the first record of `timestamp` or later, segment by segment.
    pub(crate) fn plan_time_lookup(&self, timestamp: i64) -> Vec<TimeLookup> {
        let later = self.segments.iter().filter(|segment| segment.max_timestamp >= timestamp);
        later.map(|segment| self.time_lookup(segment, segment.position_before_time(timestamp), timestamp)).collect()
    }

    /// Where to look for the newest record (by its own time).
    pub(crate) fn plan_newest_lookup(&self) -> Option<TimeLookup> {
        let live = self.segments.iter().filter(|segment| segment.max_timestamp >= 0);
        let segment = live.reduce(|best, next| if next.max_timestamp > best.max_timestamp { next } else { best })?;
        Some(self.time_lookup(segment, segment.max_timestamp_position, segment.max_timestamp))
    }

    fn time_lookup(&self, segment: &Segment, position: u64, timestamp: i64) -> TimeLookup {
        let file = Arc::clone(&segment.file);
        TimeLookup { file, position, end: segment.size, timestamp, start_offset: self.start_offset }
    }

    /// Aborted transactions that a `read_committed` reader of `from..limit` must know.
    pub(crate) fn aborted_within(&self, from: i64, limit: i64) -> Vec<AbortedTransaction> {
        self.producers.aborted_within(from, limit)
    }

    /// Moves the start of the log up to `offset` (DeleteRecords); the new start is on disk afterwards.
    pub(crate) fn delete_before(&mut self, offset: i64) -> Result<i64, ResponseError> {
        if offset > self.next_offset() {
            return Err(ResponseError::OffsetOutOfRange);
        }
        if offset > self.start_offset {
            storage::write_number(&self.dir.join(START_OFFSET_FILE), offset)
                .map_err(|error| self.storage_error(&error))?;
            self.start_offset = offset;
            self.drop_segments_before_start();
        }
        Ok(self.start_offset)
    }

    /// Removes segments that lie wholly before the start of the log.
    pub(super) fn drop_segments_before_start(&mut self) {
        while self.segments.len() > 1 && self.segments[1].base_offset <= self.start_offset {
            self.drop_oldest_segment();
        }
    }

    /// Removes the oldest segment and moves the start of the log behind it.
    pub(super) fn drop_oldest_segment(&mut self) {
        let segment = self.segments.remove(0);
        if let Err(error) = std::fs::remove_file(&segment.path) {
            warn!(file = %segment.path.display(), %error, "cannot remove an expired segment");
        }
        let start = self.start_offset.max(self.segments.first().map_or(segment.end_offset, |next| next.base_offset));
        self.start_offset = start;
        self.producers.forget_aborted(|entry| entry.last_offset < start);
    }

    /// Closes the newest segment and begins another, if it holds anything.
    pub(crate) fn roll(&mut self, now_ms: i64) -> Result<(), ResponseError> {
        if self.active().size == 0 {
            return Ok(());
        }
        let next = Segment::create(&self.dir, self.next_offset(), now_ms);
        let next = next.map_err(|error| self.storage_error(&error))?;
        if std::mem::take(&mut self.unsynced) {
            self.unsynced_closed.push(Arc::clone(&self.active().file));
        }
        self.segments.push(next);
        Ok(())
    }

    /// The files to force to disk: all that were written to since the last call.
    pub(crate) fn take_unsynced(&mut self) -> Vec<Arc<File>> {
        let mut files = std::mem::take(&mut self.unsynced_closed);
        if std::mem::take(&mut self.unsynced) {
            files.push(Arc::clone(&self.active().file));
        }
        files
    }

    /// Bytes of all segments.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    fn check(&self, bytes: &[u8]) -> Result<BatchHeader, ResponseError> {
        let header = BatchHeader::parse_whole(bytes).map_err(|fault| match fault {
            BatchFault::OldFormat => ResponseError::UnsupportedForMessageFormat,
            BatchFault::Incomplete | BatchFault::Malformed | BatchFault::Checksum => ResponseError::CorruptMessage,
        })?;
        if header.size > self.settings.max_message_bytes {
            return Err(ResponseError::MessageTooLarge);
        }
        let counted = header.record_count.checked_sub(1) == Some(header.last_offset_delta);
        if header.size != bytes.len() || header.is_control() || !counted {
            return Err(ResponseError::InvalidRecord);
        }
        if self.settings.compact {
            check_keys(&header, bytes)?;
        }
        Ok(header)
    }

    fn roll_if_full(&mut self, incoming: u64, now_ms: i64) -> Result<(), ResponseError> {
        let limit = match self.settings.compact {
            true => self.settings.compacted_segment_bytes,
            false => self.settings.segment_bytes,
        };
        let active = self.active();
        let aged = self.settings.segment_ms > 0 && now_ms - active.created_ms > self.settings.segment_ms;
        if active.size > 0 && (active.size + incoming > limit || aged) { self.roll(now_ms) } else { Ok(()) }
    }

    fn write(&mut self, batch: &[u8], header: &BatchHeader) -> Result<(), ResponseError> {
        self.active_mut().append(batch, header).map_err(|error| self.storage_error(&error))?;
        self.unsynced = true;
        if std::mem::take(&mut self.write_failed) {
            info!(log = %self.dir.display(), "writing works again");
        }
        Ok(())
    }

    /// Says once, until writing works again, that it does not.
    fn storage_error(&mut self, error: &io::Error) -> ResponseError {
        if !std::mem::replace(&mut self.write_failed, true) {
            let log = self.dir.display();
            warn!(%log, %error, "cannot write to the log; producers get KAFKA_STORAGE_ERROR until it works again");
        }
        ResponseError::KafkaStorageError
    }

    pub(super) fn active(&self) -> &Segment {
        // A log has at least one segment from `open` on; only closed ones are ever removed.
        &self.segments[self.segments.len() - 1]
    }

    fn active_mut(&mut self) -> &mut Segment {
        let last = self.segments.len() - 1;
        &mut self.segments[last]
    }
}

/// Holds the start of the log when DeleteRecords moved it into a segment.
const START_OFFSET_FILE: &str = "start-offset";

fn segment_files(dir: &Path) -> io::Result<Vec<i64>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some(base_offset) = segment::base_offset_of(name) {
            files.push(base_offset);
        } else if name.ends_with(storage::TEMPORARY_SUFFIX) {
            std::fs::remove_file(dir.join(name))?;
        }
    }
    Ok(files)
}

fn replay(producers: &mut Producers, header: &BatchHeader, bytes: &[u8], now_ms: i64) {
    match batch::marker_commits(bytes) {
        Some(commit) if header.is_control() => producers.ended(header, commit, now_ms),
        _ if header.is_control() => {}
        _ => producers.appended(header, now_ms),
    }
}

/// A compacted topic cannot hold records without a key.
fn check_keys(header: &BatchHeader, batch: &[u8]) -> Result<(), ResponseError> {
    let unpacked = records::unpack(header, batch).map_err(|_| ResponseError::CorruptMessage)?;
    for record in records::walk(&unpacked) {
        if record.map_err(|_| ResponseError::CorruptMessage)?.key.is_none() {
            return Err(ResponseError::InvalidRecord);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
