//! How an embedded broker is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The setting of one [`Broker`](crate::Broker). [`BrokerConfig::new`] gives values that suit a laptop;
/// change single fields as needed.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// Where topics, offsets and transactions are kept. Created when absent; one broker at a time.
    pub data_dir: PathBuf,
    /// Where to listen. Loopback addresses only: there is no authentication. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Partitions of a topic that is created without a number of its own.
    pub default_partitions: i32,
    /// Whether asking for the metadata of an unknown topic creates it (when the client allows that too).
    pub auto_create_topics: bool,
    /// `retention.bytes` of topics that do not set it: bytes per partition, -1 for no limit.
    pub retention_bytes: i64,
    /// `segment.bytes` of topics that do not set it.
    pub segment_bytes: u64,
    /// Topics with `cleanup.policy=compact` begin a new segment at this size even if `segment.bytes` is
    /// larger, because the newest segment is never compacted.
    pub compacted_segment_bytes: u64,
    /// When written data is forced to the disk.
    pub fsync: FsyncPolicy,
    /// How often retention and compaction look for work.
    pub cleanup_interval: Duration,
    /// The longest `transaction.timeout.ms` that a producer may ask for.
    pub max_transaction_timeout: Duration,
    /// How long a new consumer group waits for more members before it first assigns partitions.
    pub group_initial_rebalance_delay: Duration,
    /// The shortest `session.timeout.ms` that a consumer may ask for.
    pub min_session_timeout: Duration,
    /// The longest `session.timeout.ms` that a consumer may ask for.
    pub max_session_timeout: Duration,
    /// The largest request in bytes; a longer one closes its connection.
    pub max_request_bytes: usize,
    /// Connections open at the same time; further ones are closed at once.
    pub max_connections: usize,
    /// A connection without requests for this long is closed.
    pub idle_timeout: Duration,
    /// How long [`Broker::stop`](crate::Broker::stop) waits for requests in flight.
    pub stop_timeout: Duration,
}

/// When written data is forced to the disk. A killed *process* never loses what was acknowledged,
/// whatever the policy; this is about the operating system or the power failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FsyncPolicy {
    /// In the background this often, and at the stop. A crash of the operating system may lose that much
    /// of the newest data.
    Every(Duration),
    /// Before each produce request is acknowledged. Slow.
    EachAppend,
}

impl BrokerConfig {
    /// A broker on any free port of 127.0.0.1 with its data in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        BrokerConfig {
            data_dir: data_dir.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            default_partitions: 1,
            auto_create_topics: true,
            retention_bytes: 256 << 20,
            segment_bytes: 32 << 20,
            compacted_segment_bytes: 1 << 20,
            fsync: FsyncPolicy::Every(Duration::from_secs(1)),
            cleanup_interval: Duration::from_secs(10),
            max_transaction_timeout: Duration::from_secs(15 * 60),
            group_initial_rebalance_delay: Duration::from_millis(50),
            min_session_timeout: Duration::from_millis(100),
            max_session_timeout: Duration::from_secs(30 * 60),
            max_request_bytes: 100 << 20,
            max_connections: 1000,
            idle_timeout: Duration::from_secs(10 * 60),
            stop_timeout: Duration::from_secs(5),
        }
    }
}
