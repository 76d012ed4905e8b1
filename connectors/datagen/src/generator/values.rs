//! From JSON to values that fit a Connect schema: options and defaults.
use std::sync::Arc;

use longshore_api::data::{DATE, Decimal, Map, Schema, Struct, TIME, TIMESTAMP, Type, Value};
use num_bigint::BigInt;
use serde_json::Value as Json;

use super::avro::{Avro, Kind, TypeId};
use super::connect::{UnionShape, branch_field, union_shape};

/// The whole milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// How JSON stands for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// An option written in a schema: bytes are the text's UTF-8, a union takes the first branch that fits.
    Inline,
    /// Avro's JSON encoding: one character per byte, a union's branch is named.
    Encoded,
    /// A default in a schema: one character per byte, a union takes its first branch.
    Default,
}

/// Reads JSON as a value of a type.
///
/// # Errors
/// What does not fit.
pub(crate) fn convert(
    avro: &Avro,
    id: TypeId,
    schema: &Arc<Schema>,
    json: &Json,
    style: Style,
) -> Result<Value, String> {
    let expected = |what: &str| format!("expected {what}, found {json}");
    match avro.kind(id) {
        Kind::Null if json.is_null() => Ok(Value::Null),
        Kind::Null => Err(expected("null")),
        Kind::Boolean => json.as_bool().map(Value::Boolean).ok_or_else(|| expected("a boolean")),
        Kind::Int | Kind::Long => {
            let number = whole(json).ok_or_else(|| expected("a whole number"))?;
            integer(schema, number).ok_or_else(|| expected(&format!("a number in the range of {}", name_of(schema))))
        }
        Kind::Float => number(json).map(|n| Value::Float32(n as f32)).ok_or_else(|| expected("a number")),
        Kind::Double => number(json).map(Value::Float64).ok_or_else(|| expected("a number")),
        Kind::String => json.as_str().map(Value::string).ok_or_else(|| expected("a string")),
        Kind::Bytes | Kind::Fixed { .. } => {
            if let (Some(scale), Json::Number(n)) = (schema.decimal_scale(), json) {
                return decimal(&n.to_string(), scale).map(Value::from);
            }
            let text = json.as_str().ok_or_else(|| expected("a string that stands for bytes"))?;
            let bytes = match style {
                Style::Inline => text.as_bytes().to_vec(),
                _ => latin1(text).ok_or_else(|| expected("characters below U+0100, one per byte"))?,
            };
            bytes_value(avro, id, schema, bytes)
        }
        Kind::Enum { symbols, name, .. } => match json.as_str().filter(|text| symbols.iter().any(|s| s == text)) {
            Some(symbol) => Ok(Value::string(symbol)),
            None => Err(expected(&format!("a symbol of {name}"))),
        },
        Kind::Array(item) => {
            let items = json.as_array().ok_or_else(|| expected("an array"))?;
            let inner = schema.value_schema().ok_or_else(|| expected("an array"))?;
            items
                .iter()
                .map(|one| convert(avro, *item, inner, one, style))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::from)
        }
        Kind::Map(value) => {
            let object = json.as_object().ok_or_else(|| expected("an object"))?;
            let inner = schema.value_schema().ok_or_else(|| expected("an object"))?;
            let entries = object
                .iter()
                .map(|(key, one)| Ok((Value::string(key.as_str()), convert(avro, *value, inner, one, style)?)));
            entries.collect::<Result<Map, String>>().map(Value::from)
        }
        Kind::Record { .. } => record(avro, id, schema, json, style),
        Kind::Union(branches) => union(avro, branches, schema, json, style),
    }
}

fn record(avro: &Avro, id: TypeId, schema: &Arc<Schema>, json: &Json, style: Style) -> Result<Value, String> {
    let Kind::Record { name, fields, .. } = avro.kind(id) else { return Err("expected a record".into()) };
    let object = json.as_object().ok_or_else(|| format!("expected an object for the record {name}, found {json}"))?;
    if let Some(stranger) = object.keys().find(|key| fields.iter().all(|field| field.name != **key)) {
        return Err(format!("the record {name} has no field \"{stranger}\""));
    }
    let mut values = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let Some(of_avro) = fields.iter().find(|other| *other.name == **field.name()) else { continue };
        let value = match (object.get(&of_avro.name), &of_avro.default) {
            (Some(json), _) => convert(avro, of_avro.ty, field.schema(), json, style),
            (None, Some(default)) => convert(avro, of_avro.ty, field.schema(), default, Style::Default),
            (None, None) => Err(format!("missing, and it has no default: {json}")),
        };
        values.push(value.map_err(|why| format!("field \"{}\": {why}", field.name()))?);
    }
    Ok(Struct::from_trusted(schema, values).into())
}

