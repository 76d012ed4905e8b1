//! The source task: look, hand over whole lines, wait a little longer each time there are none.
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use longshore_api::prelude::*;

use crate::config::FileStreamSourceConfig;
use crate::error::FileError;
use crate::input::{Input, Look, PathInput};
use crate::lines::{Line, LineBuffer, MAX_LINE_BYTES};
use crate::offset;

/// The waits between two looks at a file that does not grow: the first, and the one that doubling stops at.
const WAIT_MIN: Duration = Duration::from_millis(20);
const WAIT_MAX: Duration = Duration::from_millis(500);
/// A poll that has read this much hands over what it has, however short its lines are of `batch.size`.
const POLL_BYTES: usize = 1024 * 1024;

/// Reads one file, or standard input, line by line.
pub struct FileStreamSourceTask {
    topic: Arc<str>,
    schema: Arc<Schema>,
    partition: Arc<OffsetMap>,
    /// Standard input keeps no offsets.
    has_offsets: bool,
    what: String,
    lines_per_poll: usize,
    input: Input,
    lines: LineBuffer,
    wait: Duration,
}

impl SourceTask for FileStreamSourceTask {
    type Config = FileStreamSourceConfig;

    async fn start(config: Self::Config, context: SourceTaskContext) -> Result<Self> {
        let path = config.path();
        let what = path.as_ref().map_or("standard input".to_string(), |path| path.display().to_string());
        let partition = offset::partition(path.as_ref().and(config.file.as_deref()));
        let mut lines = LineBuffer::new(0, MAX_LINE_BYTES);
        let input = match &path {
            Some(path) => {
                let mut input = PathInput::new(path, offset::position(context.offset(&partition).as_ref(), &what)?);
                // What can never be read fails here and not at the first poll; a missing file is waited for.
                input.open(&mut lines)?;
                Input::Path(input)
            }
            None => Input::stdin()?,
        };
        Ok(Self {
            lines_per_poll: config.lines_per_poll(),
            topic: config.topic.into(),
            schema: Schema::string(),
            partition: Arc::new(partition),
            has_offsets: path.is_some(),
            what,
            input,
            lines,
            wait: WAIT_MIN,
        })
    }

    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        loop {
            let batch = self.read()?;
            if !batch.is_empty() {
                self.wait = WAIT_MIN;
                return Ok(self.records(batch));
            }
            // The only await. A poll dropped here has read nothing that it does not still hold.
            tokio::time::sleep(self.wait).await;
            self.wait = (self.wait * 2).min(WAIT_MAX);
        }
    }
}

impl FileStreamSourceTask {
    /// The lines there are now, up to the limits of a poll. An error waits until the lines before it are out.
    fn read(&mut self) -> Result<Vec<Line>, FileError> {
        let (mut batch, mut read_bytes) = (Vec::new(), 0);
        loop {
            self.lines.take(self.lines_per_poll, &mut batch).map_err(|error| FileError::LineTooLong {
                what: self.what.clone(),
                position: error.position,
                limit: MAX_LINE_BYTES,
            })?;
            if batch.len() >= self.lines_per_poll || (read_bytes >= POLL_BYTES && !batch.is_empty()) {
                return Ok(batch);
            }
            match self.input.look(&mut self.lines) {
                Ok(Look::Bytes(bytes)) => read_bytes += bytes,
                Ok(Look::Nothing) => return Ok(batch),
                Ok(Look::Over) => batch.extend(self.lines.finish(0)),
                Err(_) if !batch.is_empty() => return Ok(batch),
                Err(error) => return Err(error),
            }
        }
    }

    fn records(&self, lines: Vec<Line>) -> Vec<SourceRecord> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let timestamp = now.and_then(|since| i64::try_from(since.as_millis()).ok());
        let record = |line: Line| SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: offset::offset(self.has_offsets.then_some(line.end)),
            record: ConnectRecord {
                topic: Arc::clone(&self.topic),
                value: SchemaAndValue::new(Arc::clone(&self.schema), line.text),
                timestamp,
                ..ConnectRecord::default()
            },
        };
        lines.into_iter().map(record).collect()
    }
}

#[cfg(test)]
mod tests;
