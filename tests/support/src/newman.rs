//! Postman collections, run by newman.

use crate::npm::{self, INSTALL_NODE};
use crate::process::{Folder, run};
use crate::{Failure, Outcome, fail};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const NEWMAN: &str = "newman@6.2.2";
const RUN_DEADLINE: Duration = Duration::from_secs(600);

/// What came of a collection.
#[derive(Debug, Clone)]
pub struct NewmanReport {
    /// Requests that were sent.
    pub requests: u64,
    /// Assertions that were checked.
    pub assertions: u64,
    /// One line per failed assertion, request or script: where, and what.
    pub failures: Vec<String>,
    /// The whole report: newman's `json` reporter.
    pub whole: Value,
}

impl NewmanReport {
    /// Fails with all that failed; an empty run fails too.
    pub fn expect_success(&self) -> Outcome {
        if !self.failures.is_empty() {
            return fail!("{} failures in the collection:\n{}", self.failures.len(), self.failures.join("\n"));
        }
        if self.requests == 0 || self.assertions == 0 {
            return fail!("the collection sent {} requests and checked nothing", self.requests);
        }
        Ok(())
    }
}

/// Runs `collection` with `environment`, whose variables `variables` override.
///
/// Failed assertions are in the report; it is an error only if newman itself can't run.
pub async fn run_collection(
    collection: &Path,
    environment: Option<&Path>,
    variables: &[(&str, &str)],
) -> Outcome<NewmanReport> {
    let folder = Folder::new("newman")?;
    let report = folder.path().join("report.json");
    let mut arguments: Vec<String> = vec!["run".into(), collection.display().to_string()];
    arguments.extend(environment.into_iter().flat_map(|file| ["-e".into(), file.display().to_string()]));
    for (name, value) in variables {
        arguments.extend(["--env-var".into(), format!("{name}={value}")]);
    }
    // Failed assertions are told by the report, not by the exit status.
    let reporters = ["--reporters", "json", "--suppress-exit-code", "--reporter-json-export"];
    arguments.extend(reporters.map(String::from));
    arguments.push(report.display().to_string());
    arguments.extend(["--timeout-request", "100000"].map(String::from));
    let run_newman = move || {
        let newman = npm::install(&[NEWMAN])?.join("node_modules/newman/bin/newman.js");
        run(Command::new("node").arg(newman).args(arguments), RUN_DEADLINE, INSTALL_NODE)
    };
    let printed = tokio::task::spawn_blocking(run_newman).await??;
    let text = fs::read_to_string(&report)
        .map_err(|error| Failure::from(error).while_doing(format!("newman left no report and said: {printed}")))?;
    read_report(serde_json::from_str(&text)?)
}

fn read_report(whole: Value) -> Outcome<NewmanReport> {
    let stats = &whole["run"]["stats"];
    let count = |name: &str| {
        stats[name]["total"].as_u64().ok_or_else(|| Failure::new(format!("newman's report has no count of {name}")))
    };
    let failures = whole["run"]["failures"].as_array().cloned().unwrap_or_default();
    let failures = failures.iter().map(|failure| {
        let part = |path: &str| failure.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let whats = ["/parent/name", "/source/name", "/error/test", "/error/message"].map(part);
        let whats: Vec<&str> = whats.into_iter().filter(|what| !what.is_empty()).collect();
        whats.join(": ")
    });
    Ok(NewmanReport {
        requests: count("requests")?,
        assertions: count("assertions")?,
        failures: failures.collect(),
        whole: whole.clone(),
    })
}
