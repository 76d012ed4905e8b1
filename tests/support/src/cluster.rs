//! One Kafka broker for all tests of an executable, and the properties of a worker on it.

use crate::{KafkaBroker, Outcome, Properties};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::Mutex;

/// The broker that the running tests of this executable share; it goes with the last of them.
///
/// Topics and groups must be named apart: see [`unique`]. Who kills or freezes a broker starts one of his own.
pub async fn shared_broker() -> Outcome<Arc<KafkaBroker>> {
    static SHARED: Mutex<Weak<KafkaBroker>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    if let Some(running) = shared.upgrade() {
        return Ok(running);
    }
    let broker = Arc::new(quick_groups_broker().await?);
    *shared = Arc::downgrade(&broker);
    Ok(broker)
}

/// A broker of one's own that lets consumers be declared dead after half a second already.
///
/// A killed worker leaves its consumers in their groups; nobody gets their partitions before their session ends.
pub async fn quick_groups_broker() -> Outcome<KafkaBroker> {
    KafkaBroker::builder().set("group.min.session.timeout.ms", 500).start().await
}

/// `name` with a number that no other call in this process gives.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A distributed worker on the broker at `bootstrap`: string converters, offsets stored often, sessions that end soon.
///
/// Its internal topics are called `{group}-configs`, `{group}-offsets` and `{group}-status`, as the JVM worker's are.
pub fn distributed_properties(bootstrap: &str, group: &str) -> Properties {
    let stores = [("config", "configs"), ("offset", "offsets"), ("status", "status")];
    let base = worker_properties(bootstrap).set("group.id", group).set("offset.storage.partitions", 5);
    let base = stores.iter().fold(base, |properties, (store, name)| {
        properties
            .set(format!("{store}.storage.topic"), format!("{group}-{name}"))
            .set(format!("{store}.storage.replication.factor"), 1)
    });
    base.set("consumer.session.timeout.ms", 1_000).set("consumer.heartbeat.interval.ms", 200)
}

/// What workers of both kinds are told.
pub fn worker_properties(bootstrap: &str) -> Properties {
    Properties::new()
        .set("bootstrap.servers", bootstrap)
        .set("key.converter", "org.apache.kafka.connect.storage.StringConverter")
        .set("value.converter", "org.apache.kafka.connect.storage.StringConverter")
        .set("offset.flush.interval.ms", 200)
        .set("consumer.auto.offset.reset", "earliest")
}
