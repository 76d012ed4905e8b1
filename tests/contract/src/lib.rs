//! The suite that every connector is run through, ours and everybody's.
//!
//! A connector's author writes a harness, which makes events happen in the system outside, and one line:
//!
//! ```text
//! longshore_contract::source_contract!(JournalHarness);
//! ```
//!
//! It expands to one test per promise, in a module `source_contract` (or `sink_contract`), so a file with two sources
//! gives each a module of its own. The names are the specification. Every test runs the connector through the
//! erased rows that the worker uses, so what is tested is what runs. `tests/mutants.rs` holds a wrong connector for
//! each promise and shows that the promise notices.
//!
//! A promise that a connector cannot keep is waived by name and with a reason in its harness. A waiver that is no
//! longer needed fails, so the list can only shrink.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod alone;
mod call;
pub mod configuration;
mod harness;
pub mod keep;
pub mod readme;
pub mod sink;
pub mod source;
mod stored;

pub use harness::{Entry, SinkHarness, SourceClass, SourceHarness, Tombstone};

/// Whether a promise is kept; if not, what happened instead.
pub type Outcome<T = ()> = Result<T, String>;

/// One test per promise of a source connector, for the harness of the given type.
#[macro_export]
macro_rules! source_contract {
    ($harness:ty) => {
        mod source_contract {
            use super::*;
            $crate::source_promises! { promises { source, $harness: } }
        }
    };
}

/// One test per promise of a sink connector, for the harness of the given type.
#[macro_export]
macro_rules! sink_contract {
    ($harness:ty) => {
        mod sink_contract {
            use super::*;
            $crate::sink_promises! { promises { sink, $harness: } }
        }
    };
}

/// The promises of a source, handed to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! source_promises {
    ($callback:ident { $($head:tt)* }) => {
        $crate::$callback! {
            $($head)*
            each_required_key_is_checked
            rejects_wrong_types_with_kafkas_sentence
            starts_and_stops_twice_leaving_no_task_or_socket
            poll_without_events_waits_and_can_be_dropped
            poll_is_cancel_safe
            resumes_after_stored_offset
            kill_repeats_but_never_skips
            commit_comes_after_durability
            pause_keeps_the_position
            resume_continues
            order_within_partition_is_kept
            outage_is_retriable_then_recovers
            offsets_are_primitive_json
            secret_never_appears
            documentation_is_complete
            waivers_name_promises_and_give_reasons
        }
    };
}

/// The promises of a sink, handed to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! sink_promises {
    ($callback:ident { $($head:tt)* }) => {
        $crate::$callback! {
            $($head)*
            each_required_key_is_checked
            rejects_wrong_types_with_kafkas_sentence
            starts_and_stops_twice_leaving_no_task_or_socket
            empty_put_is_harmless
            put_is_repeatable
            flush_covers_everything_accepted
            kill_after_put_before_flush_loses_nothing
            rejects_the_bad_record_and_writes_the_others
            outage_is_retriable_then_recovers
            order_within_partition_is_kept
            tombstone_follows_configuration
            rebalance_open_close_keeps_writers_apart
            every_value_type_round_trips
            secret_never_appears
            documentation_is_complete
            waivers_name_promises_and_give_reasons
        }
    };
}

/// The tests themselves.
#[doc(hidden)]
#[macro_export]
macro_rules! promises {
    ($kind:ident, $harness:ty: $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let at = concat!(module_path!(), "::", stringify!($name));
                $crate::keep::$kind::<$harness>(stringify!($name), at, $crate::$kind::$name::<$harness>);
            }
        )*
    };
}

/// The names of promises.
#[doc(hidden)]
#[macro_export]
macro_rules! names {
    ($($name:ident)*) => {
        &[$(stringify!($name)),*]
    };
}
