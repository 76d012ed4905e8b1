//! Topic configuration: the names that Kafka knows, their defaults here and what the log reads of them.
//!
//! Names and types: <https://kafka.apache.org/documentation/#topicconfigs>. Settings that mean nothing
//! on a single small node (tiering, throttles, replicas) are accepted, kept and described, and have no
//! effect.

use std::collections::BTreeMap;

use crate::config::BrokerConfig;

/// Settings of a topic as clients wrote them; only what differs from the defaults.
pub(crate) type Overrides = BTreeMap<String, String>;

/// How a value is written, with the protocol's number for it (DescribeConfigs `config_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean = 1,
    Text = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

/// One setting that a topic can have.
#[derive(Debug)]
pub(crate) struct Setting {
    pub name: &'static str,
    pub kind: Kind,
    default: &'static str,
}

const fn setting(name: &'static str, kind: Kind, default: &'static str) -> Setting {
    Setting { name, kind, default }
}

const ANY: &str = "-1";

/// Every setting, in the order of their names.
pub(crate) const SETTINGS: &[Setting] = &[
    setting("cleanup.policy", Kind::List, "delete"),
    setting("compression.gzip.level", Kind::Int, ANY),
    setting("compression.lz4.level", Kind::Int, "9"),
    setting("compression.type", Kind::Text, "producer"),
    setting("compression.zstd.level", Kind::Int, "3"),
    setting("delete.retention.ms", Kind::Long, "86400000"),
    setting("file.delete.delay.ms", Kind::Long, "60000"),
    setting("flush.messages", Kind::Long, "9223372036854775807"),
    setting("flush.ms", Kind::Long, "9223372036854775807"),
    setting("follower.replication.throttled.replicas", Kind::List, ""),
    setting("index.interval.bytes", Kind::Int, "4096"),
    setting("leader.replication.throttled.replicas", Kind::List, ""),
    setting("local.retention.bytes", Kind::Long, "-2"),
    setting("local.retention.ms", Kind::Long, "-2"),
    setting("max.compaction.lag.ms", Kind::Long, "9223372036854775807"),
    setting("max.message.bytes", Kind::Int, "1048588"),
    setting("message.timestamp.after.max.ms", Kind::Long, "3600000"),
    setting("message.timestamp.before.max.ms", Kind::Long, "9223372036854775807"),
    setting("message.timestamp.type", Kind::Text, "CreateTime"),
    setting("min.cleanable.dirty.ratio", Kind::Double, "0.5"),
    setting("min.compaction.lag.ms", Kind::Long, "0"),
    setting("min.insync.replicas", Kind::Int, "1"),
    setting("preallocate", Kind::Boolean, "false"),
    setting("remote.storage.enable", Kind::Boolean, "false"),
    setting("retention.bytes", Kind::Long, ANY),
    setting("retention.ms", Kind::Long, "604800000"),
    setting("segment.bytes", Kind::Int, "1073741824"),
    setting("segment.index.bytes", Kind::Int, "10485760"),
    setting("segment.jitter.ms", Kind::Long, "0"),
    setting("segment.ms", Kind::Long, "604800000"),
    setting("unclean.leader.election.enable", Kind::Boolean, "false"),
];

/// Finds a setting by its name.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.binary_search_by(|setting| setting.name.cmp(name)).ok().map(|at| &SETTINGS[at])
}

/// The broker's default for a setting: Kafka's own, except where this broker stays small.
pub(crate) fn default_of(setting: &Setting, broker: &BrokerConfig) -> String {
    match setting.name {
        "retention.bytes" => broker.retention_bytes.to_string(),
        "segment.bytes" => broker.segment_bytes.to_string(),
        _ => setting.default.to_owned(),
    }
}

