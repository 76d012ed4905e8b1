//! One child process: started, watched, stopped.
//!
//! A child is killed when its [`Service`] is dropped. Should the test process itself be killed, nothing is
//! dropped; so children are started through `setpriv --pdeathsig KILL` (util-linux), which has the kernel
//! kill them then. That signal is tied to the *thread* that started the child, and the test runner's threads
//! come and go; hence one thread that lives as long as the process starts them all.

use crate::{Failure, Outcome, await_until, fail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// How many lines of each log a failure shows.
const TAIL_LINES: usize = 25;

/// The longest that a package client may take to bring what a test needs.
pub(crate) const DOWNLOAD_DEADLINE: Duration = Duration::from_secs(900);

/// What to start: a program, its arguments and where its output goes.
#[derive(Debug, Clone)]
pub struct Program {
    /// What failures and messages call it.
    pub name: String,
    /// The executable: a path, or a name looked up in `PATH`.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Environment variables besides those of the test.
    pub environment: Vec<(String, String)>,
    /// Its working directory, which also gets `stdout.log` and `stderr.log`, appended to at every start.
    pub folder: PathBuf,
    /// Log files that the program writes itself, shown in failures too.
    pub logs: Vec<PathBuf>,
}

impl Program {
    /// `executable` called `name`, to run in `folder`.
    pub fn new(name: &str, executable: impl Into<PathBuf>, folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            executable: executable.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: folder.to_owned(),
            logs: Vec::new(),
        }
    }

    /// With these arguments after those given before.
    pub fn with_arguments<T: Into<String>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Everything the program wrote to its standard output, over all its starts.
    pub fn stdout(&self) -> String {
        read_lossy(&self.stdout_file())
    }

    /// Everything the program wrote to its standard error, over all its starts.
    pub fn stderr(&self) -> String {
        read_lossy(&self.stderr_file())
    }

    /// The last lines of all its logs, each under the name of its file.
    pub fn log_tails(&self) -> String {
        let files = [self.stdout_file(), self.stderr_file()].into_iter().chain(self.logs.clone());
        let tails = files.filter_map(|file| {
            let text = read_lossy(&file);
            let lines: Vec<&str> = text.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
            let name = file.file_name().unwrap_or_default().display().to_string();
            (!tail.is_empty()).then(|| format!("--- {} of {}\n{}\n", name, self.name, tail.join("\n")))
        });
        tails.collect()
    }

    fn stdout_file(&self) -> PathBuf {
        self.folder.join("stdout.log")
    }

    fn stderr_file(&self) -> PathBuf {
        self.folder.join("stderr.log")
    }

    fn command(&self) -> io::Result<Command> {
        let append = |file: PathBuf| File::options().create(true).append(true).open(file);
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.executable).args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(append(self.stdout_file())?).stderr(append(self.stderr_file())?);
        Ok(command)
    }
}

/// A running child process. Dropping it kills it and shows the end of its logs if the test is panicking.
#[derive(Debug)]
pub struct Service {
    program: Program,
    child: Mutex<Child>,
    pid: u32,
}

impl Service {
    /// Starts `program`. It runs when this returns, but may not answer yet: see [`Service::await_ready`].
    pub fn start(program: Program) -> Outcome<Self> {
        fs::create_dir_all(&program.folder)?;
        let command = program.command()?;
        let child = spawn(command)
            .map_err(|error| Failure::from(error).while_doing(format!("{} can't be started", program.name)))?;
        Ok(Self { pid: child.id(), child: Mutex::new(child), program })
    }

    /// Waits until `ready`; fails with the tail of the logs when the process ends first or `deadline` passes.
    pub async fn await_ready(&self, deadline: Duration, mut ready: impl AsyncFnMut() -> bool) -> Outcome {
        let what = format!("{} to answer", self.program.name);
        let mut ended = None;
        let outcome = await_until(deadline, &what, async || {
            ended = self.exit_status();
            ended.is_some() || ready().await
        })
        .await;
        let failure = match (outcome, ended) {
            (_, Some(status)) => Failure::new(format!("{} ended before it answered: {status}", self.program.name)),
            (Err(timeout), None) => timeout,
            (Ok(()), None) => return Ok(()),
        };
        fail!("{failure}\n{}", self.program.log_tails())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What was started, and what it wrote.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        self.exit_status().is_none()
    }

