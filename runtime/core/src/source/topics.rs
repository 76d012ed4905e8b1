//! Topics that a source connector makes before it writes to them (KIP-158).
use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use regex::Regex;

use crate::ports::TopicSpec;

/// The rules of one connector's `topic.creation.*` keys; none when it has no default group.
#[derive(Debug, Clone)]
pub struct TopicCreation {
    groups: Vec<Group>,
}

#[derive(Debug, Clone)]
struct Group {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
    partitions: Option<i32>,
    replication_factor: Option<i32>,
    settings: Vec<(String, String)>,
}

impl TopicCreation {
    /// Reads the rules; `None` when the connector leaves its topics to the broker.
    ///
    /// # Errors
    /// Fatal, naming the key, when a rule cannot be read.
    pub fn from_props(props: &Props) -> Result<Option<Self>> {
        if !props.contains_key("topic.creation.default.replication.factor") {
            return Ok(None);
        }
        let names = props.get("topic.creation.groups").map_or("", String::as_str);
        let mut groups = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "default") {
            groups.push(Group::read(props, name)?);
        }
        let mut default = Group::read(props, "default")?;
        default.include = Vec::new();
        for group in &mut groups {
            group.partitions = group.partitions.or(default.partitions);
            group.replication_factor = group.replication_factor.or(default.replication_factor);
        }
        groups.push(default);
        Ok(Some(Self { groups }))
    }

    /// How to make a topic: by the first group that includes and does not exclude it, the default group last.
    pub fn spec(&self, topic: &str) -> TopicSpec {
        let last = self.groups.len() - 1;
        let group = self.groups.iter().enumerate().find(|(at, group)| *at == last || group.matches(topic));
        let group = group.map_or(&self.groups[last], |(_, group)| group);
        TopicSpec {
            name: topic.to_string(),
            partitions: group.partitions.filter(|n| *n > 0),
            replication_factor: group.replication_factor.filter(|n| *n > 0),
            settings: group.settings.clone(),
        }
    }
}

impl Group {
    fn read(props: &Props, name: &str) -> Result<Self> {
        let prefix = format!("topic.creation.{name}.");
        let mut group = Self {
            include: Vec::new(),
            exclude: Vec::new(),
            partitions: None,
            replication_factor: None,
            settings: Vec::new(),
        };
        for (key, value) in props {
            let Some(rest) = key.strip_prefix(&prefix) else { continue };
            let number = || {
                value.trim().parse::<i32>().ok().filter(|n| *n > 0 || *n == -1).ok_or_else(|| {
                    ConnectError::fatal(format!(
                        "Invalid value {value} for configuration {key}: Value must be a positive number, or -1 to use \
                         the broker's default"
                    ))
                })
            };
            match rest {
                "include" => group.include = patterns(key, value)?,
                "exclude" => group.exclude = patterns(key, value)?,
                "partitions" => group.partitions = Some(number()?),
                "replication.factor" => group.replication_factor = Some(number()?),
                setting => group.settings.push((setting.to_string(), value.clone())),
            }
        }
        Ok(group)
    }

    fn matches(&self, topic: &str) -> bool {
        let any = |all: &[Regex]| all.iter().any(|one| one.is_match(topic));
        any(&self.include) && !any(&self.exclude)
    }
}

fn patterns(key: &str, value: &str) -> Result<Vec<Regex>> {
    let whole = |pattern: &str| {
        Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| ConnectError::fatal(format!("Invalid value {value} for configuration {key}: {error}")))
    };
    value.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()).map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn props(pairs: &[(&str, &str)]) -> Props {
        pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect()
    }

    #[test]
    fn the_first_group_that_matches_wins_and_the_default_fills_in() {
        let creation = TopicCreation::from_props(&props(&[
            ("topic.creation.groups", "compacted, logs"),
            ("topic.creation.default.replication.factor", "3"),
            ("topic.creation.default.partitions", "5"),
            ("topic.creation.compacted.include", "db\\..*, ref"),
            ("topic.creation.compacted.exclude", "db\\.tmp.*"),
            ("topic.creation.compacted.cleanup.policy", "compact"),
            ("topic.creation.logs.include", ".*log"),
            ("topic.creation.logs.partitions", "1"),
        ]))
        .unwrap()
        .unwrap();
        let compacted = creation.spec("db.users");
        assert_eq!((compacted.partitions, compacted.replication_factor), (Some(5), Some(3)));
        assert_eq!(compacted.settings, [("cleanup.policy".to_string(), "compact".to_string())]);
        assert!(creation.spec("db.tmp1").settings.is_empty());
        assert_eq!(creation.spec("auditlog").partitions, Some(1));
        assert_eq!(creation.spec("refs").partitions, Some(5), "patterns match whole names");
    }

    #[test]
    fn no_default_group_no_creation_and_bad_numbers_are_named() {
        assert!(TopicCreation::from_props(&props(&[])).unwrap().is_none());
        let bad = props(&[("topic.creation.default.replication.factor", "0")]);
        let error = TopicCreation::from_props(&bad).unwrap_err().to_string();
        assert!(error.contains("topic.creation.default.replication.factor"), "{error}");
    }
}
