//! The two workers behind one face, set up alike.

use longshore_support::{JvmConnect, LongshoreWorker, Outcome, ProcessUsage, Properties, Rest, await_until, fail};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// Both must have started and stopped their tasks by then.
const DEADLINE: Duration = Duration::from_secs(60);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// This project's.
    Longshore,
    /// Apache Kafka Connect.
    Jvm,
}

impl Who {
    /// Both, in the order in which they take their turns.
    pub(crate) const BOTH: [Self; 2] = [Self::Longshore, Self::Jvm];

    /// What tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Longshore => "longshore",
            Self::Jvm => "JVM worker",
        }
    }

    /// Where one of a pair belongs to this one.
    pub(crate) fn of<T>(self, longshore: T, jvm: T) -> T {
        match self {
            Self::Longshore => longshore,
            Self::Jvm => jvm,
        }
    }
}

/// What the JVM worker has besides the file connectors.
#[derive(Debug)]
pub(crate) enum Plugins {
    /// Nothing.
    Own,
    /// Connectors of Apache Kafka, which must stand on the worker's class path.
    ClassPath(PathBuf),
    /// A folder of plugins.
    Folder(PathBuf),
}

/// A running worker.
#[derive(Debug)]
pub(crate) enum Contestant {
    Longshore(LongshoreWorker),
    Jvm(JvmConnect),
}

impl Contestant {
    /// Starts one on the broker at `bootstrap`, as a distributed worker in a group called after the case.
    pub(crate) async fn start(who: Who, bootstrap: &str, case: &str, plugins: &Plugins) -> Outcome<Self> {
        Ok(match who {
            Who::Longshore => {
                let properties = longshore_properties(bootstrap, &format!("{case}-longshore"));
                Self::Longshore(LongshoreWorker::distributed(properties)?.start().await?)
            }
            Who::Jvm => {
                let mut builder = JvmConnect::builder(bootstrap).group(&format!("{case}-jvm"));
                builder = match plugins {
                    Plugins::Own => builder,
                    Plugins::ClassPath(folder) => builder.class_path(folder),
                    Plugins::Folder(folder) => builder.plugin_folder(folder),
                };
                Self::Jvm(builder.start().await?)
            }
        })
    }

    pub(crate) fn usage(&self) -> Outcome<ProcessUsage> {
        match self {
            Self::Longshore(worker) => worker.usage(),
            Self::Jvm(worker) => worker.usage(),
        }
    }

    pub(crate) async fn stop(self) -> Outcome {
        match self {
            Self::Longshore(mut worker) => worker.stop().await.map(|_| ()),
            Self::Jvm(worker) => worker.stop().await,
        }
    }

    /// Has it run a connector.
    pub(crate) async fn create(&self, name: &str, config: &Value) -> Outcome {
        let body = json!({ "name": name, "config": config });
        self.rest().post("/connectors", &body).await?.expect_status(201)?;
        Ok(())
    }

    /// Fails if a task has.
    pub(crate) async fn check(&self, name: &str) -> Outcome {
        let answer = self.rest().get(&format!("/connectors/{name}/status")).await?;
        if answer.text.contains("\"FAILED\"") {
            return fail!("the connector {name} failed: {}", answer.text);
        }
        Ok(())
    }

    /// Forgets a connector, and waits until its tasks are gone, so that they don't disturb what comes next.
    pub(crate) async fn delete(&self, name: &str) -> Outcome {
        let path = format!("/connectors/{name}");
        self.rest().delete(&path).await?.expect_status(204)?;
        await_until(DEADLINE, "the connector to be gone", async || {
            let status = self.rest().get(&format!("{path}/status")).await;
            status.is_ok_and(|answer| answer.status == 404)
        })
        .await
    }

    fn rest(&self) -> &Rest {
        match self {
            Self::Longshore(worker) => worker.rest(),
            Self::Jvm(worker) => worker.rest(),
        }
    }
}

/// What [`JvmConnect`] is started with, too.
pub(crate) fn longshore_properties(bootstrap: &str, group: &str) -> Properties {
    let base = Properties::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("key.converter", "org.apache.kafka.connect.json.JsonConverter")
        .set("value.converter", "org.apache.kafka.connect.json.JsonConverter")
        .set("offset.storage.partitions", 5);
    [("config", "configs"), ("offset", "offsets"), ("status", "status")].iter().fold(base, |base, (store, name)| {
        base.set(format!("{store}.storage.topic"), format!("{group}-{name}"))
            .set(format!("{store}.storage.replication.factor"), 1)
    })
}
