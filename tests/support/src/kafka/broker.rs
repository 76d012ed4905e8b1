//! The broker itself: Apache Kafka in KRaft mode, one node that is its own controller.

use crate::maven;
use crate::ports::PortLease;
use crate::process::{Folder, Program, Service, run, signals::Signal};
use crate::{Outcome, ProcessUsage, Properties, fail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::fs;
use std::process::Command;
use std::time::Duration;

/// Generous: a cold start takes 2 s alone on a machine, but tests share it.
const START_DEADLINE: Duration = Duration::from_secs(90);
const STOP_DEADLINE: Duration = Duration::from_secs(60);

/// Any 16 bytes in base64 will do; a fixed one makes logs comparable.
const CLUSTER_ID: &str = "bG9uZ3Nob3JlLXRlc3RzIQ";

/// A real Kafka broker on a loopback port of its own, gone when dropped.
///
/// Port and data stay the same over [`kill`](Self::kill), [`stop`](Self::stop) and [`restart`](Self::restart).
#[derive(Debug)]
pub struct KafkaBroker {
    // Dropped first: the process must be gone before its folder and its port are.
    service: Option<Service>,
    program: Program,
    port: PortLease,
    _controller_port: PortLease,
    folder: Folder,
}

/// How a broker is to be set up; [`KafkaBroker::builder`] makes one.
#[derive(Debug, Clone)]
pub struct KafkaBrokerBuilder {
    heap_mb: u32,
    jvm: Vec<String>,
    properties: Properties,
}

impl KafkaBroker {
    /// Starts a broker with the defaults and waits until it answers.
    pub async fn start() -> Outcome<Self> {
        Self::builder().start().await
    }

    /// A broker that is not quite the default one.
    pub fn builder() -> KafkaBrokerBuilder {
        KafkaBrokerBuilder { heap_mb: 384, jvm: Vec::new(), properties: Properties::new() }
    }

    /// `127.0.0.1:port`, for `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        self.port.address()
    }

    /// Its process id; fails while it is down.
    pub fn pid(&self) -> Outcome<u32> {
        Ok(self.running()?.pid())
    }

    /// What the broker's process has used so far.
    pub fn usage(&self) -> Outcome<ProcessUsage> {
        ProcessUsage::of(self.pid()?)
    }

    /// Ends it in good order (SIGTERM) and waits until it is gone.
    pub async fn stop(&mut self) -> Outcome {
        if let Some(service) = self.service.take() {
            service.terminate(STOP_DEADLINE).await?;
        }
        Ok(())
    }

    /// Ends it without warning (SIGKILL).
    pub fn kill(&mut self) -> Outcome {
        self.service.take().map_or(Ok(()), |service| service.kill())
    }

    /// Starts it again on the same port and data, ending it first if it runs; returns when it answers.
    ///
    /// After a kill this takes 2 s more: the controller waits for the end of the broker's old session.
    pub async fn restart(&mut self) -> Outcome {
        self.stop().await?;
        self.launch().await
    }

    /// Freezes it (SIGSTOP): connections stay open, nothing is answered.
    pub fn pause(&self) -> Outcome {
        self.running()?.signal(Signal::STOP)
    }

    /// Lets a frozen broker go on (SIGCONT).
    pub fn resume(&self) -> Outcome {
        self.running()?.signal(Signal::CONT)
    }

    /// The end of what it logged.
    pub fn log_tails(&self) -> String {
        self.program.log_tails()
    }

    /// The folder that holds its data and logs.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    fn running(&self) -> Outcome<&Service> {
        match &self.service {
            Some(service) => Ok(service),
            None => fail!("the Kafka broker on {} is down", self.bootstrap()),
        }
    }

    async fn launch(&mut self) -> Outcome {
        let service = Service::start(self.program.clone())?;
        let bootstrap = self.bootstrap();
        service.await_ready(START_DEADLINE, async || is_serving(bootstrap.clone()).await).await?;
        self.service = Some(service);
        Ok(())
    }
}

impl KafkaBrokerBuilder {
    /// The most memory its heap may take, in MiB; 384 unless set.
    pub fn heap_mb(mut self, heap_mb: u32) -> Self {
        self.heap_mb = heap_mb;
        self
    }

