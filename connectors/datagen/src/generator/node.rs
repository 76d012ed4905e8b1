//! The compiled generator: a tree whose nodes make values.
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use longshore_api::data::{Decimal, Map, Schema, Struct, Value};
use num_bigint::BigInt;

use super::annotations::Length;
use super::pattern::Pattern;
use super::random::Random;
use super::sequence::{FractionSequence, WholeSequence};
use super::time::write_iso8601;

/// Makes the values of one place in the schema.
#[derive(Debug)]
pub(crate) enum Node {
    Null,
    /// One of these, each as likely.
    OneOf(Box<[Value]>),
    /// True with this probability.
    Odds(f64),
    /// Alternates, beginning with `start`.
    Flip {
        start: bool,
        slot: usize,
    },
    Whole {
        min: i64,
        count: u64,
        form: WholeForm,
    },
    WholeSequence {
        sequence: Box<WholeSequence>,
        slot: usize,
        form: WholeForm,
    },
    /// `min + fraction × width`, rounded down to a multiple of `1 / unit` where there is a unit.
    Fraction {
        min: f64,
        width: f64,
        below: f64,
        unit: Option<f64>,
        double: bool,
    },
    FractionSequence {
        sequence: Box<FractionSequence>,
        slot: usize,
        double: bool,
    },
    Text(Box<Text>),
    Bytes(Length),
    /// `min` and a number below `count` more, in units of 10^-`scale`.
    Decimal {
        min: BigInt,
        count: BigInt,
        scale: i32,
    },
    Array {
        length: Length,
        item: Box<Node>,
    },
    Map {
        length: Length,
        key: Box<Node>,
        value: Box<Node>,
    },
    Struct {
        schema: Arc<Schema>,
        fields: Box<[Node]>,
    },
    /// A branch drawn from a union; its value stands as it is.
    Either(Box<[Node]>),
    /// A branch put into the struct that stands for a union; it is field `at` of it.
    Branch {
        schema: Arc<Schema>,
        at: usize,
        node: Box<Node>,
    },
}

/// How a whole number becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WholeForm {
    Int8,
    Int16,
    Int32,
    Int64,
    Date,
    Time,
    Timestamp,
}

/// Makes strings.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) prefix: String,
    pub(crate) suffix: String,
    pub(crate) body: Body,
}

/// What stands between prefix and suffix.
#[derive(Debug)]
pub(crate) enum Body {
    /// Printable ASCII characters.
    Random(Length),
    Pattern(Pattern),
    /// A UUID of version 4.
    Uuid,
    Sequence {
        sequence: WholeSequence,
        slot: usize,
        format: NumberFormat,
    },
    Range {
        min: i64,
        count: u64,
        format: NumberFormat,
    },
}

/// How a whole number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    Decimal,
    /// Milliseconds since 1970 as an ISO-8601 instant.
    Iso8601,
}

/// What a record's values are drawn from.
pub(crate) struct Draw<'a> {
    pub(crate) random: Random,
    /// How often each iteration was used.
    pub(crate) uses: &'a mut [u64],
    pub(crate) texts: &'a mut TextBuffer,
}

impl Draw<'_> {
    fn next_use(&mut self, slot: usize) -> u64 {
        let before = self.uses[slot];
        self.uses[slot] += 1;
        before
    }
}

/// Collects the texts of a batch in one buffer, so that a text costs no allocation of its own.
#[derive(Debug, Default)]
pub(crate) struct TextBuffer {
    buffer: BytesMut,
    scratch: String,
}

impl TextBuffer {
    /// Bytes taken from the allocator at a time.
    const CHUNK: usize = 32 * 1024;

    fn take(&mut self) -> ByteString {
        let text = self.scratch.as_bytes();
        if self.buffer.capacity() < text.len() {
            self.buffer = BytesMut::with_capacity(text.len().max(Self::CHUNK));
        }
        self.buffer.extend_from_slice(text);
        // It came out of a `String`, so it is UTF-8.
        ByteString::try_from(self.buffer.split().freeze()).unwrap_or_default()
    }
}