fn union(avro: &Avro, branches: &[TypeId], schema: &Arc<Schema>, json: &Json, style: Style) -> Result<Value, String> {
    match style {
        Style::Default => match branches.first() {
            Some(first) => convert_branch(avro, branches, *first, schema, json, style),
            None => Err("the union is empty".into()),
        },
        Style::Encoded => {
            let (name, inner) = match json {
                Json::Null => ("null", json),
                Json::Object(object) if object.len() == 1 => match object.iter().next() {
                    Some((name, inner)) => (name.as_str(), inner),
                    None => ("", json),
                },
                _ => return Err(format!("expected null or an object naming the union's branch, found {json}")),
            };
            match branches.iter().find(|branch| avro.branch_name(**branch) == name) {
                Some(branch) => convert_branch(avro, branches, *branch, schema, inner, style),
                None => Err(format!("the union has no branch \"{name}\"")),
            }
        }
        Style::Inline => {
            let mut fits =
                branches.iter().filter_map(|id| convert_branch(avro, branches, *id, schema, json, style).ok());
            fits.next().ok_or_else(|| format!("no branch of the union takes {json}"))
        }
    }
}

fn convert_branch(
    avro: &Avro,
    branches: &[TypeId],
    branch: TypeId,
    schema: &Arc<Schema>,
    json: &Json,
    style: Style,
) -> Result<Value, String> {
    if matches!(avro.kind(branch), Kind::Null) {
        return convert(avro, branch, schema, json, style);
    }
    in_branch(avro, branches, branch, schema, |inner| convert(avro, branch, inner, json, style))
}

/// Makes a branch's value with `make` and puts it where the union's schema wants it.
pub(super) fn in_branch(
    avro: &Avro,
    branches: &[TypeId],
    branch: TypeId,
    schema: &Arc<Schema>,
    make: impl FnOnce(&Arc<Schema>) -> Result<Value, String>,
) -> Result<Value, String> {
    match union_shape(avro, branches) {
        UnionShape::Nullable(_) | UnionShape::Single(_) => make(schema),
        UnionShape::Sum => {
            let at = schema.field_index(branch_field(avro, branch));
            let at = at.ok_or_else(|| "the union's branch was cut off for its recursion".to_string())?;
            let mut values = vec![Value::Null; schema.fields().len()];
            values[at] = make(schema.fields()[at].schema())?;
            Ok(Struct::from_trusted(schema, values).into())
        }
    }
}

/// A whole number as the schema's type; `None` when it is out of range.
pub(crate) fn integer(schema: &Schema, number: i64) -> Option<Value> {
    Some(match (schema.name(), schema.ty()) {
        (Some(DATE), _) => Value::Date(i32::try_from(number).ok()?),
        (Some(TIME), _) => Value::Time(i32::try_from(number).ok().filter(|n| (0..DAY_MS).contains(&i64::from(*n)))?),
        (Some(TIMESTAMP), _) => Value::Timestamp(number),
        (_, Type::Int8) => Value::Int8(i8::try_from(number).ok()?),
        (_, Type::Int16) => Value::Int16(i16::try_from(number).ok()?),
        (_, Type::Int32) => Value::Int32(i32::try_from(number).ok()?),
        _ => Value::Int64(number),
    })
}

/// Bytes as the schema's type: fixed sizes are checked, decimals are read.
pub(super) fn bytes_value(avro: &Avro, id: TypeId, schema: &Arc<Schema>, bytes: Vec<u8>) -> Result<Value, String> {
    if let Kind::Fixed { name, size } = avro.kind(id)
        && bytes.len() != *size
    {
        return Err(format!("{name} has {size} bytes, found {}", bytes.len()));
    }
    Ok(match schema.decimal_scale() {
        Some(scale) => Decimal::from_wire(&bytes, scale).into(),
        None => bytes.into(),
    })
}

/// A decimal of exactly `scale` digits after the point.
pub(crate) fn decimal(text: &str, scale: i32) -> Result<Decimal, String> {
    let given: Decimal = text.parse()?;
    let more = scale - given.scale();
    let factor = |digits: i32| u32::try_from(digits).ok().filter(|n| *n <= 10_000).map(|n| BigInt::from(10).pow(n));
    let unscaled = match more {
        0.. => factor(more).map(|ten| given.unscaled() * ten),
        _ => factor(-more).filter(|ten| given.unscaled() % ten == BigInt::ZERO).map(|ten| given.unscaled() / ten),
    };
    match unscaled {
        Some(unscaled) => Ok(Decimal::new(unscaled, scale)),
        None => Err(format!("{text} does not fit a decimal of {scale} digits after the point")),
    }
}

/// A number without a fraction, also where it is written as `3.0`.
pub(crate) fn whole(json: &Json) -> Option<i64> {
    let exact = |n: f64| (n.fract() == 0.0 && n.abs() < 9.0e15).then_some(n as i64);
    json.as_i64().or_else(|| json.as_f64().and_then(exact))
}

/// A finite number.
pub(crate) fn number(json: &Json) -> Option<f64> {
    json.as_f64().filter(|n| n.is_finite())
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

pub(super) fn name_of(schema: &Schema) -> &str {
    schema.name().unwrap_or(schema.ty().name())
}

#[cfg(test)]
mod tests;