    /// Sets a broker property, over the one that tests have by default.
    pub fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.properties = self.properties.set(key, value);
        self
    }

    /// Lets the JVM optimise fully, which tests of behaviour don't wait for: for measuring.
    pub fn for_measuring(mut self) -> Self {
        self.heap_mb = self.heap_mb.max(1024);
        self.jvm = vec!["-server".into(), "-XX:+UseG1GC".into()];
        self
    }

    /// Formats the data folder, starts the broker and waits until it answers.
    pub async fn start(self) -> Outcome<KafkaBroker> {
        let jars = super::blocking(|| maven::class_path(&maven::pom("kafka-broker.xml"))).await?;
        let folder = Folder::new("kafka")?;
        let (port, controller_port) = (PortLease::new()?, PortLease::new()?);
        let properties = self.server_properties(&folder, &port, &controller_port);
        let file = folder.path().join("server.properties");
        fs::write(&file, properties.to_string())?;
        let file = file.display().to_string();
        let logging = jvm_logging(&folder.path().join("server.log"));

        let mut format = Command::new("java");
        format.args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]).args(&logging);
        format.args(["-cp", &jars, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", &file]);
        super::blocking(move || run(&format, START_DEADLINE, INSTALL_JAVA)).await?;

        let mut program = Program::new("the Kafka broker", "java", folder.path());
        let heap = [format!("-Xms{}m", self.heap_mb.min(128)), format!("-Xmx{}m", self.heap_mb)];
        let quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"].map(String::from).to_vec();
        program = program.with_arguments(heap).with_arguments(if self.jvm.is_empty() { quick } else { self.jvm });
        program = program.with_arguments(logging).with_arguments(["-cp", &jars, "kafka.Kafka", &file]);
        program.logs.push(folder.path().join("server.log"));

        let mut broker = KafkaBroker { service: None, program, port, _controller_port: controller_port, folder };
        broker.launch().await?;
        Ok(broker)
    }

    fn server_properties(&self, folder: &Folder, port: &PortLease, controller: &PortLease) -> Properties {
        let (client_address, controller_address) = (port.address(), controller.address());
        let base = Properties::new()
            .set("process.roles", "broker,controller")
            .set("node.id", 1)
            .set("controller.quorum.voters", format!("1@{controller_address}"))
            .set("controller.listener.names", "CONTROLLER")
            .set("inter.broker.listener.name", "PLAINTEXT")
            .set("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT")
            .set("listeners", format!("PLAINTEXT://{client_address},CONTROLLER://{controller_address}"))
            .set("advertised.listeners", format!("PLAINTEXT://{client_address}"))
            .set("log.dirs", folder.path().join("data").display());
        // One node can hold one replica only; few partitions of the internal topics keep starts quick.
        let single = ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"];
        let base = single.iter().fold(base, |properties, topic| {
            properties.set(format!("{topic}.replication.factor"), 1).set(format!("{topic}.num.partitions"), 5)
        });
        base.set("transaction.state.log.min.isr", 1)
            .set("share.coordinator.state.topic.min.isr", 1)
            // Consumers of a test join one at a time; waiting for more costs 3 s each.
            .set("group.initial.rebalance.delay.ms", 0)
            // A killed broker may register again only when its old session is over, 9 s by default.
            .set("broker.session.timeout.ms", 2_000)
            .set("broker.heartbeat.interval.ms", 500)
            .set_all(self.properties.clone())
    }
}

pub(crate) const INSTALL_JAVA: &str = "apt-get install -y openjdk-17-jdk-headless";

/// JVM options that have log4j write to `file` and nowhere else.
pub(crate) fn jvm_logging(file: &std::path::Path) -> [String; 2] {
    let configuration = maven::pom("log4j2.xml");
    [format!("-Dlog4j2.configurationFile={}", configuration.display()), format!("-Dlongshore.log={}", file.display())]
}

/// A broker serves when it lists itself among the brokers: only then is it registered with the controller.
async fn is_serving(bootstrap: String) -> bool {
    if tokio::net::TcpStream::connect(&bootstrap).await.is_err() {
        return false;
    }
    let listed = super::blocking(move || {
        let consumer: BaseConsumer = super::client(&bootstrap).create()?;
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(2))?;
        Ok(!metadata.brokers().is_empty())
    });
    listed.await.unwrap_or(false)
}
