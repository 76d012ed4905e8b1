//! Compaction (`cleanup.policy=compact`): of every key the newest record stays.
//!
//! Guarantees: offsets never change; the newest segment and everything from the last stable offset on
//! are not touched; records of aborted transactions go, a marker stays while a record of its transaction
//! does; tombstones and markers outlive what they end by `delete.retention.ms`. A crash at any point
//! leaves a log that opens with the same newest record for every key.
//!
//! Reading and writing happen without the partition's lock; only the exchange of files takes it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tracing::{debug, warn};

use super::batch::{self, BatchHeader, HEADER_BYTES};
use super::partition::PartitionLog;
use super::producers::AbortedTransaction;
use super::records::{self, RecordView};
use super::segment::{self, Segment, Window};
use crate::storage::TEMPORARY_SUFFIX;
use crate::sync::lock;
use crate::topics::config::LogSettings;
use crate::topics::partition::Partition;

/// Keys remembered in one run, in bytes; a log with more is compacted in several runs.
const KEY_BUDGET_BYTES: usize = 128 << 20;
/// What a remembered key costs beside its bytes.
const KEY_OVERHEAD_BYTES: usize = 64;

/// Compacts a partition if its topic asks for it and enough has changed.
pub(crate) fn compact(partition: &Partition, now_ms: i64) {
    let _only_one = lock(&partition.compacting);
    let job = partition.log().plan_compaction(now_ms);
    let Some(job) = job else { return };
    let result = job.run().and_then(|done| partition.log().finish_compaction(&job, done));
    if let Err(error) = result {
        warn!(log = %job.dir.display(), %error, "compaction failed; it is tried again later");
    }
}

/// A closed segment as compaction sees it.
struct Source {
    file: Arc<File>,
    size: u64,
    base_offset: i64,
    end_offset: i64,
}

/// What one run works on; taken from the log under its lock.
struct Job {
    dir: PathBuf,
    settings: LogSettings,
    now_ms: i64,
    /// The first segments of the log, in order.
    sources: Vec<Source>,
    /// Everything before was compacted already.
    clean_before: i64,
    aborted: Vec<AbortedTransaction>,
    newest_of_producers: HashSet<i64>,
}

/// The outcome of a run: per output file, how many sources it replaces.
struct Done {
    groups: Vec<Group>,
    /// Everything before this offset is compacted now.
    clean_before: i64,
    dropped_aborts: HashSet<(i64, i64)>,
}

struct Group {
    /// `None` when nothing is left of the sources.
    file: Option<PathBuf>,
    sources: usize,
    base_offset: i64,
}

impl PartitionLog {
    fn plan_compaction(&mut self, now_ms: i64) -> Option<Job> {
        let settings = self.settings.clone();
        if !settings.compact {
            return None;
        }
        let full = self.active().size >= settings.compacted_segment_bytes;
        let aged = settings.segment_ms > 0 && now_ms - self.active().created_ms > settings.segment_ms;
        if (full || aged) && self.roll(now_ms).is_err() {
            return None;
        }
        let stable = self.stable_offset();
        let closed = &self.segments[..self.segments.len() - 1];
        let lag = settings.min_compaction_lag_ms;
        let settled = |segment: &&Segment| {
            // Without a lag, times do not matter: producers may write some in the future.
            segment.end_offset <= stable && (lag <= 0 || segment.max_timestamp <= now_ms - lag)
        };
        let usable: Vec<&Segment> = closed.iter().take_while(settled).collect();
        let total: u64 = usable.iter().map(|segment| segment.size).sum();
        let is_dirty = |segment: &&&Segment| segment.end_offset > self.cleaned_offset;
        let dirty: u64 = usable.iter().filter(is_dirty).map(|segment| segment.size).sum();
        if dirty == 0 || (dirty as f64) < total as f64 * settings.min_cleanable_dirty_ratio {
            return None;
        }
        let source = |segment: &&Segment| Source {
            file: Arc::clone(&segment.file),
            size: segment.size,
            base_offset: segment.base_offset,
            end_offset: segment.end_offset,
        };
        Some(Job {
            dir: self.dir.clone(),
            sources: usable.iter().map(source).collect(),
            now_ms,
            clean_before: self.cleaned_offset,
            aborted: self.producers.aborted_within(0, stable),
            newest_of_producers: self.producers.newest_batches(),
            settings,
        })
    }

