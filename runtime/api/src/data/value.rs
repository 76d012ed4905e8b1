//! Values, structs and maps.
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use super::decimal::Decimal;
use super::schema::{Schema, Type};
use super::validate::conforms;
use crate::error::{ConnectError, Result};

/// One value, with or without a schema beside it.
///
/// Strings and byte strings are reference-counted slices: cloning is cheap, and a converter may hand out slices of
/// the buffer it read. A slice keeps its whole buffer alive, so copy one that outlives its batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// A boolean.
    Boolean(bool),
    /// An 8-bit integer.
    Int8(i8),
    /// A 16-bit integer.
    Int16(i16),
    /// A 32-bit integer.
    Int32(i32),
    /// A 64-bit integer.
    Int64(i64),
    /// A 32-bit float.
    Float32(f32),
    /// A 64-bit float.
    Float64(f64),
    /// Text.
    String(ByteString),
    /// Bytes.
    Bytes(Bytes),
    /// An array.
    Array(Vec<Value>),
    /// A map; schemaless JSON objects too.
    Map(Map),
    /// A record with a schema of its own.
    Struct(Struct),
    /// A decimal number ([`DECIMAL`](super::DECIMAL)).
    Decimal(Box<Decimal>),
    /// Days since 1970-01-01 ([`DATE`](super::DATE)).
    Date(i32),
    /// Milliseconds since midnight ([`TIME`](super::TIME)).
    Time(i32),
    /// Milliseconds since 1970-01-01T00:00:00Z ([`TIMESTAMP`](super::TIMESTAMP)).
    Timestamp(i64),
}

impl Value {
    /// Text, from anything that is text.
    pub fn string(text: impl Into<ByteString>) -> Self {
        Self::String(text.into())
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// Any of the four integer types, widened.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int8(n) => Some((*n).into()),
            Self::Int16(n) => Some((*n).into()),
            Self::Int32(n) => Some((*n).into()),
            Self::Int64(n) => Some(*n),
            _ => None,
        }
    }

    /// The struct, if it is one.
    pub fn as_struct(&self) -> Option<&Struct> {
        match self {
            Self::Struct(s) => Some(s),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The physical type the value would have in a schema inferred from it; `None` for null.
    pub fn ty(&self) -> Option<Type> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(_) => Type::Boolean,
            Self::Int8(_) => Type::Int8,
            Self::Int16(_) => Type::Int16,
            Self::Int32(_) | Self::Date(_) | Self::Time(_) => Type::Int32,
            Self::Int64(_) | Self::Timestamp(_) => Type::Int64,
            Self::Float32(_) => Type::Float32,
            Self::Float64(_) => Type::Float64,
            Self::String(_) => Type::String,
            Self::Bytes(_) | Self::Decimal(_) => Type::Bytes,
            Self::Array(_) => Type::Array,
            Self::Map(_) => Type::Map,
            Self::Struct(_) => Type::Struct,
        })
    }

    /// A rough count of the bytes the value holds, for memory budgets.
    pub fn weight_bytes(&self) -> usize {
        let own = size_of::<Self>();
        own + match self {
            Self::String(s) => s.len(),
            Self::Bytes(b) => b.len(),
            Self::Array(items) => items.iter().map(Self::weight_bytes).sum(),
            Self::Map(map) => map.iter().map(|(k, v)| k.weight_bytes() + v.weight_bytes()).sum(),
            Self::Struct(s) => s.values().iter().map(Self::weight_bytes).sum(),
            Self::Decimal(d) => d.unscaled().bits() as usize / 8,
            _ => 0,
        }
    }
}

/// A map that keeps the order in which its entries were added. Keys of schemaless maps are strings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<(Value, Value)>);

