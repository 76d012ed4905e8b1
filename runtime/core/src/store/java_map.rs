//! The offsets file of Kafka Connect's standalone worker: a `HashMap<byte[], byte[]>` as Java serialises it.
//!
//! Written and read here so that a standalone JVM worker's file can be taken over and given back. The grammar is the
//! Java Object Serialization Specification, chapter 6; only what this one type needs is understood.
use bytes::{Buf, BufMut, Bytes, BytesMut};

const STREAM_MAGIC: u16 = 0xACED;
const STREAM_VERSION: u16 = 5;
const TC_NULL: u8 = 0x70;
const TC_REFERENCE: u8 = 0x71;
const TC_CLASSDESC: u8 = 0x72;
const TC_OBJECT: u8 = 0x73;
const TC_ARRAY: u8 = 0x75;
const TC_BLOCKDATA: u8 = 0x77;
const TC_ENDBLOCKDATA: u8 = 0x78;
const SC_WRITE_METHOD: u8 = 0x01;
const SC_SERIALIZABLE: u8 = 0x02;
const BASE_HANDLE: u32 = 0x007E_0000;
const HASH_MAP_UID: u64 = 0x0507_DAC1_C316_60D1;
const BYTE_ARRAY_UID: u64 = 0xACF3_17F8_0608_54E0;

/// Entries of the map; a null key or value is `None`.
pub(super) type Entries = Vec<(Option<Bytes>, Option<Bytes>)>;

/// Writes the map as `ObjectOutputStream.writeObject` would.
pub(super) fn write(entries: &Entries) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_u16(STREAM_MAGIC);
    out.put_u16(STREAM_VERSION);
    out.put_u8(TC_OBJECT);
    class(&mut out, "java.util.HashMap", HASH_MAP_UID, SC_SERIALIZABLE | SC_WRITE_METHOD);
    out.put_u16(2);
    out.put_u8(b'F');
    utf(&mut out, "loadFactor");
    out.put_u8(b'I');
    utf(&mut out, "threshold");
    out.put_u8(TC_ENDBLOCKDATA);
    out.put_u8(TC_NULL);
    let capacity = (entries.len() * 4 / 3 + 1).next_power_of_two().max(16);
    out.put_f32(0.75);
    out.put_i32((capacity * 3 / 4) as i32);
    out.put_u8(TC_BLOCKDATA);
    out.put_u8(8);
    out.put_i32(capacity as i32);
    out.put_i32(entries.len() as i32);
    let mut described = false;
    for part in entries.iter().flat_map(|(key, value)| [key, value]) {
        let Some(bytes) = part else {
            out.put_u8(TC_NULL);
            continue;
        };
        out.put_u8(TC_ARRAY);
        if described {
            out.put_u8(TC_REFERENCE);
            // Handles are dealt in order: the map's class, the map, then the class of byte arrays.
            out.put_u32(BASE_HANDLE + 2);
        } else {
            class(&mut out, "[B", BYTE_ARRAY_UID, SC_SERIALIZABLE);
            out.put_u16(0);
            out.put_u8(TC_ENDBLOCKDATA);
            out.put_u8(TC_NULL);
            described = true;
        }
        out.put_i32(bytes.len() as i32);
        out.put_slice(bytes);
    }
    out.put_u8(TC_ENDBLOCKDATA);
    out.to_vec()
}

