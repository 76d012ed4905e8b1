//! Calls of a task, each with a deadline, a partly driven future, and words for what went wrong.
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use longshore_api::error::{ConnectError, Result};

use crate::Outcome;

/// The result of a call that must end in time and well.
pub(crate) async fn within<T>(patience: Duration, what: &str, call: impl Future<Output = Result<T>>) -> Outcome<T> {
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("{what} failed: {}", words(&error))),
        Err(_) => Err(format!("{what} did not end within {patience:?}")),
    }
}

/// The error's answer and its chain.
pub(crate) fn words(error: &ConnectError) -> String {
    let answer = match error {
        ConnectError::Retriable { .. } => "retriable",
        ConnectError::Data { .. } => "data",
        ConnectError::Fatal { .. } => "fatal",
        _ => "other",
    };
    format!("{answer} error, {}", error.chain())
}

/// Drives a future until it is ready, was found pending `times` times, or `patience` is over; then drops it.
///
/// With one, two, three … times the drop falls on one await after the other.
pub(crate) async fn poll_then_drop<T>(future: impl Future<Output = T>, times: usize, patience: Duration) -> Option<T> {
    let mut future = pin!(future);
    let mut pending = 0;
    let driven = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => {
            pending += 1;
            if pending == times { Poll::Ready(None) } else { Poll::Pending }
        }
    });
    tokio::time::timeout(patience, driven).await.ok().flatten()
}
