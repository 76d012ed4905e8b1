//! A small correct sink, and everything that could be wrong with it.
//!
//! It collects records and writes them to a shelf in memory when it is flushed; it takes texts, numbers and booleans,
//! and rejects the rest.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use longshore_api::plugin::SinkPlugin;
use longshore_api::prelude::*;
use longshore_api::sink::Offsets;
use longshore_contract::{Entry, Outcome, SinkHarness, Tombstone};

use crate::mutation::Mutation;

/// The target's side.
#[derive(Default)]
pub(crate) struct Shelf {
    entries: Vec<Option<String>>,
    /// For faults: how far the target has come, by partition.
    noted: BTreeMap<TopicPartition, i64>,
    down: bool,
}

type Shared = Arc<Mutex<Shelf>>;
static SHELVES: Mutex<BTreeMap<usize, Shared>> = Mutex::new(BTreeMap::new());

/// What the sink is told.
#[derive(Debug, ConnectorConfig)]
pub(crate) struct ShelfKeys {
    /// Which shelf to write to.
    shelf: usize,
    /// What the shelf is called.
    #[config(key = "topic")]
    label: String,
    /// How many records may be written at once.
    #[config(key = "batch.size", default = 1000, min = 1)]
    batch_size: i32,
    /// The shelf's password.
    password: Option<Password>,
}

#[derive(Debug)]
pub(crate) struct ShelfConfig(ShelfKeys, Mutation);

impl longshore_api::config::ConnectorConfig for ShelfConfig {
    fn config_def() -> ConfigDef {
        ShelfKeys::config_def()
    }

    fn from_props(props: &Props) -> Result<Self, Vec<Problem>> {
        let mutation = Mutation::of(props);
        Ok(Self(ShelfKeys::from_props(&mutation.blinded(props))?, mutation))
    }
}

pub(crate) struct ShelfSink;

impl SinkConnector for ShelfSink {
    const CLASS: &'static str = "io.example.connect.ShelfSink";
    const VERSION: &'static str = "1";
    type Config = ShelfConfig;
    type Task = ShelfTask;
}

pub(crate) struct ShelfTask {
    shelf: Shared,
    mutation: Mutation,
    label: String,
    batch_size: usize,
    pending: Vec<Option<String>>,
    /// For faults: what a flush left for the next one.
    late: Vec<Option<String>>,
    seen: BTreeMap<TopicPartition, i64>,
}

impl SinkTask for ShelfTask {
    type Config = ShelfConfig;

    async fn start(ShelfConfig(keys, mutation): ShelfConfig, _: SinkTaskContext) -> Result<Self> {
        let password = keys.password.as_ref().map_or("", Password::expose);
        if mutation == Mutation::TellsPassword && !password.is_empty() {
            return Err(ConnectError::fatal(format!("the shelf does not know the password {password}")));
        }
        if mutation == Mutation::LogsPassword {
            tracing::info!(password, "logging in");
        }
        let Some(shelf) = SHELVES.lock().unwrap().get(&keys.shelf).cloned() else {
            return Err(ConnectError::fatal(format!("there is no shelf {}", keys.shelf)));
        };
        let (label, batch_size) = (keys.label, usize::try_from(keys.batch_size).unwrap());
        Ok(Self { shelf, mutation, label, batch_size, pending: Vec::new(), late: Vec::new(), seen: BTreeMap::new() })
    }

    async fn open(&mut self, _: &[TopicPartition]) -> Result<()> {
        if self.mutation == Mutation::OpenEmpties {
            self.shelf.lock().unwrap().entries.clear();
        }
        Ok(())
    }

    async fn put(&mut self, batch: &[SinkRecord]) -> Result<Rejected> {
        if self.mutation == Mutation::ChokesOnNothing && batch.is_empty() {
            return Err(ConnectError::fatal("there is no first record"));
        }
        let down = self.shelf.lock().unwrap().down;
        match self.mutation {
            Mutation::OutageIsFatal if down => return Err(ConnectError::fatal("the shelf is gone")),
            Mutation::OutageSwallows if down => return Ok(Rejected::NONE),
            _ if down => return Err(ConnectError::retriable("the shelf is gone")),
            _ => {}
        }
        if self.pending.len() > self.batch_size {
            return Err(ConnectError::retriable("the shelf takes no more before a flush"));
        }
        let mut rejected = Rejected::NONE;
        let mut lines = Vec::new();
        for (at, record) in batch.iter().enumerate() {
            if !self.is_new(record)? {
                continue;
            }
            match self.line(&record.record.value.value) {
                Ok(line) => lines.extend(line),
                Err(why) if self.mutation == Mutation::RejectsWholeBatch => return Err(ConnectError::data(why)),
                Err(why) => rejected.0.push((at, why.into())),
            }
            if self.mutation == Mutation::StopsAtBadRecord && !rejected.0.is_empty() {
                break;
            }
        }
        if self.mutation == Mutation::WritesBackwards {
            lines.reverse();
        }
        self.pending.extend(lines);
        Ok(rejected)
    }

