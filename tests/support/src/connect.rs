//! The real Kafka Connect worker, which ours is compared with.

use crate::kafka::{INSTALL_JAVA, jvm_logging};
use crate::ports::PortLease;
use crate::process::{Folder, Program, Service, run};
use crate::{KafkaBroker, Outcome, ProcessUsage, Properties, Rest, maven};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const START_DEADLINE: Duration = Duration::from_secs(120);
/// Seen once: a worker whose broker is already gone needs more than 30 s to end.
const STOP_DEADLINE: Duration = Duration::from_secs(60);

/// Apache Kafka Connect 4.3.1 as a distributed worker of its own group, gone when dropped.
///
/// Its plugins: the transformations and converters of Apache Kafka, FileStreamSource and FileStreamSink,
/// and what [`JvmConnectBuilder::plugin_folder`] adds. Stop it before its broker.
#[derive(Debug)]
pub struct JvmConnect {
    // Dropped first: the process must be gone before its folder and its port are.
    service: Service,
    rest: Rest,
    group: String,
    _port: PortLease,
    _folder: Folder,
}

/// How the worker is to be set up; [`JvmConnect::builder`] makes one.
#[derive(Debug, Clone)]
pub struct JvmConnectBuilder {
    bootstrap: String,
    group: String,
    heap_mb: u32,
    plugin_folders: Vec<PathBuf>,
    class_path: Vec<PathBuf>,
    properties: Properties,
}

impl JvmConnect {
    /// Starts a worker with the defaults on `broker` and waits until it has joined its group.
    pub async fn start(broker: &KafkaBroker) -> Outcome<Self> {
        Self::builder(&broker.bootstrap()).start().await
    }

    /// A worker on the broker at `bootstrap` that is not quite the default one.
    pub fn builder(bootstrap: &str) -> JvmConnectBuilder {
        JvmConnectBuilder {
            bootstrap: bootstrap.to_owned(),
            group: "jvm-connect".to_owned(),
            heap_mb: 1024,
            plugin_folders: Vec::new(),
            class_path: Vec::new(),
            properties: Properties::new(),
        }
    }

    /// Its REST API.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The address of its REST API.
    pub fn url(&self) -> &str {
        self.rest.url()
    }

    /// Its `group.id`; its topics are called `{group}-configs`, `-offsets` and `-status`.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.service.pid()
    }

    /// What its process has used so far.
    pub fn usage(&self) -> Outcome<ProcessUsage> {
        ProcessUsage::of(self.pid())
    }

    /// Ends it in good order (SIGTERM) and waits until it is gone.
    pub async fn stop(self) -> Outcome {
        self.service.terminate(STOP_DEADLINE).await?;
        Ok(())
    }

    /// Ends it without warning (SIGKILL).
    pub fn kill(self) -> Outcome {
        self.service.kill()
    }

    /// The end of what it logged.
    pub fn log_tails(&self) -> String {
        self.service.program().log_tails()
    }
}

impl JvmConnectBuilder {
    /// Its `group.id`, `jvm-connect` unless set.
    pub fn group(mut self, group: &str) -> Self {
        group.clone_into(&mut self.group);
        self
    }

    /// The most memory its heap may take, in MiB; 1024 unless set.
    pub fn heap_mb(mut self, heap_mb: u32) -> Self {
        self.heap_mb = heap_mb;
        self
    }

    /// A folder of plugins: each jar in it is one, and each folder of jars in it.
    pub fn plugin_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.plugin_folders.push(folder.into());
        self
    }

    /// A folder of jars on the worker's own class path: what bears Apache Kafka's package names is found only there.
    pub fn class_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.class_path.push(folder.into());
        self
    }

    /// Sets a worker property, over the one that tests have by default.
    pub fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.properties = self.properties.set(key, value);
        self
    }

    /// Starts the worker and waits until it has joined its group: until then it answers nothing but 404 and 503.
    pub async fn start(self) -> Outcome<JvmConnect> {
        let resolving = tokio::task::spawn_blocking(|| {
            let jars = maven::class_path(&maven::pom("kafka-connect.xml"))?;
            // Not needed, but its sentence about a missing Java is clearer than the one of a failed start.
            run(Command::new("java").arg("-version"), START_DEADLINE, INSTALL_JAVA)?;
            Outcome::Ok((jars, maven::resolve(&maven::pom("connect-file.xml"))?))
        });
        let (jars, file_plugin) = resolving.await??;
        let own = self.class_path.iter().map(|folder| format!("{}/*", folder.display()));
        let jars: Vec<String> = std::iter::once(jars).chain(own).collect();
        let (folder, port) = (Folder::new("connect")?, PortLease::new()?);
        let file = folder.path().join("worker.properties");
        fs::write(&file, self.worker_properties(file_plugin, &port).to_string())?;

        let mut program = Program::new("the JVM Connect worker", "java", folder.path());
        // The options that Kafka's own start script gives, less those for logging and JMX.
        program = program.with_arguments(["-server", "-Xms256m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]);
        program = program.with_arguments([format!("-Xmx{}m", self.heap_mb), "-Djava.awt.headless=true".into()]);
        program = program.with_arguments(jvm_logging(&folder.path().join("worker.log")));
        program = program.with_arguments(["-cp", &jars.join(":"), "org.apache.kafka.connect.cli.ConnectDistributed"]);
        program = program.with_arguments([file.display().to_string()]);
        program.logs.push(folder.path().join("worker.log"));

        let rest = Rest::new(format!("http://{}", port.address()));
        let service = Service::start(program)?;
        service.await_ready(START_DEADLINE, async || rest.answers("/connectors").await).await?;
        Ok(JvmConnect { service, rest, group: self.group, _port: port, _folder: folder })
    }

    fn worker_properties(&self, file_plugin: PathBuf, port: &PortLease) -> Properties {
        let folders = [file_plugin].into_iter().chain(self.plugin_folders.iter().cloned());
        let plugin_path: Vec<String> = folders.map(|folder| folder.display().to_string()).collect();
        let base = Properties::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("group.id", &self.group)
            .set("key.converter", "org.apache.kafka.connect.json.JsonConverter")
            .set("value.converter", "org.apache.kafka.connect.json.JsonConverter")
            .set("offset.storage.partitions", 5)
            .set("listeners", format!("http://{}", port.address()))
            .set("plugin.path", plugin_path.join(","))
            .set("plugin.discovery", "service_load");
        let stores = [("config", "configs"), ("offset", "offsets"), ("status", "status")];
        let base = stores.iter().fold(base, |properties, (store, name)| {
            properties
                .set(format!("{store}.storage.topic"), format!("{}-{name}", self.group))
                .set(format!("{store}.storage.replication.factor"), 1)
        });
        base.set_all(self.properties.clone())
    }
}
