//! The keys that Connect adds to every connector's own: names, types, defaults and order are Kafka Connect 4.3's.
use longshore_api::config::{ConfigDef, ConfigKey, ConfigType, Default, Importance, Validator, Width};

use Importance::{High, Low, Medium};

fn value(text: &'static str) -> Default {
    Default::Value(text.into())
}

fn key(name: &'static str, ty: ConfigType, default: Default, importance: Importance, doc: &'static str) -> ConfigKey {
    ConfigKey::new(name, ty, default, importance, doc)
}

fn at_least(min: f64) -> Validator {
    Validator::Range { min: Some(min), max: None }
}

/// The keys of every source connector, beside its own.
pub fn source_config_def() -> ConfigDef {
    let mut keys = common();
    keys.extend(source_only());
    ConfigDef::new(keys)
}

/// The keys of every sink connector, beside its own.
pub fn sink_config_def() -> ConfigDef {
    let mut keys = common();
    keys.extend(sink_only());
    ConfigDef::new(keys)
}

fn common() -> Vec<ConfigKey> {
    let mut keys = identity();
    keys.extend(converters());
    keys.extend(chain());
    keys.extend(errors());
    keys
}

fn identity() -> Vec<ConfigKey> {
    vec![
        key("name", ConfigType::String, Default::Required, High, "The connector's name, unique in its cluster.")
            .in_group("Common", 1, Width::Medium, "Connector name")
            .checked(Validator::Rule(name_rule)),
        key(
            "connector.class",
            ConfigType::String,
            Default::Required,
            High,
            "The connector's class: its full name, or its short name with or without the ending 'Connector'.",
        )
        .in_group("Common", 2, Width::Long, "Connector class"),
        key(
            "connector.plugin.version",
            ConfigType::String,
            Default::Null,
            Medium,
            "The version of the connector's class.",
        )
        .in_group("Common", 3, Width::Medium, "Connector version"),
        key("tasks.max", ConfigType::Int, value("1"), High, "How many tasks the connector may have.")
            .in_group("Common", 4, Width::Short, "Tasks max")
            .checked(at_least(1.0)),
        key(
            "tasks.max.enforce",
            ConfigType::Boolean,
            value("true"),
            Low,
            "(Deprecated) Whether a connector that makes more tasks than tasks.max fails.",
        )
        .in_group("Common", 5, Width::Short, "Enforce tasks max"),
    ]
}

fn converters() -> Vec<ConfigKey> {
    let converter = |name, order, what: &'static str, display| {
        key(name, ConfigType::Class, Default::Null, Low, what).in_group("Common", order, Width::Short, display)
    };
    let version = |name, order, what: &'static str, display| {
        key(name, ConfigType::String, Default::Null, Low, what).in_group("Common", order, Width::Short, display)
    };
    vec![
        converter(
            "key.converter",
            6,
            "How record keys become bytes and back; the worker's by default.",
            "Key converter class",
        ),
        version("key.converter.plugin.version", 7, "The version of the key converter.", "Key converter version"),
        converter(
            "value.converter",
            8,
            "How record values become bytes and back; the worker's by default.",
            "Value converter class",
        ),
        version("value.converter.plugin.version", 9, "The version of the value converter.", "Value converter version"),
        converter(
            "header.converter",
            10,
            "How record headers become bytes and back; the worker's by default.",
            "Header converter class",
        ),
        version(
            "header.converter.plugin.version",
            11,
            "The version of the header converter.",
            "Header converter version",
        ),
    ]
}

fn chain() -> Vec<ConfigKey> {
    vec![
        key(
            "transforms",
            ConfigType::List,
            value(""),
            Low,
            "Aliases of the transformations, in the order they are applied.",
        )
        .in_group("Transforms", 12, Width::Long, "Transforms")
        .checked(Validator::Rule(no_duplicates)),
        key("predicates", ConfigType::List, value(""), Low, "Aliases of the predicates that transformations refer to.")
            .in_group("Predicates", 13, Width::Long, "Predicates")
            .checked(Validator::Rule(no_duplicates)),
        key(
            "config.action.reload",
            ConfigType::String,
            value("restart"),
            Low,
            "What happens when a value from a configuration provider expires: 'restart' restarts the connector, 'none' \
             does nothing.",
        )
        .in_group("Common", 14, Width::Medium, "Reload Action"),
    ]
}

