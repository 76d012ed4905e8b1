//! What to do with a record that cannot be moved: `errors.*`, decided in one place.
//!
//! Invariant 6: a record is delivered, or filtered, or reported with its stage; it is never dropped in silence.
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};

use super::stage::Failure;
use crate::backoff::Backoff;
use crate::herder::ConnectorTaskId;

/// What becomes of a failed record.
#[derive(Debug)]
#[must_use = "a failed record is either tolerated and reported, or it stops the task"]
pub enum Outcome {
    /// It was reported; go on without it.
    Tolerated,
    /// The task stops with this error.
    Fail(ConnectError),
}

/// The `errors.*` keys of one connector.
#[derive(Debug, Clone)]
pub struct ErrorTolerance {
    task: ConnectorTaskId,
    tolerate_all: bool,
    log: bool,
    retry_timeout: Option<Duration>,
    retry_delay_max: Duration,
}

impl ErrorTolerance {
    /// Reads the keys; they were validated before.
    pub fn from_props(task: ConnectorTaskId, props: &Props) -> Self {
        let text = |key: &str| props.get(key).map_or("", |v| v.trim());
        let ms = |key: &str, default: i64| text(key).parse::<i64>().unwrap_or(default);
        let timeout_ms = ms("errors.retry.timeout", 0);
        Self {
            task,
            tolerate_all: text("errors.tolerance").eq_ignore_ascii_case("all"),
            log: text("errors.log.enable").eq_ignore_ascii_case("true"),
            // -1 retries for ever.
            retry_timeout: u64::try_from(timeout_ms).ok().map(Duration::from_millis),
            retry_delay_max: Duration::from_millis(ms("errors.retry.delay.max.ms", 60_000).unsigned_abs()),
        }
    }

    /// Whether records may be skipped.
    pub fn tolerates(&self) -> bool {
        self.tolerate_all
    }

    /// Whether retriable failures of converters and transformations are tried again at all.
    pub fn retries(&self) -> bool {
        self.retry_timeout != Some(Duration::ZERO)
    }

    /// How long to wait before trying a record again that failed `since` ago; `None` when its time is over.
    pub fn retry_delay(&self, backoff: &mut Backoff, since: Duration) -> Option<Duration> {
        let left = match self.retry_timeout {
            None => Duration::MAX,
            Some(timeout) => timeout.checked_sub(since).filter(|left| !left.is_zero())?,
        };
        Some(backoff.next_delay().min(self.retry_delay_max).min(left))
    }

    /// A fresh back-off for one record.
    pub fn backoff(&self) -> Backoff {
        Backoff::new(Duration::from_millis(300), self.retry_delay_max)
    }

    /// Reports a failure and decides about the task.
    pub fn decide(&self, failure: Failure) -> Outcome {
        let fatal = matches!(failure.error, ConnectError::Fatal { .. });
        if self.tolerate_all && !fatal {
            if self.log {
                tracing::error!(connector = %self.task.connector, task = self.task.task, "Skipped a record: {failure}");
            }
            return Outcome::Tolerated;
        }
        if self.log {
            tracing::error!(connector = %self.task.connector, task = self.task.task, "A record failed: {failure}");
        }
        let advice = if fatal { "" } else { " Set errors.tolerance=all to skip such records." };
        let sentence = format!("Tolerance exceeded in error handler: {failure}.{advice}");
        Outcome::Fail(ConnectError::fatal(sentence))
    }
}

impl Outcome {
    /// The task's error, where there is one.
    ///
    /// # Errors
    /// The error the task stops with.
    pub fn into_result(self) -> Result<()> {
        match self {
            Self::Tolerated => Ok(()),
            Self::Fail(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use longshore_api::record::TopicPartition;

    use super::super::stage::Stage;
    use super::*;

    fn tolerance(pairs: &[(&str, &str)]) -> ErrorTolerance {
        let props = pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        ErrorTolerance::from_props(ConnectorTaskId::new("c", 0), &props)
    }

    fn failure(error: ConnectError) -> Failure {
        Failure::new(Stage::ValueConverter, "JsonConverter", error).of_consumed(&TopicPartition::new("t", 2), 7)
    }

    #[test]
    fn none_fails_with_the_whole_story_and_all_goes_on() {
        let Outcome::Fail(error) = tolerance(&[]).decide(failure(ConnectError::data("not JSON"))) else {
            panic!("must fail")
        };
        assert_eq!(
            error.to_string(),
            "Tolerance exceeded in error handler: not JSON in stage VALUE_CONVERTER (JsonConverter), record at topic t, \
             partition 2, offset 7. Set errors.tolerance=all to skip such records."
        );
        let all = tolerance(&[("errors.tolerance", "all")]);
        assert!(matches!(all.decide(failure(ConnectError::data("x"))), Outcome::Tolerated));
        assert!(matches!(all.decide(failure(ConnectError::fatal("x"))), Outcome::Fail(_)));
    }

    #[test]
    fn retries_end_with_their_timeout() {
        let never = tolerance(&[]);
        assert!(!never.retries());
        let some = tolerance(&[("errors.retry.timeout", "1000"), ("errors.retry.delay.max.ms", "100")]);
        let mut backoff = some.backoff();
        for _ in 0..5 {
            assert!(some.retry_delay(&mut backoff, Duration::ZERO).unwrap() <= Duration::from_millis(100));
        }
        assert_eq!(some.retry_delay(&mut backoff, Duration::from_secs(1)), None);
        let forever = tolerance(&[("errors.retry.timeout", "-1")]);
        assert!(forever.retry_delay(&mut backoff, Duration::from_secs(1_000_000)).is_some());
    }
}
