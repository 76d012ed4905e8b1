//! Java programs, brought by the ordinary Maven client.

use crate::process::{DOWNLOAD_DEADLINE, run};
use crate::{Failure, Outcome, cache};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const INSTALL_MAVEN: &str = "apt-get install -y maven (it brings Java 17 too)";

/// The folder that holds one of this crate's own poms, `tests/support/poms`.
pub fn pom(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("poms").join(name)
}

/// A folder with the jars that `pom` names and all that they need at run time.
///
/// Resolved once and kept in the cache under a hash of the pom; parallel callers wait for the first.
pub fn resolve(pom: &Path) -> Outcome<PathBuf> {
    let text = fs::read_to_string(pom)
        .map_err(|error| Failure::from(error).while_doing(format!("{} can't be read", pom.display())))?;
    let name = pom.file_stem().unwrap_or_default().display().to_string();
    let folder = cache::cache_dir().join("maven").join(format!("{name}-{}", cache::key_of(&text)));
    cache::once(&folder, |unfinished| {
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "-f"]).arg(pom);
        maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
        maven.arg(format!("-DoutputDirectory={}", unfinished.display()));
        run(&maven, DOWNLOAD_DEADLINE, INSTALL_MAVEN)
            .map_err(|failure| failure.while_doing(format!("the jars of {name}.xml")))?;
        Ok(())
    })?;
    Ok(folder)
}

/// The jars of `pom` as a class path for `java -cp`.
pub fn class_path(pom: &Path) -> Outcome<String> {
    Ok(format!("{}/*", resolve(pom)?.display()))
}
