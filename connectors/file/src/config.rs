//! The keys of both connectors: Kafka's own.
use std::path::PathBuf;

use longshore_api::ConnectorConfig;

/// What `FileStreamSourceConnector` is told.
#[derive(Debug, Clone, ConnectorConfig)]
pub struct FileStreamSourceConfig {
    /// Path of the file to read; it may come into being later. Without it, the worker's standard input is read.
    pub file: Option<String>,
    /// Topic that receives one record per line.
    #[config(non_empty)]
    pub topic: String,
    /// The most lines that one poll hands over.
    #[config(key = "batch.size", default = 2000, importance = Low)]
    pub batch_size: i32,
}

/// What `FileStreamSinkConnector` is told.
#[derive(Debug, Clone, ConnectorConfig)]
pub struct FileStreamSinkConfig {
    /// Path of the file to append to; it is created where it is missing. Without it, records go to the worker's
    /// standard output.
    pub file: Option<String>,
}

impl FileStreamSourceConfig {
    /// The file, if one is named; Kafka takes an empty name for none.
    pub fn path(&self) -> Option<PathBuf> {
        named(self.file.as_deref())
    }

    /// How many lines one poll may hand over; as with Kafka, one at least whatever the number.
    pub fn lines_per_poll(&self) -> usize {
        usize::try_from(self.batch_size).unwrap_or(1).max(1)
    }
}

impl FileStreamSinkConfig {
    /// The file, if one is named; Kafka takes an empty name for none.
    pub fn path(&self) -> Option<PathBuf> {
        named(self.file.as_deref())
    }
}

fn named(file: Option<&str>) -> Option<PathBuf> {
    file.filter(|name| !name.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use longshore_api::config::{ConnectorConfig as _, Props};

    fn source(pairs: &[(&str, &str)]) -> FileStreamSourceConfig {
        let props: Props = pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        FileStreamSourceConfig::from_props(&props).unwrap()
    }

    #[test]
    fn an_empty_name_is_no_name_and_any_batch_size_reads_on() {
        assert_eq!(source(&[("topic", "t"), ("file", "")]).path(), None);
        assert_eq!(source(&[("topic", "t")]).lines_per_poll(), 2000);
        assert_eq!(source(&[("topic", "t"), ("batch.size", "-7")]).lines_per_poll(), 1);
    }
}
