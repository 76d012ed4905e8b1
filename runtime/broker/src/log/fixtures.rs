//! Batches as producers write them, for the tests of this crate.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may stop at the first surprise")]

use bytes::Bytes;

use super::batch::{self, BatchHeader};

type KeyAndValue = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Builds one batch, record by record.
#[derive(Clone, Debug)]
pub(crate) struct BatchBuilder {
    records: Vec<KeyAndValue>,
    timestamp: i64,
    producer: (i64, i16, i32),
    transactional: bool,
    codec: i16,
}

impl BatchBuilder {
    pub(crate) fn new() -> Self {
        BatchBuilder { records: vec![], timestamp: 1000, producer: (-1, -1, -1), transactional: false, codec: 0 }
    }

    /// Record `n` of a batch gets the batch's time plus `n` milliseconds.
    pub(crate) fn record(mut self, key: Option<&str>, value: Option<&str>) -> Self {
        self.records.push((key.map(|k| k.as_bytes().to_vec()), value.map(|v| v.as_bytes().to_vec())));
        self
    }

    pub(crate) fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = timestamp;
        self
    }

    pub(crate) fn producer(mut self, id: i64, epoch: i16, sequence: i32) -> Self {
        self.producer = (id, epoch, sequence);
        self
    }

    pub(crate) fn transactional(mut self) -> Self {
        self.transactional = true;
        self
    }

    pub(crate) fn compression(mut self, codec: i16) -> Self {
        self.codec = codec;
        self
    }

    pub(crate) fn build(&self) -> Bytes {
        let mut records = Vec::new();
        for (index, (key, value)) in self.records.iter().enumerate() {
            let mut body = vec![0];
            put_varint(&mut body, index as i64);
            put_varint(&mut body, index as i64);
            for part in [key, value] {
                put_varint(&mut body, part.as_ref().map_or(-1, |p| p.len() as i64));
                body.extend(part.iter().flatten());
            }
            put_varint(&mut body, 0);
            put_varint(&mut records, body.len() as i64);
            records.extend(body);
        }
        let count = self.records.len() as i32;
        let header = BatchHeader {
            base_offset: 0,
            size: 0,
            crc: 0,
            attributes: if self.transactional { 0x10 } else { 0 },
            last_offset_delta: count - 1,
            base_timestamp: self.timestamp,
            max_timestamp: self.timestamp + i64::from(count - 1),
            producer_id: self.producer.0,
            producer_epoch: self.producer.1,
            base_sequence: self.producer.2,
            record_count: count,
        };
        let mut whole = batch::rebuild(&header, &pack(self.codec, &records), count).to_vec();
        whole[22] |= self.codec as u8;
        let crc = crc32c::crc32c(&whole[21..]);
        whole[17..21].copy_from_slice(&crc.to_be_bytes());
        whole.into()
    }
}

pub(crate) fn pack(codec: i16, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    match codec {
        1 => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        2 => snap::raw::Encoder::new().compress_vec(bytes).unwrap(),
        3 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        4 => zstd::stream::encode_all(bytes, 1).unwrap(),
        _ => bytes.to_vec(),
    }
}

fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
    while zigzag >= 0x80 {
        out.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push(zigzag as u8);
}
