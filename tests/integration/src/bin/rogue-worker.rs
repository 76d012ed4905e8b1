//! A worker whose connectors do what connectors must not: panic, block their thread, never come back, tell secrets.
//!
//! Its command line is that of `longshore`; it has the file connectors too, which are to go on undisturbed.

use std::future::pending;
use std::process::ExitCode;
use std::sync::Arc;

use longshore_api::prelude::*;

fn main() -> ExitCode {
    let plugins = longshore_plugins::builtin()
        .source::<longshore_file::FileStreamSource>()
        .sink::<longshore_file::FileStreamSink>()
        .source::<RogueSource>()
        .sink::<RogueSink>()
        .source::<Vault>();
    longshore_worker::main(plugins)
}

/// Where it misbehaves, and how.
#[derive(Debug, Clone, ConnectorConfig)]
struct RogueConfig {
    /// The call in which it happens: start, poll, put or stop.
    at: String,
    /// What happens: panic, block, or wait for ever without blocking.
    what: String,
}

impl RogueConfig {
    async fn call(&self, at: &str) {
        if self.at != at {
            return;
        }
        match self.what.as_str() {
            "panic" => panic!("the ship has no captain"),
            "block" => loop {
                std::thread::park();
            },
            _ => pending().await,
        }
    }
}

struct RogueSource;

impl SourceConnector for RogueSource {
    const CLASS: &'static str = "io.example.connect.RogueSource";
    const VERSION: &'static str = "1";
    type Config = RogueConfig;
    type Task = RogueSourceTask;
}

struct RogueSourceTask(RogueConfig);

impl SourceTask for RogueSourceTask {
    type Config = RogueConfig;

    async fn start(config: RogueConfig, _: SourceTaskContext) -> Result<Self> {
        config.call("start").await;
        Ok(Self(config))
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        self.0.call("poll").await;
        pending().await
    }

    async fn stop(self) -> Result<()> {
        self.0.call("stop").await;
        Ok(())
    }
}

struct RogueSink;

impl SinkConnector for RogueSink {
    const CLASS: &'static str = "io.example.connect.RogueSink";
    const VERSION: &'static str = "1";
    type Config = RogueConfig;
    type Task = RogueSinkTask;
}

struct RogueSinkTask(RogueConfig);

impl SinkTask for RogueSinkTask {
    type Config = RogueConfig;

    async fn start(config: RogueConfig, _: SinkTaskContext) -> Result<Self> {
        config.call("start").await;
        Ok(Self(config))
    }

    async fn put(&mut self, _: &[SinkRecord]) -> Result<Rejected> {
        self.0.call("put").await;
        Ok(Rejected::NONE)
    }

    async fn stop(self) -> Result<()> {
        self.0.call("stop").await;
        Ok(())
    }
}

/// Knows a password; tells how long it is, and fails with its whole configuration in the message when told to.
#[derive(Debug, Clone, ConnectorConfig)]
struct VaultConfig {
    /// Topic that gets one record: how many letters the password has.
    topic: String,
    /// The password.
    password: Password,
    /// Whether to fail.
    #[config(default = false)]
    fails: bool,
}

struct Vault;

impl SourceConnector for Vault {
    const CLASS: &'static str = "io.example.connect.Vault";
    const VERSION: &'static str = "1";
    type Config = VaultConfig;
    type Task = VaultTask;
}

struct VaultTask {
    config: VaultConfig,
    told: bool,
}

impl SourceTask for VaultTask {
    type Config = VaultConfig;

    async fn start(config: VaultConfig, _: SourceTaskContext) -> Result<Self> {
        if config.fails {
            return Err(ConnectError::fatal(format!("cannot log in with {config:?}")));
        }
        Ok(Self { config, told: false })
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.told {
            pending::<()>().await;
        }
        self.told = true;
        let letters = format!("{} letters", self.config.password.expose().len());
        let value = SchemaAndValue::new(Schema::string(), letters);
        Ok(vec![SourceRecord {
            source_partition: Arc::new(OffsetMap::default().with("vault", "1")),
            source_offset: OffsetMap::default().with("told", 1),
            record: ConnectRecord::new(self.config.topic.as_str(), value),
        }])
    }
}
