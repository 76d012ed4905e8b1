//! The worker is killed again and again while it moves data.

use longshore_crash::{Voyage, by_patience, seeded};
use longshore_support::Outcome;
use rand::Rng;
use std::time::Duration;

/// Records of each generator task: enough to last through half of twenty kills.
const GENERATED: u64 = 30_000;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing_and_no_offset_runs_ahead_of_its_data() -> Outcome {
    let mut random = seeded();
    let mut voyage = Voyage::start(GENERATED, random.random()).await?;
    for kill in 0..by_patience(20, 400) {
        // Every fourth kill comes at any time, also while the worker is still starting its tasks.
        if kill % 4 != 3 {
            voyage.await_moving().await?;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..700))).await;
        voyage.kill_worker().await?;
    }
    voyage.arrive().await
}
