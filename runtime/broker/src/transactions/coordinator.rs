//! The coordinator's decisions and their order on disk: decide, write the markers, store the offsets,
//! note that it is done. Each step can be repeated.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError;
use tracing::{info, warn};

use super::record::{Line, Phase, Transaction};
use crate::clock::now_ms;
use crate::offsets::{OffsetEntry, Offsets};
use crate::storage::Journal;
use crate::sync::lock;
use crate::topics::Catalog;

/// How a request names a transactional producer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProducerRef<'a> {
    pub transactional_id: &'a str,
    pub producer_id: i64,
    pub epoch: i16,
}

/// An InitProducerId request with a transactional id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InitRequest<'a> {
    pub transactional_id: &'a str,
    pub timeout: Duration,
    /// The id and epoch that the producer believes to have (KIP-360).
    pub expected: Option<(i64, i16)>,
}

#[derive(Debug)]
pub(crate) struct Transactions {
    catalog: Arc<Catalog>,
    offsets: Arc<Offsets>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    by_id: BTreeMap<String, Transaction>,
    ids: HashMap<i64, String>,
    journal: Journal,
}

/// Leave to append a transactional batch. While it exists the transaction cannot end.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    _state: MutexGuard<'a, State>,
}

impl Transactions {
    /// Reads the journal, finishes what was decided and aborts what was open.
    pub(crate) fn open(path: &Path, catalog: Arc<Catalog>, offsets: Arc<Offsets>) -> io::Result<Transactions> {
        let mut by_id: BTreeMap<String, Transaction> = BTreeMap::new();
        let journal = Journal::open(path, |line: Line| {
            by_id.insert(line.id.clone(), line.into());
        })?;
        let ids = by_id.iter().map(|(id, transaction)| (transaction.producer_id, id.clone())).collect();
        let transactions = Transactions { catalog, offsets, state: Mutex::new(State { by_id, ids, journal }) };
        transactions.recover().map_err(|error| io::Error::other(format!("cannot finish transactions: {error}")))?;
        Ok(transactions)
    }

    fn recover(&self) -> Result<(), ResponseError> {
        let mut state = lock(&self.state);
        for id in state.ids_in(|transaction| transaction.phase.is_prepared()) {
            self.complete(&mut state, &id)?;
        }
        for id in state.ids_in(|transaction| transaction.phase == Phase::Ongoing) {
            info!(transactional_id = id, "aborting a transaction that was open when the broker ended");
            let Some(transaction) = state.by_id.get_mut(&id) else { continue };
            transaction.epoch += 1;
            transaction.phase = Phase::CompleteAbort;
            state.write(&id)?;
        }
        // What a crash left open in the logs has no other owner now.
        for topic in self.catalog.topics() {
            for partition in &topic.partitions {
                let mut log = partition.log();
                for (producer_id, epoch) in log.producers().open_transactions() {
                    let owner = state.ids.get(&producer_id).and_then(|id| state.by_id.get(id));
                    let epoch = owner.map_or(epoch, |transaction| transaction.epoch.max(epoch));
                    log.end_transaction((producer_id, epoch), false, now_ms())?;
                }
            }
        }
        Ok(())
    }

    /// Gives a producer its id and a new epoch; whoever had the transactional id before is fenced and
    /// its open transaction aborted.
    pub(crate) fn init(&self, request: &InitRequest<'_>) -> Result<(i64, i16), ResponseError> {
        let mut state = lock(&self.state);
        let id = request.transactional_id;
        if let (Some(expected), Some(known)) = (request.expected, state.by_id.get(id))
            && expected != (known.producer_id, known.epoch)
        {
            return Err(ResponseError::ProducerFenced);
        }
        match state.by_id.get(id).map(|known| known.phase) {
            Some(Phase::Ongoing) => self.abort_and_fence(&mut state, id)?,
            Some(phase) if phase.is_prepared() => self.complete(&mut state, id)?,
            _ => {}
        }
        // The last epoch of an id is kept free for fencing.
        let reusable = state.by_id.get(id).filter(|known| known.epoch < i16::MAX - 1);
        let (producer_id, epoch) = match reusable {
            Some(known) => (known.producer_id, known.epoch + 1),
            None => (self.catalog.new_producer_id()?, 0),
        };
        let before = state.by_id.insert(id.to_owned(), Transaction::new(producer_id, epoch, request.timeout));
        if let Err(error) = state.write(id) {
            match before {
                Some(before) => state.by_id.insert(id.to_owned(), before),
                None => state.by_id.remove(id),
            };
            return Err(error);
        }
        state.ids.insert(producer_id, id.to_owned());
        Ok((producer_id, epoch))
    }

