//! The built-in single message transforms.
//!
//! Transformations that change a schema do so once per schema and remember the result, so that records which shared
//! a schema still share one afterwards.
mod extract_field;
mod field_path;
mod filter;
mod insert_field;
mod regex_router;
mod replace_field;
mod side;

pub use extract_field::ExtractField;
pub use filter::Filter;
pub use insert_field::InsertField;
use longshore_api::data::{self, Schema, SchemaAndValue, SchemaBuilder, Type};
use longshore_api::error::ConnectError;
use longshore_api::record::ConnectRecord;
pub use regex_router::RegexRouter;
pub use replace_field::ReplaceField;
pub use side::{Key, Side, Value};

/// A builder of a struct that keeps what a record schema is known by: name, version, documentation and parameters.
fn struct_like(schema: &Schema) -> SchemaBuilder {
    let mut builder = SchemaBuilder::structure().set_name(schema.name()).set_version(schema.version());
    if let Some(doc) = schema.doc() {
        builder = builder.doc(doc);
    }
    let parameters = schema.parameters().iter();
    parameters.fold(builder, |builder, (name, value)| builder.parameter(name.clone(), value.clone()))
}

/// The error for a part of a record that is neither the struct its schema speaks of nor a map without a schema.
fn wrong_shape(transformation: &str, topic: &str, part: &SchemaAndValue) -> ConnectError {
    let (needed, place) = match part.schema {
        Some(_) => ("a struct", "with"),
        None => ("a map", "without"),
    };
    let found = part.value.ty().map_or("null", Type::name);
    ConnectError::data(format!(
        "{transformation} needs {needed} in a record {place} a schema, found {found} in a record of topic \"{topic}\""
    ))
}

/// An error of a transformation, with the transformation and the topic named.
fn refused(transformation: &str, record: &ConnectRecord, error: impl std::fmt::Display) -> ConnectError {
    ConnectError::data(format!("{transformation} on a record of topic \"{}\": {error}", record.topic))
}

/// A field's value, or its default where the value is null and defaults are wanted.
fn or_default(value: data::Value, schema: &Schema, wanted: bool) -> data::Value {
    match value {
        data::Value::Null if wanted => schema.default_value().cloned().unwrap_or_default(),
        value => value,
    }
}

#[cfg(test)]
mod tests;
