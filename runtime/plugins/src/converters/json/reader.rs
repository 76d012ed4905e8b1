//! Reads JSON text as Kafka's deserializer does, straight into the tree the caller wants.
//!
//! Why not `serde_json`: a worker that takes over a topic must read what the JVM worker read. That means leading
//! zeros, integers of any size, floats rounded exactly, what follows the first value ignored, and a nesting limit of
//! 1000. Strings without escapes are slices of the input; nothing is copied.
use std::mem::replace;

use longshore_api::data::ByteString;

use super::names::Names;

/// What the reader builds. Members of an object are given in the text's order, each name once.
pub(super) trait Tree: Sized {
    /// The name of a member.
    type Name: From<ByteString>;

    fn null() -> Self;
    fn boolean(value: bool) -> Self;
    fn integer(value: i64) -> Self;
    /// An integer beyond 64 bits, or a number with a fraction or an exponent. `raw` is a slice of `text`.
    fn number(raw: &str, integral: bool, text: &ByteString) -> Self;
    fn string(value: ByteString) -> Self;
    fn array(items: Vec<Self>) -> Self;
    fn object(members: Vec<(Self::Name, Self)>) -> Self;
    fn name(name: &Self::Name) -> &str;
}

/// Where and why reading stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Bytes before the offence.
    pub(super) at: usize,
    /// What is wrong there.
    pub(super) why: String,
}

/// The error is boxed to keep what is moved about small.
type Read<T> = Result<T, Box<Malformed>>;

/// An array or object whose end was not read yet.
enum Open<T: Tree> {
    Array(Vec<T>),
    Object { members: Vec<(T::Name, T)>, name: Text },
}

/// Where a string was found. It becomes a string only where it is put: moving one that was just made costs more than
/// finding it.
enum Text {
    Known(&'static str),
    Slice { start: usize, end: usize },
    Unescaped(ByteString),
}

impl Text {
    #[inline(always)]
    fn make(self, text: &ByteString) -> ByteString {
        match self {
            Self::Known(name) => ByteString::from_static(name),
            Self::Slice { start, end } => text.slice_ref(&text[start..end]),
            Self::Unescaped(text) => text,
        }
    }
}

impl<T: Tree> Open<T> {
    fn close(self) -> T {
        match self {
            Self::Array(items) => T::array(items),
            Self::Object { members, .. } => T::object(each_name_once(members)),
        }
    }
}

/// A number that fits 64 bits, or the text of another.
enum Number<'a> {
    Small(i64),
    Large { raw: &'a str, integral: bool },
}

const MAX_DEPTH: u32 = 1000;
const MAX_NUMBER_DIGITS: usize = 1000;

/// A place in a text.
pub(super) struct Reader<'a> {
    text: &'a ByteString,
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    /// Half a surrogate pair was read since this was last reset.
    lone_surrogate: bool,
    /// How many members the outermost object will likely have.
    expected_members: usize,
    names: Option<&'a mut Names>,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `text`, after a byte order mark if there is one.
    pub(super) fn new(text: &'a ByteString) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, bytes: text.as_bytes(), at, depth: 0, lone_surrogate: false, expected_members: 8, names: None }
    }

    /// The same reader, told how many members the outermost object will likely have.
    pub(super) fn expecting(mut self, members: usize) -> Self {
        self.expected_members = members;
        self
    }

    /// The same reader, told which names to expect.
    pub(super) fn knowing(mut self, names: &'a mut Names) -> Self {
        names.restart();
        self.names = Some(names);
        self
    }

    /// The first value of the text; `None` where there is nothing but white space. What follows is not looked at,
    /// as in Kafka, except that a number must end at white space.
    pub(super) fn root<T: Tree>(&mut self) -> Read<Option<T>> {
        let Some(first) = self.next_token() else { return Ok(None) };
        let value = self.value(first)?;
        if matches!(first, b'-' | b'0'..=b'9') && !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
            return self.fail("white space must follow a number");
        }
        Ok(Some(value))
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Goes over `bytes` if the text goes on with them.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> bool {
        let found = !bytes.is_empty() && self.bytes[self.at..].starts_with(bytes);
        if found {
            self.at += bytes.len();
        }
        found
    }