    async fn flush(&mut self, accepted: &Offsets) -> Result<Offsets> {
        let mut shelf = self.shelf.lock().unwrap();
        if shelf.down && !self.pending.is_empty() {
            return Err(ConnectError::retriable(format!("the shelf {} is gone", self.label)));
        }
        if self.mutation == Mutation::FlushLies {
            shelf.entries.append(&mut self.late);
            self.late = std::mem::take(&mut self.pending);
        }
        shelf.entries.append(&mut self.pending);
        Ok(accepted.clone())
    }

    async fn stop(self) -> Result<()> {
        self.mutation.leave_behind();
        Ok(())
    }
}

impl ShelfTask {
    /// Whether a record has to be looked at; for faults that think they know better.
    fn is_new(&mut self, record: &SinkRecord) -> Result<bool> {
        let mut shelf = self.shelf.lock().unwrap();
        let (noted, seen) = match self.mutation {
            Mutation::NotesTooEarly => (shelf.noted.insert(record.origin.clone(), record.offset), None),
            Mutation::RefusesRepeats => (None, self.seen.insert(record.origin.clone(), record.offset)),
            _ => (None, None),
        };
        if seen.is_some_and(|seen| seen >= record.offset) {
            return Err(ConnectError::fatal("this record was here before"));
        }
        if let Some(noted) = noted.filter(|noted| *noted >= record.offset) {
            shelf.noted.insert(record.origin.clone(), noted);
            return Ok(false);
        }
        Ok(true)
    }

    /// What to write; `None` for nothing.
    fn line(&self, value: &Value) -> Result<Option<Option<String>>, String> {
        let text = match value {
            Value::Null if self.mutation == Mutation::LosesTombstones => return Ok(None),
            Value::Null => return Ok(Some(None)),
            Value::String(text) => text.to_string(),
            Value::Boolean(_) | Value::Int8(_) | Value::Int16(_) | Value::Int32(_) | Value::Int64(_) => {
                format!("{value:?}")
            }
            #[allow(clippy::panic)]
            Value::Decimal(_) if self.mutation == Mutation::PanicsOnDecimal => panic!("a decimal"),
            _ if self.mutation == Mutation::LosesOddTypes => return Ok(None),
            other => return Err(format!("a shelf holds texts, numbers and booleans, no {:?}", other.ty())),
        };
        Ok(Some(Some(text)))
    }
}

/// The shelf sink under test, with a fault.
pub(crate) struct ShelfHarness {
    pub(crate) mutation: Mutation,
    id: usize,
    shelf: Shared,
}

impl ShelfHarness {
    pub(crate) fn with(mutation: Mutation) -> Self {
        let mut shelves = SHELVES.lock().unwrap();
        let (id, shelf) = (shelves.len(), Shared::default());
        shelves.insert(id, Arc::clone(&shelf));
        Self { mutation, id, shelf }
    }
}

impl SinkHarness for ShelfHarness {
    const README: &'static str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mutants/README.md");
    const VIRTUAL_TIME: bool = true;
    const HAS_OUTAGE: bool = true;
    const TOMBSTONE: Tombstone = Tombstone::Written;

    async fn set_up() -> Outcome<Self> {
        Ok(Self::with(Mutation::None))
    }

    fn plugin(&self) -> SinkPlugin {
        SinkPlugin::of::<ShelfSink>()
    }

    fn config(&self) -> Props {
        let keys = [("shelf", self.id.to_string()), ("topic", "events".into()), ("password", "open sesame".into())];
        keys.map(|(key, value)| (key.to_string(), value)).into_iter().chain([self.mutation.entry()]).collect()
    }

    async fn read_back(&self) -> Outcome<Vec<Entry>> {
        let entry = |line: &Option<String>| match line {
            None => Entry::Tombstone,
            Some(text) => match text.strip_prefix("event ").and_then(|number| number.parse().ok()) {
                Some(number) => Entry::Event(number),
                None => Entry::Other(text.clone()),
            },
        };
        Ok(self.shelf.lock().unwrap().entries.iter().map(entry).collect())
    }

    fn bad_record(&self) -> Option<ConnectRecord> {
        Some(ConnectRecord::new("contract", SchemaAndValue::schemaless(Value::Array(Vec::new()))))
    }

    async fn outage(&mut self) {
        self.shelf.lock().unwrap().down = true;
    }

    async fn recover(&mut self) {
        self.shelf.lock().unwrap().down = false;
    }
}
