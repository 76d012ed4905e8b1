//! When records are due: each a random whole number of milliseconds, below the interval, after the one before.
//!
//! Records whose time has come go out together, so short intervals keep their mean whatever the timer's grain. Waits
//! are no part of the data: they differ from run to run even with a seed.
use std::time::Duration;

use tokio::time::Instant;

use crate::generator::{Random, fresh_seed};

/// A task further behind than this (it was paused, or its topic was slow) does not catch up.
const MAX_DELAY: Duration = Duration::from_millis(200);

/// The schedule of one task.
#[derive(Debug)]
pub(crate) struct Pace {
    interval_ms: u64,
    waits: Random,
    due: Instant,
}

impl Pace {
    /// A schedule whose first record is due a wait from now.
    pub(crate) fn new(interval_ms: u64) -> Self {
        let mut pace = Self { interval_ms, waits: Random::of_record(fresh_seed(), 0), due: Instant::now() };
        pace.advance();
        pace
    }

    /// When the next record is due.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// How many records are due by now, at most `most`; they count as sent.
    pub(crate) fn take_due(&mut self, most: usize) -> usize {
        let now = Instant::now();
        if now.saturating_duration_since(self.due) > MAX_DELAY {
            self.due = now;
        }
        let mut count = 0;
        while self.due <= now && count < most {
            count += 1;
            self.advance();
        }
        count
    }

    fn advance(&mut self) {
        self.due += Duration::from_millis(self.waits.below(self.interval_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_have_the_mean_of_half_the_interval() {
        let (start, mut pace, mut sent) = (Instant::now(), Pace::new(20), 0);
        while start.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep_until(pace.due()).await;
            sent += pace.take_due(1000);
        }
        // Whole milliseconds from 0 to 19: 9.5 on average.
        assert!((6000..6650).contains(&sent), "{sent}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_of_one_never_waits_and_a_pause_is_not_caught_up() {
        assert_eq!(Pace::new(1).take_due(1000), 1000);
        let mut pace = Pace::new(1000);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(pace.take_due(1000) <= 20);
    }
}
