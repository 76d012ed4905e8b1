//! Reads JSON text as Kafka's deserializer does, straight into the tree the caller wants.
//!
//! Why not `serde_json`: a worker that takes over a topic must read what the JVM worker read. That means leading
//! zeros, integers of any size, floats rounded exactly, what follows the first value ignored, and a nesting limit of
//! 1000. Strings without escapes are slices of the input; nothing is copied.
mod number;
mod string;
mod twice;

use std::mem::replace;

use longshore_api::data::ByteString;

use self::number::Number;
use self::string::Text;
use self::twice::each_name_once;
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

impl<T: Tree> Open<T> {
    fn close(self) -> T {
        match self {
            Self::Array(items) => T::array(items),
            Self::Object { members, .. } => T::object(each_name_once(members)),
        }
    }
}

const MAX_DEPTH: u32 = 1000;

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
                b't' | b'f' | b'n' => {
                    let word = self.literal(first)?;
                    put!(word);
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

    fn literal<T: Tree>(&mut self, first: u8) -> Read<T> {
        match first {
            b't' => self.word("true").map(|()| T::boolean(true)),
            b'f' => self.word("false").map(|()| T::boolean(false)),
            _ => self.word("null").map(|()| T::null()),
        }
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

#[cfg(test)]
mod tests;
