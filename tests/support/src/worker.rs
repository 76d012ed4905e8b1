//! Our own worker: the binary `longshore`, started as a user starts it.

use crate::cache::setting;
use crate::ports::PortLease;
use crate::process::{Folder, Program, Service, signals::Signal};
use crate::{Failure, Outcome, ProcessUsage, Properties, Rest, fail};
use std::fs;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// A worker starts within 100 ms; but a loaded machine, and a broker that must first be reached, take longer.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// Above the worker's own deadline for a graceful shutdown.
const STOP_DEADLINE: Duration = Duration::from_secs(60);

/// A running `longshore` process on loopback ports of its own, gone when dropped.
///
/// Its command line, ports and folder stay the same over [`kill9`](Self::kill9), [`stop`](Self::stop) and
/// [`restart`](Self::restart).
#[derive(Debug)]
pub struct LongshoreWorker {
    // Dropped first: the process must be gone before its folder and its ports are.
    service: Option<Service>,
    setup: LongshoreSetup,
}

/// How a worker is to be started; [`LongshoreWorker::quickstart`] and its neighbours make one.
#[derive(Debug)]
pub struct LongshoreSetup {
    program: Program,
    rest: Rest,
    ready_path: String,
    start_deadline: Duration,
    broker_port: Option<PortLease>,
    _rest_port: PortLease,
    folder: Folder,
}

/// How a `longshore` that ended by itself did so.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl LongshoreWorker {
    /// `longshore quickstart` with a data folder of its own, embedded broker included.
    pub fn quickstart() -> Outcome<LongshoreSetup> {
        let broker_port = PortLease::new()?;
        let mut setup = LongshoreSetup::new("quickstart")?;
        let data = setup.folder.path().join("data").display().to_string();
        let rest_port = setup._rest_port.port().to_string();
        setup = setup.args(["--data-dir", &data, "--port", &rest_port]);
        setup = setup.args(["--broker-port", &broker_port.port().to_string()]);
        setup.broker_port = Some(broker_port);
        Ok(setup)
    }

    /// `longshore distributed worker.properties` with these properties; `listeners` is set to a free port
    /// unless they have it.
    pub fn distributed(properties: Properties) -> Outcome<LongshoreSetup> {
        LongshoreSetup::new("distributed")?.with_properties(properties)
    }

    /// `longshore standalone worker.properties connector…`; `listeners` is set to a free port unless the
    /// properties have it. Each connector is the name and the text of a file (`.json` or `.properties`).
    pub fn standalone(properties: Properties, connectors: &[(&str, &str)]) -> Outcome<LongshoreSetup> {
        let mut setup = LongshoreSetup::new("standalone")?.with_properties(properties)?;
        for (name, text) in connectors {
            let file = setup.folder.path().join(name);
            fs::write(&file, text)?;
            setup = setup.args([file.display().to_string()]);
        }
        Ok(setup)
    }

    /// `longshore` with exactly these arguments, for [`LongshoreSetup::run_to_end`].
    pub fn command<T: Into<String>>(arguments: impl IntoIterator<Item = T>) -> Outcome<LongshoreSetup> {
        let mut setup = LongshoreSetup::new("")?;
        setup.program.arguments.clear();
        Ok(setup.args(arguments))
    }

    /// Its REST API.
    pub fn rest(&self) -> &Rest {
        &self.setup.rest
    }

    /// The address of its embedded broker, for `bootstrap.servers`; only `quickstart` has one.
    pub fn bootstrap(&self) -> Outcome<String> {
        match &self.setup.broker_port {
            Some(port) => Ok(port.address()),
            None => fail!("only quickstart has a broker of its own"),
        }
    }

    /// The folder that holds its property file, its data and its logs.
    pub fn folder(&self) -> &Folder {
        &self.setup.folder
    }

    /// Its process id; fails while it is down.
    pub fn pid(&self) -> Outcome<u32> {
        Ok(self.running()?.pid())
    }

    /// Whether its process has not ended.
    pub fn is_running(&self) -> bool {
        self.service.as_ref().is_some_and(Service::is_running)
    }

    /// What its process has used so far.
    pub fn usage(&self) -> Outcome<ProcessUsage> {
        ProcessUsage::of(self.pid()?)
    }

    /// Ends it without warning (SIGKILL); returns when it is gone.
    pub fn kill9(&mut self) -> Outcome {
        self.service.take().map_or(Ok(()), |service| service.kill())
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub async fn stop(&mut self) -> Outcome<ExitStatus> {
        let service = self.service.take().ok_or_else(|| Failure::new("the worker is already down"))?;
        service.terminate(STOP_DEADLINE).await
    }

    /// Presses Ctrl-C (SIGINT) and waits until it has ended.
    pub async fn interrupt(&mut self) -> Outcome<ExitStatus> {
        self.running()?.signal(Signal::INT)?;
        let service = self.service.take().ok_or_else(|| Failure::new("the worker is already down"))?;
        service.await_exit(STOP_DEADLINE).await
    }

    /// Sends it any signal, for example STOP and CONT.
    pub fn signal(&self, signal: Signal) -> Outcome {
        self.running()?.signal(signal)
    }

    /// Starts it again as it was started before, ending it first if it runs; returns when it answers.
    pub async fn restart(&mut self) -> Outcome {
        if self.service.is_some() {
            self.stop().await?;
        }
        self.service = Some(self.setup.launch().await?);
        Ok(())
    }

    /// Everything it wrote, standard output first, over all its starts.
    pub fn logs(&self) -> String {
        format!("{}{}", self.setup.program.stdout(), self.setup.program.stderr())
    }

    fn running(&self) -> Outcome<&Service> {
        self.service.as_ref().ok_or_else(|| Failure::new("the worker is down"))
    }
}

