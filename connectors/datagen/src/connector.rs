//! The connector: its name, and how its work is split.
use longshore_api::prelude::*;
use longshore_api::source::ExactlyOnceSupport;

use crate::config::DatagenConfig;
use crate::offset::{self, TASK_ID};
use crate::task::DatagenTask;

/// Generates records from an annotated Avro schema.
#[derive(Debug)]
pub struct Datagen;

impl SourceConnector for Datagen {
    const CLASS: &'static str = "io.confluent.kafka.connect.datagen.DatagenConnector";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TASK_CLASS: Option<&'static str> = Some("io.confluent.kafka.connect.datagen.DatagenTask");
    type Config = DatagenConfig;
    type Task = DatagenTask;

    /// As many tasks as allowed: each makes records of its own.
    fn task_configs(_: &DatagenConfig, props: &Props, max_tasks: usize) -> Result<Vec<Props>> {
        let task = |id: usize| {
            let mut props = props.clone();
            props.insert(TASK_ID.to_string(), id.to_string());
            props
        };
        Ok((0..max_tasks).map(task).collect())
    }

    async fn validate(config: &DatagenConfig) -> Vec<Problem> {
        let config = config.clone();
        match tokio::task::spawn_blocking(move || config.problems_of_files()).await {
            Ok(problems) => problems,
            Err(error) => vec![Problem::new("schema.filename", format!("The schema file was not looked at: {error}."))],
        }
    }

    /// The offset says all that the next record follows from.
    fn exactly_once_support(_: &DatagenConfig) -> ExactlyOnceSupport {
        ExactlyOnceSupport::Supported
    }

    fn alter_offsets(_: &Props, offsets: &[(OffsetMap, Option<OffsetMap>)]) -> Result<()> {
        offsets.iter().try_for_each(|(partition, offset)| offset::check(partition, offset.as_ref()))
    }
}
