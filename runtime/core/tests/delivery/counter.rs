//! A source over an upstream that forgets what it is told to be stored, and tells when it is asked for that.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test's own module")]
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use longshore_api::prelude::*;

static UPSTREAMS: Mutex<Option<HashMap<String, Arc<Mutex<State>>>>> = Mutex::new(None);

struct State {
    pruned_to: i64,
    end: i64,
}

/// Numbers from 0 to an end; those before `pruned_to` are gone.
pub struct Upstream {
    name: String,
    state: Arc<Mutex<State>>,
}

impl Upstream {
    pub fn new(name: &str, end: i64) -> Self {
        let state = Arc::new(Mutex::new(State { pruned_to: 0, end }));
        let mut all = UPSTREAMS.lock().unwrap();
        all.get_or_insert_with(HashMap::new).insert(name.into(), Arc::clone(&state));
        Self { name: name.into(), state }
    }

    pub fn topic(&self) -> &str {
        &self.name
    }

    pub fn pruned_to(&self) -> i64 {
        self.state.lock().unwrap().pruned_to
    }

    pub fn props(&self) -> Props {
        Props::from_iter([("upstream".to_string(), self.name.clone())])
    }
}

/// The counter's configuration.
#[derive(Debug, ConnectorConfig)]
pub struct CounterConfig {
    /// Which upstream to read.
    upstream: String,
    /// Every so many numbers, one is bad; 0 for none.
    #[config(default = 0)]
    bad_every: i64,
}

pub struct Counter;

impl SourceConnector for Counter {
    const CLASS: &'static str = "Counter";
    const VERSION: &'static str = "1";
    type Config = CounterConfig;
    type Task = CounterTask;
}

pub struct CounterTask {
    topic: Arc<str>,
    partition: Arc<OffsetMap>,
    state: Arc<Mutex<State>>,
    next: i64,
    bad_every: i64,
}

impl SourceTask for CounterTask {
    type Config = CounterConfig;

    async fn start(config: CounterConfig, context: SourceTaskContext) -> Result<Self> {
        let state = Arc::clone(&UPSTREAMS.lock().unwrap().as_ref().unwrap()[&config.upstream]);
        let partition = Arc::new(OffsetMap::default().with("upstream", config.upstream.clone()));
        tokio::task::yield_now().await;
        let next = context.offset(&partition).and_then(|o| o.get_i64("next")).unwrap_or(0);
        let pruned_to = state.lock().unwrap().pruned_to;
        if next < pruned_to {
            return Err(ConnectError::fatal(format!("GAP: asked for {next}, pruned to {pruned_to}")));
        }
        Ok(Self { topic: config.upstream.into(), partition, state, next, bad_every: config.bad_every })
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        let until = (self.next + 3).min(self.state.lock().unwrap().end);
        let records = (self.next..until).map(|n| {
            let bad = self.bad_every > 0 && n % self.bad_every == 0;
            let value = if bad { Value::from("bad") } else { Value::from(n) };
            SourceRecord {
                source_partition: Arc::clone(&self.partition),
                source_offset: OffsetMap::default().with("next", n + 1),
                record: ConnectRecord::new(Arc::clone(&self.topic), SchemaAndValue::schemaless(value)),
            }
        });
        let records = records.collect();
        self.next = until;
        Ok(records)
    }

    async fn commit(&mut self, offsets: &[(Arc<OffsetMap>, OffsetMap)]) -> Result<()> {
        tokio::task::yield_now().await;
        for (_, offset) in offsets {
            let next = offset.get_i64("next").unwrap();
            let mut state = self.state.lock().unwrap();
            state.pruned_to = state.pruned_to.max(next);
        }
        Ok(())
    }
}
