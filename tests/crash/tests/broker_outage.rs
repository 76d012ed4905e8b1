//! The broker is killed, restarted and frozen while the worker moves data.

use longshore_crash::{Voyage, by_patience, seeded};
use longshore_support::Outcome;
use rand::Rng;
use std::time::Duration;

const GENERATED: u64 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_or_freezes_in_mid_flight_costs_nothing() -> Outcome {
    let mut random = seeded();
    let mut voyage = Voyage::start(GENERATED, random.random()).await?;
    for _ in 0..by_patience(1, 20) {
        voyage.await_moving().await?;
        voyage.broker.kill()?;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..1500))).await;
        voyage.broker.restart().await?;

        voyage.await_moving().await?;
        voyage.broker.pause()?;
        tokio::time::sleep(Duration::from_millis(random.random_range(2_000..4_000))).await;
        voyage.broker.resume()?;
    }
    voyage.await_moving().await?;
    assert!(voyage.worker.is_running());
    voyage.arrive().await
}
