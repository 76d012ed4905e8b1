//! Programs and libraries for Node.js, brought by the ordinary npm client.

use crate::process::{DOWNLOAD_DEADLINE, run};
use crate::{Outcome, cache};
use std::path::PathBuf;
use std::process::Command;

/// What to say on a machine without Node.js.
pub const INSTALL_NODE: &str = "apt-get install -y nodejs npm";

/// A folder whose `node_modules` holds `packages` (each `name@version`) and all that they need.
///
/// Installed once and kept in the cache under a hash of the list; parallel callers wait for the first.
pub fn install(packages: &[&str]) -> Outcome<PathBuf> {
    let first = packages.first().and_then(|package| package.split('@').find(|part| !part.is_empty()));
    let name = first.unwrap_or("nothing").replace('/', "-");
    let folder = cache::cache_dir().join("npm").join(format!("{name}-{}", cache::key_of(&packages.join(" "))));
    cache::once(&folder, |unfinished| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix"]).arg(unfinished);
        npm.args(packages).current_dir(unfinished);
        run(&npm, DOWNLOAD_DEADLINE, INSTALL_NODE)?;
        Ok(())
    })?;
    Ok(folder)
}
