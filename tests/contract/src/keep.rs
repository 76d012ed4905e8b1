//! Runs one promise as a test: its own runtime, its waiver, its verdict.
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::harness::{SinkHarness, SourceHarness};
use crate::{Outcome, alone};

/// The one promise that counts what a whole process holds.
const NEEDS_OWN_PROCESS: &str = "starts_and_stops_twice_leaving_no_task_or_socket";

/// Keeps a promise of a source, or panics with what happened instead. `at` is the test's full path.
pub fn source<H: SourceHarness>(name: &str, at: &str, promise: impl AsyncFn(&mut H) -> Outcome) {
    let run = || block_on(H::VIRTUAL_TIME, async { promise(&mut H::set_up().await?).await });
    judge(name, at, H::WAIVERS, run);
}

/// Keeps a promise of a sink, or panics with what happened instead. `at` is the test's full path.
pub fn sink<H: SinkHarness>(name: &str, at: &str, promise: impl AsyncFn(&mut H) -> Outcome) {
    let run = || block_on(H::VIRTUAL_TIME, async { promise(&mut H::set_up().await?).await });
    judge(name, at, H::WAIVERS, run);
}

/// Runs a promise to its end on a runtime of its own. A panic breaks the promise.
///
/// # Errors
/// What happened instead of what was promised.
pub fn block_on(virtual_time: bool, promise: impl Future<Output = Outcome>) -> Outcome {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // Idle threads of the pool for blocking calls are no leak; they shall be gone before somebody counts.
    let runtime = runtime.enable_all().start_paused(virtual_time).thread_keep_alive(Duration::from_millis(10));
    let runtime = runtime.build().map_err(|error| format!("cannot build a runtime: {error}"))?;
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(promise)));
    // A connector that left a blocking call behind must not hold the suite up.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|panic| Err(format!("it panicked: {}", said(&panic))))
}

/// Why a promise is not kept, in the words of its panic.
fn said(panic: &Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("(no words)").to_string()
}

fn judge(name: &str, at: &str, waivers: &[(&str, &str)], run: impl FnOnce() -> Outcome) {
    let outcome = if name == NEEDS_OWN_PROCESS { alone::run(at, run) } else { run() };
    let waiver = waivers.iter().find(|(waived, _)| *waived == name).map(|(_, reason)| *reason);
    match (waiver, outcome) {
        (None, Ok(())) => {}
        (None, Err(what)) => panic!("{name}: {what}"),
        (Some(reason), Err(what)) => println!("waived: {name}, because {reason} (it says: {what})"),
        (Some(_), Ok(())) => panic!("{name} is kept; take its waiver away"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIVERS: &[(&str, &str)] = &[("resume_continues", "the system has no pause")];

    #[test]
    fn a_waived_promise_may_be_broken_and_a_kept_one_needs_no_waiver() {
        judge("resume_continues", "a::b", WAIVERS, || Err("it did not".into()));
        let stale = catch_unwind(|| judge("resume_continues", "a::b", WAIVERS, || Ok(()))).unwrap_err();
        assert!(said(&stale).contains("take its waiver away"));
        let broken =
            catch_unwind(|| judge("poll_is_cancel_safe", "a::b", WAIVERS, || Err("lost 7".into()))).unwrap_err();
        assert_eq!(said(&broken), "poll_is_cancel_safe: lost 7");
        judge("poll_is_cancel_safe", "a::b", WAIVERS, || Ok(()));
    }

    #[test]
    fn a_panic_breaks_a_promise_in_its_own_words() {
        let outcome = block_on(true, async { panic!("over here") });
        assert_eq!(outcome, Err("it panicked: over here".into()));
    }
}
