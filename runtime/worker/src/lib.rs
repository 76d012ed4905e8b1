//! Builds one worker process out of the parts: core, Kafka, REST, and the plugins it is given.
//!
//! A distribution is a `main.rs` of a few lines:
//!
//! ```text
//! fn main() -> std::process::ExitCode {
//!     longshore_worker::main(longshore_plugins::builtin().source::<Ticker>())
//! }
//! ```
//!
//! Architecture invariant: the only crate that reads the command line, the environment and the signals.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
mod cli;
mod distributed;
mod error;
mod healthcheck;
mod listeners;
mod logging;
mod process;
mod quickstart;
mod signals;
mod standalone;

use std::process::ExitCode;

use clap::Parser;
use longshore_api::plugin::Plugins;

pub use error::WorkerError;

/// Runs the command line with these plugins, until it is told to stop. Answers 0 after a clean end.
pub fn main(plugins: Plugins) -> ExitCode {
    let command = match cli::Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("The system gave no threads: {error}.")),
    };
    let result = runtime.block_on(run(plugins, command));
    // A task that was left behind must not keep the process alive.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

async fn run(plugins: Plugins, command: cli::Command) -> Result<(), WorkerError> {
    match command {
        cli::Command::Quickstart(options) => quickstart::run(plugins, options).await,
        cli::Command::Standalone { properties, connectors } => standalone::run(plugins, &properties, &connectors).await,
        cli::Command::Distributed { properties } => distributed::run(plugins, &properties).await,
        cli::Command::Healthcheck { url } => healthcheck::run(&url).await,
    }
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("longshore: {sentence}");
    ExitCode::FAILURE
}
