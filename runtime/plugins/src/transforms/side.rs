//! Which part of a record a transformation works on.
use longshore_api::data::SchemaAndValue;
use longshore_api::record::ConnectRecord;

/// The key or the value of a record: Kafka's `$Key` and `$Value` classes.
pub trait Side: Send + 'static {
    /// That part of a record.
    fn part(record: &mut ConnectRecord) -> &mut SchemaAndValue;
}

/// The record's key.
pub struct Key;

/// The record's value.
pub struct Value;

impl Side for Key {
    fn part(record: &mut ConnectRecord) -> &mut SchemaAndValue {
        &mut record.key
    }
}

impl Side for Value {
    fn part(record: &mut ConnectRecord) -> &mut SchemaAndValue {
        &mut record.value
    }
}

/// Registers a transformation of either part under Kafka's two class names.
macro_rules! both_sides {
    ($transformation:ident, $class:literal, $config:ty) => {
        both_sides!(@side $transformation, $class, $config, $crate::transforms::side::Key, "$Key");
        both_sides!(@side $transformation, $class, $config, $crate::transforms::side::Value, "$Value");
    };
    (@side $transformation:ident, $class:literal, $config:ty, $side:ty, $suffix:literal) => {
        impl longshore_api::transform::TransformationClass for $transformation<$side> {
            const CLASS: &'static str = concat!("org.apache.kafka.connect.transforms.", $class, $suffix);
            type Config = $config;

            fn new(config: Self::Config) -> longshore_api::error::Result<Self> {
                Self::from_config(config)
            }
        }
    };
}
pub(super) use both_sides;