    /// Puts the new files in the place of the old.
    fn finish_compaction(&mut self, job: &Job, done: Done) -> io::Result<()> {
        let unchanged = job
            .sources
            .iter()
            .zip(&self.segments)
            .all(|(source, segment)| source.base_offset == segment.base_offset && source.size == segment.size);
        if !unchanged {
            // Retention took segments away meanwhile; the new files are removed and the run repeated later.
            for file in done.groups.iter().filter_map(|group| group.file.as_ref()) {
                std::fs::remove_file(file)?;
            }
            return Ok(());
        }
        let mut at = 0;
        for group in &done.groups {
            let fresh = match &group.file {
                Some(file) => {
                    let path = self.dir.join(segment::file_name(group.base_offset));
                    std::fs::rename(file, &path)?;
                    Some(Segment::recover(&path, group.base_offset, false, |_, _| {})?.segment)
                }
                None => None,
            };
            let replaced: Vec<Segment> = self.segments.drain(at..at + group.sources).collect();
            let kept = fresh.is_some();
            if let Some(fresh) = fresh {
                self.segments.insert(at, fresh);
                at += 1;
            }
            // In ascending order: whatever of these a crash leaves is newer than all that is gone.
            for (index, old) in replaced.iter().enumerate() {
                if index > 0 || !kept {
                    std::fs::remove_file(&old.path)?;
                }
            }
        }
        self.cleaned_offset = done.clean_before;
        let dropped = &done.dropped_aborts;
        self.producers.forget_aborted(|entry| dropped.contains(&(entry.producer_id, entry.last_offset)));
        debug!(log = %self.dir.display(), size = self.size_bytes(), "compacted");
        Ok(())
    }
}

impl Job {
    fn run(&self) -> io::Result<Done> {
        let mut newest = HashMap::new();
        let mut budget = KEY_BUDGET_BYTES;
        let mut covered: usize = 0;
        for source in &self.sources {
            if source.end_offset > self.clean_before && !self.note_keys(source, &mut newest, &mut budget)? {
                break;
            }
            covered += 1;
        }
        let Some(last) = covered.checked_sub(1).map(|at| &self.sources[at]) else {
            return Err(io::Error::other("a segment has more keys than compaction may remember"));
        };
        let clean_before = last.end_offset;
        let mut pass =
            Pass { job: self, newest, end: clean_before, retained: HashSet::new(), dropped_aborts: HashSet::new() };
        let mut groups = Vec::new();
        let mut from = 0;
        while from < covered {
            let count = self.group_from(from, covered);
            groups.push(pass.write_group(&self.sources[from..from + count])?);
            from += count;
        }
        Ok(Done { groups, clean_before, dropped_aborts: pass.dropped_aborts })
    }

    /// How many sources from `from` on fit into one segment together.
    fn group_from(&self, from: usize, covered: usize) -> usize {
        let mut size = 0;
        let fits = |source: &&Source| {
            size += source.size;
            size <= self.settings.segment_bytes
        };
        self.sources[from..covered].iter().take_while(fits).count().max(1)
    }

    /// Notes the newest offset of each key; `false` when the memory for keys is used up.
    fn note_keys(&self, source: &Source, newest: &mut HashMap<Box<[u8]>, i64>, budget: &mut usize) -> io::Result<bool> {
        let mut window = Window::new(Arc::clone(&source.file), source.size);
        let mut position = 0;
        while let Some((header, batch)) = next_batch(&mut window, position)? {
            position += header.size as u64;
            if header.is_control() || self.is_aborted(&header) {
                continue;
            }
            let unpacked = unpack(&header, batch)?;
            for record in records::walk(&unpacked) {
                let record = record.map_err(|_| unreadable())?;
                let Some(key) = record.key else { continue };
                let offset = header.base_offset + i64::from(record.offset_delta);
                if let Some(known) = newest.get_mut(key) {
                    *known = offset;
                    continue;
                }
                let cost = key.len() + KEY_OVERHEAD_BYTES;
                if cost > *budget {
                    return Ok(false);
                }
                *budget -= cost;
                newest.insert(key.into(), offset);
            }
        }
        Ok(true)
    }

    fn is_aborted(&self, header: &BatchHeader) -> bool {
        let covers = |entry: &AbortedTransaction| {
            entry.producer_id == header.producer_id
                && (entry.first_offset..entry.last_offset).contains(&header.base_offset)
        };
        header.is_transactional() && self.aborted.iter().any(covers)
    }

