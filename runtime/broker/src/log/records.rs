//! The records inside a batch, decompressed when needed and walked without copying.
//!
//! The broker looks inside batches only for compaction, for exact look-ups by time and to refuse
//! records without a key in compacted topics. Everything else moves batches as they are.

use std::io::{Cursor, Read};

use super::batch::{BatchHeader, HEADER_BYTES};

/// No batch is unpacked beyond this size: a small hostile batch must not fill the memory.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// One record inside its batch; borrowed from the unpacked bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordView<'a> {
    /// The record with its length prefix, as it is stored.
    pub raw: &'a [u8],
    pub offset_delta: i32,
    pub timestamp_delta: i64,
    pub key: Option<&'a [u8]>,
    /// A record without a value deletes its key in a compacted topic.
    pub is_tombstone: bool,
}

/// The bytes of a batch cannot be unpacked or walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnreadableRecords;

/// The records of the whole batch `batch`, unpacked into one buffer.
pub(crate) fn unpack(header: &BatchHeader, batch: &[u8]) -> Result<Vec<u8>, UnreadableRecords> {
    let packed = batch.get(HEADER_BYTES..header.size).ok_or(UnreadableRecords)?;
    let mut out = Vec::new();
    let read = match header.compression() {
        0 => return Ok(packed.to_vec()),
        1 => flate2::read::MultiGzDecoder::new(packed).take(MAX_UNPACKED_BYTES).read_to_end(&mut out),
        2 => return unpack_snappy(packed),
        3 => lz4_flex::frame::FrameDecoder::new(packed).take(MAX_UNPACKED_BYTES).read_to_end(&mut out),
        4 => zstd::stream::read::Decoder::new(Cursor::new(packed))
            .and_then(|decoder| decoder.take(MAX_UNPACKED_BYTES).read_to_end(&mut out)),
        _ => return Err(UnreadableRecords),
    };
    match read {
        Ok(bytes) if (bytes as u64) < MAX_UNPACKED_BYTES => Ok(out),
        _ => Err(UnreadableRecords),
    }
}

/// Walks the records in `unpacked`; an unreadable one ends the walk with an error.
pub(crate) fn walk(unpacked: &[u8]) -> impl Iterator<Item = Result<RecordView<'_>, UnreadableRecords>> {
    let mut rest = unpacked;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = read_record(&mut rest);
        if next.is_none() {
            rest = &[];
        }
        Some(next.ok_or(UnreadableRecords))
    })
}

fn read_record<'a>(rest: &mut &'a [u8]) -> Option<RecordView<'a>> {
    let start = *rest;
    let length = usize::try_from(varint(rest)?).ok()?;
    let prefix = start.len() - rest.len();
    let mut body = rest.get(..length)?;
    *rest = &rest[length..];
    let raw = &start[..prefix + length];
    body = body.get(1..)?;
    let timestamp_delta = varint(&mut body)?;
    let offset_delta = i32::try_from(varint(&mut body)?).ok()?;
    let key = match varint(&mut body)? {
        length if length < 0 => None,
        length => {
            let length = usize::try_from(length).ok()?;
            let key = body.get(..length)?;
            body = &body[length..];
            Some(key)
        }
    };
    let is_tombstone = varint(&mut body)? < 0;
    Some(RecordView { raw, offset_delta, timestamp_delta, key, is_tombstone })
}

/// A zig-zag varint of up to ten bytes.
fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}

/// Snappy comes bare (librdkafka) or in the blocks of the Java client's `snappy-java` stream.
fn unpack_snappy(packed: &[u8]) -> Result<Vec<u8>, UnreadableRecords> {
    const STREAM_MAGIC: &[u8] = b"\x82SNAPPY\0";
    const STREAM_HEADER_BYTES: usize = 16;
    if !packed.starts_with(STREAM_MAGIC) {
        return unpack_snappy_block(packed);
    }
    let mut rest = packed.get(STREAM_HEADER_BYTES..).ok_or(UnreadableRecords)?;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<4>().ok_or(UnreadableRecords)?;
        let length = u32::from_be_bytes(*length) as usize;
        out.extend(unpack_snappy_block(behind.get(..length).ok_or(UnreadableRecords)?)?);
        if out.len() as u64 >= MAX_UNPACKED_BYTES {
            return Err(UnreadableRecords);
        }
        rest = &behind[length..];
    }
    Ok(out)
}

fn unpack_snappy_block(block: &[u8]) -> Result<Vec<u8>, UnreadableRecords> {
    let length = snap::raw::decompress_len(block).map_err(|_| UnreadableRecords)?;
    if length as u64 >= MAX_UNPACKED_BYTES {
        return Err(UnreadableRecords);
    }
    snap::raw::Decoder::new().decompress_vec(block).map_err(|_| UnreadableRecords)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{BatchBuilder, pack};
    use super::*;

    #[test]
    fn records_are_found_in_every_compression() {
        for codec in 0..=4 {
            let batch =
                BatchBuilder::new().record(Some("a"), Some("1")).record(Some("b"), None).compression(codec).build();
            let header = BatchHeader::parse_whole(&batch).unwrap();
            let unpacked = unpack(&header, &batch).unwrap();
            let records: Vec<_> = walk(&unpacked).map(Result::unwrap).collect();
            assert_eq!(records.len(), 2, "codec {codec}");
            assert_eq!((records[0].key, records[0].is_tombstone), (Some(&b"a"[..]), false));
            assert_eq!((records[1].key, records[1].is_tombstone), (Some(&b"b"[..]), true));
            assert_eq!(records[1].offset_delta, 1);
        }
    }

    #[test]
    fn the_java_clients_snappy_stream_is_read() {
        let block = pack(2, b"hello");
        let mut stream = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
        for _ in 0..2 {
            stream.extend((block.len() as u32).to_be_bytes());
            stream.extend(&block);
        }
        assert_eq!(unpack_snappy(&stream).unwrap(), b"hellohello");
    }

    #[test]
    fn truncated_records_end_with_an_error() {
        let batch = BatchBuilder::new().record(Some("a"), Some("1")).build();
        let header = BatchHeader::parse_whole(&batch).unwrap();
        let unpacked = unpack(&header, &batch).unwrap();
        assert!(walk(&unpacked[..unpacked.len() - 2]).any(|record| record.is_err()));
    }
}
