//! The catalog: the cluster's name, all topics, and which producer ids were given out.
//!
//! It is kept in one file that is replaced as a whole on every change. A change counts once it is on
//! disk; a topic's directories are made before and removed after.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use kafka_protocol::error::ResponseError;
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use super::config::{LogSettings, Overrides};
use super::partition::Partition;
use super::{Topic, is_legal_name};
use crate::clock::now_ms;
use crate::config::BrokerConfig;
use crate::error::BrokerError;
use crate::log::PartitionLog;
use crate::storage::{replace_file, sync_directory};
use crate::sync::lock;

/// Producer ids are set aside in blocks, so that giving one out seldom writes the file.
const PRODUCER_ID_BLOCK: i64 = 1000;
/// No topic has more partitions than this here; each keeps a file open.
const MAX_PARTITIONS: i32 = 1000;

#[derive(Debug)]
pub(crate) struct Catalog {
    config: Arc<BrokerConfig>,
    file: PathBuf,
    topics_dir: PathBuf,
    cluster_id: String,
    topics: RwLock<HashMap<String, Arc<Topic>>>,
    /// Held during a change; the file's content.
    stored: Mutex<Stored>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    cluster_id: String,
    /// Ids below were or may have been given out.
    reserved_producer_ids: i64,
    #[serde(skip)]
    next_producer_id: i64,
    topics: BTreeMap<String, StoredTopic>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredTopic {
    id: Uuid,
    partitions: i32,
    configs: Overrides,
}

/// Why a topic cannot be created or grown, with a sentence for the client.
#[derive(Debug)]
pub(crate) struct CreateError {
    pub error: ResponseError,
    pub message: String,
}

impl CreateError {
    fn new(error: ResponseError, message: impl Into<String>) -> CreateError {
        CreateError { error, message: message.into() }
    }

    fn storage(error: &io::Error) -> CreateError {
        warn!(%error, "cannot store a topic");
        Self::new(ResponseError::KafkaStorageError, format!("The broker cannot store the topic: {error}"))
    }
}

impl Catalog {
    /// Reads the catalog in `dir` and opens every topic's logs.
    pub(crate) fn open(dir: &Path, config: Arc<BrokerConfig>) -> Result<Catalog, BrokerError> {
        let file = dir.join("cluster.json");
        let topics_dir = dir.join("topics");
        std::fs::create_dir_all(&topics_dir).map_err(|error| BrokerError::storage(&topics_dir, error))?;
        let mut stored = match std::fs::read(&file) {
            Ok(content) => serde_json::from_slice(&content)
                .map_err(|error| BrokerError::Corrupt { path: file.clone(), reason: error.to_string() })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => found(&topics_dir, &file)?,
            Err(error) => return Err(BrokerError::storage(&file, error)),
        };
        stored.next_producer_id = stored.reserved_producer_ids;
        let mut topics = HashMap::new();
        for (name, topic) in &stored.topics {
            let settings = LogSettings::resolve(&topic.configs, &config);
            let dir = topics_dir.join(name);
            let partitions = open_partitions(&dir, 0..topic.partitions, &settings)
                .map_err(|error| BrokerError::storage(&dir, error))?;
            topics.insert(name.clone(), Arc::new(stored_topic(name, topic, partitions)));
        }
        let cluster_id = stored.cluster_id.clone();
        let catalog =
            Catalog { config, file, topics_dir, cluster_id, topics: RwLock::new(topics), stored: Mutex::new(stored) };
        catalog.save(&lock(&catalog.stored)).map_err(|error| BrokerError::storage(&catalog.file, error))?;
        Ok(catalog)
    }

    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    pub(crate) fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.read_topics().get(name).cloned()
    }

