//! What a partition remembers of its producers: sequence numbers (KIP-98's duplicate detection) and
//! which transactions are open or were aborted.
//!
//! The state is a pure function of the batches in the log, in order; opening a log replays them.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use kafka_protocol::error::ResponseError;

use super::batch::{BatchHeader, advance_sequence};

/// A producer may have this many batches in flight; so many are remembered to recognise repeats.
const REMEMBERED_BATCHES: usize = 5;

/// A transaction that ended with an abort, as `read_committed` consumers are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
    /// The offset of the marker.
    pub last_offset: i64,
}

/// What to do with a batch that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Append,
    /// Already in the log at this offset: acknowledge it again, write nothing.
    Duplicate(i64),
}

#[derive(Debug, Default)]
pub(crate) struct Producers {
    by_id: HashMap<i64, Producer>,
    /// First offset of each open transaction, and whose it is.
    open: BTreeMap<i64, i64>,
    aborted: Vec<AbortedTransaction>,
}

#[derive(Debug, Default)]
struct Producer {
    epoch: i16,
    recent: VecDeque<RecentBatch>,
    open_since: Option<i64>,
    last_timestamp: i64,
    /// When the log last heard of the producer; unlike the time above, not the producer's word.
    last_seen_ms: i64,
}

#[derive(Clone, Copy, Debug)]
struct RecentBatch {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

impl Producers {
    /// Checks an arriving batch's epoch and sequence against what the log holds.
    pub(crate) fn judge(&self, header: &BatchHeader) -> Result<Verdict, ResponseError> {
        if header.producer_id < 0 {
            return Ok(Verdict::Append);
        }
        let Some(producer) = self.by_id.get(&header.producer_id) else { return Ok(Verdict::Append) };
        if header.producer_epoch < producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if header.producer_epoch > producer.epoch {
            return match header.base_sequence {
                0 => Ok(Verdict::Append),
                _ => Err(ResponseError::OutOfOrderSequenceNumber),
            };
        }
        let same = |batch: &&RecentBatch| {
            batch.first_sequence == header.base_sequence && batch.last_sequence == header.last_sequence()
        };
        if let Some(batch) = producer.recent.iter().find(same) {
            return Ok(Verdict::Duplicate(batch.base_offset));
        }
        match producer.recent.back() {
            Some(last) if advance_sequence(last.last_sequence, 1) != header.base_sequence => {
                Err(ResponseError::OutOfOrderSequenceNumber)
            }
            _ => Ok(Verdict::Append),
        }
    }

    /// Notes a batch of records that is now in the log.
    pub(crate) fn appended(&mut self, header: &BatchHeader, now_ms: i64) {
        if header.producer_id < 0 {
            return;
        }
        let producer = self.by_id.entry(header.producer_id).or_default();
        if producer.epoch != header.producer_epoch {
            producer.epoch = header.producer_epoch;
            producer.recent.clear();
        }
        producer.last_timestamp = producer.last_timestamp.max(header.max_timestamp);
        producer.last_seen_ms = now_ms;
        producer.recent.push_back(RecentBatch {
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset: header.base_offset,
        });
        if producer.recent.len() > REMEMBERED_BATCHES {
            producer.recent.pop_front();
        }
        if header.is_transactional() && producer.open_since.is_none() {
            producer.open_since = Some(header.base_offset);
            self.open.insert(header.base_offset, header.producer_id);
        }
    }

    /// Notes a transaction marker that is now in the log.
    pub(crate) fn ended(&mut self, marker: &BatchHeader, commit: bool, now_ms: i64) {
        let producer = self.by_id.entry(marker.producer_id).or_default();
        if marker.producer_epoch > producer.epoch {
            producer.epoch = marker.producer_epoch;
            producer.recent.clear();
        }
        producer.last_seen_ms = now_ms;
        let Some(first_offset) = producer.open_since.take() else { return };
        self.open.remove(&first_offset);
        if !commit {
            let last_offset = marker.base_offset;
            self.aborted.push(AbortedTransaction { producer_id: marker.producer_id, first_offset, last_offset });
        }
    }

    /// The first offset that a `read_committed` consumer must not see yet, if a transaction is open.
    pub(crate) fn first_open_offset(&self) -> Option<i64> {
        self.open.keys().next().copied()
    }

    /// Whether this producer has a transaction open in the partition.
    pub(crate) fn is_open(&self, producer_id: i64) -> bool {
        self.by_id.get(&producer_id).is_some_and(|producer| producer.open_since.is_some())
    }

    /// Producers with an open transaction and the epoch they wrote with.
    pub(crate) fn open_transactions(&self) -> Vec<(i64, i16)> {
        self.open.values().map(|id| (*id, self.by_id.get(id).map_or(0, |p| p.epoch))).collect()
    }

    /// Aborted transactions with records or a marker in `from..limit`.
    pub(crate) fn aborted_within(&self, from: i64, limit: i64) -> Vec<AbortedTransaction> {
        let first = self.aborted.partition_point(|entry| entry.last_offset < from);
        self.aborted[first..].iter().filter(|entry| entry.first_offset < limit).copied().collect()
    }

