//! Runs a test's body in a process of its own, where nothing else opens files or starts threads.
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;

/// Names the test whose body this process was started for.
const ALONE: &str = "LONGSHORE_CONTRACT_ALONE";
/// Stands before the verdict in the output of that process.
const VERDICT: &str = "longshore-contract verdict: ";

/// Runs `body` in a copy of this test program that runs no other test. `at` is the test's full path, as
/// `concat!(module_path!(), "::", stringify!(name))` gives it.
///
/// # Errors
/// What `body` answered, or why it gave no answer.
#[expect(
    clippy::disallowed_methods,
    reason = "the child process is told by its environment, and ends with its verdict"
)]
pub fn run(at: &str, body: impl FnOnce() -> Outcome) -> Outcome {
    // The test harness leaves the crate's name away.
    let test = at.split_once("::").map_or(at, |(_, test)| test);
    if std::env::var(ALONE).is_ok_and(|named| named == test) {
        let verdict = match body() {
            Ok(()) => "kept".to_string(),
            Err(what) => format!("broken {}", what.replace('\n', " ")),
        };
        println!("\n{VERDICT}{verdict}");
        std::process::exit(0);
    }
    let program = std::env::current_exe().map_err(|error| format!("cannot find this test program: {error}"))?;
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ALONE, test)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start a process for {test}: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match printed.lines().find_map(|line| line.strip_prefix(VERDICT)) {
        Some("kept") => Ok(()),
        Some(broken) => Err(broken.trim_start_matches("broken ").to_string()),
        None => Err(format!(
            "the process for {test} ended with {} and without a verdict: {printed}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// What a process holds at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// What its file descriptors point to, sorted.
    descriptors: Vec<String>,
    /// How many threads it has.
    threads: usize,
    /// How many tasks its runtime has.
    tasks: usize,
}

impl Holdings {
    /// Counts. Needs a runtime and Linux's `/proc`.
    ///
    /// # Errors
    /// When there is no `/proc`.
    pub fn now() -> Outcome<Self> {
        let listed = |folder: &str| {
            let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot read {folder}: {error}"))?;
            Ok::<_, String>(entries.filter_map(Result::ok).map(|entry| entry.path()).collect::<Vec<_>>())
        };
        let target = |path: &Path| std::fs::read_link(path).ok().map(|to| to.display().to_string());
        // The descriptor of the listing itself is gone by the time it is followed.
        let mut descriptors: Vec<_> = listed("/proc/self/fd")?.iter().filter_map(|path| target(path)).collect();
        descriptors.sort();
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        Ok(Self { descriptors, threads: listed("/proc/self/task")?.len(), tasks })
    }

    /// What is there more than before, in words; `None` where it is nothing.
    pub fn more_than(&self, before: &Self) -> Option<String> {
        let mut old = before.descriptors.clone();
        let mut more: Vec<String> = Vec::new();
        for descriptor in &self.descriptors {
            match old.iter().position(|other| other == descriptor) {
                Some(at) => drop(old.remove(at)),
                None => more.push(format!("the open file or socket {descriptor}")),
            }
        }
        let counted = |now: usize, then: usize, what: &str| (now > then).then(|| format!("{} {what}", now - then));
        more.extend(counted(self.threads, before.threads, "thread(s)"));
        more.extend(counted(self.tasks, before.tasks, "runtime task(s)"));
        (!more.is_empty()).then(|| more.join(", "))
    }
}

/// Waits until a process holds no more than before.
///
/// # Errors
/// What it still holds after three seconds.
pub async fn settles_to(before: &Holdings) -> Outcome {
    let started = std::time::Instant::now();
    loop {
        let more = Holdings::now()?.more_than(before);
        match more {
            None => return Ok(()),
            Some(more) if started.elapsed().as_secs() >= 3 => return Err(format!("left behind: {more}")),
            Some(_) => {
                // Both clocks: the runtime's may be paused, and threads end in real time.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                real_pause();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "threads end in real time, which the paused clock of a runtime hides")]
fn real_pause() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}
