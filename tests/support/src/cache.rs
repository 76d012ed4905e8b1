//! Where downloads are kept, and the lock that lets parallel tests share them.

use crate::{Failure, Outcome};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The folder that all downloads and locks live in: `$LONGSHORE_CACHE`, or `$HOME/.cache/longshore`.
///
/// It lies outside the clone, so that a second clone finds everything there already.
pub fn cache_dir() -> PathBuf {
    match setting("LONGSHORE_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(setting("HOME").unwrap_or_else(|| "/tmp".into())).join(".cache/longshore"),
    }
}

/// An environment variable that is set and not empty.
pub fn setting(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests are told where things are through their environment")]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

/// Makes `folder` once by running `fill` on it; whoever comes second waits and finds it whole.
///
/// `fill` writes into a sibling folder that is renamed at the end: a filling that was killed half-way
/// is done again, never taken for finished. Other threads and other processes are kept out by a file lock.
pub fn once(folder: &Path, fill: impl FnOnce(&Path) -> Outcome) -> Outcome {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().ok_or_else(|| Failure::new("a cache folder needs a parent"))?;
    fs::create_dir_all(parent)?;
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if folder.is_dir() {
        return Ok(());
    }
    let unfinished = folder.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    fill(&unfinished)?;
    fs::rename(&unfinished, folder)?;
    Ok(())
}

/// A short name that changes with every byte of `text` (FNV-1a, 64 bits).
pub fn key_of(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fail;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_folder_is_filled_once_by_whoever_comes_first() -> Outcome {
        let temp = tempfile::tempdir()?;
        let folder = temp.path().join("jars");
        let fillings = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    once(&folder, |unfinished| {
                        fillings.fetch_add(1, Ordering::SeqCst);
                        Ok(fs::write(unfinished.join("a.jar"), "whole")?)
                    })
                });
            }
        });
        assert_eq!(fillings.load(Ordering::SeqCst), 1);
        assert_eq!(fs::read_to_string(folder.join("a.jar"))?, "whole");
        Ok(())
    }

    #[test]
    fn a_failed_filling_leaves_nothing_that_looks_finished() -> Outcome {
        let temp = tempfile::tempdir()?;
        let folder = temp.path().join("jars");
        let failed = once(&folder, |unfinished| {
            fs::write(unfinished.join("half.jar"), "ha")?;
            fail!("the network went away")
        });
        assert!(failed.is_err() && !folder.exists());
        once(&folder, |unfinished| Ok(fs::write(unfinished.join("a.jar"), "whole")?))?;
        assert!(!folder.join("half.jar").exists(), "leftovers of the failed filling survived");
        Ok(())
    }
}
