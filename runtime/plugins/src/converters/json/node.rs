//! The two trees that JSON is read into: plain values, and nodes that wait for their schema.
use longshore_api::data::{ByteString, Value};
use num_bigint::BigInt;

use super::reader::Tree;

/// JSON that still has to be fitted to a schema.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Node {
    /// There was no text at all.
    Missing,
    #[default]
    Null,
    Boolean(bool),
    Integer(i64),
    /// An integer beyond 64 bits.
    BigInteger(ByteString),
    /// A number with a fraction or an exponent.
    Fraction(ByteString),
    Text(ByteString),
    Array(Vec<Node>),
    Object(Vec<(ByteString, Node)>),
}

impl Node {
    /// What Jackson calls this kind of node, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::Null => "NULL",
            Self::Boolean(_) => "BOOLEAN",
            Self::Integer(_) | Self::BigInteger(_) | Self::Fraction(_) => "NUMBER",
            Self::Text(_) => "STRING",
            Self::Array(_) => "ARRAY",
            Self::Object(_) => "OBJECT",
        }
    }

    /// A member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a string.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The plain value, as it is read where there is no schema.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Missing | Self::Null => Value::Null,
            Self::Boolean(b) => Value::Boolean(b),
            Self::Integer(n) => Value::Int64(n),
            Self::BigInteger(raw) => Value::Int64(low_64_bits(&raw)),
            Self::Fraction(raw) => Value::Float64(double(&raw)),
            Self::Text(text) => Value::String(text),
            Self::Array(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Self::Object(members) => {
                Value::Map(members.into_iter().map(|(k, v)| (Value::String(k), v.into_value())).collect())
            }
        }
    }
}

impl Tree for Node {
    type Name = ByteString;

    fn null() -> Self {
        Self::Null
    }

    fn boolean(value: bool) -> Self {
        Self::Boolean(value)
    }

    fn integer(value: i64) -> Self {
        Self::Integer(value)
    }

    fn number(raw: &str, integral: bool, text: &ByteString) -> Self {
        let raw = text.slice_ref(raw);
        if integral { Self::BigInteger(raw) } else { Self::Fraction(raw) }
    }

    fn string(value: ByteString) -> Self {
        Self::Text(value)
    }

    fn array(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn object(members: Vec<(ByteString, Self)>) -> Self {
        Self::Object(members)
    }

    fn name(name: &ByteString) -> &str {
        name
    }
}

impl Tree for Value {
    type Name = Value;

    fn null() -> Self {
        Self::Null
    }

    fn boolean(value: bool) -> Self {
        Self::Boolean(value)
    }

    fn integer(value: i64) -> Self {
        Self::Int64(value)
    }

    fn number(raw: &str, integral: bool, _: &ByteString) -> Self {
        if integral { Self::Int64(low_64_bits(raw)) } else { Self::Float64(double(raw)) }
    }

    fn string(value: ByteString) -> Self {
        Self::String(value)
    }

    fn array(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn object(members: Vec<(Value, Self)>) -> Self {
        Self::Map(members.into_iter().collect())
    }

    fn name(name: &Value) -> &str {
        name.as_str().unwrap_or_default()
    }
}

/// `BigInteger.longValue()`: what does not fit is cut off.
pub(super) fn low_64_bits(raw: &str) -> i64 {
    raw.parse::<BigInt>().map_or(0, |number| truncate(&number))
}

/// The low 64 bits of a number in two's complement.
pub(super) fn truncate(number: &BigInt) -> i64 {
    let low = number.magnitude().iter_u64_digits().next().unwrap_or(0);
    let low = if number.sign() == num_bigint::Sign::Minus { low.wrapping_neg() } else { low };
    low.cast_signed()
}

/// `BigDecimal.doubleValue()`: the nearest double; decimals know no negative zero.
pub(super) fn double(raw: &str) -> f64 {
    let value = raw.parse::<f64>().unwrap_or(0.0);
    if value == 0.0 && is_zero(raw) { 0.0 } else { value }
}

/// Whether a number's digits are all zero; a number too small for a float is not zero in this sense.
pub(super) fn is_zero(raw: &str) -> bool {
    raw.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}
