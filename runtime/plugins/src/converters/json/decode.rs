//! JSON fitted to a schema, with Kafka's own tolerance: a number of another width is cut to size, a value of another
//! kind becomes zero, false or null; only shapes that cannot fit are refused.
use std::sync::Arc;

use longshore_api::data::{DATE, DECIMAL, Decimal, Map, Schema, Struct, TIME, TIMESTAMP, Type, Value};
use longshore_api::error::{ConnectError, Result};
use num_bigint::BigInt;

use super::base64;
use super::node::{Node, double, is_zero, low_64_bits, truncate};

const MS_PER_DAY: i64 = 86_400_000;

/// What the converter's keys decide about reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoder {
    pub(super) replace_null_with_default: bool,
}

impl Decoder {
    /// The value that a node is under a schema.
    ///
    /// # Errors
    /// Data, naming the field where something does not fit.
    pub(super) fn convert(&self, schema: Option<&Arc<Schema>>, node: Node) -> Result<Value> {
        let Some(schema) = schema else { return Ok(node.into_value()) };
        if node == Node::Null {
            return self.null(schema);
        }
        match schema.name() {
            Some(DECIMAL) => decimal(schema, &node),
            Some(DATE) => match node {
                Node::Integer(days) => i32::try_from(days).map(Value::Date).map_err(|_| out_of_range("a date", days)),
                other => Err(not_integral("a date", &other)),
            },
            Some(TIME) => match node {
                Node::Integer(ms) if (0..=MS_PER_DAY).contains(&ms) => Ok(Value::Time(ms as i32)),
                Node::Integer(ms) => Err(out_of_range("a time of day in milliseconds", ms)),
                other => Err(not_integral("a time of day", &other)),
            },
            Some(TIMESTAMP) => match node {
                Node::Integer(ms) => Ok(Value::Timestamp(ms)),
                Node::BigInteger(raw) => Ok(Value::Timestamp(low_64_bits(&raw))),
                other => Err(not_integral("a timestamp", &other)),
            },
            _ => self.plain(schema, node),
        }
    }

    fn null(&self, schema: &Schema) -> Result<Value> {
        match schema.default_value() {
            Some(default) if self.replace_null_with_default => Ok(default.clone()),
            _ if schema.is_optional() => Ok(Value::Null),
            _ => Err(ConnectError::data(format!("null where a {} is required", schema.ty().name()))),
        }
    }

    fn plain(&self, schema: &Arc<Schema>, node: Node) -> Result<Value> {
        Ok(match schema.ty() {
            Type::Boolean => Value::Boolean(node == Node::Boolean(true)),
            Type::Int8 => Value::Int8(integer(&node) as i8),
            Type::Int16 => Value::Int16(integer(&node) as i16),
            Type::Int32 => Value::Int32(integer(&node) as i32),
            Type::Int64 => Value::Int64(integer(&node)),
            Type::Float32 => Value::Float32(float(&node)),
            Type::Float64 => Value::Float64(match &node {
                Node::Integer(n) => *n as f64,
                Node::BigInteger(raw) | Node::Fraction(raw) => double(raw),
                _ => 0.0,
            }),
            Type::String => match node {
                Node::Text(text) => Value::String(text),
                _ => Value::Null,
            },
            Type::Bytes => match node {
                Node::Text(text) => Value::from(base64::decode(&text).map_err(ConnectError::data)?),
                _ => Value::Null,
            },
            Type::Array => self.array(schema, node)?,
            Type::Map => self.map(schema, node)?,
            Type::Struct => self.record(schema, node)?,
        })
    }

    fn array(&self, schema: &Schema, node: Node) -> Result<Value> {
        let element = schema.value_schema();
        let items: Result<Vec<_>> = match node {
            Node::Array(items) => items.into_iter().map(|item| self.convert(element, item)).collect(),
            Node::Object(members) => members.into_iter().map(|(_, item)| self.convert(element, item)).collect(),
            _ => Ok(Vec::new()),
        };
        items.map(Value::Array)
    }

    fn map(&self, schema: &Schema, node: Node) -> Result<Value> {
        let (key_schema, value_schema) = (schema.key_schema(), schema.value_schema());
        if key_schema.is_none_or(|key| key.ty() == Type::String) {
            let Node::Object(members) = node else {
                let text = format!("a map with string keys must be a JSON object, not {}", node.kind());
                return Err(ConnectError::data(text));
            };
            let entries = members.into_iter().map(|(k, v)| Ok((Value::String(k), self.convert(value_schema, v)?)));
            return entries.collect::<Result<Map>>().map(Value::Map);
        }
        let Node::Array(entries) = node else {
            let text = format!("a map without string keys must be a JSON array of pairs, not {}", node.kind());
            return Err(ConnectError::data(text));
        };
        let mut map = Map::with_capacity(entries.len());
        for entry in entries {
            let Node::Array(pair) = entry else {
                let text = format!("an entry of a map must be an array of key and value, not {}", entry.kind());
                return Err(ConnectError::data(text));
            };
            let [key, value] = <[Node; 2]>::try_from(pair).map_err(|pair| {
                ConnectError::data(format!("an entry of a map must hold key and value, not {} value(s)", pair.len()))
            })?;
            map.insert(self.convert(key_schema, key)?, self.convert(value_schema, value)?);
        }
        Ok(Value::Map(map))
    }

