//! Every file in `config-examples` is used as it stands, but for where the broker and the files are.
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use longshore_support::await_until::await_ok;
use longshore_support::cluster::shared_broker;
use longshore_support::{LongshoreWorker, Outcome, Properties, Rest, fail};
use serde_json::Value;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config-examples")
}

/// The connectors, by file name; each makes its files in `folder` instead of where the example says.
fn connectors(folder: &Path) -> Outcome<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(examples())? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(&path)?.replace("/tmp/", &format!("{}/", folder.display()));
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, serde_json::from_str(&text)?));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    if found.len() < 4 { fail!("only {} examples", found.len()) } else { Ok(found) }
}

/// A property file, with some keys said otherwise and without the listener, which tests choose themselves.
fn properties(file: &str, otherwise: &[(&str, &str)]) -> Outcome<Properties> {
    let mut properties = Properties::new();
    for line in fs::read_to_string(examples().join(file))?.lines() {
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        if key != "listeners" && !otherwise.iter().any(|(other, _)| *other == key) {
            properties = properties.set(key, value);
        }
    }
    Ok(otherwise.iter().fold(properties, |properties, (key, value)| properties.set(*key, *value)))
}

async fn until_running(rest: &Rest, name: &str) -> Outcome {
    await_ok(Duration::from_secs(60), name, async || {
        let status = rest.get(&format!("/connectors/{name}/status")).await?.expect_status(200)?.json()?;
        let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
        let runs = !tasks.is_empty() && tasks.iter().all(|task| task["state"] == "RUNNING");
        if runs { Ok(()) } else { fail!("{name} does not run: {status}") }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_is_posted_to_the_distributed_worker_and_runs() -> Outcome {
    let (folder, broker) = (tempfile::tempdir()?, shared_broker().await?);
    let properties = properties("distributed.properties", &[("bootstrap.servers", broker.bootstrap().as_str())])?;
    let mut worker = LongshoreWorker::distributed(properties)?.start().await?;
    for (file, connector) in connectors(folder.path())? {
        let created = worker.rest().post("/connectors", &connector).await?;
        created.expect_status(201).map_err(|failure| failure.while_doing(file))?;
        until_running(worker.rest(), connector["name"].as_str().unwrap_or_default()).await?;
    }
    worker.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_runs_in_the_standalone_worker() -> Outcome {
    let (folder, broker) = (tempfile::tempdir()?, shared_broker().await?);
    let offsets = folder.path().join("offsets").display().to_string();
    let otherwise = [("bootstrap.servers", broker.bootstrap()), ("offset.storage.file.filename", offsets)];
    let otherwise = otherwise.each_ref().map(|(key, value)| (*key, value.as_str()));
    let files = connectors(folder.path())?;
    let texts: Vec<_> = files.iter().map(|(name, json)| (name.as_str(), json.to_string())).collect();
    let given: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut worker =
        LongshoreWorker::standalone(properties("standalone.properties", &otherwise)?, &given)?.start().await?;
    for (_, connector) in &files {
        until_running(worker.rest(), connector["name"].as_str().unwrap_or_default()).await?;
    }
    worker.stop().await?;
    Ok(())
}
