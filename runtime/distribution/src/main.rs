//! The `longshore` binary: the list of what ships. A worker of one's own is this file with other lines.
use std::process::ExitCode;

use longshore_api::plugin::Plugins;

/// Also takes the place of the C library's allocator, for librdkafka: its records are made on one thread and let go on
/// another, which glibc is slow at. Measured: datagen to topic takes a quarter to a third less processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn plugins() -> Plugins {
    longshore_plugins::builtin()
        .source::<longshore_datagen::Datagen>()
        .source::<longshore_file::FileStreamSource>()
        .sink::<longshore_file::FileStreamSink>()
}

fn main() -> ExitCode {
    longshore_worker::main(plugins())
}
