//! `WorkerSourceTask`: polls a source task, sends what it read, and stores how far it came.
//!
//! ```text
//! poll → transform → convert → submit (ticket) → send → acknowledged → committable → flushed (durable) → commit
//! ```
//!
//! Invariant 7: order is kept within a source partition; a task's records are offered to one producer one by one, and
//! that producer keeps the order of what it retries.
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use longshore_api::error::{ConnectError, Result};
use longshore_api::plugin::{DynSourceTask, SourcePlugin};
use longshore_api::record::{ConnectRecord, SourceRecord};
use longshore_api::source::SourceTaskContext;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::submitted::{SubmittedRecords, Window};
use super::topics::TopicCreation;
use crate::activity::{Preview, TaskActivity};
use crate::backoff::Backoff;
use crate::herder::ConnectorTaskId;
use crate::pipeline::{ConvertedRecord, Converters, ErrorTolerance, Failure, Outcome, Stage, TransformationChain};
use crate::ports::{ProducerRecord, ProducerSpec, RecordProducer, Sent};
use crate::worker::{Control, TaskOrder, TaskStatus, Worker, client_settings};

/// How many records a task may have under way. Their bytes are bounded by the producer's `buffer.memory`.
const WINDOW: usize = 1 << 16;
/// How long a full producer is left alone before the same record is offered again, at most.
const FULL_WAIT: Duration = Duration::from_millis(20);

/// One source task at work.
pub struct WorkerSourceTask {
    worker: Arc<Worker>,
    id: ConnectorTaskId,
    status: TaskStatus,
    class: &'static str,
    task: Box<dyn DynSourceTask>,
    chain: TransformationChain,
    converters: Converters,
    tolerance: ErrorTolerance,
    creation: Option<TopicCreation>,
    topics: HashSet<Arc<str>>,
    submitted: SubmittedRecords,
    window: Arc<Window>,
    producer: Box<dyn RecordProducer>,
    converted: ConvertedRecord,
    activity: Arc<TaskActivity>,
    /// The next record sent may be kept for viewing: one a batch is enough.
    show_next: bool,
}

