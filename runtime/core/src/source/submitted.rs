//! Invariant 1: an offset is stored only if every earlier record of its source partition was settled, that is
//! acknowledged by Kafka, filtered, or tolerated.
//!
//! Every record that a task hands over gets the next ticket. Tickets are settled in any order, from the producer's
//! thread, in a ring of flags without a lock; offsets leave only from the head of their partition's queue. The ring
//! bounds how many records may be under way: while it is full, the task is not polled.
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use longshore_api::offset::OffsetMap;
use tokio::sync::Notify;

use crate::ports::Acknowledgements;
use crate::store::PartitionOffsets;

/// The shared half: which tickets are settled.
pub struct Window {
    settled: Box<[AtomicBool]>,
    failures: Mutex<Vec<(u64, String)>>,
    failed: AtomicBool,
    /// The one ticket that is waited for.
    awaited: AtomicU64,
    progress: Notify,
}

/// No ticket is awaited. There will never be this many.
const NONE: u64 = u64::MAX;

impl Window {
    /// Room for `capacity` records under way, rounded up to a power of two.
    pub fn new(capacity: usize) -> Arc<Self> {
        let capacity = capacity.next_power_of_two();
        Arc::new(Self {
            settled: (0..capacity).map(|_| AtomicBool::new(false)).collect(),
            failures: Mutex::new(Vec::new()),
            failed: AtomicBool::new(false),
            awaited: AtomicU64::new(NONE),
            progress: Notify::new(),
        })
    }

    fn slot(&self, ticket: u64) -> &AtomicBool {
        &self.settled[ticket as usize & (self.settled.len() - 1)]
    }

    /// The tickets that failed since the last call, each with the reason. They stay unsettled.
    pub fn take_failures(&self) -> Vec<(u64, String)> {
        if !self.failed.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `ticket` is settled, or any other has failed. Cancel-safe.
    async fn settled_or_failed(&self, ticket: u64) {
        let notified = self.progress.notified();
        self.awaited.store(ticket, Ordering::SeqCst);
        // Looked at after it was said what is awaited: what was settled before is seen here, what comes after wakes us.
        if !self.slot(ticket).load(Ordering::SeqCst) && !self.failed.load(Ordering::SeqCst) {
            notified.await;
        }
        self.awaited.store(NONE, Ordering::SeqCst);
    }

    fn settle(&self, ticket: u64) {
        // Both in the one order that all threads see: either the waiter sees the flag, or we see the waiter.
        self.slot(ticket).store(true, Ordering::SeqCst);
        // A wake-up per record would cost more than the record: only for the one that is waited for.
        if self.awaited.load(Ordering::SeqCst) == ticket {
            self.progress.notify_one();
        }
    }
}

impl Acknowledgements for Window {
    fn settled(&self, ticket: u64, result: Result<(), String>) {
        match result {
            Ok(()) => self.settle(ticket),
            Err(why) => {
                // Not settled: its offset, and every later one of its partition, must not be stored.
                self.failures.lock().unwrap_or_else(PoisonError::into_inner).push((ticket, why));
                self.failed.store(true, Ordering::SeqCst);
                self.progress.notify_one();
            }
        }
    }
}

struct Partition {
    id: Arc<OffsetMap>,
    queue: VecDeque<(u64, OffsetMap)>,
    committable: Option<OffsetMap>,
}

/// The task's half: tickets, queues and what may be stored.
pub struct SubmittedRecords {
    window: Arc<Window>,
    partitions: Vec<Partition>,
    /// Tickets that are queued, oldest first, with their partition: the window moves with the first of them.
    order: VecDeque<(u64, usize)>,
    next: u64,
    last_partition: usize,
}

impl SubmittedRecords {
    /// Nothing submitted yet.
    pub fn new(window: Arc<Window>) -> Self {
        Self { window, partitions: Vec::new(), order: VecDeque::new(), next: 0, last_partition: 0 }
    }

    /// Whether another record may be submitted.
    pub fn has_room(&mut self) -> bool {
        if self.under_way() < self.window.settled.len() {
            return true;
        }
        self.sweep();
        self.under_way() < self.window.settled.len()
    }

    /// Returns at once while another record may be submitted; else waits until a quarter of the window is free, or a
    /// record has failed: going on at every single acknowledgement would cost more than the records. Cancel-safe.
    pub async fn room(&mut self) {
        if !self.has_room() {
            self.part().await;
        }
    }

