//! Consumer groups with librdkafka: assignment, rebalances, static members, committed offsets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use longshore_support::{Outcome, fail};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::fixture::{DEADLINE, Fixture, options, producer, send, take, value};

/// Notes every rebalance as the number of partitions that came (positive) or went (negative).
#[derive(Clone, Default)]
struct Rebalances(Arc<Mutex<Vec<i64>>>);

impl ClientContext for Rebalances {}

impl ConsumerContext for Rebalances {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let change = match rebalance {
            Rebalance::Assign(partitions) => partitions.count() as i64,
            Rebalance::Revoke(partitions) => -(partitions.count() as i64),
            Rebalance::Error(_) => return,
        };
        self.all().push(change);
    }
}

impl Rebalances {
    fn all(&self) -> MutexGuard<'_, Vec<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Member = BaseConsumer<Rebalances>;

fn member(broker: &Fixture, settings: &[(&str, &str)]) -> Outcome<(Member, Rebalances)> {
    let mut config = broker.client();
    config.set("group.id", "g").set("auto.offset.reset", "earliest");
    config.set("session.timeout.ms", "6000").set("heartbeat.interval.ms", "200");
    for (key, value) in settings {
        config.set(*key, *value);
    }
    let rebalances = Rebalances::default();
    let member: Member = config.create_with_context(rebalances.clone())?;
    member.subscribe(&["t"])?;
    Ok((member, rebalances))
}

/// Polls all members until their assignments have these sizes.
fn settle(members: &[&Member], sizes: &[usize]) -> Outcome {
    let until = Instant::now() + DEADLINE;
    loop {
        let mut now = Vec::new();
        for member in members {
            member.poll(Duration::from_millis(20));
            now.push(member.assignment()?.count());
        }
        if now == sizes {
            return Ok(());
        }
        if Instant::now() > until {
            return fail!("assignments are {now:?} after {DEADLINE:?}, not {sizes:?}");
        }
    }
}

async fn two_members_share(strategy: &str) -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 4, &[]).await?;
    let settings = [("partition.assignment.strategy", strategy)];
    let (first, _) = member(&broker, &settings)?;
    settle(&[&first], &[4])?;
    let (second, _) = member(&broker, &settings)?;
    settle(&[&first, &second], &[2, 2])?;
    drop(second);
    settle(&[&first], &[4])?;
    drop(first);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_share_with_the_range_strategy() -> Outcome {
    two_members_share("range").await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_share_with_the_roundrobin_strategy() -> Outcome {
    two_members_share("roundrobin").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cooperative_rebalance_takes_only_what_moves() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 4, &[]).await?;
    let settings = [("partition.assignment.strategy", "cooperative-sticky")];
    let (first, rebalances) = member(&broker, &settings)?;
    settle(&[&first], &[4])?;
    let (second, _) = member(&broker, &settings)?;
    settle(&[&first, &second], &[2, 2])?;
    let taken: i64 = rebalances.all().iter().filter(|change| **change < 0).sum();
    assert_eq!(taken, -2, "{:?}", rebalances.all());
    drop((first, second));
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_that_restarts_causes_no_rebalance() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 4, &[]).await?;
    let settings = |instance| [("partition.assignment.strategy", "range"), ("group.instance.id", instance)];
    let (first, rebalances) = member(&broker, &settings("one"))?;
    settle(&[&first], &[4])?;
    let (second, _) = member(&broker, &settings("two"))?;
    settle(&[&first, &second], &[2, 2])?;
    let before = rebalances.all().len();
    drop(second);
    let (second, _) = member(&broker, &settings("two"))?;
    settle(&[&first, &second], &[2, 2])?;
    assert_eq!(rebalances.all().len(), before, "{:?}", rebalances.all());
    drop((first, second));
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_vanishes_is_replaced_when_its_session_ends() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 2, &[]).await?;
    let (first, _) = member(&broker, &[])?;
    settle(&[&first], &[2])?;
    // A static member does not say good-bye: to the broker it is as if it had been killed.
    let (second, _) = member(&broker, &[("group.instance.id", "x"), ("session.timeout.ms", "1000")])?;
    settle(&[&first, &second], &[1, 1])?;
    drop(second);
    settle(&[&first], &[2])?;
    drop(first);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_goes_on_where_it_was_after_a_restart() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[]).await?;
    let producer = producer(&broker.client())?;
    for n in 0..10 {
        send(&producer, "t", "k", &n.to_string())?;
    }
    let (reader, _) = member(&broker, &[("enable.auto.commit", "false")])?;
    take(&reader, 10, value)?;
    let mut position = TopicPartitionList::new();
    position.add_partition_offset("t", 0, Offset::Offset(7))?;
    reader.commit(&position, CommitMode::Sync)?;
    drop((reader, producer));
    let broker = broker.restart().await?;
    let (reader, _) = member(&broker, &[])?;
    assert_eq!(take(&reader, 3, value)?, vec!["7", "8", "9"]);
    drop(reader);
    broker.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_can_be_listed_and_only_empty_ones_deleted() -> Outcome {
    let broker = Fixture::start().await?;
    broker.create_topic("t", 1, &[]).await?;
    let (reader, _) = member(&broker, &[])?;
    settle(&[&reader], &[1])?;
    let list = reader.fetch_group_list(None, DEADLINE)?;
    let group = list.groups().iter().find(|group| group.name() == "g").expect("the group is listed");
    assert_eq!((group.state(), group.members().len()), ("Stable", 1));
    let admin = broker.admin()?;
    let refused = admin.delete_groups(&["g"], &options()).await?;
    assert!(refused[0].is_err(), "a group with a member was deleted");
    drop(reader);
    let deleted = admin.delete_groups(&["g"], &options()).await?;
    assert!(deleted[0].is_ok(), "{deleted:?}");
    broker.stop().await;
    Ok(())
}
