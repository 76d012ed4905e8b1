//! The three converters of one task, and the buffers they write into.
use std::sync::Arc;

use bytes::Bytes;
use longshore_api::config::Props;
use longshore_api::converter::{Converter, ConverterRole, HeaderConverter};
use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::Plugins;
use longshore_api::record::{ConnectRecord, Headers, SinkRecord};

use super::chain::strip;
use super::stage::{Failure, Stage};
use crate::ports::ConsumedRecord;

/// Key, value and header converter.
pub struct Converters {
    key: Box<dyn Converter>,
    value: Box<dyn Converter>,
    header: Box<dyn HeaderConverter>,
    classes: [&'static str; 3],
    topics: Interner,
}

/// A record as bytes; reused from record to record.
#[derive(Debug, Default)]
pub struct ConvertedRecord {
    key: Vec<u8>,
    value: Vec<u8>,
    has_key: bool,
    has_value: bool,
    headers: Vec<(bytestring::ByteString, Option<Bytes>)>,
}

impl ConvertedRecord {
    /// The key's bytes.
    pub fn key(&self) -> Option<&[u8]> {
        self.has_key.then_some(&self.key[..])
    }

    /// The value's bytes.
    pub fn value(&self) -> Option<&[u8]> {
        self.has_value.then_some(&self.value[..])
    }

    /// The headers' bytes, in order.
    pub fn headers(&self) -> &[(bytestring::ByteString, Option<Bytes>)] {
        &self.headers
    }
}

impl Converters {
    /// Builds the converters a connector names, or else the worker's.
    ///
    /// # Errors
    /// Fatal, naming the key, when a class is not known or its configuration is invalid.
    pub fn build(plugins: &Plugins, worker: &Props, connector: &Props) -> Result<Self> {
        let (key_class, key_props) = choose("key.converter", worker, connector);
        let (value_class, value_props) = choose("value.converter", worker, connector);
        let (header_class, header_props) = choose("header.converter", worker, connector);
        let header_class = header_class.unwrap_or("org.apache.kafka.connect.storage.SimpleHeaderConverter");
        let unknown = |key: &str, class: Option<&str>| {
            ConnectError::fatal(match class {
                Some(class) => format!("The class {class} of {key} is not a converter here."),
                None => format!("Missing required configuration \"{key}\": name a converter for it."),
            })
        };
        let find =
            |key, class: Option<&str>| class.and_then(|c| plugins.find_converter(c)).ok_or_else(|| unknown(key, class));
        let key = find("key.converter", key_class)?;
        let value = find("value.converter", value_class)?;
        let header = plugins
            .find_header_converter(header_class)
            .ok_or_else(|| unknown("header.converter", Some(header_class)))?;
        Ok(Self {
            key: (key.new)(&key_props, ConverterRole::Key)?,
            value: (value.new)(&value_props, ConverterRole::Value)?,
            header: (header.new)(&header_props)?,
            classes: [key.class, value.class, header.class],
            topics: Interner::default(),
        })
    }

    /// Turns a source's record into bytes.
    ///
    /// # Errors
    /// What the converter said, with its class and stage.
    pub fn from_connect(&mut self, record: &ConnectRecord, out: &mut ConvertedRecord) -> Result<(), Failure> {
        out.key.clear();
        out.value.clear();
        out.headers.clear();
        let topic = &*record.topic;
        for header in record.headers.iter() {
            let bytes = self.header.from_connect_header(topic, &header.key, &header.value);
            let bytes = bytes.map_err(|e| self.failure(Stage::HeaderConverter, e).going_to(topic))?;
            out.headers.push((header.key.clone(), bytes));
        }
        let (key, value) = (&record.key, &record.value);
        out.has_key = self
            .key
            .from_connect(topic, key.schema.as_ref(), &key.value, &mut out.key)
            .map_err(|e| self.failure(Stage::KeyConverter, e).going_to(topic))?;
        out.has_value = self
            .value
            .from_connect(topic, value.schema.as_ref(), &value.value, &mut out.value)
            .map_err(|e| self.failure(Stage::ValueConverter, e).going_to(topic))?;
        Ok(())
    }

    /// Turns consumed bytes into a sink's record.
    ///
    /// # Errors
    /// What the converter said, with its class, stage and the record's place.
    pub fn to_connect(&mut self, consumed: &ConsumedRecord) -> Result<SinkRecord, Failure> {
        let topic = &*consumed.origin.topic;
        let here = |failure: Failure| failure.of_consumed(&consumed.origin, consumed.offset);
        let key = self.key.to_connect(topic, consumed.key.as_ref());
        let key = key.map_err(|e| here(self.failure(Stage::KeyConverter, e)))?;
        let value = self.value.to_connect(topic, consumed.value.as_ref());
        let value = value.map_err(|e| here(self.failure(Stage::ValueConverter, e)))?;
        let mut headers = Headers::new();
        for (name, bytes) in &consumed.headers {
            let header = self.header.to_connect_header(topic, name, bytes.as_ref());
            headers.add(name.clone(), header.map_err(|e| here(self.failure(Stage::HeaderConverter, e)))?);
        }
        Ok(SinkRecord {
            record: ConnectRecord {
                topic: self.topics.get(&consumed.origin.topic),
                partition: Some(consumed.origin.partition),
                key,
                value,
                timestamp: consumed.timestamp,
                kafka_offset: Some(consumed.offset),
                headers,
            },
            origin: consumed.origin.clone(),
            offset: consumed.offset,
            timestamp_type: consumed.timestamp_type,
        })
    }

    fn failure(&self, stage: Stage, error: ConnectError) -> Failure {
        let class = match stage {
            Stage::KeyConverter => self.classes[0],
            Stage::ValueConverter => self.classes[1],
            _ => self.classes[2],
        };
        Failure::new(stage, class, error)
    }
}

/// One `Arc` per topic name, whatever the consumer hands out.
#[derive(Default)]
struct Interner(Option<Arc<str>>);

impl Interner {
    fn get(&mut self, name: &Arc<str>) -> Arc<str> {
        match &self.0 {
            Some(last) if Arc::ptr_eq(last, name) || last == name => Arc::clone(last),
            _ => Arc::clone(self.0.insert(Arc::clone(name))),
        }
    }
}

/// The class and properties of one converter: the connector's if it names one, else the worker's (KIP-26).
fn choose<'a>(key: &str, worker: &'a Props, connector: &'a Props) -> (Option<&'a str>, Props) {
    let source = if connector.contains_key(key) { connector } else { worker };
    (source.get(key).map(String::as_str), strip(source, &format!("{key}.")))
}
