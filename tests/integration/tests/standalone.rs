//! `longshore standalone`: connectors from files, offsets in a file, and that file handed to Kafka's own standalone
//! worker and back.

use longshore_support::cluster::{shared_broker, unique, worker_properties};
use longshore_support::kafka::{self, Record};
use longshore_support::ports::PortLease;
use longshore_support::process::{Folder, Program, Service};
use longshore_support::{
    Failure, LongshoreWorker, Outcome, Properties, Rest, await_until, await_until::await_ok, connectors, fail, maven,
};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);
const JVM_STARTS: Duration = Duration::from_secs(120);

fn numbers(range: Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:02}")).collect()
}

fn append(file: &Path, range: Range<u32>) -> Outcome {
    let mut out = File::options().create(true).append(true).open(file)?;
    Ok(out.write_all(numbers(range).iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())?)
}

/// The values in the topic as soon as there are `count`; fails if there are more.
async fn values(bootstrap: &str, topic: &str, count: usize) -> Outcome<Vec<String>> {
    let found = await_ok(SOON, "the records", async || {
        let read = kafka::consume_all(bootstrap, topic).await?;
        if read.len() < count { fail!("{} of {count} are there", read.len()) } else { Ok(read) }
    });
    let values: Vec<String> = found.await?.iter().map(Record::value_text).collect();
    assert_eq!(values.len(), count, "more than there should be: {values:?}");
    Ok(values)
}

async fn await_position(rest: &Rest, name: &str, position: u64) -> Outcome {
    await_ok(SOON, "the stored offset", async || {
        let offset = connectors::only_offset(rest, name).await?;
        if offset["position"] == position { Ok(()) } else { fail!("it is {offset}") }
    })
    .await
}

/// A worker's properties, with its offsets in `offsets`.
fn properties(bootstrap: &str, offsets: &Path) -> Properties {
    worker_properties(bootstrap).set("offset.storage.file.filename", offsets.display())
}

fn source(name: &str, input: &Path) -> Properties {
    let base = Properties::new().set("name", name).set("connector.class", "FileStreamSource").set("tasks.max", 1);
    base.set("file", input.display()).set("topic", name)
}

