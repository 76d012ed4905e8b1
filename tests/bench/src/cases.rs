//! What is measured. Each case runs both workers in turn and reports every run.

pub(crate) mod sink;
pub(crate) mod source;
pub(crate) mod start;

use longshore_support::{Outcome, fail};
use std::io::Write;
use std::time::{Duration, Instant};

/// No run takes longer on any machine that is worth measuring.
const RUN_DEADLINE: Duration = Duration::from_secs(600);
/// Between two looks at what came out.
const LOOK: Duration = Duration::from_millis(20);

/// What all cases share.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The broker.
    pub(crate) bootstrap: String,
    /// How often each worker runs.
    pub(crate) rounds: u32,
    /// How many records a run moves.
    pub(crate) records: u64,
}

/// Waits until `look` finds as many as wanted.
async fn watch(wanted: u64, mut look: impl AsyncFnMut() -> Outcome<u64>) -> Outcome {
    let started = Instant::now();
    loop {
        let found = look().await?;
        if found >= wanted {
            return Ok(());
        }
        if started.elapsed() > RUN_DEADLINE {
            return fail!("after {} s only {found} of {wanted} came out", RUN_DEADLINE.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells the person at the terminal how far it is.
fn progress(what: &str) {
    eprintln!("{what}");
}

/// Record `number` as JSON of about 200 bytes, always equally long, so that the length of a file tells how many it has.
pub(crate) fn line(number: u64, out: &mut Vec<u8>) {
    let (id, price) = (100_000_000 + number, 10_000 + number % 90_000);
    // Writing into memory does not fail.
    let _ = write!(
        out,
        "{{\"id\":{id},\"symbol\":\"LNGS\",\"price\":{price},\"quantity\":{},\"side\":\"BUY\",\"open\":true,\
         \"account\":\"account-{id}\",\"venue\":\"Rotterdam\",\"comment\":\"a record of about two hundred bytes, as usual\"}}",
        100 + number % 900
    );
}
