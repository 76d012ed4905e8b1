//! The command line.
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Loads and unloads cargo: a Kafka Connect-compatible worker.
#[derive(Debug, Parser)]
#[command(name = "longshore", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it: an embedded broker, a worker, a source, a sink and the console, with nothing else installed.
    Quickstart(Quickstart),
    /// One worker with its offsets in a file, running the connectors given (Kafka's connect-standalone).
    Standalone {
        /// The worker's properties, with Kafka Connect's own keys.
        properties: PathBuf,
        /// Connectors: JSON as for POST /connectors, a flat JSON object, or a property file.
        connectors: Vec<PathBuf>,
    },
    /// A worker that keeps everything in Kafka topics (Kafka's connect-distributed).
    Distributed {
        /// The worker's properties, with Kafka Connect's own keys.
        properties: PathBuf,
    },
    /// Ends with 0 if a worker is healthy: for container health checks.
    Healthcheck {
        /// The worker's health address.
        #[arg(long, default_value = "http://127.0.0.1:8083/health")]
        url: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// Where the broker and the sink keep their data; started again with it, everything goes on where it was.
    #[arg(long, default_value = "longshore-data")]
    pub(crate) data_dir: PathBuf,
    /// The port of the REST API and the console.
    #[arg(long, default_value_t = 8083)]
    pub(crate) port: u16,
    /// The port of the embedded broker.
    #[arg(long, default_value_t = 9092)]
    pub(crate) broker_port: u16,
}
