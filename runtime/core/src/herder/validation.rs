//! Is this configuration good? Answers as Connect's `validate` does, and guards every write of a configuration.
use std::collections::BTreeMap;
use std::time::Duration;

use longshore_api::config::{ConfigDef, ConfigKey, ConfigType, Default, Importance, Problem, Props, Width};
use longshore_api::plugin::{ConnectorPlugin, Plugins};

use super::error::{Answer, HerderError};
use super::shared::Shared;
use super::view::ConfigInfos;
use crate::config::{check_overrides, resolve, sink_config_def, source_config_def};
use crate::pipeline::aliases;

/// How long a connector's own checks of the outside world may take.
const OUTSIDE_DEADLINE: Duration = Duration::from_secs(30);

/// Validates for the plugin named in a URL.
pub(super) async fn validate_for(shared: &Shared, class: &str, config: Props) -> Answer<ConfigInfos> {
    let own = connector_class(&config)?;
    let named = |name: &str| shared.plugins.find_connector(name).map_or(name.to_string(), |p| p.class().to_string());
    if named(class) != named(own) {
        return Err(HerderError::BadRequest(format!(
            "Included connector type {own} does not match request type {class}"
        )));
    }
    validate(shared, &config).await
}

/// Refuses a configuration with any error, with Connect's sentence.
pub(super) async fn require_valid(shared: &Shared, config: &Props) -> Answer<()> {
    let infos = validate(shared, config).await?;
    if infos.error_count == 0 {
        return Ok(());
    }
    let errors = infos.configs.iter().flat_map(|(_, value)| &value.errors);
    let list: Vec<_> = errors.map(String::as_str).collect();
    Err(HerderError::BadRequest(format!(
        "Connector configuration is invalid and contains the following {} error(s):\n{}\nYou can also find the above \
         list of errors at the endpoint `/connector-plugins/{{connectorType}}/config/validate`",
        infos.error_count,
        list.join("\n")
    )))
}

async fn validate(shared: &Shared, config: &Props) -> Answer<ConfigInfos> {
    let class = connector_class(config)?;
    let plugin = shared.plugins.find_connector(class).ok_or_else(|| unknown_class(&shared.plugins, class))?.clone();
    // References are checked with what they stand for; answers show the reference.
    let (resolved, unresolved) = match resolve(config) {
        Ok(resolved) => (resolved, None),
        Err(error) => (config.clone(), Some(error.chain())),
    };
    let mut definition = match &plugin {
        ConnectorPlugin::Source(_) => source_config_def(),
        ConnectorPlugin::Sink(_) => sink_config_def(),
    };
    tell_defaults(shared, &plugin, &resolved, &mut definition);
    let mut problems = Vec::new();
    embed_chain(&shared.plugins, &mut definition, config, &resolved, &mut problems);
    for key in plugin.config_def().keys() {
        definition.define(key.clone());
    }
    problems.extend(check_classes(&shared.plugins, &resolved));
    problems.extend(check_overrides(shared.override_policy, config));
    if let ConnectorPlugin::Sink(_) = &plugin {
        problems.extend(check_topics(&resolved));
    }
    problems.extend(unresolved.map(|why| Problem::new("connector.class", why)));
    let of_keys = definition.problems(&resolved);
    let own_keys_are_good = of_keys.iter().all(|p| plugin.config_def().key(&p.key).is_none());
    if own_keys_are_good {
        problems.extend(ask_connector(&plugin, resolved.clone()).await);
    }
    Ok(answer(class, &definition, config, &resolved, problems))
}

fn answer(class: &str, definition: &ConfigDef, given: &Props, resolved: &Props, problems: Vec<Problem>) -> ConfigInfos {
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for problem in problems {
        by_key.entry(problem.key).or_default().push(problem.message);
    }
    let mut groups: Vec<String> = Vec::new();
    let mut configs = Vec::new();
    for (key, mut value) in definition.keys().iter().zip(definition.validate(resolved)) {
        if let Some(group) = &key.group
            && !groups.iter().any(|g| g == group)
        {
            groups.push(group.to_string());
        }
        value.errors.extend(by_key.remove(key.name.as_ref()).unwrap_or_default());
        // Invariant 9: what stands behind a reference is not told, neither as the value nor within a sentence.
        let reference = given.get(key.name.as_ref()).filter(|text| resolved.get(key.name.as_ref()) != Some(*text));
        if let (Some(reference), Some(_)) = (reference, &value.value)
            && key.ty != ConfigType::Password
        {
            value.value = Some(reference.clone());
        }
        configs.push((key.clone(), value));
    }
    // Problems with keys that no definition has, such as overrides, are shown under a key of their own.
    for (name, errors) in by_key {
        let key = ConfigKey::new(name.clone(), ConfigType::String, Default::Null, Importance::Low, "");
        let value = longshore_api::config::ConfigValue {
            name: name.clone(),
            value: given.get(&name).cloned(),
            recommended_values: Vec::new(),
            errors,
            visible: true,
        };
        configs.push((key, value));
    }
    for (_, value) in &mut configs {
        for error in &mut value.errors {
            *error = conceal(error, given, resolved);
        }
    }
    let error_count = configs.iter().map(|(_, value)| value.errors.len()).sum();
    ConfigInfos { name: class.to_string(), error_count, groups, configs }
}

