//! The delivery promises, with the real task loops over a cluster in memory, killed between any two of their steps.
//!
//! A kill is the dropping of the task's future: nothing after the point where it stood happens any more, just as
//! when the process dies. Seeds are printed with every failure.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]
#[path = "delivery/counter.rs"]
mod counter;
#[path = "delivery/harness.rs"]
mod harness;
#[path = "delivery/vault.rs"]
mod vault;

use std::collections::BTreeSet;
use std::time::Duration;

use longshore_api::plugin::{ConnectorPlugin, SinkPlugin, SourcePlugin};
use longshore_core::herder::TargetState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use counter::{Counter, Upstream};
use harness::{Cluster, Ended, numbers};
use vault::Vault;

const SEEDS: u64 = 60;

/// Invariants 1 and 2: an upstream that forgets what it was told to be stored is never asked for it again, and no
/// number is missing in the topic, wherever the task dies and whatever writes fail.
#[tokio::test(start_paused = true)]
async fn a_source_killed_anywhere_repeats_but_never_skips() {
    for seed in 0..SEEDS {
        let mut random = StdRng::seed_from_u64(seed);
        let cluster = Cluster::new().await;
        let upstream = Upstream::new(&format!("killed-{seed}"), 60);
        let plugin = ConnectorPlugin::Source(SourcePlugin::of::<Counter>());
        for life in 0..200 {
            if random.random_bool(0.3) {
                cluster.kafka.fail_appends(random.random_range(1..4));
            }
            let steps = random.random_range(1..120);
            let ended = cluster.live(&plugin, upstream.props(), steps, TargetState::Started).await;
            if let Ended::Failed(why) = ended {
                panic!("seed {seed}, life {life}: {why}");
            }
            if upstream.pruned_to() == 60 {
                break;
            }
        }
        let seen: BTreeSet<_> = numbers(&cluster.kafka.topic(upstream.topic())).into_iter().collect();
        let until = upstream.pruned_to();
        assert!(until > 0, "seed {seed}: nothing was ever committed");
        let missing: Vec<_> = (0..until).filter(|n| !seen.contains(n)).collect();
        assert!(missing.is_empty(), "seed {seed}: stored offsets passed {missing:?}");
    }
}

/// Invariant 7: within a source partition a number's first appearance comes after its predecessor's.
#[tokio::test(start_paused = true)]
async fn a_sources_order_is_kept_over_kills() {
    for seed in 0..SEEDS {
        let mut random = StdRng::seed_from_u64(1000 + seed);
        let cluster = Cluster::new().await;
        let upstream = Upstream::new(&format!("order-{seed}"), 40);
        let plugin = ConnectorPlugin::Source(SourcePlugin::of::<Counter>());
        for _ in 0..30 {
            let steps = random.random_range(1..80);
            cluster.live(&plugin, upstream.props(), steps, TargetState::Started).await;
        }
        let mut next = 0;
        for number in numbers(&cluster.kafka.topic(upstream.topic())) {
            assert!(number <= next, "seed {seed}: {number} came before {next}");
            next = next.max(number + 1);
        }
    }
}

/// A stopped task stores everything that was acknowledged: the next start repeats nothing.
#[tokio::test(start_paused = true)]
async fn a_clean_stop_repeats_nothing() {
    let cluster = Cluster::new().await;
    let upstream = Upstream::new("clean", 50);
    let plugin = ConnectorPlugin::Source(SourcePlugin::of::<Counter>());
    for steps in [5, 17, 40, 100, 200] {
        cluster.live_and_stop(&plugin, upstream.props(), steps).await;
    }
    let all = numbers(&cluster.kafka.topic(upstream.topic()));
    assert_eq!(all, (0..50).collect::<Vec<_>>());
}

/// A paused task keeps its place and moves nothing.
#[tokio::test(start_paused = true)]
async fn a_paused_source_moves_nothing() {
    let cluster = Cluster::new().await;
    let upstream = Upstream::new("paused", 50);
    let plugin = ConnectorPlugin::Source(SourcePlugin::of::<Counter>());
    cluster.live(&plugin, upstream.props(), 100, TargetState::Paused).await;
    assert!(cluster.kafka.topic(upstream.topic()).is_empty());
}

/// Invariant 6: what goes in comes out, is filtered, or is reported; nothing else.
#[tokio::test(start_paused = true)]
async fn every_record_is_delivered_filtered_or_reported() {
    let cluster = Cluster::new().await;
    let upstream = Upstream::new("conserved", 40);
    let plugin = ConnectorPlugin::Source(SourcePlugin::of::<Counter>());
    let mut props = upstream.props();
    for (key, value) in
        [("transforms", "odd"), ("transforms.odd.type", "DropSevens"), ("errors.tolerance", "all"), ("bad.every", "5")]
    {
        props.insert(key.into(), value.into());
    }
    cluster.live_and_stop(&plugin, props, 400).await;
    let delivered = numbers(&cluster.kafka.topic(upstream.topic()));
    let filtered = (0..40).filter(|n| n % 7 == 0 && n % 5 != 0).count();
    let reported = (0..40).filter(|n| n % 5 == 0).count();
    assert_eq!(delivered.len() + filtered + reported, 40, "{delivered:?}");
    let (_, _, failed) = cluster.totals();
    assert_eq!(failed, reported as u64);
    assert_eq!(upstream.pruned_to(), 40, "tolerated and filtered records let offsets move on");
}

