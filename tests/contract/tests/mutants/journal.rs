//! A small correct source, and everything that could be wrong with it.
//!
//! It reads a journal in memory that grows, prunes and fails like a server: events of even numbers are one source
//! partition, odd ones another, and every read takes a round trip.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use longshore_api::offset::OffsetValue;
use longshore_api::plugin::SourcePlugin;
use longshore_api::prelude::*;
use longshore_contract::{Outcome, SourceHarness};
use tokio::sync::Notify;

use crate::mutation::Mutation;

/// The server's side.
#[derive(Default)]
pub(crate) struct Journal {
    state: Mutex<State>,
    grew: Notify,
}

#[derive(Default, Clone, Copy)]
struct State {
    events: u64,
    forgotten: u64,
    down: bool,
}

static JOURNALS: Mutex<BTreeMap<usize, Arc<Journal>>> = Mutex::new(BTreeMap::new());

impl Journal {
    fn state(&self) -> State {
        *self.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.grew.notify_waiters();
    }
}

/// What the source is told.
#[derive(Debug, ConnectorConfig)]
pub(crate) struct JournalKeys {
    /// Which journal to read.
    journal: usize,
    /// Where events go.
    topic: String,
    /// How many events one poll hands over.
    #[config(key = "batch.size", default = 3, min = 1)]
    batch_size: i32,
    /// The journal's password.
    password: Option<Password>,
}

#[derive(Debug)]
pub(crate) struct JournalConfig(JournalKeys, Mutation);

impl longshore_api::config::ConnectorConfig for JournalConfig {
    fn config_def() -> ConfigDef {
        JournalKeys::config_def()
    }

    fn from_props(props: &Props) -> Result<Self, Vec<Problem>> {
        let mutation = Mutation::of(props);
        Ok(Self(JournalKeys::from_props(&mutation.blinded(props))?, mutation))
    }
}

pub(crate) struct JournalSource;

impl SourceConnector for JournalSource {
    const CLASS: &'static str = "io.example.connect.JournalSource";
    const VERSION: &'static str = "1";
    type Config = JournalConfig;
    type Task = JournalTask;
}

pub(crate) struct JournalTask {
    journal: Arc<Journal>,
    mutation: Mutation,
    topic: Arc<str>,
    batch_size: usize,
    partitions: [Arc<OffsetMap>; 2],
    /// The next event of the even and of the odd ones.
    next: [u64; 2],
    committed: [u64; 2],
    /// For faults: a poll was begun and not ended.
    inside: bool,
}

impl SourceTask for JournalTask {
    type Config = JournalConfig;

    async fn start(JournalConfig(keys, mutation): JournalConfig, context: SourceTaskContext) -> Result<Self> {
        let password = keys.password.as_ref().map_or("", Password::expose);
        if mutation == Mutation::TellsPassword && !password.is_empty() {
            return Err(ConnectError::fatal(format!("the journal does not know the password {password}")));
        }
        if mutation == Mutation::LogsPassword {
            tracing::debug!(password, "logging in");
        }
        let journal = JOURNALS.lock().unwrap().get(&keys.journal).cloned();
        let Some(journal) = journal else {
            return Err(ConnectError::fatal(format!("there is no journal {}", keys.journal)));
        };
        let partitions = [0, 1].map(|odd| Arc::new(OffsetMap::default().with("journal", "j").with("odd", odd)));
        let mut next = [0, 1];
        for (partition, next) in partitions.iter().zip(&mut next) {
            let stored = context.offset(partition).and_then(|offset| offset.get_i64("next"));
            let stored = stored.filter(|_| mutation != Mutation::IgnoresStoredOffset);
            if let Some(stored) = stored.and_then(|stored| u64::try_from(stored).ok()) {
                *next = stored + if mutation == Mutation::ResumesTooFar { 2 } else { 0 };
            }
        }
        if next.iter().any(|next| *next + 1 < journal.state().forgotten) {
            return Err(ConnectError::fatal("the journal has forgotten the stored position"));
        }
        let batch_size = usize::try_from(keys.batch_size).unwrap();
        let topic = keys.topic.into();
        Ok(Self { journal, mutation, topic, batch_size, partitions, next, committed: next, inside: false })
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if std::mem::replace(&mut self.inside, true) {
            match self.mutation {
                Mutation::DeafAfterDrop => std::future::pending().await,
                Mutation::SleepsThroughPause => self.journal.grew.notified().await,
                Mutation::TurnsBack => self.next = self.next.map(|next| next.saturating_sub(2)),
                _ => {}
            }
        }
        loop {
            let journal = Arc::clone(&self.journal);
            let mut grew = std::pin::pin!(journal.grew.notified());
            grew.as_mut().enable();
            let (numbers, next) = self.readable();
            if self.mutation == Mutation::MovesBeforeAwait {
                self.next = next;
            }
            // The round trip to the server.
            tokio::time::sleep(Duration::from_millis(2)).await;
            if self.journal.state().down {
                self.inside = false;
                return Err(match self.mutation {
                    Mutation::OutageIsFatal => ConnectError::fatal("the journal is gone"),
                    _ => ConnectError::retriable("the journal is gone"),
                });
            }
            if !numbers.is_empty() || self.mutation == Mutation::Spins {
                // State changes after the last await only.
                (self.next, self.inside) = (next, false);
                return Ok(self.records(&numbers));
            }
            if self.mutation == Mutation::InventsEvents && next[0] > 0 {
                return Ok(self.records(&[next[0] - 2]));
            }
            grew.await;
        }
    }