impl Node {
    /// Makes the next value.
    pub(crate) fn value(&self, draw: &mut Draw<'_>) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::OneOf(options) => options[draw.random.index(options.len())].clone(),
            Self::Odds(odds) => Value::Boolean(draw.random.fraction() < *odds),
            Self::Flip { start, slot } => Value::Boolean((draw.next_use(*slot) % 2 == 1) ^ start),
            Self::Whole { min, count, form } => form.value(min.wrapping_add_unsigned(draw.random.below(*count))),
            Self::WholeSequence { sequence, slot, form } => form.value(sequence.at(draw.next_use(*slot))),
            Self::Fraction { min, width, below, unit, double } => {
                let mut n = min + draw.random.fraction() * width;
                if let Some(unit) = unit {
                    n = ((n * unit).floor() / unit).max(*min);
                }
                // Rounding may reach the upper end, which is not included.
                fraction(if n < *below { n } else { *min }, *double)
            }
            Self::FractionSequence { sequence, slot, double } => fraction(sequence.at(draw.next_use(*slot)), *double),
            Self::Text(text) => Value::String(text.write(draw)),
            Self::Bytes(length) => {
                let mut bytes = vec![0; length.draw(&mut draw.random)];
                draw.random.fill(&mut bytes);
                Value::Bytes(Bytes::from(bytes))
            }
            Self::Decimal { min, count, scale } => Decimal::new(min + below(count, &mut draw.random), *scale).into(),
            Self::Array { length, item } => {
                let count = length.draw(&mut draw.random);
                Value::Array((0..count).map(|_| item.value(draw)).collect())
            }
            Self::Map { length, key, value } => {
                let count = length.draw(&mut draw.random);
                let mut map = Map::with_capacity(count);
                for _ in 0..count {
                    map.insert(key.value(draw), value.value(draw));
                }
                Value::Map(map)
            }
            Self::Struct { schema, fields } => {
                let values: Box<[Value]> = fields.iter().map(|field| field.value(draw)).collect();
                Value::Struct(Struct::from_trusted(schema, values))
            }
            Self::Either(branches) => branches[draw.random.index(branches.len())].value(draw),
            Self::Branch { schema, at, node } => {
                let mut values = vec![Value::Null; schema.fields().len()];
                values[*at] = node.value(draw);
                Value::Struct(Struct::from_trusted(schema, values))
            }
        }
    }
}

impl WholeForm {
    #[inline]
    fn value(self, n: i64) -> Value {
        // The bounds of every range were checked against the type when the schema was compiled.
        match self {
            Self::Int8 => Value::Int8(n as i8),
            Self::Int16 => Value::Int16(n as i16),
            Self::Int32 => Value::Int32(n as i32),
            Self::Int64 => Value::Int64(n),
            Self::Date => Value::Date(n as i32),
            Self::Time => Value::Time(n as i32),
            Self::Timestamp => Value::Timestamp(n),
        }
    }
}

impl Text {
    fn write(&self, draw: &mut Draw<'_>) -> ByteString {
        let mut out = std::mem::take(&mut draw.texts.scratch);
        out.clear();
        out.push_str(&self.prefix);
        match &self.body {
            Body::Random(length) => {
                let count = length.draw(&mut draw.random);
                out.extend((0..count).map(|_| char::from(b' ' + draw.random.below(95) as u8)));
            }
            Body::Pattern(pattern) => pattern.write(&mut draw.random, &mut out),
            Body::Uuid => write_uuid(&mut draw.random, &mut out),
            Body::Sequence { sequence, slot, format } => format.write(sequence.at(draw.next_use(*slot)), &mut out),
            Body::Range { min, count, format } => {
                format.write(min.wrapping_add_unsigned(draw.random.below(*count)), &mut out);
            }
        }
        out.push_str(&self.suffix);
        draw.texts.scratch = out;
        draw.texts.take()
    }
}

impl NumberFormat {
    fn write(self, n: i64, out: &mut String) {
        match self {
            Self::Decimal => {
                // Writing into a `String` cannot fail.
                let _ = write!(out, "{n}");
            }
            Self::Iso8601 => write_iso8601(n, out),
        }
    }
}

#[inline]
fn fraction(n: f64, double: bool) -> Value {
    if double { Value::Float64(n) } else { Value::Float32(n as f32) }
}

/// A number in 0..`bound`.
fn below(bound: &BigInt, random: &mut Random) -> BigInt {
    match u64::try_from(bound) {
        Ok(bound) => random.below(bound).into(),
        Err(_) => {
            // As in `Random::below`, with enough bits for the bound and 64 more.
            let bytes = usize::try_from(bound.bits() / 8 + 9).unwrap_or(9);
            let mut drawn = vec![0; bytes];
            random.fill(&mut drawn);
            (bound * BigInt::from_bytes_le(num_bigint::Sign::Plus, &drawn)) >> (bytes * 8)
        }
    }
}

fn write_uuid(random: &mut Random, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let high = random.next() & 0xffff_ffff_ffff_0fff | 0x4000;
    let low = random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
    let mut text = [b'-'; 36];
    for (group, at) in [(0..4, 0), (4..6, 9), (6..8, 14), (8..10, 19), (10..16, 24)] {
        for (byte, pair) in bytes[group].iter().zip(text[at..].chunks_exact_mut(2)) {
            pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    // Hexadecimal digits and dashes.
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
}
