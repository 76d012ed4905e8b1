//! Source offsets as the offsets topic holds them: JSON texts that outlive a task.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use longshore_api::offset::OffsetMap;
use longshore_api::record::SourceRecord;
use longshore_api::source::{OffsetReader, SourceTaskContext};

/// What a worker has stored for a connector.
#[derive(Clone, Default)]
pub(crate) struct Stored(Arc<Mutex<BTreeMap<String, String>>>);

impl Stored {
    /// Stores the offset of each record, in order, as acknowledged deliveries do.
    pub(crate) fn store(&self, records: &[SourceRecord]) {
        let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            stored.insert(record.source_partition.canonical(), record.source_offset.to_json().to_string());
        }
    }

    /// What a task that starts now may ask.
    pub(crate) fn context(&self) -> SourceTaskContext {
        SourceTaskContext::new(Arc::new(self.clone()))
    }
}

impl OffsetReader for Stored {
    fn offset(&self, partition: &OffsetMap) -> Option<OffsetMap> {
        let stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let json = serde_json::from_str(stored.get(&partition.canonical())?).ok()?;
        OffsetMap::from_json(&json).ok()
    }
}

/// The last offset of each partition among some records: what a commit after them holds.
pub(crate) fn last_offsets(records: &[SourceRecord]) -> Vec<(Arc<OffsetMap>, OffsetMap)> {
    let mut last: Vec<(Arc<OffsetMap>, OffsetMap)> = Vec::new();
    for record in records {
        match last.iter_mut().find(|(partition, _)| *partition == record.source_partition) {
            Some(entry) => entry.1 = record.source_offset.clone(),
            None => last.push((Arc::clone(&record.source_partition), record.source_offset.clone())),
        }
    }
    last
}
