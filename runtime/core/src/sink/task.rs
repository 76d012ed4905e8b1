//! `WorkerSinkTask`: consumes, converts, transforms, and hands batches to a sink task.
//!
//! ```text
//! consume → convert → transform → put → (rejected → dead letter queue) → accepted → flush → commit
//! ```
//!
//! A batch that the sink refuses for now comes again, the same, while the partitions are paused and the membership
//! in the group is kept.
use std::sync::Arc;
use std::time::Duration;

use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::{DynSinkTask, SinkPlugin};
use longshore_api::record::{SinkRecord, TopicPartition};
use longshore_api::sink::{Rejected, SinkTaskContext};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::commits::Commits;
use crate::activity::{Preview, TaskActivity};
use crate::backoff::Backoff;
use crate::herder::ConnectorTaskId;
use crate::pipeline::{
    Converters, DeadLetterQueue, DeadLetterSpec, ErrorTolerance, Failure, Outcome, Stage, TransformationChain,
};
use crate::ports::{Consumed, ConsumedRecord, ConsumerSpec, RecordConsumer, TopicSelection};
use crate::worker::{Control, TaskOrder, TaskStatus, Worker, client_settings};

/// How many records a `put` gets at most, unless the consumer's `max.poll.records` says otherwise.
const BATCH: usize = 500;
/// How long one wait for records may take; control messages interrupt it.
const WAIT: Duration = Duration::from_secs(1);

/// One sink task at work.
pub struct WorkerSinkTask {
    worker: Arc<Worker>,
    id: ConnectorTaskId,
    status: TaskStatus,
    class: &'static str,
    task: Box<dyn DynSinkTask>,
    chain: TransformationChain,
    converters: Converters,
    tolerance: ErrorTolerance,
    dead_letters: Option<DeadLetterQueue>,
    consumer: Box<dyn RecordConsumer>,
    assigned: Vec<TopicPartition>,
    commits: Commits,
    batch_size: usize,
    topics: Vec<Arc<str>>,
    activity: Arc<TaskActivity>,
}

/// A batch between consumer and sink: what was consumed, and what became of it.
#[derive(Default)]
struct Batch {
    consumed: Vec<ConsumedRecord>,
    records: Vec<SinkRecord>,
    /// For each of `records`, its place in `consumed`.
    places: Vec<usize>,
}

