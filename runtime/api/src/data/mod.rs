//! Connect's data model: schemas shared by whole batches, values held in field order.
//!
//! The meaning follows Kafka Connect's `org.apache.kafka.connect.data`. Logical types (`Decimal`, `Date`, `Time`,
//! `Timestamp`) are values of their own here, as they are in Java; their schemas are the primitive ones with a name.
mod decimal;
mod java_float;
mod java_string;
mod logical;
mod schema;
mod validate;
mod value;

pub use bytestring::ByteString;
pub use decimal::Decimal;
pub use java_float::JavaFloat;
pub use logical::{DATE, DECIMAL, DECIMAL_SCALE, TIME, TIMESTAMP};
pub use schema::{Field, Schema, SchemaBuilder, Type};
pub use validate::conforms;
pub use value::{Map, SchemaAndValue, Struct, Value};
