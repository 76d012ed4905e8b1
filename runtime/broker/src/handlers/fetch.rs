//! Fetch: plans are made under the partitions' locks, files are read without; a fetch with too little
//! to bring waits until something changes or its time is up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::warn;

use crate::log::ReadPlan;
use crate::node::Node;

/// Reading more than this leaves the connection's thread, so that others are not held up.
const INLINE_READ_BYTES: usize = 256 << 10;
/// No fetch waits longer, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const READ_COMMITTED: i8 = 1;

/// One asked-for partition: the answer so far, and what is to be read for it.
struct Part {
    data: PartitionData,
    max_bytes: usize,
    plan: Option<ReadPlan>,
}

pub(super) async fn fetch(node: &Arc<Node>, request: FetchRequest) -> FetchResponse {
    if request.session_id != 0 {
        // Every answer offers session 0, "no session": a client with another one had it elsewhere.
        return FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(LONGEST_WAIT);
    let deadline = Instant::now() + wait;
    let min_bytes = usize::try_from(request.min_bytes).unwrap_or(0);
    let waiter = Arc::new(Notify::new());
    let mut stopping = node.stopping.clone();
    loop {
        let topics = plan(node, &request, &waiter);
        let parts = || topics.iter().flat_map(|(_, parts)| parts);
        let failed = parts().any(|part| part.data.error_code != 0);
        let available: usize = parts().map(Part::cost_bytes).sum();
        let last = failed || node.is_stopping() || Instant::now() >= deadline;
        if last || available >= min_bytes {
            let (response, bytes) = read(topics, usize::try_from(request.max_bytes).unwrap_or(0)).await;
            if last || bytes >= min_bytes {
                return response;
            }
        }
        tokio::select! {
            () = waiter.notified() => {}
            () = tokio::time::sleep_until(deadline) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

fn plan(node: &Node, request: &FetchRequest, waiter: &Arc<Notify>) -> Vec<(TopicName, Vec<Part>)> {
    let committed_only = request.isolation_level == READ_COMMITTED;
    let part = |topic: &TopicName, asked: &FetchPartition| {
        let data = PartitionData::default().with_partition_index(asked.partition).with_high_watermark(-1);
        let mut part = Part { data, max_bytes: usize::try_from(asked.partition_max_bytes).unwrap_or(0), plan: None };
        if let Err(error) = part.fill(node, topic, asked, committed_only, waiter) {
            part.data.error_code = error.code();
        }
        part
    };
    let topic = |topic: &kafka_protocol::messages::fetch_request::FetchTopic| {
        let parts = topic.partitions.iter().map(|asked| part(&topic.topic, asked)).collect();
        (topic.topic.clone(), parts)
    };
    request.topics.iter().map(topic).collect()
}

impl Part {
    fn fill(
        &mut self,
        node: &Node,
        topic: &str,
        asked: &FetchPartition,
        committed_only: bool,
        waiter: &Arc<Notify>,
    ) -> Result<(), ResponseError> {
        let partition = node.catalog.partition(topic, asked.partition).ok_or(ResponseError::UnknownTopicOrPartition)?;
        if asked.current_leader_epoch > 0 {
            return Err(ResponseError::UnknownLeaderEpoch);
        }
        // Before looking, so that nothing can change unnoticed in between.
        partition.watch(waiter);
        let log = partition.log();
        self.data.high_watermark = log.next_offset();
        self.data.last_stable_offset = log.stable_offset();
        self.data.log_start_offset = log.start_offset();
        if asked.fetch_offset < log.start_offset() || asked.fetch_offset > log.next_offset() {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let limit = if committed_only { log.stable_offset() } else { log.next_offset() };
        self.plan = log.plan_read(asked.fetch_offset, limit);
        if committed_only {
            let aborted = log.aborted_within(asked.fetch_offset, limit).into_iter().map(|entry| {
                AbortedTransaction::default()
                    .with_producer_id(ProducerId(entry.producer_id))
                    .with_first_offset(entry.first_offset)
            });
            self.data.aborted_transactions = Some(aborted.collect());
        } else {
            self.data.aborted_transactions = None;
        }
        Ok(())
    }

    fn cost_bytes(&self) -> usize {
        self.plan.as_ref().map_or(0, |plan| plan.cost_bytes(self.max_bytes))
    }
}

/// Reads what was planned; gives the answer and the bytes of records in it.
async fn read(topics: Vec<(TopicName, Vec<Part>)>, max_bytes: usize) -> (FetchResponse, usize) {
    let cost: usize = topics.iter().flat_map(|(_, parts)| parts).map(Part::cost_bytes).sum();
    if cost.min(max_bytes) <= INLINE_READ_BYTES {
        return read_now(topics, max_bytes);
    }
    match tokio::task::spawn_blocking(move || read_now(topics, max_bytes)).await {
        Ok(done) => done,
        // The runtime is shutting down; the client retries.
        Err(_) => (FetchResponse::default().with_error_code(ResponseError::UnknownServerError.code()), usize::MAX),
    }
}

fn read_now(topics: Vec<(TopicName, Vec<Part>)>, max_bytes: usize) -> (FetchResponse, usize) {
    let mut total = 0;
    let mut part = |mut part: Part| {
        let room = max_bytes.saturating_sub(total).min(part.max_bytes);
        // The first partition with records brings at least one batch, or clients would get stuck.
        let records = match part.plan {
            Some(plan) if room > 0 || total == 0 => plan.read(room, total == 0),
            _ => Ok(Bytes::new()),
        };
        match records {
            Ok(records) => {
                total += records.len();
                part.data.records = Some(records);
            }
            Err(error) => {
                warn!(%error, "cannot read from a log");
                part.data.error_code = ResponseError::KafkaStorageError.code();
            }
        }
        part.data
    };
    let topic = |(name, parts): (TopicName, Vec<Part>)| {
        let partitions = parts.into_iter().map(&mut part).collect();
        FetchableTopicResponse::default().with_topic(name).with_partitions(partitions)
    };
    let responses = topics.into_iter().map(topic).collect();
    (FetchResponse::default().with_responses(responses), total)
}
