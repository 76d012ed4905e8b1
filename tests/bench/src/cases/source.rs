//! Sources: a generator into a topic, and a file of lines into a topic. The file's records are also produced by a bare
//! librdkafka client: what is left to the worker then is the cost of being a worker.

use super::{Bench, progress, watch};
use crate::contestant::{Contestant, Plugins, Who};
use crate::measure::{Run, Stopwatch};
use crate::raw;
use crate::report::Report;
use crate::topic::BenchTopic;
use longshore_support::process::Folder;
use longshore_support::{Outcome, fail, maven};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

const JSON_CONVERTER: &str = "org.apache.kafka.connect.json.JsonConverter";

/// Our datagen beside Confluent's, if its jars are given, or else beside the generator that comes with Kafka.
///
/// Confluent's is not on Maven Central. The connector with which Kafka tests its own worker only counts: its records are
/// smaller and simpler than ours, which is in its favour.
pub(crate) async fn datagen(bench: &Bench, report: &mut Report, confluent: Option<&Path>) -> Outcome {
    let ours = json!({
        "connector.class": "io.confluent.kafka.connect.datagen.DatagenConnector",
        "quickstart": "orders",
        "max.interval": "0",
        "random.seed": "1",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": JSON_CONVERTER,
        "value.converter.schemas.enable": "false",
    });
    if let Some(folder) = confluent {
        let configs = [("kafka.topic", ours.clone()), ("kafka.topic", ours)];
        let plugins = Plugins::Folder(folder.to_owned());
        return in_turn(bench, report, "datagen, orders", &plugins, configs, false).await;
    }
    let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("poms/connect-test-plugins.xml");
    let folder = tokio::task::spawn_blocking(move || maven::resolve(&pom)).await??;
    let theirs = json!({
        "connector.class": "org.apache.kafka.connect.tools.VerifiableSourceConnector",
        "id": "1",
        "throughput": "-1",
        "key.converter": JSON_CONVERTER,
        "key.converter.schemas.enable": "false",
        "value.converter": JSON_CONVERTER,
        "value.converter.schemas.enable": "false",
    });
    let configs = [("kafka.topic", ours), ("topic", theirs)];
    report.note(
        "datagen: ours makes orders; the JVM's VerifiableSource only counts, as Confluent's is not at hand".into(),
    );
    in_turn(bench, report, "datagen", &Plugins::ClassPath(folder), configs, false).await
}

/// FileStreamSource on the same file.
pub(crate) async fn file(bench: &Bench, report: &mut Report) -> Outcome {
    let folder = Folder::new("bench")?;
    let path = folder.path().join("lines.txt");
    let (records, writing) = (bench.records, path.clone());
    tokio::task::spawn_blocking(move || write_lines(&writing, records)).await??;
    let config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
        "file": path.display().to_string(),
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    });
    in_turn(bench, report, "FileStreamSource", &Plugins::Own, [("topic", config.clone()), ("topic", config)], true)
        .await
}

/// Both workers in turn, each run into a topic of its own. `exact`: the source ends by itself, with the records that the
/// bare client produces as well.
async fn in_turn(
    bench: &Bench,
    report: &mut Report,
    case: &str,
    plugins: &Plugins,
    configs: [(&str, Value); 2],
    exact: bool,
) -> Outcome {
    let group = case.to_lowercase().replace(", ", "-");
    let workers = [
        Contestant::start(Who::Longshore, &bench.bootstrap, &group, plugins).await?,
        Contestant::start(Who::Jvm, &bench.bootstrap, &group, plugins).await?,
    ];
    let mut runs = [Vec::new(), Vec::new()];
    let mut bare = Vec::new();
    for round in 0..bench.rounds {
        for (at, (worker, (topic_key, config))) in workers.iter().zip(&configs).enumerate() {
            // An offset of an earlier run is found under the connector's name, so each has its own.
            let name = format!("{group}-{round}-{at}");
            let topic = BenchTopic::create(&bench.bootstrap, &format!("bench-{name}")).await?;
            let mut config = config.clone();
            config[topic_key] = json!(topic.name);
            config["tasks.max"] = json!("1");
            let run = once(bench, worker, &name, &config, &topic, exact).await?;
            let cpu = run.cpu_us_per_record();
            progress(&format!("{case}, {}: {:.0}/s, {cpu:.2} us CPU", Who::BOTH[at].name(), run.records_per_s()));
            runs[at].push(run);
            topic.delete().await?;
        }
        if exact {
            let topic = BenchTopic::create(&bench.bootstrap, &format!("bench-{group}-{round}-bare")).await?;
            let run = raw::measure(&bench.bootstrap, &topic.name, bench.records).await?;
            let cpu = run.cpu_us_per_record();
            progress(&format!("{case}, bare client: {:.0}/s, {cpu:.2} us CPU", run.records_per_s()));
            bare.push(run);
            topic.delete().await?;
        }
    }
    for ((who, worker), runs) in Who::BOTH.into_iter().zip(workers).zip(runs) {
        worker.stop().await?;
        report.moved(case, who.name(), runs);
    }
    if exact {
        report.moved(case, "bare client", bare);
    }
    Ok(())
}

async fn once(
    bench: &Bench,
    worker: &Contestant,
    name: &str,
    config: &Value,
    topic: &BenchTopic,
    exact: bool,
) -> Outcome<Run> {
    let mut stopwatch = Stopwatch::start(worker.usage()?);
    worker.create(name, config).await?;
    let mut reached = 0;
    watch(bench.records, async || {
        reached = topic.len().await?;
        stopwatch.seen(reached);
        if reached == 0 {
            worker.check(name).await?;
        }
        Ok(reached)
    })
    .await?;
    let run = stopwatch.done(reached, worker.usage()?);
    worker.delete(name).await?;
    let after = topic.len().await?;
    if exact && after != bench.records {
        return fail!("{name}: {after} records instead of {}", bench.records);
    }
    Ok(run)
}

fn write_lines(path: &Path, records: u64) -> Outcome {
    let (mut out, mut line) = (BufWriter::with_capacity(1 << 20, File::create(path)?), Vec::new());
    for number in 0..records {
        line.clear();
        super::line(number, &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(out.into_inner()?.sync_all()?)
}
