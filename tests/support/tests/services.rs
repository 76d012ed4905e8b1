//! The services that other tests build on are what they claim to be.

use longshore_support::kafka::{self, Outgoing};
use longshore_support::process::run;
use longshore_support::{JvmConnect, KafkaBroker, Outcome, ProcessUsage, await_until, fail, kcat};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_broker_keeps_its_port_and_its_data_over_kill_and_restart() -> Outcome {
    let mut broker = KafkaBroker::start().await?;
    let bootstrap = broker.bootstrap();
    kafka::create_topic(&bootstrap, "letters", 2).await?;
    let letter =
        |n: u64| Outgoing::value(format!("value {n}")).with_key(format!("key {n}")).with_header("n", n.to_string());
    kafka::produce_n(&bootstrap, "letters", 1_000, letter).await?;
    let before = kafka::consume_all(&bootstrap, "letters").await?;
    assert_eq!(before.len(), 1_000);
    for record in &before {
        let n = record.key_text().replace("key ", "");
        assert_eq!((record.value_text(), record.header("n")), (format!("value {n}"), Some(n.as_bytes())));
        assert!(record.timestamp_ms.is_some());
    }
    let ends = kafka::end_offsets(&bootstrap, "letters").await?;
    assert_eq!(ends.values().sum::<i64>(), 1_000);

    broker.kill()?;
    assert!(broker.pid().is_err(), "a killed broker has a process");
    broker.restart().await?;
    assert_eq!(broker.bootstrap(), bootstrap);
    assert_eq!(kafka::consume_all(&bootstrap, "letters").await?, before);

    broker.restart().await?;
    kafka::produce(&bootstrap, "letters", [Outgoing::value("one more")]).await?;
    assert_eq!(kafka::consume_all(&bootstrap, "letters").await?.len(), 1_001);
    Ok(())
}

#[tokio::test]
async fn a_paused_broker_is_silent_until_it_is_resumed() -> Outcome {
    let broker = KafkaBroker::start().await?;
    let bootstrap = broker.bootstrap();
    broker.pause()?;
    let asked = tokio::time::timeout(Duration::from_secs(1), kafka::topics(&bootstrap)).await;
    assert!(asked.is_err(), "a paused broker answered");
    broker.resume()?;
    kafka::topics(&bootstrap).await?;
    Ok(())
}

#[tokio::test]
async fn topics_settings_and_commits_can_be_seen_and_kcat_agrees() -> Outcome {
    let broker = KafkaBroker::builder().set("auto.create.topics.enable", "false").start().await?;
    let bootstrap = broker.bootstrap();
    kafka::create_topic_with(&bootstrap, "compacted", 1, &[("cleanup.policy", "compact")]).await?;
    assert!(kafka::topics(&bootstrap).await?.contains(&"compacted".to_owned()));
    assert_eq!(kafka::topic_configuration(&bootstrap, "compacted").await?["cleanup.policy"], "compact");
    assert!(kafka::consume_all(&bootstrap, "none").await.is_err(), "a topic that does not exist was read");
    assert!(kafka::end_offsets(&bootstrap, "none").await?.is_empty());

    let records = (0..3).map(|n| Outgoing::value(format!("v{n}")).with_key("k"));
    kafka::produce(&bootstrap, "compacted", records).await?;
    let read = kafka::consume_until(&bootstrap, "compacted", SOON, |records| records.len() == 3).await?;
    assert_eq!(read.last().map(|record| (record.offset, record.value_text())), Some((2, "v2".into())));

    assert!(kafka::committed_offsets(&bootstrap, "readers", "compacted").await?.is_empty());
    let arguments = ["-G", "readers", "-X", "auto.offset.reset=earliest", "-c3", "-q", "-f", "%o:%s ", "compacted"];
    let printed = kcat::kcat(&bootstrap, &arguments).await?;
    assert_eq!(printed, "0:v0 1:v1 2:v2 ");
    await_until(SOON, "kcat's commit", async || {
        kafka::committed_offsets(&bootstrap, "readers", "compacted").await.ok() == Some(BTreeMap::from([(0, 3)]))
    })
    .await?;

    let usage = broker.usage()?;
    assert!(usage.cpu_seconds > 0.1 && usage.resident_bytes > 50 << 20, "{usage:?}");
    Ok(())
}

