//! Between Connect's data and the bytes in a topic.
mod byte_array;
pub mod json;
mod number;
mod simple_header;
mod string;

pub use byte_array::ByteArrayConverter;
pub use json::JsonConverter;
use longshore_api::config::{ConfigDef, ConfigKey, ConfigType, Default, Importance, Props, Validator};
use longshore_api::converter::ConverterRole;
pub use number::{BooleanConverter, DoubleConverter, FloatConverter, IntegerConverter, LongConverter, ShortConverter};
pub use simple_header::SimpleHeaderConverter;
pub use string::StringConverter;

/// The key that tells a converter what it is used for; the worker sets it.
const TYPE_KEY: &str = "converter.type";

/// The properties with the converter's role among them, as Kafka's worker hands them over.
fn with_role(props: &Props, role: ConverterRole) -> Props {
    let mut props = props.clone();
    props.insert(TYPE_KEY.to_string(), role.name().to_string());
    props
}

/// The definition of a converter that has no keys of its own.
fn only_the_role() -> ConfigDef {
    let roles = ["key", "value", "header"].map(Into::into).to_vec();
    let meaning = "What the converter is used for: key, value or header. The worker sets it.";
    let key = ConfigKey::new(TYPE_KEY, ConfigType::String, Default::Required, Importance::Low, meaning);
    ConfigDef::new(vec![key.checked(Validator::OneOf(roles))])
}