/// A sentence with references in place of what they stand for.
fn conceal(sentence: &str, given: &Props, resolved: &Props) -> String {
    let secrets = given.iter().filter_map(|(key, reference)| Some((reference, resolved.get(key)?.trim())));
    secrets.fold(sentence.to_string(), |sentence, (reference, secret)| {
        if secret.is_empty() || secret == reference.trim() { sentence } else { sentence.replace(secret, reference) }
    })
}

/// A connector's own look at its configuration; one that panics or does not answer is told as a problem.
async fn ask_connector(plugin: &ConnectorPlugin, props: Props) -> Vec<Problem> {
    let class = plugin.class();
    let plugin = plugin.clone();
    let asking = tokio::task::spawn_blocking(move || {
        // A runtime of its own: a check that blocks holds up nobody else.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(plugin.validate(props)),
            Err(error) => {
                vec![Problem::new("connector.class", format!("No runtime for the check: {error}."))]
            }
        }
    });
    let problem = |message: String| vec![Problem::new("connector.class", message)];
    match tokio::time::timeout(OUTSIDE_DEADLINE, asking).await {
        Ok(Ok(problems)) => problems,
        Ok(Err(_)) => {
            problem(format!("{class} panicked while it checked the configuration. This is a bug in the connector."))
        }
        Err(_) => {
            problem(format!("{class} did not finish checking the configuration in {} s.", OUTSIDE_DEADLINE.as_secs()))
        }
    }
}

/// Defaults and recommendations that only this worker knows: its converters, and the versions of plugins.
fn tell_defaults(shared: &Shared, plugin: &ConnectorPlugin, props: &Props, definition: &mut ConfigDef) {
    let mut tell = |name: &str, default: Option<&str>, recommended: Vec<&'static str>| {
        let Some(mut key) = definition.key(name).cloned() else { return };
        if let Some(default) = default {
            key.default = Default::Value(default.to_string().into());
        }
        definition.define(key.recommending(recommended));
    };
    tell("connector.plugin.version", Some(plugin.version()), vec![plugin.version()]);
    let worker = &shared.worker.settings.props;
    let all = shared.plugins.converters().iter().map(|p| p.class);
    let mut converters: Vec<_> = all.collect();
    let mut header_converters: Vec<_> = shared.plugins.header_converters().iter().map(|p| p.class).collect();
    converters.sort_unstable();
    header_converters.sort_unstable();
    for (key, classes) in [("key", &converters), ("value", &converters), ("header", &header_converters)] {
        let key = format!("{key}.converter");
        tell(&key, worker.get(&key).map(String::as_str), classes.clone());
        let chosen = props.get(&key).or_else(|| worker.get(&key)).map(|class| class.trim());
        let known = chosen.is_some_and(|class| {
            shared.plugins.find_converter(class).is_some() || shared.plugins.find_header_converter(class).is_some()
        });
        if known {
            let version = env!("CARGO_PKG_VERSION");
            tell(&format!("{key}.plugin.version"), Some(version), vec![version]);
        }
    }
}

/// Adds the keys of every transformation and predicate that the configuration names.
fn embed_chain(
    plugins: &Plugins,
    definition: &mut ConfigDef,
    given: &Props,
    props: &Props,
    problems: &mut Vec<Problem>,
) {
    let not_found = |class: &str, key: &str| {
        let why = format!("Invalid value {class} for configuration {key}: Class {class} could not be found.");
        Problem::new(key, why)
    };
    for alias in aliases(given, "transforms") {
        let (prefix, group) = (format!("transforms.{alias}."), format!("Transforms: {alias}"));
        let type_key = format!("{prefix}type");
        define_type(definition, &type_key, &group, alias, "Class of the transformation.");
        let found = props.get(&type_key).map(|class| (class, plugins.find_transformation(class.trim())));
        match found {
            Some((_, Some(plugin))) => definition.embed(&prefix, &group, 1, &(plugin.config_def)()),
            Some((class, None)) => problems.push(not_found(class, &type_key)),
            None => {}
        }
        let predicate_key = format!("{prefix}predicate");
        define_chain_key(
            definition,
            &predicate_key,
            ConfigType::String,
            "",
            &group,
            "Alias of the predicate that says when to apply it.",
        );
        define_chain_key(
            definition,
            &format!("{prefix}negate"),
            ConfigType::Boolean,
            "false",
            &group,
            "Apply it when the predicate does not match.",
        );
        if let Some(predicate) = props.get(&predicate_key).filter(|p| !p.is_empty())
            && !aliases(given, "predicates").any(|alias| alias == predicate)
        {
            problems.push(Problem::new(
                predicate_key.clone(),
                format!("Invalid value {predicate} for configuration {predicate_key}: it is not among the predicates."),
            ));
        }
    }
    for alias in aliases(given, "predicates") {
        let (prefix, group) = (format!("predicates.{alias}."), format!("Predicates: {alias}"));
        let type_key = format!("{prefix}type");
        define_type(definition, &type_key, &group, alias, "Class of the predicate.");
        match props.get(&type_key).map(|class| (class, plugins.find_predicate(class.trim()))) {
            Some((_, Some(plugin))) => definition.embed(&prefix, &group, 1, &(plugin.config_def)()),
            Some((class, None)) => problems.push(not_found(class, &type_key)),
            None => {}
        }
    }
}