    /// Adds partitions to the producer's transaction, beginning one if none is open.
    pub(crate) fn add_partitions(
        &self,
        producer: ProducerRef<'_>,
        partitions: impl IntoIterator<Item = (String, i32)>,
    ) -> Result<(), ResponseError> {
        let mut state = lock(&self.state);
        self.begin(&mut state, producer)?;
        if let Some(transaction) = state.by_id.get_mut(producer.transactional_id) {
            transaction.partitions.extend(partitions);
        }
        Ok(())
    }

    /// Begins a transaction, if none is open, that will carry a group's offsets.
    pub(crate) fn add_offsets(&self, producer: ProducerRef<'_>) -> Result<(), ResponseError> {
        self.begin(&mut lock(&self.state), producer)
    }

    /// Notes offsets that become committed together with the transaction.
    pub(crate) fn hold_offsets(
        &self,
        producer: ProducerRef<'_>,
        entries: Vec<OffsetEntry>,
    ) -> Result<(), ResponseError> {
        let mut state = lock(&self.state);
        let transaction = state.owned(producer)?;
        if transaction.phase != Phase::Ongoing {
            return Err(ResponseError::InvalidTxnState);
        }
        for entry in entries {
            let same = |held: &OffsetEntry| {
                (&held.group, &held.topic, held.partition) == (&entry.group, &entry.topic, entry.partition)
            };
            match transaction.offsets.iter_mut().find(|held| same(held)) {
                Some(held) => *held = entry,
                None => transaction.offsets.push(entry),
            }
        }
        Ok(())
    }

    /// Whether an open transaction will change this offset.
    pub(crate) fn holds_offset(&self, group: &str, topic: &str, partition: i32) -> bool {
        let state = lock(&self.state);
        let same = |held: &OffsetEntry| held.group == group && held.topic == topic && held.partition == partition;
        state.by_id.values().any(|transaction| transaction.offsets.iter().any(same))
    }

    /// Commits or aborts the producer's transaction. Asking again for the same end succeeds again.
    pub(crate) fn end(&self, producer: ProducerRef<'_>, commit: bool) -> Result<(), ResponseError> {
        let mut state = lock(&self.state);
        let transaction = state.owned(producer)?;
        let (prepare, complete) = match commit {
            true => (Phase::PrepareCommit, Phase::CompleteCommit),
            false => (Phase::PrepareAbort, Phase::CompleteAbort),
        };
        match transaction.phase {
            Phase::Ongoing => {
                transaction.phase = prepare;
                if let Err(error) = state.write(producer.transactional_id) {
                    state.owned(producer)?.phase = Phase::Ongoing;
                    return Err(error);
                }
            }
            phase if phase == prepare => {}
            phase if phase == complete => return Ok(()),
            _ => return Err(ResponseError::InvalidTxnState),
        }
        // The decision stands; a client that is told to retry finds it carried out.
        self.complete(&mut state, producer.transactional_id).map_err(|_| ResponseError::CoordinatorNotAvailable)
    }

    /// Leave to append a batch of this producer's open transaction to a partition.
    pub(crate) fn permit(
        &self,
        producer: (i64, i16),
        topic: &str,
        partition: i32,
    ) -> Result<Permit<'_>, ResponseError> {
        let state = lock(&self.state);
        let (producer_id, epoch) = producer;
        let known = state.ids.get(&producer_id).and_then(|id| state.by_id.get(id));
        let transaction = known.ok_or(ResponseError::InvalidProducerIdMapping)?;
        if (transaction.producer_id, transaction.epoch) != (producer_id, epoch) {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        let added = transaction.partitions.contains(&(topic.to_owned(), partition));
        if transaction.phase != Phase::Ongoing || !added {
            return Err(ResponseError::InvalidTxnState);
        }
        Ok(Permit { _state: state })
    }

    /// Aborts overdue transactions and carries out decisions that could not be before.
    pub(crate) fn tick(&self, now: Instant) {
        let mut state = lock(&self.state);
        for id in state.ids_in(|transaction| transaction.is_overdue(now)) {
            warn!(transactional_id = id, "aborting a transaction that was open for longer than its timeout");
            // Tried again at the next tick when the disk refuses.
            let _ = self.abort_and_fence(&mut state, &id);
        }
        for id in state.ids_in(|transaction| transaction.phase.is_prepared()) {
            let _ = self.complete(&mut state, &id);
        }
    }