impl WorkerSinkTask {
    /// Runs the task until it is stopped or fails.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn run(worker: Arc<Worker>, plugin: SinkPlugin, order: TaskOrder, mut control: Control) -> Result<()> {
        let status = TaskStatus::new(&worker, &order.id, plugin.version);
        let opened =
            status.open_patiently(&control, async || Self::open(&worker, &plugin, &order, &status).await).await?;
        let Some(mut this) = opened else { return Ok(()) };
        let result = this.drive(&mut control).await;
        this.finish(&control, result).await
    }

    async fn open(worker: &Arc<Worker>, plugin: &SinkPlugin, order: &TaskOrder, status: &TaskStatus) -> Result<Self> {
        let (id, connector) = (&order.id, &order.connector);
        let chain = TransformationChain::build(&worker.plugins, connector)?;
        let converters = Converters::build(&worker.plugins, &worker.settings.props, connector)?;
        let dead_letters = match DeadLetterSpec::from_props(connector) {
            None => None,
            Some(spec) => {
                let settings = client_settings(&worker.settings, connector, "producer");
                Some(DeadLetterQueue::open(&*worker.kafka, id.clone(), spec, settings).await?)
            }
        };
        let context = SinkTaskContext { connector: id.connector.to_string(), task: id.task };
        let task = (plugin.start)(order.props.clone(), context).await?;
        let settings = client_settings(&worker.settings, connector, "consumer");
        let given = settings.get("max.poll.records").and_then(|n| n.trim().parse().ok()).filter(|n| *n > 0);
        let consumer = worker.kafka.consumer(ConsumerSpec {
            group: consumer_group(&settings, &id.connector),
            client_id: format!("connector-consumer-{id}"),
            topics: topic_selection(connector),
            settings,
        })?;
        Ok(Self {
            worker: Arc::clone(worker),
            id: id.clone(),
            status: status.clone(),
            class: plugin.class,
            task,
            chain,
            converters,
            tolerance: ErrorTolerance::from_props(id.clone(), connector),
            dead_letters,
            consumer,
            assigned: Vec::new(),
            commits: Commits::default(),
            batch_size: given.unwrap_or(BATCH),
            topics: Vec::new(),
            activity: worker.activity.task(id),
        })
    }

    async fn drive(&mut self, control: &mut Control) -> Result<()> {
        let interval = self.worker.settings.offset_flush_interval;
        let mut commit_at = Instant::now() + interval;
        let mut poll_at = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        let mut moving = true;
        loop {
            if control.is_started() != moving {
                moving = control.is_started();
                if moving { self.consumer.resume()? } else { self.consumer.pause()? }
            }
            let polled = tokio::select! {
                biased;
                () = control.stopped() => return Ok(()),
                () = control.target_changed() => {
                    self.status.started(control);
                    None
                }
                () = sleep_until(commit_at) => {
                    self.commit(None, control).await?;
                    commit_at = Instant::now() + interval;
                    None
                }
                event = next_event(&mut self.consumer, self.batch_size, poll_at) => Some(event),
            };
            match polled {
                None => {}
                Some(Ok(Consumed::Records(records))) if records.is_empty() => backoff.reset(),
                Some(Ok(Consumed::Records(records))) => {
                    backoff.reset();
                    self.deliver(records, control).await?;
                    tokio::task::yield_now().await;
                }
                Some(Ok(change)) => {
                    self.rebalance(change, None, control).await?;
                    if !moving {
                        self.consumer.pause()?;
                    }
                }
                Some(Err(error)) if error.is_retriable() => {
                    let delay = backoff.next_delay();
                    tracing::warn!(connector = %self.id.connector, task = self.id.task,
                        "Consuming failed, trying again in {} ms: {}", delay.as_millis(), error.chain());
                    poll_at = Instant::now() + delay;
                }
                Some(Err(error)) => return Err(error),
            }
        }
    }

    async fn deliver(&mut self, consumed: Vec<ConsumedRecord>, control: &Control) -> Result<()> {
        let (records, places) = (Vec::with_capacity(consumed.len()), Vec::with_capacity(consumed.len()));
        let mut batch = Batch { consumed, records, places };
        let bytes: usize = batch.consumed.iter().map(size_of_record).sum();
        for at in 0..batch.consumed.len() {
            match self.prepare(&batch.consumed[at]).await {
                Ok(Some(record)) => {
                    batch.records.push(record);
                    batch.places.push(at);
                }
                Ok(None) => {}
                Err(failure) => self.report(&batch.consumed[at], failure).await?,
            }
        }
        if !batch.records.is_empty() && !self.put_until_accepted(&mut batch, control).await? {
            // Stopped before the sink took it: it is consumed again after the next start.
            return Ok(());
        }
        // Records of a partition come in runs, in order: the last of a run tells how far it came.
        for run in batch.consumed.chunk_by(|one, next| one.origin == next.origin) {
            let last = &run[run.len() - 1];
            self.commits.accept(&last.origin, last.offset + 1);
            self.first_use(&last.origin.topic);
        }
        self.activity.moved(batch.records.len() as u64, bytes as u64);
        if let Some(last) = batch.consumed.last() {
            self.activity.show(|| Preview::consumed(last));
        }
        Ok(())
    }

    /// Converts and transforms; `None` when the record was filtered.
    async fn prepare(&mut self, consumed: &ConsumedRecord) -> Result<Option<SinkRecord>, Failure> {
        // Looking at the clock costs as much as a small record: only once one failed.
        let mut retrying = None;
        loop {
            match self.try_prepare(consumed) {
                Err(failure) if failure.error.is_retriable() && self.tolerance.retries() => {
                    let (started, backoff) = retrying.get_or_insert_with(|| (Instant::now(), self.tolerance.backoff()));
                    match self.tolerance.retry_delay(backoff, started.elapsed()) {
                        Some(delay) => sleep(delay).await,
                        None => return Err(failure),
                    }
                }
                other => return other,
            }
        }
    }

    fn try_prepare(&mut self, consumed: &ConsumedRecord) -> Result<Option<SinkRecord>, Failure> {
        let mut record = self.converters.to_connect(consumed)?;
        if self.chain.is_empty() {
            return Ok(Some(record));
        }
        let original = std::mem::take(&mut record.record);
        let transformed = self.chain.apply(original);
        let transformed = transformed.map_err(|f| f.of_consumed(&consumed.origin, consumed.offset))?;
        Ok(transformed.map(|changed| SinkRecord { record: changed, ..record }))
    }

    /// Puts the batch until the sink takes it; `false` when the task shall finish, or the batch's partitions are
    /// gone.
    async fn put_until_accepted(&mut self, batch: &mut Batch, control: &Control) -> Result<bool> {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(60));
        let mut paused = false;
        loop {
            match self.task.put(&batch.records).await {
                Ok(rejected) => {
                    if paused && control.is_started() {
                        self.consumer.resume()?;
                    }
                    self.report_rejected(rejected, batch).await?;
                    return Ok(true);
                }
                Err(ConnectError::Retriable { source, after }) => {
                    let delay = after.unwrap_or_else(|| backoff.next_delay());
                    tracing::warn!(connector = %self.id.connector, task = self.id.task,
                        "The sink did not take {} record(s), trying again in {} ms: {source}",
                        batch.records.len(), delay.as_millis());
                    if !paused {
                        self.consumer.pause()?;
                        paused = true;
                    }
                    if !self.wait_as_member(delay, batch, control).await? {
                        return Ok(false);
                    }
                    if batch.records.is_empty() {
                        if control.is_started() {
                            self.consumer.resume()?;
                        }
                        return Ok(true);
                    }
                }
                Err(error) => {
                    let sentence = format!("The sink failed: {}", error.chain());
                    return Err(ConnectError::fatal(sentence));
                }
            }
        }
    }

    /// Waits while the group still hears from this consumer; partitions that are taken away leave the batch.
    async fn wait_as_member(&mut self, delay: Duration, batch: &mut Batch, control: &Control) -> Result<bool> {
        let until = Instant::now() + delay;
        while Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            let event = tokio::select! {
                biased;
                () = control.stopped() => return Ok(false),
                event = self.consumer.poll(1, left) => event,
            };
            match event {
                Ok(Consumed::Records(records)) => {
                    // Paused partitions give none, but a record fetched before the pause may still come.
                    for record in records {
                        if let Some(prepared) = self.prepare_or_report(&record).await? {
                            batch.places.push(batch.consumed.len());
                            batch.records.push(prepared);
                        }
                        batch.consumed.push(record);
                    }
                }
                Ok(change) => {
                    self.rebalance(change, Some(batch), control).await?;
                    self.consumer.pause()?;
                }
                Err(error) if error.is_retriable() => sleep(left.min(Duration::from_millis(200))).await,
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    async fn prepare_or_report(&mut self, record: &ConsumedRecord) -> Result<Option<SinkRecord>> {
        match self.prepare(record).await {
            Ok(prepared) => Ok(prepared),
            Err(failure) => {
                self.report(record, failure).await?;
                Ok(None)
            }
        }
    }

    async fn report_rejected(&mut self, rejected: Rejected, batch: &Batch) -> Result<()> {
        for (at, why) in rejected.0 {
            let Some(place) = batch.places.get(at) else {
                let class = self.class;
                return Err(ConnectError::fatal(format!("{class} rejected record {at} of a batch that is shorter.")));
            };
            let consumed = &batch.consumed[*place];
            let failure = Failure::new(Stage::TaskPut, self.class, ConnectError::data(why));
            self.report(consumed, failure.of_consumed(&consumed.origin, consumed.offset)).await?;
        }
        Ok(())
    }

    /// Applies `errors.tolerance`; a tolerated record is in the dead letter queue before this returns.
    async fn report(&mut self, record: &ConsumedRecord, failure: Failure) -> Result<()> {
        // The failure is needed for the queue's headers after the decision consumed it.
        if self.tolerance.tolerates() && !matches!(failure.error, ConnectError::Fatal { .. }) {
            self.activity.failed(1);
            if let Some(queue) = &mut self.dead_letters {
                queue.write(record, &failure).await?;
            }
        }
        match self.tolerance.decide(failure) {
            Outcome::Tolerated => Ok(()),
            Outcome::Fail(error) => Err(error),
        }
    }

    async fn rebalance(&mut self, change: Consumed, batch: Option<&mut Batch>, control: &Control) -> Result<()> {
        match change {
            Consumed::Records(_) => {}
            Consumed::Assigned(partitions) => {
                self.task.open(&partitions).await?;
                self.consumer.assign(&partitions)?;
                self.assigned.extend(partitions);
            }
            Consumed::Revoked(partitions) => {
                self.commit(Some(&partitions), control).await?;
                self.release(&partitions, batch).await?;
            }
            Consumed::Lost(partitions) => self.release(&partitions, batch).await?,
        }
        Ok(())
    }

    async fn release(&mut self, partitions: &[TopicPartition], batch: Option<&mut Batch>) -> Result<()> {
        if let Err(error) = self.task.close(partitions).await {
            tracing::warn!(connector = %self.id.connector, task = self.id.task,
                "Closing partitions failed: {}", error.chain());
        }
        self.commits.forget(partitions);
        self.assigned.retain(|mine| !partitions.contains(mine));
        if let Some(batch) = batch {
            batch.forget(partitions);
        }
        self.consumer.unassign(partitions)
    }

    /// Flushes the sink and commits what it vouched for. Failing to is no reason to stop: the next one covers it.
    async fn commit(&mut self, only: Option<&[TopicPartition]>, control: &Control) -> Result<()> {
        if !self.commits.is_dirty() || control.is_abandoned() {
            return Ok(());
        }
        let deadline = self.worker.settings.offset_flush_timeout;
        let accepted = self.commits.accepted(only);
        let durable = match self.task.flush(&accepted).await {
            Ok(durable) => durable,
            Err(error @ ConnectError::Fatal { .. }) => return Err(error),
            Err(error) => {
                self.not_committed(&error.chain());
                return Ok(());
            }
        };
        let flushed = self.commits.flushed(&durable);
        if flushed.is_empty() {
            return Ok(());
        }
        match timeout(deadline, self.consumer.commit(flushed.offsets())).await {
            Ok(Ok(())) => self.commits.committed(&flushed),
            Ok(Err(error)) => self.not_committed(&error.chain()),
            Err(_) => self.not_committed("no answer within offset.flush.timeout.ms"),
        }
        Ok(())
    }

    fn not_committed(&self, why: &str) {
        tracing::warn!(connector = %self.id.connector, task = self.id.task,
            "Offsets were not committed, trying again at the next interval: {why}");
    }

    fn first_use(&mut self, topic: &Arc<str>) {
        if self.topics.iter().any(|known| Arc::ptr_eq(known, topic) || known == topic) {
            return;
        }
        self.topics.push(Arc::clone(topic));
        self.status.used_topic(topic);
    }

    async fn finish(mut self, control: &Control, result: Result<()>) -> Result<()> {
        let deadline = self.worker.settings.offset_flush_timeout;
        let committed = self.commit(None, control).await;
        let assigned = std::mem::take(&mut self.assigned);
        if let Ok(Err(error)) = timeout(deadline, self.task.close(&assigned)).await {
            tracing::warn!(connector = %self.id.connector, task = self.id.task,
                "Closing partitions failed: {}", error.chain());
        }
        if let Ok(Err(error)) = timeout(deadline, self.task.stop()).await {
            tracing::warn!(connector = %self.id.connector, task = self.id.task, "Closing failed: {}", error.chain());
        }
        let _ = timeout(deadline, self.consumer.close()).await;
        result.and(committed)
    }
}

impl Batch {
    fn forget(&mut self, partitions: &[TopicPartition]) {
        let mut kept = Self::default();
        let mut records =
            std::mem::take(&mut self.records).into_iter().zip(std::mem::take(&mut self.places)).peekable();
        for (at, consumed) in std::mem::take(&mut self.consumed).into_iter().enumerate() {
            let record = records.next_if(|(_, place)| *place == at);
            if partitions.contains(&consumed.origin) {
                continue;
            }
            if let Some((record, _)) = record {
                kept.places.push(kept.consumed.len());
                kept.records.push(record);
            }
            kept.consumed.push(consumed);
        }
        *self = kept;
    }
}

async fn next_event(consumer: &mut Box<dyn RecordConsumer>, most: usize, poll_at: Instant) -> Result<Consumed> {
    if Instant::now() < poll_at {
        sleep_until(poll_at).await;
    }
    consumer.poll(most, WAIT).await
}

/// The group of a sink's consumers: what their settings say, or else `connect-` and the connector's name.
pub(crate) fn consumer_group(settings: &longshore_api::config::Props, connector: &str) -> String {
    settings.get("group.id").cloned().unwrap_or_else(|| format!("connect-{connector}"))
}

/// What the `topics` and `topics.regex` keys of a sink say.
pub(crate) fn topic_selection(connector: &longshore_api::config::Props) -> TopicSelection {
    match connector.get("topics.regex").filter(|regex| !regex.trim().is_empty()) {
        Some(regex) => TopicSelection::Regex(regex.clone()),
        None => {
            let topics = connector.get("topics").map_or("", String::as_str).split(',').map(str::trim);
            TopicSelection::Topics(topics.filter(|t| !t.is_empty()).map(ToString::to_string).collect())
        }
    }
}

fn size_of_record(record: &ConsumedRecord) -> usize {
    record.key.as_ref().map_or(0, bytes::Bytes::len) + record.value.as_ref().map_or(0, bytes::Bytes::len)
}