    pub(crate) fn topic_by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.read_topics().values().find(|topic| topic.id == id).cloned()
    }

    /// The partition of a topic.
    pub(crate) fn partition(&self, topic: &str, index: i32) -> Option<Arc<Partition>> {
        self.read_topics().get(topic)?.partition(index).cloned()
    }

    /// All topics in the order of their names.
    pub(crate) fn topics(&self) -> Vec<Arc<Topic>> {
        let mut topics: Vec<_> = self.read_topics().values().cloned().collect();
        topics.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        topics
    }

    /// Whether a topic could be created like this.
    pub(crate) fn check_create(&self, name: &str, partitions: i32, configs: &Overrides) -> Result<(), CreateError> {
        if !is_legal_name(name) {
            let message = format!("Topic name \"{name}\" is illegal: 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'");
            return Err(CreateError::new(ResponseError::InvalidTopicException, message));
        }
        if self.topic(name).is_some() {
            return Err(CreateError::new(ResponseError::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        check_partition_count(partitions)?;
        for (key, value) in configs {
            super::config::check(key, value).map_err(|why| CreateError::new(ResponseError::InvalidConfig, why))?;
        }
        Ok(())
    }

    /// Creates a topic.
    pub(crate) fn create(&self, name: &str, partitions: i32, configs: Overrides) -> Result<Arc<Topic>, CreateError> {
        let mut stored = lock(&self.stored);
        self.check_create(name, partitions, &configs)?;
        let dir = self.topics_dir.join(name);
        let settings = LogSettings::resolve(&configs, &self.config);
        // A directory that the catalog does not know is what is left of a creation or deletion cut short.
        let fresh = match std::fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => open_partitions(&dir, 0..partitions, &settings),
        };
        let entry = StoredTopic { id: Uuid::new_v4(), partitions, configs };
        let result = fresh.and_then(|logs| {
            self.replace(&mut stored, |content| {
                content.topics.insert(name.to_owned(), entry.clone());
            })?;
            Ok(logs)
        });
        match result {
            Ok(logs) => Ok(self.publish(name, &entry, logs)),
            Err(error) => {
                let _ = std::fs::remove_dir_all(&dir);
                Err(CreateError::storage(&error))
            }
        }
    }

    /// Gives a topic more partitions.
    pub(crate) fn grow(&self, name: &str, partitions: i32, validate_only: bool) -> Result<(), CreateError> {
        let mut stored = lock(&self.stored);
        let Some(topic) = self.topic(name) else {
            return Err(CreateError::new(
                ResponseError::UnknownTopicOrPartition,
                format!("The topic '{name}' does not exist."),
            ));
        };
        check_partition_count(partitions)?;
        let now = topic.partitions.len() as i32;
        if partitions <= now {
            let message = format!("The topic has {now} partitions; their number can only grow.");
            return Err(CreateError::new(ResponseError::InvalidPartitions, message));
        }
        if validate_only {
            return Ok(());
        }
        let settings = LogSettings::resolve(&topic.overrides, &self.config);
        let dir = self.topics_dir.join(name);
        let mut logs = topic.partitions.clone();
        let added = open_partitions(&dir, now..partitions, &settings).map_err(|error| CreateError::storage(&error))?;
        logs.extend(added);
        let change = |content: &mut Stored| {
            if let Some(entry) = content.topics.get_mut(name) {
                entry.partitions = partitions;
            }
        };
        self.replace(&mut stored, change).map_err(|error| CreateError::storage(&error))?;
        if let Some(entry) = stored.topics.get(name) {
            self.publish(name, entry, logs);
        }
        Ok(())
    }

    /// Replaces a topic's own settings; they were checked before.
    pub(crate) fn configure(&self, name: &str, configs: Overrides) -> Result<(), ResponseError> {
        let mut stored = lock(&self.stored);
        let topic = self.topic(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        let change = |content: &mut Stored| {
            if let Some(entry) = content.topics.get_mut(name) {
                entry.configs = configs;
            }
        };
        self.replace(&mut stored, change).map_err(|error| CreateError::storage(&error).error)?;
        let Some(entry) = stored.topics.get(name) else { return Ok(()) };
        let settings = LogSettings::resolve(&entry.configs, &self.config);
        for partition in &topic.partitions {
            partition.log().configure(settings.clone());
        }
        self.publish(name, entry, topic.partitions.clone());
        Ok(())
    }

    /// Deletes a topic and its data.
    pub(crate) fn delete(&self, name: &str) -> Result<(), ResponseError> {
        let mut stored = lock(&self.stored);
        let topic = self.topic(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        let change = |content: &mut Stored| {
            content.topics.remove(name);
        };
        self.replace(&mut stored, change).map_err(|error| CreateError::storage(&error).error)?;
        self.write_topics().remove(name);
        let dir = self.topics_dir.join(name);
        if let Err(error) = std::fs::remove_dir_all(&dir) {
            warn!(dir = %dir.display(), %error, "cannot remove the files of a deleted topic");
        }
        for partition in &topic.partitions {
            partition.changed();
        }
        Ok(())
    }

    /// A producer id that was never given out before.
    pub(crate) fn new_producer_id(&self) -> Result<i64, ResponseError> {
        let mut stored = lock(&self.stored);
        if stored.next_producer_id >= stored.reserved_producer_ids {
            let change = |content: &mut Stored| content.reserved_producer_ids += PRODUCER_ID_BLOCK;
            self.replace(&mut stored, change).map_err(|error| CreateError::storage(&error).error)?;
        }
        let id = stored.next_producer_id;
        stored.next_producer_id += 1;
        Ok(id)
    }

    /// Makes a change, writes it, and keeps it only when that worked.
    fn replace(&self, stored: &mut Stored, change: impl FnOnce(&mut Stored)) -> io::Result<()> {
        let mut changed = stored.clone();
        change(&mut changed);
        self.save(&changed)?;
        *stored = changed;
        Ok(())
    }

    fn save(&self, stored: &Stored) -> io::Result<()> {
        replace_file(&self.file, &serde_json::to_vec_pretty(stored)?)
    }

    fn publish(&self, name: &str, entry: &StoredTopic, logs: Vec<Arc<Partition>>) -> Arc<Topic> {
        let topic = Arc::new(stored_topic(name, entry, logs));
        self.write_topics().insert(name.to_owned(), Arc::clone(&topic));
        topic
    }

    fn read_topics(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, Arc<Topic>>> {
        self.topics.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write_topics(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<String, Arc<Topic>>> {
        self.topics.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The content of a new catalog, unless topics lie there that it would lose.
fn found(topics_dir: &Path, file: &Path) -> Result<Stored, BrokerError> {
    let mut entries = std::fs::read_dir(topics_dir).map_err(|error| BrokerError::storage(topics_dir, error))?;
    if entries.next().is_some() {
        let reason = "it is missing although there are topics".to_owned();
        return Err(BrokerError::Corrupt { path: file.to_path_buf(), reason });
    }
    let cluster_id = Uuid::new_v4().simple().to_string();
    Ok(Stored { cluster_id, reserved_producer_ids: 1, next_producer_id: 1, topics: BTreeMap::new() })
}

fn stored_topic(name: &str, entry: &StoredTopic, partitions: Vec<Arc<Partition>>) -> Topic {
    Topic { name: name.to_owned(), id: entry.id, overrides: entry.configs.clone(), partitions }
}

fn check_partition_count(partitions: i32) -> Result<(), CreateError> {
    if (1..=MAX_PARTITIONS).contains(&partitions) {
        return Ok(());
    }
    let message = format!("Number of partitions must be between 1 and {MAX_PARTITIONS}, not {partitions}.");
    Err(CreateError::new(ResponseError::InvalidPartitions, message))
}

fn open_partitions(
    dir: &Path,
    numbers: std::ops::Range<i32>,
    settings: &LogSettings,
) -> io::Result<Vec<Arc<Partition>>> {
    std::fs::create_dir_all(dir)?;
    let open = |number: i32| {
        let log = PartitionLog::open(&dir.join(number.to_string()), settings.clone(), now_ms())?;
        Ok(Arc::new(Partition::new(log)))
    };
    let partitions = numbers.map(open).collect::<io::Result<Vec<_>>>()?;
    sync_directory(dir)?;
    Ok(partitions)
}
