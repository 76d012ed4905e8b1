//! Names to plugins, by the aliases that Kafka Connect accepts.
use super::{ConnectorPlugin, ConverterPlugin, HeaderConverterPlugin, Plugins, PredicatePlugin, TransformationPlugin};

impl Plugins {
    /// The connector of that class name or alias.
    pub fn find_connector(&self, name: &str) -> Option<&ConnectorPlugin> {
        self.find(&self.connectors, ConnectorPlugin::class, "Connector", name)
    }

    /// The converter of that class name or alias.
    pub fn find_converter(&self, name: &str) -> Option<&ConverterPlugin> {
        self.find(&self.converters, |p| p.class, "Converter", name)
    }

    /// The header converter of that class name or alias.
    pub fn find_header_converter(&self, name: &str) -> Option<&HeaderConverterPlugin> {
        self.find(&self.header_converters, |p| p.class, "Converter", name)
    }

    /// The transformation of that class name or alias.
    pub fn find_transformation(&self, name: &str) -> Option<&TransformationPlugin> {
        self.find(&self.transformations, |p| p.class, "Transformation", name)
    }

    /// The predicate of that class name or alias.
    pub fn find_predicate(&self, name: &str) -> Option<&PredicatePlugin> {
        self.find(&self.predicates, |p| p.class, "Predicate", name)
    }

    fn find<'a, P>(&self, all: &'a [P], class: fn(&P) -> &'static str, ending: &str, name: &str) -> Option<&'a P> {
        let exact = self.aliases.get(name).copied().unwrap_or(name);
        all.iter().find(|p| class(p) == exact).or_else(|| {
            all.iter().find(|p| {
                let simple = simple_name(class(p));
                simple == name || simple.strip_suffix(ending) == Some(name)
            })
        })
    }
}

/// The class name without its package.
fn simple_name(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}
