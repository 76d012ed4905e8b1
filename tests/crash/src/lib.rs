//! Promises kept when the worker is killed, and when its broker goes away.
//!
//! A [`Voyage`] is a worker on a real broker with three connectors under load, each numbered so that a loss, a torn
//! line or an offset that ran ahead can be told from the data alone. Tests do harm to it and then ask it to
//! [arrive](Voyage::arrive).

mod generated;
mod lines;
mod produced;
mod voyage;

pub use voyage::Voyage;

use longshore_support::cache::setting;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The seed of this run: `$LONGSHORE_SEED`, or one of its own. It is printed, so that a run can be had again.
pub fn seeded() -> StdRng {
    let seed = setting("LONGSHORE_SEED").and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("LONGSHORE_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// `quick`, or `long` when `$LONGSHORE_CAMPAIGN` is set.
pub fn by_patience(quick: u32, long: u32) -> u32 {
    if setting("LONGSHORE_CAMPAIGN").is_some() { long } else { quick }
}
