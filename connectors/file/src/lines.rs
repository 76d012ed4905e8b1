//! Bytes in, whole lines out, without copying them.
//!
//! A line ends with `\n`, `\r\n` or a lone `\r`; a `\r` that is the last byte so far waits for the next one, as it may
//! be the half of a line end. Lines are slices of the block they were read in. Bytes that are no UTF-8 become U+FFFD
//! where the JVM's decoder would put it.
use bytes::{Buf, Bytes, BytesMut};
use bytestring::ByteString;

/// The longest line that is kept in memory; a longer one is a data error, and reading goes on after it.
pub const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// A line without its end, and the position of the byte after that end.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) text: ByteString,
    pub(crate) end: u64,
}

/// The line that starts at `position` is too long; it is left out.
#[derive(Debug, PartialEq)]
pub(crate) struct TooLong {
    pub(crate) position: u64,
}

/// What was read and not yet handed out.
pub(crate) struct LineBuffer {
    buffer: BytesMut,
    /// Bytes at the front that are known to hold no line end.
    scanned: usize,
    /// Where in the file the buffer's first byte stands.
    position: u64,
    max_line_bytes: usize,
    /// The line at the front was reported as too long; its rest is dropped.
    skipping: bool,
}

impl LineBuffer {
    pub(crate) fn new(position: u64, max_line_bytes: usize) -> Self {
        Self { buffer: BytesMut::new(), scanned: 0, position, max_line_bytes, skipping: false }
    }

    /// An empty buffer with the same limit, for a file that is read from `position`.
    pub(crate) fn restarted(&self, position: u64) -> Self {
        Self::new(position, self.max_line_bytes)
    }

    /// Where the byte after the last one read stands.
    pub(crate) fn read_position(&self) -> u64 {
        self.position + self.buffer.len() as u64
    }

    /// Lets `read` fill at most `wanted` bytes; it says how many it did. New blocks have `block` bytes.
    pub(crate) fn fill<E>(
        &mut self,
        wanted: usize,
        block: usize,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let old = self.buffer.len();
        // Small reads share a block, so that a slowly growing file does not tie a whole block to every line.
        if self.buffer.capacity() - old < wanted.min(block / 16) {
            self.buffer.reserve(block.max(old));
        }
        let room = (self.buffer.capacity() - old).min(wanted);
        self.buffer.resize(old + room, 0);
        let result = read(&mut self.buffer[old..]);
        self.buffer.truncate(old + result.as_ref().map_or(0, |n| *n));
        result
    }

    /// Adds at most `limit` whole lines to `out`.
    ///
    /// A line that is too long is an error only where `out` is empty, so that the lines before it go first.
    pub(crate) fn take(&mut self, limit: usize, out: &mut Vec<Line>) -> Result<(), TooLong> {
        if self.skipping {
            self.skip();
        }
        let first = out.len();
        let (mut start, mut at) = (0, self.scanned);
        let mut ends = Vec::with_capacity((limit - first).min(self.buffer.len() / 16 + 1));
        let mut too_long = None;
        while first + ends.len() < limit {
            let Some((end, next)) = line_end(&self.buffer, at) else {
                at = self.buffer.len() - usize::from(self.buffer.last() == Some(&b'\r')).min(self.buffer.len() - start);
                if at - start > self.max_line_bytes {
                    too_long = Some(None);
                }
                break;
            };
            if end - start > self.max_line_bytes {
                (too_long, at) = (Some(Some(next)), start);
                break;
            }
            ends.push((start, end, next));
            (start, at) = (next, next);
        }
        self.scanned = at - start;
        let block = self.buffer.split_to(start).freeze();
        slice(&block, &ends, self.position, out);
        self.position += start as u64;
        match too_long {
            Some(end) if out.is_empty() => Err(self.leave_out(end)),
            _ => Ok(()),
        }
    }

    /// The unfinished line at the end of a file that will not grow any more, and a fresh start at `position`.
    pub(crate) fn finish(&mut self, position: u64) -> Option<Line> {
        let rest = std::mem::take(&mut self.buffer);
        let text = rest.strip_suffix(b"\r").unwrap_or(&rest);
        let line = (!rest.is_empty() && !self.skipping).then(|| Line { text: decode(text).into(), end: position });
        *self = self.restarted(position);
        line
    }

    /// Drops the line at the front: up to `end`, or all there is and what is still to come of it.
    fn leave_out(&mut self, end: Option<usize>) -> TooLong {
        let position = self.position;
        self.skipping = end.is_none();
        self.drop_front(end.unwrap_or(self.scanned));
        TooLong { position }
    }

    fn skip(&mut self) {
        match line_end(&self.buffer, 0) {
            Some((_, next)) => {
                self.drop_front(next);
                self.skipping = false;
            }
            None => self.drop_front(self.buffer.len() - usize::from(self.buffer.last() == Some(&b'\r'))),
        }
    }

    fn drop_front(&mut self, bytes: usize) {
        self.buffer.advance(bytes);
        self.position += bytes as u64;
        self.scanned = 0;
    }
}

/// The first line end at or after `at`: where it begins and what comes after it.
fn line_end(buffer: &[u8], at: usize) -> Option<(usize, usize)> {
    let end = at + memchr::memchr2(b'\n', b'\r', &buffer[at..])?;
    match (buffer[end], buffer.get(end + 1)) {
        (b'\n', _) => Some((end, end + 1)),
        (_, Some(b'\n')) => Some((end, end + 2)),
        (_, Some(_)) => Some((end, end + 1)),
        (_, None) => None,
    }
}

/// Cuts a block of whole lines; checked as UTF-8 once, where it is.
fn slice(block: &Bytes, ends: &[(usize, usize, usize)], position: u64, out: &mut Vec<Line>) {
    let end = |next: usize| position + next as u64;
    match ByteString::try_from(block.clone()) {
        Ok(text) => out.extend(
            ends.iter().map(|&(from, to, next)| Line { text: text.slice_ref(&text[from..to]), end: end(next) }),
        ),
        Err(_) => {
            let decoded = |from, to| decode(&block[from..to]).into();
            out.extend(ends.iter().map(|&(from, to, next)| Line { text: decoded(from, to), end: end(next) }))
        }
    }
}

/// Text with U+FFFD for what is no UTF-8. Both Rust and the JVM replace the longest start of a character by one; they
/// differ in encoded surrogates, which the JVM replaces as a whole.
fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return text;
            }
            Err(error) => {
                let (valid, bad) = rest.split_at(error.valid_up_to());
                // Known to be valid, so nothing is replaced here.
                text.push_str(&String::from_utf8_lossy(valid));
                text.push('\u{FFFD}');
                let length = match bad {
                    [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] => 3,
                    [0xED, 0xA0..=0xBF, ..] => 2,
                    _ => error.error_len().unwrap_or(bad.len()),
                };
                rest = &bad[length..];
            }
        }
    }
}

#[cfg(test)]
mod tests;
