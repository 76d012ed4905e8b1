//! Small files: written whole or not at all, and journals of JSON lines.

pub(crate) mod files;
pub(crate) mod journal;

pub(crate) use files::{TEMPORARY_SUFFIX, lock_directory, read_number, replace_file, sync_directory, write_number};
pub(crate) use journal::Journal;
