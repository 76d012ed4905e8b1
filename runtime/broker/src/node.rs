//! Everything that the broker's requests work on.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::watch;

use crate::config::BrokerConfig;
use crate::error::BrokerError;
use crate::groups::Groups;
use crate::offsets::Offsets;
use crate::storage::lock_directory;
use crate::topics::{Catalog, CreateError, Topic};
use crate::transactions::Transactions;

/// The number of the only node.
pub(crate) const NODE_ID: BrokerId = BrokerId(1);

#[derive(Debug)]
pub(crate) struct Node {
    pub config: Arc<BrokerConfig>,
    /// Where clients reach the broker.
    pub address: SocketAddr,
    pub catalog: Arc<Catalog>,
    pub offsets: Arc<Offsets>,
    pub groups: Groups,
    pub transactions: Transactions,
    /// Turns true when the broker stops; waiting requests then answer at once.
    pub stopping: watch::Receiver<bool>,
    /// Whether a storage failure was reported that has not been followed by a success.
    storage_failed: AtomicBool,
    _lock: DirectoryLock,
}

/// The data directory, locked for this process.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Creates the directory when absent and locks it.
    pub(crate) fn take(dir: &Path) -> Result<DirectoryLock, BrokerError> {
        std::fs::create_dir_all(dir).map_err(|error| BrokerError::storage(dir, error))?;
        let path: PathBuf = dir.join("lock");
        match lock_directory(&path) {
            Ok(Some(file)) => Ok(DirectoryLock { _file: file }),
            Ok(None) => Err(BrokerError::DirectoryLocked(dir.to_path_buf())),
            Err(error) => Err(BrokerError::storage(&path, error)),
        }
    }
}

impl Node {
    /// Opens everything under the data directory.
    pub(crate) fn open(
        config: BrokerConfig,
        address: SocketAddr,
        lock: DirectoryLock,
        stopping: watch::Receiver<bool>,
    ) -> Result<Node, BrokerError> {
        let config = Arc::new(config);
        let dir = &config.data_dir;
        let catalog = Arc::new(Catalog::open(dir, Arc::clone(&config))?);
        let path = dir.join("offsets.journal");
        let offsets = Arc::new(Offsets::open(&path).map_err(|error| BrokerError::storage(&path, error))?);
        let path = dir.join("transactions.journal");
        let transactions = Transactions::open(&path, Arc::clone(&catalog), Arc::clone(&offsets))
            .map_err(|error| BrokerError::storage(&path, error))?;
        let groups = Groups::new(&config);
        Ok(Node {
            config,
            address,
            catalog,
            offsets,
            groups,
            transactions,
            stopping,
            storage_failed: AtomicBool::new(false),
            _lock: lock,
        })
    }

    /// The host that clients are told to connect to.
    pub(crate) fn host(&self) -> StrBytes {
        StrBytes::from_string(self.address.ip().to_string())
    }

    pub(crate) fn port(&self) -> i32 {
        i32::from(self.address.port())
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// The topic, created on the way when that is allowed.
    pub(crate) fn topic_or_create(&self, name: &str, may_create: bool) -> Result<Arc<Topic>, CreateError> {
        if let Some(topic) = self.catalog.topic(name) {
            return Ok(topic);
        }
        if may_create && self.config.auto_create_topics {
            let created = self.catalog.create(name, self.config.default_partitions, Default::default());
            // Somebody else may have created it in between.
            return created.or_else(|error| self.catalog.topic(name).ok_or(error));
        }
        Err(CreateError {
            error: kafka_protocol::error::ResponseError::UnknownTopicOrPartition,
            message: format!("The topic '{name}' does not exist."),
        })
    }

    /// Forces everything written to disk; tells whether that worked.
    pub(crate) fn sync(&self) -> bool {
        self.force(&self.take_unsynced())
    }

    /// The files that were written to since the last call.
    pub(crate) fn take_unsynced(&self) -> Vec<Arc<File>> {
        let mut files = Vec::new();
        for topic in self.catalog.topics() {
            files.extend(topic.partitions.iter().flat_map(|partition| partition.log().take_unsynced()));
        }
        files.extend(self.offsets.take_unsynced());
        files.extend(self.transactions.take_unsynced());
        files
    }

    /// Forces these files to disk; tells whether that worked.
    pub(crate) fn force(&self, files: &[Arc<File>]) -> bool {
        let failure = files.iter().find_map(|file| file.sync_data().err());
        let failed_before = self.storage_failed.swap(failure.is_some(), Ordering::Relaxed);
        match &failure {
            Some(error) if !failed_before => tracing::warn!(%error, "cannot force written data to disk"),
            _ => {}
        }
        failure.is_none()
    }
}
