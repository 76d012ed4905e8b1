//! Strings within JSON: found where they stand, copied only where they hold escapes.
use longshore_api::data::ByteString;

use super::{Read, Reader};

/// Where a string was found. It becomes a string only where it is put: moving one that was just made costs more than
/// finding it.
pub(super) enum Text {
    Known(&'static str),
    Slice { start: usize, end: usize },
    Unescaped(ByteString),
}

impl Text {
    #[inline(always)]
    pub(super) fn make(self, text: &ByteString) -> ByteString {
        match self {
            Self::Known(name) => ByteString::from_static(name),
            Self::Slice { start, end } => text.slice_ref(&text[start..end]),
            Self::Unescaped(text) => text,
        }
    }
}

impl Reader<'_> {
    /// The string whose opening quote the reader is at.
    pub(super) fn string(&mut self) -> Read<Text> {
        let start = self.at + 1;
        let end = end_of_plain(self.bytes, start);
        match self.bytes.get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(Text::Slice { start, end })
            }
            Some(b'\\') => self.escaped_string(start, end).map(Text::Unescaped),
            Some(_) => {
                self.at = end;
                self.fail("a control character in a string must be escaped")
            }
            None => {
                self.at = self.bytes.len();
                self.fail("the text ends within a string")
            }
        }
    }

    fn escaped_string(&mut self, start: usize, first_escape: usize) -> Read<ByteString> {
        let mut out = String::with_capacity(first_escape - start + 32);
        let mut plain = start;
        self.at = first_escape;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    out.push_str(&self.text[plain..self.at]);
                    self.at += 1;
                    return Ok(out.into());
                }
                b'\\' => {
                    out.push_str(&self.text[plain..self.at]);
                    self.at += 1;
                    let unescaped = self.escape()?;
                    out.push(unescaped);
                    plain = self.at;
                }
                0..=0x1f => return self.fail("a control character in a string must be escaped"),
                _ => self.at += 1,
            }
        }
        self.fail("the text ends within a string")
    }

    /// The character that an escape stands for; the reader is behind the backslash. Half a surrogate pair, which
    /// Java's strings can hold and UTF-8 cannot, becomes the question mark that Java prints for it; in names Jackson
    /// does not take it either.
    fn escape(&mut self) -> Read<char> {
        let Some(kind) = self.peek() else { return self.fail("the text ends within a string") };
        let simple = match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
                    let before = self.at;
                    self.at += 1;
                    let low = self.hex()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let both = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(both).unwrap_or('?'));
                    }
                    self.at = before;
                }
                return Ok(char::from_u32(high).unwrap_or_else(|| {
                    self.lone_surrogate = true;
                    '?'
                }));
            }
            _ => return self.fail("a backslash must be followed by one of \"\\/bfnrtu"),
        };
        self.at += 1;
        Ok(simple)
    }

    /// Four hexadecimal digits behind the `u` that the reader is at.
    fn hex(&mut self) -> Read<u32> {
        let digits = self.bytes.get(self.at + 1..self.at + 5);
        let number = digits.filter(|d| d.iter().all(u8::is_ascii_hexdigit)).and_then(|digits| {
            std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok())
        });
        match number {
            Some(number) => {
                self.at += 5;
                Ok(number)
            }
            None => self.fail("\\u must be followed by four hexadecimal digits"),
        }
    }
}

/// The position of the first quote, backslash or control character from `at` on; eight bytes at a time.
pub(super) fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Bytes below a limit borrow from their high bit; only bytes above a found one can be marked by mistake.
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word & HIGH;
    while let Some(eight) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes([eight[0], eight[1], eight[2], eight[3], eight[4], eight[5], eight[6], eight[7]]);
        let found =
            below(word, 0x20) | below(word ^ (EACH * u64::from(b'"')), 1) | below(word ^ (EACH * u64::from(b'\\')), 1);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
}
