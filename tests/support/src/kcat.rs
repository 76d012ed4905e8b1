//! kcat, the command-line client that users try a broker with.

use crate::Outcome;
use crate::process::run;
use std::process::Command;
use std::time::Duration;

/// Longer than any test reads; a kcat that waits for more records than there are must end some time.
const RUN_DEADLINE: Duration = Duration::from_secs(60);

/// Runs `kcat -b bootstrap arguments…` to its end and returns what it printed; fails if it runs for a minute.
pub async fn kcat(bootstrap: &str, arguments: &[&str]) -> Outcome<String> {
    let mut command = Command::new("kcat");
    command.args(["-b", bootstrap]).args(arguments);
    tokio::task::spawn_blocking(move || run(&command, RUN_DEADLINE, "apt-get install -y kcat")).await?
}