    /// Waits until a quarter of what is under way is settled, or a record has failed. Cancel-safe.
    pub async fn part(&mut self) {
        let window = Arc::clone(&self.window);
        let Some((oldest, _)) = self.order.front() else { return };
        let until = oldest + (self.next - oldest).div_ceil(4);
        loop {
            self.sweep();
            let Some((oldest, _)) = self.order.front().filter(|(oldest, _)| *oldest < until) else { return };
            if window.failed.load(Ordering::SeqCst) {
                return;
            }
            // Tickets are mostly settled in order: the last of the part, and then what is still open before it.
            let last = until - 1;
            let open = if window.slot(last).load(Ordering::SeqCst) { *oldest } else { last };
            window.settled_or_failed(open).await;
        }
    }

    /// How many tickets the window spans.
    pub fn under_way(&self) -> usize {
        self.order.front().map_or(0, |(oldest, _)| (self.next - oldest) as usize)
    }

    /// Takes a record in, in the order of `poll` and before it is sent. Its ticket is settled through the window.
    ///
    /// # Panics
    /// In debug builds, without [room](Self::has_room).
    pub fn submit(&mut self, partition: &Arc<OffsetMap>, offset: OffsetMap) -> u64 {
        debug_assert!(self.under_way() < self.window.settled.len(), "no room in the window");
        let at = self.partition(partition);
        let ticket = self.next;
        self.next += 1;
        self.window.slot(ticket).store(false, Ordering::Relaxed);
        self.partitions[at].queue.push_back((ticket, offset));
        self.order.push_back((ticket, at));
        ticket
    }

    /// Settles a record that will not be sent: filtered or tolerated.
    pub fn settle(&self, ticket: u64) {
        self.window.slot(ticket).store(true, Ordering::Release);
    }

    /// Takes the latest record back, which was never sent.
    pub fn withdraw(&mut self, ticket: u64) -> Option<OffsetMap> {
        debug_assert_eq!(ticket + 1, self.next);
        let (_, at) = self.order.pop_back()?;
        self.next -= 1;
        self.partitions[at].queue.pop_back().map(|(_, offset)| offset)
    }

    /// The latest offset of each partition that may be stored, each handed out once.
    pub fn committable(&mut self) -> PartitionOffsets {
        self.sweep();
        let ready = self.partitions.iter_mut().filter_map(|p| Some((Arc::clone(&p.id), p.committable.take()?)));
        ready.collect()
    }

    /// Gives offsets back that could not be stored; newer ones take precedence.
    pub fn restore(&mut self, offsets: PartitionOffsets) {
        for (id, offset) in offsets {
            let at = self.partition(&id);
            self.partitions[at].committable.get_or_insert(offset);
        }
    }

    fn sweep(&mut self) {
        for partition in &mut self.partitions {
            while let Some((ticket, _)) = partition.queue.front() {
                if !self.window.slot(*ticket).load(Ordering::Acquire) {
                    break;
                }
                partition.committable = partition.queue.pop_front().map(|(_, offset)| offset);
            }
        }
        while let Some((ticket, at)) = self.order.front() {
            // Gone from the head of its queue: the slot can be used again.
            if self.partitions[*at].queue.front().is_some_and(|(oldest, _)| oldest <= ticket) {
                break;
            }
            self.order.pop_front();
        }
    }

