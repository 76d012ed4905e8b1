//! Waiting for a condition instead of for a time.

use crate::{Failure, Outcome, fail};
use std::time::{Duration, Instant};

/// Pause between two looks at a condition. Short, since most conditions are a loopback call.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until `condition` is true; fails after `deadline` with what was awaited.
pub async fn await_until(deadline: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) -> Outcome {
    await_some(deadline, what, async || condition().await.then_some(())).await
}

/// Looks again and again until `look` finds something and returns it; fails after `deadline`.
///
/// A look that hangs is cut off at the deadline too.
pub async fn await_some<T>(deadline: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> Outcome<T> {
    let started = Instant::now();
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(deadline, looking).await {
        Ok(found) => Ok(found),
        Err(_) => fail!("waited {:.1} s in vain for: {what}", started.elapsed().as_secs_f64()),
    }
}

/// Runs `step` until it succeeds; after `deadline` fails with the last failure it gave.
pub async fn await_ok<T>(deadline: Duration, what: &str, mut step: impl AsyncFnMut() -> Outcome<T>) -> Outcome<T> {
    let mut last = None;
    let found = await_some(deadline, what, async || match step().await {
        Ok(found) => Some(found),
        Err(failure) => {
            last = Some(failure);
            None
        }
    })
    .await;
    found.map_err(|timeout| match last {
        Some(last) => Failure::new(format!("{timeout}; the last try said: {last}")),
        None => timeout,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn returns_as_soon_as_the_condition_holds() -> Outcome {
        let mut looks = 0;
        await_until(Duration::from_secs(5), "the third look", async || {
            looks += 1;
            looks == 3
        })
        .await?;
        assert_eq!(looks, 3);
        Ok(())
    }

    #[tokio::test]
    async fn a_condition_that_never_holds_is_named() {
        let failure =
            await_until(Duration::from_millis(60), "pigs to fly", async || false).await.unwrap_err().to_string();
        assert!(failure.contains("pigs to fly"), "{failure}");
    }

    #[tokio::test]
    async fn a_look_that_hangs_is_cut_off() {
        let hanging = await_until(Duration::from_millis(60), "an answer", std::future::pending::<bool>);
        assert!(hanging.await.is_err());
    }

    #[tokio::test]
    async fn the_last_failure_is_told() {
        let failure = await_ok::<()>(Duration::from_millis(60), "a miracle", async || fail!("not today"))
            .await
            .unwrap_err()
            .to_string();
        assert!(failure.contains("a miracle") && failure.contains("not today"), "{failure}");
    }
}