impl LongshoreSetup {
    fn new(subcommand: &str) -> Outcome<Self> {
        Self::of(longshore_binary()?, subcommand)
    }

    fn of(binary: PathBuf, subcommand: &str) -> Outcome<Self> {
        let (folder, rest_port) = (Folder::new("worker")?, PortLease::new()?);
        let program = Program::new("longshore", binary, folder.path()).with_arguments([subcommand]);
        Ok(Self {
            program,
            rest: Rest::new(format!("http://{}", rest_port.address())),
            ready_path: "/connectors".into(),
            start_deadline: START_DEADLINE,
            broker_port: None,
            _rest_port: rest_port,
            folder,
        })
    }

    fn with_properties(mut self, properties: Properties) -> Outcome<Self> {
        let properties = match properties.get("listeners").and_then(|listeners| listeners.split(',').next()) {
            Some(first) => {
                self.rest = Rest::new(first);
                properties
            }
            None => properties.set("listeners", self.rest.url()),
        };
        let file = self.folder.path().join("worker.properties");
        fs::write(&file, properties.to_string())?;
        Ok(self.args([file.display().to_string()]))
    }

    /// More arguments at the end of the command line.
    pub fn args<T: Into<String>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.program = self.program.with_arguments(arguments);
        self
    }

    /// Another worker than `longshore`, with the same command line: one with connectors of its own.
    pub fn binary(mut self, binary: impl Into<PathBuf>) -> Self {
        self.program.executable = binary.into();
        self
    }

    /// A worker that file permissions hold for even when the tests run as root, who otherwise may read everything.
    pub fn bound_by_permissions(mut self) -> Self {
        if rustix::process::geteuid().is_root() {
            let binary = std::mem::replace(&mut self.program.executable, "setpriv".into()).display().to_string();
            let without_rights = ["--bounding-set=-dac_override,-dac_read_search", "--", &binary].map(String::from);
            self.program.arguments.splice(..0, without_rights);
        }
        self
    }

    /// One more environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.program.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The path that answers 200 once the worker is up, `/connectors` unless set.
    pub fn ready_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.ready_path);
        self
    }

    /// How long the worker may take until it answers, a minute unless set.
    pub fn start_deadline(mut self, deadline: Duration) -> Self {
        self.start_deadline = deadline;
        self
    }

    /// The folder that the worker will run in.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The REST API that the worker will have.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Starts the worker and waits until it answers.
    pub async fn start(self) -> Outcome<LongshoreWorker> {
        let service = self.launch().await?;
        Ok(LongshoreWorker { service: Some(service), setup: self })
    }

    /// Starts the worker without waiting for an answer, for tests of a start that hangs or fails.
    pub fn start_unready(self) -> Outcome<LongshoreWorker> {
        let service = Service::start(self.program.clone())?;
        Ok(LongshoreWorker { service: Some(service), setup: self })
    }

    /// Runs it until it ends by itself, for commands and for starts that must fail.
    pub async fn run_to_end(self, deadline: Duration) -> Outcome<Ended> {
        let service = Service::start(self.program.clone())?;
        let status = service.await_exit(deadline).await?;
        Ok(Ended { status, stdout: self.program.stdout(), stderr: self.program.stderr() })
    }

    async fn launch(&self) -> Outcome<Service> {
        let service = Service::start(self.program.clone())?;
        service.await_ready(self.start_deadline, async || self.rest.answers(&self.ready_path).await).await?;
        Ok(service)
    }
}

/// The binary under test: `$LONGSHORE_BIN`, or the one that cargo built beside the test executable.
pub fn longshore_binary() -> Outcome<PathBuf> {
    if let Some(named) = setting("LONGSHORE_BIN") {
        let named = PathBuf::from(named);
        return if named.is_file() { Ok(named) } else { fail!("LONGSHORE_BIN names no file: {}", named.display()) };
    }
    // Test executables lie in target/PROFILE/deps, examples in target/PROFILE/examples, binaries in target/PROFILE.
    let executable = std::env::current_exe()?;
    let beside = executable.ancestors().skip(1).take(2).map(|folder| folder.join("longshore"));
    let found = beside.into_iter().find(|candidate| candidate.is_file());
    found.ok_or_else(|| Failure::new("there is no longshore to test: build it first: cargo build -p longshore"))
}

#[cfg(test)]
mod tests;
