//! The keys of every class, against a table typed from Kafka 4.3's own definitions.
use longshore_api::config::{ConfigDef, Default, Width};

/// `name type default importance`, `!` for required and `-` for null, one key a line, in Kafka's order.
const KEYS: &[(&str, &[&str])] = &[
    ("converters.BooleanConverter", &["converter.type STRING ! LOW"]),
    ("converters.ByteArrayConverter", &["converter.type STRING ! LOW"]),
    ("converters.DoubleConverter", &["converter.type STRING ! LOW"]),
    ("converters.FloatConverter", &["converter.type STRING ! LOW"]),
    ("converters.IntegerConverter", &["converter.type STRING ! LOW"]),
    ("converters.LongConverter", &["converter.type STRING ! LOW"]),
    ("converters.ShortConverter", &["converter.type STRING ! LOW"]),
    (
        "json.JsonConverter",
        &[
            "converter.type STRING ! LOW",
            "schemas.enable BOOLEAN true HIGH",
            "schemas.cache.size INT 1000 HIGH",
            "schema.content STRING - HIGH",
            "decimal.format STRING BASE64 LOW",
            "replace.null.with.default BOOLEAN true LOW",
        ],
    ),
    ("storage.SimpleHeaderConverter", &[]),
    ("storage.StringConverter", &["converter.type STRING ! LOW", "converter.encoding STRING UTF-8 HIGH"]),
    (
        "transforms.ExtractField",
        &[
            "field STRING ! MEDIUM",
            "replace.null.with.default BOOLEAN true MEDIUM",
            "field.syntax.version STRING V1 HIGH",
        ],
    ),
    ("transforms.Filter", &[]),
    (
        "transforms.InsertField",
        &[
            "topic.field STRING - MEDIUM",
            "partition.field STRING - MEDIUM",
            "offset.field STRING - MEDIUM",
            "timestamp.field STRING - MEDIUM",
            "static.field STRING - MEDIUM",
            "static.value STRING - MEDIUM",
            "replace.null.with.default BOOLEAN true MEDIUM",
        ],
    ),
    ("transforms.RegexRouter", &["regex STRING ! HIGH", "replacement STRING ! HIGH"]),
    (
        "transforms.ReplaceField",
        &[
            "exclude LIST  MEDIUM",
            "include LIST  MEDIUM",
            "renames LIST  MEDIUM",
            "replace.null.with.default BOOLEAN true MEDIUM",
        ],
    ),
    ("transforms.predicates.HasHeaderKey", &["name STRING ! MEDIUM"]),
    ("transforms.predicates.RecordIsTombstone", &[]),
    ("transforms.predicates.TopicNameMatches", &["pattern STRING ! MEDIUM"]),
];

fn lines(def: &ConfigDef) -> Vec<String> {
    let line = |key: &longshore_api::config::ConfigKey| {
        let default = match &key.default {
            Default::Required => "!",
            Default::Null => "-",
            Default::Value(text) => text,
        };
        format!("{} {} {default} {}", key.name, key.ty.name(), key.importance.name())
    };
    def.keys().iter().map(line).collect()
}

/// Every plugin's class name, without Kafka's package, and its keys.
fn all() -> Vec<(String, ConfigDef)> {
    let plugins = crate::builtin();
    let converters = plugins.converters().iter().map(|p| (p.class, (p.config_def)()));
    let header_converters = plugins.header_converters().iter().map(|p| (p.class, (p.config_def)()));
    let transformations = plugins.transformations().iter().map(|p| (p.class, (p.config_def)()));
    let predicates = plugins.predicates().iter().map(|p| (p.class, (p.config_def)()));
    let all = converters.chain(header_converters).chain(transformations).chain(predicates);
    all.map(|(class, def)| (class.strip_prefix("org.apache.kafka.connect.").unwrap().to_string(), def)).collect()
}

#[test]
fn keys_are_kafkas() {
    let plugins = all();
    for (class, def) in &plugins {
        let simple = class.trim_end_matches("$Key").trim_end_matches("$Value");
        let (_, expected) = KEYS.iter().find(|(known, _)| *known == simple).unwrap_or_else(|| panic!("{class}"));
        assert_eq!(lines(def), *expected, "{class}");
    }
    for (class, _) in KEYS {
        let both = ["", "$Key", "$Value"].map(|suffix| format!("{class}{suffix}"));
        assert!(plugins.iter().any(|(known, _)| both.contains(known)), "{class} is not listed");
    }
}

#[test]
fn groups_and_widths_are_kafkas() {
    let plugins = all();
    let def = |name: &str| plugins.iter().find(|(class, _)| class == name).map(|(_, def)| def.clone()).unwrap();
    let shown: Vec<_> = def("json.JsonConverter")
        .keys()
        .iter()
        .map(|key| {
            let group = key.group.clone().unwrap_or_default();
            (group, key.order_in_group, key.width, key.display_name.clone())
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("".into(), -1, Width::None, "converter.type".into()),
            ("Schemas".into(), 0, Width::Medium, "Enable Schemas".into()),
            ("Schemas".into(), 1, Width::Medium, "Schema Cache Size".into()),
            ("Schemas".into(), 2, Width::Medium, "Schema Content".into()),
            ("Serialization".into(), 0, Width::Medium, "Decimal Format".into()),
            ("Serialization".into(), 1, Width::Medium, "Replace null with default".into()),
        ]
    );
    let string = def("storage.StringConverter");
    let encoding = string.key("converter.encoding").unwrap();
    assert_eq!((encoding.width, encoding.display_name.as_ref()), (Width::Medium, "Encoding"));
}

#[test]
fn every_converter_can_be_built_without_a_role_in_its_properties() {
    let plugins = crate::builtin();
    let props = longshore_api::config::Props::new();
    for plugin in plugins.converters() {
        assert!((plugin.new)(&props, longshore_api::converter::ConverterRole::Key).is_ok(), "{}", plugin.class);
    }
    for plugin in plugins.header_converters() {
        assert!((plugin.new)(&props).is_ok(), "{}", plugin.class);
    }
}
