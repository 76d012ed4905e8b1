//! The suite is worth what it catches: each promise is kept by a correct connector and broken by a wrong one.
//!
//! The correct connectors run through the macros, as everybody's do. Each test below puts one fault into them and
//! shows that the promise of its name notices.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "mutants/journal.rs"]
mod journal;
#[path = "mutants/mutation.rs"]
mod mutation;
#[path = "mutants/shelf.rs"]
mod shelf;

use journal::JournalHarness;
use longshore_contract::configuration::waivers_are_sound;
use longshore_contract::{Outcome, alone, keep, sink, sink_contract, source, source_contract};
use mutation::Mutation;
use shelf::ShelfHarness;

source_contract!(JournalHarness);
sink_contract!(ShelfHarness);

/// One test per promise: the promise is broken by each of the faults, with words that say so.
macro_rules! notices {
    ($module:ident, $kind:ident, $harness:ident: $($promise:ident { $($fault:ident: $words:literal),+ $(,)? })*) => {
        mod $module {
            use super::*;
            /// Which promises have a fault here.
            pub(super) const TRIED: &[&str] = &[$(stringify!($promise)),*];
            $(
                #[test]
                fn $promise() {
                    $(
                        let mut harness = $harness::with(Mutation::$fault);
                        let outcome = keep::block_on(true, $kind::$promise(&mut harness));
                        must_notice(stringify!($fault), outcome, $words);
                    )+
                }
            )*
        }
    };
}

fn must_notice(fault: &str, outcome: Outcome, words: &str) {
    match outcome {
        Ok(()) => panic!("nobody noticed {fault}"),
        Err(what) => assert!(what.contains(words), "{fault} was noticed as: {what}"),
    }
}

notices! { of_a_source, source, JournalHarness:
    each_required_key_is_checked { RequiredKeyIgnored: "a task started although Missing required configuration \"topic\"" }
    rejects_wrong_types_with_kafkas_sentence { WrongTypeIgnored: "a task started although Invalid value" }
    poll_without_events_waits_and_can_be_dropped {
        Spins: "poll spins",
        InventsEvents: "without events came [2]",
        DeafAfterDrop: "after a dropped poll only 0 of 1 events came",
    }
    poll_is_cancel_safe { MovesBeforeAwait: "after dropped polls only 0 of 34 events came" }
    resumes_after_stored_offset {
        ResumesTooFar: "after the stored events {0, 1, 2, 3, 4}: only 3 of 5 events came",
        IgnoresStoredOffset: "expected the events [5, 6, 7, 8, 9]",
        OffsetOfBatch: "after the stored events",
    }
    kill_repeats_but_never_skips {
        OffsetOfBatch: "events are missing",
        ResumesTooFar: "events are missing",
    }
    commit_comes_after_durability { ForgetsWhatWasRead: "before anything was committed" }
    pause_keeps_the_position { TurnsBack: "with pauses in between" }
    resume_continues { SleepsThroughPause: "after the pause only 0 of 4 events came" }
    order_within_partition_is_kept { Reversed: "came after" }
    outage_is_retriable_then_recovers { OutageIsFatal: "the outage is a fatal error" }
    offsets_are_primitive_json { OddNumber: "another kind of number" }
    secret_never_appears {
        TellsPassword: "a secret appears in the error of the start",
        LogsPassword: "a secret appears in the log",
    }
}

notices! { of_a_sink, sink, ShelfHarness:
    each_required_key_is_checked { RequiredKeyIgnored: "a task started although Missing required configuration \"topic\"" }
    rejects_wrong_types_with_kafkas_sentence { WrongTypeIgnored: "a task started although Invalid value" }
    empty_put_is_harmless { ChokesOnNothing: "put failed: fatal error" }
    put_is_repeatable { RefusesRepeats: "the second time, put failed" }
    flush_covers_everything_accepted { FlushLies: "is not in the target" }
    kill_after_put_before_flush_loses_nothing {
        NotesTooEarly: "is not in the target",
        FlushLies: "is not in the target",
    }
    rejects_the_bad_record_and_writes_the_others {
        RejectsWholeBatch: "put with a bad record failed: data error",
        StopsAtBadRecord: "event 3 is not in the target",
    }
    outage_is_retriable_then_recovers {
        OutageIsFatal: "the outage is a fatal error",
        OutageSwallows: "durable",
    }
    order_within_partition_is_kept { WritesBackwards: "stands after" }
    tombstone_follows_configuration { LosesTombstones: "null values should be Written" }
    rebalance_open_close_keeps_writers_apart { OpenEmpties: "is not in the target" }
    every_value_type_round_trips {
        LosesOddTypes: "a value of type float32: the target should hold",
        PanicsOnDecimal: "it panicked: a decimal",
    }
    secret_never_appears {
        TellsPassword: "a secret appears in the error of the start",
        LogsPassword: "a secret appears in the log",
    }
}

