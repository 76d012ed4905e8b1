//! A log in a file: the standalone worker's offsets, in the very format of the JVM's.
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use longshore_api::error::{ConnectError, Result};

use super::java_map;
use crate::ports::{Log, LogReader, LogRecord};

/// Keeps the latest value of every key in one file, which is replaced as a whole at each append: after a crash it
/// holds either the old state or the new one.
pub struct FileLog {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    entries: HashMap<Bytes, Bytes>,
    reader: LogReader,
}

impl FileLog {
    /// Opens the file, or starts empty where there is none.
    ///
    /// # Errors
    /// Fatal, naming the file, when it cannot be read or is something else.
    pub fn open(path: &Path, mut reader: LogReader) -> Result<Arc<Self>> {
        let entries = match fs::read(path) {
            Ok(data) if data.is_empty() => Vec::new(),
            Ok(data) => java_map::read(&data).map_err(|why| {
                let path = path.display();
                ConnectError::fatal(format!(
                    "The offsets file {path} (offset.storage.file.filename) is not one that a Connect worker wrote: \
                     {why}. Move it away to start without offsets."
                ))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(cannot("read", path, &error)),
        };
        let entries: HashMap<_, _> = entries.into_iter().filter_map(|(k, v)| Some((k?, v?))).collect();
        for (key, value) in &entries {
            reader(LogRecord { key: key.clone(), value: Some(value.clone()) });
        }
        Ok(Arc::new(Self { path: path.to_path_buf(), state: Mutex::new(State { entries, reader }) }))
    }

    fn write(&self, records: Vec<LogRecord>) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = state.entries.clone();
        for record in &records {
            match &record.value {
                Some(value) => next.insert(record.key.clone(), value.clone()),
                None => next.remove(&record.key),
            };
        }
        let mut sorted: Vec<_> = next.iter().map(|(k, v)| (Some(k.clone()), Some(v.clone()))).collect();
        sorted.sort();
        replace(&self.path, &java_map::write(&sorted)).map_err(|error| match cannot("write", &self.path, &error) {
            ConnectError::Fatal { source } => ConnectError::retriable(source),
            other => other,
        })?;
        state.entries = next;
        for record in records {
            (state.reader)(record);
        }
        Ok(())
    }
}

impl Log for FileLog {
    fn append(&self, records: Vec<LogRecord>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.write(records) })
    }

    fn read_to_end(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn replace(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let mut file = fs::File::create(&aside)?;
    file.write_all(data)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    // The rename itself is durable once its directory is.
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(directory)?.sync_all()
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> ConnectError {
    ConnectError::fatal(format!(
        "Cannot {what} the offsets file {} (offset.storage.file.filename): {error}. Check that its directory exists \
         and that this user may write there.",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &'static str, value: Option<&'static str>) -> LogRecord {
        LogRecord { key: Bytes::from(key), value: value.map(Bytes::from) }
    }

    #[tokio::test]
    async fn the_latest_value_of_each_key_is_there_after_reopening() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("connect.offsets");
        let log = FileLog::open(&path, Box::new(|_| {})).unwrap();
        log.append(vec![record("a", Some("1")), record("b", Some("1"))]).await.unwrap();
        log.append(vec![record("a", Some("2")), record("b", None)]).await.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reader = Arc::clone(&seen);
        FileLog::open(&path, Box::new(move |r| reader.lock().unwrap().push(r))).unwrap();
        assert_eq!(*seen.lock().unwrap(), [record("a", Some("2"))]);
    }

    #[test]
    fn another_file_is_refused_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        fs::write(&path, "hello").unwrap();
        let error = FileLog::open(&path, Box::new(|_| {})).err().unwrap().to_string();
        assert!(error.contains("notes.txt") && error.contains("offset.storage.file.filename"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_directory_is_an_error_to_retry() {
        let log = FileLog::open(Path::new("/nonexistent-longshore/offsets"), Box::new(|_| {})).unwrap();
        assert!(log.append(vec![record("a", Some("1"))]).await.unwrap_err().is_retriable());
    }
}