    /// Forgets aborted transactions whose markers are gone from the log.
    pub(crate) fn forget_aborted(&mut self, gone: impl Fn(&AbortedTransaction) -> bool) {
        self.aborted.retain(|entry| !gone(entry));
    }

    /// Forgets producers that have been silent since `oldest_ms` and have nothing open.
    pub(crate) fn expire(&mut self, oldest_ms: i64) {
        self.by_id.retain(|_, producer| producer.open_since.is_some() || producer.last_seen_ms >= oldest_ms);
    }

    /// Base offsets of every producer's newest batch: compaction keeps these (emptied if need be), so
    /// that duplicates are recognised after a restart too.
    pub(crate) fn newest_batches(&self) -> HashSet<i64> {
        self.by_id.values().filter_map(|producer| producer.recent.back()).map(|batch| batch.base_offset).collect()
    }

    /// Producer id, epoch, last sequence (-1: none), last time and the open transaction's start (-1: none).
    pub(crate) fn describe(&self) -> Vec<(i64, i16, i32, i64, i64)> {
        let line = |(id, producer): (&i64, &Producer)| {
            let sequence = producer.recent.back().map_or(-1, |batch| batch.last_sequence);
            (*id, producer.epoch, sequence, producer.last_timestamp, producer.open_since.unwrap_or(-1))
        };
        self.by_id.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::{BatchHeader, transaction_marker};
    use super::super::fixtures::BatchBuilder;
    use super::*;

    fn batch(epoch: i16, sequence: i32, base_offset: i64, transactional: bool) -> BatchHeader {
        let builder = BatchBuilder::new().record(Some("k"), Some("v")).producer(7, epoch, sequence);
        let builder = if transactional { builder.transactional() } else { builder };
        BatchHeader { base_offset, ..BatchHeader::parse_whole(&builder.build()).unwrap() }
    }

    fn marker(epoch: i16, base_offset: i64) -> BatchHeader {
        let bytes = transaction_marker(7, epoch, true, 0);
        BatchHeader { base_offset, ..BatchHeader::parse_whole(&bytes).unwrap() }
    }

    #[test]
    fn the_next_sequence_is_taken_a_repeat_recognised_and_a_gap_refused() {
        let mut producers = Producers::default();
        for sequence in 0..7 {
            assert_eq!(producers.judge(&batch(0, sequence, 0, false)), Ok(Verdict::Append));
            producers.appended(&batch(0, sequence, 100 + i64::from(sequence), false), 0);
        }
        assert_eq!(producers.judge(&batch(0, 4, 0, false)), Ok(Verdict::Duplicate(104)));
        assert_eq!(producers.judge(&batch(0, 9, 0, false)), Err(ResponseError::OutOfOrderSequenceNumber));
        assert_eq!(producers.judge(&batch(0, 7, 0, false)), Ok(Verdict::Append));
    }

    #[test]
    fn an_older_epoch_is_fenced_and_a_newer_one_starts_at_zero() {
        let mut producers = Producers::default();
        producers.appended(&batch(3, 0, 0, false), 0);
        assert_eq!(producers.judge(&batch(2, 1, 0, false)), Err(ResponseError::InvalidProducerEpoch));
        assert_eq!(producers.judge(&batch(4, 5, 0, false)), Err(ResponseError::OutOfOrderSequenceNumber));
        assert_eq!(producers.judge(&batch(4, 0, 0, false)), Ok(Verdict::Append));
        producers.ended(&marker(5, 1), false, 0);
        assert_eq!(producers.judge(&batch(4, 0, 0, false)), Err(ResponseError::InvalidProducerEpoch));
    }

    #[test]
    fn an_open_transaction_holds_the_stable_offset_until_its_marker() {
        let mut producers = Producers::default();
        producers.appended(&batch(0, 0, 10, true), 0);
        producers.appended(&batch(0, 1, 11, true), 0);
        assert_eq!(producers.first_open_offset(), Some(10));
        assert_eq!(producers.open_transactions(), vec![(7, 0)]);
        producers.ended(&marker(0, 12), false, 0);
        assert_eq!(producers.first_open_offset(), None);
        let aborted = AbortedTransaction { producer_id: 7, first_offset: 10, last_offset: 12 };
        assert_eq!(producers.aborted_within(0, 100), vec![aborted]);
        assert_eq!(producers.aborted_within(13, 100), vec![]);
        assert_eq!(producers.aborted_within(0, 10), vec![]);
    }

    #[test]
    fn silent_producers_are_forgotten_whatever_times_their_records_carry() {
        let mut producers = Producers::default();
        let ancient = BatchHeader { max_timestamp: 0, ..batch(0, 0, 0, false) };
        producers.appended(&ancient, 5000);
        producers.expire(5000);
        assert_eq!(producers.judge(&batch(0, 0, 0, false)), Ok(Verdict::Duplicate(0)));
        producers.expire(5001);
        assert_eq!(producers.judge(&batch(0, 0, 0, false)), Ok(Verdict::Append));
    }
}