    fn is_old(&self, timestamp: i64) -> bool {
        self.now_ms - timestamp > self.settings.delete_retention_ms
    }
}

/// The second half of a run: copying what stays.
struct Pass<'a> {
    job: &'a Job,
    newest: HashMap<Box<[u8]>, i64>,
    /// The batch that ends here stays, emptied if need be: with nothing behind it, readers could not get
    /// past a gap at the end of the log.
    end: i64,
    /// Producers with a batch kept since their last marker: that transaction's marker must stay.
    retained: HashSet<i64>,
    dropped_aborts: HashSet<(i64, i64)>,
}

impl Pass<'_> {
    fn write_group(&mut self, sources: &[Source]) -> io::Result<Group> {
        use std::io::Write;
        let base_offset = sources[0].base_offset;
        let path = self.job.dir.join(format!("{}{TEMPORARY_SUFFIX}", segment::file_name(base_offset)));
        let mut out = io::BufWriter::with_capacity(1 << 20, File::create(&path)?);
        let mut written = 0;
        for source in sources {
            let mut window = Window::new(Arc::clone(&source.file), source.size);
            let mut position = 0;
            while let Some((header, batch)) = next_batch(&mut window, position)? {
                position += header.size as u64;
                if let Some(kept) = self.filter(&header, batch)? {
                    written += kept.len();
                    out.write_all(&kept)?;
                }
            }
        }
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        if written == 0 {
            std::fs::remove_file(&path)?;
            return Ok(Group { file: None, sources: sources.len(), base_offset });
        }
        file.sync_all()?;
        Ok(Group { file: Some(path), sources: sources.len(), base_offset })
    }

    /// What stays of a batch; `None` for nothing.
    fn filter(&mut self, header: &BatchHeader, batch: &[u8]) -> io::Result<Option<Bytes>> {
        let is_last = header.last_offset() + 1 == self.end;
        if header.is_control() {
            return Ok((is_last || self.keeps_marker(header, batch)).then(|| Bytes::copy_from_slice(batch)));
        }
        let mut kept = Vec::new();
        let mut count = 0;
        if !self.job.is_aborted(header) {
            let unpacked = unpack(header, batch)?;
            for record in records::walk(&unpacked) {
                let record = record.map_err(|_| unreadable())?;
                if self.keeps_record(header, &record) {
                    kept.extend_from_slice(record.raw);
                    count += 1;
                }
            }
        }
        if count == 0 && !is_last && !self.job.newest_of_producers.contains(&header.base_offset) {
            return Ok(None);
        }
        if header.is_transactional() {
            self.retained.insert(header.producer_id);
        }
        if count == header.record_count {
            return Ok(Some(Bytes::copy_from_slice(batch)));
        }
        Ok(Some(batch::rebuild(header, &kept, count)))
    }

    fn keeps_record(&self, header: &BatchHeader, record: &RecordView<'_>) -> bool {
        // A record without a key came in before the topic was compacted; it can never be superseded.
        let Some(key) = record.key else { return true };
        let offset = header.base_offset + i64::from(record.offset_delta);
        match self.newest.get(key) {
            Some(newest) if *newest > offset => false,
            _ => {
                let timestamp = header.base_timestamp + record.timestamp_delta;
                !(record.is_tombstone && self.job.is_old(timestamp))
            }
        }
    }

    fn keeps_marker(&mut self, header: &BatchHeader, batch: &[u8]) -> bool {
        if self.retained.remove(&header.producer_id) || !self.job.is_old(header.max_timestamp) {
            return true;
        }
        if batch::marker_commits(batch) == Some(false) {
            self.dropped_aborts.insert((header.producer_id, header.base_offset));
        }
        false
    }
}

fn next_batch(window: &mut Window, position: u64) -> io::Result<Option<(BatchHeader, &[u8])>> {
    let header = match window.bytes(position, HEADER_BYTES)? {
        Some(peek) => BatchHeader::parse(peek).map_err(|_| unreadable())?,
        None => return Ok(None),
    };
    let batch = window.bytes(position, header.size)?.ok_or_else(unreadable)?;
    BatchHeader::parse_whole(batch).map_err(|_| unreadable())?;
    Ok(Some((header, batch)))
}

fn unpack(header: &BatchHeader, batch: &[u8]) -> io::Result<Vec<u8>> {
    records::unpack(header, batch).map_err(|_| unreadable())
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a batch cannot be read")
}

#[cfg(test)]
mod tests;
