//! The two connectors: names, the split into tasks, and the offsets a user may store.
//!
//! Neither looks at the file while a configuration is checked: the worker that answers need not be the one that will
//! run the task, and the file may come later.
use longshore_api::prelude::*;
use longshore_api::source::ExactlyOnceSupport;

use crate::config::{FileStreamSinkConfig, FileStreamSourceConfig};
use crate::offset;
use crate::sink::FileStreamSinkTask;
use crate::source::FileStreamSourceTask;

/// Reads the lines of one file; always one task, since a file has one end.
pub struct FileStreamSource;

impl SourceConnector for FileStreamSource {
    const CLASS: &'static str = "org.apache.kafka.connect.file.FileStreamSourceConnector";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TASK_CLASS: Option<&'static str> = Some("org.apache.kafka.connect.file.FileStreamSourceTask");
    type Config = FileStreamSourceConfig;
    type Task = FileStreamSourceTask;

    fn exactly_once_support(config: &Self::Config) -> ExactlyOnceSupport {
        match config.path() {
            Some(_) => ExactlyOnceSupport::Supported,
            None => ExactlyOnceSupport::Unsupported,
        }
    }

    fn alter_offsets(props: &Props, offsets: &[(OffsetMap, Option<OffsetMap>)]) -> Result<()> {
        offset::check(FileStreamSourceConfig::parse(props)?.path().is_some(), offsets)
    }
}

/// Appends records to one file; several tasks may share it.
pub struct FileStreamSink;

impl SinkConnector for FileStreamSink {
    const CLASS: &'static str = "org.apache.kafka.connect.file.FileStreamSinkConnector";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TASK_CLASS: Option<&'static str> = Some("org.apache.kafka.connect.file.FileStreamSinkTask");
    type Config = FileStreamSinkConfig;
    type Task = FileStreamSinkTask;
}
