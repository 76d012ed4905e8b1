//! Three answers to "what should the worker do now?", and nothing else.
//!
//! What happened is in the source chain; the variant only decides. The worker adds what a plugin cannot know:
//! connector, task, stage, topic-partition-offset and attempt.
use std::time::Duration;

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A result whose error tells the worker what to do.
pub type Result<T, E = ConnectError> = std::result::Result<T, E>;

/// What a failed call means for the task.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The same call may succeed later: lost connections, time-outs, overload. The worker backs off and calls again.
    #[error("{source}")]
    Retriable {
        /// What happened.
        source: BoxError,
        /// The wait the other side asked for, if it did (such as an HTTP `Retry-After`).
        after: Option<Duration>,
    },
    /// One record can never succeed. The worker applies `errors.tolerance`.
    #[error("{source}")]
    Data {
        /// What is wrong with the record.
        source: BoxError,
    },
    /// The task cannot go on. The worker marks it FAILED and keeps the sentence as its trace.
    #[error("{source}")]
    Fatal {
        /// What happened, and what the user should do about it.
        source: BoxError,
    },
}

impl ConnectError {
    /// The same call may succeed later.
    pub fn retriable(error: impl Into<BoxError>) -> Self {
        Self::Retriable { source: error.into(), after: None }
    }

    /// The same call may succeed once `after` has passed.
    pub fn retriable_after(error: impl Into<BoxError>, after: Duration) -> Self {
        Self::Retriable { source: error.into(), after: Some(after) }
    }

    /// This record can never succeed.
    pub fn data(error: impl Into<BoxError>) -> Self {
        Self::Data { source: error.into() }
    }

    /// The task cannot go on.
    pub fn fatal(error: impl Into<BoxError>) -> Self {
        Self::Fatal { source: error.into() }
    }

    /// Whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Retriable { .. })
    }

    /// The whole chain of causes in one line, outermost first.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self).and_then(std::error::Error::source);
        while let Some(error) = cause {
            let next = error.to_string();
            if !text.contains(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the log")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn chain_names_every_cause_once() {
        let error = ConnectError::fatal(Outer(std::io::Error::other("disk on fire")));
        assert_eq!(error.chain(), "cannot open the log: disk on fire");
        assert_eq!(ConnectError::data("bad").chain(), "bad");
    }
}
