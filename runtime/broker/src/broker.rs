//! Starting and stopping the broker.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::config::BrokerConfig;
use crate::connection;
use crate::error::BrokerError;
use crate::node::{DirectoryLock, Node};
use crate::upkeep;

/// A stop does not wait longer for the disk: what was acknowledged is with the operating system anyway.
const SYNC_DEADLINE: Duration = Duration::from_secs(60);

/// A running embedded broker. It serves on the tokio runtime it was started on until
/// [`stop`](Broker::stop) is called; dropping it stops it too, without waiting for anything.
#[derive(Debug)]
pub struct Broker {
    node: Arc<Node>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Broker {
    /// Opens the data directory and begins to listen. Everything that an earlier broker acknowledged is
    /// there again; transactions that were open are aborted.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the data directory is locked by another broker, not
    /// writable or damaged. The error's text says what to do.
    pub async fn start(config: BrokerConfig) -> Result<Broker, BrokerError> {
        if !config.listen.ip().is_loopback() {
            return Err(BrokerError::NotLoopback(config.listen));
        }
        let lock = DirectoryLock::take(&config.data_dir)?;
        let listener = TcpListener::bind(config.listen).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => BrokerError::PortInUse(config.listen),
            _ => BrokerError::Listen { address: config.listen, source: error },
        })?;
        let listen = |source| BrokerError::Listen { address: config.listen, source };
        let address = listener.local_addr().map_err(listen)?;
        let (stop, stopping) = watch::channel(false);
        let open = move || Node::open(config, address, lock, stopping);
        let node = match tokio::task::spawn_blocking(open).await {
            Ok(node) => Arc::new(node?),
            Err(panicked) => return Err(BrokerError::Listen { address, source: io::Error::other(panicked) }),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(connection::accept(Arc::clone(&node), listener));
        tasks.spawn(upkeep::tick(Arc::clone(&node)));
        tasks.spawn(upkeep::sync(Arc::clone(&node)));
        tasks.spawn(upkeep::clean(Arc::clone(&node)));
        info!(%address, data_dir = %node.config.data_dir.display(), "embedded broker started");
        Ok(Broker { node, stop, tasks })
    }

    /// Where the broker listens; the port is the real one, also when port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.node.address
    }

    /// The address as `bootstrap.servers` wants it.
    pub fn bootstrap(&self) -> String {
        self.node.address.to_string()
    }

    /// Stops: takes no more requests, answers those in flight (for at most `stop_timeout`), forces
    /// everything to disk and gives the data directory free.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.node.config.stop_timeout, finished).await.is_err() {
            warn!("the embedded broker did not come to rest in time; closing its connections");
            self.tasks.shutdown().await;
        }
        let node = Arc::clone(&self.node);
        let synced = tokio::task::spawn_blocking(move || node.sync());
        if timeout(SYNC_DEADLINE, synced).await.is_err() {
            warn!("the disk did not take the embedded broker's data within a minute");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