#[tokio::test]
async fn a_broker_that_cannot_start_says_why() {
    let started = KafkaBroker::builder().set("listeners", "nonsense").start().await;
    let failure = started.map(|broker| broker.bootstrap()).unwrap_err().to_string();
    assert!(failure.contains("listeners") || failure.contains("nonsense"), "{failure}");
}

#[tokio::test]
async fn the_jvm_worker_is_kafka_connect_and_moves_records() -> Outcome {
    let broker = KafkaBroker::start().await?;
    // The sink's lines reach its file with the next commit of offsets.
    let connect = JvmConnect::builder(&broker.bootstrap()).set("offset.flush.interval.ms", 500).start().await?;
    let root = connect.rest().get("/").await?.expect_status(200)?.json()?;
    assert_eq!(root["version"], "4.3.1");

    let plugins = connect.rest().get("/connector-plugins?connectorsOnly=false").await?.json()?;
    let kinds = [
        ("sink", "file.FileStreamSinkConnector"),
        ("converter", "json.JsonConverter"),
        ("transformation", "transforms.InsertField$Value"),
    ];
    for (kind, class) in kinds {
        let class = format!("org.apache.kafka.connect.{class}");
        let listed = plugins.as_array().into_iter().flatten();
        let count = listed.filter(|plugin| plugin["class"] == *class && plugin["type"] == kind).count();
        assert_eq!(count, 1, "{kind} {class} in {plugins}");
    }

    kafka::produce_n(&broker.bootstrap(), "lines", 100, |n| Outgoing::value(format!("line {n}"))).await?;
    let out = tempfile::NamedTempFile::new()?;
    let config = json!({
        "connector.class": "FileStreamSink", "topics": "lines", "file": out.path(),
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    });
    connect.rest().put("/connectors/sink/config", &config).await?.expect_status(201)?;
    await_until(SOON, "100 lines in the sink's file", async || {
        std::fs::read_to_string(out.path()).is_ok_and(|text| text.lines().count() == 100)
    })
    .await?;
    assert!(ProcessUsage::of(connect.pid())?.peak_resident_bytes > 100 << 20);
    connect.stop().await
}

#[test]
fn the_killed_test_process_leaves_no_service_behind() -> Outcome {
    // This very executable is started again as the process to be killed; there it only starts a service.
    const SERVICE: &str = "LONGSHORE_TEST_LEAVES_A_SERVICE_IN";
    if let Some(folder) = longshore_support::cache::setting(SERVICE) {
        return leave_a_service_in(std::path::Path::new(&folder));
    }
    let folder = tempfile::tempdir()?;
    let pid_file = folder.path().join("pid");
    let test = "the_killed_test_process_leaves_no_service_behind";
    let mut command = Command::new(std::env::current_exe()?);
    let mut process = command.args(["--exact", test]).env(SERVICE, folder.path()).stdout(Stdio::null()).spawn()?;
    let ticks = || std::iter::repeat_with(|| std::thread::park_timeout(Duration::from_millis(20))).take(500);
    let pid = ticks().find_map(|()| std::fs::read_to_string(&pid_file).ok().filter(|pid| pid.ends_with('\n')));
    process.kill()?;
    process.wait()?;
    let Some(pid) = pid else { return fail!("the process to be killed started no service") };
    let proc = std::path::Path::new("/proc").join(pid.trim()).join("cmdline");
    let is_gone = || std::fs::read(&proc).map_or(true, |command| command.is_empty());
    assert!(ticks().any(|()| is_gone()), "the service {pid} outlived its test process");
    Ok(())
}

fn leave_a_service_in(folder: &std::path::Path) -> Outcome {
    use longshore_support::process::{Program, Service};
    let service = Service::start(Program::new("a sleeper", "sleep", folder).with_arguments(["600"]))?;
    std::fs::write(folder.join("pid"), format!("{}\n", service.pid()))?;
    run(Command::new("sleep").arg("600"), SOON, "it is part of every system")?;
    Ok(())
}
