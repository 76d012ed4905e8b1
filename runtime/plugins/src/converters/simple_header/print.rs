//! Values as header text, in the form that the parser understands.
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use longshore_api::data::Value;

use super::parse::{MS_PER_DAY, civil_from_days};

/// Appends a value's text. A string on its own has no quotes; within an array, a map or a struct it has.
pub(crate) fn print(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Bytes(bytes) => STANDARD.encode_string(bytes, out),
        other => embedded(other, out),
    }
}

fn embedded(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => quoted(text, out),
        Value::Bytes(bytes) => {
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.push('"');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                embedded(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key, value));
            members(entries, embedded, out);
        }
        Value::Struct(record) => {
            // A null shows as the default of its field.
            let fields = record.schema().fields().iter().zip(record.values()).map(|(field, value)| {
                let default = field.schema().default_value().filter(|_| value.is_null());
                (field.name(), default.unwrap_or(value))
            });
            members(fields, |name, out| quoted(name, out), out);
        }
        Value::Date(days) => instant(i64::from(*days) * MS_PER_DAY, out),
        Value::Time(ms) => instant(i64::from(*ms), out),
        Value::Timestamp(ms) => instant(*ms, out),
        plain => plain.write_java_string(out),
    }
}

fn members<'a, K>(entries: impl Iterator<Item = (K, &'a Value)>, key_text: impl Fn(K, &mut String), out: &mut String) {
    out.push('{');
    for (at, (key, value)) in entries.enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        key_text(key, out);
        out.push(':');
        embedded(value, out);
    }
    out.push('}');
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

/// Kafka chooses the form by the number alone: within the first day and before it is a time, whole days are dates.
fn instant(ms: i64, out: &mut String) {
    let (days, in_day) = (ms.div_euclid(MS_PER_DAY), ms.rem_euclid(MS_PER_DAY));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second, ms_left) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60, in_day % 1000);
    // Writing to a string cannot fail.
    let _ = match ms {
        ..MS_PER_DAY => write!(out, "{hour:02}:{minute:02}:{second:02}.{ms_left:03}Z"),
        _ if in_day == 0 => write!(out, "{year:04}-{month:02}-{day:02}"),
        _ => write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms_left:03}Z"),
    };
}