/// Reads what [`write`] or a JVM wrote.
///
/// # Errors
/// A sentence saying where the bytes stop making sense.
pub(super) fn read(data: &[u8]) -> Result<Entries, String> {
    let mut input = Input { data, total: data.len() };
    input.expect_u16(STREAM_MAGIC, "the magic number of a Java object stream")?;
    input.expect_u16(STREAM_VERSION, "version 5 of the stream format")?;
    input.expect_u8(TC_OBJECT, "an object")?;
    input.class_description("java.util.HashMap")?;
    input.take(8)?;
    input.expect_u8(TC_BLOCKDATA, "the map's size")?;
    input.expect_u8(8, "the map's size")?;
    input.take(4)?;
    let size = input.length()?;
    // No trust in the size: each entry takes at least two bytes.
    if size > input.data.len() / 2 {
        return Err(input.error("a map no larger than its file"));
    }
    let mut entries = Vec::with_capacity(size);
    for _ in 0..size {
        entries.push((input.byte_array()?, input.byte_array()?));
    }
    input.expect_u8(TC_ENDBLOCKDATA, "the end of the map")?;
    Ok(entries)
}

fn class(out: &mut BytesMut, name: &str, uid: u64, flags: u8) {
    out.put_u8(TC_CLASSDESC);
    utf(out, name);
    out.put_u64(uid);
    out.put_u8(flags);
}

fn utf(out: &mut BytesMut, text: &str) {
    out.put_u16(text.len() as u16);
    out.put_slice(text.as_bytes());
}

struct Input<'a> {
    data: &'a [u8],
    total: usize,
}

impl<'a> Input<'a> {
    fn error(&self, expected: &str) -> String {
        format!("expected {expected} at byte {}", self.total - self.data.len())
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        if n > self.data.len() {
            return Err(self.error(&format!("{n} more bytes")));
        }
        let (head, tail) = self.data.split_at(n);
        self.data = tail;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn length(&mut self) -> Result<usize, String> {
        let n = self.take(4)?.get_i32();
        usize::try_from(n).map_err(|_| self.error("a length of 0 or more"))
    }

    fn expect_u8(&mut self, wanted: u8, what: &str) -> Result<(), String> {
        let error = self.error(what);
        if self.u8()? == wanted { Ok(()) } else { Err(error) }
    }

    fn expect_u16(&mut self, wanted: u16, what: &str) -> Result<(), String> {
        let error = self.error(what);
        if self.take(2)?.get_u16() == wanted { Ok(()) } else { Err(error) }
    }

    /// A class description without a superclass, whose field names do not matter.
    fn class_description(&mut self, name: &str) -> Result<(), String> {
        self.expect_u8(TC_CLASSDESC, "a class description")?;
        let length = self.take(2)?.get_u16().into();
        let error = self.error(name);
        if self.take(length)? != name.as_bytes() {
            return Err(error);
        }
        self.take(9)?;
        let fields = self.take(2)?.get_u16();
        for _ in 0..fields {
            self.u8()?;
            let length = self.take(2)?.get_u16().into();
            self.take(length)?;
        }
        self.expect_u8(TC_ENDBLOCKDATA, "the end of a class description")?;
        self.expect_u8(TC_NULL, "no superclass")
    }

    fn byte_array(&mut self) -> Result<Option<Bytes>, String> {
        match self.u8()? {
            TC_NULL => return Ok(None),
            TC_ARRAY => {}
            _ => return Err(self.error("a byte array")),
        }
        if self.data.first() == Some(&TC_REFERENCE) {
            self.take(5)?;
        } else {
            self.class_description("[B")?;
        }
        let length = self.length()?;
        Ok(Some(Bytes::copy_from_slice(self.take(length)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Entries {
        vec![
            (Some(Bytes::from_static(br#"["c",{"filename":"a"}]"#)), Some(Bytes::from_static(br#"{"position":3}"#))),
            (Some(Bytes::from_static(b"k")), None),
            (None, Some(Bytes::new())),
        ]
    }

    #[test]
    fn round_trip() {
        assert_eq!(read(&write(&sample())).unwrap(), sample());
        assert_eq!(read(&write(&Vec::new())).unwrap(), Vec::new());
    }

    #[test]
    fn every_truncation_is_an_error_and_no_panic() {
        let whole = write(&sample());
        for cut in 0..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0xFF;
            let _ = read(&bent);
        }
    }
}
