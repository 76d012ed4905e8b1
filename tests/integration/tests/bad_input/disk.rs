//! A disk that is full.

use super::fixture::Deck;
use longshore_support::cluster::unique;
use longshore_support::kafka::{self, Outgoing};
use longshore_support::process::{Folder, run};
use longshore_support::{Outcome, await_until, connectors};
use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);
/// The size of the disk, and of what is put on it so that no more than 100 KiB are left.
const DISK_BYTES: usize = 1024 * 1024;
const BALLAST_BYTES: usize = DISK_BYTES - 100 * 1024;

/// A small file system of our own, unmounted when dropped. Mounting takes root.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Outcome<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_BYTES}"), "tmpfs"]).arg(at);
        let mounted = run(&mount, SOON, "it is part of util-linux");
        mounted.map_err(|failure| failure.while_doing("a small disk takes root, as in a container"))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        // Lazily: the worker may still have the file open.
        unmount.arg("-l").arg(&self.0);
        let _ = run(&unmount, SOON, "it is part of util-linux");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_waited_out_and_costs_no_record() -> Outcome {
    let deck = Deck::start().await?;
    let (folder, topic) = (Folder::new("disk")?, unique("disk"));
    let _disk = SmallDisk::mount(folder.path())?;
    let (file, ballast) = (folder.path().join("out.txt"), folder.path().join("ballast"));
    fs::write(&ballast, vec![0; BALLAST_BYTES])?;
    kafka::create_topic(&deck.bootstrap(), &topic, 1).await?;
    let line = |n: u64| format!("{n}:{}", "z".repeat(1000));
    kafka::produce_n(&deck.bootstrap(), &topic, 400, move |n| Outgoing::value(line(n))).await?;
    let config = json!({"connector.class": "FileStreamSink", "topics": topic, "file": file});
    connectors::create(deck.rest(), &topic, &config).await?;

    let said = |logs: &str| {
        let parts = [&file.display().to_string(), "No space left on device", "make room", "trying again in"];
        logs.lines().any(|line| parts.iter().all(|part| line.contains(*part)))
    };
    await_until(SOON, "the worker to say that the disk is full", async || said(&deck.worker.logs())).await?;
    connectors::await_running(deck.rest(), &topic).await?;
    deck.bystanders.move_on().await?;
    let committed = kafka::committed_offsets(&deck.bootstrap(), &format!("connect-{topic}"), &topic).await?;
    let written = fs::read_to_string(&file)?.lines().count();
    let reached = usize::try_from(committed.get(&0).copied().unwrap_or(0))?;
    assert!(reached <= written && written < 400, "{committed:?} with {written} lines written");

    fs::remove_file(&ballast)?;
    await_until(SOON, "every record in the file", async || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let lines: HashSet<&str> = text.lines().collect();
        (0..400).all(|n| lines.contains(line(n).as_str()))
    })
    .await?;
    let text = fs::read_to_string(&file)?;
    assert!(text.lines().all(|line| line.len() > 1000), "a torn line was left behind");
    connectors::await_running(deck.rest(), &topic).await?;
    deck.bystanders.move_on().await
}
