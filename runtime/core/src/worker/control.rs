//! How a running task is told what to do.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::herder::TargetState;

/// The herder's end.
#[derive(Debug, Clone)]
pub struct TaskHandle {
    stop: CancellationToken,
    target: watch::Sender<TargetState>,
    abandoned: Arc<AtomicBool>,
}

/// The task's end.
#[derive(Debug, Clone)]
pub struct Control {
    stop: CancellationToken,
    target: watch::Receiver<TargetState>,
    abandoned: Arc<AtomicBool>,
}

impl TaskHandle {
    /// Both ends for a task that starts in `target`.
    pub fn new(target: TargetState) -> (Self, Control) {
        let (sender, receiver) = watch::channel(target);
        let (stop, abandoned) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let control = Control { stop: stop.clone(), target: receiver, abandoned: Arc::clone(&abandoned) };
        (Self { stop, target: sender, abandoned }, control)
    }

    /// Asks the task to finish.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Pauses or resumes it.
    pub fn set_target(&self, target: TargetState) {
        self.target.send_replace(target);
    }

    /// Gives up on a task that did not finish in time: whatever it still does, it must not store offsets.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
    }
}

impl Control {
    /// Waits until the task shall finish. Cancel-safe.
    pub fn stopped(&self) -> impl Future<Output = ()> + use<> {
        self.stop.clone().cancelled_owned()
    }

    /// Whether the task shall finish.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the task shall move data.
    pub fn is_started(&self) -> bool {
        *self.target.borrow() == TargetState::Started
    }

    /// Waits for another target state than the one seen last. Cancel-safe.
    pub async fn target_changed(&mut self) {
        if self.target.changed().await.is_err() {
            // The herder is gone: it will not change any more.
            std::future::pending::<()>().await;
        }
    }

    /// Whether the herder gave up on this task.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::SeqCst)
    }
}
