//! Values to JSON, written straight into the output: the bytes that Jackson writes for the same data.
use std::sync::Arc;

use longshore_api::data::{DATE, DECIMAL, Decimal, JavaFloat, Map, Schema, Struct, TIME, TIMESTAMP, Type, Value};
use longshore_api::error::{ConnectError, Result};

use super::base64;
use super::config::DecimalFormat;

const MS_PER_DAY: i64 = 86_400_000;
const MAX_DEPTH: usize = 1000;

/// What the converter's keys decide about writing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoder {
    pub(super) decimal_format: DecimalFormat,
    pub(super) replace_null_with_default: bool,
}

impl Encoder {
    /// Appends a value. What was written before an error stays in `out`; the caller cuts it off.
    pub(super) fn write(&self, schema: Option<&Arc<Schema>>, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        self.write_at(0, schema, value, out)
    }

    fn write_at(&self, depth: usize, schema: Option<&Arc<Schema>>, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(ConnectError::data("the value is nested more than 1000 levels deep"));
        }
        let Some(schema) = schema else { return self.write_schemaless(depth, value, out) };
        match value {
            Value::Null => return self.write_null(depth, schema, out),
            Value::Decimal(_) | Value::Date(_) | Value::Time(_) | Value::Timestamp(_) => {}
            // Only the few schemas with a name can want a logical value, so plain ones don't pay for the question.
            _ if schema.name().is_some_and(is_logical) => {}
            _ if value.ty() != Some(schema.ty()) => return mismatch(schema, value),
            Value::Struct(record) => return self.write_struct(depth, schema, record, out),
            Value::Array(items) => return self.write_array(depth, schema.value_schema(), items, out),
            Value::Map(map) => return self.write_map(depth, Some(schema), map, out),
            plain => {
                write_primitive(plain, out);
                return Ok(());
            }
        }
        self.write_logical(schema, value, out)
    }

    fn write_schemaless(&self, depth: usize, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        match value {
            Value::Array(items) => self.write_array(depth, None, items, out),
            Value::Map(map) => self.write_map(depth, None, map, out),
            Value::Struct(_) => {
                Err(ConnectError::data("a struct stands where no schema does, so it has none to match"))
            }
            Value::Decimal(_) | Value::Date(_) | Value::Time(_) | Value::Timestamp(_) => {
                let kind = found(value);
                Err(ConnectError::data(format!("a {kind} without a schema has no form in JSON; give it a schema")))
            }
            plain => {
                write_primitive(plain, out);
                Ok(())
            }
        }
    }

    fn write_null(&self, depth: usize, schema: &Arc<Schema>, out: &mut Vec<u8>) -> Result<()> {
        match schema.default_value() {
            Some(default) if self.replace_null_with_default => self.write_default(depth, schema, default, out),
            _ if schema.is_optional() => {
                out.extend_from_slice(b"null");
                Ok(())
            }
            _ => {
                let kind = schema.name().unwrap_or(schema.ty().name());
                Err(ConnectError::data(format!("null where a {kind} is required and there is no default")))
            }
        }
    }

    /// A default carries the schema as it was before it got the default, so a struct is written by its own.
    fn write_default(&self, depth: usize, schema: &Arc<Schema>, default: &Value, out: &mut Vec<u8>) -> Result<()> {
        match default {
            Value::Struct(record) => self.write_fields(depth, record, out),
            Value::Null => {
                out.extend_from_slice(b"null");
                Ok(())
            }
            default => self.write_at(depth, Some(schema), default, out),
        }
    }

    fn write_struct(&self, depth: usize, schema: &Arc<Schema>, record: &Struct, out: &mut Vec<u8>) -> Result<()> {
        if !Schema::same(schema, record.schema()) {
            return Err(ConnectError::data(format!(
                "the struct's own schema{} differs from the one it is written with{}",
                named(record.schema()),
                named(schema)
            )));
        }
        self.write_fields(depth, record, out)
    }

    fn write_fields(&self, depth: usize, record: &Struct, out: &mut Vec<u8>) -> Result<()> {
        let mut before = b'{';
        for (field, value) in record.schema().fields().iter().zip(record.values()) {
            out.push(before);
            before = b',';
            write_string(field.name(), out);
            out.push(b':');
            self.write_at(depth + 1, Some(field.schema()), value, out)
                .map_err(|error| ConnectError::data(format!("field \"{}\": {error}", field.name())))?;
        }
        if before == b'{' {
            out.push(before);
        }
        out.push(b'}');
        Ok(())
    }

    fn write_array(
        &self,
        depth: usize,
        element: Option<&Arc<Schema>>,
        items: &[Value],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        out.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.write_at(depth + 1, element, item, out)?;
        }
        out.push(b']');
        Ok(())
    }

    /// An object where all keys are strings, an array of pairs where they are not.
    fn write_map(&self, depth: usize, schema: Option<&Arc<Schema>>, map: &Map, out: &mut Vec<u8>) -> Result<()> {
        let (key_schema, value_schema) = match schema {
            Some(schema) => (schema.key_schema(), schema.value_schema()),
            None => (None, None),
        };
        let as_object = match key_schema {
            Some(key) => key.ty() == Type::String,
            None => map.iter().all(|(key, _)| key.as_str().is_some()),
        };
        let (open, close) = if as_object { (b'{', b'}') } else { (b'[', b']') };
        out.push(open);
        for (at, (key, value)) in map.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if as_object {
                match key {
                    Value::String(key) => write_string(key, out),
                    Value::Null => self.write_null_key(key_schema, out)?,
                    other => mismatch(key_schema.unwrap_or(&Schema::string()), other)?,
                }
                out.push(b':');
                self.write_at(depth + 1, value_schema, value, out)?;
            } else {
                out.push(b'[');
                self.write_at(depth + 2, key_schema, key, out)?;
                out.push(b',');
                self.write_at(depth + 2, value_schema, value, out)?;
                out.push(b']');
            }
        }
        out.push(close);
        Ok(())
    }

    /// A null among string keys: its default, or the word `null` as a string.
    fn write_null_key(&self, schema: Option<&Arc<Schema>>, out: &mut Vec<u8>) -> Result<()> {
        let schema = schema.cloned().unwrap_or_else(Schema::optional_string);
        let start = out.len();
        self.write_null(0, &schema, out)?;
        if out[start..] == *b"null" {
            out.truncate(start);
            out.extend_from_slice(b"\"null\"");
        }
        Ok(())
    }

    fn write_logical(&self, schema: &Arc<Schema>, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        let mut number = itoa::Buffer::new();
        match (schema.name(), value) {
            (Some(DECIMAL), Value::Decimal(decimal)) => return self.write_decimal(schema, decimal, out),
            (Some(DATE), Value::Date(days)) => out.extend_from_slice(number.format(*days).as_bytes()),
            (Some(TIME), Value::Time(ms)) if (0..=MS_PER_DAY).contains(&i64::from(*ms)) => {
                out.extend_from_slice(number.format(*ms).as_bytes());
            }
            (Some(TIME), Value::Time(ms)) => {
                let text = format!("{ms} ms is no time of day; it must lie between 0 and 86400000");
                return Err(ConnectError::data(text));
            }
            (Some(TIMESTAMP), Value::Timestamp(ms)) => out.extend_from_slice(number.format(*ms).as_bytes()),
            _ => return mismatch(schema, value),
        }
        Ok(())
    }

    fn write_decimal(&self, schema: &Arc<Schema>, decimal: &Decimal, out: &mut Vec<u8>) -> Result<()> {
        if self.decimal_format == DecimalFormat::Numeric {
            out.extend_from_slice(decimal.to_java_string().as_bytes());
            return Ok(());
        }
        let Some(scale) = schema.decimal_scale() else {
            return Err(ConnectError::data("the schema of a decimal needs a whole number as its parameter \"scale\""));
        };
        if scale != decimal.scale() {
            let own = decimal.scale();
            let text = format!("a decimal of scale {own} does not fit its schema, whose scale is {scale}");
            return Err(ConnectError::data(text));
        }
        out.push(b'"');
        base64::encode(&decimal.to_wire(), out);
        out.push(b'"');
        Ok(())
    }
}