    /// Every transactional id with its state.
    pub(crate) fn all(&self) -> Vec<(String, Transaction)> {
        lock(&self.state).by_id.iter().map(|(id, transaction)| (id.clone(), transaction.clone())).collect()
    }

    /// One transactional id's state.
    pub(crate) fn get(&self, transactional_id: &str) -> Option<Transaction> {
        lock(&self.state).by_id.get(transactional_id).cloned()
    }

    /// The file to force to disk, if something was written since the last call.
    pub(crate) fn take_unsynced(&self) -> Option<Arc<File>> {
        lock(&self.state).journal.take_unsynced()
    }

    fn begin(&self, state: &mut State, producer: ProducerRef<'_>) -> Result<(), ResponseError> {
        let transaction = state.owned(producer)?;
        let before = transaction.phase;
        match before {
            Phase::Ongoing => return Ok(()),
            phase if phase.is_prepared() => return Err(ResponseError::ConcurrentTransactions),
            _ => {}
        }
        transaction.clear(Phase::Ongoing);
        transaction.started = Some(Instant::now());
        transaction.started_ms = now_ms();
        if let Err(error) = state.write(producer.transactional_id) {
            state.owned(producer)?.clear(before);
            return Err(error);
        }
        Ok(())
    }

    /// Aborts the open transaction under the next epoch, so that its producer is refused from now on.
    fn abort_and_fence(&self, state: &mut State, id: &str) -> Result<(), ResponseError> {
        let Some(transaction) = state.by_id.get_mut(id) else { return Ok(()) };
        transaction.epoch += 1;
        transaction.phase = Phase::PrepareAbort;
        if let Err(error) = state.write(id) {
            if let Some(transaction) = state.by_id.get_mut(id) {
                transaction.epoch -= 1;
                transaction.phase = Phase::Ongoing;
            }
            return Err(error);
        }
        self.complete(state, id)
    }

    /// Carries out a decision.
    fn complete(&self, state: &mut State, id: &str) -> Result<(), ResponseError> {
        let Some(transaction) = state.by_id.get(id) else { return Ok(()) };
        let commit = transaction.phase == Phase::PrepareCommit;
        let producer = (transaction.producer_id, transaction.epoch);
        for (topic, number) in &transaction.partitions {
            // A topic deleted meanwhile needs no marker.
            let Some(partition) = self.catalog.partition(topic, *number) else { continue };
            partition.log().end_transaction(producer, commit, now_ms())?;
            partition.changed();
        }
        if commit {
            self.offsets.store(transaction.offsets.clone())?;
        }
        if let Some(transaction) = state.by_id.get_mut(id) {
            transaction.clear(if commit { Phase::CompleteCommit } else { Phase::CompleteAbort });
        }
        state.write(id)
    }
}

impl State {
    /// The transaction of a producer that may still speak for it.
    fn owned(&mut self, producer: ProducerRef<'_>) -> Result<&mut Transaction, ResponseError> {
        let known = self.by_id.get_mut(producer.transactional_id);
        let transaction = known.ok_or(ResponseError::InvalidProducerIdMapping)?;
        if transaction.producer_id != producer.producer_id {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        if transaction.epoch != producer.epoch {
            return Err(ResponseError::ProducerFenced);
        }
        Ok(transaction)
    }

    fn ids_in(&self, wanted: impl Fn(&Transaction) -> bool) -> Vec<String> {
        self.by_id.iter().filter(|(_, transaction)| wanted(transaction)).map(|(id, _)| id.clone()).collect()
    }

    fn write(&mut self, id: &str) -> Result<(), ResponseError> {
        let Some(transaction) = self.by_id.get(id) else { return Ok(()) };
        let result = self.journal.append(&[transaction.line(id)]).and_then(|()| {
            if !self.journal.wants_rewrite(self.by_id.len()) {
                return Ok(());
            }
            let lines: Vec<Line> = self.by_id.iter().map(|(id, transaction)| transaction.line(id)).collect();
            self.journal.rewrite(&lines)
        });
        result.map_err(|_| ResponseError::CoordinatorNotAvailable)
    }
}

#[cfg(test)]
mod tests;
