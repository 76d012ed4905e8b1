//! What every sink promises.
//!
//! A "kill" here is what a process's death leaves: the task is dropped without `close` and `stop`, and the records
//! after the offsets of the last `flush` come again.
mod configuration;
mod life;
mod outage;
mod partitions;
mod records;
mod writing;

pub use configuration::{
    documentation_is_complete, each_required_key_is_checked, rejects_wrong_types_with_kafkas_sentence,
    secret_never_appears, waivers_name_promises_and_give_reasons,
};
pub use outage::outage_is_retriable_then_recovers;
pub use partitions::{order_within_partition_is_kept, rebalance_open_close_keeps_writers_apart};
pub use records::{
    every_value_type_round_trips, rejects_the_bad_record_and_writes_the_others, tombstone_follows_configuration,
};
pub use writing::{
    empty_put_is_harmless, flush_covers_everything_accepted, kill_after_put_before_flush_loses_nothing,
    put_is_repeatable, starts_and_stops_twice_leaving_no_task_or_socket,
};

/// The names of all promises of a sink.
pub const PROMISES: &[&str] = crate::sink_promises! { names {} };