    async fn commit(&mut self, offsets: &[(Arc<OffsetMap>, OffsetMap)]) -> Result<()> {
        for (partition, offset) in offsets {
            let odd = usize::from(partition.get_i64("odd") == Some(1));
            self.committed[odd] = offset.get_i64("next").and_then(|next| u64::try_from(next).ok()).unwrap();
        }
        let safe = self.committed[0].min(self.committed[1]);
        self.journal.state.lock().unwrap().forgotten = safe;
        Ok(())
    }

    async fn stop(self) -> Result<()> {
        self.mutation.leave_behind();
        Ok(())
    }
}

impl JournalTask {
    /// The events to hand over now, and the position after them.
    fn readable(&self) -> (Vec<u64>, [u64; 2]) {
        let (mut numbers, mut next) = (Vec::new(), self.next);
        let first = next[0].min(next[1]);
        for number in first..self.journal.state().events {
            let odd = usize::from(number % 2 == 1);
            if number == next[odd] && numbers.len() < self.batch_size {
                numbers.push(number);
                next[odd] += 2;
            }
        }
        (numbers, next)
    }

    fn records(&mut self, numbers: &[u64]) -> Vec<SourceRecord> {
        if self.mutation == Mutation::ForgetsWhatWasRead {
            self.journal.state.lock().unwrap().forgotten = self.next[0].min(self.next[1]);
        }
        let offset = |next: u64| match self.mutation {
            Mutation::OddNumber => OffsetValue::Number(next.into()),
            _ => i64::try_from(next).unwrap().into(),
        };
        let record = |number: u64| {
            let odd = usize::from(number % 2 == 1);
            let next = if self.mutation == Mutation::OffsetOfBatch { self.next[odd] } else { number + 2 };
            let value = SchemaAndValue::new(Schema::int64(), i64::try_from(number).unwrap());
            SourceRecord {
                source_partition: Arc::clone(&self.partitions[odd]),
                source_offset: OffsetMap::default().with("next", offset(next)),
                record: ConnectRecord::new(Arc::clone(&self.topic), value),
            }
        };
        let mut records: Vec<_> = numbers.iter().copied().map(record).collect();
        if self.mutation == Mutation::Reversed {
            records.reverse();
        }
        records
    }
}

/// The journal source under test, with a fault.
pub(crate) struct JournalHarness {
    pub(crate) mutation: Mutation,
    id: usize,
    journal: Arc<Journal>,
}

impl JournalHarness {
    pub(crate) fn with(mutation: Mutation) -> Self {
        let mut journals = JOURNALS.lock().unwrap();
        let (id, journal) = (journals.len(), Arc::new(Journal::default()));
        journals.insert(id, Arc::clone(&journal));
        Self { mutation, id, journal }
    }
}

impl SourceHarness for JournalHarness {
    const README: &'static str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mutants/README.md");
    const VIRTUAL_TIME: bool = true;
    const HAS_OUTAGE: bool = true;

    async fn set_up() -> Outcome<Self> {
        Ok(Self::with(Mutation::None))
    }

    fn plugin(&self) -> SourcePlugin {
        SourcePlugin::of::<JournalSource>()
    }

    fn config(&self) -> Props {
        let keys = [("journal", self.id.to_string()), ("topic", "events".into()), ("password", "open sesame".into())];
        keys.map(|(key, value)| (key.to_string(), value)).into_iter().chain([self.mutation.entry()]).collect()
    }

    async fn produce(&mut self, count: usize) {
        self.journal.change(|state| state.events += count as u64);
    }

    fn event_number(&self, record: &SourceRecord) -> Option<u64> {
        record.record.value.value.as_i64().and_then(|number| u64::try_from(number).ok())
    }

    async fn outage(&mut self) {
        self.journal.change(|state| state.down = true);
    }

    async fn recover(&mut self) {
        self.journal.change(|state| state.down = false);
    }

    fn forgotten(&self) -> Option<u64> {
        Some(self.journal.state().forgotten)
    }
}
