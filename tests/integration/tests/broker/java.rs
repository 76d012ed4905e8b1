//! The Java client: `ClientChecks.java` runs every check and prints a line for each.

use std::path::Path;
use std::process::Command;

use longshore_support::{Failure, Outcome, fail, maven};

use super::fixture::Fixture;

/// How many checks the program has; a run that ends early must not pass.
const CHECKS: usize = 17;

#[tokio::test(flavor = "multi_thread")]
async fn the_java_client_finds_everything_as_it_expects() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broker");
    let jars = {
        let pom = folder.join("java-clients.xml");
        tokio::task::spawn_blocking(move || maven::class_path(&pom)).await??
    };
    let broker = Fixture::start().await?;
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-cp", &jars]).arg(folder.join("ClientChecks.java")).arg(broker.bootstrap());
    let missing = |error| Failure::new(format!("java does not run ({error}): apt-get install -y openjdk-17-jdk"));
    let output = tokio::task::spawn_blocking(move || java.output()).await?.map_err(missing)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = text.lines().filter(|line| line.starts_with("ok ")).count();
    if passed != CHECKS || !output.status.success() {
        return fail!("{passed} of {CHECKS} checks passed\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    broker.stop().await;
    Ok(())
}
