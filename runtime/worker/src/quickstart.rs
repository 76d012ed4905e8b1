//! `longshore quickstart`: everything in one process, so that the first record is a command away.
//!
//! The worker is an ordinary distributed one; only the broker beside it is not Kafka.
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use longshore_api::config::Props;
use longshore_api::plugin::Plugins;
use longshore_broker::{Broker, BrokerConfig};

use crate::cli;
use crate::error::WorkerError;
use crate::logging;
use crate::process::{Memory, WorkerProcess, listen};
use crate::signals::Signals;

const TOPIC: &str = "stock-bids";

pub(crate) async fn run(plugins: Plugins, options: cli::Quickstart) -> Result<(), WorkerError> {
    logging::start("warn");
    let mut signals = Signals::listen();
    let data_dir = make_data_dir(&options.data_dir)?;
    let broker = Broker::start(BrokerConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, options.broker_port)),
        ..BrokerConfig::new(data_dir.join("broker"))
    })
    .await
    .map_err(|error| port_hint(WorkerError::from(error), "--broker-port"))?;
    let bootstrap = broker.bootstrap();
    let brought_up = tokio::select! {
        brought_up = bring_up(plugins, &options, &bootstrap, &data_dir) => brought_up,
        () = signals.next() => {
            broker.stop().await;
            return Ok(());
        }
    };
    let started = match brought_up {
        Ok(started) => started,
        Err(error) => {
            broker.stop().await;
            return Err(port_hint(error, "--port"));
        }
    };
    println!("{}", welcome(&started.address, &broker.bootstrap(), &data_dir));
    signals.next().await;
    println!("Stopping; what was read so far is kept in {}.", data_dir.display());
    let stopping = async {
        started.stop().await;
        broker.stop().await;
    };
    signals.unless_again(stopping).await;
    Ok(())
}

async fn bring_up(
    plugins: Plugins,
    options: &cli::Quickstart,
    bootstrap: &str,
    data_dir: &Path,
) -> Result<WorkerProcess, WorkerError> {
    let started = listen(worker_properties(options.port, bootstrap))?.start(plugins, Memory::Topics).await?;
    let known = started.herder().connectors();
    for (name, config) in connectors(data_dir) {
        // Only at the first start: later the connectors are the user's to change.
        if !known.iter().any(|other| other == name) && !data_dir.join(SEEDED).exists() {
            let created = started.herder().put_connector(name, config, None, false).await;
            created.map_err(|error| WorkerError::Connect(format!("The connector {name} was not created: {error}")))?;
        }
    }
    // A connector that the user deleted stays deleted.
    let _ = fs::write(data_dir.join(SEEDED), "");
    Ok(started)
}

/// The mark that the first connectors were made.
const SEEDED: &str = "connectors-created";

fn worker_properties(port: u16, bootstrap: &str) -> Props {
    let listener = format!("http://127.0.0.1:{port}");
    let pairs = [
        ("bootstrap.servers", bootstrap),
        ("group.id", "longshore-quickstart"),
        ("listeners", &listener),
        ("config.storage.topic", "connect-configs"),
        ("offset.storage.topic", "connect-offsets"),
        ("status.storage.topic", "connect-status"),
        ("config.storage.replication.factor", "1"),
        ("offset.storage.replication.factor", "1"),
        ("status.storage.replication.factor", "1"),
        ("offset.storage.partitions", "1"),
        ("status.storage.partitions", "1"),
        ("offset.flush.interval.ms", "1000"),
        ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
    ];
    pairs.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect()
}

fn connectors(data_dir: &Path) -> [(&'static str, Props); 2] {
    let props = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
    let file = sink_file(data_dir);
    let source = props(&[
        ("name", "stock-bids"),
        ("connector.class", "io.confluent.kafka.connect.datagen.DatagenConnector"),
        ("kafka.topic", TOPIC),
        ("quickstart", "stock_bids"),
        ("max.interval", "400"),
        ("tasks.max", "1"),
    ]);
    let sink = props(&[
        ("name", "stock-bids-file"),
        ("connector.class", "org.apache.kafka.connect.file.FileStreamSinkConnector"),
        ("topics", TOPIC),
        ("file", &file),
        // The file gets the records as they are in the topic: a line of JSON each.
        ("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
        ("tasks.max", "1"),
    ]);
    [("stock-bids", source), ("stock-bids-file", sink)]
}

fn sink_file(data_dir: &Path) -> String {
    data_dir.join("stock-bids.jsonl").display().to_string()
}

fn make_data_dir(wanted: &Path) -> Result<std::path::PathBuf, WorkerError> {
    let cannot = |error: std::io::Error| {
        let path = wanted.display();
        WorkerError::Connect(format!("Cannot use the data directory {path}: {error}. Choose another with --data-dir."))
    };
    fs::create_dir_all(wanted).map_err(cannot)?;
    // Absolute, because it is written into a connector's configuration.
    wanted.canonicalize().map_err(cannot)
}

fn port_hint(error: WorkerError, option: &str) -> WorkerError {
    let text = error.to_string();
    if text.contains("already in use") || text.contains("ort ") && text.contains("in use") {
        WorkerError::Connect(format!("{text} (Here: {option}.)"))
    } else {
        error
    }
}

fn welcome(rest: &SocketAddr, bootstrap: &str, data_dir: &Path) -> String {
    let file = sink_file(data_dir);
    format!(
        "
Longshore is running.

  console    http://{rest}/ui
  REST API   http://{rest}
  broker     {bootstrap} (embedded: for trying out and tests, not for production)
  data       {data}

  stock-bids       a source that makes stock bids      -> topic {TOPIC}
  stock-bids-file  a sink that writes them to a file   -> {file}

Try next:

  tail -f {file}
  curl -s http://{rest}/connectors/stock-bids/status
  kcat -b {bootstrap} -t {TOPIC} -C -o -5 -c 5
  curl -s -X POST http://{rest}/connectors -H 'Content-Type: application/json' \\
    -d '{{\"name\":\"pageviews\",\"config\":{{\"connector.class\":\"Datagen\",\"kafka.topic\":\"pageviews\",\"quickstart\":\"pageviews\"}}}}'

Ctrl-C stops everything; the same command goes on where it was.
",
        data = data_dir.display(),
    )
}
