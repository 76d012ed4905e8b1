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
    buffer: String,
}

impl SinkTask for FileStreamSinkTask {
    type Config = FileStreamSinkConfig;

    async fn start(config: Self::Config, _: SinkTaskContext) -> Result<Self> {
        let output = match config.path() {
            Some(path) => Output::open(&path).await?,
            None => Output::stdout(),
        };
        Ok(Self { output, buffer: String::new() })
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
pub(crate) fn write_line(value: &Value, out: &mut String) {
    value.write_java_string(out);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_value_in_javas_words() {
        let mut out = String::new();
        for value in [Value::string("grün"), Value::Null, Value::from(7), Value::from(true)] {
            write_line(&value, &mut out);
        }
        assert_eq!(out, "grün\nnull\n7\ntrue\n");
    }
}
