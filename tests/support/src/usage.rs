//! What a process has used so far, read from `/proc`.

use crate::{Failure, Outcome};
use std::fs;

/// Processor time and memory of one process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessUsage {
    /// User and system time of all its threads since it started, in seconds; grains of 10 ms.
    pub cpu_seconds: f64,
    /// Memory resident now, in bytes.
    pub resident_bytes: u64,
    /// The most memory that was ever resident, in bytes.
    pub peak_resident_bytes: u64,
}

impl ProcessUsage {
    /// Reads what process `pid` has used; fails when it is gone.
    ///
    /// Field meanings: proc_pid_stat(5) (`utime`, `stime`), proc_pid_status(5) (`VmRSS`, `VmHWM`).
    pub fn of(pid: u32) -> Outcome<Self> {
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/{pid}/{file}"))
                .map_err(|error| Failure::from(error).while_doing(format!("process {pid} can't be measured")))
        };
        let status = read("status")?;
        Ok(Self {
            cpu_seconds: cpu_ticks(&read("stat")?)? as f64 / rustix::param::clock_ticks_per_second() as f64,
            resident_bytes: kibibytes(&status, "VmRSS:")? * 1024,
            peak_resident_bytes: kibibytes(&status, "VmHWM:")? * 1024,
        })
    }
}

fn cpu_ticks(stat: &str) -> Outcome<u64> {
    // The second field is the program's name in brackets and may itself hold blanks and brackets.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    match (fields.get(11), fields.get(12)) {
        (Some(user), Some(system)) => Ok(user.parse::<u64>()? + system.parse::<u64>()?),
        _ => Err(Failure::new("/proc/PID/stat has too few fields")),
    }
}

fn kibibytes(status: &str, name: &str) -> Outcome<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    // A process that has ended but was not waited for keeps its status file without the memory lines.
    let number = number.ok_or_else(|| Failure::new(format!("the process has ended: no {name} in its status")))?;
    Ok(number.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() -> Outcome {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 700 30 0 0 20";
        assert_eq!(cpu_ticks(stat)?, 730);
        Ok(())
    }

    #[test]
    fn this_process_uses_memory_and_time() -> Outcome {
        let before = ProcessUsage::of(std::process::id())?;
        let mut sum = 0_u64;
        while ProcessUsage::of(std::process::id())?.cpu_seconds < before.cpu_seconds + 0.02 {
            sum = (0..100_000).fold(sum, u64::wrapping_add);
        }
        assert!(before.resident_bytes > 1 << 20, "{before:?}");
        assert!(before.peak_resident_bytes >= before.resident_bytes, "{before:?}");
        Ok(())
    }
}