    /// How it ended; `None` while it runs.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.lock_child().try_wait().ok().flatten()
    }

    /// Waits until it has ended by itself.
    pub async fn await_exit(&self, deadline: Duration) -> Outcome<ExitStatus> {
        let what = format!("{} to end", self.program.name);
        let ended = crate::await_some(deadline, &what, async || self.exit_status()).await;
        ended.map_err(|failure| Failure::new(format!("{failure}\n{}", self.program.log_tails())))
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub async fn terminate(&self, deadline: Duration) -> Outcome<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.await_exit(deadline).await
    }

    /// Ends it at once (SIGKILL), without a chance to tidy up; returns when it is gone.
    pub fn kill(&self) -> Outcome {
        let mut child = self.lock_child();
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Sends it `signal`, for example `Signal::STOP`; does nothing when it has ended.
    pub fn signal(&self, signal: Signal) -> Outcome {
        // Holding the child keeps its process id from being reused while we signal.
        let mut child = self.lock_child();
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::new("a process id out of range"))?;
        Ok(kill_process(pid, signal)?)
    }

    fn lock_child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.program.log_tails());
        }
        // Nothing can be done about a child that won't die, and a panic in drop would hide the test's own.
        let _ = self.kill();
    }
}

/// Signals that tests send, so that they need no crate of their own for it.
pub mod signals {
    pub use rustix::process::Signal;
}

/// Runs a program to its end and returns its standard output; fails with all its output when it fails,
/// and when it has not ended after `deadline`.
///
/// `install` is the sentence for a machine without the program.
pub fn run(command: &Command, deadline: Duration, install: &str) -> Outcome<String> {
    let name = command.get_program().display().to_string();
    let mut limited = Command::new("timeout");
    limited.arg("--kill-after=5").arg(deadline.as_secs_f64().to_string());
    limited.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    let output = limited.output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    // Exit statuses of timeout(1) itself: 124 when time is up, 127 when there is no such program.
    match output.status.code() {
        Some(0) => Ok(stdout),
        Some(124) => fail!("{name} did not end within {} s: {stdout}{stderr}", deadline.as_secs_f64()),
        Some(127) if stderr.starts_with("timeout:") => fail!("{name} is not installed: {install}"),
        _ => fail!("{name} failed ({}): {stdout}{stderr}", output.status),
    }
}

/// A temporary folder that is deleted with its last user.
#[derive(Debug, Clone)]
pub struct Folder(Arc<tempfile::TempDir>);

impl Folder {
    /// A new empty folder whose name starts with `name`.
    pub fn new(name: &str) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("longshore-{name}-")).tempdir()?;
        Ok(Self(Arc::new(folder)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

fn read_lossy(file: &Path) -> String {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

type Request = (Command, SyncSender<io::Result<Child>>);

/// Starts a child from the one thread that never ends: see the module's words on `setpriv`.
fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: LazyLock<SyncSender<Request>> = LazyLock::new(|| {
        let (requests, queue) = sync_channel::<Request>(16);
        std::thread::spawn(move || {
            for (mut command, answer) in queue {
                // Nobody waits for the answer any more: nobody will stop the child either.
                if let Err(unheard) = answer.send(command.spawn())
                    && let Ok(mut child) = unheard.0
                {
                    let _ = child.kill().and_then(|()| child.wait());
                }
            }
        });
        requests
    });
    let gone = || io::Error::other("the thread that starts processes is gone");
    let (answer, answered) = sync_channel(1);
    SPAWNER.send((command, answer)).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}

#[cfg(test)]
mod tests;
