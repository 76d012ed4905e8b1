//! `options`: values to choose from, in the schema or in a file.
use std::sync::Arc;

use longshore_api::data::{Schema, Value};
use serde_json::Value as Json;

use super::annotations::Annotations;
use super::avro::{Avro, TypeId};
use super::binary::Binary;
use super::node::Node;
use super::values::{Style, convert};
use crate::error::Result;

/// What becomes of options that stand in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    /// They are read.
    Read,
    /// They are left alone: the schema is only looked at, perhaps on a node that has not got them.
    Skip,
}

/// Values in one file.
const MAX_OPTIONS: usize = 1_000_000;

/// Reads the options of a type.
///
/// # Errors
/// An option that does not fit the type, or a file that cannot be read.
pub(crate) fn options(
    avro: &Avro,
    id: TypeId,
    schema: &Arc<Schema>,
    notes: &Annotations<'_>,
    files: Files,
) -> Result<Node> {
    let read = |json: &Json, style| {
        let wrong = |why: String| notes.error(format!("the option {} does not fit: {why}", short(json)));
        convert(avro, id, schema, json, style).map_err(wrong)
    };
    let values: Vec<Value> = match notes.get("options") {
        Some(Json::Array(list)) => list.iter().map(|json| read(json, Style::Inline)).collect::<Result<_>>()?,
        Some(Json::Object(_)) => {
            let (name, binary) = file(notes)?;
            if files == Files::Skip {
                return Ok(Node::Null);
            }
            let wrong = |why: String| notes.error(format!("the options file '{name}': {why}"));
            let bytes = std::fs::read(name).map_err(|why| wrong(format!("it cannot be read: {why}")))?;
            if binary {
                let mut reader = Binary(&bytes);
                let mut values = Vec::new();
                while !reader.is_empty() && values.len() < MAX_OPTIONS {
                    values.push(reader.read(avro, id, schema).map_err(wrong)?);
                }
                values
            } else {
                let all = super::json::parse_all(&String::from_utf8_lossy(&bytes)).map_err(wrong)?;
                all.iter().map(|json| read(json, Style::Encoded)).collect::<Result<_>>()?
            }
        }
        _ => return Err(notes.error("\"options\" must be an array, or an object with \"file\" and \"encoding\"")),
    };
    if values.is_empty() { Err(notes.error("\"options\" cannot be empty")) } else { Ok(Node::OneOf(values.into())) }
}

/// The file that the annotation names, and whether it is binary.
fn file<'a>(notes: &Annotations<'a>) -> Result<(&'a str, bool)> {
    let inner = notes.object("options")?;
    let name = inner.text("file")?.ok_or_else(|| inner.missing("file"))?;
    match inner.text("encoding")?.ok_or_else(|| inner.missing("encoding"))? {
        "binary" => Ok((name, true)),
        "json" => Ok((name, false)),
        other => Err(inner.error(format!("\"encoding\" must be json or binary, found {other}"))),
    }
}

/// JSON for an error message.
fn short(json: &Json) -> String {
    let text = json.to_string();
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
