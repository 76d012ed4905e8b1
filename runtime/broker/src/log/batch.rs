//! The header of a Kafka record batch (message format v2), read and written in place.
//!
//! The broker stores batches as it receives them: only the base offset and the leader epoch are
//! written over, and neither is covered by the batch's checksum. Layout:
//! <https://kafka.apache.org/documentation/#recordbatch>.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of a batch before its first record.
pub(crate) const HEADER_BYTES: usize = 61;
/// Bytes before the part that the batch's own length field counts.
pub(crate) const LENGTH_PREFIX_BYTES: usize = 12;
/// The checksum covers everything from the attributes on.
const CRC_START: usize = 21;
const MAGIC: u8 = 2;

const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const LOG_APPEND_TIME: i16 = 0x08;

/// What the log needs to know of one batch, decoded from its first [`HEADER_BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub base_offset: i64,
    /// Whole size on disk in bytes, the header included.
    pub size: usize,
    pub crc: u32,
    pub attributes: i16,
    pub last_offset_delta: i32,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub record_count: i32,
}

/// Why bytes are no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchFault {
    /// Fewer bytes than the header or the length field announce.
    Incomplete,
    /// A message format older than v2.
    OldFormat,
    /// A length, offset delta or count that no producer writes.
    Malformed,
    /// The checksum does not match the content.
    Checksum,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; the records behind it need not be present.
    pub(crate) fn parse(bytes: &[u8]) -> Result<BatchHeader, BatchFault> {
        if bytes.len() < HEADER_BYTES {
            return Err(BatchFault::Incomplete);
        }
        if bytes[16] != MAGIC {
            return Err(if bytes[16] < MAGIC { BatchFault::OldFormat } else { BatchFault::Malformed });
        }
        let length = i32_at(bytes, 8);
        if length < (HEADER_BYTES - LENGTH_PREFIX_BYTES) as i32 {
            return Err(BatchFault::Malformed);
        }
        let header = BatchHeader {
            base_offset: i64_at(bytes, 0),
            size: LENGTH_PREFIX_BYTES + length as usize,
            crc: i32_at(bytes, 17) as u32,
            attributes: i16_at(bytes, 21),
            last_offset_delta: i32_at(bytes, 23),
            base_timestamp: i64_at(bytes, 27),
            max_timestamp: i64_at(bytes, 35),
            producer_id: i64_at(bytes, 43),
            producer_epoch: i16_at(bytes, 51),
            base_sequence: i32_at(bytes, 53),
            record_count: i32_at(bytes, 57),
        };
        if header.last_offset_delta < 0 || header.record_count < 0 {
            return Err(BatchFault::Malformed);
        }
        Ok(header)
    }

    /// Reads the header and checks that the whole batch is there with a right checksum.
    pub(crate) fn parse_whole(bytes: &[u8]) -> Result<BatchHeader, BatchFault> {
        let header = Self::parse(bytes)?;
        let Some(batch) = bytes.get(..header.size) else { return Err(BatchFault::Incomplete) };
        if crc32c::crc32c(&batch[CRC_START..]) != header.crc {
            return Err(BatchFault::Checksum);
        }
        Ok(header)
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    pub(crate) fn last_sequence(&self) -> i32 {
        advance_sequence(self.base_sequence, self.last_offset_delta)
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Whether the records carry the time of the append instead of their own.
    pub(crate) fn has_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// The codec's number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub(crate) fn compression(&self) -> i16 {
        self.attributes & 0x07
    }
}

/// The sequence number `delta` records after `sequence`; numbers wrap to 0 after `i32::MAX`.
pub(crate) fn advance_sequence(sequence: i32, delta: i32) -> i32 {
    let sum = i64::from(sequence) + i64::from(delta);
    (sum % (i64::from(i32::MAX) + 1)) as i32
}

/// Writes the offset and the epoch that this broker gave the batch into its first 16 bytes.
pub(crate) fn place(batch: &mut [u8], base_offset: i64) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[12..16].copy_from_slice(&0i32.to_be_bytes());
}