/// Checks one value; the error is a sentence for the client.
pub(crate) fn check(name: &str, value: &str) -> Result<(), String> {
    let Some(setting) = find(name) else { return Err(format!("Unknown topic config name: {name}")) };
    let invalid = |why: &str| Err(format!("Invalid value {value} for configuration {name}: {why}"));
    let readable = match setting.kind {
        Kind::Boolean => matches!(value, "true" | "false"),
        Kind::Int => value.parse::<i32>().is_ok(),
        Kind::Long => value.parse::<i64>().is_ok(),
        Kind::Double => value.parse::<f64>().is_ok(),
        Kind::Text | Kind::List => true,
    };
    if !readable {
        return invalid(&format!("Not a value of type {:?}", setting.kind));
    }
    let number: f64 = value.parse().unwrap_or(0.0);
    match name {
        "cleanup.policy" if policies(value).any(|p| !matches!(p, "delete" | "compact")) => {
            invalid("String must be one of: compact, delete")
        }
        "message.timestamp.type" if !matches!(value, "CreateTime" | "LogAppendTime") => {
            invalid("String must be one of: CreateTime, LogAppendTime")
        }
        "compression.type" if !["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"].contains(&value) => {
            invalid("String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer")
        }
        "min.cleanable.dirty.ratio" if !(0.0..=1.0).contains(&number) => invalid("Value must be between 0 and 1"),
        "segment.bytes" if number < 14.0 => invalid("Value must be at least 14"),
        "segment.ms" | "min.insync.replicas" if number < 1.0 => invalid("Value must be at least 1"),
        "retention.ms" if number < -1.0 => invalid("Value must be at least -1"),
        "max.message.bytes" | "delete.retention.ms" | "min.compaction.lag.ms" if number < 0.0 => {
            invalid("Value must be at least 0")
        }
        _ => Ok(()),
    }
}

fn policies(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|policy| !policy.is_empty())
}

/// What the log reads of a topic's configuration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogSettings {
    pub compact: bool,
    pub delete: bool,
    /// Bytes per partition; negative: no limit.
    pub retention_bytes: i64,
    /// Negative: no limit.
    pub retention_ms: i64,
    pub segment_bytes: u64,
    pub segment_ms: i64,
    /// A compacted log begins a new segment at this size, so that small topics are compacted too.
    pub compacted_segment_bytes: u64,
    /// How long tombstones and transaction markers outlive what they end.
    pub delete_retention_ms: i64,
    pub min_compaction_lag_ms: i64,
    pub min_cleanable_dirty_ratio: f64,
    pub max_message_bytes: usize,
    /// Records get the time of their append (`message.timestamp.type=LogAppendTime`).
    pub append_time: bool,
}

impl LogSettings {
    /// The settings in force: the topic's own over the broker's defaults. Values were checked when they
    /// were set; one that cannot be read falls back to the default.
    pub(crate) fn resolve(overrides: &Overrides, broker: &BrokerConfig) -> LogSettings {
        let text = |name: &str| -> String {
            let default = || find(name).map_or_else(String::new, |setting| default_of(setting, broker));
            overrides.get(name).cloned().unwrap_or_else(default)
        };
        let long = |name: &str| text(name).parse::<i64>().unwrap_or(-1);
        let policy = text("cleanup.policy");
        let segment_bytes = u64::try_from(long("segment.bytes")).unwrap_or(broker.segment_bytes);
        LogSettings {
            compact: policies(&policy).any(|p| p == "compact"),
            delete: policies(&policy).any(|p| p == "delete"),
            retention_bytes: long("retention.bytes"),
            retention_ms: long("retention.ms"),
            segment_bytes,
            segment_ms: long("segment.ms"),
            compacted_segment_bytes: broker.compacted_segment_bytes.min(segment_bytes),
            delete_retention_ms: long("delete.retention.ms"),
            min_compaction_lag_ms: long("min.compaction.lag.ms"),
            min_cleanable_dirty_ratio: text("min.cleanable.dirty.ratio").parse().unwrap_or(0.5),
            max_message_bytes: usize::try_from(long("max.message.bytes")).unwrap_or(1_048_588),
            append_time: text("message.timestamp.type") == "LogAppendTime",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_sorted_so_that_look_ups_find_them() {
        assert!(SETTINGS.is_sorted_by(|a, b| a.name < b.name));
        assert!(SETTINGS.iter().all(|setting| find(setting.name).is_some()));
    }

    #[test]
    fn every_default_passes_its_own_check() {
        let broker = BrokerConfig::new("unused");
        for setting in SETTINGS {
            let default = default_of(setting, &broker);
            assert_eq!(check(setting.name, &default), Ok(()), "{}", setting.name);
        }
    }

    #[test]
    fn bad_values_are_refused_with_a_sentence() {
        for (name, value) in [
            ("cleanup.policy", "shred"),
            ("retention.ms", "soon"),
            ("segment.bytes", "1"),
            ("no.such.setting", "1"),
            ("preallocate", "yes"),
        ] {
            assert!(check(name, value).is_err(), "{name}={value}");
        }
        assert_eq!(check("cleanup.policy", "compact, delete"), Ok(()));
    }

    #[test]
    fn a_topics_own_settings_go_over_the_brokers() {
        let broker = BrokerConfig::new("unused");
        let overrides = Overrides::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
        let settings = LogSettings::resolve(&overrides, &broker);
        assert!(settings.compact && !settings.delete);
        assert_eq!(settings.retention_bytes, broker.retention_bytes);
    }
}
