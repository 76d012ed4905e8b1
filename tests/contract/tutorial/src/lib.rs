//! Emits one numbered record every `interval.ms`, and goes on with the next number after a restart.
use std::sync::Arc;
use std::time::Duration;

use longshore_api::prelude::*;
use tokio::time::{Interval, interval};

/// What a user may set. The doc comments are the documentation that users read.
#[derive(Debug, ConnectorConfig)]
pub struct TickerConfig {
    /// Topic that receives the ticks.
    #[config(non_empty)]
    pub topic: String,
    /// Milliseconds between two ticks.
    #[config(key = "interval.ms", default = 1000, min = 1, importance = Medium)]
    pub interval: Duration,
}

/// The connector: a name, a configuration, a task. It has no instance and no state.
pub struct Ticker;

impl SourceConnector for Ticker {
    const CLASS: &'static str = "io.example.connect.Ticker";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = TickerConfig;
    type Task = TickerTask;
}

/// A running ticker.
pub struct TickerTask {
    topic: Arc<str>,
    schema: Arc<Schema>,
    partition: Arc<OffsetMap>,
    ticks: Interval,
    next: i64,
}

impl SourceTask for TickerTask {
    type Config = TickerConfig;

    async fn start(config: TickerConfig, context: SourceTaskContext) -> Result<Self> {
        let partition = OffsetMap::default().with("ticker", config.topic.clone());
        let stored = context.offset(&partition).and_then(|offset| offset.get_i64("tick"));
        Ok(Self {
            topic: config.topic.into(),
            schema: SchemaBuilder::record("Tick").field("number", Schema::int64()).build(),
            partition: Arc::new(partition),
            ticks: interval(config.interval),
            next: stored.map_or(0, |last| last + 1),
        })
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        // The worker may drop this future at any await, so state changes only after the last one.
        self.ticks.tick().await;
        let number = self.next;
        let tick = Struct::new(&self.schema, [Value::from(number)])?;
        self.next += 1;
        Ok(vec![SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: OffsetMap::default().with("tick", number),
            record: ConnectRecord::new(Arc::clone(&self.topic), SchemaAndValue::new(Arc::clone(&self.schema), tick)),
        }])
    }
}
