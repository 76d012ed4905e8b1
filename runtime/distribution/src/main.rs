//! The `longshore` binary: the list of what ships. A worker of one's own is this file with other lines.
use std::process::ExitCode;

use longshore_api::plugin::Plugins;

fn plugins() -> Plugins {
    longshore_plugins::builtin()
        .source::<longshore_datagen::Datagen>()
        .source::<longshore_file::FileStreamSource>()
        .sink::<longshore_file::FileStreamSink>()
}

fn main() -> ExitCode {
    longshore_worker::main(plugins())
}
