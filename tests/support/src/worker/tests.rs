use super::*;

fn fake(subcommand: &str) -> Outcome<LongshoreSetup> {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/worker/fake-longshore.cjs");
    LongshoreSetup::of(script, subcommand)
}

#[tokio::test]
async fn a_worker_keeps_its_command_line_and_port_over_kill_stop_and_restart() -> Outcome {
    let setup = fake("distributed")?.with_properties(Properties::new().set("group.id", "g"))?;
    let mut worker = setup.env("GREETING", "hello").args(["last"]).start().await?;
    let first = worker.rest().get("/connectors").await?.json()?;
    assert_eq!((&first[0], &first[2]), (&"distributed".into(), &"last".into()));
    let file = fs::read_to_string(worker.folder().path().join("worker.properties"))?;
    assert_eq!(file, format!("group.id=g\nlisteners={}\n", worker.rest().url()));

    let killed = worker.pid()?;
    worker.kill9()?;
    assert!(!worker.is_running() && worker.usage().is_err());
    worker.restart().await?;
    assert_ne!(worker.pid()?, killed);
    assert_eq!(worker.rest().get("/connectors").await?.json()?, first);
    assert!(worker.stop().await?.success());
    assert_eq!(worker.logs(), "up hello\nup hello\ndown\n");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_ends_at_once_is_told_with_its_words() -> Outcome {
    let ended = fake("broken")?.run_to_end(Duration::from_secs(20)).await?;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(2), "no such subcommand: broken\n"));
    let failure = fake("broken")?.start().await.map(|worker| worker.logs()).unwrap_err().to_string();
    assert!(failure.contains("ended before it answered") && failure.contains("no such subcommand"), "{failure}");
    Ok(())
}
