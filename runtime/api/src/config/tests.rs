use std::time::Duration;

use super::*;
use crate::{ConfigChoice, ConnectorConfig};

#[derive(Debug, PartialEq, ConfigChoice)]
enum Mode {
    Fast,
    #[config(name = "very-slow")]
    Slow,
}

#[derive(Debug, ConnectorConfig)]
#[config(check = bounds)]
struct Sample {
    /// Where records go.
    topic: String,
    /// How long
    /// to wait.
    #[config(default = 1000, min = 1, importance = Medium, group = "Timing", order = 1, width = Short, display = "Wait")]
    wait_ms: Duration,
    /// How hard to try.
    #[config(key = "mode", default = "fast", importance = Low)]
    mode: Mode,
    /// A secret.
    password: Option<Password>,
    /// The least value.
    #[config(default = 0, ty = Int)]
    low: i32,
    /// The greatest value.
    #[config(default = -1)]
    high: i32,
    /// Names.
    #[config(default = "")]
    names: Vec<String>,
}

fn bounds(sample: &Sample) -> Vec<Problem> {
    let bad = sample.high >= 0 && sample.high < sample.low;
    bad.then(|| Problem::new("high", "high must not be below low.")).into_iter().collect()
}

fn props(pairs: &[(&str, &str)]) -> Props {
    pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect()
}

#[test]
fn typed_values_with_defaults() {
    let all = [("topic", "t"), ("wait.ms", "5"), ("mode", "very-slow"), ("names", "a, b"), ("password", "p")];
    let sample = Sample::from_props(&props(&all)).unwrap();
    assert_eq!((sample.wait_ms, sample.mode), (Duration::from_millis(5), Mode::Slow));
    assert_eq!(sample.names, ["a", "b"]);
    assert!(!format!("{:?}", sample.password).contains('p'));
    let few = Sample::from_props(&props(&[("topic", "t")])).unwrap();
    assert_eq!((few.wait_ms, few.high, few.password), (Duration::from_secs(1), -1, None));
    assert!(few.names.is_empty() && few.topic == "t" && few.low == 0);
}

#[test]
fn every_problem_is_named_and_cross_field_rules_come_last() {
    let bad = Sample::from_props(&props(&[("wait.ms", "0"), ("mode", "lazy"), ("low", "x")])).unwrap_err();
    let keys: Vec<_> = bad.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["topic", "wait.ms", "mode", "low"]);
    assert_eq!(bad[2].message, "Invalid value lazy for configuration mode: String must be one of: fast, very-slow");
    let crossed = Sample::from_props(&props(&[("topic", "t"), ("low", "5"), ("high", "4")])).unwrap_err();
    assert_eq!(crossed, [Problem::new("high", "high must not be below low.")]);
}

#[test]
fn the_definition_carries_everything_a_form_needs() {
    let def = Sample::config_def();
    let wait = def.key("wait.ms").unwrap();
    assert_eq!((wait.documentation.as_ref(), wait.display_name.as_ref()), ("How long to wait.", "Wait"));
    assert_eq!((wait.group.as_deref(), wait.order_in_group, wait.width), (Some("Timing"), 1, Width::Short));
    assert_eq!(wait.default.text(), Some("1000"));
    assert_eq!(def.key("mode").unwrap().recommended, ["fast", "very-slow"]);
    assert!(def.key("topic").unwrap().is_required());
    assert!(!def.key("password").unwrap().is_required());
    assert!(def.to_markdown().contains("| `topic` | string | **required** | high | Where records go. |"));
}
