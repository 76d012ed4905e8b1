//! Committed offsets of consumer groups, kept in a journal. They never expire: a demo continued after
//! a month goes on where it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use kafka_protocol::error::ResponseError;
use serde::{Deserialize, Serialize};

use crate::storage::Journal;
use crate::sync::lock;

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Committed {
    #[serde(rename = "o")]
    pub offset: i64,
    /// The leader epoch that the client noted with it, -1 for none.
    #[serde(rename = "e", default = "no_epoch")]
    pub leader_epoch: i32,
    #[serde(rename = "m", default)]
    pub metadata: String,
}

fn no_epoch() -> i32 {
    -1
}

/// One partition's offset of one group; without a value it is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OffsetEntry {
    #[serde(rename = "g")]
    pub group: String,
    #[serde(rename = "t")]
    pub topic: String,
    #[serde(rename = "p")]
    pub partition: i32,
    #[serde(rename = "v")]
    pub committed: Option<Committed>,
}

/// A group's offsets by topic and partition.
pub(crate) type GroupOffsets = BTreeMap<(String, i32), Committed>;

#[derive(Debug)]
pub(crate) struct Offsets {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    groups: BTreeMap<String, GroupOffsets>,
    journal: Journal,
}

impl Offsets {
    pub(crate) fn open(path: &Path) -> io::Result<Offsets> {
        let mut groups = BTreeMap::new();
        let journal = Journal::open(path, |entry| apply(&mut groups, entry))?;
        Ok(Offsets { state: Mutex::new(State { groups, journal }) })
    }

    /// Stores all entries or, when the disk refuses, none.
    pub(crate) fn store(&self, entries: Vec<OffsetEntry>) -> Result<(), ResponseError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut state = lock(&self.state);
        let result = state.journal.append(&entries).and_then(|()| {
            for entry in entries {
                apply(&mut state.groups, entry);
            }
            state.rewrite_if_due()
        });
        // Clients know this error as a reason to retry; they do not know a storage error here.
        result.map_err(|_| ResponseError::CoordinatorNotAvailable)
    }

    /// The committed offset of one partition.
    pub(crate) fn get(&self, group: &str, topic: &str, partition: i32) -> Option<Committed> {
        let state = lock(&self.state);
        state.groups.get(group)?.get(&(topic.to_owned(), partition)).cloned()
    }

    /// All offsets of a group; `None` when it has none.
    pub(crate) fn group(&self, group: &str) -> Option<GroupOffsets> {
        lock(&self.state).groups.get(group).cloned()
    }

    /// The names of all groups that have offsets.
    pub(crate) fn groups(&self) -> Vec<String> {
        lock(&self.state).groups.keys().cloned().collect()
    }

    /// Deletes all offsets of a group; tells whether it had any.
    pub(crate) fn delete_group(&self, group: &str) -> Result<bool, ResponseError> {
        let Some(offsets) = self.group(group) else { return Ok(false) };
        self.store(deletions(group, offsets.into_keys()))?;
        Ok(true)
    }

    /// Deletes every group's offsets of a topic that is gone.
    pub(crate) fn delete_topic(&self, topic: &str) -> Result<(), ResponseError> {
        let mut entries = Vec::new();
        for (group, offsets) in &lock(&self.state).groups {
            let of_topic = offsets.keys().filter(|(name, _)| name == topic).cloned();
            entries.extend(deletions(group, of_topic));
        }
        self.store(entries)
    }

    /// The file to force to disk, if something was written since the last call.
    pub(crate) fn take_unsynced(&self) -> Option<Arc<File>> {
        lock(&self.state).journal.take_unsynced()
    }
}

impl State {
    fn rewrite_if_due(&mut self) -> io::Result<()> {
        let live = self.groups.values().map(BTreeMap::len).sum();
        if !self.journal.wants_rewrite(live) {
            return Ok(());
        }
        let mut entries = Vec::with_capacity(live);
        for (group, offsets) in &self.groups {
            for ((topic, partition), committed) in offsets {
                entries.push(OffsetEntry {
                    group: group.clone(),
                    topic: topic.clone(),
                    partition: *partition,
                    committed: Some(committed.clone()),
                });
            }
        }
        self.journal.rewrite(&entries)
    }
}

fn apply(groups: &mut BTreeMap<String, GroupOffsets>, entry: OffsetEntry) {
    let key = (entry.topic, entry.partition);
    match entry.committed {
        Some(committed) => {
            groups.entry(entry.group).or_default().insert(key, committed);
        }
        None => {
            if let Some(offsets) = groups.get_mut(&entry.group) {
                offsets.remove(&key);
                if offsets.is_empty() {
                    groups.remove(&entry.group);
                }
            }
        }
    }
}

fn deletions(group: &str, keys: impl Iterator<Item = (String, i32)>) -> Vec<OffsetEntry> {
    let deletion = |(topic, partition)| OffsetEntry { group: group.to_owned(), topic, partition, committed: None };
    keys.map(deletion).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(group: &str, topic: &str, offset: i64) -> OffsetEntry {
        let committed = Committed { offset, leader_epoch: -1, metadata: "note \"x\"".into() };
        OffsetEntry { group: group.into(), topic: topic.into(), partition: 0, committed: Some(committed) }
    }

    #[test]
    fn offsets_are_there_again_after_opening() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("offsets.journal");
        let offsets = Offsets::open(&path).unwrap();
        offsets.store(vec![entry("g", "a", 5), entry("g", "b", 6), entry("h", "a", 7)]).unwrap();
        offsets.store(vec![entry("g", "a", 9)]).unwrap();
        offsets.delete_topic("b").unwrap();
        assert!(offsets.delete_group("h").unwrap());
        let offsets = Offsets::open(&path).unwrap();
        assert_eq!(offsets.groups(), vec!["g".to_owned()]);
        assert_eq!(offsets.get("g", "a", 0).unwrap().offset, 9);
        assert_eq!(offsets.get("g", "a", 0).unwrap().metadata, "note \"x\"");
        assert_eq!(offsets.get("g", "b", 0), None);
    }

    #[test]
    fn the_journal_stays_small_however_often_is_committed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("offsets.journal");
        let offsets = Offsets::open(&path).unwrap();
        for offset in 0..25_000 {
            offsets.store(vec![entry("g", "a", offset)]).unwrap();
        }
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 10_003, "{lines} lines");
        assert_eq!(Offsets::open(&path).unwrap().get("g", "a", 0).unwrap().offset, 24_999);
    }
}
