//! An append-only file of JSON lines, rewritten when most of it is outdated.
//!
//! One append is one write, so a killed process leaves whole lines; a line torn by a crash of the
//! operating system is cut off at the next start.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{info, warn};

use super::files::replace_file;

/// A journal is rewritten when it has this many lines more than live entries, and twice as many.
const SLACK_LINES: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    lines: usize,
    unsynced: bool,
    /// Whether the last write failed; said once, until writing works again.
    write_failed: bool,
}

impl Journal {
    /// Opens the journal and hands every line to `replay`, in order.
    pub(crate) fn open<T: DeserializeOwned>(path: &Path, mut replay: impl FnMut(T)) -> io::Result<Journal> {
        let content = match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let (mut size, mut lines) = (0, 0);
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let Some(entry) = line.strip_suffix(b"\n").and_then(|text| serde_json::from_slice(text).ok()) else {
                if size + line.len() < content.len() {
                    let message = format!("line {} of {} is unreadable", lines + 1, path.display());
                    return Err(io::Error::new(ErrorKind::InvalidData, message));
                }
                break;
            };
            replay(entry);
            size += line.len();
            lines += 1;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.set_len(size as u64)?;
        Ok(Journal {
            path: path.to_path_buf(),
            file: Arc::new(file),
            size: size as u64,
            lines,
            unsynced: false,
            write_failed: false,
        })
    }

    /// Appends the entries with one write; after an error the journal is as before.
    pub(crate) fn append<T: Serialize>(&mut self, entries: &[T]) -> io::Result<()> {
        let text = to_lines(entries)?;
        if let Err(error) = self.file.write_all_at(&text, self.size) {
            let _ = self.file.set_len(self.size);
            if !std::mem::replace(&mut self.write_failed, true) {
                warn!(journal = %self.path.display(), %error, "cannot write; clients are told to retry");
            }
            return Err(error);
        }
        if std::mem::take(&mut self.write_failed) {
            info!(journal = %self.path.display(), "writing works again");
        }
        self.size += text.len() as u64;
        self.lines += entries.len();
        self.unsynced = true;
        Ok(())
    }

    /// Whether so much is outdated, given `live` entries, that [`Journal::rewrite`] pays.
    pub(crate) fn wants_rewrite(&self, live: usize) -> bool {
        self.lines > live * 2 + SLACK_LINES
    }

    /// Replaces the whole content by `entries`.
    pub(crate) fn rewrite<T: Serialize>(&mut self, entries: &[T]) -> io::Result<()> {
        let text = to_lines(entries)?;
        replace_file(&self.path, &text)?;
        self.file = Arc::new(OpenOptions::new().read(true).write(true).open(&self.path)?);
        self.size = text.len() as u64;
        self.lines = entries.len();
        self.unsynced = false;
        Ok(())
    }

    /// The file to force to disk, if something was written since the last call.
    pub(crate) fn take_unsynced(&mut self) -> Option<Arc<File>> {
        std::mem::take(&mut self.unsynced).then(|| Arc::clone(&self.file))
    }
}

fn to_lines<T: Serialize>(entries: &[T]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(entries.len() * 96);
    for entry in entries {
        serde_json::to_writer(&mut text, entry)?;
        text.push(b'\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Vec<(String, i64)> {
        let mut entries = vec![];
        Journal::open(path, |entry: (String, i64)| entries.push(entry)).unwrap();
        entries
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_appending_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let mut journal = Journal::open(&path, |_: (String, i64)| {}).unwrap();
        journal.append(&[("a", 1), ("b\nc", 2)]).unwrap();
        drop(journal);
        let mut torn = std::fs::read(&path).unwrap();
        torn.extend(b"[\"d\",");
        std::fs::write(&path, torn).unwrap();
        let mut journal = Journal::open(&path, |_: (String, i64)| {}).unwrap();
        journal.append(&[("e", 3)]).unwrap();
        assert_eq!(read(&path), vec![("a".into(), 1), ("b\nc".into(), 2), ("e".into(), 3)]);
    }

    #[test]
    fn an_unreadable_line_in_the_middle_is_an_error_not_a_loss() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        std::fs::write(&path, "[\"a\",1]\nrubbish\n[\"b\",2]\n").unwrap();
        let error = Journal::open(&path, |_: (String, i64)| {}).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn a_full_disk_is_an_error_and_not_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let mut journal = Journal::open(&path, |_: (String, i64)| {}).unwrap();
        journal.append(&[("a", 1)]).unwrap();
        let full = Arc::new(OpenOptions::new().write(true).open("/dev/full").unwrap());
        let good = std::mem::replace(&mut journal.file, full);
        assert_eq!(journal.append(&[("b", 2)]).unwrap_err().kind(), ErrorKind::StorageFull);
        journal.file = good;
        journal.append(&[("c", 3)]).unwrap();
        assert_eq!(read(&path), vec![("a".into(), 1), ("c".into(), 3)]);
    }

    #[test]
    fn rewriting_keeps_only_what_is_given() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let mut journal = Journal::open(&path, |_: (String, i64)| {}).unwrap();
        let many: Vec<_> = (0..SLACK_LINES as i64 + 3).map(|n| ("k", n)).collect();
        journal.append(&many).unwrap();
        assert!(journal.wants_rewrite(1));
        journal.rewrite(&many[many.len() - 1..]).unwrap();
        journal.append(&[("l", 0)]).unwrap();
        assert_eq!(read(&path), vec![("k".into(), SLACK_LINES as i64 + 2), ("l".into(), 0)]);
        assert!(!journal.wants_rewrite(2));
    }
}