fn write_primitive(value: &Value, out: &mut Vec<u8>) {
    let mut number = itoa::Buffer::new();
    let digits = match value {
        Value::Boolean(true) => "true",
        Value::Boolean(false) => "false",
        Value::Int8(n) => number.format(*n),
        Value::Int16(n) => number.format(*n),
        Value::Int32(n) => number.format(*n),
        Value::Int64(n) => number.format(*n),
        Value::Float32(n) => return write_float(JavaFloat::float(*n), n.is_finite(), out),
        Value::Float64(n) => return write_float(JavaFloat::double(*n), n.is_finite(), out),
        Value::String(text) => return write_string(text, out),
        Value::Bytes(bytes) => {
            out.push(b'"');
            base64::encode(bytes, out);
            out.push(b'"');
            return;
        }
        // The callers have dealt with every other kind.
        _ => "null",
    };
    out.extend_from_slice(digits.as_bytes());
}

fn write_float(text: JavaFloat, finite: bool, out: &mut Vec<u8>) {
    if finite {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

/// Appends a string in quotes. Characters beyond the basic plane become a pair of `\u` escapes, as Jackson does it.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if text.bytes().any(|byte| ESCAPED[usize::from(byte)]) {
        write_escaped(text, out);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

/// The bytes that make a string need a closer look: quote, backslash, controls, and the first of a four-byte sequence.
const ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20 || byte >= 0xf0;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

fn write_escaped(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\0'..='\u{1f}' | '\u{1_0000}'.. => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(format!("\\u{unit:04X}").as_bytes());
                }
            }
            plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn is_logical(name: &str) -> bool {
    matches!(name, DECIMAL | DATE | TIME | TIMESTAMP)
}

fn mismatch(schema: &Schema, value: &Value) -> Result<()> {
    let expected = schema.name().filter(|name| is_logical(name)).unwrap_or(schema.ty().name());
    Err(ConnectError::data(format!("expected {expected}, found {}", found(value))))
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Decimal(_) => DECIMAL,
        Value::Date(_) => DATE,
        Value::Time(_) => TIME,
        Value::Timestamp(_) => TIMESTAMP,
        value => value.ty().map_or("null", Type::name),
    }
}

fn named(schema: &Schema) -> String {
    schema.name().map_or_else(String::new, |name| format!(" \"{name}\""))
}
