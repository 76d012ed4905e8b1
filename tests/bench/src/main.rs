//! Compares our worker with the real Kafka Connect worker, on one broker in one run.
//!
//! Each case has both workers do the same, back to back, several times (A B A B), and takes the medians: a machine that
//! is busy with something else is busy for both. Processor time and memory are those of the worker's process alone, as
//! the kernel counts them; the broker's and this program's are not in the figures.
//!
//! Nothing here is asserted but that both did the whole work: figures of one machine are no promise for another.

mod cases;
mod contestant;
mod measure;
mod raw;
mod report;
mod topic;

use clap::{Parser, Subcommand, ValueEnum};
use longshore_support::{KafkaBroker, Outcome, fail};
use std::path::PathBuf;
use std::process::ExitCode;

use cases::Bench;
use report::Report;

/// Compares Longshore with the real Kafka Connect worker on this machine.
#[derive(Debug, Parser)]
#[command(name = "longshore-bench")]
struct Arguments {
    /// How often each worker does each case.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many records each run moves.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    records: u64,
    /// Only these cases; all unless given.
    #[arg(long = "case", value_enum)]
    cases: Vec<Case>,
    /// A plugin folder with Confluent's datagen connector (in a folder of jars of its own), to compare ours with.
    #[arg(long)]
    jvm_datagen: Option<PathBuf>,
    /// Also write every single run to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    /// From the start of the process to the first 200, and the memory of an idle worker.
    Start,
    /// FileStreamSink: a topic of JSON records into a file, with the JSON and the string converter.
    Sink,
    /// A generator into a topic.
    Datagen,
    /// FileStreamSource: a file of lines into a topic; and the same records by a bare librdkafka client.
    Source,
}

/// Parts of the harness that run in a process of their own.
#[derive(Debug, Subcommand)]
enum Part {
    /// Produces records as fast as the client takes them, and says what that took.
    #[command(hide = true)]
    RawProduce { bootstrap: String, topic: String, records: u64 },
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse() {
        Arguments { part: Some(Part::RawProduce { bootstrap, topic, records }), .. } => {
            raw::produce_and_tell(&bootstrap, &topic, records)
        }
        arguments => compare(&arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn compare(arguments: &Arguments) -> Outcome {
    if cfg!(debug_assertions) {
        return fail!("a build without optimisation is not worth measuring: make bench, or cargo run --release");
    }
    let mut broker = KafkaBroker::builder().for_measuring().set("file.delete.delay.ms", 1000).start().await?;
    let bench = Bench { bootstrap: broker.bootstrap(), rounds: arguments.rounds, records: arguments.records };
    let mut report = Report::new(arguments.rounds, arguments.records);
    let all = Case::value_variants();
    for case in if arguments.cases.is_empty() { all } else { &arguments.cases } {
        match case {
            Case::Start => cases::start::run(&bench, &mut report).await?,
            Case::Sink => cases::sink::run(&bench, &mut report).await?,
            Case::Datagen => cases::source::datagen(&bench, &mut report, arguments.jvm_datagen.as_deref()).await?,
            Case::Source => cases::source::file(&bench, &mut report).await?,
        }
    }
    println!("\n{report}");
    if let Some(path) = &arguments.json {
        std::fs::write(path, format!("{:#}\n", report.json()))?;
    }
    broker.stop().await
}
