use super::*;

const SOON: Duration = Duration::from_secs(10);

fn shell(folder: &Folder, script: &str) -> Outcome<Service> {
    Service::start(Program::new("a shell", "sh", folder.path()).with_arguments(["-c", script]))
}

fn is_alive(pid: u32) -> bool {
    // A zombie still has its folder in /proc; its state tells.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn is_gone_when_dropped() -> Outcome {
    let folder = Folder::new("drop")?;
    let service = shell(&folder, "exec sleep 600")?;
    let pid = service.pid();
    assert!(is_alive(pid));
    drop(service);
    assert!(!is_alive(pid));
    Ok(())
}

#[tokio::test]
async fn is_gone_when_the_test_panics() -> Outcome {
    let folder = Folder::new("panic")?;
    let service = shell(&folder, "exec sleep 600")?;
    let pid = service.pid();
    let test = std::thread::spawn(move || {
        let _service = service;
        panic!("on purpose");
    });
    assert!(test.join().is_err());
    assert!(!is_alive(pid));
    Ok(())
}

#[tokio::test]
async fn outlives_the_thread_that_started_it() -> Outcome {
    let folder = Folder::new("thread")?;
    let service = std::thread::scope(|scope| scope.spawn(|| shell(&folder, "exec sleep 600")).join());
    let Ok(service) = service else { return fail!("the thread panicked") };
    let service = service?;
    // Nothing to await: the kernel's signal would come when the thread ended, which join has waited for.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(service.is_running());
    Ok(())
}

#[tokio::test]
async fn an_early_end_fails_with_the_tail_of_the_log() -> Outcome {
    let folder = Folder::new("early")?;
    let service = shell(&folder, "echo the disk is on fire >&2; exit 3")?;
    let failure = service.await_ready(SOON, async || false).await.unwrap_err().to_string();
    assert!(failure.contains("ended before it answered"), "{failure}");
    assert!(failure.contains("the disk is on fire"), "{failure}");
    Ok(())
}

#[tokio::test]
async fn stops_on_request_and_says_how() -> Outcome {
    let folder = Folder::new("term")?;
    let service = shell(&folder, "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")?;
    service.await_ready(SOON, async || service.program().stdout().contains("up")).await?;
    assert_eq!(service.terminate(SOON).await?.code(), Some(7));
    assert!(service.program().stdout().contains("bye"));
    Ok(())
}

#[test]
fn a_missing_tool_is_one_sentence_that_says_how_to_get_it() {
    let failure = run(&Command::new("no-such-tool"), SOON, "apt-get install -y no-such-tool").unwrap_err();
    assert_eq!(failure.to_string(), "no-such-tool is not installed: apt-get install -y no-such-tool");
}

#[test]
fn a_tool_that_fails_or_hangs_says_so() {
    let script = |script: &str, deadline| run(Command::new("sh").args(["-c", script]), deadline, "").unwrap_err();
    let failure = script("echo no such topic >&2; exit 127", SOON).to_string();
    assert!(failure.contains("127") && failure.contains("no such topic"), "{failure}");
    let failure = script("echo still here; exec sleep 600", Duration::from_millis(300)).to_string();
    assert!(failure.contains("did not end within 0.3 s") && failure.contains("still here"), "{failure}");
}
