//! `org.apache.kafka.connect.converters.ByteArrayConverter`: bytes as they are.
use std::sync::Arc;

use bytes::Bytes;
use longshore_api::config::{ConfigDef, Props};
use longshore_api::converter::{Converter, ConverterClass, ConverterRole};
use longshore_api::data::{Schema, SchemaAndValue, Type, Value};
use longshore_api::error::{ConnectError, Result};

use super::only_the_role;

/// Passes bytes through in both directions, without copying what it reads.
pub struct ByteArrayConverter;

impl Converter for ByteArrayConverter {
    fn from_connect(
        &mut self,
        topic: &str,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        let refuse = |kind: &str| {
            let text = format!("the byte array converter takes bytes only, found {kind} for topic \"{topic}\"");
            Err(ConnectError::data(text))
        };
        match (schema.map(|s| s.ty()), value) {
            (Some(ty), _) if ty != Type::Bytes => refuse(&format!("the schema of a {}", ty.name())),
            (_, Value::Null) => Ok(false),
            (_, Value::Bytes(bytes)) => {
                out.extend_from_slice(bytes);
                Ok(true)
            }
            (_, Value::Decimal(_)) => refuse("a decimal"),
            (_, other) => refuse(other.ty().map_or("null", Type::name)),
        }
    }

    fn to_connect(&mut self, _: &str, data: Option<&Bytes>) -> Result<SchemaAndValue> {
        Ok(SchemaAndValue::new(Schema::optional_bytes(), data.cloned()))
    }
}

impl ConverterClass for ByteArrayConverter {
    const CLASS: &'static str = "org.apache.kafka.connect.converters.ByteArrayConverter";

    fn config_def() -> ConfigDef {
        only_the_role()
    }

    fn new(_: &Props, _: ConverterRole) -> Result<Self> {
        Ok(Self)
    }
}

serves_headers_too!(ByteArrayConverter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_and_nothing_else_does() {
        let mut out = Vec::new();
        let mut converter = ByteArrayConverter;
        assert!(converter.from_connect("t", None, &vec![1_u8, 2].into(), &mut out).unwrap());
        assert_eq!(out, [1, 2]);
        assert!(!converter.from_connect("t", Some(&Schema::optional_bytes()), &Value::Null, &mut out).unwrap());
        assert!(converter.from_connect("t", Some(&Schema::string()), &Value::Null, &mut out).is_err());
        assert!(converter.from_connect("t", None, &"text".into(), &mut out).is_err());
        let data = Bytes::from_static(b"raw");
        let read = converter.to_connect("t", Some(&data)).unwrap();
        assert_eq!(read, SchemaAndValue::new(Schema::optional_bytes(), data));
        assert_eq!(converter.to_connect("t", None).unwrap().value, Value::Null);
    }
}