#[tokio::test(flavor = "multi_thread")]
async fn connectors_come_from_files_and_offsets_survive_a_restart() -> Outcome {
    let (broker, folder, name) = (shared_broker().await?, Folder::new("standalone")?, unique("standalone"));
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    append(&input, 0..10)?;
    let sink = json!({
        "name": format!("{name}-sink"),
        "config": {"connector.class": "FileStreamSink", "file": output, "topics": name},
    });
    let files = [("source.properties", source(&name, &input).to_string()), ("sink.json", sink.to_string())];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let offsets = folder.path().join("offsets");
    let mut worker = LongshoreWorker::standalone(properties(&broker.bootstrap(), &offsets), &files)?.start().await?;
    let bootstrap = broker.bootstrap();
    assert_eq!(values(&bootstrap, &name, 10).await?, numbers(0..10));
    let is_whole = |count| fs::read_to_string(&output).is_ok_and(|text| text.lines().eq(numbers(0..count)));
    await_until(SOON, "the first lines in the sink's file", async || is_whole(10)).await?;

    let status = worker.stop().await?;
    assert!(status.success(), "{status}: {}", worker.logs());
    append(&input, 10..20)?;
    worker.restart().await?;
    assert_eq!(values(&bootstrap, &name, 20).await?, numbers(0..20));
    await_until(SOON, "all lines in the sink's file", async || is_whole(20)).await?;
    await_position(worker.rest(), &name, 60).await?;

    // Killed after the offset was stored, it repeats nothing even so.
    worker.kill9()?;
    append(&input, 20..30)?;
    worker.restart().await?;
    assert_eq!(values(&bootstrap, &name, 30).await?, numbers(0..30));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_is_named_before_anything_runs() -> Outcome {
    let (broker, folder) = (shared_broker().await?, Folder::new("standalone")?);
    let good = source("good", &folder.path().join("in")).to_string();
    let files = [("good.properties", good.as_str()), ("bad.json", "{\"name\": \"bad\", ")];
    let offsets = folder.path().join("offsets");
    let setup = LongshoreWorker::standalone(properties(&broker.bootstrap(), &offsets), &files)?;
    let ended = setup.run_to_end(SOON).await?;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("bad.json") && ended.stderr.contains("not valid JSON"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("Started"), "{}", ended.stderr);

    let setup = LongshoreWorker::standalone(worker_properties(&broker.bootstrap()), &[])?;
    let ended = setup.run_to_end(SOON).await?;
    assert!(ended.stderr.contains("Missing required configuration \"offset.storage.file.filename\""), "{ended:?}");
    Ok(())
}

/// Kafka's own standalone worker with one connector.
struct JvmStandalone {
    service: Service,
    rest: Rest,
    _port: PortLease,
}

impl JvmStandalone {
    async fn start(folder: &Path, worker: Properties, connector: &Properties) -> Outcome<Self> {
        let jars = tokio::task::spawn_blocking(|| -> Outcome<(String, PathBuf)> {
            let connect = maven::class_path(&maven::pom("kafka-connect.xml"))?;
            Ok((connect, maven::resolve(&maven::pom("connect-file.xml"))?))
        });
        let ((class_path, plugins), port) = (jars.await??, PortLease::new()?);
        let rest = Rest::new(format!("http://{}", port.address()));
        let (worker_file, connector_file) = (folder.join("jvm.properties"), folder.join("jvm-source.properties"));
        let worker = worker.set("listeners", rest.url()).set("plugin.path", plugins.display());
        fs::write(&worker_file, worker.set("plugin.discovery", "service_load").to_string())?;
        fs::write(&connector_file, connector.to_string())?;
        let log = folder.join("jvm.log");
        let mut program = Program::new("the JVM standalone worker", "java", folder);
        program = program.with_arguments(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        let log4j = maven::pom("log4j2.xml");
        program = program.with_arguments([format!("-Dlog4j2.configurationFile={}", log4j.display())]);
        program = program.with_arguments([format!("-Dlongshore.log={}", log.display()), "-cp".into(), class_path]);
        program = program.with_arguments(["org.apache.kafka.connect.cli.ConnectStandalone"]);
        program = program.with_arguments([worker_file, connector_file].map(|file| file.display().to_string()));
        program.logs.push(log);
        let service = Service::start(program)?;
        service.await_ready(JVM_STARTS, async || rest.answers("/connectors").await).await?;
        Ok(Self { service, rest, _port: port })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_offsets_file_is_handed_to_the_jvm_worker_and_back() -> Outcome {
    let (broker, folder, name) = (shared_broker().await?, Folder::new("handover")?, unique("handover"));
    let (input, offsets, bootstrap) = (folder.path().join("in"), folder.path().join("offsets"), broker.bootstrap());
    append(&input, 0..10)?;
    let (worker, connector) = (properties(&bootstrap, &offsets), source(&name, &input));
    let text = connector.to_string();
    let mut ours = LongshoreWorker::standalone(worker.clone(), &[("source.properties", &text)])?.start().await?;
    values(&bootstrap, &name, 10).await?;
    await_position(ours.rest(), &name, 30).await?;
    ours.stop().await?;

    append(&input, 10..20)?;
    let jvm = JvmStandalone::start(folder.path(), worker, &connector).await?;
    let taken = values(&bootstrap, &name, 20).await;
    let taken = taken.map_err(|failure| Failure::new(format!("{failure}\n{}", jvm.service.program().log_tails())))?;
    assert_eq!(taken, numbers(0..20), "the JVM worker did not go on from our offset");
    await_position(&jvm.rest, &name, 60).await?;
    jvm.service.terminate(SOON).await?;

    append(&input, 20..30)?;
    ours.restart().await?;
    assert_eq!(values(&bootstrap, &name, 30).await?, numbers(0..30), "we did not go on from the JVM's offset");
    await_position(ours.rest(), &name, 90).await
}
