//! The plugins, as users see them.
use longshore_api::config::ConfigKey;
use longshore_api::plugin::{ConnectorPlugin, Plugins};

use super::error::{Answer, HerderError};
use super::view::PluginInfo;
use crate::config;

pub(super) fn plugins(plugins: &Plugins, connectors_only: bool) -> Vec<PluginInfo> {
    let info = |class: &str, kind, version: Option<&str>| PluginInfo {
        class: class.to_string(),
        kind,
        version: version.map(ToString::to_string),
    };
    let connectors = plugins.connectors().iter();
    let mut all: Vec<_> = connectors.map(|p| info(p.class(), p.kind(), Some(p.version()))).collect();
    if !connectors_only {
        let version = Some(env!("CARGO_PKG_VERSION"));
        all.extend(plugins.converters().iter().map(|p| info(p.class, "converter", version)));
        all.extend(plugins.header_converters().iter().map(|p| info(p.class, "header_converter", version)));
        all.extend(plugins.transformations().iter().map(|p| info(p.class, "transformation", version)));
        all.extend(plugins.predicates().iter().map(|p| info(p.class, "predicate", version)));
    }
    all
}

pub(super) fn config(plugins: &Plugins, class: &str) -> Answer<Vec<ConfigKey>> {
    if let Some(connector) = plugins.find_connector(class) {
        let mut keys = connector.config_def().keys().to_vec();
        let own: Vec<_> = keys.iter().map(|key| key.name.clone()).collect();
        let common = match connector {
            ConnectorPlugin::Source(_) => config::source_config_def(),
            ConnectorPlugin::Sink(_) => config::sink_config_def(),
        };
        keys.extend(common.keys().iter().filter(|key| !own.contains(&key.name)).cloned());
        for key in keys.iter_mut().filter(|key| key.name == "connector.plugin.version") {
            key.default = longshore_api::config::Default::Value(connector.version().into());
        }
        return Ok(keys);
    }
    let other = plugins.find_converter(class).map(|p| p.config_def);
    let other = other.or_else(|| plugins.find_header_converter(class).map(|p| p.config_def));
    let other = other.or_else(|| plugins.find_transformation(class).map(|p| p.config_def));
    let other = other.or_else(|| plugins.find_predicate(class).map(|p| p.config_def));
    let definition = other.ok_or_else(|| HerderError::NotFound(format!("Unknown plugin {class}.")))?;
    Ok(definition().keys().to_vec())
}
