//! What happens without requests: time-outs, forcing data to disk, retention and compaction.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::now_ms;
use crate::config::FsyncPolicy;
use crate::log::compaction;
use crate::node::Node;

/// The granularity of session, rebalance and transaction time-outs.
const TICK: Duration = Duration::from_millis(20);
/// A producer that has been silent for this long and has nothing open is forgotten (Kafka's
/// `producer.id.expiration.ms`).
const PRODUCER_EXPIRY_MS: i64 = 24 * 60 * 60 * 1000;

/// Lets time pass for groups and transactions.
pub(crate) async fn tick(node: Arc<Node>) {
    let run = || async {
        let now = Instant::now();
        node.groups.tick(now);
        node.transactions.tick(now);
    };
    repeat(&node, TICK, run).await;
}

/// Forces data to disk in the background, if that is the policy.
pub(crate) async fn sync(node: Arc<Node>) {
    let FsyncPolicy::Every(interval) = node.config.fsync else { return };
    let run = || async {
        let files = node.take_unsynced();
        if !files.is_empty() {
            let node = Arc::clone(&node);
            blocking(move || {
                node.force(&files);
            })
            .await;
        }
    };
    repeat(&node, interval, run).await;
}

/// Enforces retention and compacts.
pub(crate) async fn clean(node: Arc<Node>) {
    repeat(&node, node.config.cleanup_interval, || {
        let node = Arc::clone(&node);
        blocking(move || clean_once(&node))
    })
    .await;
}

fn clean_once(node: &Node) {
    for topic in node.catalog.topics() {
        for partition in &topic.partitions {
            if node.is_stopping() {
                return;
            }
            let now = now_ms();
            {
                let mut log = partition.log();
                log.expire_producers(now - PRODUCER_EXPIRY_MS);
                log.enforce_retention(now);
            }
            compaction::compact(partition, now);
        }
    }
}

async fn repeat<F: Future>(node: &Node, interval: Duration, mut run: impl FnMut() -> F) {
    let mut stopping = node.stopping.clone();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(interval) => {}
        }
        run().await;
    }
}

async fn blocking(work: impl FnOnce() + Send + 'static) {
    if let Err(error) = tokio::task::spawn_blocking(work).await
        && error.is_panic()
    {
        tracing::error!("the broker's upkeep failed; it is tried again later");
    }
}
