//! The list of plugins: a value, not a side effect.
//!
//! A distribution names what it ships; a custom worker is the same list with one line more:
//!
//! ```text
//! Plugins::default().source::<Ticker>().alias("Tick").sink::<Blackhole>()
//! ```
//!
//! Inside, every plugin is a row of functions with its types erased; authors never see that.
mod connector;
mod erased;
mod resolve;

use std::collections::BTreeMap;

pub use connector::{ConnectorPlugin, SinkPlugin, SourcePlugin};
pub use erased::{Boxed, DynSinkTask, DynSourceTask};

use crate::config::{ConfigDef, ConnectorConfig, Props};
use crate::converter::{Converter, ConverterClass, ConverterRole, HeaderConverter, HeaderConverterClass};
use crate::error::Result;
use crate::sink::SinkConnector;
use crate::source::SourceConnector;
use crate::transform::{Predicate, PredicateClass, Transformation, TransformationClass};

/// A converter class with its types erased.
#[derive(Clone)]
pub struct ConverterPlugin {
    /// The class name.
    pub class: &'static str,
    /// Its keys.
    pub config_def: fn() -> ConfigDef,
    /// Builds one.
    pub new: fn(&Props, ConverterRole) -> Result<Box<dyn Converter>>,
}

/// A header converter class with its types erased.
#[derive(Clone)]
pub struct HeaderConverterPlugin {
    /// The class name.
    pub class: &'static str,
    /// Its keys.
    pub config_def: fn() -> ConfigDef,
    /// Builds one.
    pub new: fn(&Props) -> Result<Box<dyn HeaderConverter>>,
}

/// A transformation class with its types erased.
#[derive(Clone)]
pub struct TransformationPlugin {
    /// The class name.
    pub class: &'static str,
    /// Its keys.
    pub config_def: fn() -> ConfigDef,
    /// Builds one.
    pub new: fn(&Props) -> Result<Box<dyn Transformation>>,
}

/// A predicate class with its types erased.
#[derive(Clone)]
pub struct PredicatePlugin {
    /// The class name.
    pub class: &'static str,
    /// Its keys.
    pub config_def: fn() -> ConfigDef,
    /// Builds one.
    pub new: fn(&Props) -> Result<Box<dyn Predicate>>,
}

/// Everything a worker can run, by class name and alias.
#[derive(Clone, Default)]
pub struct Plugins {
    connectors: Vec<ConnectorPlugin>,
    converters: Vec<ConverterPlugin>,
    header_converters: Vec<HeaderConverterPlugin>,
    transformations: Vec<TransformationPlugin>,
    predicates: Vec<PredicatePlugin>,
    aliases: BTreeMap<String, &'static str>,
    last: Option<&'static str>,
}

impl Plugins {
    /// Adds a source connector.
    #[must_use]
    pub fn source<C: SourceConnector>(mut self) -> Self {
        self.connectors.push(ConnectorPlugin::Source(SourcePlugin::of::<C>()));
        self.last = Some(C::CLASS);
        self
    }

    /// Adds a sink connector.
    #[must_use]
    pub fn sink<C: SinkConnector>(mut self) -> Self {
        self.connectors.push(ConnectorPlugin::Sink(SinkPlugin::of::<C>()));
        self.last = Some(C::CLASS);
        self
    }

    /// Adds a converter.
    #[must_use]
    pub fn converter<C: ConverterClass>(mut self) -> Self {
        self.converters.push(ConverterPlugin {
            class: C::CLASS,
            config_def: C::config_def,
            new: |props, role| Ok(Box::new(C::new(props, role)?)),
        });
        self.last = Some(C::CLASS);
        self
    }

    /// Adds a header converter.
    #[must_use]
    pub fn header_converter<C: HeaderConverterClass>(mut self) -> Self {
        self.header_converters.push(HeaderConverterPlugin {
            class: C::CLASS,
            config_def: C::config_def,
            new: |props| Ok(Box::new(C::new(props)?)),
        });
        self.last = Some(C::CLASS);
        self
    }

    /// Adds a transformation.
    #[must_use]
    pub fn transformation<T: TransformationClass>(mut self) -> Self {
        self.transformations.push(TransformationPlugin {
            class: T::CLASS,
            config_def: T::Config::config_def,
            new: |props| Ok(Box::new(T::new(T::Config::parse(props)?)?)),
        });
        self.last = Some(T::CLASS);
        self
    }

    /// Adds a predicate.
    #[must_use]
    pub fn predicate<P: PredicateClass>(mut self) -> Self {
        self.predicates.push(PredicatePlugin {
            class: P::CLASS,
            config_def: P::Config::config_def,
            new: |props| Ok(Box::new(P::new(P::Config::parse(props)?)?)),
        });
        self.last = Some(P::CLASS);
        self
    }

    /// Gives the plugin added last another name that configurations may use. The simple class name, and the one
    /// without its `Connector`, `Converter`, `Transformation` or `Predicate` ending, work by themselves.
    #[must_use]
    pub fn alias(mut self, name: &str) -> Self {
        if let Some(class) = self.last {
            self.aliases.insert(name.to_string(), class);
        }
        self
    }

    /// All connectors, in the order they were added.
    pub fn connectors(&self) -> &[ConnectorPlugin] {
        &self.connectors
    }

    /// All converters.
    pub fn converters(&self) -> &[ConverterPlugin] {
        &self.converters
    }

    /// All header converters.
    pub fn header_converters(&self) -> &[HeaderConverterPlugin] {
        &self.header_converters
    }

    /// All transformations.
    pub fn transformations(&self) -> &[TransformationPlugin] {
        &self.transformations
    }

    /// All predicates.
    pub fn predicates(&self) -> &[PredicatePlugin] {
        &self.predicates
    }
}
