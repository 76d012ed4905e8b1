//! What one run gives, and what several give together.

use longshore_support::{Outcome, ProcessUsage};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// One run of one worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Records moved.
    pub(crate) records: u64,
    /// From the first record seen at the other end to the last.
    pub(crate) moving_s: f64,
    /// From the order to the last record.
    pub(crate) whole_s: f64,
    /// The process's own time from the order to the last record.
    pub(crate) cpu_s: f64,
    /// The most memory it ever held, start-up included.
    pub(crate) peak_bytes: u64,
    /// The machine's one-minute load average at the end.
    pub(crate) load: f64,
}

impl Run {
    pub(crate) fn records_per_s(&self) -> f64 {
        self.records as f64 / self.moving_s
    }

    pub(crate) fn cpu_us_per_record(&self) -> f64 {
        self.cpu_s * 1e6 / self.records as f64
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "records": self.records,
            "moving_s": rounded(self.moving_s),
            "whole_s": rounded(self.whole_s),
            "records_per_s": self.records_per_s().round(),
            "cpu_s": rounded(self.cpu_s),
            "cpu_us_per_record": rounded(self.cpu_us_per_record()),
            "records_per_cpu_s": (1e6 / self.cpu_us_per_record()).round(),
            "peak_rss_mb": megabytes(self.peak_bytes).round(),
            "load": self.load,
        })
    }
}

/// A run under way: started with the order, told when the first record was seen.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    started: Instant,
    before: ProcessUsage,
    moving: Option<(Instant, u64)>,
}

impl Stopwatch {
    pub(crate) fn start(before: ProcessUsage) -> Self {
        Self { started: Instant::now(), before, moving: None }
    }

    /// So much has come out at the other end by now.
    pub(crate) fn seen(&mut self, count: u64) {
        if count > 0 && self.moving.is_none() {
            self.moving = Some((Instant::now(), count));
        }
    }

    /// All of it has.
    pub(crate) fn done(self, records: u64, after: ProcessUsage) -> Run {
        let now = Instant::now();
        // What had come before the first look is not in the time, so its share of the records is not either.
        let (since, already) = self.moving.unwrap_or((self.started, 0));
        let share = records.saturating_sub(already) as f64 / records as f64;
        let moving = now.duration_since(since).as_secs_f64();
        Run {
            records,
            moving_s: if share > 0.5 { moving / share } else { now.duration_since(self.started).as_secs_f64() },
            whole_s: now.duration_since(self.started).as_secs_f64(),
            cpu_s: after.cpu_seconds - self.before.cpu_seconds,
            peak_bytes: after.peak_resident_bytes,
            load: load(),
        }
    }
}

/// The middle one; of an even number, the mean of the two in the middle. Zero of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (_, None) => 0.0,
        (1, Some(value)) => *value,
        (_, Some(value)) => (sorted[middle - 1] + value) / 2.0,
    }
}

/// The machine's one-minute load average; zero where the kernel does not say.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// How long ago process `pid` was started, to 10 ms: field 22 of proc_pid_stat(5) against proc_uptime(5).
pub(crate) fn age(pid: u32) -> Outcome<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let uptime = std::fs::read_to_string("/proc/uptime")?;
    let up_s: f64 = uptime.split_whitespace().next().unwrap_or("0").parse()?;
    // The program's name, in brackets, may hold blanks; the field is the twentieth after it.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = fields.split_whitespace().nth(19).unwrap_or("0").parse()?;
    // Linux shows 100 ticks a second to programs on every architecture this runs on.
    Ok(Duration::from_secs_f64((up_s - ticks / 100.0).max(0.0)))
}

pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// To four decimals: more would only pretend.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median([]), 0.0);
    }

    #[test]
    fn this_process_is_not_older_than_the_machine() -> Outcome {
        assert!(age(std::process::id())? < Duration::from_secs(3600));
        Ok(())
    }

    #[test]
    fn what_came_before_the_first_look_does_not_count_for_the_rate() {
        let usage = ProcessUsage { cpu_seconds: 1.0, resident_bytes: 1, peak_resident_bytes: 7 };
        let mut watch = Stopwatch::start(usage);
        watch.seen(0);
        assert!(watch.moving.is_none());
        watch.seen(25);
        watch.seen(80);
        assert_eq!(watch.moving.unwrap().1, 25);
        let run = watch.done(100, ProcessUsage { cpu_seconds: 3.0, ..usage });
        assert_eq!((run.cpu_s, run.peak_bytes, run.cpu_us_per_record()), (2.0, 7, 20_000.0));
    }
}
