//! `org.apache.kafka.connect.json.JsonConverter`: JSON with or without schemas, byte for byte what Kafka's own class
//! writes.
//!
//! Guarantees:
//! - writing goes straight into the output buffer; a schema is turned into JSON once and then copied;
//! - reading builds values directly; strings without escapes are slices of the message;
//! - nothing grows without bound: schemas are remembered up to `schemas.cache.size` in each direction.
//!
//! Where the texts of two JVMs differ, ours is the newer one's: doubles print with the fewest digits, as since JDK 19.
mod base64;
mod config;
mod decode;
mod encode;
mod envelope;
mod names;
mod node;
mod reader;
mod schema;

use std::sync::Arc;

use bytes::Bytes;
use longshore_api::config::{ConfigDef, ConnectorConfig, Props};
use longshore_api::converter::{Converter, ConverterClass, ConverterRole};
use longshore_api::data::{ByteString, Schema, SchemaAndValue, Value};
use longshore_api::error::{ConnectError, Result};

pub use self::config::{DecimalFormat, JsonConfig};
use self::decode::Decoder;
use self::encode::Encoder;
use self::envelope::SchemaTexts;
use self::names::Names;
use self::node::Node;
use self::reader::{Malformed, Reader};
use super::with_role;
use crate::schema_cache::SchemaCache;

/// JSON with or without schemas.
pub struct JsonConverter {
    schemas_enable: bool,
    encoder: Encoder,
    decoder: Decoder,
    /// `schema.content`: the schema of every message read.
    pinned: Option<Arc<Schema>>,
    written: SchemaCache<Box<[u8]>>,
    read: SchemaTexts,
    /// How many members the last object had; the next one likely has as many.
    members: usize,
    names: Names,
}

/// No more room than this is made for an object before its members are read.
const MOST_EXPECTED: usize = 64;

impl JsonConverter {
    fn from_config(config: JsonConfig) -> Result<Self> {
        let capacity = usize::try_from(config.schemas_cache_size).unwrap_or(0);
        let decoder = Decoder { replace_null_with_default: config.replace_null_with_default };
        let pinned = match config.schema_content.filter(|_| config.schemas_enable) {
            Some(content) => pinned_schema(&decoder, content)?,
            None => None,
        };
        Ok(Self {
            schemas_enable: config.schemas_enable,
            encoder: Encoder {
                decimal_format: config.decimal_format,
                replace_null_with_default: config.replace_null_with_default,
            },
            decoder,
            pinned,
            written: SchemaCache::new(capacity),
            read: SchemaTexts::new(capacity),
            members: 8,
            names: Names::new(),
        })
    }

    fn write(&mut self, schema: Option<&Arc<Schema>>, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        if !self.schemas_enable {
            return self.encoder.write(schema, value, out);
        }
        out.extend_from_slice(b"{\"schema\":");
        match schema {
            None => out.extend_from_slice(b"null"),
            Some(schema) => {
                let encoder = self.encoder;
                let text = self.written.get_or_make(schema, || {
                    let mut text = Vec::with_capacity(512);
                    schema::write_schema(&encoder, schema, &mut text)?;
                    Ok::<_, ConnectError>(text.into_boxed_slice())
                })?;
                out.extend_from_slice(text);
            }
        }
        out.extend_from_slice(b",\"payload\":");
        self.encoder.write(schema, value, out)?;
        out.push(b'}');
        Ok(())
    }

    fn read(&mut self, topic: &str, data: &Bytes) -> Result<SchemaAndValue> {
        let text = ByteString::try_from(data.clone()).map_err(|error| {
            let at = error.valid_up_to();
            ConnectError::data(format!("a message of topic \"{topic}\" is no JSON: invalid UTF-8 at byte {at}"))
        })?;
        let malformed = |error: Box<Malformed>| malformed(topic, &text, &error);
        let placed = |error| ConnectError::data(format!("a message of topic \"{topic}\": {error}"));
        if !self.schemas_enable {
            let value = Reader::new(&text)
                .expecting(self.members)
                .knowing(&mut self.names)
                .root::<Value>()
                .map_err(malformed)?;
            if let Some(Value::Map(map)) = &value {
                self.members = map.len().clamp(1, MOST_EXPECTED);
            }
            return Ok(SchemaAndValue { schema: None, value: value.unwrap_or_default() });
        }
        match &self.pinned {
            Some(schema) => {
                let node =
                    Reader::new(&text).knowing(&mut self.names).root().map_err(malformed)?.unwrap_or(Node::Missing);
                let value = self.decoder.convert(Some(schema), node).map_err(placed)?;
                Ok(SchemaAndValue { schema: Some(Arc::clone(schema)), value })
            }
            None => self.read.read(&self.decoder, &text, &mut self.names, malformed).map_err(|error| match error {
                ConnectError::Data { source } if source.is::<MalformedJson>() => ConnectError::Data { source },
                error => placed(error),
            }),
        }
    }
}

impl Converter for JsonConverter {
    fn from_connect(
        &mut self,
        topic: &str,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        if schema.is_none() && value.is_null() {
            return Ok(false);
        }
        let start = out.len();
        self.write(schema, value, out).map_err(|error| {
            out.truncate(start);
            ConnectError::data(format!("a record for topic \"{topic}\" cannot be written as JSON: {error}"))
        })?;
        Ok(true)
    }

    fn to_connect(&mut self, topic: &str, data: Option<&Bytes>) -> Result<SchemaAndValue> {
        data.map_or(Ok(SchemaAndValue::NULL), |data| self.read(topic, data))
    }
}

impl ConverterClass for JsonConverter {
    const CLASS: &'static str = "org.apache.kafka.connect.json.JsonConverter";

    fn config_def() -> ConfigDef {
        JsonConfig::config_def()
    }

    fn new(props: &Props, role: ConverterRole) -> Result<Self> {
        Self::from_config(JsonConfig::parse(&with_role(props, role))?)
    }
}

serves_headers_too!(JsonConverter);

fn pinned_schema(decoder: &Decoder, content: String) -> Result<Option<Arc<Schema>>> {
    let text = ByteString::from(content);
    let fatal = |why: String| ConnectError::fatal(format!("schema.content is no schema in JSON: {why}"));
    let node = Reader::new(&text).root::<Node>().map_err(|error| fatal(error.why))?;
    schema::read_schema(decoder, &node.unwrap_or_default()).map_err(|error| fatal(error.to_string()))
}

/// JSON that cannot be read, and where.
#[derive(Debug)]
struct MalformedJson(String);

impl std::fmt::Display for MalformedJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MalformedJson {}

fn malformed(topic: &str, text: &str, error: &Malformed) -> ConnectError {
    let before = &text.as_bytes()[..error.at.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let why = &error.why;
    ConnectError::data(MalformedJson(format!(
        "a message of topic \"{topic}\" is no JSON: {why}, at line {line}, column {column}"
    )))
}

#[cfg(test)]
mod tests;
