//! The built-in converters, transformations and predicates.
//!
//! Each behaves as the Kafka class whose name it bears; `tests/integration` holds them against the real ones.
//! [`builtin`] lists them all; a distribution adds its connectors to that list.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod converters;
mod java_regex;
pub mod predicates;
mod schema_cache;
pub mod transforms;

use converters::{
    BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter, JsonConverter,
    LongConverter, ShortConverter, SimpleHeaderConverter, StringConverter,
};
use longshore_api::converter::{ConverterClass, HeaderConverterClass};
use longshore_api::plugin::Plugins;
use predicates::{HasHeaderKey, RecordIsTombstone, TopicNameMatches};
use transforms::{ExtractField, Filter, InsertField, Key, RegexRouter, ReplaceField, Value};

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
    plugins
        .header_converter::<SimpleHeaderConverter>()
        .transformation::<ExtractField<Key>>()
        .transformation::<ExtractField<Value>>()
        .transformation::<Filter>()
        .transformation::<InsertField<Key>>()
        .transformation::<InsertField<Value>>()
        .transformation::<RegexRouter>()
        .transformation::<ReplaceField<Key>>()
        .transformation::<ReplaceField<Value>>()
        .predicate::<HasHeaderKey>()
        .predicate::<RecordIsTombstone>()
        .predicate::<TopicNameMatches>()
}

#[cfg(test)]
mod tests;
