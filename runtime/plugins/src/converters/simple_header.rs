//! `org.apache.kafka.connect.storage.SimpleHeaderConverter`: headers as text that says what it is.
//!
//! Numbers, booleans, dates and times, arrays and maps are recognised when read; everything else is a string.
mod parse;
mod print;

use bytes::Bytes;
use longshore_api::config::{ConfigDef, Props};
use longshore_api::converter::{HeaderConverter, HeaderConverterClass};
use longshore_api::data::{ByteString, Schema, SchemaAndValue};
use longshore_api::error::Result;

pub(crate) use self::parse::parse;
pub(crate) use self::print::print;

/// Headers as text.
pub struct SimpleHeaderConverter;

impl HeaderConverter for SimpleHeaderConverter {
    fn from_connect_header(&mut self, _: &str, _: &str, value: &SchemaAndValue) -> Result<Option<Bytes>> {
        if value.value.is_null() {
            return Ok(None);
        }
        let mut text = String::new();
        print(&value.value, &mut text);
        Ok(Some(text.into()))
    }

    fn to_connect_header(&mut self, _: &str, _: &str, data: Option<&Bytes>) -> Result<SchemaAndValue> {
        let Some(data) = data else { return Ok(SchemaAndValue::NULL) };
        let text = ByteString::try_from(data.clone())
            .unwrap_or_else(|_| ByteString::from(String::from_utf8_lossy(data).into_owned()));
        if text.is_empty() {
            return Ok(SchemaAndValue::new(Schema::string(), text));
        }
        Ok(parse(&text))
    }
}

impl HeaderConverterClass for SimpleHeaderConverter {
    const CLASS: &'static str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

    fn config_def() -> ConfigDef {
        ConfigDef::default()
    }

    fn new(_: &Props) -> Result<Self> {
        Ok(Self)
    }
}