/// Without tolerance the first bad record stops the task, with its place in the sentence.
#[tokio::test(start_paused = true)]
async fn a_bad_record_fails_the_task_with_its_stage() {
    let cluster = Cluster::new().await;
    let upstream = Upstream::new("bad", 40);
    let plugin = ConnectorPlugin::Source(SourcePlugin::of::<Counter>());
    let mut props = upstream.props();
    props.insert("bad.every".into(), "5".into());
    let ended = cluster.live(&plugin, props, 400, TargetState::Started).await;
    let Ended::Failed(why) = ended else { panic!("must fail") };
    assert!(why.contains("VALUE_CONVERTER") && why.contains(upstream.topic()), "{why}");
}

/// Invariant 3: committed offsets never pass what the sink made durable, wherever the task dies.
#[tokio::test(start_paused = true)]
async fn a_sink_killed_anywhere_loses_nothing() {
    for seed in 0..SEEDS {
        let mut random = StdRng::seed_from_u64(2000 + seed);
        let cluster = Cluster::new().await;
        let vault = Vault::new(&format!("vault-{seed}"));
        for n in 0..60 {
            cluster.kafka.put(vault.topic(), None, Some(n.to_string().as_bytes()));
        }
        let plugin = ConnectorPlugin::Sink(SinkPlugin::of::<vault::VaultSink>());
        for _ in 0..40 {
            vault.refuse(random.random_range(0..3));
            let steps = random.random_range(1..100);
            let ended = cluster.live(&plugin, vault.props(), steps, TargetState::Started).await;
            if let Ended::Failed(why) = ended {
                panic!("seed {seed}: {why}");
            }
            vault.power_cut();
            let committed = cluster.committed_of(vault.topic());
            let durable = vault.durable();
            let missing: Vec<_> = (0..committed).filter(|n| !durable.contains(n)).collect();
            assert!(missing.is_empty(), "seed {seed}: committed {committed}, lost {missing:?}");
        }
    }
}

/// A sink that refuses for now gets the same batch again; in the end everything is there, in order, once.
#[tokio::test(start_paused = true)]
async fn an_overloaded_sink_gets_everything_in_the_end() {
    let cluster = Cluster::new().await;
    let vault = Vault::new("overloaded");
    for n in 0..50 {
        cluster.kafka.put(vault.topic(), None, Some(n.to_string().as_bytes()));
    }
    vault.refuse(7);
    let plugin = ConnectorPlugin::Sink(SinkPlugin::of::<vault::VaultSink>());
    cluster.advance_by(Duration::from_millis(50));
    cluster.live_and_stop(&plugin, vault.props(), 4000).await;
    assert_eq!(vault.in_order(), (0..50).collect::<Vec<_>>());
}

/// Rejected records go to the dead letter queue with their original bytes; their neighbours are written.
#[tokio::test(start_paused = true)]
async fn rejected_records_are_in_the_dead_letter_queue() {
    let cluster = Cluster::new().await;
    let vault = Vault::new("rejecting");
    for text in ["0", "1", "poison", "2"] {
        cluster.kafka.put(vault.topic(), Some(b"k"), Some(text.as_bytes()));
    }
    let mut props = vault.props();
    for (key, value) in [
        ("errors.tolerance", "all"),
        ("errors.deadletterqueue.topic.name", "dlq"),
        ("errors.deadletterqueue.context.headers.enable", "true"),
    ] {
        props.insert(key.into(), value.into());
    }
    let plugin = ConnectorPlugin::Sink(SinkPlugin::of::<vault::VaultSink>());
    cluster.live_and_stop(&plugin, props, 400).await;
    assert_eq!(vault.in_order(), [0, 1, 2]);
    let queue = cluster.kafka.topic("dlq");
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0].value.as_deref(), Some(&b"poison"[..]));
    assert_eq!(queue[0].key.as_deref(), Some(&b"k"[..]));
    let header = |name: &str| {
        let found = queue[0].headers.iter().find(|(key, _)| key == name);
        found.and_then(|(_, value)| value.as_ref()).map(|v| String::from_utf8_lossy(v).into_owned())
    };
    assert_eq!(header("__connect.errors.stage").as_deref(), Some("TASK_PUT"));
    assert_eq!(header("__connect.errors.offset").as_deref(), Some("2"));
    assert_eq!(header("__connect.errors.topic").as_deref(), Some(vault.topic()));
    assert_eq!(cluster.committed_of(vault.topic()), 4);
}