    fn partition(&mut self, id: &Arc<OffsetMap>) -> usize {
        let same = |p: &Partition| Arc::ptr_eq(&p.id, id);
        if self.partitions.get(self.last_partition).is_some_and(same) {
            return self.last_partition;
        }
        let found = self.partitions.iter().position(same).or_else(|| self.partitions.iter().position(|p| p.id == *id));
        self.last_partition = found.unwrap_or_else(|| {
            self.partitions.push(Partition { id: Arc::clone(id), queue: VecDeque::new(), committable: None });
            self.partitions.len() - 1
        });
        self.last_partition
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn partition(n: i64) -> Arc<OffsetMap> {
        Arc::new(OffsetMap::default().with("p", n))
    }

    fn offset(n: i64) -> OffsetMap {
        OffsetMap::default().with("o", n)
    }

    /// Against an oracle that recomputes the answer from the whole history, under random settling orders.
    #[test]
    fn only_the_settled_head_is_committable() {
        for seed in 0..500 {
            let mut random = StdRng::seed_from_u64(seed);
            let window = Window::new(16);
            let mut records = SubmittedRecords::new(Arc::clone(&window));
            let partitions: Vec<_> = (0..3).map(partition).collect();
            let (mut open, mut history, mut stored) = (Vec::new(), Vec::new(), BTreeMap::new());
            for step in 0..200i64 {
                if random.random_bool(0.5) && records.has_room() {
                    let p = random.random_range(0..3usize);
                    history.push((p, step, false));
                    open.push((history.len() - 1, records.submit(&partitions[p], offset(step))));
                } else if !open.is_empty() {
                    let (at, ticket) = open.swap_remove(random.random_range(0..open.len()));
                    history[at].2 = true;
                    window.settled(ticket, Ok(()));
                }
                for (p, o) in records.committable() {
                    stored.insert(p.get_i64("p").unwrap() as usize, o.get_i64("o").unwrap());
                }
                let (mut expected, mut blocked) = (BTreeMap::new(), [false; 3]);
                for (p, o, settled) in &history {
                    blocked[*p] |= !settled;
                    if !blocked[*p] {
                        expected.insert(*p, *o);
                    }
                }
                assert_eq!(stored, expected, "seed {seed}, step {step}");
            }
        }
    }

    #[test]
    fn a_failed_record_holds_its_partition_back_for_good() {
        let window = Window::new(4);
        let mut records = SubmittedRecords::new(Arc::clone(&window));
        let p = partition(0);
        let tickets: Vec<_> = (0..3).map(|n| records.submit(&p, offset(n))).collect();
        window.settled(tickets[0], Ok(()));
        window.settled(tickets[1], Err("too large".into()));
        window.settled(tickets[2], Ok(()));
        assert_eq!(records.committable(), [(p, offset(0))]);
        assert!(records.committable().is_empty());
        assert_eq!(window.take_failures(), [(1, "too large".to_string())]);
        assert!(window.take_failures().is_empty());
    }

    #[test]
    fn the_window_is_a_bound_and_opens_from_its_oldest_end() {
        let window = Window::new(2);
        let mut records = SubmittedRecords::new(Arc::clone(&window));
        let (a, b) = (partition(0), partition(1));
        let first = records.submit(&a, offset(0));
        let second = records.submit(&b, offset(1));
        assert!(!records.has_room());
        window.settled(second, Ok(()));
        assert!(!records.has_room(), "the oldest is still under way");
        window.settled(first, Ok(()));
        assert!(records.has_room());
        assert_eq!(records.committable().len(), 2);
    }

    #[test]
    fn restored_offsets_do_not_overwrite_newer_ones() {
        let window = Window::new(8);
        let mut records = SubmittedRecords::new(Arc::clone(&window));
        let p = partition(0);
        let first = records.submit(&p, offset(0));
        records.settle(first);
        let failed = records.committable();
        let second = records.submit(&p, offset(1));
        records.settle(second);
        records.sweep();
        records.restore(failed);
        assert_eq!(records.committable(), [(p, offset(1))]);
    }

    #[test]
    fn a_withdrawn_record_leaves_no_trace() {
        let window = Window::new(2);
        let mut records = SubmittedRecords::new(Arc::clone(&window));
        let p = partition(0);
        let ticket = records.submit(&p, offset(0));
        assert_eq!(records.withdraw(ticket), Some(offset(0)));
        assert_eq!(records.submit(&p, offset(0)), ticket);
        window.settled(ticket, Ok(()));
        assert_eq!(records.committable(), [(p, offset(0))]);
    }

    #[tokio::test]
    async fn a_full_window_is_waited_for_until_a_quarter_is_free_in_whatever_order_it_is_settled() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 1, 0]] {
            let window = Window::new(16);
            let mut records = SubmittedRecords::new(Arc::clone(&window));
            let partitions: Vec<_> = (0..3).map(partition).collect();
            for n in 0..16 {
                records.submit(&partitions[n % 3], offset(n as i64));
            }
            let settling = std::thread::spawn({
                let window = Arc::clone(&window);
                move || order.iter().for_each(|ticket| window.settled(*ticket, Ok(())))
            });
            let room = tokio::time::timeout(std::time::Duration::from_secs(5), records.room());
            room.await.unwrap_or_else(|_| panic!("no room after {order:?}"));
            assert_eq!(records.under_way(), 12);
            settling.join().unwrap();
        }
    }

    #[tokio::test]
    async fn waiting_for_room_ends_when_a_record_fails() {
        let window = Window::new(8);
        let mut records = SubmittedRecords::new(Arc::clone(&window));
        let p = partition(0);
        for n in 0..8 {
            records.submit(&p, offset(n));
        }
        let failing = std::thread::spawn({
            let window = Arc::clone(&window);
            move || window.settled(5, Err("too large".into()))
        });
        tokio::time::timeout(std::time::Duration::from_secs(5), records.room()).await.unwrap();
        assert!(!records.has_room());
        failing.join().unwrap();
    }
}
