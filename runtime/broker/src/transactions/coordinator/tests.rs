use std::path::PathBuf;

use super::*;
use crate::config::BrokerConfig;
use crate::log::fixtures::BatchBuilder;
use crate::offsets::Committed;

struct Case {
    dir: tempfile::TempDir,
    catalog: Arc<Catalog>,
    offsets: Arc<Offsets>,
    transactions: Transactions,
}

impl Case {
    fn new() -> Case {
        let dir = tempfile::tempdir().unwrap();
        let case = Case::open(dir);
        case.catalog.create("t", 2, Default::default()).unwrap();
        case
    }

    fn open(dir: tempfile::TempDir) -> Case {
        let config = Arc::new(BrokerConfig::new(dir.path()));
        let catalog = Arc::new(Catalog::open(dir.path(), config).unwrap());
        let offsets = Arc::new(Offsets::open(&dir.path().join("offsets.journal")).unwrap());
        let path: PathBuf = dir.path().join("transactions.journal");
        let transactions = Transactions::open(&path, Arc::clone(&catalog), Arc::clone(&offsets)).unwrap();
        Case { dir, catalog, offsets, transactions }
    }

    /// As after `kill -9`: what is in the files, and nothing else.
    fn crash(self) -> Case {
        let Case { dir, .. } = self;
        Case::open(dir)
    }

    fn init(&self) -> (i64, i16) {
        let request = InitRequest { transactional_id: "tx", timeout: Duration::from_secs(60), expected: None };
        self.transactions.init(&request).unwrap()
    }

    fn begin(&self, producer: (i64, i16)) {
        self.transactions.add_partitions(of(producer), [("t".to_owned(), 0), ("t".to_owned(), 1)]).unwrap();
    }

    fn write(&self, producer: (i64, i16), partition: i32, sequence: i32) -> Result<(), ResponseError> {
        let _permit = self.transactions.permit(producer, "t", partition)?;
        let batch = BatchBuilder::new().record(Some("k"), Some("v")).producer(producer.0, producer.1, sequence);
        self.catalog.partition("t", partition).unwrap().log().append(&batch.transactional().build(), 0)?;
        Ok(())
    }

    fn hold(&self, producer: (i64, i16), offset: i64) {
        let committed = Some(Committed { offset, leader_epoch: -1, metadata: String::new() });
        let entry = OffsetEntry { group: "g".into(), topic: "t".into(), partition: 0, committed };
        self.transactions.hold_offsets(of(producer), vec![entry]).unwrap();
    }

    /// Stable offset, end, and aborted transactions of a partition.
    fn log(&self, partition: i32) -> (i64, i64, usize) {
        let partition = self.catalog.partition("t", partition).unwrap();
        let log = partition.log();
        (log.stable_offset(), log.next_offset(), log.aborted_within(0, i64::MAX).len())
    }

    fn committed(&self) -> Option<i64> {
        self.offsets.get("g", "t", 0).map(|committed| committed.offset)
    }
}

fn of(producer: (i64, i16)) -> ProducerRef<'static> {
    ProducerRef { transactional_id: "tx", producer_id: producer.0, epoch: producer.1 }
}

#[test]
fn a_commit_ends_it_in_every_partition_and_stores_the_offsets() {
    let case = Case::new();
    let producer = case.init();
    case.begin(producer);
    case.write(producer, 0, 0).unwrap();
    case.write(producer, 1, 0).unwrap();
    case.hold(producer, 7);
    assert!(case.transactions.holds_offset("g", "t", 0));
    assert_eq!((case.log(0), case.committed()), ((0, 1, 0), None));
    case.transactions.end(of(producer), true).unwrap();
    assert_eq!((case.log(0), case.log(1), case.committed()), ((2, 2, 0), (2, 2, 0), Some(7)));
    assert!(!case.transactions.holds_offset("g", "t", 0));
    case.transactions.end(of(producer), true).unwrap();
    assert_eq!(case.transactions.end(of(producer), false), Err(ResponseError::InvalidTxnState));
    assert_eq!(case.log(0), (2, 2, 0), "asking again writes nothing");
}

#[test]
fn an_abort_drops_the_offsets() {
    let case = Case::new();
    let producer = case.init();
    case.begin(producer);
    case.write(producer, 0, 0).unwrap();
    case.hold(producer, 7);
    case.transactions.end(of(producer), false).unwrap();
    assert_eq!((case.log(0), case.committed()), ((2, 2, 1), None));
}

