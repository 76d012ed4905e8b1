//! A source that behaves, and one that does not.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test's own module")]
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use longshore_api::config::ConnectorConfig as _;
use longshore_api::prelude::*;

#[derive(Default)]
struct Starts {
    done: usize,
    failures: usize,
    held_back: usize,
}

static STARTS: Mutex<Option<HashMap<String, Starts>>> = Mutex::new(None);

fn with_starts<T>(name: &str, look: impl FnOnce(&mut Starts) -> T) -> T {
    look(STARTS.lock().unwrap().get_or_insert_with(HashMap::new).entry(name.to_string()).or_default())
}

/// How often tasks of a connector were started.
pub fn starts(name: &str) -> usize {
    with_starts(name, |starts| starts.done)
}

pub fn fail_next_starts(name: &str, times: usize) {
    with_starts(name, |starts| starts.failures = times);
}

pub fn hold_back_starts(name: &str, times: usize) {
    with_starts(name, |starts| starts.held_back = times);
}

/// The ticker's configuration.
#[derive(Debug, ConnectorConfig)]
#[config(check = not_weird)]
pub struct TicksConfig {
    /// The connector's name.
    name: String,
    /// Which task this is.
    #[config(default = 0)]
    task: i64,
    /// Milliseconds between ticks.
    #[config(default = 2)]
    interval_ms: Duration,
    /// Must not be yes.
    #[config(default = "no")]
    weird: String,
}

fn not_weird(config: &TicksConfig) -> Vec<Problem> {
    (config.weird == "yes").then(|| Problem::new("weird", "weird must not be yes")).into_iter().collect()
}

pub struct Ticks;

impl SourceConnector for Ticks {
    const CLASS: &'static str = "Ticks";
    const VERSION: &'static str = "1";
    type Config = TicksConfig;
    type Task = TicksTask;

    fn task_configs(_: &TicksConfig, props: &Props, max_tasks: usize) -> Result<Vec<Props>> {
        let with_number = |n: usize| {
            let mut props = props.clone();
            props.insert("task".into(), n.to_string());
            // As in Connect, a task's configuration need not hold all of its connector's.
            props.shift_remove("tasks.max");
            props
        };
        Ok((0..max_tasks).map(with_number).collect())
    }
}

pub struct TicksTask {
    name: Arc<str>,
    partition: Arc<OffsetMap>,
    interval: Duration,
    next: i64,
}

impl SourceTask for TicksTask {
    type Config = TicksConfig;

    async fn start(config: TicksConfig, context: SourceTaskContext) -> Result<Self> {
        with_starts(&config.name, |starts| {
            if starts.held_back > 0 {
                starts.held_back -= 1;
                return Err(ConnectError::retriable("not yet"));
            }
            if starts.failures > 0 {
                starts.failures -= 1;
                return Err(ConnectError::fatal("told to fail"));
            }
            starts.done += 1;
            Ok(())
        })?;
        let partition = OffsetMap::default().with("task", config.task);
        let next = context.offset(&partition).and_then(|o| o.get_i64("next")).unwrap_or(0);
        let name = if config.task == 0 { config.name } else { format!("{}-{}", config.name, config.task) };
        Ok(Self { name: name.into(), partition: Arc::new(partition), interval: config.interval_ms, next })
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        tokio::time::sleep(self.interval).await;
        let (key, value) = (SchemaAndValue::string(&*self.name), SchemaAndValue::string(self.next.to_string()));
        self.next += 1;
        Ok(vec![SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: OffsetMap::default().with("next", self.next),
            record: ConnectRecord::new("ticks", value).with_key(key),
        }])
    }
}

/// How to misbehave.
#[derive(Debug, ConnectorConfig)]
pub struct RogueConfig {
    /// What to do.
    how: String,
}

pub struct Rogue;

impl SourceConnector for Rogue {
    const CLASS: &'static str = "Rogue";
    const VERSION: &'static str = "1";
    type Config = RogueConfig;
    type Task = RogueTask;
}

pub struct RogueTask(String);

impl SourceTask for RogueTask {
    type Config = RogueConfig;

    async fn start(config: RogueConfig, _: SourceTaskContext) -> Result<Self> {
        assert!(config.how != "panic-start", "too early");
        let _ = RogueConfig::config_def();
        Ok(Self(config.how))
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        match self.0.as_str() {
            "panic" => panic!("on purpose"),
            "fatal" => Err(ConnectError::fatal("no way")),
            _ => {
                // Blocks its thread far beyond every deadline, without ever yielding.
                std::thread::park_timeout(Duration::from_secs(600));
                Ok(Vec::new())
            }
        }
    }
}