fn errors() -> Vec<ConfigKey> {
    let group = "Error Handling";
    vec![
        key(
            "errors.retry.timeout",
            ConfigType::Long,
            value("0"),
            Medium,
            "How many milliseconds a failed conversion or transformation is tried again; 0 never, -1 for ever.",
        )
        .in_group(group, 1, Width::Medium, "Retry Timeout for Errors"),
        key(
            "errors.retry.delay.max.ms",
            ConfigType::Long,
            value("60000"),
            Medium,
            "The longest wait between two such tries, in milliseconds.",
        )
        .in_group(group, 2, Width::Medium, "Maximum Delay Between Retries for Errors"),
        key(
            "errors.tolerance",
            ConfigType::String,
            value("none"),
            Medium,
            "'none': a record that cannot be processed makes the task FAILED. 'all': such records are skipped, and \
             reported as the other errors.* keys say.",
        )
        .in_group(group, 3, Width::Short, "Error Tolerance")
        .checked(Validator::OneOf(vec!["none".into(), "all".into()])),
        key("errors.log.enable", ConfigType::Boolean, value("false"), Medium, "Whether every failed record is logged.")
            .in_group(group, 4, Width::Short, "Log Errors"),
        key(
            "errors.log.include.messages",
            ConfigType::Boolean,
            value("false"),
            Medium,
            "Whether the log line also names where the failed record is.",
        )
        .in_group(group, 5, Width::Short, "Log Error Details"),
    ]
}

fn source_only() -> Vec<ConfigKey> {
    let exactly_once = "Exactly Once Support";
    vec![
        key(
            "topic.creation.groups",
            ConfigType::List,
            value(""),
            Low,
            "Names of rule sets for topics that the connector makes; each has its topic.creation.<name>.* keys.",
        )
        .in_group("Topic Creation", 1, Width::Long, "Topic Creation Groups")
        .checked(Validator::Rule(no_duplicates)),
        key(
            "exactly.once.support",
            ConfigType::String,
            value("requested"),
            Medium,
            "'required' refuses the configuration unless the connector can deliver exactly once; 'requested' does not.",
        )
        .in_group(exactly_once, 2, Width::Short, "Exactly once support")
        .checked(Validator::OneOfIgnoringCase(vec!["requested".into(), "required".into()])),
        key(
            "transaction.boundary",
            ConfigType::String,
            value("poll"),
            Medium,
            "Where a transaction ends: after each 'poll', after an 'interval', or where the 'connector' says.",
        )
        .in_group(exactly_once, 3, Width::Short, "Transaction Boundary")
        .checked(Validator::OneOfIgnoringCase(vec!["poll".into(), "interval".into(), "connector".into()])),
        key(
            "transaction.boundary.interval.ms",
            ConfigType::Long,
            Default::Null,
            Low,
            "Milliseconds between two ends of transactions, for the boundary 'interval'.",
        )
        .in_group(exactly_once, 4, Width::Short, "Transaction boundary interval")
        .checked(at_least(0.0)),
        key(
            "offsets.storage.topic",
            ConfigType::String,
            Default::Null,
            Low,
            "A topic of the connector's own for its offsets; the worker's by default.",
        )
        .in_group("offsets.topic", 1, Width::Long, "Offsets topic")
        .checked(Validator::NonEmpty),
    ]
}

