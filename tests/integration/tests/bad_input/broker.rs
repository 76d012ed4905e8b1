//! A broker that is not there.

use super::fixture::Bystanders;
use longshore_support::cluster::{distributed_properties, quick_groups_broker};
use longshore_support::{Failure, KafkaBroker, LongshoreWorker, Outcome, await_until, connectors};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_waits_for_its_broker_and_outlives_it() -> Outcome {
    let mut broker = quick_groups_broker().await?;
    broker.stop().await?;
    let properties = distributed_properties(&broker.bootstrap(), "patient");
    let worker = LongshoreWorker::distributed(properties)?.start_unready()?;
    await_until(SOON, "the worker to say that its broker is away", async || {
        lines_about_the_broker(&worker, &broker) > 0
    })
    .await?;
    let health = worker.rest().get("/health").await?.expect_status(503)?.json()?;
    assert_eq!(health["status"], "starting", "{health}");

    broker.restart().await?;
    await_until(SOON, "the worker to be healthy", async || worker.rest().answers("/health").await).await?;
    let bystanders = Bystanders::start(worker.rest())
        .await
        .map_err(|failure| Failure::new(format!("{failure}\n{}", worker.logs())))?;

    let said_before = lines_about_the_broker(&worker, &broker);
    broker.kill()?;
    // What is known here is still told while the broker is away, and nothing is called failed.
    let names = worker.rest().get("/connectors").await?.expect_status(200)?.json()?;
    for name in names.as_array().into_iter().flatten().filter_map(|name| name.as_str()) {
        let status = connectors::status(worker.rest(), name).await?;
        assert_eq!(
            (&status["connector"]["state"], &status["tasks"][0]["state"]),
            (&"RUNNING".into(), &"RUNNING".into())
        );
    }
    await_until(SOON, "the worker to say that its broker is away", async || {
        lines_about_the_broker(&worker, &broker) > said_before
    })
    .await
    .map_err(|failure| Failure::new(format!("{failure}\n{}", worker.logs())))?;
    broker.restart().await?;
    bystanders.move_on().await.map_err(|failure| Failure::new(format!("{failure}\n{}", worker.logs())))
}

fn lines_about_the_broker(worker: &LongshoreWorker, broker: &KafkaBroker) -> usize {
    worker
        .logs()
        .lines()
        .filter(|line| line.contains(&format!("Kafka at {} is not answering", broker.bootstrap())))
        .count()
}
