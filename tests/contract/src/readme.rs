//! The option table of a README stands between two markers and equals what the code says.
//!
//! The markers are HTML comments, invisible to a reader: `<!-- options of <class> -->` and `<!-- end of options -->`.
//! A test run with `UPDATE=1` writes the table anew.
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use longshore_api::config::ConfigDef;

use crate::Outcome;

/// One README may be checked by several tests at a time, and two writers would lose each other's table.
static WRITING: Mutex<()> = Mutex::new(());

/// Checks the option table of a connector's README.
///
/// # Errors
/// When the markers are missing, or the table is not what the code says.
pub fn options_are_fresh(readme: &Path, class: &str, def: &ConfigDef) -> Outcome {
    is_fresh(readme, &format!("<!-- options of {class} -->"), "<!-- end of options -->", &def.to_markdown())
}

/// Checks, or with `UPDATE=1` in the environment writes, the text between two markers of a file.
///
/// # Errors
/// When a marker is missing, or another text stands between them.
#[expect(clippy::disallowed_methods, reason = "how every generated part of the project is written anew")]
pub fn is_fresh(file: &Path, begin: &str, end: &str, generated: &str) -> Outcome {
    let update = std::env::var("UPDATE").is_ok_and(|value| value == "1");
    compare(file, begin, end, generated, update)
}

fn compare(file: &Path, begin: &str, end: &str, generated: &str, update: bool) -> Outcome {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {name}: {error}"))?;
    let from = text.find(begin).ok_or_else(|| format!("{name} has no line {begin}"))? + begin.len();
    let to = from + text[from..].find(end).ok_or_else(|| format!("{name} has no {end} after {begin}"))?;
    let wanted = format!("\n{}\n", generated.trim_matches('\n'));
    match (text[from..to] == wanted, update) {
        (true, _) => Ok(()),
        (false, true) => std::fs::write(file, format!("{}{wanted}{}", &text[..from], &text[to..]))
            .map_err(|error| format!("cannot write {name}: {error}")),
        (false, false) => Err(format!("the text after {begin} in {name} is stale; run the test with UPDATE=1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_part_is_found_and_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("README.md");
        std::fs::write(&file, "before\n<!-- a -->\nold\n<!-- end -->\nafter\n").unwrap();
        let check = |text: &str, update| compare(&file, "<!-- a -->", "<!-- end -->", text, update);
        assert!(check("new\n", false).unwrap_err().contains("UPDATE=1"));
        check("new\n", true).unwrap();
        check("new\n", false).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "before\n<!-- a -->\nnew\n<!-- end -->\nafter\n");
        assert!(compare(&file, "<!-- b -->", "<!-- end -->", "", false).unwrap_err().contains("<!-- b -->"));
    }
}