fn sink_only() -> Vec<ConfigKey> {
    let group = "Error Handling";
    vec![
        key("topics", ConfigType::List, value(""), High, "The topics to read, separated by commas.").in_group(
            "Common",
            4,
            Width::Long,
            "Topics",
        ),
        key(
            "topics.regex",
            ConfigType::String,
            value(""),
            High,
            "A regular expression: every topic whose whole name matches is read. Give either this or topics.",
        )
        .in_group("Common", 4, Width::Long, "Topics regex")
        .checked(Validator::Rule(regex_rule)),
        key(
            "errors.deadletterqueue.topic.name",
            ConfigType::String,
            value(""),
            Medium,
            "The topic that gets records which could not be processed; none by default.",
        )
        .in_group(group, 6, Width::Medium, "Dead Letter Queue Topic Name"),
        key(
            "errors.deadletterqueue.topic.replication.factor",
            ConfigType::Short,
            value("3"),
            Medium,
            "How many replicas that topic gets if it has to be made.",
        )
        .in_group(group, 7, Width::Medium, "Dead Letter Queue Topic Replication Factor"),
        key(
            "errors.deadletterqueue.context.headers.enable",
            ConfigType::Boolean,
            value("false"),
            Medium,
            "Whether records in that topic carry headers (__connect.errors.*) that say what failed, where and why.",
        )
        .in_group(group, 8, Width::Medium, "Enable Error Context Headers"),
    ]
}

fn name_rule(name: &str) -> Result<(), String> {
    match name {
        name if name.trim().is_empty() => Err("String may not be empty".into()),
        name if name.chars().any(char::is_control) => Err("String may not contain control characters".into()),
        _ => Ok(()),
    }
}

fn no_duplicates(list: &str) -> Result<(), String> {
    let mut seen = Vec::new();
    for alias in list.split(',').map(str::trim).filter(|alias| !alias.is_empty()) {
        if seen.contains(&alias) {
            return Err(format!("Duplicate alias provided: {alias}"));
        }
        seen.push(alias);
    }
    Ok(())
}

fn regex_rule(pattern: &str) -> Result<(), String> {
    regex::Regex::new(pattern).map(|_| ()).map_err(|error| format!("Invalid regular expression: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, type, default and importance as Kafka Connect 4.3 answers them, in its order.
    const SINK: &str = "name STRING required HIGH|connector.class STRING required HIGH|\
        connector.plugin.version STRING null MEDIUM|tasks.max INT 1 HIGH|tasks.max.enforce BOOLEAN true LOW|\
        key.converter CLASS null LOW|key.converter.plugin.version STRING null LOW|value.converter CLASS null LOW|\
        value.converter.plugin.version STRING null LOW|header.converter CLASS null LOW|\
        header.converter.plugin.version STRING null LOW|transforms LIST  LOW|predicates LIST  LOW|\
        config.action.reload STRING restart LOW|errors.retry.timeout LONG 0 MEDIUM|\
        errors.retry.delay.max.ms LONG 60000 MEDIUM|errors.tolerance STRING none MEDIUM|\
        errors.log.enable BOOLEAN false MEDIUM|errors.log.include.messages BOOLEAN false MEDIUM|topics LIST  HIGH|\
        topics.regex STRING  HIGH|errors.deadletterqueue.topic.name STRING  MEDIUM|\
        errors.deadletterqueue.topic.replication.factor SHORT 3 MEDIUM|\
        errors.deadletterqueue.context.headers.enable BOOLEAN false MEDIUM";

    #[test]
    fn keys_types_defaults_and_order_are_connects() {
        let def = sink_config_def();
        let brief = def.keys().iter().map(|k| {
            let default = match &k.default {
                Default::Required => "required",
                Default::Null => "null",
                Default::Value(text) => text,
            };
            format!("{} {} {default} {}", k.name, k.ty.name(), k.importance.name())
        });
        assert_eq!(brief.collect::<Vec<_>>().join("|"), SINK);
    }

    #[test]
    fn a_name_may_not_be_blank_nor_an_alias_twice() {
        let def = source_config_def();
        assert!(def.key("name").unwrap().check(" ").is_err());
        assert!(def.key("transforms").unwrap().check("a, b").is_ok());
        assert!(def.key("transforms").unwrap().check("a,a").unwrap_err().contains("Duplicate alias"));
    }
}