impl WorkerSourceTask {
    /// Runs the task until it is stopped or fails.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn run(worker: Arc<Worker>, plugin: SourcePlugin, order: TaskOrder, mut control: Control) -> Result<()> {
        let status = TaskStatus::new(&worker, &order.id, plugin.version);
        let opened =
            status.open_patiently(&control, async || Self::open(&worker, &plugin, &order, &status).await).await?;
        let Some(mut this) = opened else { return Ok(()) };
        let result = this.drive(&mut control).await;
        this.finish(&control, result).await
    }

    async fn open(worker: &Arc<Worker>, plugin: &SourcePlugin, order: &TaskOrder, status: &TaskStatus) -> Result<Self> {
        let (id, connector) = (&order.id, &order.connector);
        let chain = TransformationChain::build(&worker.plugins, connector)?;
        let converters = Converters::build(&worker.plugins, &worker.settings.props, connector)?;
        let creation = if worker.settings.topic_creation { TopicCreation::from_props(connector)? } else { None };
        worker.offsets.refresh().await?;
        let context = SourceTaskContext::new(worker.offsets.reader(&id.connector));
        let task = (plugin.start)(order.props.clone(), context).await?;
        let window = Window::new(WINDOW);
        let client_id = format!("connector-producer-{id}");
        let settings = client_settings(&worker.settings, connector, "producer");
        let acks: Arc<dyn crate::ports::Acknowledgements> = Arc::clone(&window) as _;
        let producer = worker.kafka.producer(ProducerSpec { client_id, settings }, acks)?;
        Ok(Self {
            worker: Arc::clone(worker),
            id: id.clone(),
            status: status.clone(),
            class: plugin.class,
            task,
            chain,
            converters,
            tolerance: ErrorTolerance::from_props(id.clone(), connector),
            creation,
            topics: HashSet::new(),
            submitted: SubmittedRecords::new(Arc::clone(&window)),
            window,
            producer,
            converted: ConvertedRecord::default(),
            activity: worker.activity.task(id),
            show_next: false,
        })
    }

    async fn drive(&mut self, control: &mut Control) -> Result<()> {
        let interval = self.worker.settings.offset_flush_interval;
        let mut commit_at = Instant::now() + interval;
        let mut poll_at = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        loop {
            self.look_at_failures()?;
            let started = control.is_started();
            let polled = tokio::select! {
                biased;
                () = control.stopped() => return Ok(()),
                () = control.target_changed() => {
                    self.status.started(control);
                    None
                }
                () = sleep_until(commit_at) => {
                    self.commit(control).await;
                    commit_at = Instant::now() + interval;
                    None
                }
                batch = next_batch(&mut self.task, &mut self.submitted, poll_at), if started => Some(batch),
            };
            match polled {
                None => {}
                Some(Ok(batch)) => {
                    backoff.reset();
                    self.send_batch(batch, control).await?;
                    // A source that always has records would otherwise starve the timers of this thread.
                    tokio::task::yield_now().await;
                }
                Some(Err(ConnectError::Retriable { source, after })) => {
                    let delay = after.unwrap_or_else(|| backoff.next_delay());
                    tracing::warn!(connector = %self.id.connector, task = self.id.task,
                        "Reading failed, trying again in {} ms: {source}", delay.as_millis());
                    poll_at = Instant::now() + delay;
                }
                Some(Err(error @ ConnectError::Data { .. })) => {
                    // The source read past something it can make no record of.
                    self.tolerance.decide(Failure::new(Stage::TaskPoll, self.class, error)).into_result()?;
                    self.activity.failed(1);
                }
                Some(Err(error)) => return Err(error),
            }
        }
    }

    /// What the producer could not deliver: skipped if records may be skipped, else the task's end.
    fn look_at_failures(&mut self) -> Result<()> {
        for (ticket, why) in self.window.take_failures() {
            let failure = Failure::new(Stage::KafkaProduce, "KafkaProducer", ConnectError::data(why));
            self.tolerance.decide(failure).into_result()?;
            self.activity.failed(1);
            self.submitted.settle(ticket);
        }
        Ok(())
    }

    async fn send_batch(&mut self, batch: Vec<SourceRecord>, control: &Control) -> Result<()> {
        let (mut records, mut bytes) = (0, 0);
        let stopped = control.stopped();
        tokio::pin!(stopped);
        self.show_next = true;
        for SourceRecord { source_partition, source_offset, record } in batch {
            if !self.wait_for_room(control).await? {
                // What is left of the batch was not submitted: it is read again after the next start.
                break;
            }
            let transformed = if self.chain.is_empty() {
                Ok(Some(record))
            } else {
                // Biased: what is ready at once never looks at the other branch.
                tokio::select! {
                    biased;
                    transformed = self.transform(record) => transformed,
                    () = &mut stopped => break,
                }
            };
            let ticket = self.submitted.submit(&source_partition, source_offset);
            let outcome = match transformed {
                Ok(Some(record)) => tokio::select! {
                    biased;
                    sent = self.send_patiently(&record, ticket) => sent?,
                    () = &mut stopped => Step::Stopped,
                },
                Ok(None) => Step::Filtered,
                Err(failure) => Step::Failed(failure),
            };
            match outcome {
                Step::Sent(size) => {
                    records += 1;
                    bytes += size as u64;
                }
                Step::Filtered => self.submitted.settle(ticket),
                Step::Failed(failure) => match self.tolerance.decide(failure) {
                    Outcome::Tolerated => {
                        self.activity.failed(1);
                        self.submitted.settle(ticket);
                    }
                    Outcome::Fail(error) => return Err(error),
                },
                // What is left of the batch was not sent: it is read again after the next start.
                Step::Stopped | Step::Full => {
                    self.submitted.withdraw(ticket);
                    break;
                }
            }
        }
        self.activity.moved(records, bytes);
        Ok(())
    }

    /// Waits until a record may be submitted; `false` when the task shall finish instead.
    async fn wait_for_room(&mut self, control: &Control) -> Result<bool> {
        while !self.submitted.has_room() {
            tokio::select! {
                biased;
                () = control.stopped() => return Ok(false),
                () = self.submitted.room() => self.look_at_failures()?,
            }
        }
        Ok(true)
    }

    async fn transform(&mut self, record: ConnectRecord) -> Result<Option<ConnectRecord>, Failure> {
        let topic = Arc::clone(&record.topic);
        if !self.tolerance.retries() {
            return self.chain.apply(record).map_err(|failure| failure.going_to(&topic));
        }
        let (started, mut backoff) = (Instant::now(), self.tolerance.backoff());
        loop {
            match self.chain.apply(record.clone()) {
                Err(failure) if failure.error.is_retriable() => {
                    match self.tolerance.retry_delay(&mut backoff, started.elapsed()) {
                        Some(delay) => sleep(delay).await,
                        None => return Err(failure.going_to(&topic)),
                    }
                }
                other => return other.map_err(|failure| failure.going_to(&topic)),
            }
        }
    }

    /// Offers a record until the producer has room for it.
    async fn send_patiently(&mut self, record: &ConnectRecord, ticket: u64) -> Result<Step> {
        loop {
            match self.convert_and_send(record, ticket).await? {
                Step::Full => {
                    // Room is made as acknowledgements come in; a failure among them may end the task.
                    self.look_at_failures()?;
                    let _ = timeout(FULL_WAIT, self.submitted.part()).await;
                }
                step => return Ok(step),
            }
        }
    }

    async fn convert_and_send(&mut self, record: &ConnectRecord, ticket: u64) -> Result<Step> {
        if let Err(failure) = self.convert(record).await {
            return Ok(Step::Failed(failure));
        }
        if !self.topics.contains(&record.topic) {
            self.first_use(&record.topic).await?;
        }
        let headers: Vec<_> = self.converted.headers().iter().map(|(k, v)| (&**k, v.as_deref())).collect();
        let produced = ProducerRecord {
            topic: &record.topic,
            partition: record.partition,
            key: self.converted.key(),
            value: self.converted.value(),
            timestamp: record.timestamp,
            headers: &headers,
        };
        match self.producer.send(produced, ticket) {
            Ok(Sent::Queued) => {}
            Ok(Sent::Full) => return Ok(Step::Full),
            Err(error @ ConnectError::Data { .. }) => {
                let failure = Failure::new(Stage::KafkaProduce, "KafkaProducer", error);
                return Ok(Step::Failed(failure.going_to(&record.topic)));
            }
            Err(error) => return Err(error),
        }
        let size = produced.key.map_or(0, <[u8]>::len) + produced.value.map_or(0, <[u8]>::len);
        if std::mem::take(&mut self.show_next) {
            self.activity.show(|| Preview::produced(&produced, &record.topic));
        }
        Ok(Step::Sent(size))
    }

    async fn convert(&mut self, record: &ConnectRecord) -> Result<(), Failure> {
        // Looking at the clock costs as much as a small record: only once one failed.
        let mut retrying = None;
        loop {
            match self.converters.from_connect(record, &mut self.converted) {
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

    /// A topic this task has not written to before: made by the connector's rules, and remembered.
    async fn first_use(&mut self, topic: &Arc<str>) -> Result<()> {
        if let Some(creation) = &self.creation {
            let (spec, admin) = (creation.spec(topic), self.worker.kafka.admin());
            let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));
            loop {
                match admin.create_topic(spec.clone()).await {
                    Ok(true) => {
                        tracing::info!(connector = %self.id.connector, task = self.id.task, "Made the topic {topic}.")
                    }
                    Ok(false) => {}
                    Err(error) if error.is_retriable() => {
                        let delay = backoff.next_delay();
                        tracing::warn!(connector = %self.id.connector, task = self.id.task,
                            "Making the topic {topic} failed, trying again in {} ms: {}", delay.as_millis(), error.chain());
                        sleep(delay).await;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                break;
            }
        }
        self.topics.insert(Arc::clone(topic));
        self.status.used_topic(topic);
        Ok(())
    }

    /// Stores what is committable, then tells the source. What cannot be stored now is tried again later.
    async fn commit(&mut self, control: &Control) {
        let offsets = self.submitted.committable();
        // Invariant 10: a task that was left behind must not store offsets over its successor's.
        if offsets.is_empty() || control.is_abandoned() {
            return;
        }
        let deadline = self.worker.settings.offset_flush_timeout;
        let flushed = timeout(deadline, self.worker.offsets.flush(&self.id.connector, offsets.clone())).await;
        let durable = match flushed {
            Ok(Ok(durable)) => durable,
            Ok(Err(error)) => return self.not_stored(offsets, &error.chain()),
            Err(_) => return self.not_stored(offsets, "no acknowledgement within offset.flush.timeout.ms"),
        };
        let told = timeout(deadline, self.task.commit(durable.offsets())).await;
        if let Ok(Err(error)) = told {
            tracing::warn!(connector = %self.id.connector, task = self.id.task,
                "The source did not take note of the stored offsets: {}", error.chain());
        }
    }

    fn not_stored(&mut self, offsets: crate::store::PartitionOffsets, why: &str) {
        tracing::warn!(connector = %self.id.connector, task = self.id.task,
            "Offsets were not stored, trying again at the next interval: {why}");
        self.submitted.restore(offsets);
    }

    async fn finish(mut self, control: &Control, result: Result<()>) -> Result<()> {
        let deadline = self.worker.settings.offset_flush_timeout;
        if control.is_abandoned() {
            self.producer.purge();
            return result;
        }
        if !self.producer.drain(deadline).await {
            tracing::warn!(connector = %self.id.connector, task = self.id.task,
                "Some records were not acknowledged in time; they will be read again after the next start.");
            self.producer.purge();
        }
        self.commit(control).await;
        if let Ok(Err(error)) = timeout(deadline, self.task.stop()).await {
            tracing::warn!(connector = %self.id.connector, task = self.id.task, "Closing failed: {}", error.chain());
        }
        result
    }
}

/// What became of one record.
enum Step {
    Sent(usize),
    /// The producer has no room for it now.
    Full,
    Filtered,
    Failed(Failure),
    Stopped,
}

/// Polls once there is room and the back-off is over. Cancel-safe, because its parts are.
async fn next_batch(
    task: &mut Box<dyn DynSourceTask>,
    submitted: &mut SubmittedRecords,
    poll_at: Instant,
) -> Result<Vec<SourceRecord>> {
    if Instant::now() < poll_at {
        sleep_until(poll_at).await;
    }
    submitted.room().await;
    if !submitted.has_room() {
        // A record failed: the loop looks at it before anything else is read.
        return Ok(Vec::new());
    }
    task.poll().await
}