/// Turns a batch into one that carries the time of its append (`message.timestamp.type`).
pub(crate) fn stamp_append_time(batch: &mut [u8], now_ms: i64) {
    let attributes = i16_at(batch, 21) | LOG_APPEND_TIME;
    batch[21..23].copy_from_slice(&attributes.to_be_bytes());
    batch[35..43].copy_from_slice(&now_ms.to_be_bytes());
    seal(batch);
}

/// Builds the batch that stays when compaction keeps `records` (raw, uncompressed) of `header`'s batch.
/// Offsets, times and the producer's numbers stay those of the original.
pub(crate) fn rebuild(header: &BatchHeader, records: &[u8], record_count: i32) -> Bytes {
    let mut batch = BytesMut::with_capacity(HEADER_BYTES + records.len());
    batch.put_i64(header.base_offset);
    batch.put_i32((HEADER_BYTES - LENGTH_PREFIX_BYTES + records.len()) as i32);
    batch.put_i32(0);
    batch.put_u8(MAGIC);
    batch.put_u32(0);
    batch.put_i16(header.attributes & !0x07);
    batch.put_i32(header.last_offset_delta);
    batch.put_i64(header.base_timestamp);
    batch.put_i64(header.max_timestamp);
    batch.put_i64(header.producer_id);
    batch.put_i16(header.producer_epoch);
    batch.put_i32(header.base_sequence);
    batch.put_i32(record_count);
    batch.put_slice(records);
    seal(&mut batch);
    batch.freeze()
}

/// The control batch that ends a transaction in one partition (KIP-98).
pub(crate) fn transaction_marker(producer_id: i64, producer_epoch: i16, commit: bool, now_ms: i64) -> Bytes {
    // One record: length 16, attributes 0, both deltas 0, a key of 4 bytes (version 0, type),
    // a value of 6 bytes (version 0, coordinator epoch 0), no headers. Lengths are zig-zag varints.
    let kind = u8::from(commit);
    let record = [32, 0, 0, 0, 8, 0, 0, 0, kind, 12, 0, 0, 0, 0, 0, 0, 0];
    let header = BatchHeader {
        base_offset: 0,
        size: 0,
        crc: 0,
        attributes: TRANSACTIONAL | CONTROL,
        last_offset_delta: 0,
        base_timestamp: now_ms,
        max_timestamp: now_ms,
        producer_id,
        producer_epoch,
        base_sequence: -1,
        record_count: 1,
    };
    rebuild(&header, &record, 1)
}

/// Whether the control batch `batch` commits its transaction; `None` when it is no transaction marker.
pub(crate) fn marker_commits(batch: &[u8]) -> Option<bool> {
    // The key's type is the 16-bit number 7 bytes into the only record.
    match batch.get(HEADER_BYTES + 7..HEADER_BYTES + 9)? {
        [0, 0] => Some(false),
        [0, 1] => Some(true),
        _ => None,
    }
}

fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[CRC_START..]);
    batch[17..CRC_START].copy_from_slice(&crc.to_be_bytes());
}

fn i16_at(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    (i64::from(i32_at(bytes, at)) << 32) | i64::from(i32_at(bytes, at + 4) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_whole_batch_that_says_what_it_does() {
        for commit in [true, false] {
            let marker = transaction_marker(9, 3, commit, 1234);
            let header = BatchHeader::parse_whole(&marker).unwrap();
            assert!(header.is_control() && header.is_transactional());
            assert_eq!((header.producer_id, header.producer_epoch, header.max_timestamp), (9, 3, 1234));
            assert_eq!(marker_commits(&marker), Some(commit));
        }
    }

    #[test]
    fn a_changed_byte_is_a_checksum_fault() {
        let mut marker = transaction_marker(9, 3, true, 1234).to_vec();
        marker[HEADER_BYTES + 8] = 0;
        assert_eq!(BatchHeader::parse_whole(&marker), Err(BatchFault::Checksum));
    }

    #[test]
    fn placing_a_batch_keeps_its_checksum() {
        let mut marker = transaction_marker(9, 3, true, 1234).to_vec();
        place(&mut marker, 77);
        assert_eq!(BatchHeader::parse_whole(&marker).unwrap().base_offset, 77);
    }

    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(advance_sequence(i32::MAX, 1), 0);
        assert_eq!(advance_sequence(i32::MAX - 1, 3), 1);
    }
}