    /// Reads an object, handing each member's name to `member`, which reads the value.
    pub(super) fn members(&mut self, mut member: impl FnMut(&mut Self, ByteString) -> Read<()>) -> Read<()> {
        self.enter()?;
        if self.expect_token("a member's name or }")? != b'}' {
            loop {
                let name = self.member_name()?.make(self.text);
                member(self, name)?;
                if self.ends(b'}')? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// The value that comes next.
    pub(super) fn next_value<T: Tree>(&mut self) -> Read<T> {
        let first = self.expect_token("a value")?;
        self.value(first)
    }

    /// The value that begins with `first`. Nesting takes no stack: a message must not be able to overflow it.
    fn value<T: Tree>(&mut self, mut first: u8) -> Read<T> {
        let (mut open, mut outer): (Option<Open<T>>, Vec<Open<T>>) = (None, Vec::new());
        loop {
            // Each kind of value is put where it belongs at once; carrying values around costs more than reading them.
            macro_rules! put {
                ($value:expr) => {
                    match &mut open {
                        Some(Open::Object { members, name }) => {
                            let name = replace(name, Text::Known(""));
                            members.push((T::Name::from(name.make(self.text)), $value));
                        }
                        Some(Open::Array(items)) => items.push($value),
                        None => return Ok($value),
                    }
                };
            }
            match first {
                b'"' => {
                    let text = self.string()?;
                    put!(T::string(text.make(self.text)));
                }
                b'-' | b'0'..=b'9' => {
                    let number = self.number()?;
                    match number {
                        Number::Small(number) => put!(T::integer(number)),
                        Number::Large { raw, integral } => put!(T::number(raw, integral, self.text)),
                    }
                }
                b'{' => {
                    self.enter()?;
                    if self.expect_token("a member's name or }")? == b'}' {
                        self.leave();
                        put!(T::object(Vec::new()));
                    } else {
                        let name = self.member_name()?;
                        let members = Vec::with_capacity(replace(&mut self.expected_members, 4));
                        outer.extend(open.replace(Open::Object { members, name }));
                        first = self.expect_token("a value")?;
                        continue;
                    }
                }
                b'[' => {
                    self.enter()?;
                    first = self.expect_token("a value or ]")?;
                    if first == b']' {
                        self.leave();
                        put!(T::array(Vec::new()));
                    } else {
                        outer.extend(open.replace(Open::Array(Vec::new())));
                        continue;
                    }
                }
                b't' => {
                    self.word("true")?;
                    put!(T::boolean(true));
                }
                b'f' => {
                    self.word("false")?;
                    put!(T::boolean(false));
                }
                b'n' => {
                    self.word("null")?;
                    put!(T::null());
                }
                _ => return self.fail("a value must start here"),
            }
            // Arrays and objects that end here are values of what they stand in.
            while self.ends(if matches!(open, Some(Open::Array(_))) { b']' } else { b'}' })? {
                self.leave();
                let closed = replace(&mut open, outer.pop());
                put!(closed.map_or_else(T::null, Open::close));
            }
            if let Some(Open::Object { name, .. }) = &mut open {
                *name = self.member_name()?;
            }
            first = self.expect_token("a value")?;
        }
    }

    /// A member's name and the colon behind it.
    fn member_name(&mut self) -> Read<Text> {
        if self.expect_token("a member's name")? != b'"' {
            return self.fail("a member's name must stand in double quotes");
        }
        let rest = &self.bytes[self.at + 1..];
        let name = match self.names.as_mut().and_then(|names| names.expected(rest)) {
            Some(name) => {
                self.at += name.len() + 2;
                Text::Known(name)
            }
            None => self.new_name()?,
        };
        if self.expect_token("a colon")? != b':' {
            return self.fail("a colon must follow the name of a member");
        }
        self.at += 1;
        Ok(name)
    }

    fn new_name(&mut self) -> Read<Text> {
        self.lone_surrogate = false;
        let name = self.string()?;
        if self.lone_surrogate {
            return self.fail("a member's name must not hold half a surrogate pair");
        }
        let text = match &name {
            Text::Known(name) => name,
            Text::Slice { start, end } => &self.text[*start..*end],
            Text::Unescaped(name) => name,
        };
        let known = self.names.as_mut().and_then(|names| names.learn(text));
        Ok(known.map_or(name, Text::Known))
    }

    /// Whether an array or an object ends here; goes over the comma where it does not.
    fn ends(&mut self, end: u8) -> Read<bool> {
        match self.expect_token(if end == b']' { "a comma or ]" } else { "a comma or }" })? {
            b',' => {
                self.at += 1;
                Ok(false)
            }
            found if found == end => Ok(true),
            _ if end == b']' => self.fail("a comma must stand between the items of an array"),
            _ => self.fail("a comma must stand between members"),
        }
    }

    fn string(&mut self) -> Read<Text> {
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

    fn number(&mut self) -> Read<Number<'a>> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first_digit = self.at;
        let mut small = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // Counted downwards, so that the least number fits; no overflow within 18 digits.
            small = small.wrapping_mul(10).wrapping_sub(i64::from(digit - b'0'));
            self.at += 1;
        }
        let mut digits = self.at - first_digit;
        if digits == 0 {
            return self.fail("a digit must follow a minus sign");
        }
        let mut integral = true;
        if self.peek() == Some(b'.') {
            (integral, self.at) = (false, self.at + 1);
            digits += self.digits("a digit must follow a decimal point")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            (integral, self.at) = (false, self.at + 1);
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            let from = self.at;
            digits += self.digits("a digit must follow the mark of an exponent")?;
            self.check_exponent(from, first_digit)?;
        }
        if digits > MAX_NUMBER_DIGITS {
            return self.fail("a number has more than 1000 digits");
        }
        if integral && digits <= 18 {
            return Ok(Number::Small(if negative { small } else { -small }));
        }
        let raw: &'a str = &self.text[start..self.at];
        match raw.parse() {
            Ok(number) if integral => Ok(Number::Small(number)),
            _ => Ok(Number::Large { raw, integral }),
        }
    }

    fn digits(&mut self, missing: &str) -> Read<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.fail(missing) } else { Ok(self.at - start) }
    }

