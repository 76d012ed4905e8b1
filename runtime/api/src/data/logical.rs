//! The names of Connect's own logical types, and the schemas that carry them.
use std::sync::Arc;

use super::schema::{Schema, SchemaBuilder};

/// Logical name of [`Value::Decimal`](super::Value::Decimal) over bytes; the scale is a schema parameter.
pub const DECIMAL: &str = "org.apache.kafka.connect.data.Decimal";
/// The schema parameter that holds a decimal's scale.
pub const DECIMAL_SCALE: &str = "scale";
/// Logical name of [`Value::Date`](super::Value::Date) over int32.
pub const DATE: &str = "org.apache.kafka.connect.data.Date";
/// Logical name of [`Value::Time`](super::Value::Time) over int32.
pub const TIME: &str = "org.apache.kafka.connect.data.Time";
/// Logical name of [`Value::Timestamp`](super::Value::Timestamp) over int64.
pub const TIMESTAMP: &str = "org.apache.kafka.connect.data.Timestamp";

impl Schema {
    /// A builder for decimals of `scale` digits after the point.
    pub fn decimal(scale: i32) -> SchemaBuilder {
        SchemaBuilder::bytes().name(DECIMAL).version(1).parameter(DECIMAL_SCALE, scale.to_string())
    }

    /// A builder for calendar days, counted from 1970-01-01.
    pub fn date() -> SchemaBuilder {
        SchemaBuilder::int32().name(DATE).version(1)
    }

    /// A builder for times of day, in milliseconds since midnight.
    pub fn time() -> SchemaBuilder {
        SchemaBuilder::int32().name(TIME).version(1)
    }

    /// A builder for instants, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn timestamp() -> SchemaBuilder {
        SchemaBuilder::int64().name(TIMESTAMP).version(1)
    }

    /// The scale of a decimal schema; `None` where it is no decimal or its parameter is no number.
    pub fn decimal_scale(self: &Arc<Self>) -> Option<i32> {
        (self.name() == Some(DECIMAL)).then(|| self.parameter(DECIMAL_SCALE)?.parse().ok()).flatten()
    }
}