    fn record(&self, schema: &Arc<Schema>, node: Node) -> Result<Value> {
        let Node::Object(mut members) = node else {
            return Err(ConnectError::data(format!("a struct must be a JSON object, not {}", node.kind())));
        };
        let mut values = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            // Writers keep the order of the schema, so the place to look first is the field's own.
            let place = match members.get(at) {
                Some((name, _)) if *name == **field.name() => Some(at),
                _ => members.iter().position(|(name, _)| *name == **field.name()),
            };
            let node = place.map_or(Node::Null, |place| std::mem::take(&mut members[place].1));
            let value = self
                .convert(Some(field.schema()), node)
                .and_then(|value| no_null_where_required(field.schema(), value))
                .map_err(|error| ConnectError::data(format!("field \"{}\": {error}", field.name())))?;
            values.push(value);
        }
        Ok(Value::Struct(Struct::from_trusted(schema, values)))
    }
}

/// A value of another kind became null; a struct takes that only in optional fields, whatever their default.
fn no_null_where_required(schema: &Schema, value: Value) -> Result<Value> {
    fn holds(schema: &Schema, value: &Value) -> bool {
        match value {
            Value::Null => schema.is_optional(),
            Value::Array(items) => items.iter().all(|item| schema.value_schema().is_none_or(|s| holds(s, item))),
            Value::Map(map) => map.iter().all(|(_, value)| schema.value_schema().is_none_or(|s| holds(s, value))),
            _ => true,
        }
    }
    if holds(schema, &value) {
        return Ok(value);
    }
    Err(ConnectError::data(format!("found a value of another kind where a {} is required", schema.ty().name())))
}

/// `longValue()`: what stands behind the point and beyond 64 bits is cut off; what is no number is zero.
fn integer(node: &Node) -> i64 {
    match node {
        Node::Integer(n) => *n,
        Node::BigInteger(raw) => low_64_bits(raw),
        Node::Fraction(raw) => raw.parse::<Decimal>().map_or(0, |decimal| low_64_bits_of(&decimal)),
        _ => 0,
    }
}

fn low_64_bits_of(decimal: &Decimal) -> i64 {
    let scale = decimal.scale();
    let digits = i64::try_from(decimal.unscaled().bits()).unwrap_or(i64::MAX);
    match scale {
        0 => truncate(decimal.unscaled()),
        // 2^64 divides every multiple of 10^64.
        ..=-64 => 0,
        -63..=-1 => truncate(&(decimal.unscaled() * BigInt::from(10).pow(scale.unsigned_abs()))),
        // Fewer bits than places: the number lies between -1 and 1.
        1.. if i64::from(scale) > digits => 0,
        1.. => truncate(&(decimal.unscaled() / BigInt::from(10).pow(scale.unsigned_abs()))),
    }
}

fn float(node: &Node) -> f32 {
    match node {
        Node::Integer(n) => *n as f32,
        Node::BigInteger(raw) => raw.parse().unwrap_or(0.0),
        Node::Fraction(raw) => {
            let value = raw.parse::<f32>().unwrap_or(0.0);
            if value == 0.0 && is_zero(raw) { 0.0 } else { value }
        }
        _ => 0.0,
    }
}

/// Numbers are taken as they are, whatever the schema's scale; strings hold the unscaled value's bytes.
fn decimal(schema: &Arc<Schema>, node: &Node) -> Result<Value> {
    let number = |raw: &str| {
        raw.parse::<Decimal>().map(Value::from).map_err(|_| ConnectError::data(format!("{raw} is no decimal number")))
    };
    match node {
        Node::Integer(n) => Ok(Decimal::new(*n, 0).into()),
        Node::BigInteger(raw) | Node::Fraction(raw) => number(raw),
        Node::Text(text) => {
            let bytes = base64::decode(text).map_err(ConnectError::data)?;
            if bytes.is_empty() {
                return Err(ConnectError::data("a decimal needs at least one byte"));
            }
            match schema.decimal_scale() {
                Some(scale) => Ok(Decimal::from_wire(&bytes, scale).into()),
                None => {
                    Err(ConnectError::data("the schema of a decimal needs a whole number as its parameter \"scale\""))
                }
            }
        }
        other => Err(ConnectError::data(format!("a decimal must be a number or Base64, not {}", other.kind()))),
    }
}

fn not_integral(what: &str, node: &Node) -> ConnectError {
    ConnectError::data(format!("{what} must be a whole number, not {}", node.kind()))
}

fn out_of_range(what: &str, number: i64) -> ConnectError {
    ConnectError::data(format!("{number} is out of range for {what}"))
}
