//! Converters: between Connect's data and the bytes in a topic.
use std::sync::Arc;

use bytes::Bytes;

use crate::config::{ConfigDef, Props};
use crate::data::{Schema, SchemaAndValue, Value};
use crate::error::Result;

/// What a converter is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConverterRole {
    /// Record keys.
    Key,
    /// Record values.
    Value,
    /// Record headers.
    Header,
}

impl ConverterRole {
    /// `key`, `value` or `header`: Connect's `converter.type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
            Self::Header => "header",
        }
    }
}

/// Turns keys or values into bytes and back. One instance serves one task, in order.
///
/// A converter that must ask a registry may block with a deadline: every task has a thread of its own.
#[allow(clippy::wrong_self_convention)] // Kafka's own method names
pub trait Converter: Send {
    /// Appends the bytes of a value to `out`; `false` means there are no bytes at all (a null key, a tombstone), and
    /// `out` is as it was.
    ///
    /// # Errors
    /// Data when the value does not fit the format; retriable when a registry is out of reach.
    fn from_connect(
        &mut self,
        topic: &str,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool>;

    /// Reads bytes; `None` is a null key or a tombstone. Strings and byte strings may be slices of `data`.
    ///
    /// # Errors
    /// Data when the bytes are malformed; retriable when a registry is out of reach.
    fn to_connect(&mut self, topic: &str, data: Option<&Bytes>) -> Result<SchemaAndValue>;
}

/// Turns headers into bytes and back.
#[allow(clippy::wrong_self_convention)] // Kafka's own method names
pub trait HeaderConverter: Send {
    /// The bytes of a header's value; `None` for null.
    ///
    /// # Errors
    /// Data when the value does not fit the format.
    fn from_connect_header(&mut self, topic: &str, key: &str, value: &SchemaAndValue) -> Result<Option<Bytes>>;

    /// Reads the bytes of a header.
    ///
    /// # Errors
    /// Data when the bytes are malformed.
    fn to_connect_header(&mut self, topic: &str, key: &str, data: Option<&Bytes>) -> Result<SchemaAndValue>;
}

/// A kind of converter, built from its properties (without the `value.converter.` prefix).
pub trait ConverterClass: Converter + Sized + 'static {
    /// The class name users put into `key.converter` or `value.converter`.
    const CLASS: &'static str;

    /// The keys it takes.
    fn config_def() -> ConfigDef;

    /// Builds one for a role.
    ///
    /// # Errors
    /// Fatal when a property is invalid.
    fn new(props: &Props, role: ConverterRole) -> Result<Self>;
}

/// A kind of header converter, built from its properties.
pub trait HeaderConverterClass: HeaderConverter + Sized + 'static {
    /// The class name users put into `header.converter`.
    const CLASS: &'static str;

    /// The keys it takes.
    fn config_def() -> ConfigDef;

    /// Builds one.
    ///
    /// # Errors
    /// Fatal when a property is invalid.
    fn new(props: &Props) -> Result<Self>;
}
