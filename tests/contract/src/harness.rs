//! What an author tells the suite about a connector and the system behind it.
use std::future::Future;
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::data::SchemaAndValue;
use longshore_api::plugin::{SinkPlugin, SourcePlugin};
use longshore_api::record::{ConnectRecord, SinkRecord, SourceRecord, TimestampType, TopicPartition};

use crate::Outcome;

/// How a source's system behaves, which decides what its harness must be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceClass {
    /// Events are only ever added: logs, files, generators.
    Appending,
    /// Events change a state of which a first run takes a snapshot: databases. Such a harness must have outages.
    Mutating,
}

/// A source connector under test, with a system of its own that no other test sees.
pub trait SourceHarness: Sized {
    /// How the system behaves.
    const CLASS: SourceClass = SourceClass::Appending;
    /// The README with the connector's option table.
    const README: &'static str;
    /// Promises that the connector cannot keep, each with the reason.
    const WAIVERS: &'static [(&'static str, &'static str)] = &[];
    /// Whether tests run on Tokio's paused clock, which makes waits free. Only for connectors that wait for nothing
    /// outside this process but files.
    const VIRTUAL_TIME: bool = false;
    /// How long events may take to arrive.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// Whether [`outage`](Self::outage) and [`recover`](Self::recover) do something.
    const HAS_OUTAGE: bool = false;
    /// Whether events come by themselves and without end, so that [`produce`](Self::produce) does nothing.
    const ENDLESS: bool = false;

    /// A fresh system without events.
    fn set_up() -> impl Future<Output = Outcome<Self>>;

    /// The connector.
    fn plugin(&self) -> SourcePlugin;

    /// A valid configuration for it.
    fn config(&self) -> Props;

    /// Makes `count` more events happen, numbered on from the last; the first ever has the number 0.
    fn produce(&mut self, count: usize) -> impl Future<Output = ()>;

    /// The number of the event in a record; `None` for a record that is none of [`produce`](Self::produce)'s events.
    fn event_number(&self, record: &SourceRecord) -> Option<u64>;

    /// The system is gone until [`recover`](Self::recover).
    fn outage(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// The system is back, with all its events.
    fn recover(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// How many of the first events the system has forgotten because the connector allowed it; `None` where a
    /// connector cannot make its system forget.
    fn forgotten(&self) -> Option<u64> {
        None
    }
}

/// What a sink does with a null value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tombstone {
    /// It is written as something, which [`SinkHarness::read_back`] shows as [`Entry::Tombstone`].
    Written,
    /// It is left out.
    Ignored,
    /// It removes what was written under its key.
    Deletes,
    /// It is rejected.
    Rejected,
}

/// One thing that stands in a sink's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The event of that number, from [`SinkHarness::event`].
    Event(u64),
    /// A null value.
    Tombstone,
    /// Anything else.
    Other(String),
}

/// A sink connector under test, with a target of its own that no other test sees.
pub trait SinkHarness: Sized {
    /// The README with the connector's option table.
    const README: &'static str;
    /// Promises that the connector cannot keep, each with the reason.
    const WAIVERS: &'static [(&'static str, &'static str)] = &[];
    /// Whether tests run on Tokio's paused clock; see [`SourceHarness::VIRTUAL_TIME`].
    const VIRTUAL_TIME: bool = false;
    /// How long a call may take.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// Whether [`outage`](Self::outage) and [`recover`](Self::recover) do something.
    const HAS_OUTAGE: bool = false;
    /// What happens to null values with [`config`](Self::config).
    const TOMBSTONE: Tombstone;
    /// Whether a record written twice stands in the target once.
    const IDEMPOTENT: bool = false;

    /// A fresh, empty target.
    fn set_up() -> impl Future<Output = Outcome<Self>>;

    /// The connector.
    fn plugin(&self) -> SinkPlugin;

    /// A valid configuration for it.
    fn config(&self) -> Props;

    /// Everything in the target, in its order where it has one.
    fn read_back(&self) -> impl Future<Output = Outcome<Vec<Entry>>>;

    /// A record that carries an event and that [`read_back`](Self::read_back) knows again: by default the value is
    /// the string `event <number>`, under the key `<number>`.
    fn event(&self, number: u64) -> ConnectRecord {
        ConnectRecord::new("contract", SchemaAndValue::string(format!("event {number}")))
            .with_key(SchemaAndValue::string(number.to_string()))
    }

    /// A record that the sink must reject; `None` where it takes everything, which then has to be waived.
    fn bad_record(&self) -> Option<ConnectRecord> {
        None
    }

    /// The target is gone until [`recover`](Self::recover).
    fn outage(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// The target is back.
    fn recover(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }
}

/// A record as the consumer hands it over.
pub(crate) fn consumed(record: ConnectRecord, partition: i32, offset: i64) -> SinkRecord {
    let record = ConnectRecord { partition: Some(partition), timestamp: Some(1_700_000_000_000), ..record };
    let origin = TopicPartition::new("contract", partition);
    SinkRecord { record, origin, offset, timestamp_type: TimestampType::CreateTime }
}
