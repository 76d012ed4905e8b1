//! One transactional id: its state in memory and the line it has in the journal.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::offsets::OffsetEntry;

/// Where a transactional id stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

impl Phase {
    /// The name that ListTransactions and DescribeTransactions use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Empty => "Empty",
            Phase::Ongoing => "Ongoing",
            Phase::PrepareCommit => "PrepareCommit",
            Phase::PrepareAbort => "PrepareAbort",
            Phase::CompleteCommit => "CompleteCommit",
            Phase::CompleteAbort => "CompleteAbort",
        }
    }

    pub(crate) fn is_prepared(self) -> bool {
        matches!(self, Phase::PrepareCommit | Phase::PrepareAbort)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub producer_id: i64,
    pub epoch: i16,
    pub timeout: Duration,
    pub phase: Phase,
    pub partitions: BTreeSet<(String, i32)>,
    /// Offsets that are committed together with the records.
    pub offsets: Vec<OffsetEntry>,
    pub started: Option<Instant>,
    pub started_ms: i64,
}

/// A transactional id as the journal has it; the newest line of an id counts. Partitions and offsets
/// are written only with a decided commit: everything else can be found in the logs or is aborted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub id: String,
    pub producer_id: i64,
    pub epoch: i16,
    pub timeout_ms: u64,
    pub phase: Phase,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<(String, i32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offsets: Vec<OffsetEntry>,
}

impl Transaction {
    pub(crate) fn new(producer_id: i64, epoch: i16, timeout: Duration) -> Transaction {
        Transaction {
            producer_id,
            epoch,
            timeout,
            phase: Phase::Empty,
            partitions: BTreeSet::new(),
            offsets: Vec::new(),
            started: None,
            started_ms: -1,
        }
    }

    pub(crate) fn line(&self, id: &str) -> Line {
        let decided = self.phase == Phase::PrepareCommit;
        Line {
            id: id.to_owned(),
            producer_id: self.producer_id,
            epoch: self.epoch,
            timeout_ms: self.timeout.as_millis() as u64,
            phase: self.phase,
            partitions: if decided { self.partitions.iter().cloned().collect() } else { Vec::new() },
            offsets: if decided { self.offsets.clone() } else { Vec::new() },
        }
    }

    /// Whether the open transaction has lasted longer than its producer allowed.
    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        let overdue = |started: Instant| now.saturating_duration_since(started) > self.timeout;
        self.phase == Phase::Ongoing && self.started.is_some_and(overdue)
    }

    /// Forgets what belonged to the transaction that has just ended.
    pub(crate) fn clear(&mut self, phase: Phase) {
        self.phase = phase;
        self.partitions.clear();
        self.offsets.clear();
        self.started = None;
        self.started_ms = -1;
    }
}

impl From<Line> for Transaction {
    fn from(line: Line) -> Self {
        let timeout = Duration::from_millis(line.timeout_ms);
        Transaction {
            phase: line.phase,
            partitions: line.partitions.into_iter().collect(),
            offsets: line.offsets,
            ..Transaction::new(line.producer_id, line.epoch, timeout)
        }
    }
}