impl Map {
    /// An empty map with room for `entries`.
    pub fn with_capacity(entries: usize) -> Self {
        Self(Vec::with_capacity(entries))
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some(entry) => entry.1 = value,
            None => self.0.push((key, value)),
        }
    }

    /// Adds an entry whose key is known to be new, without looking.
    pub fn push(&mut self, key: impl Into<Value>, value: impl Into<Value>) {
        self.0.push((key.into(), value.into()));
    }

    /// The value of a string key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// Takes an entry with a string key out, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(k, _)| k.as_str() == Some(key))?;
        Some(self.0.remove(at).1)
    }

    /// The entries, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, (Value, Value)> {
        self.0.iter()
    }

    /// The entries, in order, by position.
    pub fn as_slice(&self) -> &[(Value, Value)] {
        &self.0
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = std::vec::IntoIter<(Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a (Value, Value);
    type IntoIter = std::slice::Iter<'a, (Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// A record: a struct schema and one value per field, in the schema's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Struct {
    schema: Arc<Schema>,
    values: Box<[Value]>,
}

impl Struct {
    /// A record of `values` in the order of the schema's fields, each checked against its field.
    ///
    /// # Errors
    /// A data error naming the field whose value does not conform, or the wrong number of values.
    pub fn new(schema: &Arc<Schema>, values: impl Into<Box<[Value]>>) -> Result<Self> {
        let record = Self { schema: Arc::clone(schema), values: values.into() };
        conforms(schema, &Value::Struct(record.clone())).map_err(ConnectError::data)?;
        Ok(record)
    }

    /// The same without checking the values against their fields; the caller has made them from the schema.
    ///
    /// # Panics
    /// In debug builds, when a value does not conform.
    pub fn from_trusted(schema: &Arc<Schema>, values: impl Into<Box<[Value]>>) -> Self {
        let record = Self { schema: Arc::clone(schema), values: values.into() };
        debug_assert_eq!(record.values.len(), record.schema.fields().len());
        record
    }

    /// The record's schema.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The values, in the order of the schema's fields.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of a field; `None` when there is no such field.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.schema.field_index(field).map(|at| &self.values[at])
    }

    /// The value of a field, or its default where the value is null.
    pub fn get_or_default(&self, field: &str) -> Option<&Value> {
        let at = self.schema.field_index(field)?;
        match &self.values[at] {
            Value::Null => Some(self.schema.fields()[at].schema().default_value().unwrap_or(&Value::Null)),
            value => Some(value),
        }
    }

    /// The values, taken apart.
    pub fn into_values(self) -> Box<[Value]> {
        self.values
    }
}

/// A value and what it may be; without a schema for schemaless data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SchemaAndValue {
    /// What the value may be.
    pub schema: Option<Arc<Schema>>,
    /// The value.
    pub value: Value,
}

impl SchemaAndValue {
    /// No schema and no value: a missing key, or a tombstone.
    pub const NULL: Self = Self { schema: None, value: Value::Null };

    /// A value with its schema.
    pub fn new(schema: Arc<Schema>, value: impl Into<Value>) -> Self {
        Self { schema: Some(schema), value: value.into() }
    }

    /// A value without a schema.
    pub fn schemaless(value: impl Into<Value>) -> Self {
        Self { schema: None, value: value.into() }
    }

    /// A required string with its schema.
    pub fn string(text: impl Into<ByteString>) -> Self {
        Self::new(Schema::string(), Value::String(text.into()))
    }
}

macro_rules! from_primitive {
    ($($from:ty => $variant:ident),*) => {
        $(
            impl From<$from> for Value {
                fn from(value: $from) -> Self {
                    Self::$variant(value.into())
                }
            }
        )*
    };
}
from_primitive! { bool => Boolean, i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64, f32 => Float32,
f64 => Float64, &str => String, String => String, ByteString => String, Bytes => Bytes, Vec<u8> => Bytes,
Vec<Value> => Array, Map => Map, Struct => Struct }

impl From<Decimal> for Value {
    fn from(value: Decimal) -> Self {
        Self::Decimal(Box::new(value))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SchemaBuilder;
    use super::*;

    fn pair() -> Arc<Schema> {
        SchemaBuilder::record("Pair").field("a", Schema::int32()).field("b", Schema::optional_string()).build()
    }

    #[test]
    fn struct_refuses_what_its_schema_does_not_allow() {
        let schema = pair();
        assert!(Struct::new(&schema, [Value::from(1), Value::Null]).is_ok());
        let missing = Struct::new(&schema, [Value::Null, Value::Null]).unwrap_err().to_string();
        assert!(missing.contains("\"a\""), "{missing}");
        let short = Struct::new(&schema, [Value::from(1)]).unwrap_err().to_string();
        assert!(short.contains("1 value"), "{short}");
        assert!(Struct::new(&schema, [Value::from(1i64), Value::Null]).is_err());
    }

    #[test]
    fn defaults_stand_for_null() {
        let field = SchemaBuilder::int32().optional().default_value(42).build();
        let schema = SchemaBuilder::structure().field("x", field).build();
        let record = Struct::new(&schema, [Value::Null]).unwrap();
        assert_eq!(record.get("x"), Some(&Value::Null));
        assert_eq!(record.get_or_default("x"), Some(&Value::Int32(42)));
        assert_eq!(record.get("y"), None);
    }
}
