//! One task: when the next record is due, and what goes into it.
use std::sync::Arc;
use std::time::Duration;

use longshore_api::data::{ByteString, Schema, SchemaAndValue, Value};
use longshore_api::prelude::*;
use longshore_api::record::Headers;
use tokio::time::{sleep, sleep_until};

use crate::config::TaskConfig;
use crate::generator::{Generator, fresh_seed, seed_of_task};
use crate::offset::{self, CURRENT_ITERATION, Position, TASK_GENERATION, TASK_ID};
use crate::pace::Pace;

/// Records in one batch at most: enough to make the cost of a poll vanish, few enough to stay below a millisecond.
const MAX_BATCH: usize = 500;
/// How long a task that made all its records rests before it answers an empty batch.
const IDLE: Duration = Duration::from_secs(1);

/// Makes the records of one task.
#[derive(Debug)]
pub struct DatagenTask {
    topic: Arc<str>,
    partition: Arc<OffsetMap>,
    generator: Generator,
    /// How many records there shall be.
    end: Option<u64>,
    pace: Option<Pace>,
    generation: i64,
    id: i64,
    /// The schema of every header.
    int64: Arc<Schema>,
    /// Whether offsets carry the uses of iterations.
    counted: bool,
}

impl SourceTask for DatagenTask {
    type Config = TaskConfig;

    /// Goes on where the stored offset says; the seed stored there wins over the configured one.
    async fn start(config: TaskConfig, context: SourceTaskContext) -> Result<Self> {
        let partition = offset::partition(config.task_id);
        let stored = context.offset(&partition).map(|offset| Position::read(&offset)).transpose();
        let stored = stored.map_err(|error| ConnectError::fatal(error.to_string()))?;
        let connector = config.connector;
        let (topic, end) = (connector.topic().into(), connector.iterations());
        let pace = connector.max_interval_ms().map(Pace::new);
        let configured = connector.random_seed().map(|seed| seed_of_task(seed, config.task_id));
        let plan = tokio::task::spawn_blocking(move || connector.plan()).await.map_err(ConnectError::fatal)??;
        let position = stored.unwrap_or(Position { generation: 0, iteration: 0, seed: None, counts: Vec::new() });
        let seed = position.seed.or(configured).unwrap_or_else(fresh_seed);
        let generator = Generator::new(Arc::new(plan), seed, position.iteration, &position.counts);
        let counted = generator.counts().next().is_some();
        Ok(Self {
            topic,
            partition: Arc::new(partition),
            counted,
            generator,
            end,
            pace,
            generation: position.generation,
            id: config.task_id.into(),
            int64: Schema::int64(),
        })
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.generator.number()));
        if left == 0 {
            sleep(IDLE).await;
            return Ok(Vec::new());
        }
        let most = usize::try_from(left).map_or(MAX_BATCH, |left| left.min(MAX_BATCH));
        let due = match &mut self.pace {
            Some(pace) => {
                sleep_until(pace.due()).await;
                pace.take_due(most)
            }
            None => {
                // Generating never waits, so let others run and let the worker cancel.
                tokio::task::consume_budget().await;
                most
            }
        };
        let mut records = Vec::with_capacity(due);
        records.extend((0..due).map(|_| self.next_record()));
        Ok(records)
    }
}

impl DatagenTask {
    fn next_record(&mut self) -> SourceRecord {
        let number = self.generator.number().cast_signed();
        let (key, value) = self.generator.next();
        let counts = self.counted.then(|| {
            let counts: Vec<_> = self.generator.counts().map(|count| count.to_string()).collect();
            counts.join(",")
        });
        let int64 = |n: i64| SchemaAndValue { schema: Some(Arc::clone(&self.int64)), value: Value::Int64(n) };
        let mut headers = Headers::new();
        headers.add(ByteString::from_static(TASK_GENERATION), int64(self.generation));
        headers.add(ByteString::from_static(TASK_ID), int64(self.id));
        headers.add(ByteString::from_static(CURRENT_ITERATION), int64(number));
        SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: offset::offset_after(self.generation, number + 1, self.generator.seed(), counts),
            record: ConnectRecord {
                topic: Arc::clone(&self.topic),
                partition: None,
                key,
                value,
                timestamp: None,
                headers,
                kafka_offset: None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
