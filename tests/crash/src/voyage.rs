//! A worker with three connectors under load on a real broker.

use crate::generated::Generated;
use crate::lines::Lines;
use crate::produced::Produced;
use longshore_support::cluster::{distributed_properties, quick_groups_broker, unique};
use longshore_support::process::Folder;
use longshore_support::{
    Failure, KafkaBroker, LongshoreWorker, Outcome, await_until, await_until::await_ok, connectors, fail, kafka,
};
use std::time::Duration;

/// How long data may take to move again after harm was done.
const MOVES_AGAIN: Duration = Duration::from_secs(60);
/// How long everything may take to arrive once the load has ended.
const ARRIVES: Duration = Duration::from_secs(90);

/// A broker, a worker on it, and the load.
#[derive(Debug)]
pub struct Voyage {
    /// The worker.
    pub worker: LongshoreWorker,
    /// The broker.
    pub broker: KafkaBroker,
    lines: Lines,
    produced: Produced,
    generated: Generated,
    offsets_topic: String,
    _folder: Folder,
}

/// How much data has moved.
struct Progress {
    lines_in_topic: i64,
    records_in_file: usize,
}

impl Voyage {
    /// Starts everything. `records` is how many each of the generator's tasks makes, from `seed`.
    pub async fn start(records: u64, seed: u32) -> Outcome<Self> {
        let broker = quick_groups_broker().await?;
        let (bootstrap, group) = (broker.bootstrap(), unique("crash"));
        let properties = distributed_properties(&bootstrap, &group).set("offset.flush.interval.ms", 100);
        let worker = LongshoreWorker::distributed(properties)?.start().await?;
        let folder = Folder::new("crash")?;
        // One partition: an order is kept that can be checked.
        kafka::create_topic(&bootstrap, "lines", 1).await?;
        let lines = Lines::start(folder.path().join("lines.txt"), "lines")?;
        let produced = Produced::start(&bootstrap, "records", folder.path().join("records.txt")).await?;
        let generated = Generated::new("generated", records, seed);
        connectors::create(worker.rest(), &lines.connector, &lines.config()).await?;
        connectors::create(worker.rest(), &produced.connector, &produced.config()).await?;
        connectors::create(worker.rest(), &generated.connector, &generated.config()).await?;
        let offsets_topic = format!("{group}-offsets");
        Ok(Self { worker, broker, lines, produced, generated, offsets_topic, _folder: folder })
    }

    /// Waits until the source and the sink have moved data since the call.
    pub async fn await_moving(&self) -> Outcome {
        let before = await_ok(MOVES_AGAIN, "the topics' ends", async || self.progress().await).await?;
        let moving = await_until(MOVES_AGAIN, "source and sink to move data", async || {
            let Ok(now) = self.progress().await else { return false };
            now.lines_in_topic > before.lines_in_topic && now.records_in_file > before.records_in_file
        });
        moving.await.map_err(|failure| Failure::new(format!("{failure}\n{}", self.worker.logs())))
    }

    /// Kills the worker, looks for offsets that ran ahead of data, and starts it again.
    pub async fn kill_worker(&mut self) -> Outcome {
        self.worker.kill9()?;
        let bootstrap = self.broker.bootstrap();
        self.lines.require_offset_behind_data(&bootstrap, &self.offsets_topic).await?;
        self.produced.require_offset_behind_data(&bootstrap).await?;
        self.worker.restart().await
    }

    /// Ends the load and waits until all of it has arrived; fails when something is lost, torn or out of order.
    pub async fn arrive(mut self) -> Outcome {
        let bootstrap = self.broker.bootstrap();
        let (lines, records) = (self.lines.finish()?, self.produced.finish().await?);
        await_ok(ARRIVES, "every line in the topic", async || match self.lines.arrived(&bootstrap).await? {
            arrived if arrived == lines => Ok(()),
            arrived => fail!("{arrived} of {lines} lines are in the topic"),
        })
        .await?;
        await_ok(ARRIVES, "every record in the file", async || {
            let arrived = self.produced.arrived()?;
            match (0..records).filter(|number| !arrived.contains(number)).min() {
                None => Ok(()),
                Some(missing) => fail!("{} of {records} records are in the file, not {missing}", arrived.len()),
            }
        })
        .await?;
        let (again, config) = self.generated.uninterrupted();
        connectors::create(self.worker.rest(), &again.connector, &config).await?;
        let wanted = self.generated.wanted();
        let mut made = Vec::new();
        for generator in [&again, &self.generated] {
            let all = await_ok(ARRIVES, "every generated record", async || {
                let arrived = generator.arrived(&bootstrap).await?;
                if arrived.len() < wanted { fail!("{} of {wanted} are made", arrived.len()) } else { Ok(arrived) }
            });
            made.push(all.await?);
        }
        if made[0] != made[1] {
            let odd: Vec<_> = made[0].symmetric_difference(&made[1]).take(4).collect();
            return fail!("the interrupted generator made other records: {odd:?}");
        }
        println!("{lines} lines, {records} records, {wanted} generated records arrived");
        Ok(())
    }

    async fn progress(&self) -> Outcome<Progress> {
        let ends = kafka::end_offsets(&self.broker.bootstrap(), &self.lines.topic).await?;
        Ok(Progress { lines_in_topic: ends.values().sum(), records_in_file: self.produced.arrived()?.len() })
    }
}
