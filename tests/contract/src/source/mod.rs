//! What every source promises.
//!
//! A "kill" here is what a process's death leaves: the task is dropped without `stop`, and of the records it handed
//! over only those count as delivered whose offsets were stored.
mod configuration;
mod life;
mod outage;
mod position;
mod reading;
mod rest;

pub use configuration::{
    documentation_is_complete, each_required_key_is_checked, rejects_wrong_types_with_kafkas_sentence,
    secret_never_appears, waivers_name_promises_and_give_reasons,
};
pub use outage::outage_is_retriable_then_recovers;
pub use position::{
    commit_comes_after_durability, kill_repeats_but_never_skips, offsets_are_primitive_json,
    resumes_after_stored_offset,
};
pub use reading::{order_within_partition_is_kept, poll_is_cancel_safe, poll_without_events_waits_and_can_be_dropped};
pub use rest::{pause_keeps_the_position, resume_continues, starts_and_stops_twice_leaving_no_task_or_socket};

/// The names of all promises of a source.
pub const PROMISES: &[&str] = crate::source_promises! { names {} };