fn define_type(definition: &mut ConfigDef, key: &str, group: &str, alias: &str, doc: &'static str) {
    let key = ConfigKey::new(key.to_string(), ConfigType::Class, Default::Required, Importance::High, doc);
    definition.define(key.in_group(group.to_string(), 0, Width::Long, format!("Type for {alias}")));
}

fn define_chain_key(
    definition: &mut ConfigDef,
    key: &str,
    ty: ConfigType,
    default: &'static str,
    group: &str,
    doc: &'static str,
) {
    let key = ConfigKey::new(key.to_string(), ty, Default::Value(default.into()), Importance::Medium, doc);
    let display = key.name.to_string();
    definition.define(key.in_group(group.to_string(), 100, Width::None, display));
}

fn check_classes(plugins: &Plugins, props: &Props) -> Vec<Problem> {
    let mut problems = Vec::new();
    for key in ["key.converter", "value.converter", "header.converter"] {
        let Some(class) = props.get(key).map(|class| class.trim()) else { continue };
        let found = match key {
            "header.converter" => plugins.find_header_converter(class).map(|p| (p.config_def)()),
            _ => plugins.find_converter(class).map(|p| (p.config_def)()),
        };
        match found {
            None => problems.push(Problem::new(
                key,
                format!("Invalid value {class} for configuration {key}: Class {class} could not be found."),
            )),
            Some(definition) => {
                let mut own = crate::pipeline::strip(props, &format!("{key}."));
                own.insert("converter.type".into(), key.split('.').next().unwrap_or_default().into());
                problems.extend(definition.problems(&own).into_iter().map(|p| Problem::new(key, p.message)));
            }
        }
    }
    problems
}

fn check_topics(props: &Props) -> Vec<Problem> {
    let given = |key: &str| props.get(key).is_some_and(|v| !v.trim().is_empty());
    let queue = props.get("errors.deadletterqueue.topic.name").map(|t| t.trim()).filter(|t| !t.is_empty());
    let both = |message: &str| {
        vec![Problem::new("topics", message.to_string()), Problem::new("topics.regex", message.to_string())]
    };
    match (given("topics"), given("topics.regex")) {
        (true, true) => both("topics and topics.regex are mutually exclusive options, but both are set."),
        (false, false) => both("Must configure one of topics or topics.regex"),
        (false, true) if queue.is_some_and(|q| whole(props.get("topics.regex"), q)) => {
            let message =
                "The dead letter queue topic must not match topics.regex: the connector would read what it rejected.";
            vec![Problem::new("topics.regex", message)]
        }
        (true, false) if queue.is_some_and(|q| aliases(props, "topics").any(|topic| topic == q)) => {
            let message = "The dead letter queue topic must not be among the topics that the connector reads.";
            vec![Problem::new("topics", message)]
        }
        _ => Vec::new(),
    }
}

/// Whether a pattern matches a whole topic name, as Java's `matches`.
fn whole(pattern: Option<&String>, topic: &str) -> bool {
    pattern.and_then(|p| regex::Regex::new(&format!("^(?:{p})$")).ok()).is_some_and(|regex| regex.is_match(topic))
}

fn connector_class(config: &Props) -> Answer<&str> {
    match config.get("connector.class").map(|class| class.trim()).filter(|class| !class.is_empty()) {
        Some(class) => Ok(class),
        None => {
            let shown: Vec<_> = config.keys().map(|key| key.as_str()).collect();
            let name = config.get("name").map_or(String::new(), |name| format!("name={name}"));
            let inside = if shown == ["name"] { name } else { shown.join(", ") };
            Err(HerderError::BadRequest(format!("Connector config {{{inside}}} contains no connector type")))
        }
    }
}

fn unknown_class(plugins: &Plugins, class: &str) -> HerderError {
    let all = plugins.connectors().iter();
    let known: Vec<_> = all.map(|p| format!("{} ({}, {})", p.class(), p.kind(), p.version())).collect();
    HerderError::BadRequest(format!(
        "Failed to find any class that implements Connector and which name matches {class}, available connectors are: {}",
        known.join(", ")
    ))
}