/// What is left behind can be counted only where nothing else runs.
macro_rules! leavings {
    ($($test:ident: $kind:ident, $harness:ident, $fault:ident, $words:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let outcome = alone::run(concat!(module_path!(), "::", stringify!($test)), || {
                    let mut harness = $harness::with(Mutation::$fault);
                    let promise = $kind::starts_and_stops_twice_leaving_no_task_or_socket(&mut harness);
                    keep::block_on(true, promise)
                });
                must_notice(stringify!($fault), outcome, $words);
            }
        )*
    };
}

leavings! {
    a_task_that_a_source_left_is_found: source, JournalHarness, LeavesTask, "after two stops left behind: 2 runtime task(s)";
    a_socket_that_a_source_left_is_found: source, JournalHarness, LeavesSocket, "open file or socket socket:";
    a_thread_that_a_source_left_is_found: source, JournalHarness, LeavesThread, "2 thread(s)";
    a_task_that_a_sink_left_is_found: sink, ShelfHarness, LeavesTask, "after two stops left behind: 2 runtime task(s)";
    a_socket_that_a_sink_left_is_found: sink, ShelfHarness, LeavesSocket, "open file or socket socket:";
}

#[test]
fn a_key_without_a_sentence_and_an_open_secret_are_found() {
    use longshore_api::config::{ConfigDef, ConfigKey, ConfigType, Default, Importance};
    use longshore_api::plugin::{ConnectorPlugin, SourcePlugin};
    use longshore_contract::{SourceHarness, configuration::Subject};

    fn one_key(name: &'static str, ty: ConfigType, text: &'static str) -> ConfigDef {
        ConfigDef::new(vec![ConfigKey::new(name, ty, Default::Null, Importance::Low, text)])
    }
    let subject = |config_def: fn() -> ConfigDef| Subject {
        plugin: ConnectorPlugin::Source(SourcePlugin { config_def, ..SourcePlugin::of::<journal::JournalSource>() }),
        props: JournalHarness::with(Mutation::None).config(),
        readme: JournalHarness::README,
        patience: JournalHarness::PATIENCE,
    };
    let undocumented = subject(|| one_key("journal", ConfigType::Int, ""));
    must_notice("no sentence", undocumented.documentation_is_complete(), "explained by no sentence");
    let open = subject(|| one_key("my.password", ConfigType::String, "In the open."));
    must_notice("open secret", keep::block_on(true, open.secret_never_appears()), "sounds like a secret");
}

#[test]
fn waivers_that_name_nothing_or_give_no_reason_are_found() {
    let check = |waivers| waivers_are_sound(waivers, source::PROMISES);
    assert!(check(&[("resume_continues", "the system has no pause")]).is_ok());
    must_notice("unknown", check(&[("resumes_sometimes", "for a good reason")]), "names no promise");
    must_notice("no reason", check(&[("resume_continues", "because")]), "gives no reason");
}

#[test]
fn no_promise_goes_without_a_fault() {
    // These have faults of their own above.
    let elsewhere = [
        "starts_and_stops_twice_leaving_no_task_or_socket",
        "documentation_is_complete",
        "waivers_name_promises_and_give_reasons",
    ];
    for (promises, tried) in [(source::PROMISES, of_a_source::TRIED), (sink::PROMISES, of_a_sink::TRIED)] {
        let untried: Vec<_> = promises.iter().filter(|promise| !tried.contains(promise)).collect();
        assert_eq!(untried, elsewhere.iter().collect::<Vec<_>>());
    }
}
