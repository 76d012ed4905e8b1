//! What is printed, and what goes into the file.

use crate::contestant::Who;
use crate::measure::{Run, load, median, megabytes, rounded};
use serde_json::{Value, json};
use std::fmt;

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    rounds: u32,
    records: u64,
    load_before: f64,
    starts: Vec<(Who, Vec<Start>)>,
    moves: Vec<Move>,
    notes: Vec<String>,
}

/// One start of one worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// From the start of the process to the first 200.
    pub(crate) ready_s: f64,
    /// Processor time until the memory was looked at.
    pub(crate) cpu_s: f64,
    /// Memory held some seconds later, with nothing to do.
    pub(crate) idle_bytes: u64,
    /// Load average.
    pub(crate) load: f64,
}

/// All runs of one worker in one case.
#[derive(Debug)]
struct Move {
    case: String,
    worker: String,
    runs: Vec<Run>,
}

impl Report {
    pub(crate) fn new(rounds: u32, records: u64) -> Self {
        Self { rounds, records, load_before: load(), starts: Vec::new(), moves: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn started(&mut self, who: Who, starts: Vec<Start>) {
        self.starts.push((who, starts));
    }

    /// Adds a worker's runs of a case. Ratios are against the first worker of the case.
    pub(crate) fn moved(&mut self, case: &str, worker: &str, runs: Vec<Run>) {
        self.moves.push(Move { case: case.to_owned(), worker: worker.to_owned(), runs });
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(crate) fn json(&self) -> Value {
        let starts = self.starts.iter().map(|(who, starts)| {
            json!({ "worker": who.name(), "starts": starts.iter().map(Start::json).collect::<Vec<_>>() })
        });
        let moves = self.moves.iter().map(|moved| {
            let runs: Vec<Value> = moved.runs.iter().map(Run::json).collect();
            json!({ "case": moved.case, "worker": moved.worker, "runs": runs })
        });
        json!({
            "rounds": self.rounds,
            "records": self.records,
            "load_before": self.load_before,
            "load_after": load(),
            "start": starts.collect::<Vec<_>>(),
            "cases": moves.collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }

    /// The first worker named for a case is what the others are compared with.
    fn base(&self, case: &str) -> Option<&Move> {
        self.moves.iter().find(|moved| moved.case == case)
    }
}

impl Start {
    fn json(&self) -> Value {
        json!({
            "ready_s": rounded(self.ready_s),
            "cpu_s": rounded(self.cpu_s),
            "idle_rss_mb": rounded(megabytes(self.idle_bytes)),
            "load": self.load,
        })
    }
}

impl Move {
    fn median(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        median(self.runs.iter().map(figure))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rounds each in turn, medians; {} records a run; load average {:.2} before, {:.2} after",
            self.rounds,
            self.records,
            self.load_before,
            load()
        )?;
        if !self.starts.is_empty() {
            self.write_starts(f)?;
        }
        if !self.moves.is_empty() {
            self.write_moves(f)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl Report {
    fn write_starts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<34} {:<12} {:>10} {:>8} {:>12}  each",
            "start", "worker", "ready ms", "CPU s", "idle RSS MB"
        )?;
        for (who, starts) in &self.starts {
            let of = |figure: fn(&Start) -> f64| median(starts.iter().map(figure));
            let each: Vec<String> = starts.iter().map(|start| format!("{:.0}", start.ready_s * 1e3)).collect();
            let (ready, cpu) = (of(|start| start.ready_s) * 1e3, of(|start| start.cpu_s));
            let idle = of(|start| megabytes(start.idle_bytes));
            let what = "process start to first 200";
            writeln!(f, "{what:<34} {:<12} {ready:>10.0} {cpu:>8.2} {idle:>12.1}  {} ms", who.name(), each.join(" "))?;
        }
        Ok(())
    }

    fn write_moves(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<34} {:<12} {:>10} {:>8} {:>10} {:>12} {:>8} {:>6} {:>6}  CPU us/record of each run",
            "case", "worker", "records/s", "CPU s", "us CPU/rec", "rec/CPU s", "peak MB", "CPU x", "load"
        )?;
        for moved in &self.moves {
            let us = moved.median(Run::cpu_us_per_record);
            let base = self.base(&moved.case).map_or(us, |base| base.median(Run::cpu_us_per_record));
            let each: Vec<String> = moved.runs.iter().map(|run| format!("{:.2}", run.cpu_us_per_record())).collect();
            writeln!(
                f,
                "{:<34} {:<12} {:>10.0} {:>8.2} {us:>10.2} {:>12.0} {:>8.0} {:>6.2} {:>6.2}  {}",
                moved.case,
                moved.worker,
                moved.median(Run::records_per_s),
                moved.median(|run| run.cpu_s),
                1e6 / us,
                moved.median(|run| megabytes(run.peak_bytes)),
                us / base,
                moved.median(|run| run.load),
                each.join(" ")
            )?;
        }
        writeln!(f, "CPU x: how many times the processor time per record of the case's first worker")
    }
}
