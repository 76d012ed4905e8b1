//! The number converters: big-endian bytes of a fixed width, as Kafka's own serializers write them, and one byte for
//! a boolean.
use std::sync::Arc;

use bytes::Bytes;
use longshore_api::config::{ConfigDef, Props};
use longshore_api::converter::{Converter, ConverterClass, ConverterRole};
use longshore_api::data::{Schema, SchemaAndValue, Type, Value};
use longshore_api::error::{ConnectError, Result};

use super::only_the_role;

/// Declares one converter: its name, Java class, value and schema.
macro_rules! number_converter {
    ($(#[$doc:meta])* $converter:ident, $class:literal, $variant:ident, $schema:ident, $number:ty) => {
        $(#[$doc])*
        pub struct $converter;

        impl Converter for $converter {
            fn from_connect(
                &mut self,
                topic: &str,
                _: Option<&Arc<Schema>>,
                value: &Value,
                out: &mut Vec<u8>,
            ) -> Result<bool> {
                match value {
                    Value::Null => Ok(false),
                    Value::$variant(number) => {
                        out.extend_from_slice(&number.to_be_bytes());
                        Ok(true)
                    }
                    other => Err(wrong_kind(Type::$variant, other, topic)),
                }
            }

            fn to_connect(&mut self, topic: &str, data: Option<&Bytes>) -> Result<SchemaAndValue> {
                let Some(data) = data else { return Ok(SchemaAndValue::new(Schema::$schema(), Value::Null)) };
                match <[u8; size_of::<$number>()]>::try_from(&data[..]) {
                    Ok(bytes) => Ok(SchemaAndValue::new(Schema::$schema(), <$number>::from_be_bytes(bytes))),
                    Err(_) => Err(wrong_length(Type::$variant, size_of::<$number>(), data, topic)),
                }
            }
        }

        number_converter!(@classes $converter, $class);
    };
    (@classes $converter:ident, $class:literal) => {
        impl ConverterClass for $converter {
            const CLASS: &'static str = concat!("org.apache.kafka.connect.converters.", $class);

            fn config_def() -> ConfigDef {
                only_the_role()
            }

            fn new(_: &Props, _: ConverterRole) -> Result<Self> {
                Ok(Self)
            }
        }

        serves_headers_too!($converter);
    };
}

number_converter! {
    /// 16-bit integers in two bytes.
    ShortConverter, "ShortConverter", Int16, optional_int16, i16
}
number_converter! {
    /// 32-bit integers in four bytes.
    IntegerConverter, "IntegerConverter", Int32, optional_int32, i32
}
number_converter! {
    /// 64-bit integers in eight bytes.
    LongConverter, "LongConverter", Int64, optional_int64, i64
}
number_converter! {
    /// 32-bit floats in four bytes.
    FloatConverter, "FloatConverter", Float32, optional_float32, f32
}
number_converter! {
    /// 64-bit floats in eight bytes.
    DoubleConverter, "DoubleConverter", Float64, optional_float64, f64
}

/// Booleans in one byte, 0 or 1.
pub struct BooleanConverter;

impl Converter for BooleanConverter {
    fn from_connect(
        &mut self,
        topic: &str,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        if let Some(schema) = schema.filter(|schema| schema.ty() != Type::Boolean) {
            let kind = schema.ty().name();
            let text = format!("the boolean converter got a record of topic \"{topic}\" with the schema of a {kind}");
            return Err(ConnectError::data(text));
        }
        match value {
            Value::Null => Ok(false),
            Value::Boolean(b) => {
                out.push((*b).into());
                Ok(true)
            }
            other => Err(wrong_kind(Type::Boolean, other, topic)),
        }
    }

    fn to_connect(&mut self, topic: &str, data: Option<&Bytes>) -> Result<SchemaAndValue> {
        let value = match data.map(|data| &data[..]) {
            None => Value::Null,
            Some([0]) => Value::Boolean(false),
            Some([1]) => Value::Boolean(true),
            Some([other]) => {
                let text = format!("topic \"{topic}\": a boolean must be the byte 0 or 1, found {other}");
                return Err(ConnectError::data(text));
            }
            Some(other) => return Err(wrong_length(Type::Boolean, 1, other, topic)),
        };
        Ok(SchemaAndValue::new(Schema::optional_boolean(), value))
    }
}

number_converter!(@classes BooleanConverter, "BooleanConverter");

fn wrong_kind(expected: Type, value: &Value, topic: &str) -> ConnectError {
    let (expected, found) = (expected.name(), value.ty().map_or("null", Type::name));
    ConnectError::data(format!("the {expected} converter cannot write a {found} for topic \"{topic}\""))
}

fn wrong_length(expected: Type, length: usize, data: &[u8], topic: &str) -> ConnectError {
    let (name, found) = (expected.name(), data.len());
    ConnectError::data(format!("topic \"{topic}\": a {name} takes {length} byte(s), found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<C: Converter>(mut converter: C, value: impl Into<Value>, bytes: &[u8]) {
        let (value, mut out) = (value.into(), Vec::new());
        assert!(converter.from_connect("t", None, &value, &mut out).unwrap());
        assert_eq!(out, bytes);
        let read = converter.to_connect("t", Some(&out.into())).unwrap();
        assert_eq!(read.value, value);
        assert!(read.schema.unwrap().is_optional());
        assert!(converter.to_connect("t", Some(&Bytes::from_static(b"12345"))).is_err());
        assert!(converter.from_connect("t", None, &"text".into(), &mut Vec::new()).is_err());
        assert!(!converter.from_connect("t", None, &Value::Null, &mut Vec::new()).unwrap());
        assert_eq!(converter.to_connect("t", None).unwrap().value, Value::Null);
    }

    #[test]
    fn numbers_are_big_endian() {
        round_trip(ShortConverter, -2_i16, &[0xff, 0xfe]);
        round_trip(IntegerConverter, 1_i32, &[0, 0, 0, 1]);
        round_trip(LongConverter, 258_i64, &[0, 0, 0, 0, 0, 0, 1, 2]);
        round_trip(FloatConverter, 1.5_f32, &[0x3f, 0xc0, 0, 0]);
        round_trip(DoubleConverter, 1.5_f64, &[0x3f, 0xf8, 0, 0, 0, 0, 0, 0]);
        round_trip(BooleanConverter, true, &[1]);
    }

    #[test]
    fn a_boolean_is_zero_or_one() {
        assert!(BooleanConverter.to_connect("t", Some(&Bytes::from_static(&[2]))).is_err());
        let wrong = Schema::int32();
        assert!(BooleanConverter.from_connect("t", Some(&wrong), &true.into(), &mut Vec::new()).is_err());
    }
}
