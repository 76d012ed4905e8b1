//! The built-in converters, transformations and predicates.
//!
//! Each behaves as the Kafka class whose name it bears; `tests/integration` holds them against the real ones.
//! [`builtin`] lists them all; a distribution adds its connectors to that list.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod converters;
mod schema_cache;

use converters::{
    BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter, JsonConverter,
    LongConverter, ShortConverter, SimpleHeaderConverter, StringConverter,
};
use longshore_api::converter::{ConverterClass, HeaderConverterClass};
use longshore_api::plugin::Plugins;

/// Everything in this crate.
pub fn builtin() -> Plugins {
    fn both<C: ConverterClass + HeaderConverterClass>(plugins: Plugins) -> Plugins {
        plugins.converter::<C>().header_converter::<C>()
    }
    let plugins = [
        both::<ByteArrayConverter>,
        both::<BooleanConverter>,
        both::<DoubleConverter>,
        both::<FloatConverter>,
        both::<IntegerConverter>,
        both::<LongConverter>,
        both::<ShortConverter>,
        both::<JsonConverter>,
        both::<StringConverter>,
    ]
    .into_iter()
    .fold(Plugins::default(), |plugins, add| add(plugins));
    plugins.header_converter::<SimpleHeaderConverter>()
}
