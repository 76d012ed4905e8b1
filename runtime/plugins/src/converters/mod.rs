//! Between Connect's data and the bytes in a topic.

/// Lets a converter of keys and values serve headers as well, under the same class and keys.
macro_rules! serves_headers_too {
    ($converter:ty) => {
        impl longshore_api::converter::HeaderConverter for $converter {
            fn from_connect_header(
                &mut self,
                topic: &str,
                _: &str,
                value: &longshore_api::data::SchemaAndValue,
            ) -> longshore_api::error::Result<Option<bytes::Bytes>> {
                let mut out = Vec::new();
                let some = self.from_connect(topic, value.schema.as_ref(), &value.value, &mut out)?;
                Ok(some.then(|| out.into()))
            }

            fn to_connect_header(
                &mut self,
                topic: &str,
                _: &str,
                data: Option<&bytes::Bytes>,
            ) -> longshore_api::error::Result<longshore_api::data::SchemaAndValue> {
                self.to_connect(topic, data)
            }
        }

        impl longshore_api::converter::HeaderConverterClass for $converter {
            const CLASS: &'static str = <Self as longshore_api::converter::ConverterClass>::CLASS;

            fn config_def() -> longshore_api::config::ConfigDef {
                <Self as longshore_api::converter::ConverterClass>::config_def()
            }

            fn new(props: &longshore_api::config::Props) -> longshore_api::error::Result<Self> {
                let role = longshore_api::converter::ConverterRole::Header;
                <Self as longshore_api::converter::ConverterClass>::new(props, role)
            }
        }
    };
}

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