#[test]
fn a_successor_fences_its_predecessor_and_aborts_what_it_left() {
    let case = Case::new();
    let zombie = case.init();
    case.begin(zombie);
    case.write(zombie, 0, 0).unwrap();
    let successor = case.init();
    assert_eq!(successor.0, zombie.0);
    assert!(successor.1 > zombie.1);
    assert_eq!(case.log(0), (2, 2, 1));
    assert_eq!(case.transactions.end(of(zombie), true), Err(ResponseError::ProducerFenced));
    assert_eq!(case.write(zombie, 0, 1), Err(ResponseError::InvalidProducerEpoch));
    let stale = InitRequest { transactional_id: "tx", timeout: Duration::from_secs(1), expected: Some(zombie) };
    assert_eq!(case.transactions.init(&stale), Err(ResponseError::ProducerFenced));
}

#[test]
fn records_outside_a_transaction_are_refused() {
    let case = Case::new();
    let producer = case.init();
    assert_eq!(case.write(producer, 0, 0), Err(ResponseError::InvalidTxnState));
    case.transactions.add_partitions(of(producer), [("t".to_owned(), 0)]).unwrap();
    case.write(producer, 0, 0).unwrap();
    assert_eq!(case.write(producer, 1, 0), Err(ResponseError::InvalidTxnState));
    case.transactions.end(of(producer), true).unwrap();
    assert_eq!(case.write(producer, 0, 1), Err(ResponseError::InvalidTxnState));
}

#[test]
fn a_crash_aborts_what_was_open_and_fences_its_producer() {
    let case = Case::new();
    let producer = case.init();
    case.begin(producer);
    case.write(producer, 0, 0).unwrap();
    case.hold(producer, 7);
    let case = case.crash();
    assert_eq!((case.log(0), case.committed()), ((2, 2, 1), None), "nothing holds readers back");
    assert_eq!(case.transactions.end(of(producer), true), Err(ResponseError::ProducerFenced));
    assert_eq!(case.write(producer, 0, 1), Err(ResponseError::InvalidProducerEpoch));
    let next = case.init();
    case.begin(next);
    case.write(next, 0, 0).unwrap();
    case.transactions.end(of(next), true).unwrap();
    assert_eq!(case.log(0), (4, 4, 1));
}

#[test]
fn a_crash_before_the_first_record_fences_too() {
    let case = Case::new();
    let producer = case.init();
    case.transactions.add_offsets(of(producer)).unwrap();
    case.hold(producer, 7);
    let case = case.crash();
    // The offsets were only in memory: without the fence, a later commit would lose them silently.
    assert_eq!(case.transactions.end(of(producer), true), Err(ResponseError::ProducerFenced));
    assert_eq!(case.committed(), None);
}

#[test]
fn a_crash_after_the_decision_to_commit_carries_it_out() {
    let case = Case::new();
    let producer = case.init();
    case.begin(producer);
    case.write(producer, 0, 0).unwrap();
    case.write(producer, 1, 0).unwrap();
    case.hold(producer, 7);
    {
        let mut state = lock(&case.transactions.state);
        state.by_id.get_mut("tx").unwrap().phase = Phase::PrepareCommit;
        state.write("tx").unwrap();
    }
    // One of the two markers was written.
    case.catalog.partition("t", 0).unwrap().log().end_transaction(producer, true, 0).unwrap();
    let case = case.crash();
    assert_eq!((case.log(0), case.log(1), case.committed()), ((2, 2, 0), (2, 2, 0), Some(7)));
    case.transactions.end(of(producer), true).unwrap();
}

#[test]
fn a_transaction_open_for_too_long_is_aborted() {
    let case = Case::new();
    let producer = case.init();
    case.begin(producer);
    case.write(producer, 0, 0).unwrap();
    case.transactions.tick(Instant::now() + Duration::from_secs(59));
    assert_eq!(case.log(0), (0, 1, 0));
    case.transactions.tick(Instant::now() + Duration::from_secs(61));
    assert_eq!(case.log(0), (2, 2, 1));
    assert_eq!(case.transactions.end(of(producer), true), Err(ResponseError::ProducerFenced));
}

#[test]
fn epochs_that_run_out_give_a_new_producer_id() {
    let case = Case::new();
    let (id, _) = case.init();
    lock(&case.transactions.state).by_id.get_mut("tx").unwrap().epoch = i16::MAX - 1;
    let (next, epoch) = case.init();
    assert_eq!(epoch, 0);
    assert_ne!(next, id);
}

#[test]
fn producer_ids_are_never_given_out_twice() {
    let case = Case::new();
    let before = case.catalog.new_producer_id().unwrap();
    let case = case.crash();
    assert!(case.catalog.new_producer_id().unwrap() > before);
}
