//! `org.apache.kafka.connect.storage.StringConverter`: text in a character encoding; values that are no text print
//! as Java's `toString()` does (see `Value::write_java_string`).
mod charset;

use std::sync::Arc;

use bytes::Bytes;
use longshore_api::config::{
    ConfigDef, ConfigKey, ConfigType, Default, FromConfig, Importance, Props, Validator, Width,
};
use longshore_api::converter::{Converter, ConverterClass, ConverterRole};
use longshore_api::data::{ByteString, Schema, SchemaAndValue, Value};
use longshore_api::error::{ConnectError, Result};

use self::charset::Charset;
use super::only_the_role;

const ENCODING: &str = "converter.encoding";

/// Text in a character encoding.
pub struct StringConverter {
    charset: Charset,
    text: String,
}

impl StringConverter {
    fn from_props(props: &Props) -> Result<Self> {
        let name = props.get(ENCODING).map_or("UTF-8", String::as_str);
        let charset = Charset::from_config(name)
            .map_err(|why| ConnectError::fatal(format!("Invalid value {name} for configuration {ENCODING}: {why}")))?;
        Ok(Self { charset, text: String::new() })
    }
}

impl Converter for StringConverter {
    fn from_connect(&mut self, _: &str, _: Option<&Arc<Schema>>, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
        match value {
            Value::Null => return Ok(false),
            Value::String(text) => self.charset.encode(text, out),
            other => {
                self.text.clear();
                other.write_java_string(&mut self.text);
                self.charset.encode(&self.text, out);
            }
        }
        Ok(true)
    }

    fn to_connect(&mut self, _: &str, data: Option<&Bytes>) -> Result<SchemaAndValue> {
        let text: Option<ByteString> = data.map(|data| self.charset.decode(data));
        Ok(SchemaAndValue::new(Schema::optional_string(), text))
    }
}

impl ConverterClass for StringConverter {
    const CLASS: &'static str = "org.apache.kafka.connect.storage.StringConverter";

    fn config_def() -> ConfigDef {
        let meaning = "The character encoding of the text, by its Java name: UTF-8, US-ASCII, ISO-8859-1, UTF-16, \
                       UTF-16BE or UTF-16LE.";
        let utf8 = Default::Value("UTF-8".into());
        let mut key = ConfigKey::new(ENCODING, ConfigType::String, utf8, Importance::High, meaning);
        key.width = Width::Medium;
        key.display_name = "Encoding".into();
        let mut def = only_the_role();
        def.define(key.checked(Validator::Rule(|name| Charset::from_config(name).map(|_| ()))));
        def
    }

    fn new(props: &Props, _: ConverterRole) -> Result<Self> {
        Self::from_props(props)
    }
}

serves_headers_too!(StringConverter);

#[cfg(test)]
mod tests {
    use longshore_api::data::Map;

    use super::*;

    fn converter(encoding: &str) -> StringConverter {
        let props = Props::from_iter([(ENCODING.to_string(), encoding.to_string())]);
        <StringConverter as ConverterClass>::new(&props, ConverterRole::Value).unwrap()
    }

    fn written(encoding: &str, value: impl Into<Value>) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(converter(encoding).from_connect("t", None, &value.into(), &mut out).unwrap());
        out
    }

    #[test]
    fn what_is_no_text_prints_as_java_prints_it() {
        let mut map = Map::default();
        map.insert("a", vec![Value::from(1), Value::from(2.0)]);
        assert_eq!(written("UTF-8", map), b"{a=[1, 2.0]}");
        assert_eq!(written("UTF-8", 1e10), b"1.0E10");
    }

    #[test]
    fn text_is_read_without_copying_and_is_optional() {
        let data = Bytes::from_static("é".as_bytes());
        let read = converter("UTF-8").to_connect("t", Some(&data)).unwrap();
        assert_eq!(read, SchemaAndValue::new(Schema::optional_string(), "é"));
        let Value::String(text) = read.value else { panic!("not a string") };
        assert_eq!(text.as_bytes().as_ptr(), data.as_ptr());
        let none = converter("UTF-8").to_connect("t", None).unwrap();
        assert_eq!(none, SchemaAndValue::new(Schema::optional_string(), Value::Null));
        assert!(!converter("UTF-8").from_connect("t", None, &Value::Null, &mut Vec::new()).unwrap());
    }

    #[test]
    fn an_unknown_encoding_is_refused() {
        let props = Props::from_iter([(ENCODING.to_string(), "EBCDIC".to_string())]);
        let error =
            <StringConverter as longshore_api::converter::HeaderConverterClass>::new(&props).err().unwrap().to_string();
        assert!(error.contains("EBCDIC") && error.contains("UTF-8"), "{error}");
    }
}
