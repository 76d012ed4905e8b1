//! How the process is told to stop: SIGINT (Ctrl-C) or SIGTERM. A second signal ends it at once.
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for signals from the moment it is made.
pub(crate) struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Signals {
    pub(crate) fn listen() -> Self {
        Self { interrupt: signal(SignalKind::interrupt()).ok(), terminate: signal(SignalKind::terminate()).ok() }
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            () = next(&mut self.interrupt) => {}
            () = next(&mut self.terminate) => {}
        }
    }

    /// Does the work of stopping, unless another signal says that it takes too long.
    pub(crate) async fn unless_again(&mut self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = self.next() => tracing::warn!("Asked again to stop: leaving at once."),
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
