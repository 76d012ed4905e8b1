// A worker that runs what Longshore ships, and the ticker.
use std::process::ExitCode;

use ticker::Ticker;

fn main() -> ExitCode {
    let plugins = longshore_plugins::builtin()
        .source::<longshore_datagen::Datagen>()
        .source::<longshore_file::FileStreamSource>()
        .sink::<longshore_file::FileStreamSink>()
        .source::<Ticker>()
        .alias("Tick");
    longshore_worker::main(plugins)
}