    /// A decimal's scale is a 32-bit number in Java, which refuses exponents that lead beyond it.
    fn check_exponent(&self, from: usize, first_digit: usize) -> Read<()> {
        let exponent = self.text[from..self.at].trim_start_matches('0');
        let negative = self.bytes[from - 1] == b'-';
        let exponent = if exponent.is_empty() { Ok(0) } else { exponent.parse::<i32>() };
        let mantissa = &self.text[first_digit..from];
        let places = mantissa.find('.').and_then(|point| mantissa.find(['e', 'E']).map(|end| end - point - 1));
        let places = i32::try_from(places.unwrap_or(0)).ok();
        let scale = exponent.ok().zip(places).and_then(|(exponent, places)| {
            if negative { places.checked_add(exponent) } else { places.checked_sub(exponent) }
        });
        if scale.is_some() { Ok(()) } else { self.fail("the exponent of a number is too large") }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        let end = self.at + word.len();
        let continues = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
        if self.bytes[self.at..].starts_with(word.as_bytes()) && !self.bytes.get(end).is_some_and(continues) {
            self.at = end;
            return Ok(());
        }
        self.fail("the only words in JSON are true, false and null")
    }

    /// Goes over an opening bracket.
    fn enter(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("more than 1000 levels of nesting");
        }
        self.at += 1;
        Ok(())
    }

    /// Goes over a closing bracket.
    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes to the next byte that is no white space.
    #[inline]
    pub(super) fn next_token(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    #[inline]
    fn expect_token(&mut self, what: &str) -> Read<u8> {
        match self.next_token() {
            Some(byte) => Ok(byte),
            None => self.fail(&format!("the text ends where {what} was expected")),
        }
    }

    #[cold]
    fn fail<T>(&self, why: &str) -> Read<T> {
        Err(Box::new(Malformed { at: self.at, why: why.to_string() }))
    }
}

/// The position of the first quote, backslash or control character from `at` on; eight bytes at a time.
fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Bytes below a limit borrow from their high bit; only bytes above a found one can be marked by mistake.
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word & HIGH;
    while let Some(eight) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes([eight[0], eight[1], eight[2], eight[3], eight[4], eight[5], eight[6], eight[7]]);
        let found = below(word, 0x20)
            | below(word ^ (EACH * u64::from(b'"')), 1)
            | below(word ^ (EACH * u64::from(b'\\')), 1);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
}

/// The last of several members of one name counts, at the place of the first: what Java's `LinkedHashMap` makes of
/// them.
fn each_name_once<T: Tree>(mut members: Vec<(T::Name, T)>) -> Vec<(T::Name, T)> {
    const FEW: usize = 24;
    let clean = if members.len() <= FEW {
        // Most names differ in their length or in one of three bytes; only the others are compared as a whole.
        let mut marks = [0_u32; FEW];
        for (mark, (name, _)) in marks.iter_mut().zip(&members) {
            let name = T::name(name).as_bytes();
            let byte = |at: usize| name.get(at).copied().unwrap_or(0);
            *mark = u32::from_le_bytes([name.len() as u8, byte(0), byte(name.len() / 2), byte(name.len().wrapping_sub(1))]);
        }
        let equal = |at: usize, other: usize| T::name(&members[at].0) == T::name(&members[other].0);
        !(1..members.len()).any(|at| (0..at).any(|other| marks[at] == marks[other] && equal(at, other)))
    } else {
        let mut names = std::collections::HashSet::with_capacity(members.len());
        members.iter().all(|(name, _)| names.insert(T::name(name)))
    };
    if clean {
        return members;
    }
    let mut places = std::collections::HashMap::<String, usize>::new();
    let mut unique: Vec<(T::Name, T)> = Vec::with_capacity(members.len());
    for (name, value) in members.drain(..) {
        match places.get(T::name(&name)) {
            Some(place) => unique[*place].1 = value,
            None => {
                places.insert(T::name(&name).to_string(), unique.len());
                unique.push((name, value));
            }
        }
    }
    unique
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
