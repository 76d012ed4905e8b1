//! The sink task: one line per record, in the words of Java's `toString`.
use longshore_api::data::Value;
use longshore_api::prelude::*;
use longshore_api::sink::Offsets;

use crate::config::FileStreamSinkConfig;
use crate::output::Output;

/// Appends records to a file, or to standard output.
pub struct FileStreamSinkTask {
    output: Output,
    /// Lent to every batch, so that its memory is asked for once.
    buffer: Vec<u8>,
}

impl SinkTask for FileStreamSinkTask {
    type Config = FileStreamSinkConfig;

    async fn start(config: Self::Config, _: SinkTaskContext) -> Result<Self> {
        let output = match config.path() {
            Some(path) => Output::open(&path).await?,
            None => Output::stdout(),
        };
        Ok(Self { output, buffer: Vec::new() })
    }

    async fn put(&mut self, batch: &[SinkRecord]) -> Result<Rejected> {
        if !batch.is_empty() {
            self.output.append(batch, &mut self.buffer).await?;
        }
        Ok(Rejected::NONE)
    }

    async fn flush(&mut self, accepted: &Offsets) -> Result<Offsets> {
        self.output.sync()?;
        Ok(accepted.clone())
    }

    async fn stop(mut self) -> Result<()> {
        Ok(self.output.sync()?)
    }
}

/// Adds a record's line.
pub(crate) fn write_line(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        Value::Null => out.extend_from_slice(b"null"),
        other => {
            let mut text = String::new();
            other.write_java_string(&mut text);
            out.extend_from_slice(text.as_bytes());
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_value_in_javas_words() {
        let mut out = Vec::new();
        for value in [Value::string("grün"), Value::Null, Value::from(7), Value::from(true)] {
            write_line(&value, &mut out);
        }
        assert_eq!(String::from_utf8(out).unwrap(), "grün\nnull\n7\ntrue\n");
    }
}
